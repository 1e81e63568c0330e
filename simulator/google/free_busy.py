"""`freeBusy.query`: when calendars are busy, and no word about why; events themselves are in `calendar_api`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google.asked import Asked, Method, json_object
from simulator.google.busy import Span, busy_spans, merged
from simulator.google.calendars import Calendar
from simulator.google.errors import ApiError, refused
from simulator.google.event_json import offset_time
from simulator.google.identities import Account
from simulator.google.operations import OWN_FREE_BUSY_ONLY
from simulator.google.parameters import read_moment
from simulator.google.state import GoogleState
from simulator.google.wire import Reply, json_reply
from simulator.google.zones import is_zone

LONGEST_RANGE = timedelta(days=92)
MOST_CALENDARS = 50
MOST_MEMBERS = 100


class FreeBusyApi:
    """The method and its rules."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def methods(self) -> dict[str, Method]:
        """What carries out the operation."""
        return {"freebusy.query": self._query}

    def _query(self, asked: Asked) -> Reply:
        given = json_object(asked.call.body)
        after, before = _range(given)
        zone = _zone(given)
        most = _most(given, "calendarExpansionMax", MOST_CALENDARS)
        members = _most(given, "groupExpansionMax", MOST_MEMBERS)
        groups: dict[str, Any] = {}
        wanted: list[str] = []
        for name in _items(given):
            group = self._state.groups.get(name)
            if group is None:
                wanted.append(name)
            elif len(group) > members:
                groups[name] = _failed("groupTooBig")
            else:
                groups[name] = {"calendars": list(group)}
                wanted += group
        calendars = {
            name: self._answered(name, asked, after, before, zone) if number < most else _too_many()
            for number, name in enumerate(dict.fromkeys(wanted))
        }
        document: dict[str, Any] = {
            "kind": "calendar#freeBusy",
            "timeMin": _written(after),
            "timeMax": _written(before),
            **({"groups": groups} if groups else {}),
            "calendars": calendars,
        }
        return json_reply(asked.masked(document), headers={"Cache-Control": "private, max-age=0, must-revalidate"})

    def _answered(self, name: str, asked: Asked, after: datetime, before: datetime, zone: ZoneInfo) -> dict[str, Any]:
        calendar = self._visible(name, asked)
        if calendar is None:
            return {**_failed("notFound"), "busy": []}
        if calendar.free_busy_error is not None:
            return {**_failed(calendar.free_busy_error), "busy": []}
        busy = [
            {"start": offset_time(start, zone), "end": offset_time(end, zone)}
            for start, end in merged(busy_spans(calendar, after, before))
        ]
        return {"busy": busy}

    def _visible(self, name: str, asked: Asked) -> Calendar | None:
        """The calendar when the account may know its times: its own, one shared with it, or a colleague's main one."""
        calendar = self._state.seen_by(asked.account, name)
        if asked.opening <= OWN_FREE_BUSY_ONLY:
            return None if calendar is None or asked.account.access[calendar.calendar_id] != "owner" else calendar
        return calendar or self._colleagues(name, asked.account)

    def _colleagues(self, name: str, account: Account) -> Calendar | None:
        other = self._state.accounts.get(name)
        if other is None or account.hosted_domain is None or other.hosted_domain != account.hosted_domain:
            return None
        return self._state.calendars.get(name) if other.tells_colleagues and other.has_calendar else None


def _range(given: Mapping[str, Any]) -> Span:
    moments = []
    for name in ("timeMin", "timeMax"):
        if not isinstance(given.get(name), str):
            raise refused(400, "required", f"Missing {name} parameter.", location=("parameter", name))
        moments.append(read_moment(given[name]))
    after, before = moments
    if before <= after:
        raise _range_refused("timeRangeEmpty", "The specified time range is empty.")
    if before - after > LONGEST_RANGE:
        raise _range_refused("timeRangeTooLong", "The requested time range is too long.")
    return after, before


def _range_refused(reason: str, message: str) -> ApiError:
    return refused(400, reason, message, domain="calendar", location=("parameter", "timeMax"))


def _zone(given: Mapping[str, Any]) -> ZoneInfo:
    name = given.get("timeZone") or "UTC"
    if not isinstance(name, str) or not is_zone(name):
        raise refused(400, "invalid", f"Invalid value for: timeZone: {name}")
    return ZoneInfo(name)


def _most(given: Mapping[str, Any], name: str, limit: int) -> int:
    number = given.get(name, limit)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= limit:
        raise refused(400, "invalid", "Invalid Value", location=("parameter", name))
    return number


def _items(given: Mapping[str, Any]) -> list[str]:
    items = given.get("items") or []
    if not isinstance(items, list):
        raise refused(400, "invalid", "Invalid value for: items")
    names = [item.get("id") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(name, str) for name in names):
        raise refused(400, "invalid", "Invalid value for: items")
    return [name for name in names if isinstance(name, str)]


def _failed(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}]}


def _too_many() -> dict[str, Any]:
    return {**_failed("tooManyCalendarsRequested"), "busy": []}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
