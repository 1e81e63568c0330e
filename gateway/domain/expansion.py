"""On which days a series falls: expanded once within hard limits and looked up; never expanded to write to a calendar.

Days are counted at wall-clock time in the series' zone, so that a series keeps its time of day when clocks change; a
time that a day does not have, or has twice, is settled as everywhere (`domain.zones.to_utc_s`). The series' own start
is always an occurrence, also when it does not fit the rule, and is then not counted: so do calendars.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

from gateway.domain.meeting import Frequency, Meeting, Repeat, Weekday
from gateway.domain.occurrence import OriginalStart, Slot
from gateway.domain.recurrence import MAX_UNTIL_DAYS, problems
from gateway.domain.zones import to_local, to_utc_s

_WEEK = tuple(Weekday)
_DAY = timedelta(days=1)
_LAST_YEAR = 9000


class Expansion:
    """The occurrences of a series by their day, at most one each, of the five years from its start on.

    A rule beyond the limits of `domain.recurrence` has no other occurrence than the series' start; a meeting that does
    not repeat has none.
    """

    def __init__(self, series: Meeting) -> None:
        self._series = series
        self._last = _latest(series.start_local, timedelta(days=MAX_UNTIL_DAYS))
        self._found: dict[date, datetime] = {series.start_local.date(): series.start_local}
        self._coming = _by_rule(series, self._last)
        self._reached = series.start_local

    def on(self, day: date) -> Slot | None:
        """Return the occurrence that the rule puts on that day of the series' zone."""
        if self._series.repeat is None or not self._series.start_local.date() <= day <= self._last.date():
            return None
        while self._reached.date() <= day and (start := next(self._coming, None)) is not None:
            self._found[start.date()] = self._reached = start
        local = self._found.get(day)
        return None if local is None else Slot(local, to_utc_s(local, self._series.zone)[0])

    def at(self, original: OriginalStart) -> Slot | None:
        """Return the occurrence that starts exactly then."""
        if isinstance(original, datetime) and original.tzinfo is None:
            slot = self.on(original.date())
            return slot if slot is not None and slot.local == original else None
        utc_s = int(original.timestamp()) if isinstance(original, datetime) else original
        try:
            day = to_local(utc_s, self._series.zone).date()
        except ValueError:
            return None
        # A time that does not exist is moved forward, and may leave its day.
        for candidate in (day, day - _DAY):
            slot = self.on(candidate)
            if slot is not None and slot.utc_s == utc_s:
                return slot
        return None


def same_days(one: Meeting, other: Meeting) -> bool:
    """Tell whether two versions of a series put every occurrence at the same time."""
    names = ("start_local", "zone", "repeat", "all_day")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _by_rule(series: Meeting, last: datetime) -> Iterator[datetime]:
    repeat = series.repeat
    if repeat is None or problems(repeat, series.start_utc_s):
        return
    until = last
    if repeat.until_utc_s is not None:
        until = min(last, _latest(to_local(repeat.until_utc_s, series.zone), _DAY))
    for start in _rule(repeat, series.start_local, until):
        if _is_over(series, repeat, start):
            return
        yield start


def _is_over(series: Meeting, repeat: Repeat, start: datetime) -> bool:
    if repeat.until_utc_s is None:
        return False
    if series.all_day:
        return start.date() > to_local(repeat.until_utc_s, series.zone).date()
    return to_utc_s(start, series.zone)[0] > repeat.until_utc_s


def _rule(repeat: Repeat, start: datetime, until: datetime) -> Iterator[datetime]:
    from dateutil import rrule

    frequencies: dict[Frequency, Literal[0, 1, 2, 3]] = {
        Frequency.DAILY: rrule.DAILY,
        Frequency.WEEKLY: rrule.WEEKLY,
        Frequency.MONTHLY: rrule.MONTHLY,
        Frequency.YEARLY: rrule.YEARLY,
    }
    return iter(
        rrule.rrule(
            frequencies[repeat.frequency],
            dtstart=start,
            interval=repeat.interval,
            wkst=rrule.MO.weekday,
            count=repeat.count,
            # The two exclude each other (RFC 5545, 3.3.10); a counted rule is cut off by the days asked for.
            until=until if repeat.count is None else None,
            byweekday=tuple(_WEEK.index(day) for day in repeat.weekdays) or None,
        )
    )


def _latest(start: datetime, more: timedelta) -> datetime:
    return start + more if start.year < _LAST_YEAR else start
