"""RRULE (RFC 5545, section 3.3.10) to the words of the profile, as far as a series can say them; never expanded."""

from __future__ import annotations

import re
from datetime import datetime

from gateway.domain.recurrence import MAX_RULE_BYTES, MAX_VALUES
from gateway.errors import BadPayload, FieldProblem

_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_KNOWN = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"})
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", re.ASCII)


def read_rule(text: str, start: datetime) -> dict[str, object]:
    """The rule as an object with frequency, interval, count, until and weekdays; `BadPayload` naming what is too much.

    `start` is the wall-clock start of the first occurrence: parts that only repeat what it says anyway
    (`BYMONTHDAY=29` for a start on a 29th) are understood.
    """
    if len(text.encode()) > MAX_RULE_BYTES:
        raise refused("", f"is longer than {MAX_RULE_BYTES} bytes")
    parts = _parts(text)
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise refused("FREQ", f"must be one of {', '.join(sorted(_FREQUENCIES))}")
    for name in parts:
        if name not in _KNOWN:
            raise refused(name if name.isalpha() else "", "cannot be mirrored; use FREQ, INTERVAL, COUNT, UNTIL, BYDAY")
    interval = _number(parts, "INTERVAL") or 1
    days = _days(parts.get("BYDAY"))
    frequency = _with_days(frequency, interval, days)
    _check_repeated(parts, frequency, start)
    if parts.get("WKST", "MO") != "MO" and frequency == "WEEKLY" and interval > 1 and len(days) > 1:
        raise refused("WKST", "cannot be mirrored when a series skips weeks; use WKST=MO")
    rule: dict[str, object] = {"frequency": frequency.lower(), "interval": interval}
    if (count := _number(parts, "COUNT")) is not None:
        rule["count"] = count
    if "UNTIL" in parts:
        rule["until"] = _until(parts["UNTIL"])
    if days:
        rule["weekdays"] = days
    return rule


def refused(part: str, reason: str) -> BadPayload:
    """The error for a rule that cannot be kept, blaming one part of it."""
    return BadPayload([FieldProblem(f"RRULE.{part}" if part else "RRULE", reason)])


def _parts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in text.strip().rstrip(";").upper().split(";"):
        name, equals, value = piece.partition("=")
        if not equals or not value or name in found:
            raise refused("", "must be NAME=VALUE pairs with semicolons between them, each name once")
        found[name] = value
    return found


def _number(parts: dict[str, str], name: str) -> int | None:
    text = parts.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise refused(name, "must be a whole number")
    return int(text)


def _days(text: str | None) -> list[str]:
    if text is None:
        return []
    days = text.split(",")
    if len(days) > MAX_VALUES or any(day not in _WEEK for day in days):
        raise refused("BYDAY", f"must be days such as MO,WE without numbers, at most {MAX_VALUES}")
    return list(dict.fromkeys(days))


def _with_days(frequency: str, interval: int, days: list[str]) -> str:
    """A series of every day, but on some weekdays only, is a weekly one on these days."""
    if not days or frequency == "WEEKLY":
        return frequency
    if frequency == "DAILY" and interval == 1:
        return "WEEKLY"
    raise refused("BYDAY", "can be mirrored for a weekly series only")


def _check_repeated(parts: dict[str, str], frequency: str, start: datetime) -> None:
    """Parts that may only say again what the start says."""
    day_may, month_may = frequency in ("MONTHLY", "YEARLY"), frequency == "YEARLY"
    for name, may, own in (("BYMONTHDAY", day_may, start.day), ("BYMONTH", month_may, start.month)):
        said = parts.get(name)
        if said is None:
            continue
        if not may or not _NUMBER.fullmatch(said) or int(said) != own:
            raise refused(name, "cannot be mirrored unless it only repeats the day and month of DTSTART")
    if "BYMONTHDAY" in parts and frequency == "YEARLY" and "BYMONTH" not in parts:
        raise refused("BYMONTHDAY", "would be a day of every month; name BYMONTH too, or use FREQ=MONTHLY")


def _until(text: str) -> str:
    """A date, or a time with Z or without, as RFC 3339 writes them."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise refused("UNTIL", "must be a date or a time such as 20240708T090000Z")
    year, month, day, hour, minute, second, zulu = match.groups()
    text = f"{year}-{month}-{day}"
    if hour is not None:
        text = f"{text}T{hour}:{minute}:{min(int(second), 59):02d}"
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise refused("UNTIL", "is no day or time of the calendar") from error
    return f"{text}{zulu or ''}"
