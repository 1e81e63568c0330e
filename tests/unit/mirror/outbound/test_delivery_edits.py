"""What people changed in the calendar is respected, left or put back, as was decided or as the device has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.device import Wins
from gateway.domain.facts import Part
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.domain.retry import Hold
from gateway.domain.target import EventContent
from gateway.store import kept, mirrored
from tests.unit.mirror.delivery_desk import (
    only,
    only_id,
    row_of,
    verbs,
    write_again,
    written,
)
from tests.unit.mirror.gateway_in_memory import CALLER, InMemoryGateway, gateway_in_memory
from tests.unit.mirror.model_calendar import Event, Fault


@pytest.mark.parametrize(("wins", "subject", "room"), [(Wins.DEVICE, "A", "9"), (Wins.CALENDAR, "Theirs", "9")])
async def test_what_only_people_changed_is_kept_where_their_word_counts(wins: Wins, subject: str, room: str):
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=wins)
        await written(gateway, subject="A", room="1")
        gateway.calendar.person_edits(only_id(gateway), subject="Theirs")
        await gateway.accept(subject="A", room="9")
        await gateway.drain()
        assert (only(gateway).summary, only(gateway).facts.location) == (subject, room)
        row = await row_of(gateway)
        assert (row.etag is None) == (wins is Wins.CALENDAR)  # the reader must not take it for an echo
        if wins is Wins.CALENDAR:
            assert '"su":"A"' in str(row.written)


@pytest.mark.parametrize("wins", [Wins.CALENDAR, Wins.ASK])
async def test_what_both_changed(wins: Wins):
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=wins)
        await written(gateway, subject="A", room="1")
        gateway.calendar.person_edits(only_id(gateway), subject="Theirs")
        await gateway.accept(subject="B", room="9")
        await gateway.drain()
        rows = await gateway.rows()
        assert only(gateway).summary == "Theirs"
        if wins is Wins.ASK:
            assert [(row.hold, row.last_code) for row in rows] == [(Hold.PARKED, "G-509")]
            assert only(gateway).facts.location == "1"
        else:
            assert rows == []
            assert only(gateway).facts.location == "9"


async def test_our_own_write_with_a_lost_answer_is_no_edit_of_anybody():
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=Wins.CALENDAR)
        await written(gateway, subject="A")
        gateway.calendar.faults = [Fault.LOST_AFTER]
        await gateway.accept(subject="B")
        await gateway.quiet()
        await gateway.accept(subject="C")
        await gateway.drain()
        assert only(gateway).summary == "C"
        assert (await row_of(gateway)).etag == only(gateway).etag


@pytest.mark.parametrize("wins", Wins)
async def test_an_event_that_people_removed(wins: Wins):
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=wins)
        await written(gateway)
        gateway.calendar.person_deletes(only_id(gateway))
        await write_again(gateway)
        rows = await gateway.quiet()
        alive = len(gateway.calendar.living())
        found = [(row.hold, row.last_code) for row in rows]
        if wins is Wins.DEVICE:
            assert (alive, found) == (1, [])
        else:
            assert (alive, found) == (0, [(Hold.PARKED if wins is Wins.ASK else None, "G-508")])


# What was decided about them


@pytest.mark.parametrize("wins", Wins)
async def test_what_is_marked_is_put_back(wins: Wins):
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=wins)
        await written(gateway, subject="A")
        gateway.calendar.person_edits(only_id(gateway), subject="Theirs", added="red")
        await write_again(gateway, stale=True)
        await gateway.drain()
        assert verbs(gateway) == ["look", "replace"]
        assert (only(gateway).summary, only(gateway).added) == ("A", "red")
        assert (await row_of(gateway)).stale == 0
        await write_again(gateway, stale=True)
        await gateway.drain()
        assert verbs(gateway) == ["look"]  # nothing to put back


async def test_a_mark_that_comes_while_the_event_is_written_is_not_lost():
    async with gateway_in_memory() as gateway:
        await written(gateway, subject="A")

        go_on = asyncio.Event()
        gateway.calendar.gate = go_on.wait
        await gateway.accept(subject="B")
        while not any(gateway.calendar.under_way.values()):
            await gateway.rows()
        await gateway.database.write(lambda conn: mirrored.mark_stale(conn, 1))
        go_on.set()
        await gateway.drain()
        assert verbs(gateway) == ["replace", "look"]
        assert (await row_of(gateway)).stale == 0


async def keep(gateway: InMemoryGateway, state: KeptState, *parts: Part) -> None:
    edit = KeptEdit(meeting_id=1, state=state, parts=frozenset(parts), at=1)
    await gateway.database.write(lambda conn: kept.put(conn, edit))


async def test_parts_that_were_left_to_the_calendar_stay():
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=Wins.CALENDAR)
        await written(gateway, subject="A", room="1")
        gateway.calendar.person_edits(only_id(gateway), subject="Theirs")
        await keep(gateway, KeptState.KEPT, Part.SUBJECT)
        await write_again(gateway, stale=True)
        await gateway.drain()
        assert only(gateway).summary == "Theirs"
        await gateway.accept(subject="A", room="2")
        await gateway.drain()
        assert (only(gateway).summary, only(gateway).facts.location) == ("Theirs", "2")


async def test_nothing_is_written_while_an_admin_is_asked():
    async with gateway_in_memory() as gateway:
        await written(gateway)
        await keep(gateway, KeptState.ASKS, Part.TIME)
        await gateway.accept(subject="B")
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code, verbs(gateway)) == (Hold.PARKED, "G-509", [])
        assert "time" in row.last_text
        await keep(gateway, KeptState.ASKS, Part.EVENT)
        await gateway.accept(subject="C")
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code, verbs(gateway)) == (Hold.PARKED, "G-508", [])


async def test_an_event_that_was_left_deleted_stays_so():
    async with gateway_in_memory() as gateway:
        await written(gateway)
        gateway.calendar.person_deletes(only_id(gateway))
        await keep(gateway, KeptState.KEPT, Part.EVENT)
        await write_again(gateway)
        await gateway.drain()
        assert verbs(gateway) == []
        assert gateway.calendar.living() == []


async def test_an_event_that_somebody_else_made_is_taken_over():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        await gateway.accept(subject="A")
        foreign = gateway.calendar.facts(
            EventContent(
                meeting=replace(await _meeting(gateway), subject="By the PBX"),
                invitations=gateway.policy.invitations,
                fingerprint="",
                device_name="",
            )
        )
        gateway.calendar.events["theirs"] = Event(
            content="", marks={}, etag="x", summary="By the PBX", facts=foreign, added="red"
        )
        await gateway.database.write(
            lambda conn: mirrored.adopt(
                conn,
                meeting_id=1,
                account_id=1,
                calendar_id="primary",
                remote_id="theirs",
                link=None,
                now_ms=gateway.clock.ms,
            )
        )
        gateway.account.connected = True
        await gateway.drain()
        event = gateway.calendar.events["theirs"]
        assert (event.summary, event.added, event.marks["meeting"]) == ("A", "red", "1")
        row = await row_of(gateway)
        assert (row.remote_id, row.adopted, row.stale) == ("theirs", False, 0)
        verbs(gateway)
        await gateway.accept(subject="B")
        await gateway.drain()
        assert verbs(gateway) == ["look", "replace"]


async def _meeting(gateway: InMemoryGateway):
    return (await gateway.intake.find(CALLER, "m1")).meeting
