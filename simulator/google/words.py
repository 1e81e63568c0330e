"""Events in words for the calendar page: times, repeats, reminders; the page itself is in `calendar_pages`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google.calendars import EventTime, StoredEvent
from simulator.google.errors import ApiError
from simulator.google.recurrence import RecurrenceRule, parse

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second to last"}

RESPONSES = {"needsAction": "no answer yet", "accepted": "accepted", "declined": "declined", "tentative": "maybe"}
"""What a guest's `responseStatus` means."""


def day_of(when: EventTime, zone: ZoneInfo) -> date:
    """The day on which it falls in `zone`."""
    return when.utc(zone).astimezone(zone).date()


def long_day(day: date) -> str:
    """`Monday, 23 November 2026`."""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def span(event: StoredEvent, zone: ZoneInfo) -> str:
    """`10:00 to 11:00`, with the day of the end when it is another one; `all day` for all-day events."""
    if event.start.instant is None or event.end.instant is None:
        last = (event.end.day or date.min) - timedelta(days=1)
        return "all day" if last == event.start.day else f"all day, until {long_day(last)}"
    start, end = event.start.instant.astimezone(zone), event.end.instant.astimezone(zone)
    until = "" if start.date() == end.date() else f"{long_day(end.date())} "
    return f"{start:%H:%M} to {until}{end:%H:%M}"


def span_utc(event: StoredEvent) -> str:
    """The same in UTC: `09:00Z to 10:00Z`; empty for all-day events."""
    if event.start.instant is None or event.end.instant is None:
        return ""
    start, end = event.start.instant, event.end.instant
    if start.date() == end.date():
        return f"{start:%Y-%m-%d %H:%M}Z to {end:%H:%M}Z"
    return f"{start:%Y-%m-%d %H:%M}Z to {end:%Y-%m-%d %H:%M}Z"


def repeats(event: StoredEvent) -> str:
    """The series in words, such as `every 2 weeks on Monday, 10 times`; empty for a single event."""
    if not event.recurrence:
        return ""
    try:
        recurrence = parse(event.recurrence, event.start)
    except ApiError:
        return "; ".join(event.recurrence)
    parts = [_rule(rule, event.start) for rule in recurrence.rules]
    parts += [f"but not {_rule(rule, event.start)}" for rule in recurrence.exceptions]
    if recurrence.added:
        parts.append("also on " + _listed_dates(recurrence.added))
    if recurrence.removed:
        parts.append("not on " + _listed_dates(recurrence.removed))
    return "; ".join(parts)


def _rule(rule: RecurrenceRule, start: EventTime) -> str:
    unit = _UNITS[rule.frequency]
    text = f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s"
    if rule.by_day:
        text += " on " + _joined([_weekday(ordinal, weekday) for ordinal, weekday in rule.by_day])
    elif rule.frequency == "WEEKLY":
        text += " on " + _DAYS[start.local().weekday()]
    if "BYMONTHDAY" in rule.numbers:
        text += " on " + _joined([_month_day(number) for number in rule.numbers["BYMONTHDAY"]])
    if "BYMONTH" in rule.numbers:
        text += " in " + _joined([_MONTHS[number - 1] for number in rule.numbers["BYMONTH"]])
    if "BYSETPOS" in rule.numbers:
        places = [_ORDINALS.get(number, str(number)) for number in rule.numbers["BYSETPOS"]]
        text += f", only the {_joined(places)} of these"
    if rule.count is not None:
        text += f", {rule.count} times"
    if isinstance(rule.until, datetime):
        text += f", until {rule.until:%Y-%m-%d %H:%M}Z"
    elif rule.until is not None:
        text += f", until {rule.until.isoformat()}"
    return text


def _weekday(ordinal: int, weekday: int) -> str:
    if ordinal == 0:
        return _DAYS[weekday]
    return f"the {_ORDINALS.get(ordinal, f'{ordinal}.')} {_DAYS[weekday]}"


def _month_day(number: int) -> str:
    if number > 0:
        return f"day {number}"
    return "the last day" if number == -1 else f"day {-number} from the end"


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _listed_dates(moments: frozenset[datetime | date]) -> str:
    texts = [m.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ") if isinstance(m, datetime) else str(m) for m in moments]
    return ", ".join(sorted(texts))


def reminders(shown: Mapping[str, Any]) -> str:
    """An event's `reminders` in words."""
    if shown.get("useDefault"):
        return "as the calendar's defaults"
    texts = [f"{entry['method']} {_before(entry['minutes'])} before" for entry in shown.get("overrides", ())]
    return ", ".join(texts) or "none"


def _before(minutes: int) -> str:
    for unit, length in (("week", 10080), ("day", 1440), ("hour", 60)):
        if minutes and minutes % length == 0:
            number = minutes // length
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{minutes} minutes"
