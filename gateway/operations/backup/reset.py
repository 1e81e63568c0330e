"""Resetting parts of a gateway: planned while it runs, done before anything is opened; tables are known to `store`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import Clock
from gateway.config.saved import ASIDE_NAME
from gateway.config.saved import FILE_NAME as SAVED_SETTINGS
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.errors import CatalogueError, StoreError
from gateway.operations.backup.backup import Backups
from gateway.operations.backup.file import MARKER
from gateway.store import copying, migrate
from gateway.store import reset as store_reset
from gateway.store.folder import DATABASE_NAME, DataFolder
from gateway.store.reset import ADMINS, CHOICES, GOOGLE, SETTINGS

__all__ = ["CHOICES", "EVERYTHING", "GOOGLE", "Planned", "Resetting"]

_LOGGER = logging.getLogger(__name__)

READY = "reset-next"
_SAYS = "ready.json"
_DECIDED = "decided"
EVERYTHING = "everything"
"""What is typed to show that really everything is meant."""

_FILES = {SETTINGS: (SAVED_SETTINGS, ASIDE_NAME), ADMINS: (MARKER, "set-up-code")}
"""Files of the data folder that go with a choice."""
_LAST_FILES = ("tls.key", "tls.crt")
"""Files that go when everything is reset; the gateway makes them anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A reset that is done at the next start: what goes, who wants it, the backup that is made first."""

    choices: tuple[str, ...]
    saved_as: str
    by: Actor

    @property
    def everything(self) -> bool:
        """Whether nothing is left."""
        return set(self.choices) == set(CHOICES)


class Resetting:
    """Resets one data folder.

    A reset is written down while the gateway runs and done when it starts again, before anything is opened, so that
    nothing of the old state is in anybody's memory. Up to one moment the old state is whole, from there on every start
    carries it to its end: nobody ever works with half of it.
    """

    def __init__(self, *, folder: DataFolder, clock: Clock, backups: Backups) -> None:
        self._folder = folder
        self._clock = clock
        self._backups = backups
        self._one = asyncio.Lock()

    async def plan(self, choices: Collection[str], by: Actor = COMMAND_LINE) -> Planned:
        """Write down what the next start resets, in place of what was planned before; return it.

        Raises ValueError for what is no choice, CatalogueError C-08 (there is no room for the backup), and OSError.
        """
        if not choices or not set(choices) <= set(CHOICES):
            raise ValueError(choices)
        async with self._one:
            return await asyncio.to_thread(self._plan, choices, by)

    def planned(self) -> Planned | None:
        """Return what the next start resets."""
        try:
            said = json.loads((self._ready / _SAYS).read_text("utf-8"))
            choices = tuple(each for each in CHOICES if each in said["choices"])
            by = Actor(name=str(said["by"]), source=str(said["source"]))
            return Planned(choices=choices, saved_as=Path(said["saved_as"]).name, by=by) if choices else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    async def drop(self) -> bool:
        """Forget what was planned; False when nothing was."""
        async with self._one:
            there = self.planned() is not None
            await asyncio.to_thread(self.clear)
            return there

    def apply(self) -> Planned | None:
        """Do what was planned; None when nothing was, or when it cannot be done now.

        Only while nobody has the database open: the caller holds the lock of the folder. A backup is made first;
        without the room for it nothing happens, and it is tried again at the next start. Blocks. Raises OSError.
        """
        planned = self.planned()
        if planned is None:
            self.clear()
            return None
        if not (self._ready / _DECIDED).exists():
            try:
                self._prepare(planned)
            except (CatalogueError, StoreError, sqlite3.Error, OSError) as error:
                self._drop_fresh()
                _LOGGER.error("nothing is reset: %s", error)  # noqa: TRY400 - the disk, or the database
                return None
        self._finish(planned)
        _LOGGER.warning("reset: %s", ", ".join(planned.choices), extra={"saved_as": planned.saved_as})
        return planned

    def _plan(self, choices: Collection[str], by: Actor) -> Planned:
        self._backups.check_room()
        saved_as = self._backups.next_path("before-reset").name
        self.clear()
        making = self._ready.with_name(f"{READY}.{secrets.token_hex(4)}.new")
        says = {"choices": sorted(set(choices)), "saved_as": saved_as, "by": by.name, "source": by.source}
        try:
            making.mkdir(mode=0o700)
            _write(making / _SAYS, json.dumps(says))
            making.rename(self._ready)
            _sync(self._folder.path)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return Planned(choices=tuple(each for each in CHOICES if each in choices), saved_as=saved_as, by=by)

    def _prepare(self, planned: Planned) -> None:
        """Make the backup and the new database beside the old one; nothing that is there is touched."""
        fresh = self._ready / DATABASE_NAME
        self._drop_fresh()
        migrate.prepare(self._folder.database, self._clock.now_ms())
        self._backups.make("before-reset", target=self._backups.folder() / planned.saved_as)
        copying.copy_to(self._folder.database, fresh)
        store_reset.reset_in(fresh, planned.choices, by=planned.by, now_ms=self._clock.now_ms())
        _sync_file(fresh)
        _write(self._ready / _DECIDED, "")

    def _drop_fresh(self) -> None:
        """Drop the new database: what is accepted from here on is not in it, and a full disk needs the room."""
        for left in (self._ready / _DECIDED, *self._ready.glob(f"{DATABASE_NAME}*")):
            left.unlink(missing_ok=True)

    def _finish(self, planned: Planned) -> None:
        """Put the new state in place. Cut short anywhere, it is done again from its beginning."""
        folder, fresh = self._folder.path, self._ready / DATABASE_NAME
        gone = [name for each in planned.choices for name in _FILES.get(each, ())]
        for name in (*gone, *(_LAST_FILES if planned.everything else ())):
            (folder / name).unlink(missing_ok=True)
        for copy in folder.glob(f"{DATABASE_NAME}.v*.bak"):
            copy.unlink()
        if fresh.exists():
            for name in (f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"):
                (folder / name).unlink(missing_ok=True)
            fresh.replace(self._folder.database)
            _sync(folder)
        self.clear()

    @property
    def _ready(self) -> Path:
        return self._folder.path / READY

    def clear(self) -> None:
        """Forget what was planned. Blocks."""
        # What it says goes first, for with that it would be done.
        (self._ready / _SAYS).unlink(missing_ok=True)
        for left in (self._ready, *self._folder.path.glob(f"{READY}.*.new")):
            shutil.rmtree(left, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    _sync(path.parent)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_sync = _sync_file
