"""The table `admin_session`: found by the hash of the cookie, ended by user and by age."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import sessions, users

NOW_MS = 1_700_000_000_000
ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        opened.execute("PRAGMA foreign_keys=ON")
        users.add(opened, "anna", "hash", NOW_MS)
        users.add(opened, "boris", "hash", NOW_MS)
        yield opened


def test_a_session_is_found_with_its_user(conn: sqlite3.Connection) -> None:
    sessions.add(conn, ONE, 1, NOW_MS)
    found = sessions.find(conn, ONE)
    assert found is not None
    assert (found.user, found.user_id, found.started_at, found.seen_at, found.proved_at) == ("anna", 1, *[NOW_MS] * 3)
    assert sessions.find(conn, TWO) is None


def test_use_and_proof_are_noted(conn: sqlite3.Connection) -> None:
    sessions.add(conn, ONE, 1, NOW_MS)
    sessions.seen(conn, ONE, NOW_MS + 1)
    sessions.proved(conn, ONE, NOW_MS + 2)
    found = sessions.find(conn, ONE)
    assert found is not None
    assert (found.started_at, found.seen_at, found.proved_at) == (NOW_MS, NOW_MS + 1, NOW_MS + 2)


def test_the_sessions_of_one_user_are_ended(conn: sqlite3.Connection) -> None:
    for key, user in ((ONE, 1), (TWO, 1), (THREE, 2)):
        sessions.add(conn, key, user, NOW_MS)
    assert sessions.end_all(conn, 1, but=ONE) == [TWO]
    assert sessions.end_all(conn, 1) == [ONE]
    assert sessions.find(conn, THREE) is not None


def test_old_sessions_are_ended(conn: sqlite3.Connection) -> None:
    sessions.add(conn, ONE, 1, NOW_MS)
    sessions.add(conn, TWO, 1, NOW_MS + 100)
    sessions.seen(conn, TWO, NOW_MS + 150)
    assert not sessions.any_old(conn, started_before=NOW_MS - 1, seen_before=NOW_MS - 1)
    assert sessions.any_old(conn, started_before=NOW_MS, seen_before=0)
    assert sessions.end_old(conn, started_before=NOW_MS, seen_before=0) == [ONE]
    assert sessions.end_old(conn, started_before=0, seen_before=NOW_MS + 150) == [TWO]


def test_a_session_goes_with_its_user(conn: sqlite3.Connection) -> None:
    sessions.add(conn, ONE, 1, NOW_MS)
    conn.execute("DELETE FROM admin_user WHERE id = 1")
    assert sessions.find(conn, ONE) is None
