"""What a guest may change in an event that somebody else organizes; who organizes it is told by the event itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import refused
from simulator.google.event_rules import Draft

_SHARED = (
    "summary",
    "description",
    "location",
    "recurrence",
    "source",
    "conferenceData",
    "anyoneCanAddSelf",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
)
"""The parts of an event that every guest sees alike, besides its times and its guests."""


def foreign_organizer(body: Mapping[str, Any], calendar: Calendar) -> dict[str, Any] | None:
    """Who organizes an event that came from outside, None when it is the calendar itself."""
    given = body.get("organizer") or {}
    email = given.get("email")
    if not email or email.lower() == calendar.calendar_id.lower():
        return None
    return {name: given[name] for name in ("email", "displayName") if given.get(name)}


def check_own_parts(event: StoredEvent, settled: Draft, calendar: Calendar) -> None:
    """Raise Google's 403 when a guest changes more than their own answer, reminders, colour and private properties."""
    if event.fields.get("guestsCanModify"):
        return
    before = (event.start, event.end, *[event.fields.get(name) for name in _SHARED], _others(event.fields, calendar))
    after = (
        settled.start,
        settled.end,
        *[settled.fields.get(name) for name in _SHARED],
        _others(settled.fields, calendar),
    )
    if before != after or settled.status != event.status:
        raise refused(
            403,
            "forbiddenForNonOrganizer",
            "Shared properties can only be changed by the organizer of the event.",
            domain="calendar",
        )


def _others(fields: Mapping[str, Any], calendar: Calendar) -> list[dict[str, Any]]:
    own = calendar.calendar_id.lower()
    return [guest for guest in fields.get("attendees", ()) if guest["email"].lower() != own]
