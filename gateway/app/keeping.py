"""Makes what keeps backups, and does at a start what lies ready; what a backup or a reset is, `operations` decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.clock import Clock
from gateway.config import Config
from gateway.operations.backup.backup import Backups
from gateway.operations.backup.reset import Resetting
from gateway.operations.backup.restore import Restoring
from gateway.store.folder import DataFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """The backups of a data folder, the restoring of one, and the resetting."""

    folder: DataFolder
    backups: Backups
    restoring: Restoring
    resetting: Resetting


def made_keeping(config: Config, clock: Clock, folder: DataFolder) -> Keeping:
    """Make them; nothing is read or written yet."""
    profiles_dir = config.gateway.profiles_dir
    backups = Backups(folder=folder, clock=clock, gateway=config.gateway.name, profiles_dir=profiles_dir)
    return Keeping(
        folder=folder,
        backups=backups,
        restoring=Restoring(folder=folder, clock=clock, backups=backups, profiles_dir=profiles_dir),
        resetting=Resetting(folder=folder, clock=clock, backups=backups),
    )


def do_what_is_ready(keeping: Keeping, announce: Callable[[str], None]) -> bool:
    """Put a backup that lies ready in place, and reset what is to be reset, before anything of the folder is read.

    What is done is said on the console. Returns whether the settings that were saved on the page are other ones now.
    Raises OSError, and StoreRefused when a gateway serves the folder.
    """
    if keeping.restoring.staged() is None and keeping.resetting.planned() is None:
        return False
    keeping.folder.lock()
    try:
        return _restored(keeping, announce) or _reset(keeping, announce)
    finally:
        keeping.folder.unlock()


def _restored(keeping: Keeping, announce: Callable[[str], None]) -> bool:
    applied = keeping.restoring.apply()
    if applied is None:
        return False
    keeping.resetting.clear()  # it was meant for the state before
    made = f"{datetime.fromtimestamp(applied.staged.made_at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    announce(f"The backup of {made} was restored.")
    if applied.saved_as:
        announce(f"A copy of the state before was saved first as {applied.saved_as}.")
    return True


def _reset(keeping: Keeping, announce: Callable[[str], None]) -> bool:
    done = keeping.resetting.apply()
    if done is None:
        return False
    announce(f"Reset: {', '.join(done.choices)}.")
    announce(f"A copy of the state before was saved first as {done.saved_as}.")
    return True
