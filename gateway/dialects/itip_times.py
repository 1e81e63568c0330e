"""Dates, times and durations of iCalendar to the texts of the profile and to instants; zones are `itip_zones`'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.dialects.itip_lines import Component, Property
from gateway.dialects.itip_zones import Zones
from gateway.domain.occurrence import OriginalStart
from gateway.domain.zones import to_local, to_utc_s
from gateway.errors import BadPayload, FieldProblem

_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", re.ASCII)
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,7})S)?)?",
    re.ASCII,
)
MOST_MOMENTS = 200
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


@dataclass(frozen=True, slots=True)
class Moment:
    """One time as it was sent: `local` is wall-clock time, or UTC when `tzid` is `UTC`; None is floating time."""

    local: datetime
    tzid: str | None
    is_date: bool

    def text(self) -> str:
        """As the profile reads it: with Z for UTC, without for everything else."""
        return f"{self.local.isoformat()}{'Z' if self.tzid == 'UTC' else ''}"

    def instant(self, zones: Zones) -> int | None:
        """Seconds since 1970; None where only the device's own zone could tell."""
        if self.tzid is None:
            return None
        name = zones.name_of(self.tzid)
        return None if name is None else to_utc_s(self.local, name)[0]

    def original(self, zones: Zones) -> OriginalStart:
        """The moment as that of an occurrence by the rule."""
        instant = self.instant(zones)
        return self.local if instant is None else instant


def read_moments(prop: Property) -> list[Moment]:
    """Every moment of a property (DATE or DATE-TIME, several with commas between); `BadPayload` naming it."""
    if prop.value.count(",") >= MOST_MOMENTS:
        raise problem(prop.name, f"names more than {MOST_MOMENTS} times")
    is_date = prop.params.get("VALUE", "").upper() == "DATE"
    tzid = prop.params.get("TZID", "").strip()
    return [_moment(prop.name, text.strip(), tzid or None, is_date) for text in prop.value.split(",")]


def read_moment(event: Component, name: str) -> Moment | None:
    """The one moment of a property; None when it is not there."""
    prop = event.one(name)
    if prop is None:
        return None
    found = read_moments(prop)
    if len(found) != 1:
        raise problem(name, "must be one time")
    return found[0]


def read_end(event: Component, start: Moment, zones: Zones) -> str | None:
    """When the meeting ends, as the profile reads it: of DTEND or DURATION; None when neither is there."""
    end, length = read_moment(event, "DTEND"), event.one("DURATION")
    if end is not None:
        if length is not None:
            raise problem("DURATION", "cannot be sent together with DTEND; send one of the two")
        return _end_text(start, end, zones)
    if length is None:
        return None
    nominal, exact = read_duration("DURATION", length.value)
    if nominal < timedelta() or exact < timedelta():
        raise problem("DURATION", "must not be negative")
    end = Moment(start.local + nominal, start.tzid, start.is_date)
    instant = end.instant(zones) if exact else None
    if instant is None:
        return Moment(end.local + exact, end.tzid, end.is_date).text()
    return f"{to_local(instant + exact // timedelta(seconds=1), 'UTC').isoformat()}Z"


def read_duration(name: str, text: str) -> tuple[timedelta, timedelta]:
    """Days by the calendar and exact time of a DURATION (RFC 5545, section 3.3.6); `BadPayload` naming `name`."""
    match = _DURATION.fullmatch(text.strip().upper())
    if match is None or not any(match[part] for part in ("weeks", "days", "hours", "minutes", "seconds")):
        raise problem(name, "must be a duration such as PT1H30M")
    count = {part: int(match[part] or 0) for part in ("weeks", "days", "hours", "minutes", "seconds")}
    nominal = timedelta(weeks=count["weeks"], days=count["days"])
    exact = timedelta(hours=count["hours"], minutes=count["minutes"], seconds=count["seconds"])
    if max(nominal, exact) > timedelta(days=3660):
        raise problem(name, "is too long")
    return (-nominal, -exact) if match["sign"] == "-" else (nominal, exact)


def problem(name: str, reason: str) -> BadPayload:
    """The error that names one property."""
    return BadPayload([FieldProblem(name, reason)])


def _end_text(start: Moment, end: Moment, zones: Zones) -> str:
    """An end in another zone than the start is sent on as an instant."""
    if end.is_date != start.is_date:
        raise problem("DTEND", "must be a date when DTSTART is one, and a time when DTSTART is one")
    if end.tzid == start.tzid or end.tzid == "UTC":
        return end.text()
    instant = end.instant(zones)
    if instant is None:
        raise problem("DTEND", "needs the same TZID as DTSTART, or one that is known")
    return f"{to_local(instant, 'UTC').isoformat()}Z"


def _moment(name: str, text: str, tzid: str | None, is_date: bool) -> Moment:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise problem(name, "must be a date such as 20240429 or a time such as 20240429T100000")
    year, month, day, hour, minute, second, zulu = match.groups()
    if is_date and hour is not None:
        raise problem(name, "says VALUE=DATE but is a time")
    # A leap second has no place of its own in a calendar.
    clock = "00:00:00" if hour is None else f"{hour}:{minute}:{min(int(second), 59):02d}"
    try:
        local = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}")
    except ValueError as error:
        raise problem(name, "is no day or time of the calendar") from error
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        raise problem(name, f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if hour is None:
        return Moment(local, None, True)
    return Moment(local, "UTC" if zulu else tzid, False)
