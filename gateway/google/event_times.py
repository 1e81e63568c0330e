"""The times and the rule of a meeting as Google's events have them, and the instants of theirs; pure, no calls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from gateway.domain.meeting import Meeting, Repeat
from gateway.domain.zones import UnknownZone, to_local, to_utc_s

_HOUR_S = 3600
_DAY_S = 86_400
_LONGEST_LOOK_AHEAD_DAYS = 5 * 366
_WEST_MOST, _EAST_MOST = -12, 14
"""The fixed zones that tzdata has, as hours ahead of UTC."""


def event_times(meeting: Meeting, *, other_zone: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """Return `start` and `end` (discovery document, `EventDateTime`).

    Times are wall-clock times without offset together with the zone's IANA name, on both ends: an offset alone loses
    the zone, and a series must be expanded in it. Whole days are dates, the end is the first day that is free again.
    With `other_zone`, the zone's name is replaced by a fixed zone where that changes no instant.
    """
    zone = _fixed_zone(meeting) if other_zone else meeting.zone
    if meeting.all_day:
        first = meeting.start_local.date()
        after = max(meeting.end_local.date(), first + timedelta(days=1))
        # A date has no zone, but the rule of a series is expanded in one.
        return {"date": first.isoformat(), "timeZone": zone}, {"date": after.isoformat(), "timeZone": zone}
    if zone != meeting.zone:
        start, end = (to_local(moment, zone) for moment in (meeting.start_utc_s, meeting.end_utc_s))
        return (
            {"dateTime": start.isoformat(timespec="seconds"), "timeZone": zone},
            {"dateTime": end.isoformat(timespec="seconds"), "timeZone": zone},
        )
    return (
        {"dateTime": _moment(meeting.start_local, meeting.start_utc_s, zone), "timeZone": zone},
        {"dateTime": _moment(meeting.end_local, meeting.end_utc_s, zone), "timeZone": zone},
    )


def rule_line(repeat: Repeat, meeting: Meeting, *, other_form: bool = False) -> str:
    """Write RFC 5545's RRULE. A timed series needs UNTIL in UTC, one of whole days needs the day (3.3.10).

    Google answers "Invalid recurrence rule." to anything else; `other_form` writes the end of whole days in UTC too.
    """
    parts = [f"FREQ={repeat.frequency.value.upper()}"]
    if repeat.interval > 1:
        parts.append(f"INTERVAL={repeat.interval}")
    if repeat.count is not None:
        parts.append(f"COUNT={repeat.count}")
    elif repeat.until_utc_s is not None and meeting.all_day and not other_form:
        parts.append(f"UNTIL={to_local(repeat.until_utc_s, meeting.zone):%Y%m%d}")
    elif repeat.until_utc_s is not None:
        parts.append(f"UNTIL={datetime.fromtimestamp(repeat.until_utc_s, UTC):%Y%m%dT%H%M%SZ}")
    if repeat.weekdays:
        parts.append(f"BYDAY={','.join(repeat.weekdays)}")
    return "RRULE:" + ";".join(parts)


def instant_s(value: object, zone: str = "UTC") -> int | None:
    """Return the instant of a `start`, an `end` or an `originalStartTime` (seconds since 1970).

    A date alone is the beginning of that day in `zone`, as is a time that names neither an offset nor a zone. None
    when it cannot be read.
    """
    if not isinstance(value, dict):
        return None
    moment, day, named = value.get("dateTime"), value.get("date"), value.get("timeZone")
    try:
        if isinstance(moment, str) and moment:
            read = datetime.fromisoformat(moment)
            if read.tzinfo is not None:
                return int(read.timestamp())
            return to_utc_s(read, named if isinstance(named, str) and named else zone)[0]
        if isinstance(day, str) and day:
            return to_utc_s(datetime.combine(date.fromisoformat(day), datetime.min.time()), zone)[0]
    except (ValueError, OverflowError, UnknownZone):
        return None
    return None


def _moment(local: datetime, utc_s: int, zone: str) -> str:
    """Write a wall-clock time, with its offset only where it comes twice and the second one is meant."""
    first_s, remark = to_utc_s(local, zone)
    if remark == "fold" and utc_s != first_s:
        local = local.replace(tzinfo=timezone(local - to_local(utc_s, "UTC")))
    return local.isoformat(timespec="seconds")


def _fixed_zone(meeting: Meeting) -> str:
    """Return a zone that every calendar knows and in which nothing of the meeting falls at another instant.

    A series whose zone changes its clocks has none: its own zone is returned.
    """
    if meeting.all_day:
        return "UTC"
    ahead_s = _ahead_s(meeting.start_utc_s, meeting.zone)
    if meeting.repeat is not None and not _always(ahead_s, meeting, meeting.repeat):
        return meeting.zone
    hours, rest = divmod(ahead_s, _HOUR_S)
    if rest or not _WEST_MOST <= hours <= _EAST_MOST:
        return "UTC" if meeting.repeat is None else meeting.zone
    # The sign of these names is the other way round: Etc/GMT-1 is one hour ahead of UTC.
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"


def _always(ahead_s: int, meeting: Meeting, repeat: Repeat) -> bool:
    """Whether the clocks of the meeting's zone stay as they are, as long as the series lasts and for five years."""
    days = _LONGEST_LOOK_AHEAD_DAYS
    if repeat.until_utc_s is not None:
        days = min(days, max((repeat.until_utc_s - meeting.start_utc_s) // _DAY_S + 1, 1))
    return all(_ahead_s(meeting.start_utc_s + day * _DAY_S, meeting.zone) == ahead_s for day in range(0, days + 1, 7))


def _ahead_s(utc_s: int, zone: str) -> int:
    return int((to_local(utc_s, zone) - to_local(utc_s, "UTC")).total_seconds())
