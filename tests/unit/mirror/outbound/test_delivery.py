"""What the calendar refuses is gone around, and what its event lacks is completed later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.outcome import Outcome, Remedy
from gateway.domain.retry import Hold
from gateway.domain.target import EventContent
from tests.unit.mirror.delivery_desk import (
    ANN,
    BOB,
    EVE,
    HOUR_MS,
    MINUTE_MS,
    NO_GUESTS,
    no_guests,
    only,
    only_id,
    refusal,
    refusing_while,
    row_of,
    verbs,
    written,
)
from tests.unit.mirror.gateway_in_memory import CALLER, gateway_in_memory
from tests.unit.mirror.model_calendar import Fault, ModelCalendar


async def test_a_change_is_one_call_whatever_changes():
    async with gateway_in_memory() as gateway:
        await written(gateway, invitees=(ANN,))
        for changes in ({"subject": "B"}, {"room": "7"}, {"invitees": (ANN, BOB)}, {"invitees": ()}):
            await gateway.accept(**changes)
            await gateway.drain()
            assert verbs(gateway) == ["replace"]
        assert only(gateway).facts == gateway.calendar.facts(
            EventContent(
                meeting=replace(only(gateway).meeting, invitees=()),
                invitations=gateway.policy.invitations,
                fingerprint="",
                device_name="",
            )
        )


async def test_what_people_added_is_looked_at_and_stays():
    async with gateway_in_memory() as gateway:
        await written(gateway)
        gateway.calendar.person_edits(only_id(gateway), added="red")
        await gateway.accept(subject="B")
        await gateway.drain()
        assert verbs(gateway) == ["replace", "look", "replace"]
        await gateway.accept(subject="C")
        await gateway.drain()
        assert verbs(gateway) == ["look", "replace"]  # known not to be plain, so there is no vain call first
        assert (only(gateway).added, only(gateway).summary) == ("red", "C")


async def test_guests_who_may_not_be_invited_now_come_later():
    async with gateway_in_memory(ModelCalendar(refuses=NO_GUESTS)) as gateway:
        await gateway.accept(invitees=(ANN, BOB))
        (row,) = await gateway.quiet()
        assert verbs(gateway) == ["insert", "insert"]
        assert only(gateway).facts.guests == frozenset()
        assert (row.last_code, row.hold) == ("G-510", None)
        assert row.not_before == gateway.clock.ms + 15 * MINUTE_MS
        await gateway.accept(external_id="m2", invitees=(ANN,))
        await gateway.quiet()
        assert verbs(gateway) == ["insert"]  # without running into the same answer again
        gateway.calendar.refuses = lambda *_: None
        await gateway.drain()
        assert sorted(verbs(gateway)) == ["replace", "replace"]
        guests = sorted(sorted(event.facts.guests) for event in gateway.calendar.living())
        assert guests == [["ann@example.com"], ["ann@example.com", "bob@example.com"]]
        assert (await row_of(gateway)).lacking == frozenset()


async def test_guests_are_tried_again_after_longer_and_longer_waits():
    async with gateway_in_memory(ModelCalendar(refuses=NO_GUESTS)) as gateway:
        await gateway.accept(invitees=(ANN,))
        waits, tries = [], 0
        for _ in range(7):
            (row,) = await gateway.quiet()
            waits.append((row.not_before - gateway.clock.ms) / HOUR_MS)
            tries += len(verbs(gateway))
            gateway.clock.ms = row.not_before
        assert waits == [0.25, 0.5, 1, 2, 4, 6, 6]
        assert gateway.calendar.writes == 1


async def test_guests_who_are_there_stay_while_nobody_may_be_invited():
    async with gateway_in_memory() as gateway:
        await written(gateway, invitees=(ANN,))
        gateway.calendar.refuses = NO_GUESTS
        await gateway.accept(subject="B", invitees=(ANN, BOB))
        await gateway.quiet()
        assert verbs(gateway) == ["replace", "look", "replace"]
        assert (only(gateway).summary, only(gateway).facts.guests) == ("B", {"ann@example.com"})
        gateway.calendar.refuses = lambda *_: None
        await gateway.drain()
        assert only(gateway).facts.guests == {"ann@example.com", "bob@example.com"}


async def test_a_refused_guest_is_left_out_and_named():
    def refuses(_verb: str, content: EventContent) -> Outcome | None:
        wrong = {"eve@example.com", "bob@example.com"} & gateway.calendar.facts(content).guests
        return refusal(Remedy.WITHOUT_GUEST, "G-511", guest=min(wrong)) if wrong else None

    async with gateway_in_memory() as gateway:
        gateway.calendar.refuses = refuses
        gateway.calendar.faults = [Fault.BUSY]
        await gateway.accept(invitees=(ANN, BOB, EVE))
        (row,) = await gateway.quiet()  # both were refused, and then the calendar was busy
        assert row.last_code == "G-506"
        gateway.clock.ms = row.not_before
        verbs(gateway)
        await gateway.drain()
        assert len(verbs(gateway)) == 0 or only(gateway).facts.guests == {"ann@example.com"}
        assert gateway.calendar.writes == 1
        assert {"guest:bob@example.com", "guest:eve@example.com"} < (await row_of(gateway)).lacking
        gateway.calendar.refuses = lambda *_: None
        await gateway.accept(invitees=(ANN, BOB, EVE), subject="Mended")
        await gateway.drain()
        assert len(only(gateway).facts.guests) == 3


async def test_a_guest_nobody_names_costs_all_guests_but_not_the_meeting():
    async with gateway_in_memory() as gateway:
        gateway.calendar.refuses = refusing_while(no_guests, refusal(Remedy.WITHOUT_GUEST, "G-511"))
        await gateway.accept(invitees=(ANN, BOB))
        await gateway.drain()
        assert only(gateway).facts.guests == frozenset()
        assert await gateway.rows() == []


@pytest.mark.parametrize("remedy", [None, Remedy.OTHER_ZONE, Remedy.WITHOUT_CONFERENCE, Remedy.LOOK_AGAIN])
async def test_what_is_refused_for_good_is_parked_and_can_be_edited(remedy: Remedy | None):
    async with gateway_in_memory() as gateway:
        gateway.calendar.refuses = lambda *_: refusal(remedy)
        await gateway.accept()
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code, row.last_text) == (Hold.PARKED, "G-516", "refused G-516")
        assert verbs(gateway).count("insert") == (1 if remedy is None else 2)
        assert (await gateway.intake.find(CALLER, "m1")).receipt.state == "refused"
        gateway.calendar.refuses = lambda *_: None
        await gateway.accept(subject="Mended")
        await gateway.drain()
        assert only(gateway).summary == "Mended"


async def test_a_refusal_that_was_a_mistake_costs_one_more_call():
    refusals = [refusal(Remedy.LOOK_AGAIN)]
    async with gateway_in_memory() as gateway:
        gateway.calendar.refuses = lambda *_: refusals.pop() if refusals else None
        await gateway.accept()
        await gateway.drain()
        assert verbs(gateway) == ["insert", "look", "insert"]


async def test_a_way_around_is_remembered_for_the_next_attempt():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.BUSY])) as gateway:
        gateway.calendar.refuses = refusing_while(
            lambda content: Remedy.OTHER_ZONE not in content.remedies, refusal(Remedy.OTHER_ZONE)
        )
        await gateway.accept()
        (row,) = await gateway.quiet()
        assert verbs(gateway) == ["insert", "insert"]
        assert row.last_code == "G-506"
        gateway.calendar.refuses = lambda _verb, content: None if content.remedies else refusal(None)
        await gateway.drain()
        assert verbs(gateway) == ["insert"]
        assert await gateway.rows() == []
