"""The checker of outgoing requests passes what Google's own client and the gateway send, and finds what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from gateway.clock import SystemClock
from gateway.config import GoogleEndpoints, Secret
from gateway.domain.meeting import Frequency, Invitations, Invitee, Meeting, Repeat
from gateway.domain.outcome import Verdict
from gateway.domain.target import EventContent, EventRef
from gateway.google import oauth
from gateway.google.calendar import GoogleCalendar
from gateway.google.scopes import Feature, asked_for
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire, google_session
from simulator.google import SimulatedGoogle
from tests.contract.google_requests import assert_all_valid, assert_valid_link, problems
from tests.simulator.google.official_client import OfficialClient

EVENTS = "/calendar/v3/calendars/primary/events"
TIME = {"dateTime": "2026-11-23T10:00:00", "timeZone": "Europe/Paris"}
BODY: dict[str, Any] = {
    "id": "abcde0123456789",
    "summary": "Weekly_Meeting",
    "start": TIME,
    "end": {"dateTime": "2026-11-23T11:00:00", "timeZone": "Europe/Paris"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "attendees": [{"email": "anna@example.com", "displayName": "Anna"}],
    "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 60}]},
    "extendedProperties": {"private": {"meeting": "7"}},
}
REDIRECT = "http://127.0.0.1:8765/oauth/google/callback"
EXCHANGE = {
    "grant_type": "authorization_code",
    "code": "***",
    "client_id": "c",
    "client_secret": "***",
    "redirect_uri": REDIRECT,
    "code_verifier": "***",
}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "***", "client_id": "c", "client_secret": "***"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Sent:
    """A request as the simulator records it."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json; charset=utf-8"})
    number: int = 1


INSERT = Sent("POST", EVENTS, {"sendUpdates": ["none"]}, BODY)
EVENT = f"{EVENTS}/abcde"
TOKEN = Sent("POST", "/token", {}, EXCHANGE, FORM)
GOOD = [
    INSERT,
    Sent("GET", EVENT),
    Sent("PUT", EVENT, {"sendUpdates": ["all"], "supportsAttachments": ["true"]}, BODY),
    Sent("PATCH", EVENT, {}, {"summary": "Other"}),
    Sent("DELETE", EVENT, {"sendUpdates": ["externalOnly"]}),
    Sent("GET", EVENTS, {"privateExtendedProperty": ["a=1", "b=2"], "timeMin": ["2026-11-23T10:00:00Z"], "q": ["x"]}),
    TOKEN,
    Sent("POST", "/token", {}, REFRESH, FORM),
    Sent("POST", "/revoke", {}, {"token": "***"}, FORM),
    Sent("GET", "/v1/userinfo"),
]


def changed(**parts: Any) -> Sent:
    return replace(INSERT, body={**BODY, **parts})


def without(*names: str) -> Sent:
    return replace(INSERT, body={name: value for name, value in BODY.items() if name not in names})


def asked(**query: list[str]) -> Sent:
    return replace(INSERT, query=query)


