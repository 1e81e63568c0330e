"""What the simulated Google keeps of calendars and events; rules about them and their JSON are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

ConferenceOutcome = Literal["success", "failure", "pending"]
"""How requests for a conference end; `pending` ones never do."""
MEET = ("hangoutsMeet",)
"""The conferences an ordinary account can make."""


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
    organizer: dict[str, Any] | None = None
    """Who organizes it when that is not the calendar it is in."""

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
    description: str = ""
    location: str = ""
    default_reminders: list[dict[str, Any]] = field(default_factory=lambda: [{"method": "popup", "minutes": 10}])
    events: dict[str, StoredEvent] = field(default_factory=dict)
    """By id, to be read; `put` and `drop` change it."""
    burned: set[str] = field(default_factory=set)
    updated_us: int = 0
    edition: int = 0
    """Changes with the calendar's own properties."""
    conference_types: tuple[str, ...] = MEET
    """Which conferences can be made in it; none where the account has no Meet."""
    conference_delay_s: float = 0.0
    """How long a conference is pending after it was asked for, in simulated seconds."""
    conference_outcome: ConferenceOutcome = "success"
    made_by_project: bool = False
    """Whether the application made it: all that the scope `calendar.app.created` reaches."""
    free_busy_error: str | None = None
    """What freeBusy says about it instead of its times, such as `internalError`."""
    _changes: dict[str, StoredEvent] = field(default_factory=dict)
    _series: dict[str, dict[str, StoredEvent]] = field(default_factory=dict)
    _uids: dict[str, dict[str, StoredEvent]] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which answers show times."""
        return ZoneInfo(self.time_zone)

    @property
    def is_primary(self) -> bool:
        """Whether it is its owner's main calendar."""
        return self.calendar_id == self.owner

    def put(self, event: StoredEvent) -> None:
        """Keep an event, new or changed; it has the newest version of all then."""
        event_id = event.event_id
        before = self.events.get(event_id)
        if before is not None and before.ical_uid != event.ical_uid:
            self._uids[before.ical_uid].pop(event_id)
        self.events[event_id] = event
        self._changes.pop(event_id, None)
        self._changes[event_id] = event
        self._uids.setdefault(event.ical_uid, {})[event_id] = event
        if event.master_id is not None:
            self._series.setdefault(event.master_id, {})[event_id] = event

    def drop(self, event_id: str) -> None:
        """Forget an event without a trace; one that is not there is no mistake."""
        event = self.events.pop(event_id, None)
        if event is None:
            return
        del self._changes[event_id]
        del self._uids[event.ical_uid][event_id]
        if event.master_id is not None:
            del self._series[event.master_id][event_id]

    def newest_first(self) -> Iterator[StoredEvent]:
        """Every event, the last changed one first."""
        return reversed(self._changes.values())

    def changed_of(self, master_id: str) -> list[StoredEvent]:
        """The changed and cancelled occurrences of a series."""
        return list(self._series.get(master_id, {}).values())

    def with_uid(self, ical_uid: str) -> list[StoredEvent]:
        """The events, series and changed occurrences with this iCalendar UID, cancelled ones too."""
        return list(self._uids.get(ical_uid, {}).values())

    def known_uid(self, ical_uid: str) -> bool:
        """Whether a live event has this iCalendar UID."""
        return any(event.status != "cancelled" for event in self.with_uid(ical_uid))
