"""The words of the meetings' pages: states, days, times, rules; which meetings there are is not known here."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.domain.meeting import Frequency, Repeat
from gateway.domain.zones import offset_s_at, offset_text
from gateway.messages.languages import tr, trn
from gateway.messages.times import day_and_time, time_of_day
from gateway.operations.meetings.agenda import WORDS, Word


class Badge(NamedTuple):
    """A state as a colour's name and a word."""

    kind: str
    word: str


def badge(word: Word) -> Badge:
    """Return how a state is shown."""
    return {
        "synced": Badge("ok", tr("Synced")),
        "waiting": Badge("info", tr("Waiting")),
        "failed": Badge("bad", tr("Failed")),
        "cancelled": Badge("off", tr("Cancelled")),
        "changed": Badge("warn", tr("Changed in Google")),
        "deleted": Badge("warn", tr("Deleted in Google")),
        "off": Badge("off", tr("Not synced (switched off on the device)")),
    }[word]


def states() -> list[tuple[str, str]]:
    """Return the states to choose from, each with its word."""
    return [(each, badge(each).word) for each in WORDS]


def day(at: date) -> str:
    """Return a day with its weekday, such as Monday, 23 November 2026."""
    return tr(
        "%(weekday)s, %(day)s %(month)s %(year)s", weekday=weekday(at), day=at.day, month=month(at.month), year=at.year
    )


def week(monday: date) -> str:
    """Return the heading of a week."""
    return tr("Week of %(day)s", day=day(monday))


def weekday(at: date) -> str:
    """Return the name of the day of the week."""
    return (
        tr("Monday"),
        tr("Tuesday"),
        tr("Wednesday"),
        tr("Thursday"),
        tr("Friday"),
        tr("Saturday"),
        tr("Sunday"),
    )[at.weekday()]


def month(number: int) -> str:
    """Return the name of a month, 1 for the first."""
    return (
        tr("January"),
        tr("February"),
        tr("March"),
        tr("April"),
        tr("May"),
        tr("June"),
        tr("July"),
        tr("August"),
        tr("September"),
        tr("October"),
        tr("November"),
        tr("December"),
    )[number - 1]


class Span(NamedTuple):
    """A time as people read it: `text`, and both ends for machines."""

    text: str
    start: str
    end: str


def span(start_s: int, end_s: int, zone: str, *, all_day: bool = False) -> Span:
    """Return from when to when, on the clocks of a zone, without the day that it begins on."""
    start, end = datetime.fromtimestamp(start_s, ZoneInfo(zone)), datetime.fromtimestamp(end_s, ZoneInfo(zone))
    if all_day:
        text = tr("All day")
    elif start.date() == end.date():
        text = f"{time_of_day(start)}\u2013{time_of_day(end)}"
    else:
        text = f"{time_of_day(start)}\u2013{day_and_time(end)}"
    return Span(text, start.isoformat(), end.isoformat())


def clock(at_s: float, zone: str) -> str:
    """Return day and time on the clocks of a zone."""
    return day_and_time(datetime.fromtimestamp(at_s, ZoneInfo(zone)))


def zone_shown(zone: str, at_s: int) -> str:
    """Return a zone as city and distance to UTC at an instant, such as Europe/Berlin (UTC+01:00).

    A zone without a city is its distance alone: the sign of names such as Etc/GMT-1 is turned round.
    """
    offset = offset_text(offset_s_at(zone, at_s) // 60)
    return f"{zone} ({offset})" if "/" in zone and not zone.startswith("Etc/") else offset


def repeat_words(rule: Repeat, zone: str) -> str:
    """Return the rule of a series in words."""
    every = rule.interval
    said = {
        Frequency.DAILY: lambda: trn("Every day", "Every %(num)s days", every),
        Frequency.WEEKLY: lambda: trn("Every week", "Every %(num)s weeks", every),
        Frequency.MONTHLY: lambda: trn("Every month", "Every %(num)s months", every),
        Frequency.YEARLY: lambda: trn("Every year", "Every %(num)s years", every),
    }[rule.frequency]()
    if rule.weekdays:
        monday = date(2026, 11, 23)
        codes = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
        names = [weekday(monday.replace(day=23 + codes.index(each))) for each in sorted(rule.weekdays, key=codes.index)]
        said = tr("%(often)s on %(days)s", often=said, days=", ".join(names))
    if rule.count is not None:
        return trn("%(often)s, once", "%(often)s, %(num)s times", rule.count, often=said)
    if rule.until_utc_s is not None:
        return tr("%(often)s until %(day)s", often=said, day=clock(rule.until_utc_s, zone)[:10])
    return said
