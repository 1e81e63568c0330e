"""Devices, gateway and simulated Google with bad partners, in any order: one event for each meeting.

Every schedule ends with quiet days: faults are off, the admin has signed in, time passes. Then the calendar shows what
the devices said last, nothing twice, nothing lacking.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.journey.bad_line import BadLine, Trouble
from tests.journey.fast_office import FastOffice, fast_google, folder_in_memory, meeting, opened_fast
from tests.journey.fast_time import FastLoop
from tests.journey.test_bad_partner import PATIENCE
from tests.journey.wanted import FIRST, WEEK, WEEKS, Desk, WantedMeeting

LONG = bool(os.environ.get("LONG"))
MOST_MEETINGS = 5
MOST_DELETED = 2
"""A person who deletes most of a calendar is somebody the gateway asks about."""

MOST_RENAMED = 1
"""What is changed again each time that it was put back is not put back any more, but asked about."""

MOST_STARTS = 3
"""Most of a schedule's cost."""

any_of_them = st.integers(0, MOST_MEETINGS - 1)
hours = st.integers(8, 18)
weeks = st.integers(1, WEEKS - 2)
befalls = st.lists(st.sampled_from(Trouble), max_size=3)
"""What befalls the coming calls."""
then_s = st.sampled_from([0, 0.5, 5, 90])
"""How long until the next thing happens."""


