"""How times of day and weeks are written for people: 24 or 12 hours, and the first day; zones are not known here.

Days are written as 2026-11-22 in every language: that is the one way that nobody reads wrongly.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from gateway.messages.languages import language, tr

Clock = Literal["24h", "12h", "language"]
FirstDay = Literal["monday", "sunday", "saturday"]

_TWELVE = frozenset({"en", "en-XA"})
"""Languages whose readers mostly know the clock with 12 hours."""
_WEEKDAYS: Mapping[str, int] = MappingProxyType({"monday": 0, "saturday": 5, "sunday": 6})


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How somebody writes times; `language` as the clock means: as the language that is spoken has it."""

    clock: Clock = "24h"
    first_day: FirstDay = "monday"


_USUAL = Habits()
_habits: ContextVar[Habits] = ContextVar("habits", default=_USUAL)


@contextmanager
def writing(habits: Habits) -> Iterator[None]:
    """Write times like this until the block ends."""
    token = _habits.set(habits)
    try:
        yield
    finally:
        _habits.reset(token)


def has_12_hours() -> bool:
    """Whether times of day are written with 12 hours now."""
    chosen = _habits.get().clock
    return chosen == "12h" or (chosen == "language" and language() in _TWELVE)


def time_of_day(then: datetime.datetime, *, seconds: bool = False) -> str:
    """Return the time of day as it is: 14:05, 14:05:09, 2:05 PM."""
    if not has_12_hours():
        return f"{then:%H:%M:%S}" if seconds else f"{then:%H:%M}"
    time = f"{then.hour % 12 or 12}:{then:%M:%S}" if seconds else f"{then.hour % 12 or 12}:{then:%M}"
    return tr("%(time)s AM", time=time) if then.hour < 12 else tr("%(time)s PM", time=time)


def day_and_time(then: datetime.datetime, *, seconds: bool = False) -> str:
    """Return the day and the time of day as they are: 2026-11-22 14:05."""
    return f"{then.date().isoformat()} {time_of_day(then, seconds=seconds)}"


def first_weekday() -> int:
    """Return the day that a week begins with, 0 for Monday."""
    return _WEEKDAYS[_habits.get().first_day]


def week_of(day: datetime.date) -> datetime.date:
    """Return the first day of the week that `day` is in; of a week that no calendar has, `day` itself."""
    try:
        return day - datetime.timedelta(days=(day.weekday() - first_weekday()) % 7)
    except OverflowError:
        return day
