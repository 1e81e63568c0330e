"""Backups of a gateway that goes on working: made, listed, kept for a week; restoring one is done beside this file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.clock import Clock
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.errors import CatalogueError, NotFound, StoreError, StoreUnavailable
from gateway.operations.backup import file as backup_file
from gateway.operations.backup.file import FILES, PROFILES, Manifest
from gateway.store import audit, copying
from gateway.store.database import Database
from gateway.store.folder import DATABASE_NAME, DataFolder

_LOGGER = logging.getLogger(__name__)

FOLDER = "backups"
SUFFIX = ".backup"
KEEP_DAILY = 7
KEEP_BEFORE = 3
DAY_MS = 24 * 3600 * 1000
LOOK_EVERY_S = 3600.0
FIRST_LOOK_S = 300.0
LEAST_FREE_BYTES = 100 * 1024 * 1024
"""What a backup leaves free: without room no meeting could be accepted."""
MOST_LISTED = 200

_NAME = re.compile(r"(?P<kind>manual|daily|before-restore|before-reset)-(?P<at>\d{8}-\d{6})(?:-[0-9a-f]{4})?\.backup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup in the folder; of a locked one no more is known than when and why it was made.

    `kind` is `manual`, `daily`, `before-restore` or `before-reset`.

    `made_at_ms` is UTC, by the file's name; `version` and `schema` are empty and None where they cannot be read.
    """

    name: str
    kind: str
    made_at_ms: int
    bytes: int
    locked: bool
    version: str = ""
    schema: int | None = None


