"""What of a meeting reaches Google, and that every body is one that the Calendar API describes."""

from __future__ import annotations

import functools
import html
import importlib.util
import json
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.meeting import Frequency, Invitations, Invitee, Meeting, Repeat, Weekday
from gateway.domain.target import EventContent, EventRef
from gateway.google.event_json import event_body, merge, remote_event, usable_address
from gateway.google.event_text import LONGEST_DESCRIPTION_BYTES

PIN, HOST_PIN = "PIN-4711-CANARY", "HOSTPIN-0815-CANARY"

REF = EventRef(calendar_id="primary", remote_id="0abc1", marks={"gateway": "inst", "meeting": "7", "generation": "0"})

WEEKLY = Meeting(
    external_id="1714377600000",
    subject="Weekly_Meeting",
    start_local=datetime(2024, 4, 29, 10),
    end_local=datetime(2024, 4, 29, 11),
    zone="Etc/GMT-1",
    start_utc_s=1714381200,
    end_utc_s=1714384800,
    host=Invitee(extension="1000", email="host@example.com", name="Arthur"),
    invitees=(Invitee(extension="1001"), Invitee(extension="1002", email="Two@example.com")),
    room="6300",
    password=PIN,
    host_password=HOST_PIN,
    reminder_minutes=60,
)


def content(meeting: Meeting = WEEKLY, invitations: Invitations = Invitations.DEVICE) -> EventContent:
    return EventContent(meeting=meeting, invitations=invitations, fingerprint="1.device.f", device_name="UCM 1")


def body_of(meeting: Meeting = WEEKLY, invitations: Invitations = Invitations.DEVICE) -> dict[str, Any]:
    return event_body(REF, content(meeting, invitations))


def described(meeting: Meeting, invitations: Invitations = Invitations.DEVICE) -> str:
    return str(body_of(meeting, invitations)["description"])


@functools.cache
def validator() -> jsonschema.Draft7Validator:
    """The schema `Event` of Google's discovery document, closed: a name it does not have is an error."""
    spec = importlib.util.find_spec("googleapiclient")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "discovery_cache/documents/calendar.v3.json"
    schemas = json.loads(path.read_text("utf-8"))["schemas"]

    def closed(node: Any) -> Any:
        if isinstance(node, list):
            return [closed(each) for each in node]
        if not isinstance(node, dict):
            return node
        made = {key: closed(value) for key, value in node.items() if key not in ("id", "annotations", "format")}
        if isinstance(node.get("$ref"), str):
            return {"$ref": f"#/definitions/{node['$ref']}"}
        if node.get("type") == "any":
            del made["type"]
        if node.get("type") == "object" and "properties" in node:
            made["properties"] = {name: closed(each) for name, each in node["properties"].items()}
            made.setdefault("additionalProperties", False)
        return made

    definitions = {name: closed(schema) for name, schema in schemas.items()}
    return jsonschema.Draft7Validator({"$ref": "#/definitions/Event", "definitions": definitions})


