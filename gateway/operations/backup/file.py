"""The file of a backup: its parts, its manifest, how both are written and checked; where backups are kept is not known.

A zip file whose last part, `manifest.json`, names every other part with size and SHA-256; locked with a passphrase it
lies in the envelope of `backup_seal`. Nothing in such a file is believed before it is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from gateway import __version__
from gateway.config.saved import FILE_NAME as SAVED_SETTINGS
from gateway.operations.backup import seal as backup_seal
from gateway.operations.backup.seal import refused
from gateway.store.folder import DATABASE_NAME
from gateway.store.vault import KEY_NAME

FORMAT = 1
MANIFEST = "manifest.json"
NEEDED = (DATABASE_NAME, KEY_NAME)
MARKER = "set-up-done"
FILES = (DATABASE_NAME, KEY_NAME, SAVED_SETTINGS, "tls.key", "tls.crt", MARKER)
"""What is kept of the data folder; everything else in it is made anew."""
REPLACED = (SAVED_SETTINGS, MARKER)
"""What must not stay when a backup is restored that has none of it."""
PROFILES = "profiles"

_PROFILE = re.compile(r"profiles/[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}\.(?:yaml|json)")
_MOST_PARTS = 2_000
_MOST_MANIFEST_BYTES = 1024 * 1024
_MOST_SMALL_BYTES = 1024 * 1024
_CHUNK = 1024 * 1024
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself; `made_at_ms` is UTC, `schema` the number of the database's schema."""

    version: str
    schema: int
    made_at_ms: int
    gateway: str
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        """How much room its parts take."""
        return sum(part.size for part in self.parts)


def write(target: Path, parts: Mapping[str, Path], about: Mapping[str, Any], passphrase: str) -> Manifest:
    """Write the new file `target` (0600), durably; empty, `passphrase` locks nothing. Blocks. Raises OSError."""
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as out:
        lock = backup_seal.Lock(out, passphrase) if passphrase else None
        sink: Any = _Unseekable(lock) if lock is not None else out
        manifest = _write_parts(sink, parts, about)
        if lock is not None:
            lock.close()
        out.flush()
        os.fsync(out.fileno())
    return manifest


def _write_parts(sink: Any, parts: Mapping[str, Path], about: Mapping[str, Any]) -> Manifest:
    noted: list[Part] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, path in parts.items():
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as source, archive.open(_entry(name), "w", force_zip64=True) as entry:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    entry.write(chunk)
            noted.append(Part(name=name, size=size, sha256=digest.hexdigest()))
        manifest = Manifest(version=__version__, parts=tuple(noted), **about)
        archive.writestr(_entry(MANIFEST), json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))
    return manifest


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


class _Unseekable:
    """What a zip file is streamed into."""

    def __init__(self, lock: backup_seal.Lock) -> None:
        self._lock = lock

    def write(self, data: bytes) -> int:
        return self._lock.write(bytes(data))

    def flush(self) -> None:
        """What waits is written when there is enough of it."""


def is_locked(path: Path) -> bool:
    """Whether a backup needs a passphrase. Raises OSError."""
    with path.open("rb") as source:
        return backup_seal.is_locked(source.read(len(backup_seal.MAGIC)))


def manifest_of(path: Path) -> Manifest:
    """Return what an open backup says of itself, unchecked but well-formed. Blocks. Raises CatalogueError, OSError."""
    with path.open("rb") as source, _archive(source) as archive:
        return _manifest(archive)


def unlock(path: Path, passphrase: str, target: Path, most_bytes: int) -> Path:
    """Return `path`, or `target` with what was locked in it.

    Blocks. Raises CatalogueError C-05, C-06, C-07 or C-08, and OSError.
    """
    if not is_locked(path):
        return path
    if not passphrase:
        raise refused("C-06")
    with path.open("rb") as source, target.open("xb") as out:
        for piece in backup_seal.unlocked(source, passphrase):
            if out.tell() + len(piece) > most_bytes:
                raise short_of_space(most_bytes, path.stat().st_size)
            out.write(piece)
    return target


