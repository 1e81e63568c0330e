"""A device whose rule is to warn or refuse hears when its room is taken, and is never in its own way."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.busy import Span, merged, takes_up, within
from gateway.domain.meeting import Frequency, Meeting, Repeat, Weekday
from gateway.domain.occurrence import OccurrenceChange
from gateway.domain.zones import to_local
from gateway.errors import NotFound, TimeTaken
from gateway.mirror.intake.intake import Caller, RepeatGuard, StoredMeeting
from gateway.store import audit, meetings, outbox
from tests.unit.mirror.busy_office import (
    ALLOW,
    DAY_S,
    HOUR_S,
    NOON_S,
    REFUSE,
    WARN,
    BusyOffice,
    busy_office,
    hours,
)

DAILY = Repeat(frequency=Frequency.DAILY, count=5)


async def refused(office: BusyOffice, name: str, span: Span, **more: object) -> TimeTaken:
    with pytest.raises(TimeTaken) as caught:
        await office.schedule(name, span, **more)
    return caught.value


async def test_nothing_is_compared_or_kept_unless_asked_for():
    async with busy_office() as office:
        await office.schedule("a", hours(0, 1))
        assert (await office.schedule("b", hours(0, 1))).warnings == ()
        await office.pass_time(2)
        rows = await office.database.read(lambda conn: conn.execute("SELECT count(*) FROM busy_span").fetchone())
        assert (rows[0], office.busy.asked) == (0, [])


async def test_a_taken_time_is_refused_with_the_time_and_nothing_else():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("a", hours(0, 1), device=2)
        error = await refused(office, "b", hours(0.5, 2))
        assert [(each.start_utc_s, each.end_utc_s) for each in error.taken] == [hours(0, 1)]
        assert "2026-11-30 13:00 to 14:00 (Europe/Paris; 2026-11-30T12:00:00Z to 2026-11-30T13:00:00Z)" in str(error)
        assert "Subject" not in str(error)
        for span in (hours(1, 2), hours(-1, 0)):
            assert (await office.schedule(f"free{span.start_s}", span)).fresh


async def test_nothing_is_left_of_what_was_refused():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("a", hours(0, 1))
        await refused(office, "b", hours(0, 1))
        await refused(office, "a2", hours(-1, 1), repeat=DAILY)
        assert await office.database.read(meetings.count) == 1
        assert len(await office.database.read(audit.everything)) == 1
        assert await office.taken() == (hours(0, 1),)


async def test_a_warning_is_given_and_the_meeting_kept():
    async with busy_office() as office:
        office.set(WARN)
        await office.pass_time(0.1)
        await office.schedule("a", hours(0, 1))
        receipt = await office.schedule("b", hours(0, 2))
        assert receipt.fresh
        (warning,) = receipt.warnings
        assert "The room is taken then: 2026-11-30 13:00 to 14:00" in warning
        assert await office.taken() == (hours(0, 2),)


async def test_a_meeting_is_never_in_its_own_way():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("a", hours(0, 2))
        for span in (hours(0.5, 1.5), hours(0, 3), hours(2, 4)):
            assert (await office.schedule("a", span)).fresh
        assert await office.taken() == (hours(2, 4),)
        await office.schedule("b", hours(0, 1))
        await refused(office, "a", hours(0.5, 4))
        assert await office.taken() == (hours(0, 1), hours(2, 4))


async def test_a_repeat_stays_a_repeat_also_when_its_time_is_taken_since():
    async with busy_office() as office:
        office.set(ALLOW)
        first = await office.schedule("a", hours(0, 1))
        await office.schedule("b", hours(0, 1), device=2)
        office.set(REFUSE)
        again = await office.schedule("a", hours(0, 1))
        assert (again.fresh, again.meeting_id) == (False, first.meeting_id)
        assert (await office.schedule("a", hours(0, 1), subject="Other")).fresh, "it has had that time already"


async def test_a_repeated_call_with_a_key_hears_the_first_answer():
    async with busy_office() as office:
        office.set(REFUSE)
        caller = Caller(1, "d1", REFUSE)
        await office.schedule("a", hours(0, 1))
        stored = await office.intake.find(caller, "a")
        guard = RepeatGuard(key="k", request_hash=b"1")
        for _ in range(2):
            receipt = await office.intake.accept(caller, stored.meeting, shape="native", guard=guard)
            assert receipt.fresh is False


async def test_what_was_cancelled_is_free_again():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("a", hours(0, 1))
        await office.schedule("s", hours(2, 3), repeat=DAILY)
        await office.intake.cancel(Caller(1, "d1"), "a")
        await office.intake.cancel(Caller(1, "d1"), "s")
        assert await office.taken() == ()
        await office.schedule("b", hours(0, 4))


async def test_a_series_names_the_first_of_its_conflicts_and_counts_them():
    async with busy_office() as office:
        office.set(REFUSE)
        for day in range(1, 9):
            await office.schedule(f"d{day}", Span(NOON_S + day * DAY_S, NOON_S + day * DAY_S + HOUR_S))
        series = Repeat(frequency=Frequency.DAILY, count=12)
        error = await refused(office, "s", hours(0.5, 1.5), repeat=series)
        assert error.occurrences == 8
        assert len(error.taken) == 5
        assert str(error).startswith(
            "8 of the next 12 occurrences are at times when the room is taken: 2026-12-01 13:00"
        )
        assert "; and 3 more." in str(error)


async def test_single_occurrences_count_as_they_are():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("s", hours(0, 1), repeat=DAILY)
        original = NOON_S + DAY_S
        cancel = OccurrenceChange(original=original, meeting=None)
        await office.intake.change_occurrence(Caller(1, "d1", REFUSE), "s", cancel, shape="native")
        tomorrow = Span(original, original + HOUR_S)
        await office.schedule("t", tomorrow)
        stored = await office.intake.find(Caller(1, "d1"), "t")
        back = OccurrenceChange(original=original, meeting=stored.meeting)
        with pytest.raises(TimeTaken):
            await office.intake.change_occurrence(Caller(1, "d1", REFUSE), "s", back, shape="native")
        assert len(await office.taken()) == 5


async def test_two_at_the_same_moment_are_not_both_accepted():
    async with busy_office() as office:
        office.set(REFUSE)
        calls = [office.schedule(f"m{n}", hours(0, 1), device=1 + n % 2) for n in range(20)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(each, TimeTaken) for each in found) == 19
        rows = await office.database.read(lambda conn: outbox.counts(conn))
        assert rows == {"waiting": 1}


async def test_what_is_over_is_not_compared():
    async with busy_office() as office:
        office.set(REFUSE)
        past = Span(office.clock.ms // 1000 - 2 * HOUR_S, office.clock.ms // 1000 - HOUR_S)
        await office.schedule("a", past)
        assert (await office.schedule("b", past)).fresh
        earlier = Span(past.start_s - HOUR_S, past.end_s - HOUR_S)
        await office.schedule("c", earlier)
        assert (await office.schedule("c", Span(earlier.start_s, past.end_s))).fresh
        assert (await office.schedule("s", past, repeat=DAILY)).fresh


async def test_rooms_are_apart_and_a_shared_address_is_one_room():
    async with busy_office() as office:
        office.set(REFUSE, 1)
        office.set(REFUSE, 2, calendar_id="other")
        await office.schedule("a", hours(0, 1))
        await office.schedule("b", hours(0, 1), device=2)
        office.set(REFUSE, room_address="room@example.com")
        await refused(office, "c", hours(0, 1))
        assert await office.taken(2) == (hours(0, 1),)


async def test_a_device_that_takes_up_no_time_is_in_nobody_s_way():
    async with busy_office() as office:
        office.set(REFUSE)
        office.transparent(2)
        await office.schedule("a", hours(0, 1), device=2)
        await office.schedule("b", hours(0, 1))
        await refused(office, "c", hours(0, 1), device=2)


async def test_meetings_of_before_the_rule_count():
    async with busy_office() as office:
        for n in range(450):
            await office.schedule(f"m{n}", hours(n, n + 0.5), device=1 + n % 2)
        await office.schedule("s", hours(-20, -19), repeat=DAILY)
        await office.intake.cancel(Caller(1, "d1"), "m0")
        office.set(REFUSE, 1)
        await office.schedule("free", hours(0, 1))
        await refused(office, "x", hours(449, 450))
        await refused(office, "y", hours(28, 28.6))
        assert (await office.schedule("z", hours(449, 450), device=2)).fresh, "whose rule is to allow"


@settings(max_examples=400 if os.environ.get("LONG") else 12, deadline=None)
@given(st.data())
def test_what_is_stored_is_what_the_meetings_take_up(data: st.DataObject):
    asyncio.run(_stored_is_expanded(data))


async def _stored_is_expanded(data: st.DataObject) -> None:
    """After any history, the room is taken when the stored meetings and exceptions, expanded by themselves, are."""
    rules = st.one_of(
        st.none(),
        st.builds(
            lambda frequency, interval, count: Repeat(frequency=frequency, interval=interval, count=count),
            st.sampled_from(list(Frequency)),
            st.integers(1, 3),
            st.one_of(st.none(), st.integers(1, 40)),
        ),
        st.builds(
            lambda days, count: Repeat(frequency=Frequency.WEEKLY, weekdays=tuple(days), count=count),
            st.sets(st.sampled_from(list(Weekday)), min_size=1),
            st.integers(1, 40),
        ),
    )
    async with busy_office() as office:
        office.set(WARN)
        await office.taken()
        for _ in range(data.draw(st.integers(1, 8))):
            name = data.draw(st.sampled_from(["a", "b"]))
            start = data.draw(st.integers(-40, 2000))
            span = hours(start, start + data.draw(st.sampled_from([0.5, 1, 7, 49])))
            await _step(office, data, name, span, data.draw(rules))
        expected = []
        for name in ("a", "b"):
            with_exceptions = await _expanded(office, name)
            expected += with_exceptions
        window = Span(NOON_S - DAY_S, NOON_S + 60 * DAY_S)
        found = await office.availability.between(1, *window)
        assert found.spans == within(merged(expected), *window)


async def _step(office: BusyOffice, data: st.DataObject, name: str, span: Span, rule: Repeat | None) -> None:
    known = f"{name}{office.clock.ms}"
    todo = data.draw(st.sampled_from(["schedule", "schedule", "move", "drop", "cancel"]))
    stored = await _found(office, name)
    if todo == "schedule" or stored is None or stored.receipt.state == "cancelled":
        if stored is None or stored.receipt.state != "cancelled":
            await office.schedule(name, span, repeat=rule, subject=known)
    elif todo == "cancel":
        await office.intake.cancel(Caller(1, "d1"), name)
    elif stored.meeting.repeat is not None:
        spans = takes_up(stored.meeting, {}, from_s=0, to_s=NOON_S + 90 * DAY_S)
        original = data.draw(st.sampled_from([each.start_s for each in spans]))
        other = _as_meeting(stored.meeting, span) if todo == "move" else None
        change = OccurrenceChange(original=original, meeting=other)
        await office.intake.change_occurrence(Caller(1, "d1", WARN), name, change, shape="native")


def _as_meeting(series: Meeting, span: Span) -> Meeting:
    start = to_local(span.start_s, series.zone)
    return replace(
        series,
        repeat=None,
        start_local=start,
        end_local=start + timedelta(seconds=span.end_s - span.start_s),
        start_utc_s=span.start_s,
        end_utc_s=span.end_s,
    )


async def _found(office: BusyOffice, name: str) -> StoredMeeting | None:
    try:
        return await office.intake.find(Caller(1, "d1"), name)
    except NotFound:
        return None


async def _expanded(office: BusyOffice, name: str) -> list[Span]:
    stored = await _found(office, name)
    if stored is None or stored.receipt.state == "cancelled":
        return []
    exceptions = {each.original: each.meeting for each in stored.occurrences}
    return list(takes_up(stored.meeting, exceptions, from_s=0, to_s=NOON_S + 200 * DAY_S))