class Backups:
    """The backups of one data folder; `profiles_dir` is where profiles of one's own are, `gateway` its name."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        clock: Clock,
        gateway: str,
        profiles_dir: Path | None = None,
        least_free_bytes: int = LEAST_FREE_BYTES,
    ) -> None:
        self.path = folder.path / FOLDER
        self._folder = folder
        self._clock = clock
        self._gateway = gateway
        self._profiles_dir = profiles_dir
        self._least_free_bytes = least_free_bytes
        self._one = asyncio.Lock()

    async def create(
        self,
        passphrase: str = "",
        *,
        kind: str = "manual",
        database: Database | None = None,
        by: Actor = COMMAND_LINE,
        target: Path | None = None,
    ) -> Path:
        """Make a backup in the folder, or as the file `target`, and return it; with `database` that is audited there.

        Raises CatalogueError C-08 when there is not enough room, StoreError, and OSError about `target`.
        """
        async with self._one:
            made = await asyncio.to_thread(self.make, kind, passphrase, target)
        _LOGGER.info("backup made", extra={"file": made.name, "bytes": made.stat().st_size})
        if database is not None:
            await self.note(database, "backup.made", made.name, by)
        return made

    async def note(self, database: Database, action: str, name: str, by: Actor) -> None:
        """Write down what was done with a backup. Raises StoreError."""
        now_ms = self._clock.now_ms()
        await database.write(
            lambda conn: audit.write(
                conn, at_ms=now_ms, actor=by.name, action=action, object_=f"backup {name}", source=by.source
            )
        )

    async def every(self) -> list[Kept]:
        """Return the backups of the folder, newest first."""
        return await asyncio.to_thread(self._every)

    def folder(self) -> Path:
        """Return the folder of the backups, made if it is not there. Blocks. Raises StoreUnavailable."""
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"The folder {self.path} cannot be made: {error.strerror}.") from error
        return self.path

    def file(self, name: str) -> Path:
        """Return the file of a backup. Raises NotFound."""
        path = self.path / name
        if _NAME.fullmatch(name) is None or not path.is_file() or path.is_symlink():
            raise NotFound(f"There is no backup {name}. See: meeting-gateway backup list")
        return path

    async def remove(self, name: str, database: Database, by: Actor) -> None:
        """Delete a backup. Raises NotFound, StoreError."""
        path = self.file(name)
        await self.note(database, "backup.removed", name, by)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def newest_ms(self) -> int | None:
        """Return when the newest backup was made (ms UTC), None when there is none."""
        kept = await asyncio.to_thread(lambda: [at for _, _, at in self._names()])
        return max(kept, default=None)

    async def run(self) -> None:
        """Make one a day until cancelled. A disk that is short, or fails, is tried again an hour later."""
        await asyncio.sleep(FIRST_LOOK_S)
        while True:
            with contextlib.suppress(StoreError, OSError):
                await self.daily()
            await asyncio.sleep(LOOK_EVERY_S)

    async def daily(self) -> Path | None:
        """Make the backup of the day if it is due; return it. Raises StoreError, OSError."""
        now_ms = self._clock.now_ms()
        # One that was made while the clock was wrong says nothing about today.
        if any(kind == "daily" and 0 <= now_ms - at < DAY_MS for _, kind, at in self._names()):
            return None
        try:
            return await self.create(kind="daily")
        except CatalogueError as error:
            _LOGGER.warning("the daily backup is left out: %s", error, extra={"problem": error.code})
            return None

    def make(self, kind: str, passphrase: str = "", target: Path | None = None) -> Path:
        """See `create`; blocks."""
        self.folder()
        self._sweep()
        self._check_room(target.parent if target is not None else self.path)
        final = target or self.next_path(kind)
        fresh = final.with_name(f".{final.name}.{secrets.token_hex(4)}.new")
        try:
            self._write_into(fresh, passphrase)
            fresh.replace(final)
        finally:
            fresh.unlink(missing_ok=True)
        _sync_folder(final.parent)
        self._prune()
        return final

    def next_path(self, kind: str) -> Path:
        """Return the file that a backup of that kind would be now."""
        at = f"{datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC):%Y%m%d-%H%M%S}"
        path = self.path / f"{kind}-{at}{SUFFIX}"
        return self.path / f"{kind}-{at}-{secrets.token_hex(2)}{SUFFIX}" if path.exists() else path

    def check_room(self) -> None:
        """Raise CatalogueError C-08 when there is not enough room for a backup. Blocks."""
        self._check_room(self.folder())

    def _write_into(self, target: Path, passphrase: str) -> Manifest:
        with self._copied() as copy:
            parts = {DATABASE_NAME: copy}
            parts |= {name: self._folder.path / name for name in FILES if name != DATABASE_NAME}
            parts |= self._profiles()
            about = {
                "schema": copying.schema_of(copy) or 0,
                "made_at_ms": self._clock.now_ms(),
                "gateway": self._gateway,
            }
            there = {name: path for name, path in parts.items() if path.is_file()}
            return backup_file.write(target, there, about, passphrase)

    @contextmanager
    def _copied(self) -> Iterator[Path]:
        copy = self.path / f".{secrets.token_hex(8)}.db.new"
        try:
            copying.copy_to(self._folder.database, copy)
            yield copy
        finally:
            for left in (copy, copy.with_name(f"{copy.name}-journal")):
                left.unlink(missing_ok=True)

    def _profiles(self) -> dict[str, Path]:
        if self._profiles_dir is None or not self._profiles_dir.is_dir():
            return {}
        found = {}
        for path in sorted(self._profiles_dir.glob("*/*")):
            name = f"{PROFILES}/{path.parent.name}/{path.name}"
            if backup_file.is_profile(name) and path.is_file() and not path.is_symlink():
                found[name] = path
        return found

    def _check_room(self, folder: Path) -> None:
        """A copy of the database and the backup itself need room; so do meetings."""
        database = self._folder.database
        needed = 2 * database.stat().st_size + self._least_free_bytes
        free = backup_file.free_bytes(folder)
        if free < needed:
            raise backup_file.short_of_space(free, needed)

    def _every(self) -> list[Kept]:
        found = sorted(self._names(), key=lambda each: each[2], reverse=True)[:MOST_LISTED]
        return [self._kept(path, kind, at) for path, kind, at in found]

    def _kept(self, path: Path, kind: str, at: int) -> Kept:
        size, locked, manifest = 0, False, None
        with contextlib.suppress(OSError, CatalogueError):
            size = path.stat().st_size
            locked = backup_file.is_locked(path)
            manifest = None if locked else backup_file.manifest_of(path)
        return Kept(
            name=path.name,
            kind=kind,
            made_at_ms=at,
            bytes=size,
            locked=locked,
            version=manifest.version if manifest is not None else "",
            schema=manifest.schema if manifest is not None else None,
        )

    def _names(self) -> list[tuple[Path, str, int]]:
        if not self.path.is_dir():
            return []
        found = []
        for path in self.path.iterdir():
            named = _NAME.fullmatch(path.name)
            if named is not None and (at := _time(named["at"])) is not None:
                found.append((path, named["kind"], at))
        return found

    def _prune(self) -> None:
        now_ms = self._clock.now_ms()
        for kind, keep in (("daily", KEEP_DAILY), ("before-restore", KEEP_BEFORE), ("before-reset", KEEP_BEFORE)):
            named = [(at if at <= now_ms else 0, path) for path, each, at in self._names() if each == kind]
            of_kind = sorted(named)
            for _, path in of_kind[:-keep]:
                path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a gateway that died left half done; what is new may be somebody else's work."""
        now_s = self._clock.now_ms() / 1000
        for left in self.path.glob(".*.new*"):
            with contextlib.suppress(FileNotFoundError):
                if abs(now_s - left.stat().st_mtime) > DAY_MS / 1000:
                    left.unlink()


def _time(written: str) -> int | None:
    try:
        return int(datetime.strptime(written, "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
