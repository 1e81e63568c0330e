"""A meeting as the body of a Google Calendar event, and an event as the gateway sees it; pure, no calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from gateway.domain.meeting import Invitations, Invitee, Meeting, Repeat
from gateway.domain.outcome import RemoteEvent
from gateway.domain.target import EventContent, EventRef
from gateway.domain.zones import to_local, to_utc_s
from gateway.google.event_text import description, listed_person, one_line
from gateway.google.join_text import join_lines, place

MOST_ATTENDEES = 200
"""Individual guests that one event can have (Google Calendar help, "Invite people to your event")."""

LONGEST_REMINDER_MINUTES = 40_320
"""Four weeks (discovery document, `EventReminder.minutes`)."""

_MARKS = ("gateway", "meeting", "generation")
_CONTENT = "content"

_OURS = (
    "summary",
    "location",
    "description",
    "start",
    "end",
    "recurrence",
    "reminders",
    "attendees",
    "guestsCanInviteOthers",
)
"""What the device decides; a body without one of these means that it is to be empty."""

_GOOGLES = (
    # A sequence lower than the server's is refused with 400, so none is ever sent.
    "sequence",
    "kind",
    "etag",
    "id",
    "iCalUID",
    "created",
    "updated",
    "creator",
    "organizer",
    "htmlLink",
    "hangoutLink",
    "attendeesOmitted",
    "endTimeUnspecified",
    "locked",
    "privateCopy",
)
"""What Google decides and ignores, or refuses, when it is sent (discovery document, schema `Event`)."""

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


def event_body(ref: EventRef, content: EventContent) -> dict[str, object]:
    """Return the body of `events.insert`.

    Times are wall-clock times without offset together with the zone's IANA name, on both ends: an offset alone loses
    the zone, and a series must be expanded in it. Whole days are dates, the end is the first day that is free again.
    PINs are no part of an event, because guests read it, unless the content says so.
    """
    meeting = content.meeting
    guests, left_out = _guests(meeting, content.invitations)
    start, end = _times(meeting)
    joining = join_lines(content.join, meeting.password if content.show_pins else None)
    body: dict[str, object] = {
        "id": ref.remote_id,
        "summary": one_line(meeting.subject, 255) or "Meeting",
        "description": description(meeting, device_name=content.device_name, left_out=left_out, joining=joining),
        "start": start,
        "end": end,
        "reminders": _reminders(meeting.reminder_minutes),
        "guestsCanInviteOthers": meeting.allow_user_invite,
        "extendedProperties": {"private": {**ref.marks, _CONTENT: content.fingerprint}},
    }
    if location := place(meeting, content.join):
        body["location"] = location
    if meeting.repeat is not None:
        body["recurrence"] = [_rule(meeting.repeat, meeting)]
    if guests:
        body["attendees"] = guests
    return body


def merge(current: Mapping[str, object], body: Mapping[str, object]) -> dict[str, object]:
    """Return the body of `events.update` that makes `current` say `body`.

    An update replaces the whole event, so what people set in Google and no device knows (colour, conference,
    attachments, visibility, other programs' properties) is sent along. The device's guest list wins; its guests keep
    their answers and comments, and the organiser and booked rooms, which no device can name, stay.
    """
    merged = {key: value for key, value in current.items() if key not in _OURS and key not in _GOOGLES}
    merged.update({key: value for key, value in body.items() if key != "id"})
    merged["extendedProperties"] = _properties(current.get("extendedProperties"), body.get("extendedProperties"))
    merged["status"] = current.get("status") if current.get("status") == "tentative" else "confirmed"
    attendees = _attendees(_objects(current.get("attendees")), _objects(body.get("attendees")))
    merged.pop("attendees", None)
    if attendees:
        merged["attendees"] = attendees
    return merged


def remote_event(raw: dict[str, object]) -> RemoteEvent | None:
    """Return an event resource as the gateway sees it; None when it is no event."""
    remote_id, etag, link = raw.get("id"), raw.get("etag"), raw.get("htmlLink")
    if not isinstance(remote_id, str) or not isinstance(etag, str):
        return None
    properties = raw.get("extendedProperties")
    private = properties.get("private") if isinstance(properties, dict) else None
    notes = {k: v for k, v in private.items() if isinstance(v, str)} if isinstance(private, dict) else {}
    return RemoteEvent(
        remote_id=remote_id,
        etag=etag,
        cancelled=raw.get("status") == "cancelled",
        marks={key: notes[key] for key in _MARKS if key in notes} if "gateway" in notes else {},
        content=notes.get(_CONTENT),
        link=link if isinstance(link, str) else None,
        raw=raw,
    )


def _reminders(minutes: int | None) -> dict[str, object]:
    """Nothing said leaves the calendar's own default; 0 is the vendor's word for none."""
    if minutes is None:
        return {"useDefault": True}
    before = min(max(minutes, 0), LONGEST_REMINDER_MINUTES)
    methods = ("popup", "email") if before else ()
    return {"useDefault": False, "overrides": [{"method": method, "minutes": before} for method in methods]}


def _times(meeting: Meeting) -> tuple[dict[str, str], dict[str, str]]:
    start, end = meeting.start_local, meeting.end_local
    if meeting.all_day:
        first = start.date()
        after = max(end.date(), first + timedelta(days=1))
        # A date has no zone, but the rule of a series is expanded in one (discovery document, `EventDateTime`).
        return (
            {"date": first.isoformat(), "timeZone": meeting.zone},
            {"date": after.isoformat(), "timeZone": meeting.zone},
        )
    return (
        {"dateTime": _moment(start, meeting.start_utc_s, meeting.zone), "timeZone": meeting.zone},
        {"dateTime": _moment(end, meeting.end_utc_s, meeting.zone), "timeZone": meeting.zone},
    )


def _moment(local: datetime, utc_s: int, zone: str) -> str:
    """Write a wall-clock time, with its offset only where it comes twice and the second one is meant."""
    first_s, remark = to_utc_s(local, zone)
    if remark == "fold" and utc_s != first_s:
        local = local.replace(tzinfo=timezone(local - to_local(utc_s, "UTC")))
    return local.isoformat(timespec="seconds")


def _rule(repeat: Repeat, meeting: Meeting) -> str:
    """Write RFC 5545's RRULE. A timed series needs UNTIL in UTC, one of whole days needs the day (3.3.10).

    Google answers "Invalid recurrence rule." to anything else.
    """
    parts = [f"FREQ={repeat.frequency.value.upper()}"]
    if repeat.interval > 1:
        parts.append(f"INTERVAL={repeat.interval}")
    if repeat.count is not None:
        parts.append(f"COUNT={repeat.count}")
    elif repeat.until_utc_s is not None and meeting.all_day:
        parts.append(f"UNTIL={to_local(repeat.until_utc_s, meeting.zone):%Y%m%d}")
    elif repeat.until_utc_s is not None:
        parts.append(f"UNTIL={datetime.fromtimestamp(repeat.until_utc_s, UTC):%Y%m%dT%H%M%SZ}")
    if repeat.weekdays:
        parts.append(f"BYDAY={','.join(repeat.weekdays)}")
    return "RRULE:" + ";".join(parts)


def _guests(meeting: Meeting, invitations: Invitations) -> tuple[list[dict[str, object]], list[str]]:
    """Return the attendees, host first, and those beyond Google's limit as texts for the description."""
    if invitations is Invitations.OFF:
        return [], []
    people = (*((meeting.host,) if meeting.host else ()), *meeting.invitees)
    once: dict[str, Invitee] = {}
    for person in people:
        if person.email and usable_address(person.email):
            once.setdefault(person.email.casefold(), person)
    invited = list(once.values())
    attendees = [_attendee(person) for person in invited[:MOST_ATTENDEES]]
    return attendees, [listed_person(person) for person in invited[MOST_ATTENDEES:]]


def usable_address(address: str) -> bool:
    """Whether Google would take this as a guest's address (RFC 5322 without quoting, at most 254 characters)."""
    return len(address) <= 254 and address.isascii() and _ADDRESS.fullmatch(address) is not None


def _attendee(person: Invitee) -> dict[str, object]:
    attendee: dict[str, object] = {"email": person.email}
    if name := one_line(person.name or "", 100):
        attendee["displayName"] = name
    return attendee


def _attendees(current: list[dict[str, object]], wanted: list[dict[str, object]]) -> list[dict[str, object]]:
    known = {str(entry.get("email", "")).casefold(): entry for entry in current}
    merged = [{**known.pop(str(entry["email"]).casefold(), {}), **entry} for entry in wanted]
    return merged + [
        entry
        for entry in current
        if str(entry.get("email", "")).casefold() in known
        and (entry.get("resource") is True or entry.get("organizer") is True)
    ]


def _properties(current: object, ours: object) -> dict[str, object]:
    kept = dict(current) if isinstance(current, dict) else {}
    before, now = kept.get("private"), ours.get("private") if isinstance(ours, dict) else None
    kept["private"] = {**(before if isinstance(before, dict) else {}), **(now if isinstance(now, dict) else {})}
    return kept


def _objects(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
