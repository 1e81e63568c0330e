"""The table `sign_in`: a link belongs to an origin, is spent once, and loses its secret in time."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import sign_ins
from gateway.store.sign_ins import CLOCK_PLAY_MS, REMEMBERED_MS

NOW_MS = 1_700_000_000_000
LIFE_MS = 600_000
DAY_MS = 24 * 3600 * 1000
HERE = ("command line",)


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        yield opened


def add(
    conn: sqlite3.Connection, name: bytes, *, at_ms: int = NOW_MS, origin: str = HERE[0], life_ms: int = LIFE_MS
) -> None:
    sign_ins.add(conn, state_hash=name, sealed=b"verifier", origin=origin, life_ms=life_ms, now_ms=at_ms)


def newest(conn: sqlite3.Connection, *origins: str, now_ms: int = NOW_MS) -> bytes | None:
    row = sign_ins.newest(conn, origins or HERE, now_ms)
    return None if row is None else row.state_hash


def test_a_link_is_spent_once_and_its_secret_is_gone(conn: sqlite3.Connection) -> None:
    add(conn, b"h")
    assert sign_ins.use(conn, b"h", NOW_MS + 1)
    assert not sign_ins.use(conn, b"h", NOW_MS + 2)
    row = sign_ins.find(conn, b"h", HERE)
    assert row is not None
    assert (row.sealed, row.used_at, row.is_alive(NOW_MS)) == (b"", NOW_MS + 1, False)
    assert sign_ins.find(conn, b"other", HERE) is None
    assert not sign_ins.use(conn, b"other", NOW_MS)


def test_a_link_is_known_to_its_origin_only(conn: sqlite3.Connection) -> None:
    add(conn, b"a", origin="session:a")
    add(conn, b"b", origin="user:1", at_ms=NOW_MS + 1)
    assert sign_ins.find(conn, b"a", ("session:b", "user:1")) is None
    found = sign_ins.find(conn, b"a", ("session:a", "user:1"))
    assert found is not None
    assert found.origin == "session:a"
    assert newest(conn, "session:a") == b"a"
    assert newest(conn, "session:a", "user:1") == b"b"
    assert newest(conn, "session:c") is None
    assert newest(conn, *()) is None
    assert sign_ins.any_known(conn)


def test_a_code_without_state_goes_with_the_newest_link_that_is_left(conn: sqlite3.Connection) -> None:
    assert newest(conn) is None
    assert not sign_ins.any_known(conn)
    for number in range(3):
        add(conn, bytes([number]), at_ms=NOW_MS + number)
    for expected in (2, 1, 0):
        assert newest(conn) == bytes([expected])
        sign_ins.use(conn, bytes([expected]), NOW_MS)
    last = sign_ins.newest(conn, HERE, NOW_MS)
    assert last is not None
    assert last.used_at == NOW_MS


def test_a_link_that_is_alive_comes_before_a_newer_one_that_is_not(conn: sqlite3.Connection) -> None:
    add(conn, b"day", at_ms=NOW_MS - LIFE_MS - 1000, life_ms=DAY_MS)
    add(conn, b"short", at_ms=NOW_MS - LIFE_MS)
    assert newest(conn) == b"day"
    assert newest(conn, now_ms=NOW_MS - 1) == b"short"
    sign_ins.purge(conn, NOW_MS)
    assert newest(conn) == b"day"


@pytest.mark.parametrize("life_ms", [LIFE_MS, DAY_MS])
@pytest.mark.parametrize("beyond_ms", [0, 1])
def test_old_links_lose_their_secret_at_once_and_their_name_later(
    conn: sqlite3.Connection, life_ms: int, beyond_ms: int
) -> None:
    add(conn, b"old", at_ms=NOW_MS - life_ms - beyond_ms, life_ms=life_ms)
    add(conn, b"young", at_ms=NOW_MS - life_ms + 1, life_ms=life_ms)
    assert sign_ins.anything_old(conn, NOW_MS)
    assert sign_ins.purge(conn, NOW_MS) == 1
    assert not sign_ins.anything_old(conn, NOW_MS)
    old, young = sign_ins.find(conn, b"old", HERE), sign_ins.find(conn, b"young", HERE)
    assert old is not None
    assert young is not None
    assert (old.sealed, young.sealed) == (b"", b"verifier")
    assert (old.is_alive(NOW_MS), young.is_alive(NOW_MS)) == (False, True)
    sign_ins.purge(conn, NOW_MS + REMEMBERED_MS + 1)
    assert sign_ins.find(conn, b"old", HERE) is None
    assert sign_ins.find(conn, b"young", HERE) is None


@pytest.mark.parametrize("life_ms", [LIFE_MS, DAY_MS])
def test_a_link_from_the_future_was_stamped_by_a_wrong_clock(conn: sqlite3.Connection, life_ms: int) -> None:
    add(conn, b"soon", at_ms=NOW_MS + CLOCK_PLAY_MS, life_ms=life_ms)
    add(conn, b"later", at_ms=NOW_MS + CLOCK_PLAY_MS + 1, life_ms=life_ms)
    assert sign_ins.purge(conn, NOW_MS) == 1
    soon, later = sign_ins.find(conn, b"soon", HERE), sign_ins.find(conn, b"later", HERE)
    assert soon is not None
    assert later is not None
    assert (soon.is_alive(NOW_MS), later.sealed) == (True, b"")


def test_links_are_withdrawn_for_one_origin_or_for_all(conn: sqlite3.Connection) -> None:
    for origin in ("session:a", "session:b", "user:1"):
        add(conn, origin.encode(), origin=origin)
    assert sign_ins.withdraw(conn, "session:a") == 1
    assert sign_ins.withdraw(conn, "session:a") == 0
    gone = sign_ins.find(conn, b"session:a", ("session:a",))
    assert gone is not None
    assert not gone.is_alive(NOW_MS)
    assert sign_ins.withdraw(conn) == 2
