"""The outbox reaches the calendar: at once, in order, once, and waits when it must."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.meeting import Frequency, Repeat
from gateway.domain.occurrence import OccurrenceChange
from gateway.domain.retry import Hold
from gateway.store import mirrored, reading
from tests.unit.mirror.delivery_desk import row_of
from tests.unit.mirror.gateway_in_memory import CALLER, MEETING, InMemoryGateway, gateway_in_memory
from tests.unit.mirror.model_calendar import Event, Fault, ModelCalendar


async def test_the_ordinary_case_is_one_call_per_change():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()
        assert [verb for verb, _ in gateway.calendar.calls] == ["insert"]
        await gateway.accept(subject="Moved")
        await gateway.drain()
        assert [verb for verb, _ in gateway.calendar.calls] == ["insert", "replace"]
        assert [event.summary for event in gateway.calendar.living()] == ["Moved"]
        assert (await gateway.intake.find(CALLER, "m1")).receipt.state == "mirrored"


async def test_edits_that_wait_become_one_write():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        for number in range(10):
            await gateway.accept(subject=f"Version {number}")
        gateway.account.connected = True
        await gateway.drain()
        assert gateway.calendar.writes == 1
        assert [event.summary for event in gateway.calendar.living()] == ["Version 9"]


async def test_a_meeting_cancelled_before_it_left_costs_no_call():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        await gateway.accept()
        await gateway.intake.cancel(CALLER, "m1")
        gateway.account.connected = True
        await gateway.drain()
        assert gateway.calendar.calls == []


async def test_a_lost_authorization_holds_everything_and_lets_it_go_later():
    calendar = ModelCalendar(faults=[Fault.UNAUTHORIZED])
    async with gateway_in_memory(calendar) as gateway:
        await gateway.accept()
        rows = await gateway.quiet()
        assert rows[0].hold is Hold.AUTHORIZATION
        assert gateway.account.lost_for == ["G-503"]
        for number in range(5):
            await gateway.accept(external_id=f"during {number}")
        await gateway.quiet()
        assert len(calendar.calls) == 1
        gateway.account.connected = True
        assert gateway.outbound is not None
        await gateway.outbound.account_returned()
        await gateway.drain()
        assert len(calendar.living()) == 6


async def test_a_wrong_calendar_holds_one_meeting_not_the_others():
    calendar = ModelCalendar(faults=[Fault.MISCONFIGURED])
    async with gateway_in_memory(calendar) as gateway:
        await gateway.accept()
        await gateway.quiet()
        await gateway.accept(external_id="m2")
        rows = await gateway.quiet()
        assert [(row.hold, row.last_code) for row in rows] == [(Hold.CONFIGURATION, "G-507")]
        assert len(calendar.living()) == 1
        assert (await gateway.intake.find(CALLER, "m1")).receipt.state == "held"


async def test_slow_down_rests_the_whole_account_until_the_named_time():
    calendar = ModelCalendar(faults=[Fault.SLOW_DOWN], retry_after_s=30)
    async with gateway_in_memory(calendar) as gateway:
        await gateway.accept()
        (row,) = await gateway.quiet()
        assert row.not_before >= gateway.clock.ms + 30_000
        await gateway.accept(external_id="m2")
        gateway.clock.ms = row.not_before - 1
        assert gateway.outbound is not None
        for _ in range(20):
            gateway.outbound.wake()
            await gateway.rows()
        assert len(calendar.calls) == 1
        await gateway.drain()
        assert len(calendar.living()) == 2


async def test_waits_grow_and_a_poisoned_meeting_blocks_no_other():
    calendar = ModelCalendar(faults=[Fault.BUSY] * 4)
    async with gateway_in_memory(calendar, in_flight=1) as gateway:
        await gateway.accept()
        waits = []
        for _ in range(4):
            (row,) = await gateway.quiet()
            waits.append(row.not_before - gateway.clock.ms)
            gateway.clock.ms = row.not_before
        assert waits == [1501, 3001, 6001, 12001]  # first 2 s, doubling, at three quarters by a chance of one half
        await gateway.drain()
        assert calendar.writes == 1


async def test_an_insert_of_unknown_end_is_looked_for():
    for fault in (Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.LATE):
        calendar = ModelCalendar(faults=[fault])
        async with gateway_in_memory(calendar) as gateway:
            await gateway.accept()
            await gateway.drain()
            calendar.flush()
            assert [verb for verb, _ in calendar.calls][:2] == ["insert", "look"]
            assert len(calendar.living()) == 1


async def test_a_cancel_after_an_insert_of_unknown_end_looks_twice():
    calendar = ModelCalendar(faults=[Fault.LATE])
    async with gateway_in_memory(calendar) as gateway:
        await gateway.accept()
        await gateway.quiet()
        await gateway.intake.cancel(CALLER, "m1")
        (row,) = await gateway.quiet()
        assert row.last_code == "second-look"
        calendar.flush()  # the insert arrives after the first look found nothing
        assert len(calendar.living()) == 1
        await gateway.drain()
        assert calendar.living() == []


async def test_an_id_that_somebody_else_uses_is_left_alone():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        await gateway.accept()
        gateway.account.connected = True
        gateway.calendar.faults = [Fault.BUSY]
        await gateway.quiet()
        event = await gateway.database.read(lambda conn: mirrored.get(conn, 1))
        assert event is not None
        stranger = Event(content="theirs", marks={}, etag="t", summary="Theirs")
        gateway.calendar.events[event.remote_id] = stranger
        await gateway.drain()
        assert gateway.calendar.events[event.remote_id] is stranger
        assert sorted(event.summary for event in gateway.calendar.living()) == ["Theirs", "Weekly_Meeting"]


async def test_what_a_dead_gateway_had_claimed_is_looked_at_first():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        await gateway.accept()
        await gateway.kill()
        await gateway.database.write(lambda conn: conn.execute("UPDATE outbox SET claimed_by = 'dead'"))
        gateway.account.connected = True
        await gateway.start()
        await gateway.drain()
        assert [verb for verb, _ in gateway.calendar.calls] == ["look", "insert"]


async def test_a_clock_that_was_wrong_strands_nothing():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        right = gateway.clock.ms
        gateway.clock.ms = right + 400 * 24 * 3600 * 1000
        await gateway.accept()
        gateway.clock.ms = right
        gateway.account.connected = True
        assert gateway.outbound is not None
        while not gateway.calendar.living():
            gateway.outbound.wake()
            await asyncio.sleep(0)


async def test_a_meeting_in_another_accounts_calendar_is_not_moved():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()

        def another(conn) -> None:
            conn.execute(
                "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
                "changed_at) VALUES ('google', 't', 'b@example.com', 'c', '', x'00', 'connected', 1, 1)"
            )

        await gateway.database.write(another)
        await gateway.database.write(lambda conn: conn.execute("UPDATE account SET sealed = x'' WHERE id = 1"))
        gateway.account.account_id = 2
        await gateway.accept(subject="Changed")
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code) == (Hold.CONFIGURATION, "G-409")
        assert len(gateway.calendar.calls) == 1


async def test_a_delivery_that_ends_without_being_written_down_is_looked_at_when_its_claim_has_run_out():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.BUSY])) as gateway:

        def broken() -> float:
            gateway.chance = lambda: 0.5
            raise RuntimeError("a mistake of the gateway's own")

        gateway.chance = broken
        await gateway.accept()
        for _ in range(50):
            (row,) = await gateway.rows()
        assert (row.claimed_by, [verb for verb, _ in gateway.calendar.calls]) == ("test", ["insert"])
        gateway.clock.ms += 60_001
        async with asyncio.timeout(60):
            await gateway.drain()
        assert [verb for verb, _ in gateway.calendar.calls] == ["insert", "look", "insert"]
        assert len(gateway.calendar.living()) == 1


async def _say(gateway: InMemoryGateway, said: str) -> None:
    if said == "cancel":
        await gateway.intake.cancel(CALLER, "m1")
    else:
        await gateway.accept(subject="Changed")


@pytest.mark.parametrize("said", ["change", "cancel"])
async def test_a_calendar_that_is_away_for_a_while_keeps_its_events(said: str):
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()
        before = await row_of(gateway)
        gateway.calendar.away = True
        await _say(gateway, said)
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code) == (Hold.CONFIGURATION, "G-507")
        assert await row_of(gateway) == before
        noted = await gateway.database.read(lambda conn: reading.get(conn, 1, "primary"))
        assert noted is not None, "whoever reads it knows that something waits for it"
        assert noted.code == "G-507"
        gateway.calendar.away = False
        await gateway.outbound.account_returned()
        await gateway.drain()
        assert "insert" not in [verb for verb, _ in gateway.calendar.calls[1:]]
        assert [event.summary for event in gateway.calendar.living()] == (["Changed"] if said == "change" else [])


@pytest.mark.parametrize("said", ["change", "cancel"])
async def test_nothing_is_concluded_while_nobody_can_say_whether_the_calendar_is_away(said: str):
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()
        before = await row_of(gateway)
        gateway.calendar.away = True
        looks = 1 if said == "cancel" else 2
        gateway.calendar.faults = [None] * looks + [Fault.BUSY]
        await _say(gateway, said)
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code) == (None, "G-506")
        assert await row_of(gateway) == before


async def test_an_event_that_is_gone_costs_one_question_more_and_is_made_anew():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()
        gateway.calendar.events.clear()
        gateway.calendar.calls.clear()
        await gateway.accept(subject="Changed")
        await gateway.drain()
        assert [verb for verb, _ in gateway.calendar.calls] == ["replace", "look", "look calendar", "insert"]
        assert [event.summary for event in gateway.calendar.living()] == ["Changed"]


async def test_a_meeting_leaves_a_calendar_that_is_gone_for_the_one_that_its_device_was_given():
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, calendar_id="old room")
        await gateway.accept()
        await gateway.drain()
        gateway.calendar.away = True
        await gateway.accept(subject="Changed")
        await gateway.quiet()
        gateway.policy = replace(gateway.policy, calendar_id="new room")
        await gateway.outbound.account_returned()
        (row,) = await gateway.quiet()
        assert row.hold is None
        gateway.calendar.away = False  # the new one is there
        await gateway.drain()
        assert (await row_of(gateway)).calendar_id == "new room"


async def test_a_cancelled_occurrence_is_not_forgotten_while_the_calendar_is_away():
    async with gateway_in_memory() as gateway:
        await gateway.accept(repeat=Repeat(frequency=Frequency.WEEKLY, count=3))
        await gateway.drain()
        gateway.calendar.away = True
        change = OccurrenceChange(original=MEETING.start_utc_s, meeting=None)
        await gateway.intake.change_occurrence(CALLER, "m1", change, shape="native")
        (row,) = await gateway.quiet()
        assert (row.hold, row.last_code) == (Hold.CONFIGURATION, "G-507")
        gateway.calendar.away = False
        await gateway.outbound.account_returned()
        await gateway.drain()
        assert len(gateway.calendar.shown()) == 2
