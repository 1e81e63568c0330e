"""Says when something was, or will be, in the words of the pages; which clock is right is known to the caller."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.messages.languages import tr, trn
from gateway.messages.times import day_and_time, time_of_day

_now: ContextVar[int] = ContextVar("now_ms", default=0)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WORDS_UNTIL_S = 45 * _DAY
"""What is further away is told by its date alone."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`words` is what people read first, `at` the time that belongs to it (empty when `words` is the date itself).

    `exact` has date, seconds and distance to UTC; `machine` is for `<time datetime>`.
    """

    words: str
    at: str
    exact: str
    machine: str


@contextmanager
def at_ms(now_ms: int) -> Iterator[None]:
    """Count from this moment (ms UTC) until the block ends."""
    token = _now.set(now_ms)
    try:
        yield
    finally:
        _now.reset(token)


def moment(ms: int, zone: str | datetime.tzinfo = "UTC") -> Moment:
    """Return how the pages say `ms` (UTC) to somebody who lives in `zone`, an IANA name that was checked before."""
    zone = ZoneInfo(zone) if isinstance(zone, str) else zone
    then, now = _local(ms, zone), _local(_now.get(), zone)
    clock, day = time_of_day(then), then.strftime("%Y-%m-%d")
    at = clock if then.date() == now.date() else f"{day} {clock}"
    words = distance((ms - _now.get()) / 1000)
    exact = f"{day_and_time(then, seconds=True)} {then.strftime('%z')[:3]}:{then.strftime('%z')[3:5]}"
    machine = _local(ms, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Moment(words=words or at, at=at if words else "", exact=exact, machine=machine)


def distance(seconds: float) -> str:
    """Return a distance from now as words, a negative one as past; nothing when a date says more."""
    away = abs(seconds)
    if away < _MINUTE:
        return tr("just now") if seconds <= 0 else tr("in less than a minute")
    if away >= _WORDS_UNTIL_S:
        return ""
    if away < _HOUR:
        n = int(away // _MINUTE)
        return trn("%(num)s minute ago", "%(num)s minutes ago", n) if seconds < 0 else _in_minutes(n)
    if away < _DAY:
        n = int(away // _HOUR)
        return trn("%(num)s hour ago", "%(num)s hours ago", n) if seconds < 0 else _in_hours(n)
    n = int(away // _DAY)
    return trn("%(num)s day ago", "%(num)s days ago", n) if seconds < 0 else _in_days(n)


def _in_minutes(n: int) -> str:
    return trn("in %(num)s minute", "in %(num)s minutes", n)


def _in_hours(n: int) -> str:
    return trn("in %(num)s hour", "in %(num)s hours", n)


def _in_days(n: int) -> str:
    return trn("in %(num)s day", "in %(num)s days", n)


def _local(ms: int, zone: datetime.tzinfo) -> datetime.datetime:
    """Return the local time; of what no calendar can show, the first or the last moment that it can."""
    try:
        return datetime.datetime.fromtimestamp(ms / 1000, zone)
    except (OverflowError, ValueError, OSError):
        edge = datetime.datetime(1970 if ms < 0 else 9998, 1, 1, tzinfo=datetime.UTC)
        return edge.astimezone(zone)
