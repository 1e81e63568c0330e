"""What the simulated Google keeps of calendars and events; rules about them and their JSON are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTime:
    """When an event starts or ends: a `day` (all-day), or an `instant` (aware, UTC) and the zone it was set in."""

    day: date | None = None
    instant: datetime | None = None
    zone: str | None = None

    def utc(self, calendar_zone: tzinfo) -> datetime:
        """The instant; a day begins at midnight in the calendar's zone."""
        if self.instant is not None:
            return self.instant
        return datetime.combine(self.day or date.min, time(), calendar_zone).astimezone(UTC)

    def local(self) -> datetime:
        """The wall-clock time in the zone it was set in (naive), from which a series is counted."""
        if self.instant is None:
            return datetime.combine(self.day or date.min, time())
        return self.instant.astimezone(ZoneInfo(self.zone or "UTC")).replace(tzinfo=None)

    def stamp(self) -> str:
        """What Google appends to a series' id to name one occurrence: `20261123T090000Z` or `20261123`."""
        if self.instant is None:
            return (self.day or date.min).strftime("%Y%m%d")
        return self.instant.strftime("%Y%m%dT%H%M%SZ")

    def moved_to(self, local: datetime) -> EventTime:
        """The same kind of time at another wall-clock time of the same zone."""
        if self.instant is None:
            return EventTime(day=local.date())
        zone = ZoneInfo(self.zone or "UTC")
        return EventTime(instant=local.replace(tzinfo=zone).astimezone(UTC), zone=self.zone)


@dataclass(slots=True, kw_only=True)
class StoredEvent:
    """One event, series, or changed occurrence of a series.

    `fields` are the writable parts of the resource in Google's words and in their settled form, without start and
    end. `serial` is the order of creation, `version` the order of the last change (for sync tokens). An occurrence has
    `master_id` and `original`; `etag_us` is the time of the last change in microseconds, `updated_us` the same but
    untouched by changes of reminders.
    """

    event_id: str
    ical_uid: str
    creator: str
    start: EventTime
    end: EventTime
    fields: dict[str, Any]
    status: str = "confirmed"
    sequence: int = 0
    created_us: int = 0
    updated_us: int = 0
    etag_us: int = 0
    serial: int = 0
    version: int = 0
    master_id: str | None = None
    original: EventTime | None = None

    @property
    def etag(self) -> str:
        """The quoted number that changes with every write."""
        return f'"{self.etag_us * 2}"'

    @property
    def recurrence(self) -> list[str]:
        """The rule lines of a series, empty for a single event."""
        return list(self.fields.get("recurrence", ()))

    @property
    def duration(self) -> timedelta:
        """How long one occurrence lasts."""
        if self.start.instant is not None and self.end.instant is not None:
            return self.end.instant - self.start.instant
        return (self.end.day or date.min) - (self.start.day or date.min)


@dataclass(slots=True, kw_only=True)
class Calendar:
    """A calendar and everything that was ever in it.

    `burned` are ids of events that vanished for good: an insert with one of them is still a duplicate.
    """

    calendar_id: str
    summary: str
    owner: str
    time_zone: str = "Europe/Berlin"
    default_reminders: list[dict[str, Any]] = field(default_factory=lambda: [{"method": "popup", "minutes": 10}])
    events: dict[str, StoredEvent] = field(default_factory=dict)
    burned: set[str] = field(default_factory=set)
    updated_us: int = 0

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which answers show times."""
        return ZoneInfo(self.time_zone)

    @property
    def is_primary(self) -> bool:
        """Whether it is its owner's main calendar."""
        return self.calendar_id == self.owner

    def known_uid(self, ical_uid: str) -> bool:
        """Whether a live event has this iCalendar UID."""
        return any(e.ical_uid == ical_uid and e.status != "cancelled" for e in self.events.values())