BAD = [
    (Sent("POST", "/calendar/v3/calendars/primary/event", {}, BODY), "is no method"),
    (Sent("PUT", EVENTS, {}, BODY), "is no method"),
    (Sent("GET", "/elsewhere"), "is no method"),
    (asked(sendUpdates=["nobody"]), "query sendUpdates: 'nobody' is none of"),
    (asked(sendUpdates=["none", "all"]), "query sendUpdates: may be there once only"),
    (asked(sendupdates=["none"]), "query sendupdates: is no parameter of calendar.events.insert"),
    (asked(sendNotifications=["true"]), "query sendNotifications: is deprecated"),
    (asked(supportsAttachments=["True"]), "query supportsAttachments: 'True' is not true or false"),
    (asked(maxAttendees=["many"]), "query maxAttendees: 'many' is not a whole number"),
    (asked(maxAttendees=["0"]), "query maxAttendees: 0 is out of range"),
    (asked(conferenceDataVersion=["2"]), "query conferenceDataVersion: 2 is out of range"),
    (Sent("GET", EVENTS, {"timeMin": ["2026-11-23T10:00:00"]}), "query timeMin"),
    (Sent("GET", EVENT, {}, {"a": 1}), "body: this method takes none"),
    (replace(INSERT, headers=FORM), "Content-Type: must be application/json"),
    (replace(INSERT, body="{"), "body: must be a JSON object"),
    (changed(colour="red"), "body: Additional properties"),
    (changed(summary=7), "body.summary: 7 is not of type 'string'"),
    (changed(guestsCanInviteOthers="yes"), "body.guestsCanInviteOthers"),
    (changed(start={**TIME, "zone": "UTC"}), "body.start: Additional properties"),
    (changed(start={"dateTime": "2026-11-23T10:00:00"}, recurrence=[]), "body.start: dateTime needs an offset"),
    (changed(start={"dateTime": "2026-11-23T10:00:00+01:00"}), "body.start: timeZone is required for recurring events"),
    (changed(start={**TIME, "timeZone": "(UTC+01:00) Etc/GMT-1"}), "body.start: timeZone"),
    (changed(start={**TIME, "dateTime": "2026-11-23 10:00"}), "body.start: dateTime '2026-11-23 10:00'"),
    (changed(start={**TIME, "date": "2026-11-23"}), "body.start: must have either date or dateTime"),
    (without("end"), "body.end: is required by calendar.events.insert"),
    (changed(id="Has-Capitals"), "body.id: must be 5 to 1024"),
    (changed(id="abc"), "body.id: must be 5 to 1024"),
    (changed(recurrence=["FREQ=WEEKLY"]), "body.recurrence: 'FREQ=WEEKLY'"),
    (changed(status="busy"), "body.status: 'busy'"),
    (changed(attendees=[{"displayName": "Anna"}]), "body.attendees[0].email: is required"),
    (changed(attendees=[{"email": "a@example.com", "extension": "1001"}]), "body.attendees[0]: Additional properties"),
    (changed(attendees=[{"email": "a@example.com", "responseStatus": "maybe"}]), "body.attendees[0].responseStatus"),
    (changed(reminders={"useDefault": True, "overrides": [{"method": "popup", "minutes": 5}]}), "useDefault false"),
    (changed(reminders={"useDefault": False, "overrides": [{"method": "sms", "minutes": 5}]}), "overrides[0].method"),
    (changed(reminders={"useDefault": False, "overrides": [{"method": "popup"}]}), "needs method and minutes"),
    (changed(reminders={"useDefault": False, "overrides": [{"method": "popup", "minutes": 50000}]}), "0 to 40320"),
    (changed(extendedProperties={"private": {"meeting": 7}}), "body.extendedProperties.private.meeting"),
    (replace(TOKEN, body={**EXCHANGE, "scope": "calendar"}), "body scope: is not documented"),
    (replace(TOKEN, body={k: v for k, v in EXCHANGE.items() if k != "code_verifier"}), "code_verifier: is missing"),
    (replace(TOKEN, body={**EXCHANGE, "grant_type": "password"}), "body grant_type: 'password'"),
    (replace(TOKEN, body={**EXCHANGE, "code": ""}), "body code: is empty"),
    (replace(TOKEN, headers={"content-type": "application/json"}), "Content-Type: must be application/x-www-form"),
    (replace(TOKEN, query={"client_secret": ["***"]}), "query client_secret: is not documented"),
    (Sent("POST", "/token", {}, {**REFRESH, "scope": "calendar"}, FORM), "body scope: is not documented"),
    (Sent("POST", "/revoke", {"token": ["***"]}, None, FORM), "query token: is not documented"),
    (Sent("GET", "/v1/userinfo", {"access_token": ["***"]}), "query access_token: is not documented"),
]


@pytest.mark.parametrize("sent", GOOD, ids=lambda sent: f"{sent.method} {sent.path}")
def test_a_documented_request_passes(sent: Sent):
    assert problems(sent) == []


