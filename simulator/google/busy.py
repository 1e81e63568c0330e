"""When a calendar's events make it busy; who may know, and how it is asked, is in `free_busy`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from simulator.google import occurrences
from simulator.google.calendars import Calendar, StoredEvent

Span = tuple[datetime, datetime]


def busy_spans(calendar: Calendar, after: datetime, before: datetime, *, without: str | None = None) -> Iterator[Span]:
    """When the calendar's events make it busy between the two times, cut there; series are expanded.

    `without` leaves out one event or series by its id.
    """
    for event in calendar.events.values():
        if without is not None and without in (event.event_id, event.master_id):
            continue
        if not _counts(event, calendar):
            continue
        for one in occurrences.expanded(calendar, event, before) if event.recurrence else (event,):
            start, end = one.start.utc(calendar.zone), one.end.utc(calendar.zone)
            if start < before and end > after and start < end:
                yield max(start, after), min(end, before)


def merged(spans: Iterator[Span]) -> list[Span]:
    """The same in order, those that touch or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _counts(event: StoredEvent, calendar: Calendar) -> bool:
    if event.status == "cancelled" or event.fields.get("transparency") == "transparent":
        return False
    own = calendar.calendar_id.lower()
    return not any(
        guest["email"].lower() == own and guest["responseStatus"] == "declined"
        for guest in event.fields.get("attendees", ())
    )
