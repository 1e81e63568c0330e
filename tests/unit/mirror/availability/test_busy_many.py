"""A room with a hundred thousand occurrences is looked at as quickly as one with a thousand: counted, not timed."""

from __future__ import annotations

import sqlite3

from gateway.domain.busy import Span
from gateway.store import busy
from tests.unit.mirror.busy_office import DAY_S, HOUR_S, NOON_S, REFUSE, BusyOffice, busy_office

SLOT_S = 300
TAKEN_S = 240
"""Of each slot the last minute is free."""


async def fill(office: BusyOffice, occurrences: int) -> None:
    """Let others have so many slots one after another, as many before the day that the test is about as after it."""
    first_s = NOON_S - occurrences // 2 * SLOT_S
    rows = [(1, first_s + n * SLOT_S, 10_000 + n % 2000, 0, TAKEN_S, 1) for n in range(occurrences)]
    await office.database.write(
        lambda conn: conn.executemany(
            "INSERT INTO busy_span (room_id, at_s, meeting_id, lead_s, length_s, series) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
    )


class Steps:
    """Counts what the database's machine does."""

    def __init__(self) -> None:
        self.count = 0

    def step(self) -> int:
        self.count += 1
        return 0


async def steps(occurrences: int) -> tuple[int, int]:
    """Of accepting a meeting in a free minute, and of looking when the hour around it is taken."""
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("first", Span(NOON_S - 4 * DAY_S, NOON_S - 4 * DAY_S + 60))
        await fill(office, occurrences)
        accepting, looking = Steps(), Steps()
        await office.database.write(lambda conn: conn.set_progress_handler(accepting.step, 1))
        await office.schedule("counted", Span(NOON_S + TAKEN_S, NOON_S + SLOT_S))

        def look(conn: sqlite3.Connection) -> list[busy.Found]:
            conn.set_progress_handler(looking.step, 1)
            return busy.overlapping(conn, 1, Span(NOON_S, NOON_S + HOUR_S), most=1000)

        assert len(await office.database.write(look)) == HOUR_S // SLOT_S + 1
        return accepting.count, looking.count


async def test_what_lies_far_away_costs_nothing():
    few, many = await steps(1000), await steps(100_000)
    for small, large in zip(few, many, strict=True):
        assert 0 < large <= 1.1 * small, f"{large} steps instead of {small}"