def check(body: dict[str, Any]) -> None:
    """Whatever the schema says in words: limits, required parts, forbidden ones."""
    validator().validate(body)
    for end in ("start", "end"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", body[end]["dateTime"])
        assert body[end]["timeZone"]
    assert 0 < len(body["summary"]) <= 255
    assert len(body["description"].encode("utf-8")) <= LONGEST_DESCRIPTION_BYTES
    assert len(body["reminders"].get("overrides", ())) <= 5
    assert all(0 <= each["minutes"] <= 40320 for each in body["reminders"].get("overrides", ()))
    attendees = body.get("attendees", [])
    assert len(attendees) <= 200
    assert len({each["email"].lower() for each in attendees}) == len(attendees)
    for key, value in body["extendedProperties"]["private"].items():
        assert len(key) <= 44
        assert len(value) <= 1024
    assert "sequence" not in body
    json.dumps(body, ensure_ascii=False).encode("utf-8")


def test_the_schema_used_here_refuses_what_google_does_not_know() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator().validate({"summary": "x", "sumary": "y"})
    with pytest.raises(jsonschema.ValidationError):
        validator().validate({"attendees": [{"mail": "x@example.com"}]})
    with pytest.raises(jsonschema.ValidationError):
        validator().validate({"guestsCanInviteOthers": "no"})


def test_the_vendors_example() -> None:
    body = body_of()
    check(body)
    assert body["extendedProperties"]["private"].pop("wrote")  # notes on what was written, part by part
    assert body == {
        "id": "0abc1",
        "summary": "Weekly_Meeting",
        "location": "Meeting room 6300",
        "description": (
            "Host: 1000 Arthur (host@example.com)\n"
            "Invitees: 1001 (no e-mail), 1002 (Two@example.com)\n"
            "Meeting room: 6300\n\n"
            "Scheduled on UCM 1. Change or cancel it there, not in this calendar."
        ),
        "start": {"dateTime": "2024-04-29T10:00:00", "timeZone": "Etc/GMT-1"},
        "end": {"dateTime": "2024-04-29T11:00:00", "timeZone": "Etc/GMT-1"},
        "reminders": {
            "useDefault": False,
            "overrides": [{"method": "popup", "minutes": 60}, {"method": "email", "minutes": 60}],
        },
        "guestsCanInviteOthers": False,
        "attendees": [{"email": "host@example.com", "displayName": "Arthur"}, {"email": "Two@example.com"}],
        "extendedProperties": {
            "private": {"gateway": "inst", "meeting": "7", "generation": "0", "content": "1.device.f"}
        },
    }


@pytest.mark.parametrize(
    ("repeat", "rule"),
    [
        (Repeat(frequency=Frequency.DAILY), "RRULE:FREQ=DAILY"),
        (Repeat(frequency=Frequency.WEEKLY, interval=2, count=5), "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=5"),
        (
            Repeat(
                frequency=Frequency.WEEKLY,
                until_utc_s=int(datetime(2024, 12, 31, 22, 59, 59, tzinfo=UTC).timestamp()),
                weekdays=(Weekday.MONDAY, Weekday.FRIDAY),
            ),
            "RRULE:FREQ=WEEKLY;UNTIL=20241231T225959Z;BYDAY=MO,FR",
        ),
        (Repeat(frequency=Frequency.YEARLY), "RRULE:FREQ=YEARLY"),
    ],
)
def test_a_series_goes_out_as_one_rule(repeat: Repeat, rule: str) -> None:
    body = body_of(replace(WEEKLY, repeat=repeat))
    check(body)
    assert body["recurrence"] == [rule]


def test_reminders() -> None:
    assert body_of(replace(WEEKLY, reminder_minutes=None))["reminders"] == {"useDefault": True}
    assert body_of(replace(WEEKLY, reminder_minutes=0))["reminders"] == {"useDefault": False, "overrides": []}
    most = body_of(replace(WEEKLY, reminder_minutes=99_999_999))["reminders"]["overrides"]
    assert {each["minutes"] for each in most} == {40_320}


def test_guests_follow_the_invitation_policy() -> None:
    assert "attendees" not in body_of(invitations=Invitations.OFF)
    assert "1002 (Two@example.com)" in described(WEEKLY, Invitations.OFF)
    assert body_of(invitations=Invitations.GOOGLE)["attendees"] == body_of()["attendees"]


def test_the_same_address_is_a_guest_once_with_the_hosts_name() -> None:
    twice = (Invitee(email="HOST@Example.com", name="Somebody"), Invitee(extension="5", email="no address"))
    assert body_of(replace(WEEKLY, invitees=twice))["attendees"] == [
        {"email": "host@example.com", "displayName": "Arthur"}
    ]


def test_guests_beyond_googles_limit_are_named_in_the_description() -> None:
    many = tuple(Invitee(email=f"guest{n}@example.com") for n in range(250))
    body = body_of(replace(WEEKLY, invitees=many))
    check(body)
    assert len(body["attendees"]) == 200
    assert "Not on the guest list" in body["description"]
    assert "guest249@example.com" in body["description"]


def test_a_public_room_recording_and_calls_are_told() -> None:
    meeting = replace(WEEKLY, public_room=True, call_participants=True, auto_record="audio", allow_user_invite=True)
    body = body_of(meeting)
    check(body)
    assert body["location"] == "Public meeting room 6300"
    assert body["guestsCanInviteOthers"] is True
    for part in ("Public meeting room: 6300", "Call participants", "Recording: audio"):
        assert part in body["description"]
    assert "Recording" not in described(WEEKLY)


def test_html_of_a_device_stays_text() -> None:
    meeting = replace(WEEKLY, agenda='<script>alert(1)</script> & <a href="javascript:x">', subject="<b>Bold</b>")
    body = body_of(meeting)
    assert "<" not in body["description"]
    assert html.unescape(body["description"]).startswith('<script>alert(1)</script> & <a href="javascript:x">')
    assert body["summary"] == "<b>Bold</b>"


def test_titles_are_what_they_look_like() -> None:
    meeting = replace(WEEKLY, subject="Pay\u202egpj.\u2066exe\u200b\x00\r\nnow\ud800")
    assert body_of(meeting)["summary"] == "Paygpj.exe now"
    assert body_of(replace(WEEKLY, subject="e\u0301"))["summary"] == "\u00e9"
    assert body_of(replace(WEEKLY, subject="\u200b"))["summary"] == "Meeting"


def test_a_long_agenda_is_cut_and_nothing_else() -> None:
    body = body_of(replace(WEEKLY, agenda="é&" * 8000))
    check(body)
    told = body["description"]
    assert told.endswith("not in this calendar.")
    assert "Meeting room: 6300" in told
    agenda = told.split("\n\n")[0]
    assert agenda.endswith("…")
    assert re.fullmatch(r"(?:é&amp;)+é?…", agenda)
    assert len(told.encode()) > LONGEST_DESCRIPTION_BYTES - 16


def test_a_cut_leaves_entities_whole() -> None:
    for shift in range(8):
        agenda = described(replace(WEEKLY, agenda="x" * shift + "&" * 8000)).split("\n\n")[0]
        assert re.fullmatch(r"x*(?:&amp;)+…", agenda)


def test_a_cut_leaves_letters_with_their_accents() -> None:
    for shift in range(6):
        agenda = described(replace(WEEKLY, agenda="x" * shift + "q\u0323\u0307" * 4000)).split("\n\n")[0]
        assert unicodedata.combining(agenda[-2]) or agenda[-2] == "x"


texts = st.text(max_size=60)
people = st.builds(
    Invitee,
    extension=st.none() | texts,
    email=st.none() | st.emails() | texts,
    name=st.none() | texts,
)
repeats = st.builds(
    Repeat,
    frequency=st.sampled_from(Frequency),
    interval=st.integers(1, 99),
    count=st.none() | st.integers(1, 730),
    until_utc_s=st.none() | st.integers(0, 4_000_000_000),
    weekdays=st.lists(st.sampled_from(Weekday), unique=True, max_size=7).map(tuple),
)
starts = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1))


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    start = draw(starts)
    return Meeting(
        external_id=draw(texts),
        subject=draw(st.text(max_size=400)),
        start_local=start,
        end_local=start + timedelta(minutes=draw(st.integers(1, 1440))),
        zone="Europe/Paris",
        start_utc_s=0,
        end_utc_s=0,
        repeat=draw(st.none() | repeats),
        agenda=draw(st.text(max_size=300).map(lambda text: text * 40)),
        host=draw(st.none() | people),
        invitees=tuple(draw(st.lists(people, max_size=8))) * draw(st.sampled_from((1, 40))),
        room=draw(st.none() | texts),
        public_room=draw(st.booleans()),
        password=PIN,
        host_password=HOST_PIN,
        reminder_minutes=draw(st.none() | st.integers(-5, 100_000)),
        allow_user_invite=draw(st.booleans()),
        call_participants=draw(st.booleans()),
        auto_record=draw(texts),
    )


