"""What people do to events in the calendar ends as the device's policy says: each kind of change, each policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.device import Wins
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import MONDAY
from tests.journey.two_way_office import OTHER_CALENDAR, TwoWay, opened

DAYS = [MONDAY + timedelta(days=7 * week) for week in range(4)]
KINDS = (
    "moved",
    "renamed",
    "relocated",
    "rewritten",
    "uninvited",
    "repeated",
    "deleted",
    "elsewhere",
    "one-moved",
    "one-gone",
)
ASKED_GOOGLE, ASKED_DEVICE = "ask, then google", "ask, then device"


def _times(day: object, hour: int) -> dict[str, Any]:
    start, end = ({"dateTime": f"{day}T{h:02}:00:00+01:00", "timeZone": "Etc/GMT-1"} for h in (hour, hour + 1))
    return {"start": start, "end": end}


async def _everything_changed(way: TwoWay) -> dict[str, str]:
    """Let people change each event in its own way; return the events' ids."""
    ids = {kind: (await way.event(kind))["id"] for kind in KINDS}
    do = way.google.do
    do.edit_event(ids["moved"], _times(MONDAY, 15))
    do.edit_event(ids["renamed"], {"summary": "Retro"})
    do.edit_event(ids["relocated"], {"location": "Canteen"})
    do.edit_event(ids["rewritten"], {"description": "Bring cake"})
    do.edit_event(ids["uninvited"], {"attendees": [{"email": "anna@example.com"}]})
    do.edit_event(ids["repeated"], {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=9"]})
    do.delete_event(ids["deleted"])
    do.move_event(ids["elsewhere"], OTHER_CALENDAR)
    do.edit_event(f"{ids['one-moved']}_{DAYS[1]:%Y%m%d}T090000Z", _times(DAYS[1], 15))
    do.delete_event(f"{ids['one-gone']}_{DAYS[2]:%Y%m%d}T090000Z")
    return ids


def _start(event: dict[str, Any]) -> datetime:
    """When it starts in the meetings' own zone: Google writes that of the calendar, which has a summer time."""
    return datetime.fromisoformat(event["start"]["dateTime"]).astimezone(timezone(timedelta(hours=1)))


def _occurrences(way: TwoWay, series: str) -> dict[str, str]:
    """Return original start → state or start of what is not as the rule of a series says."""
    return {
        event["originalStartTime"]["dateTime"][:10]: event["status"]
        if event["status"] == "cancelled"
        else f"{_start(event):%H}"
        for event in way.google.state.all_events()
        if event.get("recurringEventId") == series
    }


async def _as_the_device_wants(way: TwoWay, before: dict[str, dict[str, Any]]) -> None:
    for kind in KINDS:
        event = await way.event(kind)
        for name in ("summary", "start", "end", "location", "description", "recurrence"):
            assert event.get(name) == before[kind].get(name), (kind, name)
        assert {guest["email"] for guest in event["attendees"]} == {"anna@example.com", "bob@example.com"}, kind
        assert way.holds("primary", event["id"]), kind
    assert _occurrences(way, (await way.event("one-moved"))["id"]).get(f"{DAYS[1]}", "10") == "10"
    assert "cancelled" not in _occurrences(way, (await way.event("one-gone"))["id"]).values()


async def _as_people_left_it(way: TwoWay, ids: dict[str, str]) -> None:
    assert f"{_start(await way.event('moved')):%Y-%m-%d %H:%M}" == f"{MONDAY} 15:00"
    assert (await way.event("renamed"))["summary"] == "Retro"
    assert (await way.event("relocated"))["location"] == "Canteen"
    assert (await way.event("rewritten"))["description"] == "Bring cake"
    assert [guest["email"] for guest in (await way.event("uninvited"))["attendees"]] == ["anna@example.com"]
    assert (await way.event("repeated"))["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=9"]
    assert await way.events("deleted") == []
    assert way.holds(OTHER_CALENDAR, ids["elsewhere"])
    assert len(await way.events("elsewhere")) == 1
    assert _occurrences(way, ids["one-moved"]) == {f"{DAYS[1]}": "15"}
    assert _occurrences(way, ids["one-gone"]) == {f"{DAYS[2]}": "cancelled"}


@pytest.fixture(params=["device", "google", ASKED_GOOGLE, ASKED_DEVICE])
async def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def way(tmp_path: Path, google: SimulatedGoogle, policy: str) -> AsyncIterator[TwoWay]:
    async with opened(tmp_path, google, wins=policy.split(",")[0], other_calendar=True) as office:
        yield office


async def test_each_kind_of_change_ends_as_the_policy_says(way: TwoWay, policy: str) -> None:
    for kind in KINDS:
        repeat = {"repeat": {"frequency": "weekly", "count": 4}} if kind[:3] in ("rep", "one") else {}
        await way.say(kind, **repeat)
    await way.at_rest()
    assert await way.read() is None
    before = {kind: await way.event(kind) for kind in KINDS}
    ids = await _everything_changed(way)
    await way.settled()
    told = await way.heard()
    decided = {"device": "device", "google": "calendar"}.get(policy, "asks")
    first = {name: said["decided"] for name, type_, said in reversed(told) if type_ != "meeting.restored"}
    assert first == dict.fromkeys(KINDS, decided)
    if policy in (ASKED_GOOGLE, ASKED_DEVICE):
        await _as_people_left_it(way, ids)
        assert [edit.state for kind in KINDS for edit in await way.kept(kind)] == ["asks"] * len(KINDS)
        answered = await way.decided(Wins.DEVICE if policy == ASKED_DEVICE else Wins.CALENDAR)
        assert answered == len(KINDS)
        await way.at_rest()
        await way.settled()
    if policy in ("device", ASKED_DEVICE):
        await _as_the_device_wants(way, before)
    else:
        await _as_people_left_it(way, ids)
    await way.heard()
    writes = [r for r in way.google.state.requests if r.operation in ("insert", "update", "delete")]
    way.google.do.expire("sync_tokens")
    await way.settled()
    assert await way.heard() == []
    again = [r for r in way.google.state.requests if r.operation in ("insert", "update", "delete")]
    assert len(again) == len(writes)
