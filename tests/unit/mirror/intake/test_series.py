"""Occurrences of a series: what is kept of them when devices speak again, and that each is written once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange, OccurrenceState
from gateway.errors import BadPayload, Conflict, NotFound
from gateway.mirror.intake.intake import RepeatGuard
from gateway.mirror.intake.series import MOST_EXCEPTIONS
from gateway.store import audit, meetings, occurrences
from tests.unit.mirror.gateway_in_memory import CALLER, MEETING, InMemoryGateway, gateway_in_memory
from tests.unit.mirror.model_calendar import Fault, ModelCalendar
from tests.unit.mirror.wanted_calendar import Said, timed, utc_s

FIRST = MEETING.start_local
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DAILY = Said("Daily", step=1, count=3)


def line(subject: str, start: datetime) -> tuple[str, int, int]:
    return (subject, utc_s(start), utc_s(start + HOUR))


async def schedule(gateway: InMemoryGateway, said: Said = DAILY, **changes: object):
    return await gateway.intake.accept(CALLER, replace(said.meeting("m1"), **changes), shape="native")


async def change(gateway: InMemoryGateway, original: datetime | int, meeting: Meeting | None, **options: object):
    said = OccurrenceChange(original=original, meeting=meeting, sequence=options.pop("sequence", None))
    return await gateway.intake.change_occurrence(CALLER, "m1", said, shape="native", **options)


def moved(hours: int = 2, subject: str = "Daily", **changes: object) -> Meeting:
    return replace(timed("whatever", subject, FIRST + DAY + hours * HOUR), **changes)


async def test_each_change_is_one_write():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        await gateway.drain()
        calls = gateway.calendar.calls
        await change(gateway, FIRST + DAY, moved())
        await gateway.drain()
        assert written(calls) == ["insert", "replace"]
        await change(gateway, utc_s(FIRST), None)
        await gateway.drain()
        assert written(calls[-1:]) == ["delete"]
        assert gateway.calendar.shown() == [line("Daily", FIRST + DAY + 2 * HOUR), line("Daily", FIRST + 2 * DAY)]
        # The series itself is written; each exception is looked at and found as it should be.
        await schedule(gateway, replace(DAILY, count=4))
        await gateway.drain()
        assert written(calls) == ["insert", "replace", "delete", "replace"]
        assert gateway.calendar.writes == 4


def written(calls: list[tuple[str, str]]) -> list[str]:
    """The calls that changed something."""
    return [verb for verb, _ in calls if verb != "look"]


async def test_the_receipt_tells_the_times_of_the_occurrence():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        receipt = await change(gateway, FIRST + DAY, moved(), warnings=("Said.",))
        assert (receipt.revision, receipt.state, receipt.fresh, receipt.external_id) == (2, "queued", True, "m1")
        assert (receipt.start_utc_s, receipt.end_utc_s) == line("", FIRST + DAY + 2 * HOUR)[1:]
        assert receipt.warnings == ("Said.",)
        cancelled = await change(gateway, FIRST, None)
        assert (cancelled.revision, cancelled.state, cancelled.start_utc_s) == (3, "cancelled", utc_s(FIRST))
        lines = [line[2:] for line in await gateway.database.read(audit.everything)]
        assert lines == [
            ("meeting.scheduled", "meeting:1", "revision 1"),
            ("occurrence.changed", "meeting:1", "revision 2"),
            ("occurrence.cancelled", "meeting:1", "revision 3"),
        ]


async def test_the_same_again_changes_nothing():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        assert (await change(gateway, FIRST + DAY, moved(hours=0))).fresh is False
        await change(gateway, FIRST + DAY, moved())
        assert (await change(gateway, utc_s(FIRST + DAY), moved())).fresh is False
        await change(gateway, FIRST + DAY, None)
        again = await change(gateway, FIRST + DAY, None)
        assert (again.fresh, again.state, again.revision) == (False, "cancelled", 3)
        late = await change(gateway, FIRST + DAY, moved())
        assert (late.fresh, late.state) == (False, "cancelled")
        assert "does not bring it back" in late.warnings[0]
        assert (await change(gateway, FIRST + DAY, moved(hours=3))).fresh is True
        await gateway.drain()
        assert line("Daily", FIRST + DAY + 3 * HOUR) in gateway.calendar.shown()


async def test_an_older_sequence_is_left_aside():
    async with gateway_in_memory() as gateway:
        await schedule(gateway, sequence=3)
        late = await change(gateway, FIRST + DAY, moved(sequence=2))
        assert (late.fresh, "sequence 3" in late.warnings[0]) == (False, True)
        assert (await change(gateway, FIRST + DAY, moved(sequence=5))).fresh
        assert not (await change(gateway, FIRST + DAY, None, sequence=4)).fresh
        assert (await change(gateway, FIRST + DAY, None, sequence=6)).fresh
        assert (await change(gateway, FIRST + DAY, moved(sequence=7))).fresh, "newer than its cancellation"
        assert not (await gateway.intake.cancel(CALLER, "m1", sequence=2)).fresh
        assert (await gateway.intake.cancel(CALLER, "m1", sequence=3)).state == "cancelled"


async def test_what_cannot_be_changed():
    async with gateway_in_memory() as gateway:
        with pytest.raises(NotFound):
            await change(gateway, FIRST, None)
        await schedule(gateway)
        for original in (FIRST + HOUR, FIRST - DAY, FIRST + 3 * DAY, utc_s(FIRST) + 1, -(2**62), 2**62):
            with pytest.raises(BadPayload) as refused:
                await change(gateway, original, None)
            assert [problem.field for problem in refused.value.problems] == ["original_start"]
        await gateway.intake.cancel(CALLER, "m1")
        assert (await change(gateway, FIRST, None)).fresh is False
        with pytest.raises(Conflict):
            await change(gateway, FIRST, moved())
        await gateway.accept(external_id="single")
        with pytest.raises(BadPayload, match="does not repeat"):
            await gateway.intake.change_occurrence(
                CALLER, "single", OccurrenceChange(original=FIRST, meeting=None), shape="native"
            )


async def test_an_idempotency_key_answers_once():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        guard = RepeatGuard(key="k", request_hash=b"first")
        first = await change(gateway, FIRST, None, guard=guard)
        again = await change(gateway, FIRST, None, guard=guard)
        assert again._replace(fresh=True) == first


async def test_an_exception_keeps_what_is_its_own_and_follows_in_the_rest():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        await change(gateway, FIRST + DAY, moved(agenda="Only here"))
        await change(gateway, FIRST + 2 * DAY, timed("m1", "Own subject", FIRST + 2 * DAY))
        await schedule(gateway, replace(DAILY, subject="Renamed", hour=14))
        stored = await gateway.intake.series(CALLER, "m1")
        one, two = (said.meeting for said in stored.occurrences)
        assert one is not None
        assert two is not None
        assert (one.subject, one.agenda, one.start_local) == ("Renamed", "Only here", FIRST + DAY + 2 * HOUR)
        assert (two.subject, two.start_local, two.password) == ("Own subject", FIRST + 2 * DAY + 4 * HOUR, "778899")
        assert [said.original for said in stored.occurrences] == [
            utc_s(FIRST + DAY + 4 * HOUR),
            utc_s(FIRST + 2 * DAY + 4 * HOUR),
        ]


async def test_what_no_longer_fits_is_dropped_by_name():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        await change(gateway, FIRST + DAY, moved())
        await change(gateway, FIRST + 2 * DAY, None)
        await gateway.drain()
        receipt = await schedule(gateway, replace(DAILY, step=2))
        assert len(receipt.warnings) == 1
        assert "2024-04-30" in receipt.warnings[0]
        await gateway.drain()
        assert gateway.calendar.shown() == [line("Daily", FIRST), line("Daily", FIRST + 4 * DAY)]
        receipt = await schedule(gateway, replace(DAILY, step=0, count=1))
        assert "2024-05-01" in receipt.warnings[0]
        await gateway.drain()
        assert gateway.calendar.shown() == [line("Daily", FIRST)]
        row = await gateway.database.read(lambda conn: meetings.find(conn, 1, "m1"))
        assert row is not None
        left = await gateway.database.read(lambda conn: occurrences.of(conn, row.id))
        assert {one.state for one in left} <= {OccurrenceState.ORPHAN}
        # When the rule comes back, so do the occurrences that were cancelled in the calendar.
        calls = len(gateway.calendar.calls)
        await schedule(gateway)
        await gateway.drain()
        assert gateway.calendar.shown() == [line("Daily", FIRST + n * DAY) for n in range(3)]
        assert len(gateway.calendar.calls) > calls + 2
        await schedule(gateway, replace(DAILY, step=0, count=1))
        await gateway.drain()
        again = len(gateway.calendar.calls)
        await gateway.accept(subject="Single")
        await gateway.drain()
        event = gateway.calendar.calls[0][1]
        about = {name for _, name in gateway.calendar.calls[again:]}
        assert about == {event}, "what is settled is not looked at again"


async def test_exceptions_that_the_calendar_forgot_are_brought_again_even_when_the_first_attempt_fails():
    async with gateway_in_memory(ModelCalendar(resets=True)) as gateway:
        await schedule(gateway)
        await change(gateway, FIRST + DAY, moved())
        await change(gateway, FIRST, None)
        await gateway.drain()
        # The series is written and loses its exceptions; then nothing answers for a while.
        gateway.calendar.faults = [None, None, Fault.BUSY, None, Fault.BUSY]
        await schedule(gateway, replace(DAILY, count=2))
        await gateway.drain()
        assert gateway.calendar.shown() == [line("Daily", FIRST + DAY + 2 * HOUR)]


async def test_a_late_call_cannot_undo_what_came_after_it():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        await gateway.drain()
        gateway.calendar.faults = [None, None, Fault.LATE]
        await change(gateway, FIRST + DAY, None)
        await gateway.quiet()
        await change(gateway, FIRST + DAY, moved())
        gateway.calendar.late = [(99, *call[1:]) for call in gateway.calendar.late]
        await gateway.drain()
        gateway.calendar.flush()
        assert line("Daily", FIRST + DAY + 2 * HOUR) in gateway.calendar.shown()


async def test_a_cancelled_occurrence_that_is_none_is_not_there_anyway():
    async with gateway_in_memory() as gateway:
        nowhere = OccurrenceChange(original=FIRST + HOUR, meeting=None)
        meeting = DAILY.meeting("m1")
        receipt = await gateway.intake.accept(CALLER, meeting, shape="native", occurrences=[nowhere])
        assert "left aside" in receipt.warnings[0]
        changed = OccurrenceChange(original=FIRST + HOUR, meeting=moved())
        with pytest.raises(BadPayload, match="original_start"):
            await gateway.intake.accept(CALLER, replace(meeting, subject="B"), shape="native", occurrences=[changed])
        assert (await gateway.intake.find(CALLER, "m1")).meeting.subject == "Daily", "a refused call leaves no trace"


async def test_exceptions_have_an_end():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        series = replace(DAILY, count=MOST_EXCEPTIONS)
        every = [OccurrenceChange(original=FIRST + n * DAY, meeting=None) for n in range(MOST_EXCEPTIONS)]
        await gateway.intake.accept(CALLER, series.meeting("m1"), shape="native", occurrences=every)
        endless = replace(series.meeting("m1"), repeat=replace(series.meeting("m1").repeat, count=None))
        await gateway.intake.accept(CALLER, endless, shape="native")
        with pytest.raises(BadPayload, match="730 changed occurrences"):
            await change(gateway, FIRST + MOST_EXCEPTIONS * DAY, None)
        row = await gateway.database.read(lambda conn: meetings.find(conn, 1, "m1"))
        assert row is not None
        assert (row.exceptions, row.revision) == (MOST_EXCEPTIONS, 2)


async def test_no_pin_of_an_occurrence_is_stored_in_clear():
    async with gateway_in_memory() as gateway:
        await schedule(gateway)
        await change(gateway, FIRST + DAY, moved(password="13579"))
        (row,) = await gateway.database.read(lambda conn: occurrences.of(conn, 1))
        assert row.body is not None
        assert "13579" not in row.body
        (said,) = (await gateway.intake.find(CALLER, "m1")).occurrences
        assert said.meeting is not None
        assert said.meeting.password == "13579"


async def test_events_written_before_there_were_settings_for_joining_are_not_written_again():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()
        row = await gateway.database.read(lambda conn: meetings.find(conn, 1, "m1"))
        assert row is not None
        assert [event.content for event in gateway.calendar.living()] == [f"1.device.{row.fingerprint}"]
