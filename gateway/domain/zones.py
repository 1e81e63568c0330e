"""What a device's zone text means, and wall-clock time to UTC and back; the machine's own zone is never asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from gateway.domain.zone_changes import drift, drift_advice, next_change
from gateway.domain.zone_texts import READERS
from gateway.domain.zone_words import (
    AWARE_EPOCH,
    EXPECTED,
    ResolvedZone,
    UnknownZone,
    ZoneCoding,
    fixed_offset_minutes,
    names,
    offset_s_at,
    offset_text,
    offset_zone,
    shown,
    zone_info,
)

__all__ = [
    "Remark",
    "ResolvedZone",
    "UnknownZone",
    "ZoneCoding",
    "drift",
    "drift_advice",
    "fixed_offset_minutes",
    "next_change",
    "offset_s_at",
    "offset_text",
    "offset_zone",
    "resolve",
    "to_local",
    "to_utc_s",
]

_EPOCH = AWARE_EPOCH.replace(tzinfo=None)
_SECOND = timedelta(seconds=1)
_HOURS = tuple(timedelta(hours=hour) for hour in range(24))
_LONGEST_TEXT = 128
_LABEL = re.compile(r"\((?:UTC|GMT)(?P<offset>[+-]\d{1,2}:\d{2})?\) ?(?P<code>\S+)", re.ASCII)
_USUAL = frozenset({ZoneCoding.IANA, ZoneCoding.ETC_LABEL, ZoneCoding.OFFSET_TEXT})

Remark = Literal["gap", "fold"]


def resolve(
    text: str, codings: Collection[ZoneCoding] | None = None, aliases: Mapping[str, str] | None = None
) -> ResolvedZone:
    """The zone that `text` means, or `UnknownZone`; never a guess.

    `Etc/GMT-1` is UTC+01:00: the sign of these names is turned round (tz database, file `etcetera`). Upper and lower
    case do not matter. Only `codings` are tried, by default names, labels and offset texts. A text that two of them
    read as different clocks is refused. `aliases` are what the owner or the profile says a text means, each an IANA
    name; they win over everything.
    """
    if aliases and (meant := aliases.get(text.strip())) is not None:
        return _alias(text.strip(), meant)
    if codings is None:
        codings = _USUAL
    return _resolved(text, codings if isinstance(codings, frozenset) else frozenset(codings))


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
    aware = local.replace(tzinfo=zone_info(zone), fold=0)
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
    aware = (AWARE_EPOCH + timedelta(seconds=utc_s)).astimezone(zone_info(zone))
    return aware.replace(tzinfo=None, fold=0)


_EARLIEST_S = (datetime(2, 1, 1, tzinfo=UTC) - AWARE_EPOCH) // _SECOND
_LATEST_S = (datetime(9999, 1, 1, tzinfo=UTC) - AWARE_EPOCH) // _SECOND
_IN_WINTER_S = (datetime(2026, 1, 15, tzinfo=UTC) - AWARE_EPOCH) // _SECOND
_IN_SUMMER_S = (datetime(2026, 7, 15, tzinfo=UTC) - AWARE_EPOCH) // _SECOND


@lru_cache(maxsize=512)
def _resolved(text: str, codings: frozenset[ZoneCoding]) -> ResolvedZone:
    wanted = text.strip()
    if len(text) > _LONGEST_TEXT or not wanted.isascii():
        raise UnknownZone(text, EXPECTED)
    if ZoneCoding.IANA in codings and (name := names().get(wanted.lower())) is not None:
        return ResolvedZone(name=name, text=wanted, coding=ZoneCoding.IANA)
    if ZoneCoding.ETC_LABEL in codings and (match := _LABEL.fullmatch(wanted)):
        return _labelled(wanted, match)
    readings = _readings(wanted, codings)
    if not readings:
        raise UnknownZone(text, EXPECTED)
    if len({_clock_of(zone.name) for zone in readings}) > 1:
        said = " or ".join(f"{zone.name} ({zone.coding})" for zone in readings)
        raise UnknownZone(text, f"it can mean {said}; name one coding for this device, or send an IANA name")
    return readings[0]


def _readings(wanted: str, codings: frozenset[ZoneCoding]) -> list[ResolvedZone]:
    """Every meaning of the text, in the order of trust; the reason of a coding that refuses it when there is none."""
    found, refused = [], None
    for coding, read in READERS.items():
        if coding not in codings:
            continue
        try:
            name = read(wanted)
        except UnknownZone as unknown:
            refused = refused or unknown
            continue
        if name is not None:
            found.append(ResolvedZone(name=name, text=wanted, coding=coding))
    if refused is not None and not found:
        raise refused
    return found


def _clock_of(zone: str) -> tuple[int, int]:
    """The offset on two days, which tells zones apart that two codings may have taken for one another."""
    return offset_s_at(zone, _IN_WINTER_S), offset_s_at(zone, _IN_SUMMER_S)


def _alias(text: str, meant: str) -> ResolvedZone:
    name = names().get(meant.lower())
    if name is None:
        raise UnknownZone(
            meant, f"it is set as the meaning of '{shown(text)}'; set an IANA name such as 'Europe/Paris'"
        )
    return ResolvedZone(name=name, text=text, coding=ZoneCoding.IANA)


def _labelled(text: str, match: re.Match[str]) -> ResolvedZone:
    name = names().get(match["code"].lower())
    if name is None:
        raise UnknownZone(text, EXPECTED)
    fixed, label = fixed_offset_minutes(name), _label_minutes(match["offset"])
    warning = None
    if fixed is not None and fixed != label:
        warning = f"The label of '{shown(text)}' disagrees with its code; {name} is {offset_text(fixed)}."
    return ResolvedZone(name=name, text=text, coding=ZoneCoding.ETC_LABEL, warning=warning)


def _label_minutes(offset: str | None) -> int:
    if not offset:
        return 0
    hours, minutes = offset.split(":")
    size = int(hours[1:]) * 60 + int(minutes)
    return -size if hours[0] == "-" else size


@lru_cache(maxsize=64)
def _fixed_offset_s(zone: str) -> int | None:
    minutes = fixed_offset_minutes(zone_info(zone).key)
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
    midnight, offset = _EPOCH + timedelta(days=day), zone_info(zone).utcoffset
    last = offset(midnight.replace(hour=23, minute=59, second=59, fold=1)) or timedelta()
    if any(offset(midnight + hour) != last for hour in _HOURS):
        return None
    return last.days * 86_400 + last.seconds


def _offset_s(aware: datetime) -> int:
    offset = aware.utcoffset() or timedelta()
    return offset.days * 86_400 + offset.seconds
