"""The gate before every call: in order, within the limits, and no job stands in it for long."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, Quota, Verdict
from gateway.domain.target import AccountTarget, EventRef
from gateway.mirror.paced import NOT_NOW, Pace, PacedTarget, PaceLimits
from tests.unit.mirror.model_calendar import Fault, ModelCalendar
from tests.unit.mirror.two_accounts import MANY, SettableClock

DONE = Outcome(verdict=Verdict.DONE)
TWO_A_MINUTE = PaceLimits(project_per_min=10**6, account_per_min=2, calendar_per_s=10**4)
SPREAD_MS = 3_000
"""How far apart the calls of a burst are at two a minute."""
REF = EventRef(calendar_id="room", remote_id="e1", marks={"gateway": "g", "meeting": "1", "generation": "0"})


def account(calendar: ModelCalendar | None = None) -> AccountTarget:
    return AccountTarget(account_id=1, target=calendar or ModelCalendar(), email="a@example.com", project="p")


async def test_those_who_wait_for_a_calendar_enter_in_the_order_in_which_they_came():
    clock = SettableClock()
    limits = PaceLimits(project_per_min=10**6, account_per_min=10**6, calendar_per_s=0.1)
    pace, who = Pace(clock=clock, limits=limits), account()
    for _ in range(3):
        await pace.enter(who, "room")
    entered: list[int] = []

    async def enter(number: int) -> None:
        await pace.enter(who, "room")
        entered.append(number)

    tasks = [asyncio.create_task(enter(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert entered == []
    for number in range(3):
        clock.ms += 10_000
        pace.ended(who, "room", None)
        while len(entered) <= number:
            await asyncio.sleep(0)
        assert pace.free(who, "room") <= 0
    await asyncio.gather(*tasks)
    assert entered == [0, 1, 2]


async def test_a_cancelled_one_leaves_the_line():
    pace, who = Pace(clock=SettableClock(), limits=TWO_A_MINUTE), account()
    assert pace.take(who, "room")
    waiting = asyncio.create_task(pace.enter(who, "room"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pace.give_back(who, "room")
    assert pace.take(who, "room")


async def test_a_read_counts_for_the_account_and_for_no_calendar():
    pace, who = Pace(clock=SettableClock(), limits=MANY), account()
    await pace.enter(who)
    pace.ended(who, None, DONE, subject="a list")
    assert [(each.scope, each.name, each.used) for each in pace.budgets()] == [
        ("project", "p", 1),
        ("account", "a@example.com", 1),
    ]


async def test_what_status_shows_of_a_limit_that_was_met():
    clock = SettableClock()
    pace, who = Pace(clock=clock, limits=PaceLimits()), account()
    for number in range(3):
        assert pace.take(who, "room")
        refused = Outcome(verdict=Verdict.SLOW_DOWN, quota=Quota.ACCOUNT, retry_after_s=20.0)
        pace.ended(who, "room", refused if number == 2 else DONE)
    budgets = {each.scope: each for each in pace.budgets()}
    assert budgets["project"].rests_until_ms is None
    assert budgets["account"].limit == 10, "within the first minute nobody knows what was called before"
    until_ms = budgets["account"].rests_until_ms
    assert until_ms is not None
    assert 20_000 <= until_ms - clock.ms <= 20_002
    assert budgets["calendar"].per_s == 1.0


async def test_what_was_taken_and_not_used_is_given_back():
    pace, calendar = Pace(clock=SettableClock(), limits=TWO_A_MINUTE), ModelCalendar()
    who = account(calendar)
    assert pace.take(who, "room")
    target = PacedTarget(calendar, pace, who, "room")
    target.close()
    target.close()
    assert pace.take(who, "room")
    assert pace.budgets()[1].used == 1


async def test_the_call_that_was_taken_is_not_counted_twice():
    clock, calendar = SettableClock(), ModelCalendar()
    pace, who = Pace(clock=clock, limits=TWO_A_MINUTE), account(calendar)
    assert pace.take(who, "room")
    target = PacedTarget(calendar, pace, who, "room")
    assert (await target.look(REF)).verdict is Verdict.GONE
    assert pace.budgets()[1].used == 1
    clock.ms += SPREAD_MS
    assert (await target.delete(REF, Invitations.OFF)).verdict is Verdict.GONE
    assert pace.budgets()[1].used == 2


async def test_a_call_that_would_wait_long_is_not_made():
    clock, calendar = SettableClock(), ModelCalendar()
    pace = Pace(clock=clock, limits=TWO_A_MINUTE)
    for _ in range(2):
        assert (await PacedTarget(calendar, pace, account(calendar)).look(REF)).verdict is Verdict.GONE
        clock.ms += SPREAD_MS
    outcome = await PacedTarget(calendar, pace, account(calendar)).look(REF)
    assert (outcome.verdict, outcome.code) == (Verdict.LATER, NOT_NOW)
    assert outcome.retry_after_s == pytest.approx(60.0 - 2 * SPREAD_MS / 1000, abs=0.1)
    assert len(calendar.calls) == 2


async def test_a_job_that_has_begun_waits_for_its_next_call():
    clock, calendar = SettableClock(), ModelCalendar()
    pace = Pace(clock=clock, limits=TWO_A_MINUTE)
    begun = PacedTarget(calendar, pace, account(calendar))
    for _ in range(2):
        assert (await begun.look(REF)).verdict is Verdict.GONE
        clock.ms += SPREAD_MS
    waits = asyncio.create_task(begun.look(REF))
    await asyncio.sleep(0)
    assert (pace.waiting(), len(calendar.calls)) == (1, 2)
    clock.ms += 61_000
    pace.give_back(account(calendar), "another")  # who waits looks again
    assert (await waits).verdict is Verdict.GONE
    assert len(calendar.calls) == 3


async def test_who_follows_hears_that_an_account_is_in_touch_again():
    pace, calendar, told = Pace(clock=SettableClock(), limits=MANY), ModelCalendar(faults=[Fault.BUSY]), []
    pace.follow(lambda: told.append("again"))
    who = account(calendar)
    target = PacedTarget(calendar, pace, who)
    await target.look(REF)
    assert (pace.failing(who), pace.out_of_reach(who), told) == (True, False, [])
    await target.look(REF)
    assert (pace.failing(who), told) == (False, ["again"])


async def test_who_asks_in_vain_hears_that_a_call_ended():
    clock, told = SettableClock(), []
    pace, who = Pace(clock=clock, limits=TWO_A_MINUTE), account()
    pace.follow(lambda: told.append("look again"))
    for ended in (lambda: pace.ended(who, "room", None), lambda: pace.give_back(who, "room")):
        while pace.take(who, "room"):
            clock.ms += SPREAD_MS
        assert pace.next_free_ms(who, "room") is None
        assert told == []
        ended()
        assert told == ["look again"]
        told.clear()
        clock.ms += 61_000
        pace.ended(who, "room", None)
        assert told == [], "nobody asked"
        clock.ms += 61_000


async def test_a_call_that_is_cut_off_frees_its_place():
    class Hanging(ModelCalendar):
        async def look(self, ref: EventRef) -> Outcome:
            await asyncio.Event().wait()
            return DONE

    clock = SettableClock()
    pace = Pace(clock=clock, limits=TWO_A_MINUTE)
    who = account(Hanging())
    calls = []
    for _ in range(2):
        calls.append(asyncio.create_task(PacedTarget(who.target, pace, who).look(REF)))
        await asyncio.sleep(0)
        clock.ms += SPREAD_MS
    assert pace.next_free_ms(who, "room") is None
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert pace.free(who, "room") == 0
    clock.ms += 61_000
    assert pace.free(who, "room") > 0
