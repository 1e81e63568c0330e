"""The file in which a simulated PBX keeps its meetings between commands; what the meetings mean is in `booking`."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cattrs

from simulator.pbx.booking import Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The gateway of a PBX: its address, the device's id there, and the file with the device's key."""

    gateway: str
    device: str
    key_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the gateway last said about a meeting: one line, and the instants it understood (RFC 3339, UTC)."""

    line: str
    start_utc: str = ""
    end_utc: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A meeting the PBX remembers; `heard` is None while the gateway has not answered.

    `changes` counts how often it was changed since it was booked.
    """

    booking: Booking
    cancelled: bool = False
    heard: Heard | None = None
    changes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything in the file; meetings by their `bookid`."""

    meetings: dict[str, Kept]
    connection: Connection | None = None


class MemoryUnreadable(Exception):
    """The file is there but is no PBX memory."""


class MemoryFile:
    """A JSON file (mode 0600: it holds meeting PINs), replaced whole, changed under a lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._converter = _converter()

    def read(self) -> Contents:
        """What the file says; empty contents when there is no file; MemoryUnreadable when it is something else."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Contents(meetings={})
        try:
            return self._converter.structure(json.loads(text), Contents)
        except (ValueError, LookupError, TypeError, cattrs.BaseValidationError) as error:
            raise MemoryUnreadable(f"{self._path} is not the memory of a simulated PBX; name another file") from error

    def change(self, change: Callable[[Contents], Contents]) -> None:
        """Replace the contents by `change(contents)`; nobody else's change is lost."""
        with self._locked():
            self._write(change(self.read()))

    def _write(self, contents: Contents) -> None:
        text = json.dumps(self._converter.unstructure(contents), ensure_ascii=False, indent=1)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_name(f"{self._path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat(sep=" "))
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    return converter
