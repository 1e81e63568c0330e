"""What an event may say and what Google makes of it; how it is stored and who may write it is in `writing`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from simulator.google import recurrence
from simulator.google.calendars import EventTime
from simulator.google.errors import ApiError, ErrorItem, refused
from simulator.google.event_body import Noticed
from simulator.google.event_times import read_span

_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
# Plain addresses with a dotted domain: stricter than RFC 5322, as a calendar that only knows deliverable guests.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

_CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "colorId": tuple(str(number) for number in range(1, 12)),
    "eventType": ("default",),
}
RESPONSES = ("needsAction", "declined", "tentative", "accepted")
"""What a guest may answer."""

# What Google leaves out of its answers because it is the default.
_DEFAULTS: Mapping[str, Any] = {
    "transparency": "opaque",
    "visibility": "default",
    "anyoneCanAddSelf": False,
    "guestsCanInviteOthers": True,
    "guestsCanModify": False,
    "guestsCanSeeOtherGuests": True,
    "attendeesOmitted": False,
    "privateCopy": False,
}
_GUEST_DEFAULTS: Mapping[str, Any] = {"optional": False, "resource": False, "additionalGuests": 0}
_GUEST_FIELDS = ("email", "displayName", "optional", "resource", "responseStatus", "comment", "additionalGuests")

MOST_OVERRIDES = 5
MOST_MINUTES = 40320
LONGEST_PROPERTY_NAME = 44
LONGEST_PROPERTY = 1024
MOST_PROPERTIES = 300
MOST_PROPERTY_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event body that passed every rule, in the form it is kept in."""

    start: EventTime
    end: EventTime
    status: str
    fields: dict[str, Any]


def check_new_id(event_id: str | None, ical_uid: str | None) -> None:
    """The rules for ids given by the client (5 to 1024 characters of base32hex; not together with `iCalUID`)."""
    if event_id is not None and (not _EVENT_ID.fullmatch(event_id) or ical_uid is not None):
        raise refused(400, "invalid", "Invalid resource id value.")


def draft(body: Mapping[str, Any], *, calendar_zone: str, noticed: Noticed) -> Draft:
    """Check a whole event (as sent, or as it would be after a patch); raises Google's refusal."""
    given = {name: value for name, value in body.items() if value is not None}
    lines = given.get("recurrence") or []
    start, end = read_span(given.get("start"), given.get("end"), calendar_zone=calendar_zone, recurring=bool(lines))
    for name, allowed in _CHOICES.items():
        if name in given and given[name] not in allowed:
            raise refused(400, "invalid", "Invalid Value", location=("parameter", name))
    fields = {name: given[name] for name in ("summary", "description", "location") if given.get(name)}
    fields |= {name: given[name] for name in _DEFAULTS if name in given and given[name] != _DEFAULTS[name]}
    if "colorId" in given:
        fields["colorId"] = given["colorId"]
    if lines:
        recurrence.parse(lines, start)
        fields["recurrence"] = list(lines)
    for name, settle in _SETTLERS.items():
        if name in given:
            settled = settle(given[name], noticed)
            if settled is not None:
                fields[name] = settled
    return Draft(start=start, end=end, status=given.get("status", "confirmed"), fields=fields)


def _attendees(given: list[dict[str, Any] | None], noticed: Noticed) -> list[dict[str, Any]] | None:
    guests: dict[str, dict[str, Any]] = {}
    wrong = 0
    for number, entry in enumerate(given):
        email = (entry or {}).get("email")
        if entry is None or email is None or not _EMAIL.fullmatch(email):
            wrong += 1
            continue
        if entry.get("responseStatus", "needsAction") not in RESPONSES:
            raise refused(400, "invalid", "Invalid Value", location=("parameter", "attendees.responseStatus"))
        if email.lower() in guests:
            noticed(f"attendees[{number}].email", "the same guest again: kept once")
            continue
        guests[email.lower()] = _guest(entry)
    if wrong:
        raise ApiError(400, [ErrorItem(reason="invalid", message="Invalid attendee email.")] * wrong)
    return list(guests.values()) or None


def _guest(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: entry[name] for name in _GUEST_FIELDS if entry.get(name) is not None}
    kept = {name: value for name, value in kept.items() if value != _GUEST_DEFAULTS.get(name)}
    return kept if "responseStatus" in kept else {**kept, "responseStatus": "needsAction"}


def _reminders(given: Mapping[str, Any], noticed: Noticed) -> dict[str, Any] | None:
    """Google refuses two things only; everything else it quietly puts right."""
    sent = given.get("overrides") or []
    if len(sent) > MOST_OVERRIDES:
        raise refused(
            400,
            "eventRemindersCountExceedsLimit",
            "The event exceeds the allowed maximum number of reminders.",
            domain="calendar",
        )
    use_default = given.get("useDefault")
    if sent and use_default is not False:
        raise refused(
            400,
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
            domain="calendar",
        )
    if use_default is not False:
        return None
    kept: list[dict[str, Any]] = []
    for number, entry in enumerate(sent):
        method, minutes = (entry or {}).get("method"), (entry or {}).get("minutes")
        if method not in ("email", "popup") or minutes is None:
            noticed(f"reminders.overrides[{number}]", "no method email or popup with minutes: dropped")
            continue
        clamped = {"method": method, "minutes": min(max(minutes, 0), MOST_MINUTES)}
        if clamped["minutes"] != minutes:
            noticed(f"reminders.overrides[{number}].minutes", f"outside 0 to {MOST_MINUTES}: {clamped['minutes']} kept")
        if clamped not in kept:
            kept.append(clamped)
    return {"useDefault": False, "overrides": kept}


def _extended(given: Mapping[str, Any], noticed: Noticed) -> dict[str, Any] | None:
    """Private and shared properties with Google's limits (extended properties guide)."""
    kept: dict[str, dict[str, str]] = {}
    for kind in ("private", "shared"):
        properties: dict[str, str] = {}
        for name, value in (given.get(kind) or {}).items():
            if value is None:
                continue
            if len(name) > LONGEST_PROPERTY_NAME:
                noticed(f"extendedProperties.{kind}.{name}", f"name over {LONGEST_PROPERTY_NAME} characters: dropped")
                continue
            if len(value) > LONGEST_PROPERTY:
                noticed(f"extendedProperties.{kind}.{name}", f"over {LONGEST_PROPERTY} characters: cut")
            properties[name] = value[:LONGEST_PROPERTY]
        if properties:
            kept[kind] = properties
    entries = [(name, value) for properties in kept.values() for name, value in properties.items()]
    if len(entries) > MOST_PROPERTIES or sum(len(n) + len(v) for n, v in entries) > MOST_PROPERTY_BYTES:
        raise refused(400, "invalid", "Invalid Value", location=("parameter", "extendedProperties"))
    return kept or None


def _source(given: Mapping[str, Any], noticed: Noticed) -> dict[str, Any] | None:
    del noticed
    url = given.get("url")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise refused(400, "invalid", "Invalid Value", location=("parameter", "source.url"))
    return {name: given[name] for name in ("title", "url") if given.get(name) is not None}


_SETTLERS: Mapping[str, Callable[[Any, Noticed], Any]] = {
    "attendees": _attendees,
    "reminders": _reminders,
    "extendedProperties": _extended,
    "source": _source,
}
