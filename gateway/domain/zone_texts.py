"""How each coding reads a zone text; which codings are tried, and in which order, is decided in `zones`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from gateway.domain.zone_posix import posix_zone, zone_at
from gateway.domain.zone_tables import CISCO_PHONE, GIGASET, P64_PLACES, SNOM
from gateway.domain.zone_words import UnknownZone, ZoneCoding

Reader = Callable[[str], str | None]
"""The IANA zone of a text; None when it is not written in this coding, `UnknownZone` when it is but means none."""

_CLOCK = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})? ?"
_OFFSET_TEXT = re.compile(
    rf"(?:{_CLOCK})?(?:(?P<zulu>Z)|(?:UTC|GMT)(?P<short>[+-]\d{{1,2}})"
    r"|(?:UTC|GMT)?(?P<hours>[+-]\d{1,2}(?=:)|[+-]\d{2}):?(?P<minutes>[0-5]\d))",
    re.ASCII,
)
_WHOLE = re.compile(r"[+-]?\d{1,6}", re.ASCII)
_HOURS = re.compile(
    r"(?P<sign>[+-]?)(?P<hours>\d{1,2})(?:\.(?P<part>0|00|5|50|25|75)|:(?P<minutes>[0-5]\d))?", re.ASCII
)
_HUNDREDTHS = {"0": 0, "00": 0, "5": 30, "50": 30, "25": 15, "75": 45}
_TRAILING_NUMBER = re.compile(r" \d{1,3}$", re.ASCII)
_CUSTOM_WINDOWS = frozenset({"customized time zone", "tzone://microsoft/custom"})
_P64_SPECIAL = {
    "AUTO": "it leaves the zone to the network (DHCP option 2, setting P143); set a zone on the device, or set its "
    "time zone here",
    "CUSTOMIZE": "it stands for the text in the setting P246; send that text, or set the device's time zone here",
}


def clock_offset(text: str) -> str | None:
    """`+0800`, `UTC+8`, `Z`, also behind the clock time of a device."""
    match = _OFFSET_TEXT.fullmatch(text)
    if match is None:
        return None
    if match["zulu"]:
        return "UTC"
    hours = match["short"] or match["hours"]
    size = int(hours[1:]) * 60 + int(match["minutes"] or "0")
    return zone_at(text, -size if hours[0] == "-" else size)


def _p64(text: str) -> str | None:
    code = text.upper()
    if code in _P64_SPECIAL:
        raise UnknownZone(text, _P64_SPECIAL[code])
    return P64_PLACES.get(code) or posix_zone(text)


def _p64_number(text: str) -> str | None:
    return zone_at(text, int(text) - 720) if _WHOLE.fullmatch(text) else None


def _windows(text: str) -> str | None:
    name = " ".join(text.replace("_", " ").split()).lower()
    if name in _CUSTOM_WINDOWS:
        raise UnknownZone(text, "it names no zone; send the zone by its Windows or IANA name, or set it here")
    known = _windows_names()
    return known.get(name) or known.get(_TRAILING_NUMBER.sub("", name))


def _cisco(text: str) -> str | None:
    return _folded_cisco().get(text.lower())


def _gigaset(text: str) -> str | None:
    if not re.fullmatch(r"0[xX][0-9A-Fa-f]{1,2}", text, re.ASCII):
        return None
    minutes = GIGASET.get(int(text, 16))
    if minutes is None:
        raise UnknownZone(text, "it is no known line of the list of Gigaset bases; set the device's time zone here")
    return zone_at(text, minutes)


def _snom(text: str) -> str | None:
    return SNOM.get(text.upper())


def _hours(text: str) -> str | None:
    match = _HOURS.fullmatch(text)
    if match is None:
        return None
    size = int(match["hours"]) * 60 + int(match["minutes"] or 0) + _HUNDREDTHS.get(match["part"] or "0", 0)
    return zone_at(text, -size if match["sign"] == "-" else size)


def _counted(numerator: int, denominator: int = 1) -> Reader:
    """Read a whole number of which `denominator` make `numerator` minutes east."""

    def read(text: str) -> str | None:
        if not _WHOLE.fullmatch(text):
            return None
        minutes, rest = divmod(int(text) * numerator, denominator)
        if rest:
            raise UnknownZone(text, "it is no whole number of minutes")
        return zone_at(text, minutes)

    return read


READERS: Mapping[ZoneCoding, Reader] = {
    ZoneCoding.GRANDSTREAM_P64: _p64,
    ZoneCoding.POSIX: posix_zone,
    ZoneCoding.OFFSET_TEXT: clock_offset,
    ZoneCoding.CISCO_PHONE: _cisco,
    ZoneCoding.WINDOWS: _windows,
    ZoneCoding.SNOM: _snom,
    ZoneCoding.GIGASET_INDEX: _gigaset,
    ZoneCoding.P64_MINUTES_720: _p64_number,
    ZoneCoding.OFFSET_HOURS: _hours,
    ZoneCoding.OFFSET_MINUTES: _counted(1),
    ZoneCoding.OFFSET_SECONDS: _counted(1, 60),
    ZoneCoding.OFFSET_MINUTES_NEGATED: _counted(-1),
    ZoneCoding.QUARTER_HOURS: _counted(15),
}
"""All codings but the names of the tz database, which come first of all; the order is that of trying."""


@lru_cache(maxsize=1)
def _windows_names() -> dict[str, str]:
    """Windows names in lower case, each with the zone that CLDR gives it where no country is said."""
    from tzlocal.windows_tz import win_tz

    return {name.lower(): zone for name, zone in win_tz.items()}


@lru_cache(maxsize=1)
def _folded_cisco() -> dict[str, str]:
    return {name.lower(): zone for name, zone in CISCO_PHONE.items()}