class NeverLost(RuleBasedStateMachine):
    """One schedule: a gateway on a bad line, a device that schedules, people and circumstances."""

    ended_well = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=FastLoop)
        self.stack = AsyncExitStack()
        self.broken = False
        self.count = 0
        self.deleted = 0
        self.renamed = 0
        self.starts = 0

    def go(self, work: Coroutine[Any, Any, Any], *, then_s: float = 0.0) -> None:
        async def gone() -> None:
            await work
            await asyncio.sleep(then_s)

        try:
            self.runner.run(gone())
        except BaseException:
            self.broken = True
            raise

    @initialize(seed=st.integers(0, 2**16))
    def open(self, seed: int) -> None:
        random.seed(seed)  # the gateway's waits are spread by chance
        self.go(self._open())

    async def _open(self) -> None:
        folder = self.stack.enter_context(folder_in_memory())
        enter = self.stack.enter_async_context
        self.google = await enter(fast_google())
        self.line = await enter(BadLine(self.google))
        self.office: FastOffice = await enter(
            opened_fast(folder, self.google, google_at=self.line.base, limits=PATIENCE)
        )
        self.desk = Desk(self.office)
        await self.desk.schedule(self.new(weekly=True, hour=10))

    def teardown(self) -> None:
        try:
            if not self.broken and hasattr(self, "desk"):
                self.go(self._quiet_days())
        finally:
            with contextlib.suppress(Exception) if self.broken else contextlib.nullcontext():
                self.runner.run(self.stack.aclose())
            self.runner.close()

    async def _quiet_days(self) -> None:
        self.line.ahead.clear()
        await self.desk.settled()
        assert not self.line.doubled
        NeverLost.ended_well += 1

    # What the device does.

    def named(self, pick: int, *, weekly: bool = False) -> WantedMeeting | None:
        """One of the meetings that take place."""
        found = [each for each in self.desk.meetings.values() if each.wanted and (each.weekly or not weekly)]
        return found[pick % len(found)] if found else None

    def new(self, *, weekly: bool, hour: int) -> WantedMeeting:
        self.count += 1
        name = f"m{self.count}"
        return WantedMeeting(name, f"{name} as first said", FIRST.replace(hour=hour), weekly=weekly)

    @precondition(lambda self: self.count < MOST_MEETINGS)
    @rule(weekly=st.booleans(), hour=hours, befalls=befalls, then_s=then_s)
    def schedule(self, weekly: bool, hour: int, befalls: list[Trouble], then_s: float) -> None:
        self.line.ahead += befalls
        self.go(self.desk.schedule(self.new(weekly=weekly, hour=hour)), then_s=then_s)

    @rule(pick=any_of_them, hour=hours, word=st.integers(1, 99), befalls=befalls, then_s=then_s)
    def change(self, pick: int, hour: int, word: int, befalls: list[Trouble], then_s: float) -> None:
        said = self.named(pick)
        if said is None:
            return
        said.subject = f"{said.name} as said {word}"
        if not said.weekly:
            said.start = said.start.replace(hour=hour)
        self.line.ahead += befalls
        self.go(self.desk.schedule(said), then_s=then_s)

    @rule(pick=any_of_them, befalls=befalls, then_s=then_s)
    def cancel(self, pick: int, befalls: list[Trouble], then_s: float) -> None:
        said = self.named(pick)
        if said is not None:
            self.line.ahead += befalls
            self.go(self.desk.cancel(said.name), then_s=then_s)

    @rule(pick=any_of_them)
    def say_again(self, pick: int) -> None:
        names = list(self.desk.meetings)
        if names:
            self.go(self.desk.repeat(names[pick % len(names)]))

    @rule(pick=any_of_them, week=weeks, hour=hours, befalls=befalls, then_s=then_s)
    def move_occurrence(self, pick: int, week: int, hour: int, befalls: list[Trouble], then_s: float) -> None:
        said = self.named(pick, weekly=True)
        if said is not None:
            self.line.ahead += befalls
            start = (said.start + week * WEEK).replace(hour=hour, minute=30)
            self.go(self.desk.move_occurrence(said.name, week, f"{said.name} moved", start), then_s=then_s)

    @rule(pick=any_of_them, week=weeks, befalls=befalls, then_s=then_s)
    def cancel_occurrence(self, pick: int, week: int, befalls: list[Trouble], then_s: float) -> None:
        said = self.named(pick, weekly=True)
        if said is not None:
            self.line.ahead += befalls
            self.go(self.desk.cancel_occurrence(said.name, week), then_s=then_s)

    # What time and circumstances do.

    @rule(seconds=st.sampled_from([0.5, 3, 20, 100, 1000]))
    def time_passes(self, seconds: float) -> None:
        self.go(asyncio.sleep(seconds))

    @precondition(lambda self: self.starts < MOST_STARTS)
    @rule()
    def restart(self) -> None:
        self.starts += 1

        async def restarted() -> None:
            await self.office.stop()
            await self.office.start()

        self.go(restarted())

    @precondition(lambda self: self.starts < MOST_STARTS)
    @rule(pick=any_of_them, turns=st.integers(0, 80))
    def killed_while_it_was_told(self, pick: int, turns: int) -> None:
        """The device hears nothing and says it again; the power may go at any turn of the gateway's loop."""
        self.starts += 1
        said = self.named(pick)
        name = said.name if said is not None else "never"
        if said is not None:
            said.subject = f"{name} as said when the power went"

        async def killed() -> None:
            body = said.body() if said is not None else meeting("never", sync_to_calendar=False)
            telling = asyncio.create_task(self.office.call("POST", "", json=body))
            for _ in range(turns):
                await asyncio.sleep(0)
            await self._power_cut(telling)
            if said is not None:
                await self.desk.schedule(said)

        self.go(killed())

    async def _power_cut(self, telling: asyncio.Task[Any]) -> None:
        self.line.cut()
        self.office.keep_what_is_on_disk()
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
            await telling
        await self.office.stop()
        await self.line.mend()
        self.office.on_what_was_kept()
        await self.office.start()

    @rule()
    def access_tokens_expire(self) -> None:
        self.line.expire_access_tokens()

    @rule()
    def sync_tokens_expire(self) -> None:
        self.google.do.expire("sync_tokens")

    @rule(pick=any_of_them, word=st.integers(1, 99), for_s=st.sampled_from([1, 300, 5000]))
    def access_is_removed(self, pick: int, word: int, for_s: float) -> None:
        """A person removes the gateway's access; something changes; the admin signs in again."""

        async def removed() -> None:
            self.google.do.revoke()
            if (said := self.named(pick)) is not None:
                said.subject = f"{said.name} as said without access {word}"
                await self.desk.schedule(said)
            await asyncio.sleep(for_s)
            self.line.ahead.clear()
            await self.office.sign_in()

        self.go(removed())

    # What people do in the calendar.

    def event(self, pick: int, status: str) -> dict[str, Any] | None:
        found = [
            event
            for event in self.google.state.all_events()
            if event["status"] == status and "recurringEventId" not in event
        ]
        return found[pick % len(found)] if found else None

    @precondition(lambda self: self.renamed < MOST_RENAMED)
    @rule(pick=any_of_them, word=st.integers(1, 99))
    def person_renames(self, pick: int, word: int) -> None:
        self.renamed += 1
        if (event := self.event(pick, "confirmed")) is not None:
            self.google.do.edit_event(event["id"], {"summary": f"as a person says {word}"})

    @precondition(lambda self: self.deleted < MOST_DELETED)
    @rule(pick=any_of_them)
    def person_deletes(self, pick: int) -> None:
        self.deleted += 1
        if (event := self.event(pick, "confirmed")) is not None:
            self.google.do.delete_event(event["id"])

    @rule(pick=any_of_them)
    def person_restores(self, pick: int) -> None:
        if (event := self.event(pick, "cancelled")) is not None:
            self.google.do.edit_event(event["id"], {"status": "confirmed"})


def run(schedules: int, steps: int = 30) -> None:
    run_state_machine_as_test(
        NeverLost,
        settings=settings(
            max_examples=schedules,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not LONG,
            database=None,
            print_blob=True,
            phases=(Phase.generate, Phase.shrink) if LONG else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


# Where the power goes nobody closes a connection in order.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("part", range(4) if LONG else [0])
def test_one_event_for_each_meeting_whatever_happens_in_whichever_order(part: int) -> None:
    del part  # a thousand schedules in four parts, so that none takes too long
    before, schedules = NeverLost.ended_well, 250 if LONG else 12
    run(schedules)
    assert NeverLost.ended_well - before >= schedules
