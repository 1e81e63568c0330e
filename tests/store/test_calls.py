"""The table `call`: newest first and by page, bounded for each device, forgotten after seven days."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import calls
from gateway.store.calls import KEPT_MS, MOST_OF_A_DEVICE, KeptRow

NOW_MS = 1_700_000_000_000


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        opened.execute("PRAGMA synchronous=OFF")
        opened.executemany(
            "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (?, ?, '', x'00', 1, 0)",
            [(1, "one"), (2, "two")],
        )
        yield opened


def row(number: int, device_id: int = 1, at: int = NOW_MS) -> KeptRow:
    return KeptRow(number, device_id, at, "refused", "{}")


def ids(
    conn: sqlite3.Connection, device_id: int | None = None, before: int | None = None, most: int = 400
) -> list[int]:
    found = calls.page(conn, device_id=device_id, before=before, most=most, since_ms=NOW_MS - KEPT_MS)
    return [each.id for each in found]


def test_calls_are_told_newest_first_and_page_by_page(conn: sqlite3.Connection):
    calls.put(conn, [row(1), row(2, 2), row(3), row(4)], NOW_MS)
    assert ids(conn) == [4, 3, 2, 1]
    assert ids(conn, device_id=1) == [4, 3, 1]
    assert ids(conn, device_id=1, most=2) == [4, 3]
    assert ids(conn, device_id=1, before=3) == [1]
    assert calls.get(conn, 2) == row(2, 2)
    assert calls.get(conn, 9) is None


def test_writing_the_same_again_changes_nothing(conn: sqlite3.Connection):
    calls.put(conn, [row(1)], NOW_MS)
    calls.put(conn, [row(1)._replace(result="failed")], NOW_MS)
    assert calls.get(conn, 1) == row(1)


def test_a_device_has_its_newest_calls_and_takes_nothing_from_another(conn: sqlite3.Connection):
    calls.put(conn, [row(1, 2)], NOW_MS)
    calls.put(conn, [row(number) for number in range(10, 10 + MOST_OF_A_DEVICE + 5)], NOW_MS)
    assert ids(conn, device_id=2) == [1]
    assert ids(conn, device_id=1) == list(range(10 + MOST_OF_A_DEVICE + 4, 14, -1))


def test_a_call_is_forgotten_after_seven_days_and_not_before(conn: sqlite3.Connection):
    calls.put(conn, [row(1, at=NOW_MS - KEPT_MS), row(2, at=NOW_MS - KEPT_MS - 1)], NOW_MS - KEPT_MS)
    assert ids(conn) == [1], "what is over is not told, though nobody wrote since"
    assert calls.purge(conn, NOW_MS) == 1
    calls.put(conn, [row(3)], NOW_MS + 1)
    assert ids(conn) == [3]


def test_a_page_of_one_device_is_found_by_the_index(conn: sqlite3.Connection):
    plan = " ".join(
        str(line[3])
        for line in conn.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM call WHERE at >= 0 AND device_id = 1 ORDER BY id DESC LIMIT 50"
        )
    )
    assert "call_device" in plan
    assert "TEMP B-TREE" not in plan
