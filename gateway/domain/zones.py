"""What a device's zone text means, and wall-clock time to UTC and back; the machine's own zone is never asked."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

_AWARE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = _AWARE_EPOCH.replace(tzinfo=None)
_SECOND = timedelta(seconds=1)
_HOURS = tuple(timedelta(hours=hour) for hour in range(24))
_SHOWN_LENGTH = 64
_LONGEST_TEXT = 128

Remark = Literal["gap", "fold"]


class ZoneCoding(StrEnum):
    """How a zone text names its zone."""

    IANA = "iana"
    """`Europe/Paris`, `Etc/GMT-1`, and the older aliases of the tz database."""
    ETC_LABEL = "etc_label"
    """`(UTC+01:00) Etc/GMT-1`: the code counts, the label in front does not."""
    OFFSET_TEXT = "offset_text"
    """`+0800`, `+08:00`, `UTC+8`, `GMT+08:00`: plus is east."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedZone:
    """The zone a text means: `name` is an IANA name, `text` what was sent, without white space around it.

    `warning` is a sentence for people when label and code disagree.
    """

    name: str
    text: str
    coding: ZoneCoding
    warning: str | None = None


class UnknownZone(ValueError):
    """A text that names no zone; `text` is what was sent, as far as it can be shown, `reason` says what to send."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = _shown(text)
        self.reason = reason
        super().__init__(f"unknown time zone '{self.text}': {reason}")


_LABEL = re.compile(r"\((?:UTC|GMT)(?P<offset>[+-]\d{1,2}:\d{2})?\) ?(?P<code>\S+)", re.ASCII)
_OFFSET = re.compile(
    r"(?:UTC|GMT)(?P<short>[+-]\d{1,2})|(?:UTC|GMT)?(?P<hours>[+-]\d{1,2}(?=:)|[+-]\d{2}):?(?P<minutes>[0-5]\d)",
    re.ASCII,
)
_FIXED = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>\d{1,2})", re.ASCII)
_EXPECTED = "send an IANA name such as 'Europe/Paris' or a code such as 'Etc/GMT-1' (which is UTC+01:00)"
_ONLY_WHOLE_HOURS = "no fixed zone has this offset; send an IANA name such as 'Asia/Kolkata'"


@lru_cache(maxsize=512)
def resolve(text: str) -> ResolvedZone:
    """The zone that `text` means, or `UnknownZone`; never a guess.

    `Etc/GMT-1` is UTC+01:00: the sign of these names is turned round (tz database, file `etcetera`). Upper and lower
    case do not matter. An offset must be a whole number of hours from -12 to +14, because only those have a name.
    """
    wanted = text.strip()
    if len(text) <= _LONGEST_TEXT and wanted.isascii():
        name = _names().get(wanted.lower())
        if name is not None:
            return ResolvedZone(name=name, text=wanted, coding=ZoneCoding.IANA)
        if match := _LABEL.fullmatch(wanted):
            return _labelled(wanted, match)
        if match := _OFFSET.fullmatch(wanted):
            return ResolvedZone(name=_fixed_name(wanted, match), text=wanted, coding=ZoneCoding.OFFSET_TEXT)
    raise UnknownZone(text, _EXPECTED)


def fixed_offset_minutes(zone: str) -> int | None:
    """Minutes east of UTC of a zone that has no rules (`Etc/GMT-1` → 60, `UTC` → 0); None for a region."""
    if match := _FIXED.fullmatch(zone):
        return (-60 if match["sign"] == "+" else 60) * int(match["hours"])
    return 0 if zone.removeprefix("Etc/") in _ZERO else None


def offset_zone(minutes: int) -> str | None:
    """The fixed zone that lies `minutes` east of UTC (480 → `Etc/GMT-8`), None when no name has this offset."""
    hours, rest = divmod(minutes, 60)
    if rest or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def to_utc_s(local: datetime, zone: str) -> tuple[int, Remark | None]:
    """Seconds since 1970 of a wall-clock time without tzinfo in the IANA zone `zone`.

    A time that does not exist because clocks go forward is moved forward by as much (`gap`: 02:30 becomes 03:30
    summer time); of a time that exists twice the first is taken (`fold`). Both are what RFC 5545 3.3.5 asks for.
    """
    since = local - _EPOCH
    wall_s = since.days * 86_400 + since.seconds
    steady_s = _steady_offset_s(zone, since.days)
    if steady_s is not None:
        return wall_s - steady_s, None
    aware = local.replace(tzinfo=_zone_info(zone), fold=0)
    before_s, after_s = _offset_s(aware), _offset_s(aware.replace(fold=1))
    if before_s == after_s:
        return wall_s - before_s, None
    return wall_s - before_s, "gap" if before_s < after_s else "fold"


def to_local(utc_s: int, zone: str) -> datetime:
    """The wall-clock time, without tzinfo, in the IANA zone `zone`; `ValueError` outside the years 2 to 9998."""
    if not _EARLIEST_S <= utc_s <= _LATEST_S:
        raise ValueError("the time lies outside the years 2 to 9998")
    fixed_s = _fixed_offset_s(zone)
    if fixed_s is not None:
        return _EPOCH + timedelta(seconds=utc_s + fixed_s)
    aware = (_AWARE_EPOCH + timedelta(seconds=utc_s)).astimezone(_zone_info(zone))
    return aware.replace(tzinfo=None, fold=0)


_EARLIEST_S = (datetime(2, 1, 1, tzinfo=UTC) - _AWARE_EPOCH) // _SECOND
_LATEST_S = (datetime(9999, 1, 1, tzinfo=UTC) - _AWARE_EPOCH) // _SECOND
_ZERO = frozenset({"UTC", "GMT", "GMT0", "GMT+0", "GMT-0", "UCT", "Universal", "Zulu", "Greenwich"})


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Every name of the tz database by its lower-case form, from the list in the tzdata package.

    Names are looked up here before a file is opened, so that no text of a device ever becomes a path. `Factory`, the
    database's word for "not set", is left out.
    """
    listed = (pkgutil.get_data("tzdata", "zones") or b"").decode("ascii").split()
    return {name.lower(): name for name in listed if name != "Factory"}


