"""How far the first run has come, and what it moves on to; what its steps show is decided by the pages."""

from __future__ import annotations

import sqlite3
from typing import Final

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.store import audit, first_run
from gateway.store.database import Database

STEPS: Final = ("name", "google", "device", "done")
"""What comes after the administrator was created, in order."""


class FirstRun:
    """The first run of this gateway. Everything raises StoreError."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def step(self) -> str:
        """Return the step that is open, empty when the first run is over, or never was."""
        step = await self._database.read(first_run.step)
        return step if step in STEPS else ""

    async def went_past(self, step: str) -> str:
        """A step was done or left for later; return the next one, which is open now unless a later one was."""
        following = STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]

        def work(conn: sqlite3.Connection) -> None:
            open_now = first_run.step(conn)
            if open_now in STEPS and STEPS.index(open_now) < STEPS.index(following):
                first_run.put(conn, following, self._clock.now_ms())

        await self._database.write(work)
        return following

    async def end(self, by: Actor) -> None:
        """Nobody is led through it any more."""

        def work(conn: sqlite3.Connection) -> None:
            if first_run.step(conn) == first_run.OVER:
                return
            now_ms = self._clock.now_ms()
            first_run.put(conn, first_run.OVER, now_ms)
            audit.write(
                conn,
                at_ms=now_ms,
                actor=by.name,
                action="admin.first-run-over",
                object_="first run",
                source=by.source,
            )

        await self._database.write(work)
