"""The copy of `config.yaml` with which a gateway last started wholly: kept, read, put back; what it says is not judged.

It lies in the data folder, so that a mistake in the file does not take away what worked before.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.yaml_source import MAX_BYTES, YamlError, parse

FILE_NAME: Final = "config.last-good.yaml"
_DEFAULT: Final = Path("config.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """The copy: its `text` as it stood in the file (empty: there was no file), and when it was kept (ms UTC)."""

    path: Path
    text: bytes = field(repr=False)
    kept_at_ms: int


def file_in_use(named: Path | None) -> Path:
    """Return the settings file of a command: the one that was named, else the one of this folder, there or not."""
    return named if named is not None else _DEFAULT


def text_of(file: Path) -> bytes | None:
    """Return what stands in a settings file: nothing when there is no file, None when it cannot be read as one."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError:
        return None
    return text if len(text) <= MAX_BYTES else None


def keep(data_dir: Path, text: bytes, now_ms: int) -> bool:
    """Keep a text that worked, readable by the gateway's user alone; False when it is what is kept already.

    Raises OSError; then what was kept before is still there.
    """
    path = data_dir / FILE_NAME
    if path.exists() and text_of(path) == text:
        return False
    _replace(path, text, at_ms=now_ms)
    return True


def read(data_dir: Path) -> LastGood | None:
    """Return the copy; None when there is none, or none that could be put back."""
    path = data_dir / FILE_NAME
    try:
        text, kept_at_ms = path.read_bytes(), path.stat().st_mtime_ns // 1_000_000
        parse(text)
    except (OSError, YamlError):
        return None
    return LastGood(path=path, text=text, kept_at_ms=kept_at_ms)


def put_back(copy: LastGood, file: Path, now_ms: int) -> Path | None:
    """Put the copy in place of `file`; return where the file that stood there is now, None when there was none.

    At every moment either the one or the other stands there whole, also after a power cut. Owner and mode stay, and a
    link goes on leading to its file. Raises GatewayError that says why not; then nothing has changed.
    """
    target = file.resolve()
    try:
        return _put_back(copy.text, target, now_ms)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise GatewayError(f"{target} cannot be replaced ({reason})") from error


def _put_back(text: bytes, target: Path, now_ms: int) -> Path | None:
    made = _made(target, text)
    aside: Path | None = None
    try:
        if target.exists():
            _look_like(made, target)
            aside = _set_aside(target, now_ms)
        made.replace(target)
    except BaseException:
        for left in (made, aside):
            with contextlib.suppress(OSError):
                if left is not None:
                    left.unlink(missing_ok=True)
        raise
    _sync(target.parent)
    return aside


def _set_aside(target: Path, now_ms: int) -> Path:
    """Give the file a second name, under which it stays; where there are no links, copy it."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    stem = f"{target.name}.broken-{at:%Y%m%dT%H%M%SZ}"
    names = (target.with_name(stem if not number else f"{stem}-{number}") for number in range(100))
    free = next((name for name in names if not os.path.lexists(name)), target.with_name(stem))
    try:
        os.link(target, free)
    except FileExistsError:
        raise
    except OSError:
        import shutil  # where the file system knows no second names

        shutil.copy2(target, free)
    return free


def _look_like(made: Path, old: Path) -> None:
    """Let a new file be read by whom the old one was."""
    there = old.stat()
    made.chmod(there.st_mode & 0o777)
    if (there.st_uid, there.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(OSError):  # only root may give a file away
            os.chown(made, there.st_uid, there.st_gid)


def _replace(path: Path, text: bytes, *, at_ms: int) -> None:
    made = _made(path, text)
    try:
        os.utime(made, ns=(at_ms * 1_000_000, at_ms * 1_000_000))
        made.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _made(path: Path, text: bytes) -> Path:
    """Write a new file beside `path`, whole and on the disk, for the gateway's user alone."""
    made = path.with_name(f"{path.name}.new")
    made.unlink(missing_ok=True)
    handle = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
        raise
    return made


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
