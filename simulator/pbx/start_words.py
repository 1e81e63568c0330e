"""Words for a start on the command line (`2024-04-29 10:00`, `next-monday 14:00`, `tomorrow`) as wall-clock times."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS = re.compile(r"^(?P<day>tomorrow|next-[a-z]+|\d{4}-\d{2}-\d{2})(?:[ T](?P<time>\d{1,2}:\d{2}))?$")

EXPECTED = 'write "2024-04-29 10:00", "next-monday 10:00" or "tomorrow 10:00"'


def next_weekday(today: date, weekday: int) -> date:
    """The first such day strictly after `today`; Monday is 0."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def start_from(words: str, *, today: date) -> datetime:
    """Read the words; a missing time of day is 10:00. ValueError says what is expected."""
    found = _WORDS.match(words.strip().lower())
    if found is None:
        raise ValueError(f"cannot read the start {words!r}: {EXPECTED}")
    try:
        hour, minute = (found["time"] or "10:00").split(":")
        return datetime.combine(_day(found["day"], today), time(int(hour), int(minute)))
    except ValueError as error:
        raise ValueError(f"there is no such day or time as {words!r}: {EXPECTED}") from error


def _day(word: str, today: date) -> date:
    if word == "tomorrow":
        return today + timedelta(days=1)
    if word.startswith("next-"):
        return next_weekday(today, _WEEKDAYS.index(word.removeprefix("next-")))
    return date.fromisoformat(word)
