"""Restoring a backup: checked as a whole and laid ready, then put in place before the database is opened."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway import messages
from gateway.clock import Clock
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.errors import CatalogueError, StoreError, StoreRefused
from gateway.operations.backup import file as backup_file
from gateway.operations.backup.backup import LEAST_FREE_BYTES, Backups
from gateway.operations.backup.file import FILES, MARKER, PROFILES, REPLACED, Manifest
from gateway.operations.backup.seal import refused
from gateway.store import copying, migrate, restored
from gateway.store.folder import DATABASE_NAME, DataFolder
from gateway.store.restored import PARKED_CODE
from gateway.store.vault import Vault

_LOGGER = logging.getLogger(__name__)

READY = "restore-next"
_MAKING = "restore-next.new"
_SAYS = "ready.json"
_SAVED = "saved-as"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A backup that lies ready: when it was made (ms UTC), by which version, of which gateway."""

    made_at_ms: int
    version: str
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A backup that took the place of what was there, which is kept as the backup `saved_as` (empty: nothing was)."""

    staged: Staged
    saved_as: str


class Restoring:
    """Restores backups into one data folder."""

    def __init__(self, *, folder: DataFolder, clock: Clock, backups: Backups, profiles_dir: Path | None = None) -> None:
        self._folder = folder
        self._clock = clock
        self._backups = backups
        self._profiles_dir = profiles_dir
        self._one = asyncio.Lock()

    async def stage(self, source: Path, passphrase: str = "", by: Actor = COMMAND_LINE) -> Staged:
        """Check the backup `source` completely and lay it ready; nothing that is in use is touched.

        Raises CatalogueError C-04 to C-08, and OSError.
        """
        async with self._one:
            return await asyncio.to_thread(self._stage, source, passphrase, by)

    def staged(self) -> Staged | None:
        """Return the backup that lies ready."""
        try:
            said = json.loads((self._folder.path / READY / _SAYS).read_text("utf-8"))
            return Staged(made_at_ms=said["made_at_ms"], version=said["version"], gateway=said["gateway"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    async def drop(self) -> bool:
        """Forget the backup that lies ready; False when there was none."""
        async with self._one:
            there = self.staged() is not None
            await asyncio.to_thread(self._clear, READY)
            return there

    def apply(self) -> Applied | None:
        """Put the backup that lies ready in place; None when there is none.

        Only while nobody has the database open: the caller holds the lock of the folder. What was there is saved first;
        when that is not possible for want of room, nothing happens and the backup stays ready. Cut short, it goes on
        the next time. Blocks. Raises OSError.
        """
        self._clear(_MAKING)
        found = self.staged()
        if found is None:
            self._clear(READY)
            return None
        ready = self._folder.path / READY
        try:
            saved_as = self._save(ready)
        except CatalogueError as error:
            _LOGGER.error("the backup is not restored: %s", error, extra={"problem": error.code})  # noqa: TRY400 - the disk
            return None
        self._put_in_place(ready)
        self._clear(READY)
        _LOGGER.warning("a backup was restored", extra={"made": _day(found.made_at_ms), "saved_as": saved_as})
        return Applied(staged=found, saved_as=saved_as)

    def _stage(self, source: Path, passphrase: str, by: Actor) -> Staged:
        self._clear(_MAKING)
        making = self._folder.path / _MAKING
        files = making / "files"
        try:
            files.mkdir(mode=0o700, parents=True)
            most_bytes = backup_file.free_bytes(making) - LEAST_FREE_BYTES
            opened = backup_file.unlock(source, passphrase, making / "unlocked", most_bytes)
            most_bytes = backup_file.free_bytes(making) - LEAST_FREE_BYTES
            manifest = backup_file.unpack(opened, files, most_bytes=most_bytes, schema=migrate.newest_version())
            (making / "unlocked").unlink(missing_ok=True)
            self._make_fit(files, manifest, by)
            says = {"made_at_ms": manifest.made_at_ms, "version": manifest.version, "gateway": manifest.gateway}
            _write(making / _SAYS, json.dumps(says))
            self._clear(READY)
            making.rename(self._folder.path / READY)
        finally:
            self._clear(_MAKING)
        return Staged(made_at_ms=manifest.made_at_ms, version=manifest.version, gateway=manifest.gateway)

    def _make_fit(self, files: Path, manifest: Manifest, by: Actor) -> None:
        """Look into what was unpacked, bring it up to date and make it ready to go on from."""
        database = files / DATABASE_NAME
        if copying.schema_of(database) != manifest.schema or (wrong := copying.damage(database)):
            raise refused("C-07", reason=f"Its database is damaged{f' ({wrong})' if wrong else ''}")
        try:
            Vault.open(files)
            migrate.prepare(database, self._clock.now_ms())
            for copy in files.glob(f"{DATABASE_NAME}.*.bak"):
                copy.unlink()
            self._check_tables(files, database)
            has_admins = restored.go_on(
                database,
                backup_at=manifest.made_at_ms,
                now_ms=self._clock.now_ms(),
                text=str(messages.text(PARKED_CODE)),
                by=by,
                object_=f"backup of {_day(manifest.made_at_ms)}",
            )
        except (StoreError, sqlite3.Error) as error:
            raise refused("C-07", reason="Its database or its key cannot be used") from error
        marker = files / MARKER
        if has_admins:
            _write(marker, "")
        else:
            marker.unlink(missing_ok=True)

    def _check_tables(self, files: Path, database: Path) -> None:
        """Refuse a database that has more or less than ours, such as triggers."""
        fresh = files.parent / "fresh.db"
        migrate.prepare(fresh, self._clock.now_ms())
        if copying.shape(fresh) != copying.shape(database):
            raise StoreRefused("The database has other tables than ours.")
        fresh.unlink()

    def _save(self, ready: Path) -> str:
        """Save what is there, once; return the name of that backup."""
        note = ready / _SAVED
        with contextlib.suppress(OSError):
            return note.read_text("utf-8")
        name = ""
        if self._folder.database.exists():
            try:
                name = self._backups.make("before-restore").name
            except StoreError as error:  # that may be why somebody restores
                _LOGGER.warning("what was there is saved as it is: %s", error)
                name = self._keep_as_it_is()
        _write(note, name)
        return name

    def _keep_as_it_is(self) -> str:
        at = f"{datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC):%Y%m%d-%H%M%S}"
        folder = self._backups.path / f"damaged-{at}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (*FILES, f"{DATABASE_NAME}-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy2(self._folder.path / name, folder / name)
        return folder.name

    def _put_in_place(self, ready: Path) -> None:
        files, folder = ready / "files", self._folder.path
        if (files / DATABASE_NAME).exists():
            for name in REPLACED:
                if not (files / name).exists():
                    (folder / name).unlink(missing_ok=True)
            for name in (f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"):
                (folder / name).unlink(missing_ok=True)
        for copy in folder.glob(f"{DATABASE_NAME}.v*.bak"):
            copy.unlink()
        profiles = files / PROFILES
        if profiles.is_dir() and self._profiles_dir is not None:
            self._profiles_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copytree(profiles, self._profiles_dir, dirs_exist_ok=True)
        # The database last: as long as it is not there, this is done again from the beginning.
        for name in reversed(FILES):
            with contextlib.suppress(FileNotFoundError):
                (files / name).replace(folder / name)
        _sync(folder)

    def _clear(self, name: str) -> None:
        shutil.rmtree(self._folder.path / name, ignore_errors=True)


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
