"""Single occurrences of a series, addressed as `<id of the series>_<start>`; changed ones are stored like events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from simulator.google import expansion
from simulator.google.calendars import Calendar, EventTime, StoredEvent

_OCCURRENCE_ID = re.compile(r"(.+)_(\d{8}T\d{6}Z|\d{8})")


def find(calendar: Calendar, event_id: str) -> StoredEvent | None:
    """An event by id, or the occurrence of a series that nobody changed yet (not stored then)."""
    stored = calendar.events.get(event_id)
    if stored is not None or event_id in calendar.burned:
        return stored
    found = _OCCURRENCE_ID.fullmatch(event_id)
    master = calendar.events.get(found[1]) if found else None
    if found is None or master is None or not master.recurrence:
        return None
    start = expansion.occurrence(master, found[2])
    return None if start is None else derived(master, start)


def derived(master: StoredEvent, start: EventTime) -> StoredEvent:
    """The occurrence of a series that begins at `start`, as the series has it."""
    fields = {name: value for name, value in master.fields.items() if name != "recurrence"}
    return replace(
        master,
        event_id=f"{master.event_id}_{start.stamp()}",
        start=start,
        end=_end(master, start),
        fields=fields,
        master_id=master.event_id,
        original=start,
    )


def forget(calendar: Calendar, master: StoredEvent) -> None:
    """Make every occurrence of a series as its rule says again."""
    for event in calendar.changed_of(master.event_id):
        calendar.drop(event.event_id)


def instances(
    calendar: Calendar, master: StoredEvent, *, after: datetime | None, before: datetime, cancelled: bool
) -> list[StoredEvent]:
    """All occurrences of a series in order, changed ones as they are now and also those its rule has no more.

    `after` and `before` bound their ends and starts; cancelled ones are shown on request.
    """
    changed = calendar.changed_of(master.event_id)
    found = [event for event in changed if event.start.utc(calendar.zone) < before]
    if master.recurrence and master.status != "cancelled":
        found += expanded(calendar, master, before)
    shown = [event for event in found if cancelled or event.status != "cancelled"]
    if after is not None:
        shown = [event for event in shown if event.end.utc(calendar.zone) > after]
    return sorted(shown, key=lambda event: (event.start.utc(calendar.zone), event.event_id))


def _end(master: StoredEvent, start: EventTime) -> EventTime:
    if start.instant is not None:
        return EventTime(instant=start.instant + master.duration, zone=master.end.zone)
    return start.moved_to(start.local() + master.duration)


def expanded(calendar: Calendar, master: StoredEvent, before: datetime) -> Iterator[StoredEvent]:
    """The unchanged occurrences of a series that start before `before` (a day more for all-day series)."""
    for start in expansion.starts(master, before + timedelta(days=1)):
        if start.utc(calendar.zone) < before and f"{master.event_id}_{start.stamp()}" not in calendar.events:
            yield derived(master, start)
