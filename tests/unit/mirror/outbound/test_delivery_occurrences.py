"""Occurrences that people changed, that lack something, or that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.device import Wins
from gateway.domain.facts import Part
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.domain.meeting import Frequency, Repeat
from gateway.domain.occurrence import OccurrenceChange
from gateway.domain.outcome import Remedy
from gateway.domain.retry import Hold
from gateway.store import kept, occurrences
from tests.unit.mirror.delivery_desk import (
    ANN,
    NO_GUESTS,
    only_id,
    refusal,
    refusing_while,
    verbs,
    write_again,
    written,
)
from tests.unit.mirror.gateway_in_memory import CALLER, MEETING, InMemoryGateway, gateway_in_memory

WEEKLY = Repeat(frequency=Frequency.WEEKLY, count=4)
WEEK_S = 7 * 24 * 3600


def occurrence_id(gateway: InMemoryGateway, nth: int) -> str:
    return f"{only_id(gateway)}_{MEETING.start_utc_s + nth * WEEK_S}"


async def one_changed(gateway: InMemoryGateway, nth: int, *, wait: bool = True, **changes: object) -> None:
    shift = timedelta(weeks=nth)
    meeting = replace(
        MEETING,
        external_id="m1",
        start_local=MEETING.start_local + shift,
        end_local=MEETING.end_local + shift,
        start_utc_s=MEETING.start_utc_s + nth * WEEK_S,
        end_utc_s=MEETING.end_utc_s + nth * WEEK_S,
        **changes,
    )
    change = OccurrenceChange(original=MEETING.start_utc_s + nth * WEEK_S, meeting=meeting)
    await gateway.intake.change_occurrence(CALLER, "m1", change, shape="native")
    if wait:
        await gateway.drain()
        verbs(gateway)


async def unsettled(gateway: InMemoryGateway) -> None:
    """The reader of the calendar saw that occurrences are not as they should be."""
    await gateway.database.write(lambda conn: occurrences.unsettle(conn, 1))
    await write_again(gateway, stale=True)
    await gateway.drain()


@pytest.mark.parametrize("wins", [Wins.DEVICE, Wins.CALENDAR])
async def test_an_occurrence_that_people_changed_is_put_back(wins: Wins):
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, wins=wins)
        await written(gateway, repeat=WEEKLY)
        await one_changed(gateway, 1, subject="Ours")
        key = occurrence_id(gateway, 1)
        gateway.calendar.person_edits(key, subject="Theirs")
        await unsettled(gateway)
        assert gateway.calendar.events[key].summary == ("Ours" if wins is Wins.DEVICE else "Theirs")
        verbs(gateway)
        await unsettled(gateway)
        assert verbs(gateway) == ["look", "look"]


async def test_an_occurrence_that_was_left_to_the_calendar_is_not_touched():
    async with gateway_in_memory() as gateway:
        await written(gateway, repeat=WEEKLY)
        for nth in (1, 2):
            await one_changed(gateway, nth, subject="Ours")
            gateway.calendar.person_edits(occurrence_id(gateway, nth), subject="Theirs")
        for nth, state in ((1, KeptState.ASKS), (2, KeptState.KEPT)):
            edit = KeptEdit(
                meeting_id=1,
                original_start_utc_s=MEETING.start_utc_s + nth * WEEK_S,
                state=state,
                parts=frozenset({Part.SUBJECT}),
                at=1,
            )
            await gateway.database.write(lambda conn, edit=edit: kept.put(conn, edit))
        await unsettled(gateway)
        assert "replace" not in verbs(gateway)
        assert [gateway.calendar.events[occurrence_id(gateway, nth)].summary for nth in (1, 2)] == ["Theirs", "Theirs"]
        gateway.calendar.person_edits(occurrence_id(gateway, 2), location="9")
        await unsettled(gateway)  # only what was not left to the calendar is put back
        event = gateway.calendar.events[occurrence_id(gateway, 2)]
        assert event.facts is not None
        assert (event.summary, event.facts.location) == ("Theirs", "")


async def test_the_change_of_an_occurrence_costs_a_look_and_a_write():
    async with gateway_in_memory() as gateway:
        await written(gateway, repeat=WEEKLY)
        await one_changed(gateway, 1, subject="Ours", wait=False)
        await gateway.drain()
        assert verbs(gateway) == ["look", "replace"]
        await write_again(gateway)
        await gateway.drain()
        assert verbs(gateway) == ["look"]  # asked for again, the series is looked at


async def test_an_occurrence_without_its_guests_is_completed_too():
    async with gateway_in_memory() as gateway:
        await written(gateway, repeat=WEEKLY)
        gateway.calendar.refuses = NO_GUESTS
        await one_changed(gateway, 1, subject="Ours", invitees=(ANN,), wait=False)
        (row,) = await gateway.quiet()
        assert row.last_code == "G-510"
        assert gateway.calendar.events[occurrence_id(gateway, 1)].summary == "Ours"
        gateway.calendar.refuses = lambda *_: None
        await gateway.drain()
        event = gateway.calendar.events[occurrence_id(gateway, 1)]
        assert event.facts is not None
        assert (event.summary, event.facts.guests) == ("Ours", {"ann@example.com"})


async def test_one_occurrence_that_is_refused_keeps_no_other_from_being_written():
    async with gateway_in_memory() as gateway:
        await written(gateway, repeat=WEEKLY)
        gateway.calendar.refuses = refusing_while(
            lambda content: content.meeting.subject == "Bad", refusal(Remedy.LOOK_AGAIN)
        )
        await one_changed(gateway, 1, subject="Bad")
        await one_changed(gateway, 2, subject="Good")
        assert gateway.calendar.events[occurrence_id(gateway, 2)].summary == "Good"
        (row,) = await gateway.rows()
        assert row.hold is Hold.PARKED
