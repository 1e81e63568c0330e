"""The instances of a series as `events.instances` lists them, and changed ones when the series changes."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from simulator.google import SimulatedGoogle
from tests.simulator.google.conftest import timed
from tests.simulator.google.official_client import OfficialClient

WEEKLY = {
    **timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", summary="Weekly"),
    "id": "series0",
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
}
SECOND, THIRD = "series0_20261130T090000Z", "series0_20261207T090000Z"
LATER = timed("2026-11-23T12:00:00", "2026-11-23T13:00:00", summary="Weekly")


def instances(event_id: str = "series0", **parameters: Any):
    return lambda api: api.events().instances(calendarId="primary", eventId=event_id, **parameters)


def starts(answer: dict[str, Any]) -> list[str]:
    return [each["start"].get("dateTime", each["start"].get("date", ""))[5:16] for each in answer["items"]]


@pytest.fixture
def series(google: SimulatedGoogle) -> SimulatedGoogle:
    google.do.create_event(WEEKLY)
    return google


async def test_changed_ones_are_listed_as_they_are_now(official: OfficialClient, series: SimulatedGoogle):
    series.do.edit_event(SECOND, timed("2026-12-02T15:00:00", "2026-12-02T16:00:00"))
    series.do.delete_event(THIRD)
    answer = await official(instances())
    assert starts(answer) == ["11-23T10:00", "12-02T15:00", "12-14T10:00"]
    assert answer["items"][1]["id"] == SECOND
    assert answer["items"][1]["originalStartTime"]["dateTime"] == "2026-11-30T10:00:00+01:00"
    everything = await official(instances(showDeleted=True))
    assert [each["status"] for each in everything["items"]].count("cancelled") == 1


async def test_windows_pages_and_original_starts(official: OfficialClient, series: SimulatedGoogle):
    answer = await official(instances(timeMin="2026-11-30T10:00:00Z", timeMax="2026-12-14T09:00:00Z"))
    assert starts(answer) == ["12-07T10:00"]
    first = await official(instances(maxResults=3))
    rest = await official(instances(maxResults=3, pageToken=first["nextPageToken"]))
    assert starts(first) + starts(rest) == ["11-23T10:00", "11-30T10:00", "12-07T10:00", "12-14T10:00"]
    assert "nextPageToken" not in rest
    series.do.edit_event(SECOND, timed("2026-12-02T15:00:00", "2026-12-02T16:00:00"))
    named = await official(instances(originalStart="2026-11-30T10:00:00+01:00"))
    assert starts(named) == ["12-02T15:00"]


async def test_whole_days_are_named_by_their_day(official: OfficialClient, google: SimulatedGoogle):
    google.do.create_event(
        {
            "id": "dates0",
            "start": {"date": "2026-11-23"},
            "end": {"date": "2026-11-24"},
            "recurrence": ["RRULE:FREQ=DAILY;UNTIL=20261125"],
        }
    )
    google.do.delete_event("dates0_20261124")
    assert starts(await official(instances("dates0"))) == ["11-23", "11-25"]
    assert starts(await official(instances("dates0", originalStart="2026-11-25"))) == ["11-25"]


async def test_what_is_no_series_of_this_calendar(official: OfficialClient, series: SimulatedGoogle):
    series.do.delete_event(SECOND)
    for event_id in ("nothing0", SECOND):
        with pytest.raises(HttpError) as unknown:
            await official(instances(event_id))
        assert unknown.value.status_code == 404
    series.do.create_event({**timed("2026-11-23T10:00:00", "2026-11-23T11:00:00"), "id": "single0"})
    assert (await official(instances("single0")))["items"] == []


@pytest.mark.parametrize(
    ("resets", "expected"),
    [
        (False, ["11-23T12:00", "11-30T12:00", "12-02T15:00", "12-07T12:00", "12-14T12:00"]),
        (True, ["11-23T12:00", "11-30T12:00", "12-07T12:00", "12-14T12:00"]),
    ],
)
async def test_a_changed_one_stays_or_goes_when_the_series_moves(
    official: OfficialClient, series: SimulatedGoogle, resets: bool, expected: list[str]
):
    series.do.set_behaviour(reset_exceptions=resets)
    series.do.edit_event(SECOND, timed("2026-12-02T15:00:00", "2026-12-02T16:00:00"))
    series.do.edit_event("series0", {"summary": "Renamed"})
    assert "12-02T15:00" in starts(await official(instances()))
    series.do.edit_event("series0", LATER)
    assert starts(await official(instances())) == expected
