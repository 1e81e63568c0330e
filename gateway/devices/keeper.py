"""Writes what this room notes beside its work, some seconds later and all at once; what is noted is not here."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Protocol

from gateway.errors import StoreError
from gateway.store.database import Database

PAUSE_S = 2.0
"""Between two writes, however much there is to note."""


class Noted(Protocol):
    """Something that changes often and may be lost in a power cut."""

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes what changed since the last time; None when nothing did."""

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""


class Keeper:
    """One transaction for everything that was noted, at most every `pause_s` seconds."""

    def __init__(self, database: Database, *noted: Noted, pause_s: float = PAUSE_S) -> None:
        self._database = database
        self._noted = noted
        self._pause_s = pause_s
        self._woken = asyncio.Event()
        for each in noted:
            each.follow(self._woken.set)

    async def run(self) -> None:
        """Write for as long as the gateway serves; a disk that fails is tried again with the next note."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(self._pause_s)
            self._woken.clear()
            with contextlib.suppress(StoreError):
                await self.write()

    async def write(self) -> None:
        """Write what there is. Raises StoreError; then nothing is forgotten."""
        taken = [(each, work) for each in self._noted if (work := each.take()) is not None]
        if not taken:
            return

        def together(conn: sqlite3.Connection) -> None:
            for _, work in taken:
                work(conn)

        written = False
        try:
            await self._database.write(together)
            written = True
        finally:
            for each, _ in taken:
                each.settle(written=written)

    async def close(self) -> None:
        """Write what is left when the gateway stops."""
        with contextlib.suppress(StoreError):
            await self.write()
