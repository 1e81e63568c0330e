"""A series with exceptions on its way into simulated Google, read back by its list of instances."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Frequency, Invitations, Invitee, Join, Meeting, Repeat
from gateway.domain.occurrence import OccurrenceChange
from gateway.domain.retry import RetryLimits
from gateway.mirror.intake.intake import Caller, Intake
from gateway.mirror.outbound.delivery import Delivery
from gateway.mirror.outbound.outbound import Outbound, OutboundLimits
from gateway.mirror.paced import Pace, PaceLimits
from gateway.store import devices, outbox
from gateway.store.installation import installation_id
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEADLINE_S
from tests.journey.google_office import Desk, Office, connect

CALLER = Caller(device_id=1, name="ucm-1")
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
FIRST = datetime(2026, 11, 23, 10)
SERIES = Meeting(
    external_id="s1",
    subject="Weekly",
    start_local=FIRST,
    end_local=FIRST + timedelta(hours=1),
    zone="Europe/Berlin",
    start_utc_s=1_795_424_400,
    end_utc_s=1_795_428_000,
    repeat=Repeat(frequency=Frequency.WEEKLY, count=5),
    invitees=(Invitee(extension="1001", email="anna@example.com"),),
    room="6300",
)


def at(meeting: Meeting, start: datetime, **changes: Any) -> Meeting:
    """The meeting at another wall-clock time of a winter day in Berlin, an hour long."""
    moved_s = int((start - FIRST).total_seconds())
    return replace(
        meeting,
        start_local=start,
        end_local=start + timedelta(hours=1),
        start_utc_s=SERIES.start_utc_s + moved_s,
        end_utc_s=SERIES.end_utc_s + moved_s,
        **changes,
    )


@dataclass
class Mirror:
    """The gateway from intake to Google, with the policy a test may change."""

    google: SimulatedGoogle
    desk: Desk
    office: Office
    policy: DevicePolicy
    intake: Intake
    outbound: Outbound

    async def accept(self, meeting: Meeting, **options: Any):
        receipt = await self.intake.accept(CALLER, meeting, shape="native", **options)
        await self.drained()
        return receipt

    async def change(self, original: datetime | int, meeting: Meeting | None):
        said = OccurrenceChange(original=original, meeting=meeting)
        receipt = await self.intake.change_occurrence(CALLER, "s1", said, shape="native")
        await self.drained()
        return receipt

    async def drained(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await self.desk.database.read(lambda conn: outbox.get(conn, outbox.MIRROR, 1)):
                await asyncio.sleep(0.005)

    @property
    def series(self) -> dict[str, Any]:
        (event,) = [each for each in self.google.state.live_events if each.get("recurringEventId") is None]
        return event

    async def instances(self) -> list[dict[str, Any]]:
        """What Google lists as the instances of the series, read with a token of its own."""
        token = self.google.do.issue_tokens()["access_token"]
        address = f"{self.google.base}/calendar/v3/calendars/primary/events/{self.series['id']}/instances"
        headers = {"Authorization": f"Bearer {token}"}
        async with self.office.session.get(address, headers=headers) as answer:
            assert answer.status == 200
            return (await answer.json())["items"]

    async def shown(self) -> list[str]:
        return [f"{each['start']['dateTime'][5:16]} {each['summary']}" for each in await self.instances()]

    def calls(self) -> list[str]:
        return [r.operation for r in self.google.state.requests if r.operation in ("insert", "get", "update", "delete")]


@pytest.fixture
async def mirror(office: Office, google: SimulatedGoogle) -> AsyncIterator[Mirror]:
    async with office.desk() as desk:
        await connect(office, desk.accounts)
        async with _running(office, google, desk) as running:
            yield running


@asynccontextmanager
async def _running(office: Office, google: SimulatedGoogle, desk: Desk) -> AsyncIterator[Mirror]:
    database, clock = desk.database, office.clock
    await database.write(lambda conn: devices.put(conn, name="ucm-1", profile="p", key_hash=b"h", now_ms=1))
    installation = await database.read(installation_id)
    policy = DevicePolicy(name="UCM", calendar_id="primary", invitations=Invitations.DEVICE)
    outbound = Outbound(
        database=database,
        clock=clock,
        source=desk.accounts,
        delivery=Delivery(
            database=database, installation_id=installation, unseal=lambda text: text[::-1], now_ms=clock.now_ms
        ),
        pace=Pace(clock=clock, limits=PaceLimits(calendar_per_s=100)),
        policy=lambda _device: mirror.policy,
        installation_id=installation,
        limits=OutboundLimits(in_flight=2, lease_s=60, retry=RetryLimits(first_s=0.05, cap_s=1)),
        owner="test",
        chance=lambda: 0.5,
    )
    intake = Intake(
        database=database,
        clock=clock,
        fingerprint_key=b"k" * 32,
        seal=lambda text: text[::-1],
        unseal=lambda text: text[::-1],
        wake=outbound.wake,
    )
    mirror = Mirror(google, desk, office, policy, intake, outbound)
    task = asyncio.create_task(outbound.run())
    try:
        yield mirror
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("resets", [False, True])
async def test_the_life_of_a_series(mirror: Mirror, resets: bool):
    mirror.google.do.set_behaviour(reset_exceptions=resets)
    await mirror.accept(SERIES)
    assert mirror.calls() == ["insert"]
    moved = at(replace(SERIES, repeat=None), FIRST + WEEK + 2 * DAY, subject="Weekly, on Wednesday")
    await mirror.change(FIRST + WEEK, moved)
    await mirror.change(SERIES.start_utc_s + int((2 * WEEK).total_seconds()), None)
    # Only the one occurrence is looked at and written; the series is known to be as it should.
    assert mirror.calls()[1:] == ["get", "update", "get", "delete"]
    assert await mirror.shown() == [
        "11-23T10:00 Weekly",
        "12-02T10:00 Weekly, on Wednesday",
        "12-14T10:00 Weekly",
        "12-21T10:00 Weekly",
    ]
    (exception,) = [each for each in await mirror.instances() if "Wednesday" in each["summary"]]
    assert exception["id"] == f"{mirror.series['id']}_20261130T090000Z"
    assert exception["originalStartTime"]["dateTime"] == "2026-11-30T10:00:00+01:00"
    assert exception["extendedProperties"]["private"]["meeting"] == "1"

    shifted = at(SERIES, FIRST + timedelta(hours=4), subject="Weekly at two")
    receipt = await mirror.accept(shifted)
    assert receipt.warnings == ()
    assert await mirror.shown() == [
        "11-23T14:00 Weekly at two",
        "12-02T10:00 Weekly, on Wednesday",
        "12-14T14:00 Weekly at two",
        "12-21T14:00 Weekly at two",
    ]

    every_second_day = replace(shifted, repeat=Repeat(frequency=Frequency.WEEKLY, interval=2, count=3))
    receipt = await mirror.accept(every_second_day)
    assert receipt.warnings == (
        "The series has no occurrence on 2026-11-30 any more; what was changed there was dropped.",
    )
    assert await mirror.shown() == ["11-23T14:00 Weekly at two", "12-21T14:00 Weekly at two"]

    calls = len(mirror.calls())
    again = await mirror.change(FIRST + 2 * WEEK + timedelta(hours=4), None)
    assert (again.fresh, again.state) == (False, "cancelled")
    assert len(mirror.calls()) == calls

    await mirror.intake.cancel(CALLER, "s1")
    await mirror.drained()
    assert mirror.google.state.live_events == []


async def test_exceptions_come_with_the_series_and_go_when_they_are_left_out(mirror: Mirror):
    moved = at(replace(SERIES, repeat=None), FIRST + timedelta(hours=2))
    given = [OccurrenceChange(original=FIRST, meeting=moved), OccurrenceChange(original=FIRST + WEEK, meeting=None)]
    await mirror.accept(SERIES, occurrences=given)
    assert (await mirror.shown())[:2] == ["11-23T12:00 Weekly", "12-07T10:00 Weekly"]
    calls = len(mirror.calls())
    assert (await mirror.accept(SERIES, occurrences=given)).fresh is False
    assert (await mirror.accept(SERIES)).fresh is False
    assert len(mirror.calls()) == calls
    stored = await mirror.intake.series(CALLER, "s1")
    assert [said.meeting is None for said in stored.occurrences] == [False, True]
    await mirror.accept(SERIES, occurrences=[])
    assert (await mirror.shown())[:3] == ["11-23T10:00 Weekly", "11-30T10:00 Weekly", "12-07T10:00 Weekly"]


async def test_a_series_deleted_in_google_comes_back_with_its_exceptions(mirror: Mirror):
    await mirror.accept(SERIES)
    await mirror.change(FIRST + WEEK, None)
    first = mirror.series["id"]
    mirror.google.do.delete_event(first)
    moved = at(replace(SERIES, repeat=None), FIRST + timedelta(hours=2))
    await mirror.change(FIRST, moved)
    assert mirror.series["id"] != first
    assert (await mirror.shown())[:2] == ["11-23T12:00 Weekly", "12-07T10:00 Weekly"]
    assert len(mirror.google.state.live_events) == 2


async def test_an_occurrence_that_takes_place_again_is_not_written_into_a_series_that_was_deleted(mirror: Mirror):
    """That it was found cancelled, as the device wanted it then, does not tell whether its series is there."""
    await mirror.accept(SERIES)
    first = mirror.series["id"]
    mirror.google.do.delete_event(first)
    await mirror.change(FIRST + WEEK, None)
    await mirror.change(FIRST + WEEK, at(replace(SERIES, repeat=None), FIRST + WEEK + DAY))
    assert mirror.series["id"] != first
    assert all(first not in each["id"] for each in mirror.google.state.live_events)
    assert (await mirror.shown())[:3] == ["11-23T10:00 Weekly", "12-01T10:00 Weekly", "12-07T10:00 Weekly"]


async def test_a_series_moved_by_somebody_in_google_is_where_its_device_has_it_once_one_of_it_is_changed(
    mirror: Mirror,
):
    await mirror.accept(SERIES)
    zone = {"timeZone": "Europe/Berlin"}
    moved = {"start": {"dateTime": "2026-11-23T17:00:00", **zone}, "end": {"dateTime": "2026-11-23T18:00:00", **zone}}
    mirror.google.do.edit_event(mirror.series["id"], moved)
    await mirror.change(FIRST + WEEK, at(replace(SERIES, repeat=None), FIRST + WEEK + DAY))
    assert (await mirror.shown())[:3] == ["11-23T10:00 Weekly", "12-01T10:00 Weekly", "12-07T10:00 Weekly"]


async def test_guests_answers_stay_on_a_changed_occurrence(mirror: Mirror):
    await mirror.accept(SERIES)
    await mirror.change(FIRST, at(replace(SERIES, repeat=None), FIRST + timedelta(hours=1)))
    exception = f"{mirror.series['id']}_20261123T090000Z"
    guests = [{"email": "anna@example.com", "responseStatus": "declined"}]
    mirror.google.do.edit_event(exception, {"attendees": guests, "colorId": "5"})
    await mirror.change(FIRST, at(replace(SERIES, repeat=None), FIRST + timedelta(hours=2)))
    event = (await mirror.instances())[0]
    assert event["start"]["dateTime"].startswith("2026-11-23T12:00")
    assert event["attendees"][0]["responseStatus"] == "declined"
    assert event["colorId"] == "5"


async def test_whole_days_that_repeat_and_a_meeting_over_midnight(mirror: Mirror):
    midnight = FIRST.replace(hour=0)
    days = replace(
        SERIES,
        all_day=True,
        start_local=midnight,
        end_local=midnight + 2 * DAY,
        start_utc_s=SERIES.start_utc_s - 10 * 3600,
        end_utc_s=SERIES.start_utc_s - 10 * 3600 + 2 * 86_400,
        repeat=Repeat(frequency=Frequency.WEEKLY, until_utc_s=SERIES.start_utc_s + 14 * 86_400),
    )
    await mirror.accept(days)
    assert mirror.series["recurrence"] == ["RRULE:FREQ=WEEKLY;UNTIL=20261207"]
    await mirror.change(midnight + WEEK, None)
    evening = FIRST.replace(hour=22)
    late = replace(at(SERIES, evening), end_local=evening + timedelta(hours=4), repeat=None)
    late = replace(late, end_utc_s=late.start_utc_s + 4 * 3600)
    await mirror.change(midnight + 2 * WEEK, late)
    first, last = await mirror.instances()
    assert (first["start"], first["end"]) == ({"date": "2026-11-23"}, {"date": "2026-11-25"})
    assert last["id"].endswith("_20261207")
    assert (last["start"]["dateTime"], last["end"]["dateTime"]) == (
        "2026-11-23T22:00:00+01:00",
        "2026-11-24T02:00:00+01:00",
    )


async def test_ways_to_join_reach_the_event_and_follow_the_devices_settings(mirror: Mirror):
    await mirror.accept(replace(SERIES, password="4711", host_password="0815"))
    assert mirror.series["location"] == "Meeting room 6300"
    assert "4711" not in str(mirror.series)
    ways = Join(sip_uri="sip:{room}@pbx.example.com", dial_in="+49 30 1234,,{room}#", web_link="javascript:alert(1)")
    mirror.policy = replace(mirror.policy, join=ways, show_pins=True)
    await mirror.change(FIRST + WEEK, None)
    event = mirror.series
    assert event["location"] == "sip:6300@pbx.example.com"
    lines = event["description"].split("\n")
    assert lines[:3] == ["SIP: sip:6300@pbx.example.com", "Dial-in: +49 30 1234,,6300#", "PIN: 4711"]
    assert "javascript" not in event["description"]
    assert "0815" not in str(event)


async def test_a_refused_occurrence_does_not_keep_the_others(mirror: Mirror):
    await mirror.accept(SERIES)
    refusal = {"status": 400, "reason": "invalid"}
    mirror.google.do.fault(refusal, match={"operation": "update"}, times=1)
    given = [
        OccurrenceChange(original=FIRST, meeting=at(replace(SERIES, repeat=None), FIRST + timedelta(hours=1))),
        OccurrenceChange(original=FIRST + WEEK, meeting=at(replace(SERIES, repeat=None), FIRST + WEEK + DAY)),
    ]
    await mirror.intake.accept(CALLER, SERIES, shape="native", occurrences=given)
    await until_state(mirror, "refused")
    assert (await mirror.shown())[:2] == ["11-23T10:00 Weekly", "12-01T10:00 Weekly"]


async def until_state(mirror: Mirror, state: str) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while (await mirror.intake.find(CALLER, "s1")).receipt.state != state:
            await asyncio.sleep(0.005)
