"""What an event says, read back: the same as was written unless somebody changed it, and then exactly where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.device import Transparency, Visibility
from gateway.domain.facts import EventFacts, Part, differences, from_json, to_json, with_parts
from gateway.domain.meeting import Frequency, Invitations, Invitee, Meeting, Repeat, Weekday
from gateway.domain.outcome import Remedy, RemoteEvent
from gateway.domain.target import EventContent
from gateway.domain.zones import to_local, to_utc_s
from gateway.google.event_guests import doubtful_address, usable_address
from gateway.google.event_json import (
    but_the_guests,
    event_body,
    expected_facts,
    is_plain,
    merge,
    own_fields,
    remote_event,
)
from tests.unit.google.test_google_event_json import REF, WEEKLY, validator

PIN = "PIN-4711-CANARY"
SERIES = replace(WEEKLY, repeat=Repeat(frequency=Frequency.WEEKLY, weekdays=(Weekday.MONDAY, Weekday.FRIDAY), count=9))


def content(meeting: Meeting = WEEKLY, **more: Any) -> EventContent:
    said: dict[str, Any] = {"invitations": Invitations.DEVICE, "fingerprint": "f", "device_name": "UCM 1"}
    return EventContent(meeting=meeting, **{**said, **more})


def as_google_has_it(body: dict[str, Any], **changes: object) -> dict[str, Any]:
    """The resource that Google makes of a body: times in the calendar's zone, its own fields, guests' answers."""
    event = {**body, "etag": '"1"', "kind": "calendar#event", "status": "confirmed", "eventType": "default"}
    event |= {"sequence": 0, "iCalUID": "x@google.com", "htmlLink": "https://calendar/x", "creator": {"self": True}}
    for end in ("start", "end"):
        at = body[end]
        if "dateTime" in at:
            utc_s, _ = to_utc_s(datetime.fromisoformat(at["dateTime"]).replace(tzinfo=None), at["timeZone"])
            shown = datetime.fromtimestamp(utc_s, timezone(timedelta(hours=8)))
            event[end] = {"dateTime": shown.isoformat(), "timeZone": at["timeZone"]}
        else:
            event[end] = {"date": at["date"]}
    if "attendees" in body:
        event["attendees"] = [{**each, "responseStatus": "needsAction"} for each in body["attendees"]]
    return {**event, **changes}


def seen(body: dict[str, Any], **changes: object) -> RemoteEvent:
    event = remote_event(as_google_has_it(body, **changes))
    assert event is not None
    return event


@given(
    subject=st.text(max_size=30),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["Etc/GMT-1", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"]),
    agenda=st.text(max_size=60),
    room=st.none() | st.text(max_size=20),
    guests=st.lists(st.sampled_from(["a@b.example", "C@d.example", "nobody", "é@f.example"]), max_size=3),
    repeat=st.none() | st.builds(Repeat, frequency=st.sampled_from(Frequency), count=st.just(4)),
    all_day=st.booleans(),
)
@settings(deadline=None)
def test_an_echo_is_recognised(
    subject: str,
    hour: int,
    zone: str,
    agenda: str,
    room: str | None,
    guests: list[str],
    repeat: Repeat | None,
    all_day: bool,
) -> None:
    start = datetime(2024, 4, 29, 0 if all_day else hour)
    end = start + (timedelta(days=1) if all_day else timedelta(hours=1))
    meeting = replace(
        WEEKLY,
        subject=subject,
        start_local=start,
        end_local=end,
        start_utc_s=to_utc_s(start, zone)[0],
        end_utc_s=to_utc_s(end, zone)[0],
        zone=zone,
        agenda=agenda,
        room=room,
        invitees=tuple(Invitee(email=email) for email in guests),
        repeat=repeat,
        all_day=all_day,
    )
    wanted = content(meeting)
    body = event_body(REF, wanted)
    event = seen(body)
    assert event.facts == expected_facts(wanted)
    assert event.edited == frozenset()
    assert is_plain(event.raw, body)
    assert event.facts is not None
    assert from_json(to_json(event.facts)) == event.facts


CHANGES: list[tuple[Part, dict[str, object]]] = [
    (Part.SUBJECT, {"summary": "Cancelled?"}),
    (Part.TIME, {"start": {"dateTime": "2024-04-29T08:30:00Z"}}),
    (Part.TIME, {"start": {"date": "2024-04-29"}, "end": {"date": "2024-04-30"}}),
    (Part.LOCATION, {"location": "Kitchen"}),
    (Part.LOCATION, {"location": None}),
    (Part.DESCRIPTION, {"description": "Bring cake"}),
    (Part.REPEAT, {"recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=9"]}),
    (Part.REPEAT, {"recurrence": None}),
    (Part.GUESTS, {"attendees": [{"email": "new@example.com"}]}),
    (Part.GUESTS, {"attendees": []}),
]


@pytest.mark.parametrize(("part", "changes"), CHANGES, ids=lambda each: each if isinstance(each, str) else "")
def test_a_change_is_found_in_its_part_and_no_other(part: Part, changes: dict[str, object]) -> None:
    wanted = content(SERIES)
    event = seen(event_body(REF, wanted), **changes)
    assert event.edited == {part}
    assert event.facts is not None
    assert list(differences(expected_facts(wanted), event.facts)) == [part]


NO_CHANGES: list[dict[str, object]] = [
    {"recurrence": ["RRULE:FREQ=WEEKLY;WKST=MO;COUNT=9;INTERVAL=1;BYDAY=FR,MO"]},
    {"start": {"dateTime": "2024-04-29T05:00:00-04:00", "timeZone": "Europe/Paris"}},
    {"colorId": "5"},
]


@pytest.mark.parametrize("changes", NO_CHANGES)
def test_the_same_in_other_words_is_no_change(changes: dict[str, object]) -> None:
    wanted = content(SERIES)
    event = seen(event_body(REF, wanted), **changes)
    assert event.edited == frozenset()
    assert event.facts == expected_facts(wanted)


@pytest.mark.parametrize("host", [True, False])
def test_the_organizer_among_the_guests_is_no_change(host: bool) -> None:
    wanted = content(WEEKLY if host else replace(WEEKLY, host=None))
    body = event_body(REF, wanted)
    guests = [each for each in body["attendees"] if each["email"] != "host@example.com"]  # type: ignore[union-attr,attr-defined]
    own = {"email": "Host@example.com", "organizer": True, "self": True, "responseStatus": "accepted"}
    event = seen(body, attendees=[*guests, own, {"email": "room@resource.example", "resource": True}])
    assert event.edited == frozenset()
    assert event.facts is not None
    assert differences(expected_facts(wanted), event.facts) == {}


def test_differences_are_told_in_words_of_both_sides() -> None:
    wanted = expected_facts(content())
    moved = replace(wanted, start_utc_s=wanted.start_utc_s + 3600, subject="x" * 999, description="other")
    found = differences(wanted, moved)
    assert found[Part.TIME] == {
        "device": "2024-04-29T09:00:00Z/2024-04-29T10:00:00Z",
        "calendar": "2024-04-29T10:00:00Z/2024-04-29T10:00:00Z",
    }
    assert len(found[Part.SUBJECT]["calendar"]) == 300
    assert found[Part.DESCRIPTION]["calendar"] == "changed"
    days = EventFacts(subject="", start_utc_s=0, end_utc_s=86400, all_day=True)
    assert differences(replace(days, end_utc_s=2 * 86400), days)[Part.TIME]["calendar"] == "1970-01-01/1970-01-02"
    assert with_parts(moved, frozenset({Part.SUBJECT}), wanted).subject == wanted.subject


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"su": 1}', "null"])
def test_damaged_facts_are_said_to_be_so(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)


def test_a_pin_is_not_stored_with_the_facts() -> None:
    shown = expected_facts(content(show_pins=True))
    assert PIN in str(event_body(REF, content(show_pins=True))["description"])
    assert shown == expected_facts(content(replace(WEEKLY, password="other"), show_pins=True))
    assert PIN not in to_json(shown)


def test_an_occurrence_has_no_notes_of_its_own() -> None:
    assert seen(event_body(REF, content(SERIES)), recurringEventId="0abc1").edited is None
    assert seen({**event_body(REF, content()), "extendedProperties": {}}).edited is None
    gone = remote_event({"id": "x", "etag": "1", "status": "cancelled"})
    assert gone is not None
    assert (gone.facts, gone.edited) == (None, None)


ADDED: list[dict[str, object]] = [
    {"colorId": "5"},
    {"attachments": [{"fileUrl": "https://x"}]},
    {"conferenceData": {"conferenceId": "abc"}},
    {"visibility": "private"},
    {"status": "tentative"},
    {"extendedProperties": {"private": {"other": "program"}}},
    {"extendedProperties": {"shared": {"other": "program"}}},
    {"attendees": [{"email": "two@example.com", "responseStatus": "accepted"}]},
    {"attendees": [{"email": "two@example.com", "responseStatus": "needsAction", "comment": "late"}]},
    {"attendees": [{"email": "room@resource.example", "resource": True, "responseStatus": "needsAction"}]},
]


@pytest.mark.parametrize("added", ADDED)
def test_what_a_replace_without_a_look_would_lose_is_seen(added: dict[str, object]) -> None:
    body = event_body(REF, content())
    raw = as_google_has_it(body)
    assert is_plain(raw, body)
    assert not is_plain({**raw, **added}, body)


def test_parts_to_keep_stay_as_the_calendar_has_them() -> None:
    raw = as_google_has_it(event_body(REF, content()), summary="Theirs", location=None, attendees=[{"email": "x@y.z"}])
    raw.pop("location")
    wanted = event_body(REF, content(replace(WEEKLY, subject="Ours", room="1")))
    merged = merge(raw, wanted, frozenset({Part.SUBJECT, Part.LOCATION, Part.GUESTS, Part.TIME}))
    assert merged["summary"] == "Theirs"
    assert "location" not in merged
    assert merged["attendees"] == [{"email": "x@y.z"}]
    assert merged["start"] == raw["start"]
    assert merge(raw, wanted)["summary"] == "Ours"


def test_a_devices_settings_are_written_and_taken_back() -> None:
    body = event_body(REF, content(transparency=Transparency.TRANSPARENT, visibility=Visibility.PRIVATE))
    assert (body["transparency"], body["visibility"]) == ("transparent", "private")
    raw = as_google_has_it(body)
    assert is_plain(raw, body)
    back = merge(raw, event_body(REF, content()))
    assert "transparency" not in back
    assert "visibility" not in back
    assert merge(raw | {"visibility": "public"}, event_body(REF, content()))["visibility"] == "public"
    validator().validate(body)


@pytest.mark.parametrize("invitations", Invitations)
def test_a_room_is_invited_whoever_invites_the_guests(invitations: Invitations) -> None:
    body = event_body(REF, content(invitations=invitations, room_address="room@resource.example"))
    assert body["attendees"][-1] == {"email": "room@resource.example", "resource": True}  # type: ignore[index]
    assert "room@resource.example" not in expected_facts(content(room_address="room@resource.example")).guests


ZONES = [
    ("Europe/Berlin", "Etc/GMT-2", None),
    ("America/New_York", "Etc/GMT+4", None),
    ("Asia/Kolkata", "UTC", None),
    ("Africa/Abidjan", "UTC", None),
    ("Asia/Tokyo", "Etc/GMT-9", Repeat(frequency=Frequency.DAILY)),
    ("Europe/Berlin", "Europe/Berlin", Repeat(frequency=Frequency.DAILY)),  # no fixed zone would be right all year
    ("Asia/Kolkata", "Asia/Kolkata", Repeat(frequency=Frequency.DAILY)),
]


@pytest.mark.parametrize(("zone", "written", "repeat"), ZONES)
def test_another_zone_is_the_same_instant(zone: str, written: str, repeat: Repeat | None) -> None:
    meeting = replace(
        WEEKLY,
        zone=zone,
        repeat=repeat,
        start_local=to_local(WEEKLY.start_utc_s, zone),
        end_local=to_local(WEEKLY.end_utc_s, zone),
    )
    body = event_body(REF, content(meeting, remedies=frozenset({Remedy.OTHER_ZONE})))
    assert body["start"]["timeZone"] == body["end"]["timeZone"] == written  # type: ignore[index]
    facts = expected_facts(content(meeting, remedies=frozenset({Remedy.OTHER_ZONE})))
    assert (facts.start_utc_s, facts.end_utc_s) == (WEEKLY.start_utc_s, WEEKLY.end_utc_s)


def test_the_end_of_a_rule_has_another_form() -> None:
    until_s = int(datetime(2024, 5, 31, tzinfo=UTC).timestamp())
    meeting = replace(WEEKLY, zone="UTC", all_day=True, repeat=Repeat(frequency=Frequency.DAILY, until_utc_s=until_s))
    assert event_body(REF, content(meeting))["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20240531"]
    other = event_body(REF, content(meeting, remedies=frozenset({Remedy.OTHER_RULE})))
    assert other["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20240531T000000Z"]


def test_a_refused_guest_is_named_in_the_description() -> None:
    body = event_body(REF, content(without=frozenset({"two@example.com"})))
    assert [each["email"] for each in body["attendees"]] == ["host@example.com"]  # type: ignore[attr-defined]
    assert "Not on the guest list" in str(body["description"])
    nobody = event_body(REF, content(remedies=frozenset({Remedy.WITHOUT_GUEST})))
    assert "attendees" not in nobody
    later = event_body(REF, content(remedies=frozenset({Remedy.WITHOUT_GUESTS}), room_address="room@resource.example"))
    assert "attendees" not in later
    assert later["description"] == event_body(REF, content())["description"]


def test_a_patch_says_what_is_empty_and_no_guests() -> None:
    patch = but_the_guests(merge({}, event_body(REF, content(replace(WEEKLY, room=None)))))
    assert "attendees" not in patch
    assert patch["location"] is None
    assert patch["recurrence"] is None
    assert patch["start"]["date"] is None  # type: ignore[index]
    assert set(own_fields(event_body(REF, content()))) == {"reminders", "extendedProperties"}


@pytest.mark.parametrize(
    "address", ["bob@localhost", "bob..x@example.com", ".bob@example.com", "bob@-x.com", "bob@x.c", "bob@1.2.3.4"]
)
def test_doubtful_addresses(address: str) -> None:
    assert usable_address(address) or address == "bob@-x.com"
    assert doubtful_address(address)


@pytest.mark.parametrize("address", ["bob@example.com", "o'neil+x@sub.example.co.uk", "a@xn--mnchen-3ya.de"])
def test_ordinary_addresses_are_not_doubtful(address: str) -> None:
    assert not doubtful_address(address)