@given(meetings(), st.sampled_from(Invitations), texts)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_meeting_makes_a_body_that_google_describes(
    meeting: Meeting, invitations: Invitations, device: str
) -> None:
    wanted = replace(content(meeting, invitations), device_name=device)
    body: dict[str, Any] = event_body(REF, wanted)
    check(body)
    told = json.dumps(body, ensure_ascii=False)
    assert PIN not in told
    assert HOST_PIN not in told
    assert "<" not in body["description"]
    unescaped = re.sub(r"&(?:amp|lt|gt);", "", body["description"])
    assert "&" not in unescaped
    if invitations is Invitations.OFF:
        assert "attendees" not in body
    merged = merge({"id": "0abc1", "etag": '"1"', "status": "confirmed", "sequence": 3}, body)
    check(merged)


def live(body: dict[str, Any]) -> dict[str, Any]:
    """An event as Google would answer it, after people worked with it."""
    guests = [dict(each) for each in body["attendees"]]
    guests[1] |= {"email": "two@EXAMPLE.com", "responseStatus": "declined", "comment": "Sick", "additionalGuests": 1}
    return {
        **body,
        "attendees": [
            *guests,
            {"email": "room@resource.calendar.google.com", "resource": True, "responseStatus": "accepted"},
            {"email": "owner@example.com", "organizer": True, "self": True, "responseStatus": "accepted"},
            {"email": "left@example.com", "responseStatus": "accepted"},
        ],
        "kind": "calendar#event",
        "etag": '"3"',
        "sequence": 4,
        "iCalUID": "0abc1@google.com",
        "status": "confirmed",
        "htmlLink": "https://calendar/0abc1",
        "created": "2024-01-01T00:00:00Z",
        "creator": {"email": "owner@example.com"},
        "colorId": "7",
        "visibility": "private",
        "conferenceData": {"conferenceId": "abc-defg-hij"},
        "attachments": [{"fileUrl": "https://drive.google.com/x"}],
        "extendedProperties": {
            "private": {**body["extendedProperties"]["private"], "crm": "42"},
            "shared": {"theirs": "1"},
        },
        "recurrence": ["RRULE:FREQ=DAILY"],
    }


