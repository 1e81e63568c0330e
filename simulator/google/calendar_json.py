"""How calendars and entries of the calendar list look in Google's answers; what may be written: `calendars_api`."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from simulator.google.calendars import Calendar
from simulator.google.identities import Account


def calendar_body(calendar: Calendar) -> dict[str, Any]:
    """The calendar as `calendars.get` answers it."""
    document: dict[str, Any] = {
        "kind": "calendar#calendar",
        "etag": _etag(calendar),
        "id": calendar.calendar_id,
        "summary": calendar.summary,
        **_described(calendar),
        "timeZone": calendar.time_zone,
        "conferenceProperties": {"allowedConferenceSolutionTypes": list(calendar.conference_types)},
    }
    return document if calendar.is_primary else {**document, "dataOwner": calendar.owner}


def list_entry(calendar: Calendar, account: Account) -> dict[str, Any]:
    """The calendar as it stands in an account's list."""
    entry: dict[str, Any] = {
        "kind": "calendar#calendarListEntry",
        "etag": _etag(calendar, account.listed_at.get(calendar.calendar_id, 0)),
        "id": calendar.calendar_id,
        "summary": calendar.summary,
        **_described(calendar),
        "timeZone": calendar.time_zone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": account.access[calendar.calendar_id],
        "defaultReminders": list(calendar.default_reminders),
        "conferenceProperties": {"allowedConferenceSolutionTypes": list(calendar.conference_types)},
        **account.entries.get(calendar.calendar_id, {}),
    }
    if calendar.calendar_id == account.email:
        return {**entry, "primary": True}
    return {**entry, "dataOwner": calendar.owner}


def _described(calendar: Calendar) -> dict[str, str]:
    texts = {"description": calendar.description, "location": calendar.location}
    return {name: text for name, text in texts.items() if text}


def _etag(calendar: Calendar, edition: int = 0) -> str:
    return f'"{crc32(calendar.calendar_id.encode()):08x}{max(calendar.edition, edition):08x}"'
