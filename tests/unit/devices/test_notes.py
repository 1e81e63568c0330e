"""What is noted beside the calls: people learned from them, when devices called; written together and never twice."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime

import pytest

from gateway.devices.calls import LONGEST_TEXT, Calls
from gateway.devices.device import Device
from gateway.devices.directory import MOST_ENTRIES
from gateway.devices.keeper import Keeper
from gateway.devices.register import Register
from gateway.domain.meeting import Invitee, Meeting
from gateway.errors import StoreError
from gateway.store import device_calls, directory
from gateway.store.database import Database
from gateway.store.device_calls import CallRow
from gateway.store.directory import Entry
from gateway.store.vault import Vault
from tests.unit.devices.office import NOW_MS, StandingClock, register_of, roster, section


@pytest.fixture
async def register(database: Database, vault: Vault, clock: StandingClock) -> Register:
    return await register_of(database, vault, clock, section("one"), section("two"))


def device(register: Register, name: str = "one") -> Device:
    found = register.find(name)
    assert found is not None
    return found


def meeting(*people: Invitee, host: Invitee | None = None) -> Meeting:
    at = datetime(2026, 11, 23, 10)
    return Meeting(
        external_id="1",
        subject="x",
        start_local=at,
        end_local=at,
        start_utc_s=1,
        end_utc_s=2,
        zone="UTC",
        host=host,
        invitees=people,
    )


def person(extension: str | None, email: str | None, name: str | None = None) -> Invitee:
    return Invitee(extension=extension, email=email, name=name)


async def test_people_are_learned_from_calls_and_known_at_once(register: Register, database: Database) -> None:
    one = device(register)
    said = meeting(
        person("1001", "bob@example.com", "Bob"),
        person("1002", None),
        person(None, "x@example.com"),
        host=person("1000", "ann@example.com"),
    )
    register.directory.learn(one, said)
    assert dict(one.directory) == {"1000": "ann@example.com", "1001": "bob@example.com"}
    assert dict(device(register, "two").directory) == {}
    keeper = Keeper(database, register.directory)
    await keeper.write()
    stored = await database.read(lambda conn: directory.of_device(conn, one.row.id))
    assert stored == [Entry("1000", "ann@example.com", "", True), Entry("1001", "bob@example.com", "Bob", True)]
    register.directory.learn(one, said)
    assert register.directory.take() is None, "nothing new"


async def test_a_list_knows_better_than_a_device(
    register: Register, database: Database, vault: Vault, clock: StandingClock
) -> None:
    one, office, keeper = (
        device(register),
        roster(database, vault, clock, section("one")),
        Keeper(database, register.directory),
    )
    register.directory.learn(one, meeting(person("1", "old@example.com"), person("2", "learned@example.com")))
    await keeper.write()
    assert await office.import_directory("one", b"ext,email,name\n1,new@example.com,New\n") == (1, 0, ())
    register.directory.learn(one, meeting(person("1", "other@example.com"), person("3", "unwritten@example.com")))
    await register.reload()
    assert dict(one.directory) == {"1": "new@example.com", "2": "learned@example.com", "3": "unwritten@example.com"}
    register.directory.learn(one, meeting(person("1", "again@example.com")))
    assert one.directory["1"] == "new@example.com"
    await keeper.write()
    assert await office.directory("one") == [
        Entry("1", "new@example.com", "New", False),
        Entry("2", "learned@example.com", "", True),
        Entry("3", "unwritten@example.com", "", True),
    ]
    assert await office.import_directory("one", b"ext,email\n2,two@example.com\n") == (1, 1, ())
    assert await office.clear_directory("one", learned_only=True) == 1
    assert await office.directory("one") == [Entry("2", "two@example.com", "", False)]
    await register.reload()
    assert dict(one.directory) == {"2": "two@example.com"}, "the mapping that was handed out stays true"
    assert await office.clear_directory("one", learned_only=False) == 1


async def test_a_directory_has_an_end(register: Register) -> None:
    one = device(register)
    for start in range(0, MOST_ENTRIES + 500, 500):
        people = [person(str(number), f"p{number}@example.com") for number in range(start, start + 500)]
        register.directory.learn(one, meeting(*people))
    assert len(one.directory) == MOST_ENTRIES
    register.directory.learn(one, meeting(person("7", "moved@example.com")))
    assert one.directory["7"] == "moved@example.com"


async def test_calls_are_noted_once_a_minute_and_refusals_stay(
    register: Register, database: Database, clock: StandingClock
) -> None:
    calls, one, two = Calls(clock.now_ms), device(register), device(register, "two")
    keeper, written = Keeper(database, calls), 0
    for _ in range(180):
        calls.accepted(one)
        written += calls.take() is not None
        calls.settle(written=True)
        clock.ms += 1000
    assert written == 3
    calls.refused(one, "D-02", "wrong\x1b key " + "x" * 999)
    calls.accepted(two)
    await keeper.write()
    clock.ms += 60_000
    calls.accepted(one)
    await keeper.write()
    stored = await database.read(device_calls.everything)
    noted = stored[one.row.id]
    assert (noted.called_at, noted.refused_at) == (NOW_MS + 240_000, NOW_MS + 180_000)
    assert (noted.refused_code, len(noted.refused_text)) == ("D-02", LONGEST_TEXT)
    assert noted.refused_text.isprintable()
    assert stored[two.row.id] == CallRow(two.row.id, NOW_MS + 180_000, None, "", "")


async def test_a_disk_that_fails_loses_no_note(register: Register, database: Database, clock: StandingClock) -> None:
    calls, one = Calls(clock.now_ms), device(register)
    keeper = Keeper(database, calls, register.directory)
    calls.refused(one, "D-02", "first")
    register.directory.learn(one, meeting(person("1", "a@example.com")))

    def break_it(conn: sqlite3.Connection) -> None:
        conn.execute("ALTER TABLE directory RENAME TO elsewhere")

    await database.write(break_it)
    with pytest.raises(StoreError):
        await keeper.write()
    clock.ms += 1
    calls.accepted(one)
    register.directory.learn(one, meeting(person("1", "b@example.com")))
    await database.write(lambda conn: conn.execute("ALTER TABLE elsewhere RENAME TO directory"))
    await keeper.close()
    stored = (await database.read(device_calls.everything))[one.row.id]
    assert stored == CallRow(one.row.id, NOW_MS + 1, NOW_MS, "D-02", "first")
    assert await database.read(lambda conn: directory.of_device(conn, one.row.id)) == [
        Entry("1", "b@example.com", "", True)
    ]


async def test_the_keeper_writes_by_itself_what_comes_together(
    register: Register, database: Database, clock: StandingClock
) -> None:
    calls, one = Calls(clock.now_ms), device(register)
    keeper = Keeper(database, calls, register.directory, pause_s=0.0)
    running = asyncio.create_task(keeper.run())
    calls.accepted(one)
    register.directory.learn(one, meeting(person("1", "a@example.com")))
    async with asyncio.timeout(60):
        while not await database.read(device_calls.everything):
            await asyncio.sleep(0.01)
    assert await database.read(lambda conn: directory.of_device(conn, one.row.id))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_domain_gives_every_extension_an_address_that_nobody_learns(
    database: Database, vault: Vault, clock: StandingClock
) -> None:
    register = await register_of(database, vault, clock, section("one", email_domain="pbx.example.com"))
    one = device(register)
    assert one.directory["1000"] == "1000@pbx.example.com"
    for odd in ("", "+49 30", "a@b", "x" * 65, "10\n00"):
        assert one.directory.get(odd) is None
    register.directory.learn(one, meeting(person("1000", "1000@pbx.example.com"), person("1001", "bob@example.com")))
    assert (dict(one.directory), one.directory["1001"]) == ({"1001": "bob@example.com"}, "bob@example.com")
