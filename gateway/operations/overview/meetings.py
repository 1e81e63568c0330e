"""Today's meetings and the next ones, for a page that shows everything at a glance; found by when they begin."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.store import meeting_times, overview
from gateway.store.meeting_times import Begin

MOST_NEXT = 6
_SPANS_H = (6, 24, 7 * 24, 31 * 24)
"""How far ahead is looked for the next meetings: no farther than needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A meeting that begins soon (seconds since 1970); `state` is one of `store.overview.STATES`."""

    meeting_id: int
    start_s: int
    subject: str
    host: str
    device: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The meetings of one day by the clock of a zone: how many, how many of them in each state, how many each hour.

    `hours` are pairs of the hour as that clock shows it (`07`) and a number, in order; some days have 23 or 25.
    """

    number: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    hours: tuple[tuple[str, int], ...] = ()
    now: int = 0
    """Which of `hours` it is."""


def next_meetings(conn: sqlite3.Connection, now_s: int, most: int = MOST_NEXT) -> list[Next]:
    """Return the next meetings that are not cancelled, the earliest first."""
    for hours in _SPANS_H:
        begins = meeting_times.begins(conn, now_s, now_s + hours * 3600)
        found = _standing(conn, begins)
        if len(found) >= most:
            break
    return found[:most]


def day(conn: sqlite3.Connection, now_s: int, zone: str) -> Day:
    """Return the day that it is in `zone`, an IANA name."""
    now = datetime.fromtimestamp(now_s, ZoneInfo(zone))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first_s, last_s = int(midnight.timestamp()), int((midnight + timedelta(days=1)).timestamp())
    found = _standing(conn, meeting_times.begins(conn, first_s, last_s))
    starts = range(first_s, last_s, 3600)
    numbers = Counter((each.start_s - first_s) // 3600 for each in found)
    return Day(
        number=len(found),
        states=Counter(each.state for each in found),
        hours=tuple(
            (f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%H}", numbers[place]) for place, at in enumerate(starts)
        ),
        now=(now_s - first_s) // 3600,
    )


def _standing(conn: sqlite3.Connection, begins: list[Begin]) -> list[Next]:
    facts = overview.meetings(conn, {each.meeting_id for each in begins})
    found = []
    for each in begins:
        fact = facts.get(each.meeting_id)
        if fact is None or fact.state == "cancelled" or each.state == "cancelled":
            continue
        found.append(
            Next(
                meeting_id=each.meeting_id,
                start_s=each.start_s,
                subject=fact.subject,
                host=fact.host,
                device=fact.device,
                state=fact.state,
            )
        )
    return found