def unpack(path: Path, folder: Path, *, most_bytes: int, schema: int) -> Manifest:
    """Check an open backup from its first to its last part while it is written into the empty `folder`.

    Not more than `most_bytes` are written, not a byte beyond what the manifest names, and no file but those that a
    backup has. Blocks. Raises CatalogueError C-04 (made by a newer gateway than one that knows `schema`), C-07, C-08,
    and OSError.
    """
    with path.open("rb") as source, _archive(source) as archive:
        manifest = _manifest(archive)
        if manifest.schema > schema:
            raise refused("C-04", v=manifest.version)
        _check_names(archive, manifest)
        if manifest.bytes > most_bytes:
            raise short_of_space(most_bytes, manifest.bytes)
        for part in manifest.parts:
            _unpack_part(archive, part, folder / part.name)
    return manifest


def is_profile(name: str) -> bool:
    """Whether a part of that name is a profile of one's own."""
    return _PROFILE.fullmatch(name) is not None


def short_of_space(free: int, needed: int) -> Exception:
    """Return the error that says so; both in bytes."""
    return refused("C-08", free=str(max(0, free) // 1_000_000), needed=str(needed // 1_000_000 + 1))


def free_bytes(folder: Path) -> int:
    """Return how much can be written under `folder`. Raises OSError."""
    return shutil.disk_usage(folder).free


@contextlib.contextmanager
def _archive(source: IO[bytes]) -> Any:
    try:
        with zipfile.ZipFile(source) as archive:
            # Damage that the library would meet with an OSError, which looks like the disk's: places before the file,
            # and the ways to pack that a backup never uses.
            if any(entry.header_offset < 0 or entry.compress_type not in _PACKED for entry in archive.infolist()):
                raise zipfile.BadZipFile(MANIFEST)
            yield archive
    except _BROKEN as error:
        raise refused("C-07", reason="It is damaged, or no backup of the gateway") from error


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    entry = archive.getinfo(MANIFEST)
    if entry.file_size > _MOST_MANIFEST_BYTES or len(archive.infolist()) > _MOST_PARTS:
        raise ValueError(MANIFEST)
    with archive.open(entry) as source:
        said = json.loads(source.read(_MOST_MANIFEST_BYTES))
    if not isinstance(said, dict) or type(said.get("format")) is not int:
        raise ValueError(MANIFEST)
    version = str(said.get("version", ""))[:40]
    if said["format"] > FORMAT:
        raise refused("C-04", v=version)
    parts = tuple(_part(each) for each in said["parts"])
    schema, made_at_ms = said["schema"], said["made_at_ms"]
    if type(schema) is not int or type(made_at_ms) is not int or not 0 <= made_at_ms < 2**53:
        raise ValueError(MANIFEST)
    return Manifest(
        version=version, schema=schema, made_at_ms=made_at_ms, gateway=str(said.get("gateway", ""))[:100], parts=parts
    )


def _part(said: Any) -> Part:
    if not isinstance(said, dict) or type(said.get("size")) is not int or said["size"] < 0:
        raise ValueError(MANIFEST)
    return Part(name=str(said["name"]), size=said["size"], sha256=str(said["sha256"]))


def _check_names(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Refuse a backup with other parts than those it names, and with names that no backup has."""
    there = sorted(entry.filename for entry in archive.infolist())
    named = sorted((MANIFEST, *(part.name for part in manifest.parts)))
    if there != named or len(set(there)) != len(there):
        raise refused("C-07", reason="Its parts are not those it names")
    for part in manifest.parts:
        small = part.name == DATABASE_NAME or part.size <= _MOST_SMALL_BYTES
        if not (part.name in FILES or is_profile(part.name)) or not small:
            raise refused("C-07", reason="It has parts that no backup has")
    missing = [name for name in NEEDED if name not in named]
    if missing:
        raise refused("C-07", reason=f"It has no {missing[0]}")


def _unpack_part(archive: zipfile.ZipFile, part: Part, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), part.size
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as out, archive.open(part.name) as source:
        while chunk := source.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if left != 0 or digest.hexdigest() != part.sha256:
        raise refused("C-07", reason=f"Its part {part.name} is damaged")
