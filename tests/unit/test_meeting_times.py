"""What begins in a span is what expanding every meeting would give, for rules, zones and spans of all kinds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.change import to_json
from gateway.domain.expansion import Expansion
from gateway.domain.meeting import Frequency, Meeting, Repeat, Weekday
from gateway.domain.recurrence import problems
from gateway.domain.zones import to_local, to_utc_s
from gateway.store import meeting_times
from gateway.store.meeting_times import Begin
from tests.prepared import give_database

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kathmandu")
DAY_S = 86_400


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = Path(tmp_path_factory.mktemp("times")) / "gateway.db"
    give_database(path, 0)
    with closing(sqlite3.connect(path)) as conn:
        conn.executemany(
            "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (?, ?, 'p', x'00', 1, 0)",
            [(1, "one"), (2, "two")],
        )
        yield conn


def stored(conn: sqlite3.Connection, meeting: Meeting, device_id: int = 1) -> int:
    body = to_json(meeting, lambda pin: pin)
    cursor = conn.execute(
        "INSERT INTO meeting (device_id, external_id, revision, state, sync, shape, fingerprint, body, changed_at) "
        "VALUES (?, ?, 1, 'scheduled', 1, 'native', 'x', ?, 0)",
        (device_id, meeting.external_id, body),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def made(name: str, start: datetime, zone: str, lasts_s: int, repeat: Repeat | None) -> Meeting:
    start_s = to_utc_s(start, zone)[0]
    return Meeting(
        external_id=name,
        subject=name,
        start_local=start,
        end_local=to_local(start_s + lasts_s, zone),
        zone=zone,
        start_utc_s=start_s,
        end_utc_s=start_s + lasts_s,
        repeat=repeat,
    )


starts = st.datetimes(datetime(2024, 1, 1), datetime(2028, 3, 1)).map(lambda at: at.replace(second=0, microsecond=0))


UNTIL = st.integers(0, 900 * DAY_S) | st.integers(0, 40).map(lambda weeks: weeks * 7 * DAY_S)
"""Also the very moment at which an occurrence begins."""


@st.composite
def rules(draw: st.DrawFn, start_s: int) -> Repeat | None:
    frequency = draw(st.sampled_from(Frequency))
    weekly = frequency is Frequency.WEEKLY
    ends = draw(st.sampled_from(("never", "count", "until")))
    return Repeat(
        frequency=frequency,
        interval=draw(st.integers(1, 5) | st.sampled_from((7, 14, 99))),
        weekdays=tuple(draw(st.lists(st.sampled_from(Weekday), unique=True, max_size=7))) if weekly else (),
        count=draw(st.integers(1, 40) | st.just(730)) if ends == "count" else None,
        until_utc_s=start_s + draw(UNTIL) if ends == "until" else None,
    )


@st.composite
def calendars(draw: st.DrawFn) -> list[Meeting]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        start, zone = draw(starts), draw(st.sampled_from(ZONES))
        repeat = draw(st.none() | rules(to_utc_s(start, zone)[0]))
        assert repeat is None or not problems(repeat, to_utc_s(start, zone)[0])
        found.append(made(f"m{number}", start, zone, draw(st.integers(60, 5 * DAY_S)), repeat))
    return found


def expanded(meeting: Meeting, from_s: int, to_s: int) -> list[tuple[int, int]]:
    """Start, and start by the rule, of each occurrence in a span; day by day."""
    if meeting.repeat is None:
        return [(meeting.start_utc_s, 0)] if from_s <= meeting.start_utc_s < to_s else []
    expansion, day = Expansion(meeting), date.fromordinal(to_local(from_s, meeting.zone).toordinal() - 2)
    found = []
    while day <= to_local(to_s, meeting.zone).date() + timedelta(days=2):
        slot = expansion.on(day)
        if slot is not None and from_s <= slot.utc_s < to_s:
            found.append((slot.utc_s, slot.utc_s))
        day += timedelta(days=1)
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(meetings=calendars(), at=starts, days=st.integers(0, 40), minutes=st.integers(1, 1439))
def test_what_begins_in_a_span_is_what_expanding_every_meeting_gives(
    conn: sqlite3.Connection, meetings: list[Meeting], at: datetime, days: int, minutes: int
) -> None:
    from_s = int(at.replace(tzinfo=UTC).timestamp())
    to_s = from_s + days * DAY_S + minutes * 60
    conn.execute("SAVEPOINT one")
    ids = [stored(conn, each, 1 + number % 2) for number, each in enumerate(meetings)]
    wanted = sorted(
        Begin(start_s, ids[number], original_s)
        for number, each in enumerate(meetings)
        for start_s, original_s in expanded(each, from_s, to_s)
    )
    assert meeting_times.begins(conn, from_s, to_s) == wanted
    ours = [each for each in wanted if each.meeting_id in ids[1::2]]
    assert meeting_times.begins(conn, from_s, to_s, 2) == ours
    for one in ids:
        here = [each for each in wanted if each.meeting_id == one]
        assert meeting_times.begins_of(conn, one, from_s, to_s, 1_000) == here
        assert meeting_times.begins_of(conn, one, from_s, to_s, 1) == here[:1]
    conn.execute("ROLLBACK TO one")


WEEKLY = made("w", datetime(2026, 11, 2, 9), "Europe/Berlin", 3600, Repeat(frequency=Frequency.WEEKLY))
SPAN = (int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()), int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()))


def test_an_occurrence_that_was_moved_is_where_it_is_now_and_a_cancelled_one_says_so(conn: sqlite3.Connection) -> None:
    conn.execute("SAVEPOINT one")
    one = stored(conn, WEEKLY)
    first = WEEKLY.start_utc_s
    moved = replace(WEEKLY, start_utc_s=first + 8 * DAY_S, end_utc_s=first + 8 * DAY_S + 3600, repeat=None)
    for original, state, body in (
        (first + 7 * DAY_S, "changed", to_json(moved, str)),
        (first + 14 * DAY_S, "cancelled", None),
    ):
        conn.execute(
            "INSERT INTO occurrence (meeting_id, original_start_utc_s, original_local, state, fingerprint, body, "
            "changed_at) VALUES (?, ?, '2026-11-09T09:00:00', ?, 'x', ?, 0)",
            (one, original, state, body),
        )
    conn.execute("UPDATE meeting SET exceptions = 2 WHERE id = ?", (one,))
    wanted = [
        Begin(first, one, first),
        Begin(first + 8 * DAY_S, one, first + 7 * DAY_S, "changed"),
        Begin(first + 14 * DAY_S, one, first + 14 * DAY_S, "cancelled"),
        Begin(first + 21 * DAY_S, one, first + 21 * DAY_S),
        Begin(first + 28 * DAY_S, one, first + 28 * DAY_S),
    ]
    assert meeting_times.begins(conn, *SPAN) == wanted
    assert meeting_times.begins_of(conn, one, *SPAN, 50) == wanted
    conn.execute("ROLLBACK TO one")


def test_a_rule_that_is_changed_moves_the_days_and_one_that_ends_leaves_none(conn: sqlite3.Connection) -> None:
    conn.execute("SAVEPOINT one")
    one = stored(conn, WEEKLY)
    daily = replace(WEEKLY, repeat=Repeat(frequency=Frequency.DAILY, count=3))
    conn.execute("UPDATE meeting SET body = ? WHERE id = ?", (to_json(daily, str), one))
    assert [each.start_s for each in meeting_times.begins(conn, *SPAN)] == [
        WEEKLY.start_utc_s + number * DAY_S for number in range(3)
    ]
    conn.execute("UPDATE meeting SET body = ? WHERE id = ?", (to_json(replace(WEEKLY, repeat=None), str), one))
    assert meeting_times.begins(conn, *SPAN) == [Begin(WEEKLY.start_utc_s, one)]
    assert conn.execute("SELECT count(*) FROM series_slot").fetchone() == (0,)
    conn.execute("ROLLBACK TO one")


def test_what_goes_on_is_found_as_long_as_it_is_not_over(conn: sqlite3.Connection) -> None:
    conn.execute("SAVEPOINT one")
    start = datetime(2026, 11, 2, 9)
    one = stored(conn, made("long", start, "UTC", 3 * DAY_S, None))
    stored(conn, made("over", start, "UTC", 60, None))
    at_s = int(start.replace(tzinfo=UTC).timestamp())
    assert meeting_times.running(conn, at_s + DAY_S) == [Begin(at_s, one)]
    assert meeting_times.running(conn, at_s + 3 * DAY_S) == []
    conn.execute("ROLLBACK TO one")


def test_series_are_found_by_an_index_whatever_is_stored(conn: sqlite3.Connection) -> None:
    plan = conn.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM series_slot AS s WHERE zone = 'UTC' AND bucket = 1 AND tod_s >= 0 "
        "AND tod_s < 9 ORDER BY tod_s LIMIT 1"
    ).fetchall()
    (only,) = plan
    assert "USING PRIMARY KEY" in only[-1]


def test_an_occurrence_at_the_very_end_of_a_rule_still_counts(conn: sqlite3.Connection) -> None:
    conn.execute("SAVEPOINT one")
    until = Repeat(frequency=Frequency.WEEKLY, until_utc_s=WEEKLY.start_utc_s + 14 * DAY_S)
    stored(conn, replace(WEEKLY, repeat=until))
    assert len(meeting_times.begins(conn, *SPAN)) == 3
    conn.execute("ROLLBACK TO one")
