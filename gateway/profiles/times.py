"""Dates, times of day and instants, from a device's coding and back; which clock they belong to is not known here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from gateway.profiles.codings import Read, Refused, date_time, local_time, number_of_text, utc_text
from gateway.profiles.fields import Coding

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATE_ORDERS: Mapping[Coding, tuple[re.Pattern[str], str]] = {
    Coding.DATE_YMD: (re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})", re.ASCII), "2024-04-29"),
    Coding.DATE_DMY: (re.compile(r"(?P<d>\d{1,2})([-/.])(?P<m>\d{1,2})\2(?P<y>\d{4})", re.ASCII), "29.04.2024"),
    Coding.DATE_MDY: (re.compile(r"(?P<m>\d{1,2})([-/.])(?P<d>\d{1,2})\2(?P<y>\d{4})", re.ASCII), "04/29/2024"),
}
_DATE_FORMS = {
    Coding.DATE_YMD: "{0.year:04d}-{0.month:02d}-{0.day:02d}",
    Coding.DATE_DMY: "{0.day:02d}.{0.month:02d}.{0.year:04d}",
    Coding.DATE_MDY: "{0.month:02d}/{0.day:02d}/{0.year:04d}",
}
_TIME_24 = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_TIME_12 = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))? ?([AaPp])\.?[Mm]\.?", re.ASCII)
_UTC = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?", re.ASCII)


def day(coding: Coding) -> Read:
    """A date in one of the three orders."""
    pattern, shown = _DATE_ORDERS[coding]
    expected = f"must be a date such as '{shown}'"

    def read(value: object) -> date:
        match = pattern.fullmatch(value) if type(value) is str else None
        if match is None:
            raise Refused(expected)
        return _date(match["y"], match["m"], match["d"])

    return read


def day_text(coding: Coding, value: date) -> str:
    """A date in one of the three orders, padded with zeros."""
    return _DATE_FORMS[coding].format(value)


def time_24(value: object) -> time:
    """`14:00`, `9:05:30`."""
    match = _TIME_24.fullmatch(value) if type(value) is str else None
    if match is None or int(match[1]) > 23:
        raise Refused("must be a time such as '14:00'")
    return _time(int(match[1]), match)


def time_12(value: object) -> time:
    """`2:00 PM`; 12 AM is midnight, 12 PM noon."""
    match = _TIME_12.fullmatch(value) if type(value) is str else None
    if match is None or not 1 <= int(match[1]) <= 12:
        raise Refused("must be a time such as '2:00 PM'")
    return _time(int(match[1]) % 12 + (12 if match[4] in "Pp" else 0), match)


def time_text(coding: Coding, value: time) -> str:
    """The time of day as `time_24` or `time_12` read it, with seconds only if there are some."""
    tail = f":{value.minute:02d}" + (f":{value.second:02d}" if value.second else "")
    if coding is Coding.TIME_24:
        return f"{value.hour:02d}{tail}"
    return f"{value.hour % 12 or 12:02d}{tail} {'PM' if value.hour >= 12 else 'AM'}"


def utc_time(value: object) -> int:
    """`YYYY-MM-DD HH:MM[:SS]` in UTC; gives seconds since 1970."""
    if type(value) is not str or not _UTC.fullmatch(value):
        raise Refused("must be a time in UTC such as '2024-04-29 09:00'")
    since = local_time(value).replace(tzinfo=UTC) - _EPOCH
    return since.days * 86_400 + since.seconds


def epoch(coding: Coding, *, or_text: bool) -> Read:
    """Seconds or milliseconds since 1970; gives whole seconds since 1970."""
    unit, per_s = ("milliseconds", 1000) if coding is Coding.EPOCH_MS else ("seconds", 1)
    expected = f"must be a time in {unit} since 1970, as a whole number"

    def read(value: object) -> int:
        if or_text:
            value = number_of_text(value)
        if type(value) is not int:
            raise Refused(expected)
        return value // per_s

    return read


def or_plain_date(read: Read) -> Read:
    """The same, but `2024-04-29` is understood as well: all-day meetings come so."""

    def read_either(value: object) -> object:
        if type(value) is str and (match := _PLAIN_DATE.fullmatch(value)):
            return _date(*match.groups())
        return read(value)

    return read_either


def moment_text(coding: Coding, local: datetime, utc_s: int, *, plain: bool) -> object:
    """An instant in the device's coding; `plain` says that its wall-clock time alone, read back, is this instant."""
    if coding is Coding.EPOCH_MS:
        return utc_s * 1000
    if coding is Coding.EPOCH_S:
        return utc_s
    if coding is Coding.LOCAL_TIME:
        return local.isoformat(" ")
    if coding is Coding.UTC_TIME:
        return utc_text(utc_s)[:-1].replace("T", " ")
    # Without an offset the second of two equal wall-clock times would be read back as the first.
    return local.isoformat() if plain else utc_text(utc_s)


MOMENTS: Mapping[Coding, Read] = {
    Coding.LOCAL_TIME: local_time,
    Coding.DATE_TIME: date_time,
    Coding.UTC_TIME: utc_time,
    Coding.TIME_24: time_24,
    Coding.TIME_12: time_12,
    Coding.DATE_YMD: day(Coding.DATE_YMD),
    Coding.DATE_DMY: day(Coding.DATE_DMY),
    Coding.DATE_MDY: day(Coding.DATE_MDY),
}
"""How each coding of a time that needs to know nothing else is read."""


def _date(year: str, month: str, day_of_month: str) -> date:
    try:
        return date(int(year), int(month), int(day_of_month))
    except ValueError as error:
        raise Refused("is not a date of the calendar") from error


def _time(hour: int, match: re.Match[str]) -> time:
    try:
        return time(hour, int(match[2]), int(match[3] or 0))
    except ValueError as error:
        raise Refused("is not a time of day") from error
