"""Who wants to connect: bounded whatever comes, never trusted, and whose calls are not lost once they are added."""

from __future__ import annotations

import json
import logging
import os
import tracemalloc

import pytest

from gateway.devices.keeper import Keeper
from gateway.devices.likely import Likely, likely
from gateway.devices.pending import (
    KEPT_FOR_MS,
    LARGEST_CALL,
    MOST_CALLERS,
    MOST_CALLS,
    MOST_FROM_ONE_SOURCE,
    KeptCall,
    Pending,
)
from gateway.store import pending as table
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.unit.devices.office import CATALOG, HOUR_MS, NOW_MS, StandingClock, roster, section

FORM = {"bookid": "1", "confname": "Weekly Meeting", "starttime": "2026-11-23 10:00:00", "endtime": "x"}
MANY = 100_000 if os.environ.get("LONG") else 2_000


def call(clock: StandingClock, body: bytes = b"{}", content_type: str = "application/json") -> KeptCall:
    return KeptCall(method="POST", path="/x", content_type=content_type, body=body, at_ms=clock.now_ms())


@pytest.fixture
def waiting(clock: StandingClock) -> Pending:
    return Pending(clock.now_ms, lambda: iter(CATALOG))


async def stored(database: Database) -> list[table.PendingRow]:
    return await database.read(table.pending)


async def test_a_caller_is_shown_with_what_it_looks_like(
    waiting: Pending, database: Database, clock: StandingClock
) -> None:
    keeper = Keeper(database, waiting)
    for _ in range(3):
        waiting.note("ucm-9", "192.0.2.21", call(clock, json.dumps(FORM).encode()))
        clock.ms += 1000
    await keeper.write()
    [row] = await stored(database)
    assert row == table.PendingRow(
        "ucm-9", "192.0.2.21", NOW_MS, NOW_MS + 2000, 3, "grandstream/ucm6200", "Weekly Meeting"
    )


async def test_one_machine_cannot_push_out_the_others(waiting: Pending, clock: StandingClock) -> None:
    waiting.note("honest", "192.0.2.1", call(clock))
    for number in range(MANY):
        waiting.note(f"fake-{number}", "192.0.2.66", call(clock, b"x" * 100))
    assert len(waiting.callers()) == 1 + MOST_FROM_ONE_SOURCE
    assert waiting.callers()[-1].name == "honest"
    accepted = await accepted_of(waiting, "honest")
    assert [len(kept) for kept in accepted.values()] == [1], "its call is still there"


class NoDatabase:
    """Stands for a database with nothing in the tables of strangers."""

    async def read(self, _work: object) -> tuple[list[table.PendingRow], list[str]]:
        return [], []


async def accepted_of(waiting: Pending, *known: str) -> dict[str, tuple[KeptCall, ...]]:
    return await waiting.reload(NoDatabase(), known)  # type: ignore[arg-type]


def test_a_flood_from_everywhere_is_bounded_in_number_and_bytes(waiting: Pending, clock: StandingClock) -> None:
    body = bytearray(LARGEST_CALL)
    tracemalloc.start()
    try:
        for number in range(MANY):
            where = f"2001:db8:{number:x}::1" if number % 2 else f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            waiting.note(f"fake-{number}", where, call(clock, bytes(body)))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(waiting.callers()) == MOST_CALLERS
    assert held < 2 * MOST_CALLS * LARGEST_CALL + 1_000_000


def test_all_addresses_of_one_network_of_ipv6_are_one_machine(waiting: Pending) -> None:
    for number in range(100):
        waiting.note(f"fake-{number}", f"2001:db8::{number:x}")
        waiting.note(f"mapped-{number}", "::ffff:192.0.2.5" if number % 2 else "192.0.2.5")
    assert len(waiting.callers()) == 2 * MOST_FROM_ONE_SOURCE


@pytest.mark.parametrize("name", ["", "UCM", "a b", "../x", "x" * 64, "ü", "a\n", "-x"])
def test_names_that_no_device_may_have_are_not_noted(waiting: Pending, name: str) -> None:
    waiting.note(name, "192.0.2.1")
    assert waiting.callers() == []


def test_a_call_that_is_too_large_counts_and_is_not_kept(waiting: Pending, clock: StandingClock) -> None:
    waiting.note("ucm-9", "192.0.2.1", call(clock, b"x" * (LARGEST_CALL + 1)))
    assert [(row.name, row.seen) for row in waiting.callers()] == [("ucm-9", 1)]


async def test_kept_calls_are_handed_over_once_in_order_and_not_when_old(
    waiting: Pending, clock: StandingClock
) -> None:
    for number in range(MOST_CALLS + 5):
        waiting.note("ucm-9", "192.0.2.1", call(clock, str(number).encode()))
        clock.ms += HOUR_MS
    clock.ms = NOW_MS + KEPT_FOR_MS + 10 * HOUR_MS
    accepted = await accepted_of(waiting, "ucm-9", "other")
    bodies = [int(kept.body) for kept in accepted["ucm-9"]]
    assert bodies == sorted(bodies) == list(range(10, MOST_CALLS + 5))
    assert await accepted_of(waiting, "ucm-9") == {}
    assert waiting.callers() == []


async def test_where_several_used_a_name_none_is_believed(waiting: Pending, clock: StandingClock) -> None:
    waiting.note("ucm-9", "192.0.2.1", call(clock, b"1"))
    waiting.note("ucm-9", "192.0.2.66", call(clock, b"2"))
    assert await accepted_of(waiting, "ucm-9") == {}
    assert waiting.callers() == []


