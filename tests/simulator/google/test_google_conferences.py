"""Meet: asked for with an event, pending, then there or failed; kept, repeated and removed as the versions say."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.official_client import OfficialClient

EVENT = {**timed("2026-11-23T10:00:00", "2026-11-23T11:00:00"), "id": "abc01"}
ONE = {"conferenceDataVersion": "1"}


def request(request_id: str = "r1", kind: str | None = "hangoutsMeet") -> dict[str, Any]:
    key = {} if kind is None else {"conferenceSolutionKey": {"type": kind}}
    return {"conferenceData": {"createRequest": {"requestId": request_id, **key}}}


def status_of(event: dict[str, Any]) -> str:
    return event["conferenceData"]["createRequest"]["status"]["statusCode"]


async def test_a_conference_that_is_there_at_once(official: OfficialClient):
    body = {**EVENT, **request(kind=None)}
    made = await official(lambda api: api.events().insert(calendarId="primary", body=body, conferenceDataVersion=1))
    [entry] = made["conferenceData"]["entryPoints"]
    assert status_of(made) == "success"
    assert (entry["entryPointType"], entry["uri"]) == ("video", made["hangoutLink"])
    assert made["hangoutLink"].startswith("https://meet.google.com/")


async def test_pending_then_success_is_a_change_of_the_event(wire: Wire, google: SimulatedGoogle):
    google.do.set_calendar(conference_delay_s=30)
    made = (await wire("POST", EVENTS, json={**EVENT, **request()}, params=ONE)).json
    assert status_of(made) == "pending"
    assert "hangoutLink" not in made
    listed = (await wire("GET", EVENTS)).json
    google.do.set_clock(advance_s=29)
    assert status_of((await wire("GET", EVENTS + "/abc01")).json) == "pending"
    google.do.set_clock(advance_s=2)
    changed = (await wire("GET", EVENTS, params={"syncToken": listed["nextSyncToken"]})).json["items"]
    assert [status_of(event) for event in changed] == ["success"]
    assert changed[0]["etag"] != made["etag"]
    assert google.state.live_events[0]["hangoutLink"] == changed[0]["hangoutLink"]


@pytest.mark.parametrize("outcome", ["failure", "pending"])
async def test_other_endings(wire: Wire, google: SimulatedGoogle, outcome: Any):
    google.do.set_calendar(conference_delay_s=5, conference_outcome=outcome)
    await wire("POST", EVENTS, json={**EVENT, **request()}, params=ONE)
    google.do.set_clock(advance_s=86400)
    event = google.state.live_events[0]
    assert (status_of(event), "hangoutLink" in event) == (outcome, False)


async def test_the_same_request_again_is_ignored_and_another_makes_a_new_one(wire: Wire):
    made = (await wire("POST", EVENTS, json={**EVENT, **request()}, params=ONE)).json
    again = (await wire("PATCH", EVENTS + "/abc01", json=request(), params=ONE)).json
    assert again["hangoutLink"] == made["hangoutLink"]
    other = (await wire("PATCH", EVENTS + "/abc01", json=request("r2"), params=ONE)).json
    assert other["hangoutLink"] != made["hangoutLink"]


async def test_what_each_version_does_to_what_is_there(wire: Wire):
    made = (await wire("POST", EVENTS, json={**EVENT, **request()}, params=ONE)).json
    event = EVENTS + "/abc01"
    link = made["hangoutLink"]
    assert (await wire("PUT", event, json=EVENT)).json["hangoutLink"] == link
    assert (await wire("PUT", event, json={**EVENT, **request("r2")})).json["hangoutLink"] == link
    assert (await wire("PATCH", event, json={"summary": "x"}, params=ONE)).json["hangoutLink"] == link
    echoed = {**EVENT, "conferenceData": made["conferenceData"]}
    assert (await wire("PUT", event, json=echoed, params=ONE)).json["hangoutLink"] == link
    without_request = {k: v for k, v in made["conferenceData"].items() if k != "createRequest"}
    copied = {**EVENT, "conferenceData": without_request}
    assert (await wire("PUT", event, json=copied, params=ONE)).json["hangoutLink"] == link
    assert "conferenceData" not in (await wire("PUT", event, json=EVENT, params=ONE)).json
    await wire("PATCH", event, json=request("r3"), params=ONE)
    gone = await wire("PATCH", event, json={"conferenceData": None}, params=ONE)
    assert "hangoutLink" not in gone.json


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (request(kind="addOn"), "Invalid conference type value."),
        (request(kind="eventHangout"), "Invalid conference type value."),
        ({"conferenceData": {"conferenceSolution": {"key": {"type": "addOn"}}}}, "Invalid conference type value."),
        ({"conferenceData": {"createRequest": {}}}, "Missing conference request id."),
        ({"conferenceData": "meet"}, "Invalid value for: conferenceData"),
    ],
)
async def test_requests_that_are_refused(wire: Wire, google: SimulatedGoogle, data: dict[str, Any], message: str):
    answer = await wire("POST", EVENTS, json={**EVENT, **data}, params=ONE)
    assert (answer.status, answer.json["error"]["message"]) == (400, message)
    assert google.state.events == []


async def test_calendars_without_meet(wire: Wire, google: SimulatedGoogle):
    calendars = "/calendar/v3/users/me/calendarList/primary"
    kinds = (await wire("GET", calendars)).json["conferenceProperties"]["allowedConferenceSolutionTypes"]
    assert kinds == ["hangoutsMeet"]
    google.do.set_calendar(conference_types=[])
    assert (await wire("GET", calendars)).json["conferenceProperties"]["allowedConferenceSolutionTypes"] == []
    answer = await wire("POST", EVENTS, json={**EVENT, **request()}, params=ONE)
    assert answer.json["error"]["message"] == "Invalid conference type value."