def test_an_update_keeps_what_people_and_guests_added() -> None:
    moved = body_of(replace(WEEKLY, start_local=datetime(2024, 4, 30, 9), room=None))
    merged: dict[str, Any] = merge(live(body_of()), moved)
    check(merged)
    assert merged["start"] == moved["start"]
    assert "location" not in merged
    assert "recurrence" not in merged
    for key in ("colorId", "visibility", "conferenceData", "attachments"):
        assert merged[key] == live(body_of())[key]
    assert merged["extendedProperties"]["shared"] == {"theirs": "1"}
    assert merged["extendedProperties"]["private"]["crm"] == "42"
    assert merged["extendedProperties"]["private"]["content"] == "1.device.f"
    for key in ("sequence", "etag", "id", "iCalUID", "creator", "created", "htmlLink", "kind"):
        assert key not in merged


def test_an_update_keeps_the_answers_of_the_devices_guests() -> None:
    merged: dict[str, Any] = merge(live(body_of()), body_of())
    by_address = {each["email"].lower(): each for each in merged["attendees"]}
    assert set(by_address) == {
        "host@example.com",
        "two@example.com",
        "room@resource.calendar.google.com",
        "owner@example.com",
    }
    assert by_address["two@example.com"]["responseStatus"] == "declined"
    assert by_address["two@example.com"]["comment"] == "Sick"
    off: dict[str, Any] = merge(live(body_of()), body_of(invitations=Invitations.OFF))
    assert [each["email"] for each in off["attendees"]] == ["room@resource.calendar.google.com", "owner@example.com"]


def test_an_update_brings_a_cancelled_event_back() -> None:
    assert merge({**live(body_of()), "status": "cancelled"}, body_of())["status"] == "confirmed"
    assert merge({**live(body_of()), "status": "tentative"}, body_of())["status"] == "tentative"


def test_an_event_of_somebody_else_is_seen_as_such() -> None:
    raw: dict[str, object] = {"id": "x", "etag": '"1"', "status": "confirmed"}
    event = remote_event(raw)
    assert event is not None
    assert (event.marks, event.content, event.link, event.cancelled) == ({}, None, None, False)
    assert remote_event({"id": "x"}) is None
    assert remote_event({"id": 5, "etag": "1"}) is None


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@sub.example.com", "o'neil@example.com"])
def test_usable_addresses(address: str) -> None:
    assert usable_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b",
        "a@b@c",
        "a b@c.de",
        "a@b\r\nc.de",
        "a@-b.de",
        "ä@b.de",
        "a@bü.de",
        "x" * 65 + "@b.de",
        "a@" + "b" * 254,
    ],
)
def test_addresses_that_google_would_refuse(address: str) -> None:
    assert not usable_address(address)
