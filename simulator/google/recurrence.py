"""Recurrence lines as Google accepts them (RFC 5545 with its own limits); their days are found in `expansion`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from simulator.google.calendars import EventTime
from simulator.google.errors import ApiError, refused
from simulator.google.zones import is_zone

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_LINE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)(;[^:]*)?:(.+)", re.IGNORECASE)
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DAY = re.compile(r"\d{8}")
_LOCAL = re.compile(r"\d{8}T\d{6}")
_UTC = re.compile(r"\d{8}T\d{6}Z")

# Which numbers each list may hold, zero never being one of them.
_RANGES = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYSETPOS": (-366, 366),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
}
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_RANGES}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """One RRULE or EXRULE. `until` is a UTC instant, or a day when all-day; `by_day` pairs ordinal and weekday."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | date | None = None
    week_start: int = 0
    by_day: tuple[tuple[int, int], ...] = ()
    numbers: Mapping[str, tuple[int, ...]]

    @property
    def can_be_expanded(self) -> bool:
        """Whether `expansion` knows every part of the rule."""
        return "BYWEEKNO" not in self.numbers and "BYYEARDAY" not in self.numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """All lines of a series; `added` and `removed` are starts given by RDATE and EXDATE."""

    rules: tuple[RecurrenceRule, ...] = ()
    exceptions: tuple[RecurrenceRule, ...] = ()
    added: frozenset[datetime | date] = frozenset()
    removed: frozenset[datetime | date] = frozenset()


def invalid_rule() -> ApiError:
    """Google's answer to every line it cannot use."""
    return refused(400, "invalid", "Invalid recurrence rule.")


def parse(lines: Sequence[str], start: EventTime) -> Recurrence:
    """The lines of a series that begins at `start`; raises Google's 400 for the first one that is wrong."""
    rules: dict[str, list[RecurrenceRule]] = {"RRULE": [], "EXRULE": []}
    dates: dict[str, set[datetime | date]] = {"RDATE": set(), "EXDATE": set()}
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise invalid_rule()
        name, parameters, value = found[1].upper(), (found[2] or "").upper(), found[3].strip()
        if name in rules:
            if parameters:
                raise invalid_rule()
            rules[name].append(_rule(value.upper(), all_day=start.instant is None))
        else:
            dates[name].update(_dates(found[2] or "", value, start))
    return Recurrence(
        rules=tuple(rules["RRULE"]),
        exceptions=tuple(rules["EXRULE"]),
        added=frozenset(dates["RDATE"]),
        removed=frozenset(dates["EXDATE"]),
    )


def _rule(text: str, *, all_day: bool) -> RecurrenceRule:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts or name not in _PARTS:
            raise invalid_rule()
        parts[name] = value
    if parts.get("FREQ") not in _FREQUENCIES or ("COUNT" in parts and "UNTIL" in parts):
        raise invalid_rule()
    week_start = parts.get("WKST", "MO")
    if week_start not in WEEKDAYS:
        raise invalid_rule()
    return RecurrenceRule(
        frequency=parts["FREQ"],
        interval=_positive(parts.get("INTERVAL", "1")),
        count=_positive(parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"], all_day=all_day) if "UNTIL" in parts else None,
        week_start=WEEKDAYS.index(week_start),
        by_day=_by_day(parts.get("BYDAY"), parts["FREQ"]),
        numbers={name: _numbers(parts[name], *_RANGES[name]) for name in _RANGES if name in parts},
    )


def _positive(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) == 0:
        raise invalid_rule()
    return int(text)


def _numbers(text: str, least: int, most: int) -> tuple[int, ...]:
    entries = text.split(",")
    if not all(re.fullmatch(r"[+-]?[0-9]{1,3}", entry) for entry in entries):
        raise invalid_rule()
    numbers = tuple(int(entry) for entry in entries)
    if any(number == 0 or not least <= number <= most for number in numbers):
        raise invalid_rule()
    return numbers


def _by_day(text: str | None, frequency: str) -> tuple[tuple[int, int], ...]:
    if text is None:
        return ()
    days = []
    for entry in text.split(","):
        found = _BYDAY.fullmatch(entry)
        ordinal = int(found[1] or 0) if found else 0
        # RFC 5545 §3.3.10: a number before the weekday only in monthly and yearly rules, and never zero.
        if found is None or (found[1] and (ordinal == 0 or frequency not in ("MONTHLY", "YEARLY"))):
            raise invalid_rule()
        days.append((ordinal, WEEKDAYS.index(found[2])))
    return tuple(days)


def _until(text: str, *, all_day: bool) -> datetime | date:
    """For timed series UNTIL must be UTC with a `Z`, for all-day ones a day."""
    if not (_DAY if all_day else _UTC).fullmatch(text):
        raise invalid_rule()
    moment = _read(text)
    return moment.date() if all_day else moment.replace(tzinfo=UTC)


def _read(text: str) -> datetime:
    try:
        return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")  # noqa: DTZ007  (the caller adds the zone)
    except ValueError:
        raise invalid_rule() from None


def _dates(parameters: str, value: str, start: EventTime) -> set[datetime | date]:
    """The starts in an RDATE or EXDATE line."""
    zone = start.zone or "UTC"
    for parameter in filter(None, parameters.split(";")):
        name, _, given = parameter.partition("=")
        if name.upper() == "TZID":
            zone = given.strip('"')
        elif name.upper() != "VALUE" or given.upper() not in ("DATE", "DATE-TIME"):
            raise invalid_rule()
    if not is_zone(zone):
        raise invalid_rule()
    return {_one_date(entry.strip().upper(), zone, start) for entry in value.split(",")}


def _one_date(text: str, zone: str, start: EventTime) -> datetime | date:
    if start.instant is None:
        if not _DAY.fullmatch(text):
            raise invalid_rule()
        return _read(text).date()
    if _UTC.fullmatch(text):
        return _read(text).replace(tzinfo=UTC)
    if not _LOCAL.fullmatch(text):
        raise invalid_rule()
    return _read(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
