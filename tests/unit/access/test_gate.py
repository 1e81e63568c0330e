"""How often one may try: five times from one place, a hundred times for one account, never locked out for good."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import gate
from gateway.access.gate import Gate
from gateway.errors import AccessError
from gateway.store import throttle
from gateway.store.database import Database
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock, StoppedClock

MINUTE_MS = 60_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    give_database(tmp_path / "gateway.db", 0)
    opened = Database(tmp_path / "gateway.db")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> MovedClock:
    return StoppedClock()


async def refused(gate_: Gate, source: str, account: str = "") -> AccessError | None:
    try:
        await gate_.enter(source, account)
    except AccessError as error:
        return error
    return None


async def test_five_tries_then_five_minutes(database: Database, clock: MovedClock) -> None:
    door = Gate(database, clock)
    for _ in range(5):
        assert await refused(door, "10.0.0.1") is None
        clock.ahead_ms += 1000
    error = await refused(door, "10.0.0.1")
    assert error is not None
    assert (error.code, error.values["n"]) == ("A-02", "5")
    assert 290 <= int(error.values["retry_after_s"]) <= 295
    assert "Wait 5 minutes" in str(error)
    assert await refused(door, "10.0.0.2") is None
    clock.ahead_ms += 5 * MINUTE_MS - 6000
    error = await refused(door, "10.0.0.1")
    assert error is not None
    assert "Wait 1 minute." in str(error)
    clock.ahead_ms += 1000
    assert await refused(door, "10.0.0.1") is None


async def test_being_refused_does_not_make_the_wait_longer(database: Database, clock: MovedClock) -> None:
    door = Gate(database, clock)
    for _ in range(5):
        await refused(door, "10.0.0.1")
    for _ in range(10):
        assert await refused(door, "10.0.0.1") is not None
        clock.ahead_ms += MINUTE_MS // 2
    assert await refused(door, "10.0.0.1") is None


async def test_many_at_the_same_time_are_counted_before_they_are_looked_at(
    database: Database, clock: MovedClock
) -> None:
    door = Gate(database, clock)
    let_in = await asyncio.gather(*(refused(door, "10.0.0.1", "anna") for _ in range(50)))
    assert let_in.count(None) == 5


async def test_refusing_costs_one_write_in_a_window(database: Database, clock: MovedClock) -> None:
    """Nobody wears out the flash by trying on."""
    door = Gate(database, clock)
    for _ in range(6):
        await refused(door, "10.0.0.1")

    def changes(conn: object) -> int:
        return conn.total_changes  # type: ignore[attr-defined, no-any-return]

    before = await database.write(changes)
    for _ in range(20):
        assert await refused(door, "10.0.0.1") is not None
    assert await database.write(changes) == before


async def test_what_was_right_does_not_count(database: Database, clock: MovedClock) -> None:
    door = Gate(database, clock)
    for _ in range(20):
        assert await refused(door, "10.0.0.1", "anna") is None
        await database.write(lambda conn: gate.passed(conn, "10.0.0.1", "anna"))
    assert await database.read(lambda conn: throttle.read(conn, gate.source_subject("10.0.0.1"))) is None


async def test_after_a_hundred_in_a_row_an_account_is_slow_but_not_locked(
    database: Database, clock: MovedClock
) -> None:
    door = Gate(database, clock)
    for number in range(100):
        assert await refused(door, f"10.0.{number}.1", "Anna") is None
    error = await refused(door, "10.9.9.9", "anna")
    assert error is not None
    assert 55 <= int(error.values["retry_after_s"]) <= 60
    assert await refused(door, "10.9.9.9", "boris") is None, "other accounts go on"
    for number in range(5):
        clock.ahead_ms += MINUTE_MS
        assert await refused(door, f"10.8.{number}.1", "anna") is None, "one a minute"
        assert await refused(door, f"10.7.{number}.1", "anna") is not None
    clock.ahead_ms += MINUTE_MS
    assert await refused(door, "10.9.9.9", "anna") is None
    await database.write(lambda conn: gate.passed(conn, "10.9.9.9", "anna"))
    assert await refused(door, "10.9.9.9", "anna") is None, "the right password makes an end of it"


async def test_a_clock_that_was_set_back_locks_nobody_out(database: Database, clock: MovedClock) -> None:
    door = Gate(database, clock)
    clock.ahead_ms += 1000 * 24 * 60 * MINUTE_MS
    for number in range(100):
        await refused(door, f"10.0.{number}.1", "anna")
    for _ in range(5):
        await refused(door, "10.0.0.1")
    clock.ahead_ms = 0
    assert await refused(door, "10.9.9.9", "anna") is None
    error = await refused(door, "10.0.0.1")
    assert error is not None
    assert int(error.values["retry_after_s"]) <= 300
    clock.ahead_ms += 5 * MINUTE_MS
    assert await refused(door, "10.0.0.1") is None


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_ipv6_counts_by_the_64_bits_of_a_network(address: ipaddress.IPv6Address, host: int) -> None:
    neighbour = ipaddress.IPv6Address(int(address) & ~(2**64 - 1) | host)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert gate.source_subject(str(address)) == gate.source_subject(str(neighbour))
        other = ipaddress.IPv6Address(int(address) ^ 2**64)
        assert gate.source_subject(str(address)) != gate.source_subject(str(other))


def test_the_ways_of_writing_a_source() -> None:
    assert gate.source_subject("10.0.0.1") == gate.source_subject("::ffff:10.0.0.1") == "source:10.0.0.1"
    assert gate.source_subject("fe80::1%eth0") == "source:fe80::/64"
    assert gate.source_subject("") == gate.source_subject("somewhere") == "source:unknown"


def test_what_is_typed_as_a_name_is_not_kept() -> None:
    assert "hunter2" not in gate.account_subject("hunter2")
    assert gate.account_subject("Anna") == gate.account_subject("aNNA")
