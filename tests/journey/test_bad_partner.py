"""Each way in which Google leaves a caller in doubt, alone, at every step of a meeting's life: one event remains."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.contract.google_requests import assert_all_valid
from tests.journey.bad_line import BadLine, Trouble
from tests.journey.fast_office import fast_google, folder_in_memory, opened_fast
from tests.journey.fast_time import in_fast_time
from tests.journey.wanted import FIRST, WEEK, Desk, WantedMeeting

LONG = bool(os.environ.get("LONG"))
PATIENCE = {"call_timeout_s": 10, "retry_first_s": 2, "retry_cap_s": 60}


async def a_life(desk: Desk, line: BadLine, trouble: Trouble, times: int) -> None:
    """Everything a device can do, each step beset by the trouble."""
    office = desk.office

    async def beset(*, until_done: bool = True) -> None:
        if until_done:
            await office.drained(look_every_s=5)
        line.ahead[:] = [trouble] * times

    await beset()
    await desk.schedule(WantedMeeting("one", "One"))
    await beset()
    await desk.schedule(WantedMeeting("one", "One, later", FIRST.replace(hour=15)))
    await beset()
    await desk.schedule(WantedMeeting("weekly", "Weekly", weekly=True))
    await beset()
    await desk.move_occurrence("weekly", 1, "Moved", FIRST.replace(hour=14) + WEEK)
    await beset()
    await desk.cancel_occurrence("weekly", 2)
    await beset()
    desk.meetings["weekly"].subject = "Weekly, renamed"
    await desk.schedule(desk.meetings["weekly"])
    await beset()
    await desk.schedule(WantedMeeting("short", "Short"))
    await asyncio.sleep(1)  # its first call is under way
    await beset(until_done=False)
    await desk.cancel("short")
    await beset()
    await desk.schedule(WantedMeeting("gone", "Gone"))
    await beset()
    await desk.cancel("gone")
    await office.drained(look_every_s=5)
    line.ahead.clear()


@pytest.mark.parametrize("times", [1, 3] if LONG else [1], ids=["once", "three times"][: 1 + LONG])
@pytest.mark.parametrize("trouble", list(Trouble), ids=lambda trouble: str(trouble))
def test_one_event_for_each_meeting(trouble: Trouble, times: int) -> None:
    async def lived(folder: Path) -> None:
        async with fast_google() as google, BadLine(google) as line:
            async with opened_fast(folder, google, google_at=line.base, limits=PATIENCE) as office:
                desk = Desk(office)
                await a_life(desk, line, trouble, times)
                assert trouble in line.met
                await desk.settled()
            assert not line.doubled
            assert_all_valid(google.state.requests)

    with folder_in_memory() as folder:
        in_fast_time(lived(folder))
