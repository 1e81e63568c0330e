"""Lists of events: filters, pages and sync tokens; how a single event looks is in `event_json`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from simulator.google import occurrences
from simulator.google.calendars import Calendar, StoredEvent
from simulator.google.errors import ApiError, refused
from simulator.google.sealing import opened as unsealed
from simulator.google.sealing import sealed
from simulator.google.state import GoogleState

DEFAULT_PAGE = 250
LARGEST_PAGE = 2500
HORIZON = timedelta(days=5 * 366)
"""How far endless series are followed when `timeMax` is missing."""

_NOT_WITH_SYNC_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
_NOT_PART_OF_THE_QUESTION = ("pageToken", "maxResults", "maxAttendees", "timeZone", "alwaysIncludeEmail")

Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list; exactly one of the tokens is set, except that an ordered list has no sync token."""

    events: list[StoredEvent]
    sparse: bool
    """Cancelled events are shown with hardly more than their id."""
    next_page_token: str | None
    next_sync_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """Where a list goes on: after the entry with `key`. Changes after `version` belong to the next sync."""

    version: int
    since: int | None
    key: Key | None


class EventLister:
    """Answers `events.list`."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def page(self, calendar: Calendar, parameters: Mapping[str, Any]) -> Page:
        """The page that `parameters` ask for; raises Google's refusal."""
        _check(parameters)
        self._check_age(parameters.get("updatedMin"))
        position = self._position(calendar, parameters)
        key_of = _order(parameters, incremental=position.since is not None)
        found = sorted(
            ((key_of(event), event) for event in self._matching(calendar, parameters, position.since)),
            key=lambda pair: pair[0],
        )
        after = position.key
        rest = [pair for pair in found if after is None or pair[0] > after]
        size = min(parameters.get("maxResults", DEFAULT_PAGE), LARGEST_PAGE)
        shown, more = rest[:size], len(rest) > size
        changes_only = position.since is not None or "updatedMin" in parameters
        return Page(
            events=[event for _, event in shown],
            sparse=changes_only and not parameters.get("showDeleted", False),
            next_page_token=self._page_token(calendar, parameters, position, shown[-1][0]) if more else None,
            next_sync_token=None if more else self._sync_token(calendar, parameters, position.version),
        )

    def _check_age(self, updated_min: datetime | None) -> None:
        """Changes of long ago are not kept (Calendar API error guide, `updatedMinTooLongAgo`)."""
        life_s = self._state.settings.updated_min_life_s
        if updated_min is None or life_s is None:
            return
        if (self._state.clock.now() - updated_min).total_seconds() > life_s:
            raise refused(
                410,
                "updatedMinTooLongAgo",
                "The requested minimum modification time lies too far in the past.",
                domain="calendar",
                location=("parameter", "updatedMin"),
            )

    def _position(self, calendar: Calendar, parameters: Mapping[str, Any]) -> _Position:
        page_token, sync_token = parameters.get("pageToken"), parameters.get("syncToken")
        since = None if sync_token is None else self._since(calendar, sync_token)
        if page_token is None:
            return _Position(version=self._state.counter, since=since, key=None)
        opened = unsealed(page_token)
        if opened is None or opened.get("about") != _question(calendar, parameters):
            raise refused(400, "invalid", "Invalid Value", location=("parameter", "pageToken"))
        return _Position(version=opened["version"], since=since, key=tuple(opened["key"]))

    def _since(self, calendar: Calendar, token: str) -> int:
        opened = unsealed(token)
        if opened is None or "since" not in opened:
            raise refused(400, "invalid", "Invalid sync token value.", location=("parameter", "syncToken"))
        life_s = self._state.settings.sync_token_life_s
        too_old = life_s is not None and self._state.clock.now_s() - opened["at"] > life_s
        if too_old or opened["epoch"] != self._state.sync_epoch or opened["calendar"] != calendar.calendar_id:
            raise full_sync_required()
        since: int = opened["since"]
        return since

    def _page_token(self, calendar: Calendar, parameters: Mapping[str, Any], position: _Position, key: Key) -> str:
        about = _question(calendar, parameters)
        return sealed({"about": about, "version": position.version, "key": key})

    def _sync_token(self, calendar: Calendar, parameters: Mapping[str, Any], version: int) -> str | None:
        if "orderBy" in parameters:
            return None
        at_s = round(self._state.clock.now_s(), 3)
        return sealed({"since": version, "at": at_s, "epoch": self._state.sync_epoch, "calendar": calendar.calendar_id})

    def _matching(self, calendar: Calendar, parameters: Mapping[str, Any], since: int | None) -> Iterator[StoredEvent]:
        for event in self._candidates(calendar, parameters, since):
            if _is_shown(event, parameters, changes_only=since is not None) and _fits(event, calendar, parameters):
                yield event

    def _candidates(
        self, calendar: Calendar, parameters: Mapping[str, Any], since: int | None
    ) -> Iterator[StoredEvent]:
        before: datetime = parameters.get("timeMax") or self._state.clock.now() + HORIZON
        uid = parameters.get("iCalUID")
        for event in _changed_since(calendar, since) if uid is None else calendar.with_uid(uid):
            if not (parameters.get("singleEvents") and event.recurrence):
                yield event
            elif event.status != "cancelled" or parameters.get("showDeleted"):
                yield from occurrences.expanded(calendar, event, before)


