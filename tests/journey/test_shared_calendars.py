"""One calendar seen by several accounts, or under several names: no meeting's event is ever taken for one too many."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.accounts.service_sign_in import key_from
from gateway.clock import SystemClock
from gateway.config import load
from gateway.domain.event_id import event_id
from gateway.google.scopes import asked_for, calendar_only
from gateway.mirror.inbound.calendar_reader import CalendarReader
from gateway.mirror.inbound.verify import Finding, Kind, Verification
from gateway.mirror.paced import Pace, PaceLimits
from gateway.store import mirrored, second_looks
from gateway.store.folder import WAKE_SIGNAL
from gateway.store.installation import installation_id
from gateway.store.second_looks import StrayEvent
from simulator.google import SimulatedGoogle
from tests import warm
from tests.journey.gateway_process import CONFIG, DEVICE_KEY
from tests.journey.two_way_office import ENVIRON, TwoWay
from tests.prepared import running

ANNA, BOB = "arthur.morgan@mycompanyabc.com", "bob@example.com"
ROOMS = "rooms@group.calendar.google.com"
NUMBERS = {"retry_first_s": 1, "retry_cap_s": 2, "call_timeout_s": 30}
Edit = Callable[[str], str]


@asynccontextmanager
async def office(tmp_path: Path, google: SimulatedGoogle, edit: Edit = str) -> AsyncIterator[TwoWay]:
    """A gateway to which Anna is signed in; `edit` changes its settings."""
    path = tmp_path / "config.yaml"
    text = CONFIG.format(client_id="sim-client.apps.googleusercontent.com", base=google.base, **NUMBERS)
    path.write_text(edit(text) + "  google_calendar_per_s: 50\n")
    headers = {"Authorization": f"Bearer {DEVICE_KEY}"}
    async with (
        running(load(path, ENVIRON), SystemClock()) as gateway,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        way = TwoWay(gateway, google, session)
        await sign_in(way, ANNA)
        yield way


async def sign_in(way: TwoWay, email: str, **how: bool) -> None:
    accounts = way.gateway.stored.accounts
    link = await accounts.start()
    await accounts.store(await accounts.finish(way.google.do.approve(link.url, email)), **{"replace": False, **how})


async def service_account(way: TwoWay, folder: Path, email: str, **how: bool) -> None:
    accounts = way.gateway.stored.accounts
    content = way.google.do.create_service_account()
    way.google.do.delegate(content["client_email"], calendar_only(asked_for()))
    path = folder / "key.json"
    path.write_text(json.dumps(content))
    candidate = await accounts.service_account(key_from(path), email)
    await accounts.store(candidate, **{"replace": False, **how})


def on_rooms(text: str) -> str:
    return text.replace("  endpoints:\n", f"  calendar: {ROOMS}\n  endpoints:\n")


def of_script(*lines: str) -> Edit:
    chosen = "".join(f"    {line}\n" for line in lines)
    return lambda text: text.replace("    invitations: google\n", f"    invitations: google\n{chosen}")


def of_front(*lines: str) -> Edit:
    chosen = "".join(f"    {line}\n" for line in lines)
    return lambda text: text.replace("    name: Front", f"{chosen}    name: Front")


def shared(google: SimulatedGoogle) -> None:
    google.do.add_account(BOB)
    google.do.add_calendar("Rooms", ANNA, ROOMS)
    google.do.set_access(ROOMS, "owner", BOB)


def living(google: SimulatedGoogle) -> list[str]:
    return sorted(event["id"] for event in google.state.live_events)


def writes(google: SimulatedGoogle) -> list[str]:
    words = ("insert", "update", "patch", "delete")
    return [each.operation for each in google.state.requests if any(word in each.operation for word in words)]


async def several(way: TwoWay) -> list[str]:
    for number in range(7):
        await way.say(f"m-{number}", subject=f"Meeting {number}")
    await way.at_rest()
    return living(way.google)


async def nothing_is_written(way: TwoWay, before: list[str]) -> None:
    """Read again and again: all stays as it is."""
    made = len(writes(way.google))
    for _ in range(4):
        assert await way.read() is None
        await way.at_rest()
    assert living(way.google) == before
    assert writes(way.google)[made:] == []


async def test_another_persons_account_that_sees_the_same_calendar_leaves_its_events(
    tmp_path: Path, google: SimulatedGoogle
) -> None:
    shared(google)
    async with office(tmp_path, google, on_rooms) as way:
        before = await several(way)
        await sign_in(way, BOB, replace=True)
        await nothing_is_written(way, before)


async def test_two_accounts_beside_each_other_on_one_calendar_leave_each_others_events(
    tmp_path: Path, google: SimulatedGoogle
) -> None:
    shared(google)
    both = (
        of_script(f"account: {ANNA}", f"calendar: {ROOMS}"),
        of_front(f"account: {BOB.title()}", f"calendar: {ROOMS}"),
    )
    async with office(tmp_path, google, lambda text: both[1](both[0](text))) as way:
        await sign_in(way, BOB, add=True)
        before = await several(way)
        await nothing_is_written(way, before)
        read = {(each.email, each.calendar_id) for each in way.gateway.mirroring.inbound.status.calendars}
        assert read == {(ANNA, ROOMS), (BOB, ROOMS)}, "an address is one in whatever case somebody wrote it"
        report = await (await verification(way)).compare()
        assert (report.compared, report.findings) == (7, [])


@pytest.mark.parametrize("first", ["google", "service account", "signed out"])
async def test_the_same_person_signed_in_in_another_way_goes_on_with_the_same_events(
    tmp_path: Path, google: SimulatedGoogle, first: str
) -> None:
    async with office(tmp_path, google) as way:
        accounts = way.gateway.stored.accounts
        if first != "google":
            await service_account(way, tmp_path, ANNA, replace=True)
        before = await several(way)
        if first == "google":
            await service_account(way, tmp_path, ANNA, replace=True)
        else:
            if first == "signed out":
                await accounts.forget()
            await sign_in(way, ANNA, replace=True)
        await nothing_is_written(way, before)
        (account,) = accounts.usable()
        assert {each.account_id for each in await stored_events(way)} == {account.account_id}
        await way.send("m-3", subject="Still written")
        assert (await way.event("m-3"))["summary"] == "Still written"
        assert living(google) == before


async def test_who_signs_out_leaves_the_events_to_the_same_persons_other_account(
    tmp_path: Path, google: SimulatedGoogle
) -> None:
    async with office(tmp_path, google) as way:
        before = await several(way)
        await service_account(way, tmp_path, ANNA, add=True)
        await nothing_is_written(way, before)
        kept, other = sorted(each.account_id for each in way.gateway.stored.accounts.usable())
        assert {each.account_id for each in await stored_events(way)} == {kept}
        await way.gateway.stored.accounts.forget()
        assert {each.account_id for each in await stored_events(way)} == {other}
        await nothing_is_written(way, before)


async def test_an_accounts_own_calendar_under_both_of_its_names_is_one(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with office(tmp_path, google, of_script(f"calendar: {ANNA}")) as way:
        before = await several(way)
        await nothing_is_written(way, before)
        status = way.gateway.mirroring.inbound.status
        assert [each.calendar_id for each in status.calendars] == ["primary"]
        google.do.edit_event(before[0], {"summary": "Changed by hand"})
        await way.settled()
        assert "Changed by hand" not in {event["summary"] for event in google.state.live_events}


async def test_events_noted_under_the_other_name_stay(tmp_path: Path, google: SimulatedGoogle) -> None:
    """An account's own calendar was named by its address when they were written."""
    async with office(tmp_path, google) as way:
        before = await several(way)

        def under_its_address(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE mirrored SET calendar_id = ?", (ANNA,))

        await way.gateway.stored.database.write(under_its_address)
        report = await (await verification(way)).compare()
        assert (report.compared, report.findings) == (7, [])
        await nothing_is_written(way, before)
        assert {each.calendar_id for each in await stored_events(way)} == {"primary"}


@pytest.mark.parametrize("wins", ["device", "google"])
async def test_a_persons_copy_of_an_event_is_the_persons(tmp_path: Path, google: SimulatedGoogle, wins: str) -> None:
    """A program that takes events out of a calendar and puts them into another copies our marks with them."""
    google.do.add_calendar("Rooms", ANNA, ROOMS)
    async with office(
        tmp_path, google, lambda text: of_script(f"wins: {wins}")(of_front(f"calendar: {ROOMS}")(text))
    ) as way:
        await way.send("m")
        event = await way.event("m")
        copy = {name: event[name] for name in ("start", "end", "extendedProperties")}
        google.do.create_event({**copy, "summary": "My own"})
        google.do.create_event({**copy, "summary": "My own"}, ROOMS)
        await nothing_is_written(way, living(google))
        compared = await verification(way)
        findings = (await compared.compare()).findings
        assert [(each.kind, each.marked) for each in findings] == [(Kind.DOUBLED, False)] * 2
        assert all("the gateway did not make it" in each.detail for each in findings)
        assert await compared.repair(findings) == 0
        await nothing_is_written(way, living(google))
        await way.send("m", subject="Another word")
        assert sorted(each["summary"] for each in google.state.live_events) == ["Another word", "My own", "My own"]


async def test_an_event_is_not_removed_on_anybodys_word_while_it_is_a_meetings(
    tmp_path: Path, google: SimulatedGoogle
) -> None:
    """Neither a finding of an hour ago nor a note under whatever account and calendar is enough."""
    shared(google)
    async with office(tmp_path, google, on_rooms) as way:
        before = await several(way)
        await sign_in(way, BOB, add=True)
        events, compared = await stored_events(way), await verification(way)
        found = [
            Finding(kind=Kind.DOUBLED, account_id=number, calendar_id=calendar_id, remote_id=each.remote_id,
                    meeting_id=each.meeting_id, marked=True)
            for each in events[:2] for number in (1, 2) for calendar_id in (ROOMS, "primary")
        ]  # fmt: skip
        await compared.repair(found)
        await nothing_is_written(way, before)
        for each in events[:2]:
            row = each.meeting_id
            await way.gateway.stored.database.write(lambda conn, row=row: mirrored.mark_stale(conn, row))
        await nothing_is_written(way, before)


async def old_ones(way: TwoWay, number: int) -> list[str]:
    """Events that the gateway once made for meetings that have another one now."""
    (before, installation) = await stored_events(way), await way.gateway.stored.database.read(installation_id)
    template = await way.event("m-0")

    def renew(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE mirrored SET generation = 3")

    await way.gateway.stored.database.write(renew)
    made = []
    for each in before[:number]:
        marks = {"gateway": installation, "meeting": str(each.meeting_id), "generation": "1"}
        body = {name: template[name] for name in ("summary", "start", "end")}
        old = {"id": event_id(installation, each.meeting_id, 1), "extendedProperties": {"private": marks}}
        made.append(way.google.do.create_event({**body, **old})["id"])
    return made


async def test_a_few_that_stand_twice_are_removed_and_more_are_asked_about(
    tmp_path: Path, google: SimulatedGoogle
) -> None:
    async with office(tmp_path, google) as way:
        before = await several(way)
        await old_ones(way, 5)
        await way.settled()
        assert living(google) == before
        many = await old_ones_again(way, 6)
        await nothing_is_written(way, living(google))
        (asked,) = await way.gateway.stored.database.read(second_looks.doubles)
        assert (asked.calendar_id, asked.asked, asked.refused) == ("primary", 6, 0)
        compared = await verification(way)
        findings = (await compared.compare()).findings
        assert {each.remote_id for each in findings} == set(many)
        await compared.repair(findings)
        await nothing_is_written(way, living(google))

        said = await command(tmp_path, "mirror", "status")
        assert "6 events of the gateway's in primary" in said
        said = await command(tmp_path, "mirror", "status", "--json")
        assert json.loads(said)["doubles"][0]["asked"] == 6
        assert "6 events are removed by the gateway now." in await command(tmp_path, "mirror", "remove")
        assert "In no calendar" in await command(tmp_path, "mirror", "remove")
        await way.settled()
        assert living(google) == before
        assert await way.gateway.stored.database.read(second_looks.doubles) == ()


async def command(folder: Path, *words: str) -> str:
    # The gateway is within this process, and is woken as one of its own would be.
    asyncio.get_running_loop().add_signal_handler(WAKE_SIGNAL, lambda: None)
    asked = ["-m", "gateway", "--config", str(folder / "config.yaml"), *words]
    code, out, talk = await warm.run(asked, env={**os.environ, **ENVIRON})
    assert code == 0, talk
    return out + talk


async def old_ones_again(way: TwoWay, number: int) -> list[str]:
    """As `old_ones`, of the generation after that: an id is used once."""
    installation = await way.gateway.stored.database.read(installation_id)
    template = await way.event("m-0")
    made = []
    for each in (await stored_events(way))[:number]:
        marks = {"gateway": installation, "meeting": str(each.meeting_id), "generation": "2"}
        body: dict[str, Any] = {name: template[name] for name in ("summary", "start", "end")}
        old = {"id": event_id(installation, each.meeting_id, 2), "extendedProperties": {"private": marks}}
        made.append(way.google.do.create_event({**body, **old})["id"])
    return made


async def test_one_that_may_not_be_removed_is_kept_in_mind(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with office(tmp_path, google) as way:
        before = await several(way)
        (old,) = await old_ones(way, 1)
        google.do.fault({"status": 403, "reason": "forbiddenForNonOrganizer"}, match={"operation": "delete"})
        await way.settled()
        assert living(google) == sorted([*before, old])

        def now(conn: sqlite3.Connection) -> None:
            conn.execute("UPDATE stray_event SET not_before = 0")

        await way.gateway.stored.database.write(now)
        assert await way.read() is None
        (known,) = await way.gateway.stored.database.read(second_looks.doubles)
        assert (known.asked, known.refused) == (0, 1)
        google.do.clear_faults()
        await way.gateway.stored.database.write(now)
        await way.settled()
        assert living(google) == before
        assert await way.gateway.stored.database.read(second_looks.doubles) == ()


async def test_what_a_wrong_clock_put_off_is_not_forgotten_for_a_year(tmp_path: Path, google: SimulatedGoogle) -> None:
    year_ms = 366 * 24 * 3600 * 1000
    async with office(tmp_path, google) as way:
        before = await several(way)
        (old,) = await old_ones(way, 1)
        (event, *_) = await stored_events(way)
        ahead_ms = SystemClock().now_ms() + year_ms

        def put_off(conn: sqlite3.Connection) -> None:
            stray = StrayEvent(account_id=1, calendar_id="primary", remote_id=old, meeting_id=event.meeting_id)
            second_looks.stray(conn, stray, ahead_ms)
            second_looks.look_later(conn, second_looks.SecondLook(meeting_id=event.meeting_id), ahead_ms)

        await way.gateway.stored.database.write(put_off)
        await way.settled()
        assert living(google) == before

        def looks(conn: sqlite3.Connection) -> list[tuple[int]]:
            return conn.execute("SELECT meeting_id FROM second_look").fetchall()

        assert await way.gateway.stored.database.read(looks) == []


async def test_a_look_that_does_not_tell_is_taken_ever_later(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with office(tmp_path, google) as way:
        await way.send("m")
        await way.settled()
        (event,) = await stored_events(way)
        look = second_looks.SecondLook(meeting_id=event.meeting_id)
        google.do.fault({"status": 503, "reason": "backendError"}, match={"operation": "get"})

        def again(conn: sqlite3.Connection) -> None:
            second_looks.look_later(conn, look, 0)

        def due(conn: sqlite3.Connection) -> int:
            return int(conn.execute("SELECT due_at FROM second_look").fetchone()[0])

        waits = []
        for _ in range(3):
            await way.gateway.stored.database.write(again)
            await way.read()
            waits.append((await way.gateway.stored.database.read(due) - SystemClock().now_ms()) / 1000)
        assert 20 < waits[0] <= 30 < waits[1] <= 60 < waits[2] <= 120


async def stored_events(way: TwoWay) -> list[mirrored.MirroredRow]:
    def work(conn: sqlite3.Connection) -> list[mirrored.MirroredRow]:
        numbers = [row[0] for row in conn.execute("SELECT meeting_id FROM mirrored ORDER BY 1")]
        return [event for number in numbers if (event := mirrored.get(conn, number)) is not None]

    return await way.gateway.stored.database.read(work)


async def verification(way: TwoWay) -> Verification:
    stored, clock = way.gateway.stored, SystemClock()
    limits = PaceLimits(project_per_min=10**6, account_per_min=10**6, calendar_per_s=10**4)
    return Verification(
        database=stored.database,
        clock=clock,
        feeds=stored.accounts.feeds(),
        reader=CalendarReader(
            pace=Pace(clock=clock, limits=limits),
            installation_id=await stored.database.read(installation_id),
            now_s=lambda: clock.now_ms() // 1000,
            counted=lambda: None,
        ),
        policy=way.gateway.register.policy,
        unseal=lambda sealed: stored.vault.unseal(sealed.encode("ascii")),
        actor="test",
    )
