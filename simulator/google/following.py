"""Edits of "this and following events": the series ends before an occurrence, a new one may begin with it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google import expansion
from simulator.google.calendars import Calendar, EventTime, StoredEvent
from simulator.google.event_json import time_body
from simulator.google.project_verbs import CannotDo
from simulator.google.writing import EventWriter

_UTC = ZoneInfo("UTC")


def ended(writer: EventWriter, calendar: Calendar, occurrence: StoredEvent) -> None:
    """The series has no occurrence from this one on; changed ones of later days are gone."""
    master, first = _series(calendar, occurrence)
    if first == master.start:
        writer.delete(calendar, master.event_id, {})
        return
    lines = [_until(line, first) for line in master.recurrence]
    for later in calendar.changed_of(master.event_id):
        if later.original is not None and not _before(later.original, first, calendar) and later.status != "cancelled":
            writer.delete(calendar, later.event_id, {})
    writer.patch(calendar, master.event_id, {"recurrence": lines}, {}, by_organizer=True)


def changed(
    writer: EventWriter, calendar: Calendar, occurrence: StoredEvent, changes: Mapping[str, Any]
) -> StoredEvent:
    """The series ends before this occurrence, and a new one with `changes` begins with it; the new one is given."""
    master, first = _series(calendar, occurrence)
    if first == master.start:
        return writer.patch(calendar, master.event_id, changes, {}, by_organizer=True)
    body = {
        **deepcopy(master.fields),
        "recurrence": [_rest(line, master, first) for line in master.recurrence],
        "start": time_body(occurrence.start, _UTC),
        "end": time_body(occurrence.end, _UTC),
        "iCalUID": f"{master.ical_uid.partition('@')[0]}_R{first.stamp()}@google.com",
        **changes,
    }
    ended(writer, calendar, occurrence)
    return writer.insert(calendar, body, {}, by=master.creator)


def _series(calendar: Calendar, occurrence: StoredEvent) -> tuple[StoredEvent, EventTime]:
    master = calendar.events.get(occurrence.master_id or "")
    if master is None or occurrence.original is None or not master.recurrence:
        raise CannotDo("Only an occurrence of a series has following ones; name it by <series>_<start>.")
    return master, occurrence.original


def _before(one: EventTime, other: EventTime, calendar: Calendar) -> bool:
    return one.utc(calendar.zone) < other.utc(calendar.zone)


def _until(line: str, first: EventTime) -> str:
    """A rule that ends before `first`; other lines as they are."""
    if not line.upper().startswith("RRULE:"):
        return line
    if first.instant is None:
        end = ((first.day or first.local().date()) - timedelta(days=1)).strftime("%Y%m%d")
    else:
        end = (first.instant.astimezone(UTC) - timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")
    parts = line.partition(":")[2].split(";")
    kept = [part for part in parts if not part.upper().startswith(("UNTIL=", "COUNT="))]
    return "RRULE:" + ";".join([*kept, f"UNTIL={end}"])


def _rest(line: str, master: StoredEvent, first: EventTime) -> str:
    """The rule of the new series: what is left of a COUNT."""
    if not line.upper().startswith("RRULE:"):
        return line
    parts = line.partition(":")[2].split(";")
    for number, part in enumerate(parts):
        name, _, value = part.partition("=")
        if name.upper() == "COUNT":
            passed = sum(1 for start in expansion.starts(master, first.utc(UTC)))
            parts[number] = f"COUNT={int(value) - passed}"
    return "RRULE:" + ";".join(parts)
