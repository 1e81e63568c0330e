"""On which days a series falls, counted at wall-clock time in its zone; what a rule may say is in `recurrence`."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from simulator.google.calendars import EventTime, StoredEvent
from simulator.google.errors import refused
from simulator.google.recurrence import Recurrence, RecurrenceRule, parse

MOST_OCCURRENCES = 5000
"""An endless series is followed no further than this."""
_MOST_EMPTY_PERIODS = 1000


def starts(event: StoredEvent, before: datetime) -> Iterator[EventTime]:
    """The starts of a series in order, up to (and without) `before`, at most `MOST_OCCURRENCES` of them.

    The series' own start is always one of them, also when it does not fit the rule, and is then not counted by
    COUNT: so does Google.
    """
    recurrence = parse(event.recurrence, event.start)
    for rule in (*recurrence.rules, *recurrence.exceptions):
        if not rule.can_be_expanded:
            raise refused(400, "invalid", "The simulator cannot expand rules with BYWEEKNO or BYYEARDAY.")
    for number, start in enumerate(_all(recurrence, event.start, before)):
        if number >= MOST_OCCURRENCES:
            return
        yield start


def occurrence(event: StoredEvent, stamp: str) -> EventTime | None:
    """The start of the occurrence that has this stamp in its id, None when the series has none then."""
    shape = "%Y%m%dT%H%M%SZ" if stamp.endswith("Z") else "%Y%m%d"
    try:
        moment = datetime.strptime(stamp, shape).replace(tzinfo=UTC)
    except ValueError:
        return None
    for start in starts(event, moment + timedelta(days=2)):
        if start.stamp() == stamp:
            return start
    return None


def _all(recurrence: Recurrence, first: EventTime, before: datetime) -> Iterator[EventTime]:
    dropped = {_key(start) for rule in recurrence.exceptions for start in _by_rule(rule, first, before)}
    dropped |= set(recurrence.removed)
    fixed = {_key(first): first} | {moment: _as_time(moment, first) for moment in recurrence.added}
    streams = [_by_rule(rule, first, before) for rule in recurrence.rules]
    for start in _merged([iter(sorted(fixed.values(), key=_order)), *streams], before):
        if _key(start) not in dropped:
            yield start


def _as_time(moment: datetime | date, first: EventTime) -> EventTime:
    if isinstance(moment, datetime):
        return EventTime(instant=moment, zone=first.zone)
    return EventTime(day=moment)


def _key(start: EventTime) -> datetime | date:
    return start.instant if start.instant is not None else start.day or date.min


def _order(start: EventTime) -> datetime:
    if start.instant is not None:
        return start.instant
    day = start.day or date.min
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _merged(streams: list[Iterator[EventTime]], before: datetime) -> Iterator[EventTime]:
    """Several ordered streams as one, without doubles."""
    heads = {number: start for number, stream in enumerate(streams) if (start := next(stream, None)) is not None}
    last: EventTime | None = None
    while heads:
        number = min(heads, key=lambda candidate: _order(heads[candidate]))
        start = heads.pop(number)
        following = next(streams[number], None)
        if following is not None:
            heads[number] = following
        if _order(start) >= before:
            return
        if start != last:
            last = start
            yield start


def _by_rule(rule: RecurrenceRule, first: EventTime, before: datetime) -> Iterator[EventTime]:
    counted, empty = 0, 0
    origin = first.local()
    for days in _periods(rule, origin.date()):
        found = False
        for day in days:
            if day < origin.date():
                continue
            found = True
            start = first.moved_to(datetime.combine(day, origin.time()))
            if _beyond(rule, start) or _order(start) >= before or counted == rule.count:
                return
            counted += 1
            yield start
        empty = 0 if found else empty + 1
        if empty > _MOST_EMPTY_PERIODS:
            return


def _beyond(rule: RecurrenceRule, start: EventTime) -> bool:
    if rule.until is None:
        return False
    if isinstance(rule.until, datetime):
        return start.instant is not None and start.instant > rule.until
    return (start.day or date.min) > rule.until


def _periods(rule: RecurrenceRule, origin: date) -> Iterator[list[date]]:
    """The matching days of each period (day, week, month, year) from the one of `origin` on."""
    step: Callable[[RecurrenceRule, date, int], list[date]] = {
        "DAILY": _daily,
        "WEEKLY": _weekly,
        "MONTHLY": _monthly,
        "YEARLY": _yearly,
    }[rule.frequency]
    number = 0
    while True:
        try:
            days = step(rule, origin, number * rule.interval)
        except (ValueError, OverflowError):  # past the year 9999
            return
        yield _chosen(rule, sorted(set(days)))
        number += 1


def _chosen(rule: RecurrenceRule, days: list[date]) -> list[date]:
    months = rule.numbers.get("BYMONTH")
    days = [day for day in days if months is None or day.month in months]
    positions = rule.numbers.get("BYSETPOS")
    if positions is None:
        return days
    wanted = {position - 1 if position > 0 else len(days) + position for position in positions}
    return [day for index, day in enumerate(days) if index in wanted]


def _daily(rule: RecurrenceRule, origin: date, offset: int) -> list[date]:
    day = origin + timedelta(days=offset)
    weekdays = {weekday for _, weekday in rule.by_day}
    month_days = _month_days(rule, day.year, day.month)
    fits = (not weekdays or day.weekday() in weekdays) and (month_days is None or day in month_days)
    return [day] if fits else []


def _weekly(rule: RecurrenceRule, origin: date, offset: int) -> list[date]:
    monday = origin - timedelta(days=(origin.weekday() - rule.week_start) % 7) + timedelta(weeks=offset)
    weekdays = {weekday for _, weekday in rule.by_day} or {origin.weekday()}
    return [day for number in range(7) if (day := monday + timedelta(days=number)).weekday() in weekdays]


def _monthly(rule: RecurrenceRule, origin: date, offset: int) -> list[date]:
    months = origin.year * 12 + origin.month - 1 + offset
    return _in_month(rule, origin, months // 12, months % 12 + 1)


def _yearly(rule: RecurrenceRule, origin: date, offset: int) -> list[date]:
    year = origin.year + offset
    months = rule.numbers.get("BYMONTH")
    if months is None and rule.by_day and "BYMONTHDAY" not in rule.numbers:
        return _weekdays(rule, [date(year, 1, 1) + timedelta(days=n) for n in range(365 + calendar.isleap(year))])
    if months is None:
        months = (origin.month,) if "BYMONTHDAY" not in rule.numbers else tuple(range(1, 13))
    return [day for month in months for day in _in_month(rule, origin, year, month)]


def _in_month(rule: RecurrenceRule, origin: date, year: int, month: int) -> list[date]:
    whole = [date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1)]
    by_number = _month_days(rule, year, month)
    if rule.by_day:
        days = _weekdays(rule, whole)
        return days if by_number is None else [day for day in days if day in by_number]
    if by_number is not None:
        return by_number
    return [day for day in whole if day.day == origin.day]


def _month_days(rule: RecurrenceRule, year: int, month: int) -> list[date] | None:
    numbers = rule.numbers.get("BYMONTHDAY")
    if numbers is None:
        return None
    last = calendar.monthrange(year, month)[1]
    days = {number if number > 0 else last + 1 + number for number in numbers}
    return [date(year, month, day) for day in sorted(days) if 1 <= day <= last]


def _weekdays(rule: RecurrenceRule, span: list[date]) -> list[date]:
    """The days of `span` that BYDAY names; ordinals count within the span."""
    found: list[date] = []
    for ordinal, weekday in rule.by_day:
        same = [day for day in span if day.weekday() == weekday]
        if ordinal == 0:
            found += same
        elif abs(ordinal) <= len(same):
            found.append(same[ordinal - 1 if ordinal > 0 else ordinal])
    return found
