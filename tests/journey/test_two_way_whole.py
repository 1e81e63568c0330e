"""Whole events and whole calendars: taken out of the bin, standing twice, vanished together, gone, shared again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.device import Wins
from gateway.domain.outcome import Verdict
from gateway.mirror.inbound.decisions import believe, guard_status, put_back_all
from gateway.store import foreign_events, outbox
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEADLINE_S, MONDAY
from tests.journey.two_way_office import OTHER_CALENDAR, TwoWay, opened


@pytest.fixture
async def way(request: pytest.FixtureRequest, tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[TwoWay]:
    wins = getattr(request, "param", "device")
    async with opened(tmp_path, google, wins=wins, other_calendar=True) as office:
        yield office


@pytest.mark.parametrize("way", ["device", "google", "ask"], indirect=True)
async def test_an_event_taken_out_of_the_bin_is_there_once(way: TwoWay, request: pytest.FixtureRequest) -> None:
    await way.send("m")
    await way.settled()
    first = (await way.event("m"))["id"]
    way.google.do.delete_event(first)
    await way.settled()
    assert (await way.heard())[0][1] == "meeting.deleted"
    way.google.do.restore_event(first)
    await way.settled()
    (event,) = await way.events("m")
    put_back = request.node.callspec.params["way"] == "device"
    assert (event["id"] != first) == put_back
    assert [type_ for _, type_, _ in await way.heard()] == ([] if put_back else ["meeting.restored"])
    assert await way.kept("m") == ()
    await way.send("m", subject="Still written")
    assert (await way.event("m"))["summary"] == "Still written"


@pytest.mark.parametrize("way", ["google", "ask"], indirect=True)
async def test_the_devices_next_word_counts_after_a_deletion_that_was_left(
    way: TwoWay, request: pytest.FixtureRequest
) -> None:
    await way.send("m")
    await way.settled()
    way.google.do.delete_event((await way.event("m"))["id"])
    await way.settled()
    if request.node.callspec.params["way"] == "ask":
        await way.decided(Wins.CALENDAR)
    assert await way.events("m") == []
    await way.send("m", subject="Again")
    assert (await way.event("m"))["summary"] == "Again"
    await way.settled()
    *told, last = [type_ for _, type_, _ in await way.heard()]
    assert (set(told), last) == ({"meeting.deleted"}, "meeting.restored")


async def test_what_the_gateway_made_and_is_nobodys_event_is_removed(way: TwoWay) -> None:
    await way.send("m")
    await way.settled()
    first = await way.event("m")
    double = first["id"]
    copy = {name: first[name] for name in ("summary", "start", "end", "extendedProperties")}
    way.google.do.delete_event(double)
    await way.settled()
    event = await way.event("m")
    way.google.do.restore_event(double)
    elsewhere = way.google.do.create_event({**copy, "id": double}, OTHER_CALENDAR)["id"]
    await way.settled()
    assert [found["id"] for found in await way.events("m")] == [event["id"]]
    assert not way.holds("primary", double)
    assert not way.holds(OTHER_CALENDAR, elsewhere)
    async with way.session.delete(way.address("/m")) as answer:
        assert answer.status == 202
    await way.at_rest()
    way.google.do.restore_event(event["id"])
    await way.settled()
    assert await way.events("m") == []


async def _scheduled(way: TwoWay, number: int) -> list[str]:
    names = [f"m-{index}" for index in range(number)]
    for name in names:
        await way.say(name)
    await way.at_rest()
    await way.settled()
    return names


async def _answered(way: TwoWay, answer: Callable[..., int]) -> int:
    (asked,) = await way.gateway.stored.database.read(guard_status)

    def work(conn: sqlite3.Connection) -> int:
        return answer(
            conn,
            asked.account_id,
            asked.calendar_id,
            way.gateway.mirroring.inbound.status.read_at_ms,
            lambda sealed: way.gateway.stored.vault.unseal(sealed.encode("ascii")),
        )

    done = await way.gateway.stored.database.write(work)
    way.gateway.mirroring.outbound.wake()
    await way.at_rest()
    return done


@pytest.mark.parametrize("answer", [believe, put_back_all, None])
async def test_many_that_vanish_at_once_are_asked_about(way: TwoWay, answer: Callable[..., int] | None) -> None:
    names = await _scheduled(way, 8)
    ids = {name: (await way.event(name))["id"] for name in names}
    gone = names[:6]
    for name in gone:
        way.google.do.delete_event(ids[name])
    await way.settled()
    assert await way.heard() == []
    (asked,) = await way.gateway.stored.database.read(guard_status)
    assert asked.meetings == 6
    assert len(way.google.state.live_events) == 2
    if answer is None:
        for name in gone:
            way.google.do.restore_event(ids[name])
        await way.settled()
        assert await way.heard() == []
    else:
        assert await _answered(way, answer) == 6
        await way.settled()
        decided = [(name, said.get("decided")) for name, type_, said in await way.heard() if type_ == "meeting.deleted"]
        assert sorted(decided) == [(name, "calendar" if answer is believe else "device") for name in gone]
    assert await way.gateway.stored.database.read(guard_status) == ()
    assert len(way.google.state.live_events) == (2 if answer is believe else 8)
    assert [len(await way.events(name)) for name in names[6:]] == [1, 1]


async def test_a_few_deletions_are_no_accident(way: TwoWay) -> None:
    names = await _scheduled(way, 6)
    for name in names[:5]:
        way.google.do.delete_event((await way.event(name))["id"])
    await way.settled()
    assert await way.gateway.stored.database.read(guard_status) == ()
    assert [len(await way.events(name)) for name in names] == [1] * 6


async def test_a_vanished_list_is_guarded_too_and_comes_back(way: TwoWay) -> None:
    names = await _scheduled(way, 7)
    ids = [(await way.event(name))["id"] for name in names]
    for event_id in ids:
        way.google.do.burn_event(event_id)
    way.google.do.expire("sync_tokens")
    await way.settled()
    (asked,) = await way.gateway.stored.database.read(guard_status)
    assert asked.meetings == 7
    assert await _answered(way, put_back_all) == 7
    await way.settled()
    assert [len(await way.events(name)) for name in names] == [1] * 7


async def test_a_calendar_that_is_gone_keeps_no_other_from_being_read(way: TwoWay) -> None:
    await way.send("m")
    await way.settled()
    primary = next(iter(way.google.state.accounts))
    way.google.do.unshare_calendar(primary)
    problem = await way.read()
    assert problem is not None
    assert (problem.verdict, problem.code) == (Verdict.CONFIGURATION, "G-507")
    states = {status.calendar_id: status.code for status in way.gateway.mirroring.inbound.status.calendars}
    assert states == {"primary": "G-507", OTHER_CALENDAR: ""}
    await way.say("m", subject="While it was gone")

    def held(conn: sqlite3.Connection) -> int:
        return outbox.counts(conn).get("configuration", 0)

    async with asyncio.timeout(DEADLINE_S):
        while not await way.gateway.stored.database.read(held):
            await asyncio.sleep(0.01)
    way.google.do.set_access(primary, "owner")
    await way.settled()
    assert (await way.event("m"))["summary"] == "While it was gone"
    assert way.gateway.mirroring.inbound.status.code == ""


async def test_events_of_others_are_remembered_while_they_lie_ahead(way: TwoWay) -> None:
    def event(summary: str, day: object = MONDAY, hour: int = 10) -> dict[str, Any]:
        times = ({"dateTime": f"{day}T{h}:00:00+01:00"} for h in (hour, hour + 1))
        return {"summary": summary, **dict(zip(("start", "end"), times, strict=True))}

    theirs = way.google.do.create_event(event("Weekly  REVIEW"))["id"]
    way.google.do.create_event(event("Weekly review", hour=12))
    way.google.do.create_event(event("Weekly review", day="2020-01-06"))
    await way.send("m")
    await way.settled()
    start_s = (await _starts(way))["m"]

    async def found(subject: str = "Weekly review") -> list[str]:
        account = way.gateway.stored.accounts.feeds()[0].account.account_id
        like = await way.gateway.stored.database.read(
            lambda conn: foreign_events.like(conn, account, "primary", start_s, subject)
        )
        return [noted.remote_id for noted in like]

    assert await found() == [theirs]
    assert await found("Review") == []
    way.google.do.edit_event(theirs, {"summary": "Something else"})
    await way.settled()
    assert await found() == []
    assert await found("something ELSE") == [theirs]
    way.google.do.delete_event(theirs)
    await way.settled()
    assert await found("something else") == []


async def _starts(way: TwoWay) -> dict[str, int]:
    from gateway.domain.change import from_json

    row = await way.row("m")
    return {"m": from_json(row.body, lambda sealed: sealed).start_utc_s}


async def test_an_answer_is_not_lost_when_it_crosses_a_write(way: TwoWay) -> None:
    await way.send("m")
    await way.settled()
    way.google.do.reply((await way.event("m"))["id"], "anna@example.com", "accepted", "Yes")
    await way.send("m", subject="Another name")
    await way.settled()
    told = [(type_, said.get("answer")) for _, type_, said in await way.heard()]
    assert told == [("meeting.replied", "accepted")]
    (anna,) = [guest for guest in (await way.event("m"))["attendees"] if guest["email"] == "anna@example.com"]
    assert anna["responseStatus"] == "accepted"


async def test_exotic_rules_and_long_texts_do_not_stop_a_calendar(way: TwoWay) -> None:
    await way.send("odd", repeat={"frequency": "weekly", "count": 4})
    await way.send("m")
    await way.settled()
    odd = (await way.event("odd"))["id"]
    lines = [
        "RRULE:FREQ=WEEKLY;COUNT=4;WKST=SU",
        f"EXDATE;TZID=Etc/GMT-1:{MONDAY + timedelta(days=7):%Y%m%d}T100000",
        f"RDATE;TZID=America/New_York:{MONDAY:%Y%m%d}T230000",
    ]
    way.google.do.edit_event(odd, {"recurrence": lines, "description": "x" * 8_000})
    way.google.do.edit_event((await way.event("m"))["id"], {"summary": "Edited"})
    await way.settled()
    told = {name: set(said["changes"]) for name, type_, said in await way.heard() if type_ == "meeting.edited"}
    assert told == {"m": {"subject"}, "odd": {"repeat", "description"}}
    assert (await way.event("m"))["summary"] == "Review"
    assert (await way.event("odd"))["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=4"]
