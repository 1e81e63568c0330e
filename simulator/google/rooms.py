"""Rooms: calendars that answer invitations by themselves and keep their own copy; other guests are people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from simulator.google import occurrences
from simulator.google.busy import Span, busy_spans
from simulator.google.calendars import Calendar, StoredEvent

if TYPE_CHECKING:
    from simulator.google.state import GoogleState

AHEAD = timedelta(days=366)
"""How far a room looks for conflicts with a series."""
MOST_LOOKED_AT = 400


def answer(state: GoogleState, calendar: Calendar, event: StoredEvent, *, before: StoredEvent | None = None) -> None:
    """Let every room among the guests of an event answer, before the event is kept; `before` is what it was."""
    rooms = _rooms(state, event)
    for email in _rooms(state, before) - rooms if before is not None else set():
        _leave(state, email, event)
    if not rooms:
        return
    guests = []
    for guest in event.fields["attendees"]:
        email = guest["email"].lower()
        guests.append(guest if email not in rooms else _answered(state, calendar, event, guest, email))
    event.fields = {**event.fields, "attendees": guests}


def _rooms(state: GoogleState, event: StoredEvent) -> set[str]:
    if not state.rooms:
        return set()
    return {guest["email"].lower() for guest in event.fields.get("attendees", ())} & state.rooms.keys()


def _answered(
    state: GoogleState, calendar: Calendar, event: StoredEvent, guest: dict[str, Any], email: str
) -> dict[str, Any]:
    room = state.calendars.get(email)
    said = {"displayName": state.accounts[email].name, **guest, "resource": True}
    if room is None or room is calendar or event.status == "cancelled":
        _leave(state, email, event)
        return said
    how = state.rooms[email]
    if how == "free":
        how = "decline" if _is_taken(room, event) else "accept"
    if how == "none":
        return said
    if how == "decline":
        _leave(state, email, event)
        return {**said, "responseStatus": "declined"}
    said = {**said, "responseStatus": "accepted"}
    _enter(state, room, calendar, event, said)
    return said


def _is_taken(room: Calendar, event: StoredEvent) -> bool:
    spans = list(_spans(room, event))
    if not spans:
        return False
    first, last = spans[0][0], max(end for _, end in spans)
    taken = list(busy_spans(room, first, last, without=event.master_id or event.event_id))
    return any(start < end_there and end > start_there for start, end in spans for start_there, end_there in taken)


def _spans(room: Calendar, event: StoredEvent) -> Iterator[Span]:
    ones = [event]
    if event.recurrence:
        ones = list(islice(occurrences.expanded(room, event, event.start.utc(room.zone) + AHEAD), MOST_LOOKED_AT))
    for one in ones:
        yield one.start.utc(room.zone), one.end.utc(room.zone)


def _enter(state: GoogleState, room: Calendar, calendar: Calendar, event: StoredEvent, guest: dict[str, Any]) -> None:
    """The room's own copy of the event."""
    copy = replace(
        event,
        fields={**event.fields, "attendees": [guest]},
        organizer={"email": calendar.calendar_id},
        version=state.next_number(),
        etag_us=state.write_time_us(),
    )
    room.updated_us = copy.updated_us = copy.etag_us
    room.put(copy)


def _leave(state: GoogleState, email: str, event: StoredEvent) -> None:
    """The copy is cancelled, when there is one."""
    room = state.calendars.get(email)
    there = None if room is None else room.events.get(event.event_id)
    if room is None or there is None or there is event or there.status == "cancelled":
        return
    there.status = "cancelled"
    there.version = state.next_number()
    room.updated_us = there.updated_us = there.etag_us = state.write_time_us()
    room.put(there)
