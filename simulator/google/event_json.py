"""How events look in Google's answers; what may be written into them is in `event_rules`."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google.calendars import Calendar, EventTime, StoredEvent
from simulator.google.conference import hangout_link

_FIRST_FIELDS = ("summary", "description", "location", "colorId")
_LATER_FIELDS = (
    "attendeesOmitted",
    "extendedProperties",
    "anyoneCanAddSelf",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "privateCopy",
    "source",
    "attachments",
)


def rendered(
    event: StoredEvent, calendar: Calendar, base: str, *, zone: ZoneInfo | None = None, max_attendees: int | None = None
) -> dict[str, Any]:
    """The event as `events.get` answers it, its times in `zone` (the calendar's when None)."""
    shown_in = zone or calendar.zone
    fields = event.fields
    answer: dict[str, Any] = {
        "kind": "calendar#event",
        "etag": event.etag,
        "id": event.event_id,
        "status": event.status,
        "htmlLink": html_link(event.event_id, calendar.calendar_id, base),
        "created": _seconds(event.created_us),
        "updated": moment(event.updated_us),
    }
    answer |= {name: fields[name] for name in _FIRST_FIELDS if name in fields}
    answer["creator"] = _person(event.creator, calendar)
    answer["organizer"] = _organizer(event, calendar)
    answer["start"] = time_body(event.start, shown_in)
    answer["end"] = time_body(event.end, shown_in)
    if "recurrence" in fields:
        answer["recurrence"] = list(fields["recurrence"])
    if event.master_id is not None and event.original is not None:
        answer["recurringEventId"] = event.master_id
        answer["originalStartTime"] = time_body(event.original, shown_in)
    answer |= {name: fields[name] for name in ("transparency", "visibility") if name in fields}
    answer["iCalUID"] = event.ical_uid
    answer["sequence"] = event.sequence
    if fields.get("attendees"):
        answer |= _attendees(event, calendar, max_attendees)
    if "conferenceData" in fields:
        link = hangout_link(fields["conferenceData"])
        answer |= {} if link is None else {"hangoutLink": link}
        answer["conferenceData"] = fields["conferenceData"]
    answer |= {name: fields[name] for name in _LATER_FIELDS if name in fields}
    answer["reminders"] = _reminders(event, calendar)
    answer["eventType"] = "default"
    return answer


def sparse(event: StoredEvent, calendar: Calendar) -> dict[str, Any]:
    """A cancelled event as a list without `showDeleted` shows it: hardly more than its id."""
    answer: dict[str, Any] = {
        "kind": "calendar#event",
        "etag": event.etag,
        "id": event.event_id,
        "status": event.status,
    }
    if event.master_id is not None and event.original is not None:
        answer["recurringEventId"] = event.master_id
        answer["originalStartTime"] = time_body(event.original, calendar.zone)
    return answer


def html_link(event_id: str, calendar_id: str, base: str) -> str:
    """The address of the event's page."""
    packed = base64.urlsafe_b64encode(f"{event_id} {calendar_id}".encode()).rstrip(b"=").decode()
    return f"{base}/calendar/event?eid={packed}"


def from_link(packed: str) -> tuple[str, str] | None:
    """Event id and calendar id out of the `eid` of a link."""
    try:
        text = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except ValueError:
        return None
    event_id, _, calendar_id = text.partition(" ")
    return event_id, calendar_id


def moment(microseconds: int) -> str:
    """A UTC time with milliseconds, as `updated` has it."""
    return _utc(microseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(microseconds: int) -> str:
    return _utc(microseconds).isoformat(timespec="seconds").replace("+00:00", "Z")


def _utc(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def time_body(when: EventTime, zone: ZoneInfo) -> dict[str, str]:
    """`start` or `end`: the instant with the offset of the zone it is shown in, beside the zone it was set in."""
    if when.instant is None:
        return {"date": "" if when.day is None else when.day.isoformat()}
    return {"dateTime": offset_time(when.instant, zone), "timeZone": when.zone or zone.key}


def offset_time(instant: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset in whole minutes, `Z` when there is none."""
    try:
        local = instant.astimezone(zone)
    except OverflowError:
        local = instant
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    text = local.replace(tzinfo=None).isoformat(timespec="seconds")
    if minutes == 0:
        return text + "Z"
    sign = "-" if minutes < 0 else "+"
    return f"{text}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _person(email: str, calendar: Calendar) -> dict[str, Any]:
    return {"email": email, "self": True} if email == calendar.calendar_id else {"email": email}


def _organizer(event: StoredEvent, calendar: Calendar) -> dict[str, Any]:
    if event.organizer is not None:
        return dict(event.organizer)
    if calendar.is_primary:
        return {"email": calendar.owner, "self": True}
    return {"email": calendar.calendar_id, "displayName": calendar.summary, "self": True}


def _attendees(event: StoredEvent, calendar: Calendar, most: int | None) -> dict[str, Any]:
    organizer = calendar.calendar_id if event.organizer is None else event.organizer["email"]
    shown = [_attendee(entry, calendar, organizer) for entry in event.fields["attendees"]]
    if most is None or len(shown) <= most:
        return {"attendees": shown}
    return {"attendees": [entry for entry in shown if entry.get("self")], "attendeesOmitted": True}


def _attendee(entry: dict[str, Any], calendar: Calendar, organizer: str) -> dict[str, Any]:
    email = entry["email"].lower()
    marks = {"organizer": email == organizer.lower(), "self": email == calendar.calendar_id.lower()}
    return {"email": entry["email"], **{name: True for name, holds in marks.items() if holds}} | entry


def _reminders(event: StoredEvent, calendar: Calendar) -> dict[str, Any]:
    """The reminders, never in the order they were sent; all-day events get copies of the calendar's defaults."""
    stored = event.fields.get("reminders")
    if stored is None:
        if event.start.instant is not None:
            return {"useDefault": True}
        stored = {"useDefault": False, "overrides": calendar.default_reminders}
    overrides = sorted(stored.get("overrides", ()), key=lambda entry: (-entry["minutes"], entry["method"]))
    return {"useDefault": stored["useDefault"], **({"overrides": overrides} if overrides else {})}
