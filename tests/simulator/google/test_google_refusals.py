"""What the Calendar API refuses, with Google's status, reason, message and JSON shape."""

from __future__ import annotations

import io
import json

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.catalogue import known_reasons, refusal
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.discovery_schema import assert_error_shape

START = {"dateTime": "2026-11-23T10:00:00", "timeZone": "Europe/Berlin"}
END = {"dateTime": "2026-11-23T11:00:00", "timeZone": "Europe/Berlin"}
GOOD = {"start": START, "end": END}
RULE = "Invalid recurrence rule."


def starting(**parts):
    return {**GOOD, "start": parts}


def repeating(*lines):
    return {**GOOD, "recurrence": list(lines)}


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ({}, "required", "Missing end time."),
        ({"start": START}, "required", "Missing end time."),
        ({"end": END}, "required", "Missing start time."),
        ({"start": {"timeZone": "UTC"}, "end": END}, "required", "Missing start time."),
        (starting(dateTime="2026-11-23T10:00:00"), "required", "Missing time zone definition for start time."),
        (
            starting(dateTime="2026-11-23T10:00:00", timeZone=""),
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        (
            starting(dateTime="2026-11-23T10:00:00Z", timeZone="Tokyo Standard Time"),
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        (
            starting(dateTime="2026-11-23T10:00:00", timeZone="europe/berlin"),
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        (
            {**GOOD, "end": {**END, "timeZone": "Mars/Olympus"}},
            "invalid",
            "Invalid time zone definition for end time.",
        ),
        (starting(dateTime="tomorrow", timeZone="UTC"), "badRequest", "Bad Request"),
        (starting(dateTime="2026-02-30T10:00:00Z"), "badRequest", "Bad Request"),
        (starting(dateTime="2026-11-23 10:00:00Z"), "badRequest", "Bad Request"),
        (starting(dateTime="9999-12-31T23:00:00Z"), "badRequest", "Bad Request"),
        (starting(dateTime="0001-01-01T00:00:00+05:00"), "badRequest", "Bad Request"),
        ({"start": {"date": "2026-2-3"}, "end": {"date": "2026-02-04"}}, "badRequest", "Bad Request"),
        ({"start": {"date": "2026-02-30"}, "end": {"date": "2026-03-04"}}, "badRequest", "Bad Request"),
        (starting(date="2026-11-23", dateTime="2026-11-23T10:00:00Z"), "invalid", "Invalid start time."),
        (
            starting(date="2026-11-23"),
            "invalid",
            "Start and end times must either both be date or both be dateTime.",
        ),
        (starting(dateTime="2026-11-23T12:00:00", timeZone="Europe/Berlin"), "timeRangeEmpty", None),
        ({"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-23"}}, "timeRangeEmpty", None),
        ({**GOOD, "attendees": [{"email": "1001"}]}, "invalid", "Invalid attendee email."),
        ({**GOOD, "attendees": [{"displayName": "Anna"}]}, "invalid", "Invalid attendee email."),
        ({**GOOD, "attendees": [{"email": "a b@example.com"}]}, "invalid", "Invalid attendee email."),
        ({**GOOD, "attendees": [{"email": "a@b.de", "responseStatus": "yes"}]}, "invalid", "Invalid Value"),
        ({**GOOD, "id": "abcd"}, "invalid", "Invalid resource id value."),
        ({**GOOD, "id": "gw12345"}, "invalid", "Invalid resource id value."),
        ({**GOOD, "id": "ABCDE"}, "invalid", "Invalid resource id value."),
        ({**GOOD, "id": "abc0123_20261123T090000Z"}, "invalid", "Invalid resource id value."),
        ({**GOOD, "id": "a" * 1025}, "invalid", "Invalid resource id value."),
        (
            {
                **GOOD,
                "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": n} for n in range(6)]},
            },
            "eventRemindersCountExceedsLimit",
            "The event exceeds the allowed maximum number of reminders.",
        ),
        (
            {**GOOD, "reminders": {"overrides": [{"method": "popup", "minutes": 5}]}},
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        ),
        ({**GOOD, "status": "done"}, "invalid", "Invalid Value"),
        ({**GOOD, "eventType": "focusTime"}, "invalid", "Invalid Value"),
        ({**GOOD, "source": {"url": "sip:6300@pbx"}}, "invalid", "Invalid Value"),
        ({**GOOD, "extendedProperties": {"private": {str(n): "" for n in range(301)}}}, "invalid", "Invalid Value"),
        ({**GOOD, "summary": 5}, "invalid", "Invalid value for: summary"),
        ({**GOOD, "attendees": [{"email": 5}]}, "invalid", "Invalid value for: attendees[0].email"),
        ({**GOOD, "guestsCanModify": 1}, "invalid", "Invalid value for: guestsCanModify"),
        ({**GOOD, "sequence": True}, "invalid", "Invalid value for: sequence"),
        ({**GOOD, "start": "2026-11-23T10:00:00Z"}, "invalid", "Invalid value for: start"),
        (
            {**GOOD, "extendedProperties": {"private": {"n": 1}}},
            "invalid",
            "Invalid value for: extendedProperties.private",
        ),
        (
            {"start": {"dateTime": "2026-11-23T10:00:00+01:00"}, "end": END, "recurrence": ["RRULE:FREQ=DAILY"]},
            "required",
            "Missing time zone definition for start time.",
        ),
        (repeating("DTSTART;TZID=Europe/Berlin:20261123T100000", "RRULE:FREQ=DAILY"), "invalid", RULE),
        (repeating("FREQ=DAILY"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;UNTIL=20261231"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;UNTIL=20261231T100000"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;UNTIL=20261331T100000Z"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20261231T100000Z"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;COUNT=-1"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;COUNT=0"), "invalid", RULE),
        (repeating("RRULE:FREQ=HOURLY"), "invalid", RULE),
        (repeating("RRULE:INTERVAL=2"), "invalid", RULE),
        (repeating("RRULE:FREQ=WEEKLY;BYDAY=1MO"), "invalid", RULE),
        (repeating("RRULE:FREQ=WEEKLY;BYDAY=XX"), "invalid", RULE),
        (repeating("RRULE:FREQ=MONTHLY;BYMONTHDAY=32"), "invalid", RULE),
        (repeating("RRULE:FREQ=YEARLY;BYMONTH=0"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;FREQ=DAILY"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY;X-NAME=1"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY", "EXDATE;TZID=Mars/Olympus:20261124T100000"), "invalid", RULE),
        (repeating("RRULE:FREQ=DAILY", "EXDATE:tomorrow"), "invalid", RULE),
    ],
)
async def test_refused_event_bodies_leave_nothing_behind(
    wire: Wire, google: SimulatedGoogle, body: dict, reason: str, message: str | None
):
    answer = await wire("POST", EVENTS, json=body)
    assert answer.status == 400
    error = answer.json["error"]
    assert error["errors"][0]["reason"] == reason
    assert error["message"] == (message or "The specified time range is empty.")
    assert google.state.events == []


