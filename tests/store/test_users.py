"""The table `admin_user`: names are unique in any case, passwords are replaced, hashes are in no repr."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import users

NOW_MS = 1_700_000_000_000


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        yield opened


def test_a_fresh_database_has_no_users(conn: sqlite3.Connection) -> None:
    assert users.count(conn) == 0
    assert users.everybody(conn) == []
    assert users.find(conn, "admin") is None


def test_a_name_is_found_and_taken_in_any_case(conn: sqlite3.Connection) -> None:
    number = users.add(conn, "Anna", "hash", NOW_MS)
    found = users.find(conn, "aNNA")
    assert found is not None
    assert (found.id, found.name, found.password_hash, found.created_at) == (number, "Anna", "hash", NOW_MS)
    with pytest.raises(sqlite3.IntegrityError):
        users.add(conn, "anna", "other", NOW_MS)


def test_a_password_is_replaced(conn: sqlite3.Connection) -> None:
    users.add(conn, "boris", "old", NOW_MS)
    users.add(conn, "anna", "hers", NOW_MS)
    row = users.find(conn, "boris")
    assert row is not None
    users.set_password(conn, row.id, "new", NOW_MS + 5)
    assert [(each.name, each.password_hash, each.changed_at) for each in users.everybody(conn)] == [
        ("anna", "hers", NOW_MS),
        ("boris", "new", NOW_MS + 5),
    ]
    assert users.count(conn) == 2


def test_hashes_are_not_in_a_repr(conn: sqlite3.Connection) -> None:
    users.add(conn, "anna", "canary", NOW_MS)
    assert "canary" not in repr(users.everybody(conn))
