"""The calls as they go over the wire, and what a refused token does to them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime

import aiohttp
import pytest
from aiohttp import web

from gateway.domain.meeting import Invitations, Invitee, Meeting
from gateway.domain.outcome import Remedy, RemoteEvent, Verdict
from gateway.domain.target import CalendarTarget, EventContent, EventRef, OccurrenceRef
from gateway.google.calendar import GoogleCalendar
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire
from tests.unit.google.moved_clock import MovedClock
from tests.unit.google.raw_google import RawGoogle, answer, cut, silent, torn

EVENT: dict[str, object] = {"id": "ab1", "etag": '"v1"', "status": "confirmed"}
REF = EventRef(calendar_id="team@group.calendar.google.com", remote_id="ab1", marks={"gateway": "g", "meeting": "7"})
CONTENT = EventContent(
    meeting=Meeting(
        external_id="1",
        subject="Besprechung ü",
        start_local=datetime(2024, 4, 29, 10),
        end_local=datetime(2024, 4, 29, 11),
        zone="Europe/Berlin",
        start_utc_s=0,
        end_utc_s=0,
    ),
    invitations=Invitations.DEVICE,
    fingerprint="f",
    device_name="UCM",
)
CURRENT = RemoteEvent(
    remote_id="ab1", etag='"v1"', cancelled=False, marks={}, content=None, link=None, raw={**EVENT, "colorId": "3"}
)
UNAUTHORIZED = '{"error":{"code":401,"errors":[{"reason":"authError"}],"message":"Invalid Credentials"}}'


class Successes:
    count = 0

    async def worked(self) -> None:
        self.count += 1


@pytest.fixture
def successes() -> Successes:
    return Successes()


@pytest.fixture
def calendar(raw_google: RawGoogle, session: aiohttp.ClientSession, successes: Successes) -> GoogleCalendar:
    async def save(_grant: Grant) -> None: ...

    clock, wire = MovedClock(), Wire(session, 1.0)
    tokens = AccessTokens(
        Grant(client_id="c", client_secret="s", refresh_token="1//r", access_token="ya29.held"),
        endpoint=raw_google.endpoints.token,
        wire=wire,
        clock=clock,
        save=save,
    )
    return GoogleCalendar(
        wire=wire, endpoint=raw_google.endpoints.calendar, tokens=tokens, clock=clock, worked=successes.worked
    )


PATH = "/calendar/v3/calendars/team%40group.calendar.google.com/events"


async def test_insert(raw_google: RawGoogle, calendar: GoogleCalendar, successes: Successes) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    target: CalendarTarget = calendar
    outcome = await target.insert(REF, CONTENT)
    [seen] = raw_google.seen
    assert (seen.method, seen.path, seen.query) == ("POST", PATH, {"sendUpdates": "none"})
    assert seen.headers["Authorization"] == "Bearer ya29.held"
    assert seen.headers["Content-Type"].startswith("application/json")
    assert "Besprechung ü" in seen.body.decode("utf-8")
    assert json.loads(seen.body)["id"] == "ab1"
    assert outcome.verdict is Verdict.DONE
    assert outcome.event is not None
    assert successes.count == 1


async def test_replace(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    outcome = await calendar.replace(REF, replace(CONTENT, invitations=Invitations.GOOGLE), CURRENT)
    [seen] = raw_google.seen
    assert (seen.method, seen.path, seen.query) == ("PUT", f"{PATH}/ab1", {"sendUpdates": "all"})
    assert seen.headers["If-Match"] == '"v1"'
    assert json.loads(seen.body)["colorId"] == "3"
    assert outcome.verdict is Verdict.DONE


async def test_a_calendar_itself_is_asked_for_next_to_nothing(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    refused = '{"error":{"code":404,"errors":[{"reason":"notFound"}],"message":"Not Found"}}'
    raw_google.will(answer(200, '{"etag": "\\"p1\\""}'), answer(404, refused), answer(200, "<html>"))
    found = [await calendar.look_calendar(REF.calendar_id) for _ in range(3)]
    assert [(outcome.verdict, outcome.code) for outcome in found] == [
        (Verdict.DONE, ""),
        (Verdict.CONFIGURATION, "G-507"),
        (Verdict.LATER, "G-412"),
    ]
    asked = [(seen.method, seen.path, seen.query) for seen in raw_google.seen]
    assert asked == [("GET", PATH, {"maxResults": "1", "fields": "etag"})] * 3


async def test_attachments_are_sent_along_with_the_parameter_they_need(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    attached = replace(CURRENT, raw={**EVENT, "attachments": [{"fileUrl": "https://drive.google.com/x"}]})
    await calendar.replace(REF, CONTENT, attached)
    assert raw_google.seen[0].query == {"sendUpdates": "none", "supportsAttachments": "true"}
    assert json.loads(raw_google.seen[0].body)["attachments"]


async def test_delete_and_look(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(204), answer(200, json.dumps({**EVENT, "status": "cancelled"})))
    assert (await calendar.delete(REF, Invitations.OFF)).verdict is Verdict.DONE
    outcome = await calendar.look(REF)
    assert outcome.verdict is Verdict.GONE
    assert outcome.event is not None
    assert [(seen.method, seen.path, seen.query) for seen in raw_google.seen] == [
        ("DELETE", f"{PATH}/ab1", {"sendUpdates": "none"}),
        ("GET", f"{PATH}/ab1", {}),
    ]


OCCURRENCE = OccurrenceRef(series=REF, original_start_utc_s=1_714_986_000)
INSTANCE = f"{PATH}/ab1_20240506T090000Z"


async def test_one_occurrence_is_looked_at_replaced_and_cancelled(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    raw: dict[str, object] = {**EVENT, "recurringEventId": "ab1", "originalStartTime": {"dateTime": "x"}}
    raw_google.will(answer(200, json.dumps(raw)), answer(200, json.dumps(raw)), answer(204))
    outcome = await calendar.look_occurrence(OCCURRENCE)
    assert outcome.event is not None
    await calendar.replace_occurrence(OCCURRENCE, replace(CONTENT, invitations=Invitations.GOOGLE), outcome.event)
    assert (await calendar.cancel_occurrence(OCCURRENCE, CURRENT, Invitations.OFF)).verdict is Verdict.DONE
    assert [(seen.method, seen.path, seen.query) for seen in raw_google.seen] == [
        ("GET", INSTANCE, {}),
        ("PUT", INSTANCE, {"sendUpdates": "all"}),
        ("DELETE", INSTANCE, {"sendUpdates": "none"}),
    ]
    assert [seen.headers.get("If-Match") for seen in raw_google.seen] == [None, '"v1"', '"v1"']
    body = json.loads(raw_google.seen[1].body)
    assert (body["recurringEventId"], body["originalStartTime"]) == ("ab1", {"dateTime": "x"})
    assert "recurrence" not in body
    assert body["extendedProperties"]["private"]["meeting"] == "7"


async def test_an_occurrence_of_whole_days_is_named_by_its_day(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(404, '{"error":{"errors":[{"reason":"notFound"}],"message":"Not Found"}}'))
    outcome = await calendar.look_occurrence(replace(OCCURRENCE, original_day=date(2024, 5, 6)))
    assert raw_google.seen[0].path == f"{PATH}/ab1_20240506"
    assert (outcome.verdict, outcome.event) == (Verdict.GONE, None)


@pytest.mark.parametrize(
    ("status", "reason", "verdict"),
    [(412, "conditionNotMet", Verdict.CHANGED), (410, "deleted", Verdict.GONE), (404, "notFound", Verdict.GONE)],
)
async def test_an_occurrence_that_changed_or_went(
    raw_google: RawGoogle, calendar: GoogleCalendar, status: int, reason: str, verdict: Verdict
) -> None:
    raw_google.will(answer(status, json.dumps({"error": {"errors": [{"reason": reason}], "message": "m"}})))
    assert (await calendar.cancel_occurrence(OCCURRENCE, CURRENT, Invitations.OFF)).verdict is verdict
    assert (await calendar.replace_occurrence(OCCURRENCE, CONTENT, CURRENT)).verdict is verdict


async def test_names_cannot_leave_their_place_in_the_path(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(204))
    await calendar.delete(replace(REF, calendar_id="../../x?y#z/a b", remote_id="../e"), Invitations.OFF)
    assert raw_google.seen[0].path == "/calendar/v3/calendars/..%2F..%2Fx%3Fy%23z%2Fa%20b/events/..%2Fe"


async def test_a_refused_token_is_renewed_once(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(
        answer(401, UNAUTHORIZED),
        answer(200, '{"access_token":"ya29.new","expires_in":3599}'),
        answer(200, json.dumps(EVENT)),
    )
    assert (await calendar.insert(REF, CONTENT)).verdict is Verdict.DONE
    assert [seen.path for seen in raw_google.seen] == [PATH, "/token", PATH]
    assert raw_google.seen[-1].headers["Authorization"] == "Bearer ya29.new"


async def test_a_new_token_that_is_refused_too_means_the_authorization(
    raw_google: RawGoogle, calendar: GoogleCalendar, successes: Successes
) -> None:
    raw_google.will(
        answer(401, UNAUTHORIZED),
        answer(200, '{"access_token":"ya29.new","expires_in":3599}'),
        answer(401, UNAUTHORIZED),
    )
    outcome = await calendar.insert(REF, CONTENT)
    assert (outcome.verdict, outcome.whole_account) == (Verdict.AUTHORIZATION, True)
    assert len(raw_google.seen) == 3
    assert successes.count == 0


async def test_a_token_that_was_superseded_under_way_says_nothing_about_the_authorization(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    async def meanwhile(request: web.Request) -> web.StreamResponse:
        """Another call is refused too, and gets a newer token, before this one is refused."""
        assert (await calendar.look(REF)).verdict is Verdict.DONE
        return await answer(401, UNAUTHORIZED)(request)

    raw_google.will(
        answer(401, UNAUTHORIZED),
        answer(200, '{"access_token":"ya29.second","expires_in":3599}'),
        meanwhile,
        answer(401, UNAUTHORIZED),
        answer(200, '{"access_token":"ya29.third","expires_in":3599}'),
        answer(200, json.dumps(EVENT)),
    )
    assert (await calendar.insert(REF, CONTENT)).verdict is Verdict.DONE
    assert raw_google.seen[-1].headers["Authorization"] == "Bearer ya29.third"


async def test_a_refresh_that_fails_decides_the_call(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(401, UNAUTHORIZED), answer(503))
    assert (await calendar.insert(REF, CONTENT)).verdict is Verdict.LATER
    raw_google.will(answer(401, UNAUTHORIZED), answer(400, '{"error":"invalid_grant"}'))
    assert (await calendar.insert(REF, CONTENT)).verdict is Verdict.AUTHORIZATION


async def test_a_lost_answer_leaves_writes_in_doubt(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    for reply in (cut(), torn(b'{"id"'), silent(), answer(502, "<html>")):
        raw_google.will(reply)
        assert (await calendar.insert(REF, CONTENT)).verdict is Verdict.IN_DOUBT
    raw_google.will(cut())
    assert (await calendar.replace(REF, CONTENT, CURRENT)).verdict is Verdict.IN_DOUBT
    assert (await calendar.delete(REF, Invitations.OFF)).verdict is Verdict.IN_DOUBT
    assert (await calendar.look(REF)).verdict is Verdict.LATER
    assert len(raw_google.seen) == 7


async def test_a_cancelled_event_that_cannot_come_back_is_handed_on(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    raw_google.will(answer(403, '{"error":{"errors":[{"reason":"forbidden"}],"message":"Forbidden"}}'))
    cancelled = replace(CURRENT, cancelled=True)
    outcome = await calendar.replace(REF, CONTENT, cancelled)
    assert (outcome.verdict, outcome.event) == (Verdict.GONE, cancelled)


async def test_the_wait_google_names_is_handed_on(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(429, "", {"Retry-After": "2"}))
    outcome = await calendar.insert(REF, CONTENT)
    assert (outcome.verdict, outcome.retry_after_s) == (Verdict.SLOW_DOWN, 2.0)


ASKED = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
READY = {"entryPoints": [{"entryPointType": "video", "uri": "https://meet.google.com/abc"}], "conferenceId": "abc"}


def status(code: str) -> dict[str, object]:
    return {"createRequest": {**ASKED["createRequest"], "status": {"statusCode": code}}}


@pytest.mark.parametrize(
    ("conference", "state", "link"),
    [
        (None, "", None),
        ({}, "", None),
        (ASKED, "pending", None),
        (status("pending"), "pending", None),
        (status("failure"), "failure", None),
        (status("success"), "pending", None),  # nothing to join yet
        ({**status("success"), **READY}, "success", "https://meet.google.com/abc"),
        (READY, "success", "https://meet.google.com/abc"),
        ({"entryPoints": [{"entryPointType": "video", "uri": "javascript:alert(1)"}]}, "", None),
        ({"entryPoints": [{"entryPointType": "phone", "uri": "tel:+1"}], "createRequest": 3}, "", None),
        ({"entryPoints": 3, "createRequest": {"status": 5}}, "pending", None),
    ],
)
async def test_a_conference_is_asked_for_and_read(
    raw_google: RawGoogle, calendar: GoogleCalendar, conference: object, state: str, link: str | None
) -> None:
    raw_google.will(answer(200, json.dumps({**EVENT, "conferenceData": conference})))
    event = (await calendar.insert(REF, replace(CONTENT, meet=True, meet_request="r1"))).event
    (request,) = raw_google.seen
    assert request.query["conferenceDataVersion"] == "1"
    assert json.loads(request.body)["conferenceData"] == ASKED
    assert event is not None
    assert (event.meet_state, event.meet_link) == (state, link)


async def test_a_conference_that_is_there_is_never_asked_for_again_nor_lost(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    current = replace(CURRENT, raw={**EVENT, "conferenceData": READY}, meet_state="success")
    await calendar.replace(REF, replace(CONTENT, meet=True, meet_request="r2"), current)
    await calendar.replace(REF, CONTENT, current)
    for request in raw_google.seen:
        assert "conferenceDataVersion" not in request.query  # version 1 without the block would remove it
        assert json.loads(request.body)["conferenceData"] == READY


async def test_a_conference_that_failed_is_asked_for_anew(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    failed = replace(CURRENT, raw={**EVENT, "conferenceData": status("failure")}, meet_state="failure")
    await calendar.replace(REF, replace(CONTENT, meet=True, meet_request="r1"), failed)
    (request,) = raw_google.seen
    assert request.query["conferenceDataVersion"] == "1"
    assert json.loads(request.body)["conferenceData"] == ASKED


async def test_no_conference_is_asked_for_where_there_can_be_none(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    without = frozenset({Remedy.WITHOUT_CONFERENCE})
    await calendar.insert(REF, replace(CONTENT, meet=True, meet_request="r1", remedies=without))
    (request,) = raw_google.seen
    assert "conferenceDataVersion" not in request.query
    assert "conferenceData" not in json.loads(request.body)


async def test_guests_that_may_not_be_invited_now_stay_as_they_are(
    raw_google: RawGoogle, calendar: GoogleCalendar
) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    without = replace(CONTENT, remedies=frozenset({Remedy.WITHOUT_GUESTS}))
    guests = [{"email": "a@b.example", "responseStatus": "accepted"}]
    await calendar.replace(REF, without, replace(CURRENT, raw={**EVENT, "attendees": guests, "location": "Kitchen"}))
    await calendar.replace(REF, without, CURRENT)
    patched, put = raw_google.seen
    assert (patched.method, put.method) == ("PATCH", "PUT")
    assert patched.headers["If-Match"] == '"v1"'
    assert "attendees" not in json.loads(patched.body)
    assert json.loads(patched.body)["location"] is None


async def test_a_guests_copy_is_written_in_its_own_fields_only(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)))
    await calendar.replace(REF, replace(CONTENT, remedies=frozenset({Remedy.OWN_FIELDS_ONLY})), CURRENT)
    (request,) = raw_google.seen
    assert request.method == "PATCH"
    assert set(json.loads(request.body)) == {"reminders", "extendedProperties"}


async def test_a_guest_that_google_does_not_name_is_guessed(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    said = {"error": {"code": 400, "errors": [{"reason": "invalid"}], "message": "Invalid attendee email."}}
    raw_google.will(answer(400, json.dumps(said)))
    people = (Invitee(email="fine@example.com"), Invitee(email="Bob@localhost"))
    meeting = replace(CONTENT.meeting, invitees=people)
    outcome = await calendar.insert(REF, replace(CONTENT, meeting=meeting))
    assert (outcome.remedy, outcome.values["guest"]) == (Remedy.WITHOUT_GUEST, "Bob@localhost")
    assert "Bob@localhost" in outcome.text
    again = await calendar.insert(REF, replace(CONTENT, meeting=meeting, without=frozenset({"bob@localhost"})))
    assert again.values["guest"] == ""


async def test_what_a_write_left_on_the_event_is_told(raw_google: RawGoogle, calendar: GoogleCalendar) -> None:
    raw_google.will(answer(200, json.dumps(EVENT)), answer(200, json.dumps({**EVENT, "colorId": "3"})))
    first = await calendar.insert(REF, CONTENT)
    second = await calendar.replace(REF, CONTENT, CURRENT)
    assert first.event is not None
    assert second.event is not None
    assert (first.event.plain, second.event.plain) == (True, False)


def test_the_facts_of_a_content_need_no_call(calendar: GoogleCalendar) -> None:
    assert calendar.facts(CONTENT).subject == "Besprechung ü"
