"""Makes what keeps backups of the data folder and puts one in place; what a backup is, is decided in `operations`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.clock import Clock
from gateway.config import Config
from gateway.operations.backup.backup import Backups
from gateway.operations.backup.restore import Restoring
from gateway.store.folder import DataFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """The backups of a data folder, and the restoring of one."""

    folder: DataFolder
    backups: Backups
    restoring: Restoring


def made_keeping(config: Config, clock: Clock, folder: DataFolder) -> Keeping:
    """Make both; nothing is read or written yet."""
    profiles_dir = config.gateway.profiles_dir
    backups = Backups(folder=folder, clock=clock, gateway=config.gateway.name, profiles_dir=profiles_dir)
    return Keeping(
        folder=folder,
        backups=backups,
        restoring=Restoring(folder=folder, clock=clock, backups=backups, profiles_dir=profiles_dir),
    )


def restore_what_is_ready(keeping: Keeping, announce: Callable[[str], None]) -> bool:
    """Put a backup that lies ready in place, before anything of the folder is read; say so on the console.

    The settings that were saved on the page are other ones afterwards. Raises OSError, and StoreRefused when a gateway
    serves the folder.
    """
    if keeping.restoring.staged() is None:
        return False
    folder = keeping.folder
    folder.lock()
    try:
        applied = keeping.restoring.apply()
    finally:
        folder.unlock()
    if applied is None:
        return False
    made = f"{datetime.fromtimestamp(applied.staged.made_at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    announce(f"The backup of {made} was restored.")
    if applied.saved_as:
        announce(f"A copy of the state before was saved first as {applied.saved_as}.")
    return True
