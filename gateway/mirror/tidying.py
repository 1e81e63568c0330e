"""Forgets what is over, now and then, so that the database does not grow; what is over is known to each table."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.store.database import Database

_LOGGER = logging.getLogger(__name__)

EVERY_S = 6 * 3600.0

Purge = Callable[[sqlite3.Connection, int], object]
"""Removes from one table what was over at an instant (ms UTC)."""


class Tidying:
    """Purges some tables, one transaction each, so that no device waits long for its answer."""

    def __init__(self, *, database: Database, clock: Clock, purges: Sequence[Purge], every_s: float = EVERY_S) -> None:
        self._database = database
        self._clock = clock
        self._purges = purges
        self._every_s = every_s

    async def tidy(self) -> None:
        """Purge now. Raises StoreError; what was purged until then is gone."""
        for purge in self._purges:
            await self._database.write(partial(_purge, purge, self._clock.now_ms()))

    async def run(self) -> None:
        """Purge at once and then again and again, until cancelled."""
        while True:
            try:
                await self.tidy()
            except StoreError as error:
                _LOGGER.warning("what is over could not be forgotten yet: %s", error)
            await asyncio.sleep(self._every_s)


def _purge(purge: Purge, now_ms: int, conn: sqlite3.Connection) -> None:
    purge(conn, now_ms)
