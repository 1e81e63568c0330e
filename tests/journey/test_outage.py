"""Google is away for three days, or lets nobody in for one: nothing is dropped, and the mirror goes on by itself."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from tests.journey.fast_office import HOUR_S, FastOffice, fast_google, folder_in_memory, meeting, opened_fast
from tests.journey.fast_time import BEGINS_MS, fast_loop, in_fast_time, passes

LONG = bool(os.environ.get("LONG"))
HOURS = 72 if LONG else 3
"""How long Google is away."""
SOON_S = 60.0
"""How soon after Google is back the first meeting is there."""

OUTAGES = {
    "reset": {"reset": "before"},
    "silent": {"hang": "before"},
    "unavailable": {"status": 503, "reason": "backendError"},
    "guest network": {"html": True},
}


def first_write_s(google: SimulatedGoogle, since: int) -> float:
    """When, in loop time, the first event was made after the first `since` requests."""
    for request in google.state.requests[since:]:
        if request.operation == "insert" and request.committed:
            return at_s(request)
    raise AssertionError("nothing was written")


def at_s(request: Any) -> float:
    return datetime.fromisoformat(request.at).timestamp() - BEGINS_MS / 1000


async def life_of_a_day(office: FastOffice, days: int) -> dict[str, str]:
    """Every eight hours a meeting is scheduled, the last one changed, the one before cancelled; return who stays."""
    wanted: dict[str, str] = {}
    for turn in range(days * 3):
        await office.schedule(meeting(f"during-{turn}"))
        wanted[f"during-{turn}"] = f"Meeting during-{turn}"
        if turn % 3 == 1:
            await office.schedule(meeting(f"during-{turn}", subject="Changed"))
            wanted[f"during-{turn}"] = "Changed"
        if turn % 3 == 2:
            status, _ = await office.call("DELETE", f"/during-{turn}")
            assert status == 202
            del wanted[f"during-{turn}"]
        await asyncio.sleep(8 * HOUR_S)
    return wanted


async def away(folder: Path, outage: dict[str, object], *, during: bool) -> None:
    async with fast_google() as google, opened_fast(folder, google) as office:
        await office.schedule(meeting("before"))
        await office.drained()
        google.do.fault(outage)
        await office.schedule(meeting("last word", subject="The last word"))
        await office.schedule(meeting("before", subject="Changed while Google was away"))
        wanted = {"last word": "The last word", "before": "Changed while Google was away"}
        if during:
            wanted |= await life_of_a_day(office, 3)
        else:
            await asyncio.sleep(HOURS * HOUR_S)
        assert len(office.living()) == 1
        google.do.clear_faults()
        back_s, requests = fast_loop().time(), len(google.state.requests)
        await office.drained()
        assert sorted(event["summary"] for event in office.living()) == sorted(wanted.values())
        assert first_write_s(google, requests) - back_s <= SOON_S


@pytest.mark.parametrize("name", OUTAGES if LONG else ["reset", "silent"])
def test_three_days_without_google(name: str) -> None:
    with folder_in_memory() as folder:
        in_fast_time(away(folder, OUTAGES[name], during=False))


@pytest.mark.skipif(not LONG, reason="full counts: make test-long")
def test_meetings_are_accepted_changed_and_cancelled_for_three_days_without_google() -> None:
    with folder_in_memory() as folder:
        in_fast_time(away(folder, OUTAGES["reset"], during=True))


def test_an_authorization_that_is_lost_for_a_day() -> None:
    async def lost(folder: Path) -> None:
        async with fast_google() as google, opened_fast(folder, google) as office:
            await office.schedule(meeting("before"))
            await office.drained()
            google.do.revoke()
            wanted = {"before": "Meeting before"} | await life_of_a_day(office, 1)
            assert [event["summary"] for event in office.living()] == ["Meeting before"]
            refused = [r for r in office.calendar_calls() if r.status == 401]
            assert len(refused) < 10, "Google was asked again and again"
            await office.sign_in()
            back_s, requests = fast_loop().time(), len(google.state.requests)
            await office.drained()
            assert sorted(event["summary"] for event in office.living()) == sorted(wanted.values())
            assert first_write_s(google, requests) - back_s <= SOON_S

    with folder_in_memory() as folder:
        in_fast_time(lost(folder))


def test_a_gateway_that_is_restarted_while_google_is_away_goes_on_where_it_was() -> None:
    async def restarted(folder: Path) -> None:
        async with fast_google() as google, opened_fast(folder, google) as office:
            google.do.fault(OUTAGES["reset"])
            for number in range(3):
                await office.schedule(meeting(f"m{number}"))
                await asyncio.sleep(HOURS / 3 * HOUR_S)
                await office.stop()
                await office.start()
            google.do.clear_faults()
            back_s, requests = fast_loop().time(), len(google.state.requests)
            await passes(lambda: len(office.living()) == 3, "not everything was delivered", within_s=HOUR_S)
            await office.drained()
            assert first_write_s(google, requests) - back_s <= SOON_S

    with folder_in_memory() as folder:
        in_fast_time(restarted(folder))
