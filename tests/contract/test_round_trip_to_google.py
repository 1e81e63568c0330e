"""From a device's call to the event that Google has, and back: nothing is lost that both sides can say."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import vRecur

from gateway.dialects.native import JSON, decode
from gateway.domain.device import DevicePolicy
from gateway.domain.joining import join_of
from gateway.domain.meeting import Frequency, Invitations, Meeting, Repeat, Weekday
from gateway.domain.target import EventContent, EventRef
from gateway.domain.zones import to_local
from gateway.google.event_json import event_body
from gateway.google.event_text import one_line
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.fields import Part
from gateway.profiles.translate import Context, to_meeting, to_payload
from simulator.google import SimulatedGoogle
from tests.unit.profiles.calls import NOW_S
from tests.unit.profiles.expressible import DEVICE_ZONE, meetings

LONG = bool(os.environ.get("LONG"))
CATALOG = Catalog.load([builtin_folder()])
SHAPES = {f"{profile.id}:{shape.name}": (profile, shape) for profile in CATALOG for shape in profile.shapes}
GOOGLE = SimulatedGoogle(port=0)
NUMBERS = count()
POLICY = DevicePolicy(name="PBX", calendar_id="primary", invitations=Invitations.DEVICE)


def in_google(meeting: Meeting) -> dict[str, Any]:
    """The event as Google answers it after it was inserted, its times in the calendar's own zone."""
    ref = EventRef(calendar_id="primary", remote_id=f"v{next(NUMBERS):012d}", marks={"gateway": "g", "meeting": "1"})
    content = EventContent(
        meeting=meeting,
        invitations=POLICY.invitations,
        fingerprint="f",
        device_name=POLICY.name,
        join=join_of(meeting, POLICY),
    )
    return GOOGLE.do.create_event(event_body(ref, content))


def instant_s(said: dict[str, str]) -> int:
    return int(datetime.fromisoformat(said["dateTime"]).timestamp())


def repeat_of(event: dict[str, Any], zone: str) -> Repeat | None:
    """The series as an independent reader of RFC 5545 understands it."""
    if "recurrence" not in event:
        return None
    (line,) = event["recurrence"]
    rule = vRecur.from_ical(line.removeprefix("RRULE:"))
    (until,) = rule.get("UNTIL", [None])
    if isinstance(until, datetime):
        until_s: int | None = int(until.replace(tzinfo=until.tzinfo or UTC).timestamp())
    else:
        until_s = None
    return Repeat(
        frequency=Frequency(rule["FREQ"][0].lower()),
        interval=rule.get("INTERVAL", [1])[0],
        count=rule.get("COUNT", [None])[0],
        until_utc_s=until_s,
        weekdays=tuple(Weekday(day) for day in rule.get("BYDAY", ())),
    )


def assert_the_same_times(event: dict[str, Any], meeting: Meeting) -> None:
    if meeting.all_day:
        days = [date.fromisoformat(event[end]["date"]) for end in ("start", "end")]
        assert days == [meeting.start_local.date(), meeting.end_local.date()]
        return
    assert (instant_s(event["start"]), instant_s(event["end"])) == (meeting.start_utc_s, meeting.end_utc_s)
    assert event["start"]["timeZone"] == event["end"]["timeZone"] == meeting.zone


def assert_the_same_series(event: dict[str, Any], meeting: Meeting) -> None:
    said, wanted = repeat_of(event, meeting.zone), meeting.repeat
    if said is None or wanted is None:
        assert said is wanted
        return
    assert (said.frequency, said.interval, said.count, said.weekdays) == (
        wanted.frequency,
        wanted.interval,
        wanted.count,
        wanted.weekdays,
    )
    if wanted.until_utc_s is not None and meeting.all_day:
        (line,) = event["recurrence"]
        assert f"UNTIL={to_local(wanted.until_utc_s, meeting.zone):%Y%m%d}" in line
    else:
        assert said.until_utc_s == wanted.until_utc_s


@pytest.mark.parametrize("name", list(SHAPES))
@settings(
    max_examples=1_000 if LONG else 12,
    deadline=timedelta(seconds=60),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_nothing_is_lost_that_both_sides_can_say(name: str, data: st.DataObject) -> None:
    profile, shape = SHAPES[name]
    payload = to_payload(profile, shape.name, data.draw(meetings(shape)))
    has_zone = any(field.part is Part.ZONE for field in shape.fields)
    known = Context(None, None if has_zone else DEVICE_ZONE, NOW_S)
    meeting = to_meeting(profile, decode(JSON, json.dumps(payload).encode()), known).meeting
    event = in_google(meeting)
    assert event["summary"] == (one_line(meeting.subject, 255) or "Meeting")
    assert_the_same_times(event, meeting)
    assert_the_same_series(event, meeting)
    people = [*([meeting.host] if meeting.host else []), *meeting.invitees]
    addresses = {person.email.casefold() for person in people if person.email}
    assert {guest["email"].casefold() for guest in event.get("attendees", ())} == addresses
    if meeting.room and meeting.join is None:
        assert one_line(meeting.room, 200) in event["location"]
    if meeting.join is not None and meeting.join.sip_uri:
        assert event["location"] == meeting.join.sip_uri
    said = event["reminders"]
    if meeting.reminder_minutes:
        assert {each["minutes"] for each in said["overrides"]} == {meeting.reminder_minutes}
    elif meeting.reminder_minutes == 0:
        assert said.get("overrides", []) == []
    assert event.get("guestsCanInviteOthers", True) is meeting.allow_user_invite


def test_the_second_of_two_equal_times_is_kept():
    """On the night when clocks go back, 02:30 comes twice; a wall-clock time alone would mean the first."""
    profile, night = CATALOG.get("generic/json"), {"external_id": "1", "subject": "Night", "time_zone": "Europe/Paris"}
    for hour in (0, 1):
        times = {"start": f"2023-10-29T0{hour}:30:00Z", "end": f"2023-10-29T0{hour + 1}:30:00Z"}
        meeting = to_meeting(profile, {**night, **times}, Context(None, None, NOW_S)).meeting
        event = in_google(meeting)
        assert (instant_s(event["start"]), instant_s(event["end"])) == (meeting.start_utc_s, meeting.end_utc_s)