@pytest.mark.parametrize(("sent", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_an_undocumented_request_is_found(sent: Sent, problem: str):
    assert any(problem in found for found in problems(sent)), problems(sent)
    with pytest.raises(AssertionError, match="request 1 "):
        assert_all_valid([INSERT, sent])


def link(**changes: str) -> str:
    url = oauth.consent_url(
        "https://accounts.example/o/oauth2/v2/auth",
        client_id="c.apps.googleusercontent.com",
        redirect_uri=REDIRECT,
        state=oauth.new_state(),
        verifier=oauth.new_verifier(),
        scopes=asked_for(),
    )
    for name, value in changes.items():
        url = f"{url}&{name}={value}"
    return url


def test_the_sign_in_link_says_only_what_is_documented():
    assert_valid_link(link())


@pytest.mark.parametrize(
    "changes",
    [{"approval_prompt": "force"}, {"include_granted_scopes": "true"}, {"state": "again"}, {"nonce": "n", "foo": "1"}],
)
def test_a_wrong_sign_in_link_is_found(changes: dict[str, str]):
    with pytest.raises(AssertionError):
        assert_valid_link(link(**changes))


async def test_what_googles_own_client_sends_passes():
    async with SimulatedGoogle() as google:
        client = OfficialClient(google)
        event = await client(lambda api: api.events().insert(calendarId="primary", body=BODY, sendUpdates="none"))
        place = {"calendarId": "primary", "eventId": event["id"]}
        await client(lambda api: api.events().get(**place))
        await client(lambda api: api.events().update(**place, body=BODY, supportsAttachments=True))
        await client(lambda api: api.events().patch(**place, body={"summary": "Other"}))
        await client(lambda api: api.events().delete(**place))
        client.close()
        assert assert_all_valid(google.state.requests) == 5


async def test_what_the_gateway_sends_passes():
    async with SimulatedGoogle() as google:
        endpoints = GoogleEndpoints(**google.endpoints())
        session = google_session(endpoints, 10.0)
        try:
            await sign_in_and_write(google, endpoints, session)
        finally:
            await session.close()
        operations = [request.operation for request in google.state.requests]
        assert operations == ["token", "token", "insert", "get", "update", "delete", "revoke"]
        assert assert_all_valid(google.state.requests) == 7


async def sign_in_and_write(google: SimulatedGoogle, endpoints: GoogleEndpoints, session: aiohttp.ClientSession):
    client = next(iter(google.state.clients.values()))
    state, verifier, clock = oauth.new_state(), oauth.new_verifier(), SystemClock()
    url = oauth.consent_url(
        endpoints.authorize,
        client_id=client.client_id,
        redirect_uri=REDIRECT,
        state=state,
        verifier=verifier,
        scopes=asked_for(),
    )
    assert_valid_link(url)
    code = parse_qs(urlsplit(google.do.approve(url)).query)["code"][0]
    wire = Wire(session, 10.0)
    door = oauth.OAuth(wire=wire, endpoints=endpoints, client_id=client.client_id, client_secret=Secret(client.secret))
    tokens = await door.exchange(
        code,
        verifier=verifier,
        redirect_uri=REDIRECT,
        asked=asked_for(),
        least=Feature.WRITE,
        now_ms=clock.now_ms(),
    )
    await door.identity(tokens)
    grant = Grant(client_id=client.client_id, client_secret=client.secret, refresh_token=tokens.refresh_token)
    access = AccessTokens(grant, endpoint=endpoints.token, wire=wire, clock=clock, save=kept)
    calendar = GoogleCalendar(wire=wire, endpoint=endpoints.calendar, tokens=access, clock=clock, worked=nothing)
    ref = EventRef(calendar_id="primary", remote_id="abcde01234", marks={"gateway": "g", "meeting": "7"})
    assert (await calendar.insert(ref, CONTENT)).verdict is Verdict.DONE
    event = (await calendar.look(ref)).event
    assert event is not None
    assert (await calendar.replace(ref, CONTENT, event)).verdict is Verdict.DONE
    assert (await calendar.delete(ref, Invitations.GOOGLE)).verdict is Verdict.DONE
    assert await oauth.revoke(wire, endpoints, tokens.refresh_token)


async def kept(_grant: Grant) -> None:
    return None


async def nothing() -> None:
    return None


CONTENT = EventContent(
    meeting=Meeting(
        external_id="1",
        subject="Weekly_Meeting",
        start_local=datetime(2026, 11, 23, 10),
        end_local=datetime(2026, 11, 23, 11),
        zone="Etc/GMT-1",
        start_utc_s=1_795_424_400,
        end_utc_s=1_795_428_000,
        repeat=Repeat(frequency=Frequency.WEEKLY, count=4),
        host=Invitee(extension="1000", email="host@example.com"),
        invitees=(Invitee(extension="1001"), Invitee(email="anna@example.com", name="Anna")),
        reminder_minutes=60,
        room="6300",
        agenda="Numbers",
    ),
    invitations=Invitations.DEVICE,
    fingerprint="f",
    device_name="UCM",
)


def test_the_checker_reads_any_object_with_the_fields_of_a_record():
    record = SimpleNamespace(number=3, method="GET", path=EVENT, query={}, headers={}, body=None)
    assert assert_all_valid([record]) == 1
