"""POSIX time zone strings to living IANA zones; which devices write them, and their codes, are not known here."""

from __future__ import annotations

import io
import re
import struct
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.domain.zone_changes import next_change
from gateway.domain.zone_words import AWARE_EPOCH, UnknownZone, offset_text, offset_zone, zone_info

# A name, an offset with its sign turned round; then summer time, its offset, and when it begins and ends.
_NAME = r"(?:[A-Za-z]{3,10}|<[A-Za-z0-9+-]{3,10}>)"
_OFFSET = r"[+-]?\d{1,2}(?::[0-5]\d){0,2}"
_DAY = r"(?:M\d{1,2}\.[1-5]\.[0-6]|J?\d{1,3})"
_TIME = r"[+-]?\d{1,3}(?::[0-5]\d){0,2}"
_TEXT = re.compile(
    rf"(?P<name>{_NAME})(?P<offset>{_OFFSET})"
    rf"(?:(?P<summer>{_NAME})(?P<east>{_OFFSET})?(?P<rule>,{_DAY}(?:/{_TIME})?,{_DAY}(?:/{_TIME})?)?)?",
    re.ASCII,
)

HALF_HOUR_ZONES = {
    -570: "Pacific/Marquesas",
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    525: "Australia/Eucla",
    570: "Australia/Darwin",
}
"""Offsets that are no whole hours have no name of their own; these regions keep them all year (minutes east)."""

WITHOUT_RULE = {
    "PST8PDT": "America/Los_Angeles",
    "MST7MDT": "America/Denver",
    "CST6CDT": "America/Chicago",
    "EST5EDT": "America/New_York",
    "AST4ADT": "America/Halifax",
    "AKST9AKDT": "America/Anchorage",
}
"""Summer time without a rule: POSIX leaves its dates open. In use are only these, and all mean the American dates."""

CANDIDATES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Athens",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "America/Halifax",
    "America/St_Johns",
    "America/Miquelon",
    "America/Nuuk",
    "America/Havana",
    "America/Santiago",
    "Pacific/Easter",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Norfolk",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Africa/Cairo",
    "Atlantic/Azores",
    "Antarctica/Troll",
)
"""One zone for each rule that is in force somewhere, the best known first."""

_FIRST_S = int(datetime(2024, 1, 1, tzinfo=AWARE_EPOCH.tzinfo).timestamp())
_LAST_S = int(datetime(2031, 1, 1, tzinfo=AWARE_EPOCH.tzinfo).timestamp())
_PROBES = (14 * 86_400, 196 * 86_400)
_NO_RULE = "it has a summer time but not when that begins and ends; send the rule too, or an IANA name"
_NOT_WHOLE = "no zone of today has this offset; send an IANA name such as 'Asia/Kolkata'"


@lru_cache(maxsize=256)
def posix_zone(text: str) -> str | None:
    """The IANA zone of a POSIX string, None when the text is none; `UnknownZone` when no zone of today keeps its rule.

    Without summer time it is the fixed zone of the offset (the letters mean nothing), or the region of
    `HALF_HOUR_ZONES`. With summer time it is the zone of `CANDIDATES` whose clocks change at the same instants in the
    years 2024 to 2030; of several the one with the same letters (`GMT0IST` is Dublin, `GMT0BST` London), else the
    first. Anything else would be off for part of the year, so that it is refused.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    minutes, seconds = divmod(-_seconds(match["offset"]), 60)
    if not match["summer"]:
        if seconds:
            raise UnknownZone(text, _NOT_WHOLE)
        return zone_at(text, minutes)
    if not match["rule"]:
        name = WITHOUT_RULE.get(text.upper())
        if name is None:
            raise UnknownZone(text, _NO_RULE)
        return name
    try:
        rules = _rules_of(text)
    except ValueError as error:
        raise UnknownZone(text, "it is no POSIX time zone: a number in it is out of range") from error
    found = [name for name in CANDIDATES if _same_clock(name, rules)]
    if not found:
        raise UnknownZone(
            text,
            f"no zone of today changes its clocks as this rule says ({offset_text(minutes)} in winter); "
            "if the device is set to an old rule, set a region on it, or set its time zone here",
        )
    letters = {match["name"].strip("<>").upper(), match["summer"].strip("<>").upper()}
    return next((name for name in found if _letters(name) == letters), found[0])


def zone_at(text: str, minutes: int) -> str:
    """The zone that lies `minutes` east of UTC all year; `UnknownZone` naming `text` when there is none."""
    name = offset_zone(minutes) or HALF_HOUR_ZONES.get(minutes)
    if name is None:
        raise UnknownZone(text, _NOT_WHOLE)
    return name


def _seconds(clock: str) -> int:
    hours, minutes, seconds = ([int(part) for part in clock.lstrip("+-").split(":")] + [0, 0])[:3]
    size = hours * 3600 + minutes * 60 + seconds
    return -size if clock[0] == "-" else size


def _rules_of(text: str) -> ZoneInfo:
    """The standard library's own reading of a POSIX string: as the footer of a TZif file (RFC 8536) without times."""
    header = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    block = header + struct.pack(">lbb4s", 0, 0, 0, b"UTC\0")
    return ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + text.encode("ascii") + b"\n"))


def _same_clock(name: str, rules: ZoneInfo) -> bool:
    """Whether clocks by `rules` change when those of a candidate do, and to the same time.

    A rule changes clocks twice a year, as each candidate does: when all changes of the candidate are the rule's too,
    it has no others.
    """
    if any(_offset(zone_info(name), _FIRST_S + probe) != _offset(rules, _FIRST_S + probe) for probe in _PROBES):
        return False
    return all(_offset(rules, at) == offset for at, offset in _clock(name))


@lru_cache(maxsize=len(CANDIDATES))
def _clock(name: str) -> tuple[tuple[int, timedelta | None], ...]:
    """The offsets of a zone just before and at each of its changes."""
    found: list[tuple[int, timedelta | None]] = []
    at = next_change(name, _FIRST_S, _LAST_S)
    while at is not None:
        found += [(instant, _offset(zone_info(name), instant)) for instant in (at - 1, at)]
        at = next_change(name, at, _LAST_S)
    return tuple(found)


def _letters(name: str) -> set[str | None]:
    middays = (AWARE_EPOCH + timedelta(seconds=_FIRST_S + probe) for probe in _PROBES)
    return {midday.astimezone(zone_info(name)).tzname() for midday in middays}


def _offset(rules: ZoneInfo, utc_s: int) -> timedelta | None:
    return (AWARE_EPOCH + timedelta(seconds=utc_s)).astimezone(rules).utcoffset()
