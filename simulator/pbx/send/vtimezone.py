"""A time zone as iCalendar text (VTIMEZONE, RFC 5545 section 3.6.5), written from the rules of one year."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def vtimezone(tzid: str, zone: ZoneInfo, year: int) -> list[str]:
    """The lines of the component, good for that year and later; the rules are those of the year before it."""
    changes = _changes(zone, year - 1)
    if not changes:
        offset = datetime(year, 1, 1, tzinfo=zone).utcoffset() or timedelta(0)
        first = datetime.fromisoformat("1970-01-01T00:00:00")
        parts = _part("STANDARD", first, offset, offset, "")
    else:
        parts = [line for change in changes for line in _changed(zone, change)]
    return ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *parts, "END:VTIMEZONE"]


def _changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The instants of that year at which the offset becomes another one, to the minute."""
    found = []
    day, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while day < end:
        later = day + timedelta(days=1)
        if _offset(day, zone) != _offset(later, zone):
            found.append(_exactly(day, later, zone))
        day = later
    return found


def _exactly(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if _offset(middle, zone) == _offset(before, zone) else (before, middle)
    return after


def _changed(zone: ZoneInfo, change: datetime) -> list[str]:
    before, after = _offset(change - timedelta(minutes=1), zone), _offset(change, zone)
    local = (change + before).replace(tzinfo=None)
    kind = "DAYLIGHT" if after > before else "STANDARD"
    week = (local.day - 1) // 7 + 1
    last = local.day + 7 > monthrange(local.year, local.month)[1]
    rule = f"RRULE:FREQ=YEARLY;BYMONTH={local.month};BYDAY={-1 if last else week}{_DAYS[local.weekday()]}"
    return _part(kind, local, before, after, rule)


def _part(kind: str, start: datetime, before: timedelta, after: timedelta, rule: str) -> list[str]:
    lines = [
        f"BEGIN:{kind}",
        f"DTSTART:{start:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{_text(before)}",
        f"TZOFFSETTO:{_text(after)}",
        rule,
        f"END:{kind}",
    ]
    return [line for line in lines if line]


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _text(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