def _changed_since(calendar: Calendar, since: int | None) -> Iterator[StoredEvent]:
    if since is None:
        return iter(calendar.events.values())
    return takewhile(lambda event: event.version > since, calendar.newest_first())


def full_sync_required() -> ApiError:
    """The 410 of an expired sync token."""
    return refused(
        410,
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
        domain="calendar",
        location=("parameter", "syncToken"),
    )


def _check(parameters: Mapping[str, Any]) -> None:
    if "syncToken" in parameters:
        for name in _NOT_WITH_SYNC_TOKEN:
            if name in parameters:
                raise refused(400, "invalid", f"Sync token cannot be used with {name}.", location=("parameter", name))
        if parameters.get("showDeleted") is False:
            raise refused(
                400, "invalid", "Sync token cannot be used with showDeleted.", location=("parameter", "showDeleted")
            )
    if parameters.get("orderBy") == "startTime" and not parameters.get("singleEvents"):
        raise refused(400, "badRequest", "The requested ordering is not available for the particular query.")
    time_min, time_max = parameters.get("timeMin"), parameters.get("timeMax")
    if time_min is not None and time_max is not None and time_max <= time_min:
        raise refused(
            400,
            "timeRangeEmpty",
            "The specified time range is empty.",
            domain="calendar",
            location=("parameter", "timeMax"),
        )


def _order(parameters: Mapping[str, Any], *, incremental: bool) -> Callable[[StoredEvent], Key]:
    """A key that never changes for an unchanged event, so that pages neither skip nor repeat."""
    asked = parameters.get("orderBy")
    if asked == "startTime":
        return lambda event: (event.start.utc(UTC).isoformat(), event.event_id)
    if asked == "updated":
        return lambda event: (event.updated_us, event.event_id)
    if incremental:
        return lambda event: (event.version, event.event_id)
    return lambda event: (event.serial, event.event_id)


def _is_shown(event: StoredEvent, parameters: Mapping[str, Any], *, changes_only: bool) -> bool:
    if event.status != "cancelled" or parameters.get("showDeleted"):
        return True
    if changes_only or "updatedMin" in parameters:
        return True
    # A cancelled occurrence of a living series says that there is nothing on that day.
    return event.master_id is not None and not parameters.get("singleEvents")


def _fits(event: StoredEvent, calendar: Calendar, parameters: Mapping[str, Any]) -> bool:
    return (
        _in_window(event, calendar, parameters)
        and _has_properties(event, parameters)
        and _has_text(event, parameters.get("q"))
        and parameters.get("iCalUID") in (None, event.ical_uid)
        and "default" in parameters.get("eventTypes", ("default",))
    )


def _in_window(event: StoredEvent, calendar: Calendar, parameters: Mapping[str, Any]) -> bool:
    time_min, time_max = parameters.get("timeMin"), parameters.get("timeMax")
    updated_min = parameters.get("updatedMin")
    if updated_min is not None and event.updated_us < updated_min.timestamp() * 1_000_000:
        return False
    if time_max is not None and event.start.utc(calendar.zone) >= time_max:
        return False
    if time_min is None:
        return True
    if not event.recurrence:
        return bool(event.end.utc(calendar.zone) > time_min)
    # A series is in the window when one of its occurrences is.
    before = time_max or time_min + HORIZON
    every = occurrences.expanded(calendar, event, before)
    return any(one.end.utc(calendar.zone) > time_min for one in every)


def _has_properties(event: StoredEvent, parameters: Mapping[str, Any]) -> bool:
    properties = event.fields.get("extendedProperties", {})
    for parameter, kind in (("privateExtendedProperty", "private"), ("sharedExtendedProperty", "shared")):
        for wanted in parameters.get(parameter, ()):
            name, _, value = wanted.partition("=")
            if properties.get(kind, {}).get(name) != value:
                return False
    return True


def _has_text(event: StoredEvent, wanted: str | None) -> bool:
    if not wanted:
        return True
    texts = [event.fields.get(name, "") for name in ("summary", "description", "location")]
    for guest in event.fields.get("attendees", ()):
        texts += [guest["email"], guest.get("displayName", "")]
    searched = "\n".join(texts).casefold()
    return all(word in searched for word in wanted.casefold().split())


def _question(calendar: Calendar, parameters: Mapping[str, Any]) -> str:
    """What a list is about, so that a page token cannot be used for another one."""
    asked = {name: str(value) for name, value in parameters.items() if name not in _NOT_PART_OF_THE_QUESTION}
    text = json.dumps([calendar.calendar_id, sorted(asked.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