async def test_the_newest_calls_are_kept(waiting: Pending, clock: StandingClock) -> None:
    for number in range(3 * MOST_CALLS):
        clock.ms += 1
        waiting.note("ucm-9", "192.0.2.1", call(clock, str(number).encode()))
    accepted = await accepted_of(waiting, "ucm-9")
    assert [int(kept.body) for kept in accepted["ucm-9"]] == list(range(2 * MOST_CALLS, 3 * MOST_CALLS))


async def test_a_process_that_starts_again_knows_who_waited(
    waiting: Pending, database: Database, clock: StandingClock
) -> None:
    waiting.note("ucm-9", "192.0.2.1", call(clock, json.dumps(FORM).encode()))
    await Keeper(database, waiting).write()
    again = Pending(clock.now_ms, lambda: iter(CATALOG))
    assert await again.reload(database, ()) == {}
    assert again.callers() == waiting.callers()
    clock.ms += KEPT_FOR_MS + 1
    assert again.take() is None, "nothing happened"
    again.note("ucm-8", "192.0.2.2")
    await Keeper(database, again).write()
    assert [row.name for row in await stored(database)] == ["ucm-8"], "a day is over"


async def test_ignored_and_added_names_wait_no_longer(
    waiting: Pending, database: Database, vault: Vault, clock: StandingClock
) -> None:
    office = roster(database, vault, clock)
    keeper = Keeper(database, waiting)
    for name in ("good", "bad", "other"):
        waiting.note(name, "192.0.2.1", call(clock))
    await keeper.write()
    await office.ignore("bad", ignored=True)
    assert {row.name for row in await stored(database)} == {"good", "other"}
    waiting.note("third", "192.0.2.1")
    await keeper.write()
    assert {row.name for row in await stored(database)} == {"good", "other", "third"}, "before it heard of it"
    await office.add(section("good"))
    accepted = await waiting.reload(database, {"good"})
    assert [len(calls) for calls in accepted.values()] == [1]
    for name in ("bad", "bad"):
        waiting.note(name, "192.0.2.1")
    assert {row.name for row in waiting.callers()} == {"other", "third"}
    await office.ignore("bad", ignored=False)
    await waiting.reload(database, {"good"})
    waiting.note("bad", "192.0.2.1")
    assert {row.name for row in waiting.callers()} == {"other", "third", "bad"}


async def test_nothing_a_caller_said_is_on_disk_but_one_subject(
    waiting: Pending, database: Database, clock: StandingClock
) -> None:
    said = {**FORM, "pincode": "canary-pin", "description": "canary-agenda"}
    waiting.note("ucm-9", "192.0.2.1", call(clock, json.dumps(said).encode()))
    await Keeper(database, waiting).write()
    assert "canary" not in str(await stored(database))
    assert "canary" not in repr(call(clock, b"canary"))


async def test_a_steady_caller_costs_one_write_a_minute(waiting: Pending, clock: StandingClock) -> None:
    writes = 0
    for _ in range(600):
        waiting.note("ucm-9", "192.0.2.1")
        clock.ms += 1000
        work = waiting.take()
        writes += work is not None
        waiting.settle(written=True)
    assert writes == 10


def test_a_guess_reads_json_forms_and_what_devices_wrap() -> None:
    text = json.dumps(FORM)
    known = Likely("grandstream/ucm6200", "Weekly Meeting")
    assert likely("application/json; charset=utf-8", text.encode(), CATALOG) == known
    assert likely("application/json", json.dumps({"request": FORM}).encode(), CATALOG) == known
    form = "bookid=1&confname=Weekly+Meeting&starttime=x&endtime=y"
    assert likely("application/x-www-form-urlencoded", form.encode(), CATALOG) == known
    jitsi = json.dumps({"name": "Weekly", "start_time": "x"})
    assert likely("application/json", jitsi.encode(), CATALOG).profile == "jitsi/reservation"
    long = likely("application/json", json.dumps({**FORM, "confname": "a\u202e\n" * 999}).encode(), CATALOG)
    assert len(long.subject) <= 120
    assert long.subject.isprintable()


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[" * 60_000, b"[1]", b"{}", b'{"a":' * 5000, b"null", b"1e999", b'{"subject": 5, "start": {}}'],
)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_garbage_looks_like_nothing(kind: str, body: bytes) -> None:
    assert likely(kind, body, CATALOG).subject == ""


def test_a_form_of_a_thousand_fields_looks_like_nothing() -> None:
    body = "&".join(f"a{number}=1" for number in range(1000)) + "&bookid=1&confname=x&starttime=1&endtime=2"
    assert likely("application/x-www-form-urlencoded", body.encode(), CATALOG) == Likely("", "")


def test_a_flood_is_one_line_a_minute_in_the_log(
    waiting: Pending, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for number in range(300):
            waiting.note(f"fake-{number}", "192.0.2.66", call(clock, json.dumps(FORM).encode()))
            clock.ms += 1000
            waiting.take()
        clock.ms += HOUR_MS
        waiting.note("last", "192.0.2.66")
        waiting.take()
        clock.ms += HOUR_MS
        waiting.note("last", "192.0.2.66")
        assert waiting.take() is not None
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 6, "and nothing about one that was told of"
    assert lines[0] == "D-01 fake-0 at 192.0.2.66 wants to connect. It looks like grandstream/ucm6200."