@lru_cache(maxsize=64)
def _zone_info(zone: str) -> ZoneInfo:
    if _names().get(zone.lower()) != zone:
        raise UnknownZone(zone, _EXPECTED)
    return ZoneInfo(zone)


def _labelled(text: str, match: re.Match[str]) -> ResolvedZone:
    name = _names().get(match["code"].lower())
    if name is None:
        raise UnknownZone(text, _EXPECTED)
    fixed, label = fixed_offset_minutes(name), _label_minutes(match["offset"])
    warning = None
    if fixed is not None and fixed != label:
        warning = f"The label of '{_shown(text)}' disagrees with its code; {name} is {offset_text(fixed)}."
    return ResolvedZone(name=name, text=text, coding=ZoneCoding.ETC_LABEL, warning=warning)


@lru_cache(maxsize=64)
def _fixed_offset_s(zone: str) -> int | None:
    minutes = fixed_offset_minutes(_zone_info(zone).key)
    return None if minutes is None else minutes * 60


@lru_cache(maxsize=1024)
def _steady_offset_s(zone: str, day: int) -> int | None:
    """The offset on a whole day (counted from 1970), None when clocks change on it; kept, because asking is slow.

    Asked at every full hour, and at the end of the day for the second of two equal times: clocks that go back at
    midnight repeat an hour of the day before.
    """
    fixed_s = _fixed_offset_s(zone)
    if fixed_s is not None:
        return fixed_s
    midnight, offset = _EPOCH + timedelta(days=day), _zone_info(zone).utcoffset
    last = offset(midnight.replace(hour=23, minute=59, second=59, fold=1)) or timedelta()
    if any(offset(midnight + hour) != last for hour in _HOURS):
        return None
    return last.days * 86_400 + last.seconds


def _offset_s(aware: datetime) -> int:
    offset = aware.utcoffset() or timedelta()
    return offset.days * 86_400 + offset.seconds


def offset_text(minutes: int) -> str:
    """`UTC+01:00` for 60 minutes east."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:_SHOWN_LENGTH])


def _label_minutes(offset: str | None) -> int:
    return _minutes(*offset.split(":")) if offset else 0


def _minutes(hours: str, minutes: str) -> int:
    size = int(hours[1:]) * 60 + int(minutes)
    return -size if hours[0] == "-" else size


def _fixed_name(text: str, match: re.Match[str]) -> str:
    name = offset_zone(_minutes(match["short"] or match["hours"], match["minutes"] or "0"))
    if name is None:
        raise UnknownZone(text, _ONLY_WHOLE_HOURS)
    return name
