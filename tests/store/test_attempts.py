"""The table `attempt`: what is remembered of a meeting's attempts, in order, bounded, forgotten after thirty days."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.attempt import MOST_CALLS, Attempt, Call, remember
from gateway.store import attempts
from gateway.store.attempts import KEPT_MS, MOST_OF_A_MEETING
from gateway.store.migrate import prepare

NOW_MS = 1_700_000_000_000
INSERTED = Call("insert", NOW_MS, 134, 200, "")


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        opened.execute("PRAGMA synchronous=OFF")
        yield opened


def attempt(number: int = 1, at: int = NOW_MS, *calls: Call, code: str = "") -> Attempt:
    return Attempt(at, number=number, done=not code, code=code, next_at=at + 5_000 if code else None, calls=calls)


CALLS = st.builds(
    Call,
    operation=st.sampled_from(["insert", "replace", "look-occurrence"]),
    at=st.integers(NOW_MS, NOW_MS + 60_000),
    took_ms=st.integers(0, 60_000),
    status=st.sampled_from([0, 200, 409, 503]),
    code=st.sampled_from(["", "exists", "G-506", "rateLimitExceeded"]),
)
ATTEMPTS = st.builds(
    Attempt,
    at=st.just(NOW_MS),
    number=st.integers(1, 10**6),
    done=st.sampled_from([True, False, None]),
    code=st.sampled_from(["", "G-510", "second-look"]),
    next_at=st.none() | st.integers(0, 2**52),
    calls=st.lists(CALLS, max_size=MOST_CALLS).map(tuple),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("attempts") / "gateway.db"
    prepare(path, NOW_MS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA synchronous=OFF")
        yield opened


@given(kept=st.lists(ATTEMPTS, max_size=5))
def test_what_was_remembered_is_read_back_in_order(shared: sqlite3.Connection, kept: list[Attempt]):
    shared.execute("DELETE FROM attempt")
    for each in kept:
        attempts.add(shared, 1, each)
    assert attempts.of(shared, 1) == tuple(kept)
    assert attempts.of(shared, 2) == ()


def test_of_a_meeting_only_the_newest_attempts_stay(conn: sqlite3.Connection):
    attempts.add(conn, 2, attempt())
    for number in range(1, MOST_OF_A_MEETING + 8):
        attempts.add(conn, 1, attempt(number, NOW_MS + number, code="G-506"))
    found = attempts.of(conn, 1)
    assert [each.number for each in found] == list(range(8, MOST_OF_A_MEETING + 8))
    assert conn.execute("SELECT count(*) FROM attempt").fetchone()[0] == MOST_OF_A_MEETING + 1


def test_what_is_long_over_is_forgotten(conn: sqlite3.Connection):
    attempts.add(conn, 1, attempt(1, NOW_MS - KEPT_MS - 1))
    attempts.add(conn, 1, attempt(2, NOW_MS - KEPT_MS))
    assert attempts.purge(conn, NOW_MS) == 1
    assert [each.number for each in attempts.of(conn, 1)] == [2]


def test_a_code_that_nobody_expects_breaks_nothing(conn: sqlite3.Connection):
    attempts.add(conn, 1, attempt(1, NOW_MS, INSERTED._replace(code="a,b;c")))
    (found,) = attempts.of(conn, 1)
    assert found.calls[0].code == "-"


def test_the_ordinary_attempt_is_one_short_row(conn: sqlite3.Connection):
    attempts.add(conn, 1, attempt(1, NOW_MS, INSERTED))
    (row,) = conn.execute("SELECT * FROM attempt").fetchall()
    assert row == (1, 1, NOW_MS, 1, 1, "", None, "insert,0,134,200,")


def test_of_very_many_calls_the_first_and_the_last_are_remembered():
    calls: list[Call] = []
    for number in range(100):
        remember(calls, INSERTED._replace(took_ms=number))
    assert [each.took_ms for each in calls] == [0, 1, 2, 3, 96, 97, 98, 99]
