"""Start and end of an event as they are sent, read with Google's rules and refusals; no other field is looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google.calendars import EventTime
from simulator.google.errors import ApiError, ErrorItem, bad_request, refused
from simulator.google.zones import is_zone

_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def read_span(
    start: Mapping[str, Any] | None, end: Mapping[str, Any] | None, *, calendar_zone: str, recurring: bool
) -> tuple[EventTime, EventTime]:
    """Start and end as Google keeps them; raises what Google answers when they are missing or wrong."""
    given_start, given_end = _present(start), _present(end)
    if not given_end:
        raise refused(400, "required", "Missing end time.")
    if not given_start:
        raise refused(400, "required", "Missing start time.")
    for name, given in (("start", given_start), ("end", given_end)):
        if "date" in given and "dateTime" in given:
            raise refused(400, "invalid", f"Invalid {name} time.")
    if ("date" in given_start) != ("date" in given_end):
        raise refused(400, "invalid", "Start and end times must either both be date or both be dateTime.")
    if "date" in given_start:
        span = EventTime(day=_day(given_start["date"])), EventTime(day=_day(given_end["date"]))
        _check_order(span[0].day == span[1].day or _later(span[0].day, span[1].day))
        return span
    _check_zones(given_start, given_end, recurring=recurring)
    timed = _instant(given_start, calendar_zone), _instant(given_end, calendar_zone)
    _check_order(_later(timed[0].instant, timed[1].instant))
    return timed


def _present(given: Mapping[str, Any] | None) -> dict[str, str]:
    """The parts that are there; a time zone alone is no time."""
    found = {name: value for name, value in (given or {}).items() if value is not None}
    return found if "date" in found or "dateTime" in found else {}


def _later(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one > other


def _check_order(is_empty: bool) -> None:
    if is_empty:
        raise refused(
            400,
            "timeRangeEmpty",
            "The specified time range is empty.",
            domain="calendar",
            location=("parameter", "timeMax"),
        )


def _day(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise bad_request()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_request() from None


def _check_zones(start: Mapping[str, str], end: Mapping[str, str], *, recurring: bool) -> None:
    """Both ends are looked at, so that a wrong zone is named for each of them as Google does."""
    items: list[ErrorItem] = []
    for name, given in (("start", start), ("end", end)):
        found = _DATE_TIME.fullmatch(given["dateTime"])
        if found is None:
            raise bad_request()
        if "timeZone" in given and not is_zone(given["timeZone"]):
            items.append(ErrorItem(reason="invalid", message=f"Invalid time zone definition for {name} time."))
        elif "timeZone" not in given and (recurring or found[4] is None):
            items.append(ErrorItem(reason="required", message=f"Missing time zone definition for {name} time."))
    if items:
        raise ApiError(400, items)


def _instant(given: Mapping[str, str], calendar_zone: str) -> EventTime:
    """A timed end: the offset decides when there is one, else the zone; fractions of a second are dropped."""
    found = _DATE_TIME.fullmatch(given["dateTime"])
    if found is None:
        raise bad_request()
    day, clock, _, offset = found.groups()
    zone = given.get("timeZone", calendar_zone)
    try:
        if offset is not None:
            local = datetime.fromisoformat(f"{day}T{clock}{offset.upper()}")
        else:
            local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(zone))
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_request() from None
    # At the ends of the calendar the instant could not be shown in every zone.
    if not 1 < instant.year < 9999:
        raise bad_request()
    return EventTime(instant=instant, zone=zone)
