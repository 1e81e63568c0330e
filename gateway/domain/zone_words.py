"""The words about time zones that all `zone_*` modules share: codings, names, offsets; no text is interpreted here."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

_SHOWN_LENGTH = 64
_FIXED = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>\d{1,2})", re.ASCII)
_ZERO = frozenset({"UTC", "GMT", "GMT0", "GMT+0", "GMT-0", "UCT", "Universal", "Zulu", "Greenwich"})

AWARE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXPECTED = "send an IANA name such as 'Europe/Paris' or a code such as 'Etc/GMT-1' (which is UTC+01:00)"


class ZoneCoding(StrEnum):
    """How a zone text names its zone. A profile says which ones its devices use."""

    IANA = "iana"
    """`Europe/Paris`, `Etc/GMT-1`, and the older aliases of the tz database."""
    ETC_LABEL = "etc_label"
    """`(UTC+01:00) Etc/GMT-1`: the code counts, the label in front does not."""
    OFFSET_TEXT = "offset_text"
    """`+0800`, `+08:00`, `UTC+8`, `GMT+08:00`, the same behind a clock time, `Z`: plus is east."""
    POSIX = "posix"
    """`EST5EDT,M3.2.0,M11.1.0` (POSIX.1, section 8.3): plus is west."""
    GRANDSTREAM_P64 = "grandstream_p64"
    """`TZO-1`, `CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00`: POSIX, with a few codes that have no rule."""
    P64_MINUTES_720 = "p64_minutes_720"
    """`780`: 720 plus the minutes east of UTC (older HandyTone and GXP firmware)."""
    WINDOWS = "windows"
    """`W. Europe Standard Time`, also `China_Standard_Time` and `Eastern Standard Time 1`."""
    OFFSET_HOURS = "offset_hours"
    """`-5`, `+5:30`, `5.5`: hours east."""
    OFFSET_MINUTES = "offset_minutes"
    """`60`: minutes east."""
    OFFSET_SECONDS = "offset_seconds"
    """`3600`: seconds east."""
    OFFSET_MINUTES_NEGATED = "offset_minutes_negated"
    """`-60` for UTC+01:00: minutes west."""
    QUARTER_HOURS = "quarter_hours"
    """`4` for UTC+01:00: quarter hours east."""
    GIGASET_INDEX = "gigaset_index"
    """`0x1B`: a line of the list of Gigaset bases."""
    SNOM = "snom"
    """`GER+1`: a country and the hours east of its standard time."""
    CISCO_PHONE = "cisco_phone"
    """`Central Europe Standard/Daylight Time`: looks like a Windows name but is none."""


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
        self.text = shown(text)
        self.reason = reason
        super().__init__(f"unknown time zone '{self.text}': {reason}")


def shown(text: str) -> str:
    """The text as it may stand in a message: short and printable."""
    return "".join(c if c.isprintable() else "?" for c in text[:_SHOWN_LENGTH])


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Every name of the tz database by its lower-case form, from the list in the tzdata package.

    Names are looked up here before a file is opened, so that no text of a device ever becomes a path. `Factory`, the
    database's word for "not set", is left out.
    """
    listed = (pkgutil.get_data("tzdata", "zones") or b"").decode("ascii").split()
    return {name.lower(): name for name in listed if name != "Factory"}


@lru_cache(maxsize=64)
def zone_info(zone: str) -> ZoneInfo:
    """The rules of an IANA zone; `UnknownZone` for a name that is not written as in the tz database."""
    if names().get(zone.lower()) != zone:
        raise UnknownZone(zone, EXPECTED)
    return ZoneInfo(zone)


def offset_s_at(zone: str, utc_s: int) -> int:
    """Seconds east of UTC on the clocks of an IANA zone at an instant."""
    offset = (AWARE_EPOCH + timedelta(seconds=utc_s)).astimezone(zone_info(zone)).utcoffset() or timedelta()
    return offset.days * 86_400 + offset.seconds


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


def offset_text(minutes: int) -> str:
    """`UTC+01:00` for 60 minutes east."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