async def test_each_wrong_zone_and_each_wrong_guest_has_its_own_entry(wire: Wire):
    answer = await wire("POST", EVENTS, json=timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", "Nowhere"))
    assert [entry["message"] for entry in answer.json["error"]["errors"]] == [
        "Invalid time zone definition for start time.",
        "Invalid time zone definition for end time.",
    ]
    answer = await wire("POST", EVENTS, json={**GOOD, "attendees": [{"email": "x"}, {"email": "y"}]})
    assert len(answer.json["error"]["errors"]) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"summary": "\\ud800"}', b"null"],
)
async def test_unreadable_bodies(wire: Wire, body: bytes):
    answer = await wire("POST", EVENTS, data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert answer.json["error"]["errors"][0]["reason"] == "parseError"


async def test_too_large_body(wire: Wire):
    answer = await wire.session.post(wire.google.base + EVENTS, data=io.BytesIO(b" " * (1024 * 1024 + 1)))
    assert answer.status == 413
    answer.release()


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"colour": "red"}, "invalid"),
        ({"sendUpdates": "some"}, "invalidParameter"),
        ({"maxAttendees": "0"}, "invalidParameter"),
        ({"conferenceDataVersion": "2"}, "invalidParameter"),
        ({"supportsAttachments": "maybe"}, "invalidParameter"),
        ({"alt": "media"}, "invalidParameter"),
        ({"singleEvents": "true"}, "invalid"),
    ],
)
async def test_refused_parameters_of_insert(wire: Wire, google: SimulatedGoogle, parameters: dict, reason: str):
    answer = await wire("POST", EVENTS, json=GOOD, params=parameters)
    assert answer.status == 400
    assert answer.json["error"]["errors"][0]["reason"] == reason
    assert google.state.events == []


