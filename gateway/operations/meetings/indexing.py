"""Keeps the index of the words of meetings close behind, many at once; what is found with it is not known here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from functools import partial

from gateway.errors import StoreError
from gateway.store import meeting_search
from gateway.store.database import Database
from gateway.store.meeting_search import Behind

_LOGGER = logging.getLogger(__name__)

EVERY_S = 3600.0
BATCH = 100
"""Meetings that one transaction takes: for so long a device waits at most."""

WORTH_IT = 100
"""With fewer meetings that it lacks, the index is left alone: those are looked through, and memory cards wear less."""

_PAUSE_S = 0.1
"""Between two transactions, for everybody else."""


class MeetingIndexing:
    """Catches up at the start, every hour and after a search; without much that is new it writes nothing."""

    def __init__(self, *, database: Database, every_s: float = EVERY_S, pause_s: float = _PAUSE_S) -> None:
        self._database = database
        self._every_s = every_s
        self._pause_s = pause_s
        self._woken = asyncio.Event()

    def searched(self) -> None:
        """Somebody searched: the next one shall not have to look through much."""
        self._woken.set()

    async def run(self) -> None:
        """Catch up again and again, until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self.catch_up()
            except StoreError as error:
                _LOGGER.warning("the index of meetings could not be written yet: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._woken.wait()

    async def catch_up(self, worth_it: int = WORTH_IT) -> int:
        """Take what is new, if that are at least so many meetings; return how many were taken. Raises StoreError."""
        taken = 0
        while True:
            said, upto = await self._database.read(_late)
            if not said or (not taken and upto.all_told and len(said) < worth_it):
                return taken
            await self._database.write(partial(_taken, said, upto))
            taken += len(said)
            if upto.all_told:
                return taken
            await asyncio.sleep(self._pause_s)


def _taken(said: list[tuple[int, str]], upto: Behind, conn: sqlite3.Connection) -> None:
    meeting_search.catch_up(conn, said, upto)


def _late(conn: sqlite3.Connection) -> tuple[list[tuple[int, str]], Behind]:
    found = meeting_search.behind(conn, BATCH)
    return meeting_search.words_of(conn, [*found.new, *found.changed]), found
