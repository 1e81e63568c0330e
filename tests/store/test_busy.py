"""Stored spans are found as counting through all of them finds them, however many there are, and go as they came."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.busy import Span, merged
from gateway.store import busy, devices
from gateway.store.busy import KEPT_S, PART_S, PIECE_S, Outside
from tests.prepared import give_database

HOUR_S = 3600
MANY = 1_000 if os.environ.get("LONG") else 40
NOW_S = 1_795_600_000
SPANS = st.lists(
    st.builds(
        lambda start, length: Span(start * 600, (start + length) * 600), st.integers(0, 400), st.integers(1, 120)
    ),
    max_size=12,
)
SCHEMA: list[bytes] = []


@contextmanager
def stored() -> Iterator[sqlite3.Connection]:
    """The tables of the migrations in memory; they are read from a prepared file once."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.deserialize(SCHEMA[0])
        yield conn


@pytest.fixture(scope="module", autouse=True)
def schema(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("schema") / "gateway.db"
    give_database(path, NOW_S * 1000)
    SCHEMA[:] = [path.read_bytes()]


@settings(max_examples=MANY)
@given(st.lists(st.tuples(SPANS, st.booleans()), max_size=6), st.integers(0, 400), st.integers(1, 60))
def test_what_overlaps_is_what_counting_finds(meetings, start, length):
    wanted = Span(start * 600, (start + length) * 600)
    with stored() as conn:
        for number, (spans, series) in enumerate(meetings):
            busy.put(conn, 1, number, spans, series=series)
            busy.put(conn, 2, number, [Span(0, 10**6)], series=series)
        found = merged(each.span for each in busy.overlapping(conn, 1, wanted, most=10_000))
        expected = [s for spans, _ in meetings for s in spans if s.start_s < wanted.end_s and s.end_s > wanted.start_s]
        # Of one meeting's pieces that begin together the longer one is kept; the time taken is the same.
        assert _cut(found, wanted) == _cut(merged(expected), wanted)
        assert bool(busy.overlapping(conn, 1, wanted, most=1)) == bool(expected)


@settings(max_examples=MANY)
@given(SPANS, SPANS)
def test_a_series_is_replaced_by_what_it_is_now(before, after):
    with stored() as conn:
        busy.put(conn, 1, 7, [Span(0, HOUR_S)], series=True)
        busy.replace_series(conn, 1, 8, before)
        busy.replace_series(conn, 1, 8, after)
        left = _rows(conn, 8)
        busy.replace_series(conn, 1, 8, ())
        assert _rows(conn, 8) == []
        assert len(_rows(conn, 7)) == 1
        busy.put(conn, 1, 8, after, series=True)
        assert merged(_ends(left)) == merged(_ends(_rows(conn, 8)))


def test_a_long_span_is_found_by_every_hour_of_it_and_goes_whole():
    days = Span(NOW_S, NOW_S + 9 * 86_400 + 1)
    with stored() as conn:
        busy.put(conn, 1, 5, [days], series=False)
        for at_s in range(days.start_s - HOUR_S, days.end_s + HOUR_S, HOUR_S):
            hour = Span(at_s, at_s + HOUR_S)
            told = [each.span for each in busy.overlapping(conn, 1, hour, most=1)]
            assert told == ([days] if hour.end_s > days.start_s and hour.start_s < days.end_s else [])
        assert busy.overlapping(conn, 1, days, but=5, most=1) == []
        busy.drop_single(conn, 1, 5, days)
        assert _rows(conn, 5) == []


def test_a_meeting_that_is_changed_writes_only_the_difference():
    with stored() as conn:
        spans = [Span(NOW_S + n * 86_400, NOW_S + n * 86_400 + HOUR_S) for n in range(300)]
        busy.replace_series(conn, 1, 8, spans)
        before = conn.total_changes
        busy.replace_series(conn, 1, 8, [*spans[:299], Span(NOW_S, NOW_S + 2 * HOUR_S)])
        assert conn.total_changes - before <= 3


def test_what_calendars_said_comes_back():
    with stored() as conn:
        room_id = busy.room(conn, "calendar  primary")
        assert busy.room(conn, "calendar  primary") == room_id
        said = Outside(NOW_S * 1000, (Span(1, 2), Span(5, 9)))
        busy.keep_outside(conn, room_id, 3, Outside(1, ()))
        busy.keep_outside(conn, room_id, 3, said)
        assert busy.outside(conn) == {room_id: {3: said}}


def test_what_is_long_over_is_forgotten():
    with stored() as conn:
        room_id = busy.room(conn, "r")
        old, young = NOW_S - KEPT_S - HOUR_S, NOW_S - KEPT_S + HOUR_S
        busy.put(conn, room_id, 1, [Span(old, old + 60)], series=False)
        busy.put(conn, room_id, 2, [Span(young, young + 60)], series=False)
        busy.keep_outside(conn, room_id, (NOW_S - KEPT_S) // PART_S - 1, Outside(1, ()))
        busy.keep_outside(conn, room_id, NOW_S // PART_S, Outside(1, ()))
        busy.purge(conn, NOW_S)
        assert (_rows(conn, 1), len(_rows(conn, 2))) == ([], 1)
        assert list(busy.outside(conn)[room_id]) == [NOW_S // PART_S]


def test_a_device_leaves_a_room_with_all_that_was_its():
    with stored() as conn:
        for name in ("a", "b"):
            devices.put(conn, name=name, profile="p", key_hash=b"h", now_ms=1)
        for number, device in ((1, 1), (2, 2)):
            conn.execute(
                "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, "
                "changed_at) VALUES (?, ?, 'm', 1, 'scheduled', 1, 's', '', '{}', 0)",
                (number, device),
            )
            busy.place(conn, device, busy.room(conn, "r"), blocks=True)
            busy.put(conn, 1, number, [Span(0, 60)], series=False)
            busy.make_again(conn, number, 5)
        busy.leave(conn, 1)
        assert (_rows(conn, 1), len(_rows(conn, 2))) == ([], 1)
        assert busy.due_again(conn, 5, 10) == [2]
        assert list(busy.devices(conn)) == [2]


def test_a_look_up_costs_as_much_among_many_as_among_few():
    """The ratio is generous; what is measured alone is below 10 µs on an idle machine."""
    few, many = _look_up_s(1_000), _look_up_s(100_000)
    assert many < 6 * few


def _look_up_s(occurrences: int) -> float:
    """The shortest of some rounds, in seconds of this thread: other work on the machine does not count."""
    rng = random.Random(7)
    with stored() as conn:
        conn.execute("BEGIN")
        for number in range(occurrences):
            start_s = NOW_S + rng.randrange(400 * 86_400) // 600 * 600
            busy.put(conn, number % 10, number // 100, [Span(start_s, start_s + HOUR_S)], series=True)
        conn.execute("COMMIT")
        asked = [Span(s, s + HOUR_S) for s in (NOW_S + rng.randrange(399 * 86_400) for _ in range(500))]
        rounds = []
        for _ in range(5):
            began = time.thread_time()
            for span in asked:
                busy.overlapping(conn, 3, span, most=1)
            rounds.append(time.thread_time() - began)
        return min(rounds)


def _rows(conn: sqlite3.Connection, meeting_id: int) -> list[tuple[int, int, int]]:
    found = conn.execute("SELECT at_s, lead_s, length_s FROM busy_span WHERE meeting_id = ?", (meeting_id,))
    return found.fetchall()


def _ends(rows: list[tuple[int, int, int]]) -> list[Span]:
    return [Span(at_s, min(at_s + PIECE_S, at_s - lead_s + length_s)) for at_s, lead_s, length_s in rows]


def _cut(spans, wanted: Span) -> set[int]:
    return {s for start_s, end_s in spans for s in range(start_s, end_s, 600) if wanted.start_s <= s < wanted.end_s}
