"""The device and people change the same meeting before either heard of the other; a series is split in two."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.device import Wins
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import MONDAY
from tests.journey.two_way_office import TwoWay, opened


@pytest.fixture
async def way(request: pytest.FixtureRequest, tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[TwoWay]:
    async with opened(tmp_path, google, wins=request.param) as office:
        yield office


async def _both_changed(way: TwoWay) -> list[tuple[str, str]]:
    """The device renames, a person renames and relocates; the person's change is read while the device's waits."""
    await way.send("m")
    await way.settled()
    event_id = (await way.event("m"))["id"]
    for operation in ("get", "update"):
        way.google.do.fault({"status": 503}, match={"operation": operation})
    way.google.do.edit_event(event_id, {"summary": "Anna's name", "location": "Canteen"})
    await way.say("m", subject="The device's name", agenda="New figures")
    assert await way.read() is None
    way.google.do.clear_faults()
    return [(type_, said["decided"]) for _, type_, said in await way.heard()]


@pytest.mark.parametrize("way", ["device"], indirect=True)
async def test_both_changed_and_the_device_wins(way: TwoWay) -> None:
    assert await _both_changed(way) == [("meeting.conflict", "device")]
    await way.at_rest()
    event = await way.event("m")
    assert (event["summary"], event["location"]) == ("The device's name", "Meeting room 6301")
    assert "New figures" in event["description"]
    await way.settled()
    assert [type_ for _, type_, _ in await way.heard()] == ["meeting.restored"]


@pytest.mark.parametrize("way", ["google"], indirect=True)
async def test_both_changed_and_google_wins_what_the_person_changed_and_only_that(way: TwoWay) -> None:
    assert await _both_changed(way) == [("meeting.conflict", "calendar")]
    await way.at_rest()
    event = await way.event("m")
    assert (event["summary"], event["location"]) == ("Anna's name", "Canteen")
    assert "New figures" in event["description"]
    await way.settled()
    assert await way.heard() == []
    await way.send("m", subject="The device's later name", agenda="New figures")
    event = await way.event("m")
    assert (event["summary"], event["location"]) == ("The device's later name", "Canteen")


@pytest.mark.parametrize("way", ["ask"], indirect=True)
@pytest.mark.parametrize("wins", [Wins.DEVICE, Wins.CALENDAR])
async def test_both_changed_and_nothing_is_written_until_somebody_decides(way: TwoWay, wins: Wins) -> None:
    assert await _both_changed(way) == [("meeting.conflict", "asks")]
    await way.at_rest()
    event = await way.event("m")
    assert (event["summary"], event["location"]) == ("Anna's name", "Canteen")
    assert "New figures" not in event["description"]
    assert await way.decided(wins) == 1
    event = await way.event("m")
    named = ("The device's name", "Meeting room 6301") if wins is Wins.DEVICE else ("Anna's name", "Canteen")
    assert (event["summary"], event["location"]) == named
    assert "New figures" in event["description"]


@pytest.mark.parametrize("way", ["device", "google"], indirect=True)
async def test_this_and_following_occurrences_are_changed_by_a_person(
    way: TwoWay, request: pytest.FixtureRequest
) -> None:
    await way.send("m", repeat={"frequency": "weekly", "count": 6})
    await way.settled()
    series = await way.event("m")
    third = f"{series['id']}_{MONDAY + timedelta(days=14):%Y%m%d}T090000Z"
    way.google.do.edit_event(third, {"summary": "From now on"}, extent="following")
    await way.settled()
    found = {event["summary"]: event["recurrence"] for event in await way.events("m")}
    if request.node.callspec.params["way"] == "device":
        assert found == {"Review": series["recurrence"]}
    else:
        assert set(found) == {"Review", "From now on"}
        assert found["Review"] != series["recurrence"]
    assert ("m", "meeting.edited") in [(name, type_) for name, type_, _ in await way.heard()]
