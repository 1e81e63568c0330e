"""Meetings as iCalendar (RFC 5545), one to take along or many to read; passwords are never in it, nothing is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.domain.change import from_json
from gateway.domain.meeting import Invitee, Meeting
from gateway.domain.occurrence import OccurrenceState
from gateway.domain.recurrence import rrule
from gateway.operations.meetings.desk import Shown

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT = "-//meeting gateway//EN"


def icalendar(shown: Shown, now_ms: int) -> bytes:
    """Return the meeting as its device has it: series with their rule, what was changed and cancelled of it too."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    stamp = datetime.fromtimestamp(now_ms // 1000, UTC)
    series = _event(shown, shown.meeting, stamp)
    calendar.add_component(series)
    for each in _occurrences(series, shown, stamp):
        calendar.add_component(each)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def icalendar_of_many(every: Iterable[Shown], *, name: str, read_every: timedelta) -> bytes:
    """Return meetings for a calendar program that comes again: it is asked to do so `read_every` so often.

    The same meetings make the same bytes, whenever they are asked for. One that this version cannot read is left out.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", read_every, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{read_every // timedelta(minutes=1)}M")
    for shown in every:
        with contextlib.suppress(ValueError, KeyError):  # its form or its zone is not known here
            for each in _with_occurrences(shown):
                calendar.add_component(each)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _with_occurrences(shown: Shown) -> list[Event]:
    changed = datetime.fromtimestamp(shown.line.changed_at // 1000, UTC)
    series = _event(shown, shown.meeting, changed)
    series.add("last-modified", changed)
    return [series, *_occurrences(series, shown, changed)]


def _event(shown: Shown, meeting: Meeting, stamp: datetime) -> Event:
    from icalendar import Event, vCalAddress, vRecur

    event = Event()
    event.add("uid", f"{shown.line.id}-{shown.line.external_id}@{shown.line.device}")
    event.add("dtstamp", stamp)
    event.add("sequence", max(0, shown.line.revision - 1))
    event.add("summary", meeting.subject)
    _times(event, meeting)
    if meeting.repeat is not None:
        event.add("rrule", vRecur.from_ical(rrule(meeting.repeat).removeprefix("RRULE:")))
    if meeting.room:
        event.add("location", meeting.room)
    if meeting.agenda:
        event.add("description", meeting.agenda)
    if meeting.host is not None and meeting.host.email:
        event.add("organizer", vCalAddress(f"mailto:{meeting.host.email}"))
    for person in meeting.invitees:
        if person.email:
            event.add("attendee", _attendee(person))
    if shown.line.cancelled:
        event.add("status", "CANCELLED")
    return event


def _attendee(person: Invitee) -> object:
    from icalendar import vCalAddress

    address = vCalAddress(f"mailto:{person.email}")
    if person.name:
        address.params["CN"] = person.name
    return address


def _times(event: Event, meeting: Meeting) -> None:
    zone = ZoneInfo(meeting.zone)
    if meeting.all_day:
        event.add("dtstart", meeting.start_local.date())
        event.add("dtend", meeting.end_local.date())
        return
    event.add("dtstart", meeting.start_local.replace(tzinfo=zone))
    event.add("dtend", meeting.end_local.replace(tzinfo=zone))


def _occurrences(series: Event, shown: Shown, stamp: datetime) -> list[Event]:
    """Return what was changed of a series; what was cancelled is noted in the series itself."""
    changed: list[Event] = []
    zone = ZoneInfo(shown.meeting.zone)
    for row in shown.occurrences:
        original = row.original_local.replace(tzinfo=zone)
        value = original.date() if shown.meeting.all_day else original
        if row.state is OccurrenceState.CANCELLED:
            series.add("exdate", [value])
        elif row.state is OccurrenceState.CHANGED and row.body is not None:
            event = _event(shown, from_json(row.body, lambda sealed: ""), stamp)
            event.add("recurrence-id", value)
            changed.append(event)
    return changed