async def test_unknown_parameter_is_named_as_google_names_it(wire: Wire):
    error = (await wire("GET", EVENTS, params={"colour": "red"})).json["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["message"].startswith(
        'Invalid JSON payload received. Unknown name "colour": Cannot bind query parameter.'
    )
    assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"


async def test_common_parameters_are_accepted(wire: Wire):
    common = {"alt": "json", "prettyPrint": "true", "quotaUser": "one", "key": "any"}
    answer = await wire("GET", EVENTS, params=common)
    assert answer.status == 200
    assert b"\n" in answer.body


@pytest.mark.parametrize("token", [None, "ya29.nonsense"])
async def test_missing_or_wrong_token(wire: Wire, token: str | None):
    answer = await wire("GET", EVENTS, token=token)
    assert answer.status == 401
    assert answer.json["error"]["status"] == "UNAUTHENTICATED"
    assert answer.json["error"]["errors"] == [
        {
            "domain": "global",
            "reason": "authError",
            "message": "Invalid Credentials",
            "locationType": "header",
            "location": "Authorization",
        }
    ]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_token_in_the_query_is_accepted(wire: Wire, google: SimulatedGoogle):
    answer = await wire("GET", EVENTS, params={"access_token": wire.tokens["access_token"]}, token=None)
    assert answer.status == 200
    assert google.state.requests[-1].query == {"access_token": ["***"]}


async def test_scope_that_does_not_cover_the_call(wire: Wire, google: SimulatedGoogle):
    readonly = google.do.issue_tokens(["https://www.googleapis.com/auth/calendar.readonly"])["access_token"]
    assert (await wire("GET", EVENTS, token=readonly)).status == 200
    answer = await wire("POST", EVENTS, json=GOOD, token=readonly)
    assert answer.status == 403
    error = answer.json["error"]
    assert error["errors"][0]["reason"] == "insufficientPermissions"
    assert error["status"] == "PERMISSION_DENIED"
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert error["details"][0]["metadata"]["method"] == "calendar.v3.Events.Insert"
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


async def test_calendars_of_others(wire: Wire, google: SimulatedGoogle):
    shared = google.do.add_calendar("Shared", role="reader").calendar_id
    path = f"/calendar/v3/calendars/{shared}/events"
    everything = google.do.issue_tokens(["https://www.googleapis.com/auth/calendar.events"])["access_token"]
    assert (await wire("GET", path, token=everything)).status == 200
    answer = await wire("POST", path, json=GOOD, token=everything)
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (403, "requiredAccessLevel")
    google.do.set_access(shared, "writer")
    assert (await wire("POST", path, json=GOOD, token=everything)).status == 200
    owned_only = await wire("POST", path, json=GOOD)
    assert owned_only.json["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    google.do.set_access(shared, None)
    assert (await wire("GET", path, token=everything)).status == 404


async def test_api_switched_off(wire: Wire, google: SimulatedGoogle):
    google.do.set_behaviour(api_enabled=False)
    answer = await wire("GET", EVENTS)
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (403, "accessNotConfigured")
    assert answer.json["error"]["details"][0]["reason"] == "SERVICE_DISABLED"


async def test_conference_is_ignored_or_refused(wire: Wire, google: SimulatedGoogle):
    google.do.set_calendar(conference_types=[])
    body = {**GOOD, "conferenceData": {"createRequest": {"requestId": "1"}}}
    assert "conferenceData" not in (await wire("POST", EVENTS, json=body)).json
    answer = await wire("POST", EVENTS, json=body, params={"conferenceDataVersion": "1"})
    assert answer.json["error"]["message"] == "Invalid conference type value."


async def test_methods_that_are_not_simulated(wire: Wire):
    answer = await wire("GET", "/calendar/v3/colors")
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (404, "notFound")


@pytest.mark.parametrize("reason", known_reasons())
def test_every_catalogued_refusal_has_googles_shape(reason: str):
    error = refusal(None, reason)
    assert_error_shape(error.status, json.loads(json.dumps(error.body())))
    assert error.body()["error"]["errors"][0]["reason"] == reason
