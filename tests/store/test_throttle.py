"""The tables `throttle` and `audit`: failures are counted, taken back and forgotten; lines are lines."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import audit, throttle
from gateway.store.throttle import Failures

NOW_MS = 1_700_000_000_000
SUBJECT = "source:10.0.0.1"


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        yield opened


def test_what_is_put_is_read(conn: sqlite3.Connection) -> None:
    assert throttle.read(conn, SUBJECT) is None
    throttle.put(conn, SUBJECT, Failures(count=1, first_at=NOW_MS, last_at=NOW_MS))
    throttle.put(conn, SUBJECT, Failures(count=2, first_at=NOW_MS, last_at=NOW_MS + 9))
    assert throttle.read(conn, SUBJECT) == Failures(count=2, first_at=NOW_MS, last_at=NOW_MS + 9)


def test_failures_are_taken_back_until_there_are_none(conn: sqlite3.Connection) -> None:
    throttle.put(conn, SUBJECT, Failures(count=2, first_at=NOW_MS, last_at=NOW_MS))
    throttle.take_back(conn, SUBJECT)
    assert throttle.read(conn, SUBJECT) == Failures(count=1, first_at=NOW_MS, last_at=NOW_MS)
    throttle.take_back(conn, SUBJECT)
    assert throttle.read(conn, SUBJECT) is None
    throttle.take_back(conn, SUBJECT)
    assert throttle.read(conn, SUBJECT) is None


def test_old_failures_are_forgotten(conn: sqlite3.Connection) -> None:
    throttle.put(conn, SUBJECT, Failures(count=2, first_at=NOW_MS, last_at=NOW_MS))
    throttle.put(conn, "account:x", Failures(count=2, first_at=NOW_MS, last_at=NOW_MS + 2))
    assert not throttle.any_old(conn, NOW_MS - 1)
    assert throttle.any_old(conn, NOW_MS + 1)
    assert throttle.forget_old(conn, NOW_MS + 1) == 1
    throttle.forget(conn, "account:x")
    assert throttle.read(conn, "account:x") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    text=st.text(st.characters(codec="utf-8")) | st.sampled_from(["a\r\nb", "\x1b[31mred", "x\u202ey", "\x00", "\x85"])
)
def test_an_audit_line_is_one_line_of_visible_text(conn: sqlite3.Connection, text: str) -> None:
    conn.execute("DELETE FROM audit")
    audit.write(conn, at_ms=NOW_MS, actor=text, action="test", object_=text, detail=text, source=text)
    ((at_ms, *fields),) = audit.everything(conn)
    (source,) = conn.execute("SELECT source FROM audit").fetchone()
    assert at_ms == NOW_MS
    for field in (*fields, source):
        assert not [each for each in field if ord(each) < 32 or 127 <= ord(each) < 160 or each in "\u2028\u2029\u202e"]
