"""What the gateway says of a room is its own meetings and what the calendar said last, and it says how old that is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.busy import Span
from gateway.domain.facts import Part
from gateway.domain.meeting import Frequency, Repeat
from gateway.domain.outcome import Outcome, Verdict
from gateway.errors import StoreError, TimeTaken
from gateway.mirror.availability.outside_busy import part_of
from gateway.mirror.intake.intake import Caller
from gateway.store import busy, kept, mirrored
from gateway.store.kept import KeptEdit, KeptState
from tests.unit.mirror.busy_office import ALLOW, DAY_S, HOUR_S, NOON_S, REFUSE, WARN, busy_office, hours

DOWN = Outcome(verdict=Verdict.LATER, code="N-02", text="www.example.com cannot be reached.")
SLOW = Outcome(verdict=Verdict.SLOW_DOWN, code="G-505", text="Slow down.", retry_after_s=7200.0)
GONE = Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text="The calendar is gone.")


async def test_a_device_hears_of_both_and_of_nothing_else():
    async with busy_office({"primary": [hours(3, 4), hours(3.5, 5)]}) as office:
        await office.schedule("a", hours(0, 1))
        await office.schedule("b", hours(1, 2), device=2)
        found = await office.availability.between(1, *hours(0.5, 24))
        assert found.spans == (hours(0.5, 2), hours(3, 5))
        assert (found.complete, found.stale, found.notes) == (True, False, ())
        assert found.as_of_ms == office.clock.ms


async def test_what_the_calendar_holds_refuses_too():
    async with busy_office({"primary": [hours(3, 4)]}) as office:
        office.set(REFUSE)
        await office.pass_time(0.1)
        with pytest.raises(TimeTaken) as caught:
            await office.schedule("a", hours(3.5, 6))
        assert [(each.start_utc_s, each.end_utc_s) for each in caught.value.taken] == [hours(3, 4)]
        assert (await office.schedule("b", hours(4, 6))).warnings == ()


async def test_our_own_events_in_the_calendar_are_no_conflict():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("a", hours(0, 2))
        office.busy.calendars["primary"] = [hours(0, 2), hours(1, 3)]
        await office.pass_time(0.1)
        assert (await office.schedule("a", hours(0.5, 2))).fresh
        with pytest.raises(TimeTaken) as caught:
            await office.schedule("a", hours(1, 4))
        assert [(each.start_utc_s, each.end_utc_s) for each in caught.value.taken] == [hours(2, 3)]


async def test_time_that_a_meeting_has_already_is_not_held_against_it():
    async with busy_office({"primary": [hours(3, 4)]}) as office:
        office.set(WARN)
        await office.pass_time(0.1)
        assert len((await office.schedule("a", hours(3, 4))).warnings) == 1
        office.set(REFUSE)
        await office.availability.ready(1)
        assert (await office.schedule("a", hours(3, 4.5))).warnings == ()


async def test_a_meeting_that_moved_away_leaves_no_shadow():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("a", hours(0, 2))
        office.busy.calendars["primary"] = [hours(0, 2)]
        await office.pass_time(0.1)
        await office.schedule("a", hours(5, 7))
        assert (await office.schedule("b", hours(0, 2))).fresh


async def test_when_the_calendar_cannot_be_asked_the_last_word_counts_and_its_age_is_told():
    async with busy_office({"primary": [hours(3, 4)]}) as office:
        office.set(WARN)
        await office.pass_time(0.1)
        asked_ms = (await office.availability.between(1, *hours(0, 24))).as_of_ms
        office.busy.refusal = DOWN
        office.busy.calendars["primary"] = []
        await office.pass_time(1)
        found = await office.availability.between(1, *hours(0, 24))
        assert found.spans == (hours(3, 4),)
        assert (found.complete, found.stale) == (False, True)
        assert found.as_of_ms is not None
        assert asked_ms <= found.as_of_ms < office.clock.ms - 50 * 60 * 1000
        assert [note.code for note in found.notes] == ["N-02"]
        taken, doubt = (await office.schedule("a", hours(3, 4))).warnings
        assert "15:00" not in doubt
        assert "2026-11-30 16:00 to 17:00" in taken
        assert "as of 2026-11-25T12:0" in doubt
        assert "cannot be reached" in doubt
        office.busy.refusal = None
        await office.pass_time(0.5)
        assert (await office.availability.between(1, *hours(0, 24))).complete


async def test_what_was_heard_outlives_the_gateway():
    async with busy_office({"primary": [hours(3, 4)]}) as office:
        office.set(REFUSE)
        await office.pass_time(0.1)
        office.busy.refusal = DOWN
        office.made()
        await office.availability.begin()
        await office.availability.turn()
        with pytest.raises(TimeTaken):
            await office.schedule("a", hours(3, 4))


async def test_a_calendar_that_was_never_asked_is_said_to_be_unknown():
    async with busy_office() as office:
        office.accounts.allowed = False
        office.set(REFUSE)
        await office.pass_time(0.1)
        found = await office.availability.between(1, *hours(0, 24))
        assert (found.as_of_ms, found.complete, found.stale) == (None, False, True)
        assert [note.code for note in found.notes] == ["G-416"]
        assert "own meetings" in found.notes[0].text
        assert "are not known" in (await office.schedule("a", hours(0, 1))).warnings[0]
        office.accounts.connected = False
        await office.pass_time(1)
        assert [note.code for note in (await office.availability.between(1, *hours(0, 24))).notes] == ["no-account"]
        office.accounts.connected = office.accounts.allowed = True
        office.availability.wake()
        assert (await office.availability.between(1, *hours(0, 24))).complete


async def test_one_calendar_s_problem_leaves_the_others_alone():
    async with busy_office({"good": [hours(0, 1)]}) as office:
        office.set(WARN, 1, calendar_id="good")
        office.set(WARN, 2, calendar_id="bad")
        office.busy.problems["bad"] = GONE
        await office.pass_time(0.1)
        good = await office.availability.between(1, *hours(0, 24))
        bad = await office.availability.between(2, *hours(0, 24))
        assert (good.spans, good.complete) == ((hours(0, 1),), True)
        assert [note.code for note in bad.notes] == ["G-507"]


async def test_how_often_the_calendar_is_asked():
    async with busy_office() as office:
        await office.pass_time(5)
        assert office.busy.asked == [], "nobody wants to know"
        office.set(REFUSE)
        await office.schedule("a", hours(0, 1))
        await office.pass_time(0.9)
        near = [call for call in office.busy.asked if part_of(call[1]) == part_of(NOON_S - 5 * DAY_S)]
        assert 50 <= len(near) <= 60
        assert len(office.busy.asked) - len(near) == 6, "what is far ahead once an hour"
        assert all(to_s - from_s <= 60 * DAY_S for _, from_s, to_s in office.busy.asked)
        before = len(office.busy.asked)
        await office.pass_time(10)
        assert len(office.busy.asked) - before <= 10 * (12 + 6) + 30, "less often while nobody schedules"
        office.set(ALLOW)
        await office.pass_time(1)
        before = len(office.busy.asked)
        await office.pass_time(24)
        assert len(office.busy.asked) == before


async def test_a_calendar_in_trouble_is_left_in_peace():
    async with busy_office() as office:
        office.set(REFUSE)
        office.busy.refusal = DOWN
        await office.pass_time(6)
        assert len(office.busy.asked) <= 6 * 4 + 6
        office.busy.refusal = SLOW
        await office.pass_time(1)
        before = len(office.busy.asked)
        for _ in range(20):
            await office.availability.between(1, *hours(0, 24))
        await office.pass_time(1.8)
        assert len(office.busy.asked) <= before + 1


async def test_a_device_that_asks_again_and_again_costs_few_calls():
    async with busy_office() as office:
        for _ in range(30):
            await office.availability.between(1, *hours(0, 24))
            office.clock.ms += 1000
        assert len(office.busy.asked) <= 3


async def test_nothing_new_is_hardly_ever_written():
    async with busy_office({"primary": [hours(3, 4)]}) as office:
        office.set(REFUSE)
        await office.pass_time(0.1)
        before = await office.database.read(busy.outside)
        await office.pass_time(0.1)
        assert await office.database.read(busy.outside) == before


async def test_a_series_without_end_is_extended_as_time_passes():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.schedule("s", hours(0, 1), repeat=Repeat(frequency=Frequency.WEEKLY))
        far = Span(NOON_S + 70 * 7 * DAY_S - HOUR_S, NOON_S + 70 * 7 * DAY_S)  # clocks have changed by then
        assert (await office.schedule("too far to be known", far, device=2)).fresh
        await office.intake.cancel(Caller(2, "d2"), "too far to be known")
        office.clock.ms += 100 * DAY_S * 1000
        await office.availability.turn()
        with pytest.raises(TimeTaken):
            await office.schedule("known now", far, device=2)


async def test_what_people_moved_in_the_calendar_is_not_where_the_device_had_it():
    async with busy_office() as office:
        office.set(REFUSE)
        receipt = await office.schedule("a", hours(0, 1))
        edit = KeptEdit(meeting_id=receipt.meeting_id, state=KeptState.KEPT, parts=frozenset({Part.TIME}))

        def keep(conn) -> None:
            kept.put(conn, edit)
            busy.make_again(conn, receipt.meeting_id, office.clock.ms // 1000)

        await office.database.write(keep)
        office.busy.calendars["primary"] = [hours(5, 6)]
        await office.pass_time(1.1)
        assert await office.taken() == (hours(5, 6),)
        await office.schedule("a", hours(2, 3))
        assert await office.taken() == (hours(2, 3), hours(5, 6))


async def test_one_occurrence_that_people_moved_is_not_where_the_rule_has_it():
    async with busy_office() as office:
        office.set(REFUSE)
        receipt = await office.schedule("s", hours(0, 1), repeat=Repeat(frequency=Frequency.DAILY, count=3))
        edit = KeptEdit(
            meeting_id=receipt.meeting_id,
            original_start_utc_s=NOON_S + DAY_S,
            state=KeptState.KEPT,
            parts=frozenset({Part.EVENT}),
        )

        def keep(conn) -> None:
            kept.put(conn, edit)
            busy.make_again(conn, receipt.meeting_id, office.clock.ms // 1000)

        await office.database.write(keep)
        await office.pass_time(1.1)
        assert [span.start_s for span in await office.taken()] == [NOON_S, NOON_S + 2 * DAY_S]


async def test_more_meetings_than_one_answer_tells():
    async with busy_office() as office:
        await office.taken()

        def fill(conn) -> None:
            for n in range(20_010):
                busy.put(conn, 1, 10_000 + n, [Span(NOON_S + n * 120, NOON_S + n * 120 + 60)], series=False)

        await office.database.write(fill)
        found = await office.availability.between(1, NOON_S, NOON_S + 60 * DAY_S)
        assert len(found.spans) == 20_000
        assert found.to_s == NOON_S + 20_000 * 120
        assert [note.code for note in found.notes] == ["too-many"]


async def test_an_account_of_the_device_s_own_is_asked():
    async with busy_office({"primary": [hours(0, 1)]}) as office:
        office.set(WARN, 1, account="someone.else@example.com")
        await office.pass_time(0.1)
        found = await office.availability.between(1, *hours(0, 24))
        assert [note.code for note in found.notes] == ["no-account"]
        assert office.busy.asked == []


DAILY = Repeat(frequency=Frequency.DAILY, count=3)
NEXT_DAYS = [Span(start + n * DAY_S, end + n * DAY_S) for n in range(3) for start, end in [hours(0, 2)]]
LATER_DAYS = [Span(start + n * DAY_S, end + n * DAY_S) for n in range(3) for start, end in [hours(5, 6)]]


@pytest.mark.parametrize(
    ("repeat", "shown", "wanted"), [(None, [hours(0, 2)], hours(0, 2)), (DAILY, NEXT_DAYS, NEXT_DAYS[2])]
)
@pytest.mark.parametrize("said", ["cancelled", "moved"])
@pytest.mark.parametrize("held", [False, True])
async def test_what_the_calendar_still_shows_of_a_meeting_that_went_away_is_free(repeat, shown, wanted, said, held):
    async with busy_office() as office:
        office.set(REFUSE)
        await office.delivered(await office.schedule("a", hours(0, 2), repeat=repeat))
        if said == "moved":
            await office.schedule("a", hours(5, 6), repeat=repeat)
        else:
            await office.intake.cancel(Caller(1, "d1"), "a")
        if held:
            await office.database.write(lambda conn: conn.execute("UPDATE outbox SET hold = 'configuration'"))
        office.busy.calendars["primary"] = list(shown)
        await office.pass_time(0.1)
        assert (await office.schedule("b", wanted)).fresh


async def test_what_may_be_in_the_calendar_of_a_meeting_that_was_cancelled_is_free():
    async with busy_office() as office:
        office.set(REFUSE)
        receipt = await office.schedule("a", hours(0, 2))

        def in_doubt(conn) -> None:
            event = {"calendar_id": "primary", "remote_id": "e", "generation": 0}
            mirrored.claim(conn, meeting_id=receipt.meeting_id, account_id=1, now_ms=1, **event)
            conn.execute("UPDATE outbox SET doubt = 1")

        await office.database.write(in_doubt)
        await office.intake.cancel(Caller(1, "d1"), "a")
        office.busy.calendars["primary"] = [hours(0, 2)]
        await office.pass_time(0.1)
        assert (await office.schedule("b", hours(0, 2))).fresh


async def test_what_is_written_while_the_calendar_is_asked_leaves_no_shadow():
    async with busy_office({"primary": [hours(0, 2)]}) as office:
        receipt = await office.schedule("a", hours(0, 2))
        await office.delivered(receipt)

        async def cancelled() -> None:
            await office.intake.cancel(Caller(1, "d1"), "a")
            await office.delivered(receipt)

        office.busy.meanwhile = cancelled
        office.set(REFUSE)
        await office.availability.turn()
        assert (await office.schedule("b", hours(0, 2))).fresh


async def test_what_others_have_where_our_meeting_went_away_is_seen_soon_however_far_ahead_it_is():
    far = Span(NOON_S + 100 * DAY_S, NOON_S + 100 * DAY_S + HOUR_S)
    async with busy_office() as office:
        office.set(REFUSE)
        receipt = await office.schedule("a", far)
        await office.delivered(receipt)
        await office.intake.cancel(Caller(1, "d1"), "a")
        office.busy.calendars["primary"] = [far]
        await office.pass_time(0.1)
        await office.delivered(receipt)
        await office.pass_time(0.1)
        with pytest.raises(TimeTaken):
            await office.schedule("b", far)
        before = len(office.busy.asked)
        await office.pass_time(0.5)
        far_ones = [call for call in office.busy.asked[before:] if call[1] > NOON_S]
        assert far_ones == [], "it is not asked more often for ever"


async def test_many_who_want_to_know_at_once_share_the_work():
    async with busy_office() as office:
        office.policies[2] = replace(office.policies[2], calendar_id="another room")
        asking = [asyncio.create_task(office.availability.between(1, *hours(0, 24))) for _ in range(20)]
        await asyncio.sleep(0)
        asking += [asyncio.create_task(office.availability.between(2, *hours(0, 24))) for _ in range(20)]
        most = 0
        while not all(task.done() for task in asking):
            most = max(most, sum(task.get_name() == "settle-rooms" for task in asyncio.all_tasks()))
            await asyncio.sleep(0)
        assert most == 1
        assert {task.result().notes for task in asking} == {()}
        assert len(office.busy.asked) == 2, "one question for each room"


async def test_a_question_that_the_disk_stops_takes_nothing_from_the_limits():
    async with busy_office() as office:
        office.set(REFUSE)
        await office.availability.turn()
        office.clock.ms += 61_000
        await office.database.write(lambda conn: conn.execute("ALTER TABLE mirrored RENAME TO away"))
        with pytest.raises(StoreError):
            await office.availability.turn()
        await office.database.write(lambda conn: conn.execute("ALTER TABLE away RENAME TO mirrored"))
        office.clock.ms += 61_000
        assert {budget.scope: budget.used for budget in office.pace.budgets()} == {"project": 0, "account": 0}


async def test_who_asks_while_rooms_are_being_settled_is_not_told_that_its_own_is_not():
    async with busy_office() as office:
        office.policies[2] = replace(office.policies[2], calendar_id="another room")
        for number in range(400):
            await office.schedule(f"m{number}", hours(number, number + 1))
        first = asyncio.create_task(office.availability.between(1, *hours(0, 24)))
        while not await office.database.read(busy.devices):
            await asyncio.sleep(0)
        assert (await office.availability.between(2, *hours(0, 24))).complete
        assert (await first).complete
