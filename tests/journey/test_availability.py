"""A room that is taken: devices hear it when they ask and when they schedule, from both sides, online and offline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from gateway.app.serving import Running
from gateway.config import load
from gateway.store import outbox
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import CLIENT_ID, CLIENT_SECRET, DEADLINE_S, DEVICE_KEY, MONDAY
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

CONFIG = """\
version: 1
gateway:
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
google:
  client_id: {client_id}
  endpoints:
    authorize: {base}/o/oauth2/v2/auth
    token: {base}/token
    revoke: {base}/revoke
    userinfo: {base}/v1/userinfo
    calendar: {base}/calendar/v3
devices:
  - {{id: allows, profile: generic/json}}
  - {{id: warns, profile: generic/json, conflict: warn}}
  - {{id: refuses, profile: generic/json, conflict: refuse}}
  - {{id: room, profile: jitsi/reservation, conflict: refuse}}
  - {{id: ucm, profile: grandstream/ucm6300, conflict: refuse}}
  - {{id: itip, profile: generic/itip, conflict: refuse}}
limits: {{retry_first_s: 0.1, retry_cap_s: 2, call_timeout_s: 30}}
"""
DEVICES = ("allows", "warns", "refuses", "room", "ucm", "itip")
BOOKED = {
    "summary": "Salary talk with Sadie",
    "start": {"dateTime": f"{MONDAY}T14:00:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": f"{MONDAY}T15:30:00", "timeZone": "Europe/Berlin"},
}


@dataclass
class Building:
    """A gateway within this process whose clock can be moved; every device has the same key and the same room."""

    gateway: Running
    clock: MovedClock
    google: SimulatedGoogle
    session: aiohttp.ClientSession

    def address(self, device: str, rest: str) -> str:
        return f"{self.gateway.listener.url}/api/v1/devices/{device}{rest}"

    async def schedule(
        self, device: str, name: str, start: str, minutes: int = 60, day: date = MONDAY, **more: object
    ) -> Any:
        """Schedule in Berlin; status and document."""
        meeting = {
            "external_id": name,
            "subject": f"Secret plans {name}",
            "start": f"{day}T{start}:00",
            "duration_minutes": minutes,
            "time_zone": "Europe/Berlin",
            **more,
        }
        return await self.post(device, "/meetings", json=meeting)

    async def post(self, device: str, rest: str, **body: Any) -> Any:
        async with self.session.post(self.address(device, rest), **body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def busy(self, device: str = "allows", **query: str) -> dict[str, Any]:
        asked = {"from": f"{MONDAY}T00:00:00Z", "to": f"{MONDAY + timedelta(days=1)}T00:00:00Z", **query}
        async with self.session.get(self.address(device, f"/availability?{urlencode(asked)}")) as answer:
            assert answer.status == 200, await answer.text()
            document: dict[str, Any] = await answer.json()
            return document

    async def times(self, device: str = "allows") -> list[str]:
        found = (await self.busy(device))["busy"]
        return [f"{span['start_utc'][11:16]}-{span['end_utc'][11:16]}" for span in found]

    async def mirrored(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await self.gateway.stored.database.read(outbox.counts):
                await asyncio.sleep(0.01)


def utc(local: str) -> str:
    """The same in UTC: Berlin is one hour ahead in winter, two in summer."""
    moment = datetime.fromisoformat(f"{MONDAY}T{local}:00").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return moment.astimezone(UTC).strftime("%H:%M")


def span(start: str, end: str) -> str:
    return f"{utc(start)}-{utc(end)}"


@pytest.fixture
async def building(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[Building]:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(client_id=CLIENT_ID, base=google.base))
    keys = {f"GATEWAY_DEVICES__{name.upper()}__KEY": DEVICE_KEY for name in DEVICES}
    clock = MovedClock()
    headers = {"Authorization": f"Bearer {DEVICE_KEY}"}
    async with (
        running(load(path, {"GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET, **keys}), clock) as gateway,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        yield Building(gateway, clock, google, session)


async def sign_in(building: Building) -> None:
    accounts = building.gateway.stored.accounts
    link = await accounts.start()
    await accounts.store(await accounts.finish(building.google.do.approve(link.url)), replace=False)


async def test_both_sides_are_told_merged_and_without_what_for(building: Building):
    await sign_in(building)
    building.google.do.create_event(BOOKED)
    await building.schedule("allows", "a", "10:00")
    await building.schedule("warns", "b", "10:30")
    assert await building.times() == [span("10:00", "11:30"), span("14:00", "15:30")]
    await building.mirrored()
    found = await building.busy("refuses")
    assert (found["complete"], found["stale"], found["notes"]) == (True, False, [])
    assert "Salary" not in json.dumps(found)
    asked = [r for r in building.google.state.requests if r.path.endswith("/freeBusy")]
    assert asked


async def test_a_taken_time_is_refused_with_the_times_alone(building: Building):
    await sign_in(building)
    building.google.do.create_event(BOOKED)
    assert await building.times() == [span("14:00", "15:30")]
    status, problem = await building.schedule("refuses", "a", "15:00")
    assert (status, problem["code"], problem["occurrences"]) == (409, "time-taken", 1)
    assert [error["field"] for error in problem["errors"]] == ["start"]
    (conflict,) = problem["conflicts"]
    assert (conflict["start"], conflict["end"]) == (f"{MONDAY}T14:00:00", f"{MONDAY}T15:30:00")
    assert conflict["start_utc"] == f"{MONDAY}T{utc('14:00')}:00Z"
    assert conflict["zone"] == "Europe/Berlin"
    assert "Salary" not in json.dumps(problem)
    assert (await building.schedule("refuses", "a", "15:30"))[0] == 202
    assert (await building.schedule("refuses", "a", "15:30"))[0] == 200
    status, told = await building.schedule("warns", "w", "15:00")
    assert status == 202
    assert f"{MONDAY} 14:00 to 15:30 (Europe/Berlin" in told["warnings"][0]
    assert (await building.schedule("allows", "x", "15:00"))[1]["warnings"] == []


async def test_a_series_and_its_occurrences(building: Building):
    await sign_in(building)
    await building.schedule("refuses", "weekly", "09:00", repeat={"frequency": "weekly", "count": 4})
    later = MONDAY + timedelta(days=14)
    status, problem = await building.schedule("refuses", "one", "09:30", 15, later)
    assert (status, problem["conflicts"][0]["start"]) == (409, f"{later}T09:00:00")
    gone = building.address("refuses", f"/meetings/weekly/occurrences/{later}")
    async with building.session.delete(gone) as answer:
        assert answer.status == 202
    assert (await building.schedule("refuses", "one", "09:30", 15, later))[0] == 202
    back = {"start": f"{later}T09:00:00", "duration_minutes": 60, "time_zone": "Europe/Berlin"}
    async with building.session.put(gone, json=back) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "time-taken")
    daily = {"frequency": "daily", "count": 30}
    status, problem = await building.schedule("refuses", "daily", "09:10", 25, repeat=daily)
    assert (status, problem["occurrences"]) == (409, 4)


async def test_other_dialects_hear_it_in_their_words(building: Building):
    await sign_in(building)
    await building.schedule("allows", "a", "10:00")
    form = {"name": "Tower", "start_time": f"{MONDAY}T{utc('10:30')}:00.000Z", "mail_owner": "a@example.com"}
    status, said = await building.post("room", "/conference", data=form)
    assert status == 403
    assert said["message"].startswith(f"The room is taken then: {MONDAY}")
    free = {**form, "start_time": f"{MONDAY}T{utc('12:00')}:00.000Z"}
    status, reserved = await building.post("room", "/conference", data=free)
    assert status == 201
    status, conflict = await building.post(
        "room", "/conference", data={**free, "start_time": f"{MONDAY}T{utc('12:10')}:00.000Z"}
    )
    assert (status, conflict) == (409, {"conflict_id": reserved["id"]}), "the same room has an id to be read"
    calendar = "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Example//Sender//EN",
            "METHOD:REQUEST",
            "BEGIN:VEVENT",
            "UID:u1",
            "DTSTAMP:20261120T100000Z",
            f"DTSTART;TZID=Europe/Berlin:{MONDAY:%Y%m%d}T103000",
            "DURATION:PT1H",
            "SUMMARY:Weekly",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
    status, problem = await building.post("itip", "/calendar", data=calendar, headers={"Content-Type": "text/calendar"})
    assert (status, problem["code"]) == (409, "time-taken")
    assert problem["conflicts"][0]["start"] == f"{MONDAY}T10:00:00"


async def test_offline_the_last_word_counts_and_is_said_to_be_old(building: Building):
    await sign_in(building)
    building.google.do.create_event(BOOKED)
    assert await building.times() == [span("14:00", "15:30")]
    building.google.do.fault({"status": 503}, match={"operation": "freebusy.query"}, times=1000)
    building.clock.ahead_ms += 20 * 60 * 1000
    found = await building.busy()
    assert (found["complete"], found["stale"]) == (False, True)
    assert [note["code"] for note in found["notes"]] == ["G-506"]
    assert len(found["busy"]) == 1
    status, problem = await building.schedule("refuses", "a", "15:00")
    assert status == 409
    assert f"as of {found['as_of']}" in problem["detail"]
    status, told = await building.schedule("refuses", "b", "16:00")
    assert status == 202
    assert f"as of {found['as_of']}" in told["warnings"][0]


async def test_before_anybody_signed_in_our_own_meetings_are_known(building: Building):
    await building.schedule("allows", "a", "10:00")
    found = await building.busy()
    assert len(found["busy"]) == 1
    assert (found["as_of"], found["complete"], [note["code"] for note in found["notes"]]) == (
        None,
        False,
        ["no-account"],
    )
    assert (await building.schedule("refuses", "b", "10:30"))[0] == 409
    await sign_in(building)
    assert (await building.busy())["complete"]


async def test_without_the_permission_it_is_said(building: Building):
    accounts = building.gateway.stored.accounts
    link = await accounts.start()
    redirect = building.google.do.approve(link.url, untick=["https://www.googleapis.com/auth/calendar.events.freebusy"])
    await accounts.store(await accounts.finish(redirect), replace=False)
    found = await building.busy()
    assert [note["code"] for note in found["notes"]] == ["G-416"]
    assert not [r for r in building.google.state.requests if r.path.endswith("/freeBusy")]


UNANSWERABLE = (
    ("", ["from", "to"]),
    ("from=2026-11-23&to=2026-11-24", ["from", "to"]),
    ("from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00", ["to"]),
    ("from=2026-11-23T00:00:00Z&to=2026-11-23T00:00:00Z", ["to"]),
    ("from=2026-11-23T00:00:00Z&to=2027-01-24T00:00:01Z", ["to"]),
    ("from=2226-11-23T00:00:00Z&to=2226-11-24T00:00:00Z", ["from", "to"]),
    ("from=0001-01-01T00:00:00%2B14:00&to=9999-12-31T23:59:59-14:00", ["to"]),
    (f"from={quote('٢٠٢٦-11-23T00:00:00Z')}&to={'9' * 5000}", ["from", "to"]),
)


async def test_a_question_that_cannot_be_answered_names_the_field(building: Building):
    for query, fields in UNANSWERABLE:
        async with building.session.get(building.address("allows", f"/availability?{query}")) as answer:
            assert answer.status == 422, await answer.text()
            assert [error["field"] for error in (await answer.json())["errors"]] == fields, query


async def test_a_plus_that_became_a_space_is_understood(building: Building):
    address = building.address("allows", "/availability?from=2026-11-23T00:00:00+01:00&to=2026-11-24T00:00:00+01:00")
    async with building.session.get(aiohttp.client.URL(address, encoded=True)) as answer:
        found = await answer.json()
    assert (found["from"], found["to"]) == ("2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z")


async def test_a_stranger_is_told_nothing(building: Building):
    address = building.address("allows", "/availability?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z")
    async with building.session.get(address, headers={"Authorization": "Bearer no-such-key-at-all-000"}) as answer:
        assert answer.status == 401
