"""How the reading of the calendars stands, as far as it was written down: for those who ask from outside."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.mirror.inbound.reading_times import calls_per_day
from gateway.store import reading
from gateway.store.reading import CalendarReading


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSummary:
    """What was written down, at most ten minutes old.

    `calls_today` is counted on this day (UTC); `calls_per_day` is what a whole day takes by estimate.
    """

    calls_today: int
    calls_per_day: int
    calendars: tuple[CalendarReading, ...]


def summary(conn: sqlite3.Connection, now_ms: int, every_s: float) -> ReadingSummary:
    """Return how the reading stands; `every_s` is how often calendars are read."""
    today = reading.calls(conn, f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y-%m-%d}")
    calendars = reading.every(conn)
    return ReadingSummary(
        calls_today=today,
        calls_per_day=calls_per_day(today, len(calendars), every_s, now_ms),
        calendars=calendars,
    )
