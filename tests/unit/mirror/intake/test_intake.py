"""What a device said is kept once, whole, and never comes back from the dead."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.errors import Conflict, KeyReused, NotFound
from gateway.mirror.intake.intake import Caller, RepeatGuard
from gateway.store import audit, meetings
from tests.unit.mirror.gateway_in_memory import CALLER, MEETING, gateway_in_memory


async def test_the_same_meeting_again_changes_nothing():
    async with gateway_in_memory() as gateway:
        first = await gateway.accept()
        again = await gateway.accept()
        assert (first.revision, first.state, first.fresh) == (1, "queued", True)
        assert (again.meeting_id, again.revision, again.fresh) == (first.meeting_id, 1, False)
        lines = await gateway.database.read(audit.everything)
        assert [line[1:] for line in lines] == [("device:ucm-1", "meeting.scheduled", "meeting:1", "revision 1")]


async def test_a_change_is_a_new_revision():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        changed = await gateway.accept(subject="Other")
        assert (changed.revision, changed.fresh) == (2, True)
        await gateway.drain()
        assert (await gateway.intake.find(CALLER, "m1")).meeting.subject == "Other"


async def test_fifty_equal_calls_at_once_keep_one_meeting():
    async with gateway_in_memory() as gateway:
        receipts = await asyncio.gather(*(gateway.accept() for _ in range(50)))
        assert sum(receipt.fresh for receipt in receipts) == 1
        assert {receipt.meeting_id for receipt in receipts} == {1}
        assert await gateway.database.read(meetings.count) == 1
        await gateway.drain()
        assert gateway.calendar.writes == 1


async def test_a_cancelled_meeting_is_not_resurrected():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.accept(subject="Second")
        cancelled = await gateway.intake.cancel(CALLER, "m1")
        assert (cancelled.state, cancelled.fresh, cancelled.revision) == ("cancelled", True, 3)
        late = await gateway.accept(subject="Second")
        assert (late.state, late.fresh) == ("cancelled", False)
        assert "does not bring it back" in late.warnings[0]
        with pytest.raises(Conflict):
            await gateway.accept()  # an even older version of it
        assert (await gateway.intake.cancel(CALLER, "m1")).fresh is False
        await gateway.drain()
        assert gateway.calendar.living() == []


async def test_a_meeting_not_to_be_mirrored_stays_here():
    async with gateway_in_memory() as gateway:
        receipt = await gateway.accept(sync_to_calendar=False)
        assert receipt.state == "stored"
        await gateway.drain()
        assert gateway.calendar.calls == []
        switched_on = await gateway.accept(sync_to_calendar=True)
        assert switched_on.state == "queued"
        await gateway.drain()
        assert len(gateway.calendar.living()) == 1
        await gateway.accept(sync_to_calendar=False)
        await gateway.drain()
        assert gateway.calendar.living() == []
        await gateway.accept(sync_to_calendar=True)
        await gateway.drain()
        assert [event.marks["generation"] for event in gateway.calendar.living()] == ["1"]


async def test_an_older_sequence_is_left_aside():
    async with gateway_in_memory() as gateway:
        await gateway.accept(sequence=4, subject="New")
        late = await gateway.accept(sequence=3, subject="Old")
        assert late.fresh is False
        assert "sequence 4" in late.warnings[0]
        assert (await gateway.intake.find(CALLER, "m1")).meeting.subject == "New"


async def test_an_idempotency_key_answers_once():
    async with gateway_in_memory() as gateway:
        guard = RepeatGuard(key="k1", request_hash=b"first")

        def call(subject: str, used: RepeatGuard):
            return gateway.intake.accept(CALLER, replace(MEETING, subject=subject), shape="native", guard=used)

        first = await call("One", guard)
        await gateway.accept(subject="Two")
        again = await call("One", guard)  # a captured call, replayed after a change
        assert again._replace(fresh=True) == first
        assert (await gateway.intake.find(CALLER, "m1")).meeting.subject == "Two"
        with pytest.raises(KeyReused):
            await call("Three", RepeatGuard(key="k1", request_hash=b"second"))


async def test_devices_do_not_see_each_other():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        other = Caller(device_id=2, name="other")
        with pytest.raises(NotFound):
            await gateway.intake.find(other, "m1")
        with pytest.raises(NotFound):
            await gateway.intake.cancel(other, "m1")


async def test_no_pin_is_stored_in_clear():
    async with gateway_in_memory() as gateway:
        await gateway.accept(host_password="665544")
        row = await gateway.database.read(lambda conn: meetings.find(conn, 1, "m1"))
        assert row is not None
        assert MEETING.password not in row.body
        assert "665544" not in row.body
        found = await gateway.intake.find(CALLER, "m1")
        assert (found.meeting.password, found.meeting.host_password) == (MEETING.password, "665544")
