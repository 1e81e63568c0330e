"""When a meeting is: from a device's times and zone to instants and wall-clock time; series are not read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from gateway.domain.zones import Remark, to_local, to_utc_s
from gateway.profiles.codings import Read, Refused
from gateway.profiles.findings import Findings, sent
from gateway.profiles.zone_choice import ClockEnd, End, Moment, ZoneField, chosen_zone, instant_of, named_zone

DAY_S = 86_400
YEAR_S = 366 * DAY_S
SHORTEST_S = 60
LONGEST_S = 14 * DAY_S
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_CLOCK_CHANGE = timedelta(hours=2)
_MIDNIGHT = time()

Named = tuple[str, Read]
"""A field's name and how it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFields:
    """Date and time of day in fields of their own. Without a date the end is on the day of the start, or on the next
    one when its time is not after the start's.
    """

    start_date: Named | None = None
    start_time: Named | None = None
    end_date: Named | None = None
    end_time: Named | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFields:
    """The fields of a shape that say when. `start_name` and `end_name` are those to blame; `default_s` is how long a
    meeting is whose length nobody says. Durations are read as seconds.
    """

    start: Named | None
    end: Named | None
    duration: Named | None
    default_s: int | None
    clock: ClockFields | None
    zone: ZoneField
    start_name: str
    end_name: str


class SeriesTimes(NamedTuple):
    """What holds for an occurrence of a series where the call says nothing: when it starts by the rule (seconds since
    1970, None when that is not known), how long it is, and the series' zone with the text the device sent for it.
    """

    start_utc_s: int | None
    length: timedelta
    zone: str
    zone_text: str | None


class Given(NamedTuple):
    """What is known beside the fields of the times."""

    device_zone: str | None
    now_s: int
    all_day: bool = False
    series: SeriesTimes | None = None


class When(NamedTuple):
    """See the fields of the same names in `Meeting`. `assumed_utc` says that nobody named a zone."""

    start_local: datetime
    end_local: datetime
    zone: str
    start_utc_s: int
    end_utc_s: int
    zone_text: str | None
    assumed_utc: bool


def read_when(fields: TimeFields, payload: Mapping[str, object], given: Given, findings: Findings) -> When | None:
    """When the meeting is, or None with the problems noted."""
    before = len(findings.problems)
    named = named_zone(fields.zone, payload, findings)
    start = _start(fields, payload, given, findings)
    end = _end(fields, payload, given, findings)
    if start is None or end is None or len(findings.problems) > before:
        return None
    if named is None and given.series is not None:
        zone, zone_text, assumed = given.series.zone, given.series.zone_text, False
    else:
        times = (fields.start_name, start, end)
        chosen, assumed = chosen_zone(fields.zone, named, given.device_zone, times, findings)
        if chosen is None:
            return None
        zone, zone_text = chosen, None if named is None else named.text
    if given.all_day:
        return _whole_days(fields, (start, end), zone, given.now_s, findings, zone_text, assumed)
    if isinstance(end, ClockEnd):
        clock_end = _on_the_clock(fields, end, start, zone, given.now_s, findings)
        if clock_end is None:
            return None
        end = clock_end
    start_utc_s, start_remark = instant_of(start, zone)
    end_utc_s, end_remark = (
        (start_utc_s + end // _SECOND, None) if isinstance(end, timedelta) else instant_of(end, zone)
    )
    _check(fields, start_utc_s, end_utc_s, given.now_s, findings)
    if len(findings.problems) > before:
        if start_remark == "gap":
            findings.problem(fields.start_name, f"does not exist in {zone}, because clocks go forward then")
        return None
    if start_remark is not None or end_remark is not None:
        _warn(fields.start_name, start, start_remark, zone, findings)
        _warn(fields.end_name, end, end_remark, zone, findings)
    start_local = _wall_clock(start, start_remark, start_utc_s, zone)
    end_local = _wall_clock(end, end_remark, end_utc_s, zone)
    return When(start_local, end_local, zone, start_utc_s, end_utc_s, zone_text, assumed)


def read_moment(
    field: Named, payload: Mapping[str, object], findings: Findings, *, all_day: bool = False
) -> Moment | None:
    """The moment in a field, or None with the problem noted; a plain date only for whole days."""
    name, read = field
    value = payload.get(name)
    if value is None or value == "":
        findings.problem(name, "is required")
        return None
    try:
        moment = read(value)
    except Refused as refused:
        findings.problem(name, str(refused))
        return None
    if isinstance(moment, (datetime, int)):
        return moment
    if isinstance(moment, date):
        if all_day:
            return datetime.combine(moment, _MIDNIGHT)
        findings.problem(name, "needs a time of day, unless the meeting lasts all day")
    return None


def _whole_days(
    fields: TimeFields,
    times: tuple[Moment, End],
    zone: str,
    now_s: int,
    findings: Findings,
    zone_text: str | None,
    assumed: bool,
) -> When | None:
    """From 00:00 of the first day to 00:00 of the day after the last; see `_last_midnight` for what the last day is."""
    start, end = times
    start_utc_s = instant_of(start, zone)[0]
    if not is_near(start_utc_s, now_s):
        findings.problem(fields.start_name, _TOO_FAR)
        return None
    first = _midnight(_wall_clock(start, None, start_utc_s, zone))
    last = _last_midnight(first, end, zone)
    if last is None or not _DAY <= last - first <= timedelta(seconds=LONGEST_S):
        findings.problem(fields.end_name, f"must make the meeting 1 to 14 days long from {fields.start_name} on")
        return None
    return When(first, last, zone, to_utc_s(first, zone)[0], to_utc_s(last, zone)[0], zone_text, assumed)


def _last_midnight(first: datetime, end: End, zone: str) -> datetime | None:
    """The 00:00 at which whole days end.

    A later 00:00 is that end itself, as in iCalendar; any other time lies within the last day, and a date alone is
    the last day. None for an end that is out of reach.
    """
    if isinstance(end, timedelta):
        # Days on which clocks change are an hour or two shorter or longer than 24.
        return first + max(1, -((_CLOCK_CHANGE - end) // _DAY)) * _DAY
    if isinstance(end, ClockEnd):
        if end.time is None and end.day is not None:
            return None if end.day.year == _LAST_YEAR else datetime.combine(end.day, _MIDNIGHT) + _DAY
        local = datetime.combine(end.day or first.date(), end.time or _MIDNIGHT)
    else:
        utc_s = instant_of(end, zone)[0]
        if not 0 <= utc_s < _YEAR_3000_S:
            return None
        local = _wall_clock(end, None, utc_s, zone)
    if local.year == _LAST_YEAR or local < first:
        return None
    midnight = _midnight(local)
    return local if local == midnight and local > first else midnight + _DAY


def _on_the_clock(
    fields: TimeFields, end: ClockEnd, start: Moment, zone: str, now_s: int, findings: Findings
) -> datetime | None:
    start_utc_s, remark = instant_of(start, zone)
    if not is_near(start_utc_s, now_s):
        findings.problem(fields.start_name, _TOO_FAR)
        return None
    if end.time is None:
        name = fields.clock.end_time[0] if fields.clock and fields.clock.end_time else fields.end_name
        findings.problem(name, "is required")
        return None
    local = _wall_clock(start, remark, start_utc_s, zone)
    if end.day is not None:
        return datetime.combine(end.day, end.time)
    same_day = datetime.combine(local.date(), end.time)
    return same_day if same_day > local else same_day + _DAY


def _start(fields: TimeFields, payload: Mapping[str, object], given: Given, findings: Findings) -> Moment | None:
    series = given.series
    if fields.start is not None:
        if series is not None and series.start_utc_s is not None and sent(payload, fields.start[0]) is None:
            return series.start_utc_s
        return read_moment(fields.start, payload, findings, all_day=given.all_day)
    if fields.clock is None or fields.clock.start_date is None:
        return None
    day = _part(fields.clock.start_date, payload, findings)
    clock_time = _part(fields.clock.start_time, payload, findings)
    if series is not None and series.start_utc_s is not None:
        if day is None and clock_time is None:
            return series.start_utc_s
        by_rule = to_local(series.start_utc_s, series.zone)
        day, clock_time = day or by_rule.date(), by_rule.time() if clock_time is None else clock_time
    if not isinstance(day, date):
        findings.problem(fields.start_name, "is required")
        return None
    if isinstance(clock_time, time) and not given.all_day:
        return datetime.combine(day, clock_time)
    if not given.all_day:
        name = fields.clock.start_time[0] if fields.clock.start_time else fields.start_name
        findings.problem(name, "is required")
        return None
    return datetime.combine(day, _MIDNIGHT)


def _end(fields: TimeFields, payload: Mapping[str, object], given: Given, findings: Findings) -> End | None:
    if fields.end is not None and fields.duration is None and given.series is None and not given.all_day:
        return read_moment(fields.end, payload, findings)
    said = _said_end(fields, payload)
    has_duration = fields.duration is not None and sent(payload, fields.duration[0]) is not None
    if said is not None and has_duration and fields.duration is not None:
        findings.problem(fields.duration[0], f"cannot be sent together with {said}; send one of the two")
        return None
    if fields.duration is not None and has_duration:
        seconds = read_moment(fields.duration, payload, findings)
        return timedelta(seconds=seconds) if isinstance(seconds, int) else None
    if said is None:
        return _unsaid_end(fields, given, findings)
    if fields.end is not None:
        return read_moment(fields.end, payload, findings, all_day=given.all_day)
    if fields.clock is None:
        return None
    before = len(findings.problems)
    day, clock_time = _part(fields.clock.end_date, payload, findings), _part(fields.clock.end_time, payload, findings)
    if len(findings.problems) > before:
        return None
    return ClockEnd(day if isinstance(day, date) else None, clock_time if isinstance(clock_time, time) else None)


def _said_end(fields: TimeFields, payload: Mapping[str, object]) -> str | None:
    """The name of the field that says when the meeting ends, if one was sent."""
    if fields.end is not None:
        return fields.end[0] if sent(payload, fields.end[0]) is not None else None
    if fields.clock is None:
        return None
    parts = (part[0] for part in (fields.clock.end_time, fields.clock.end_date) if part is not None)
    return next((name for name in parts if sent(payload, name) is not None), None)


def _unsaid_end(fields: TimeFields, given: Given, findings: Findings) -> timedelta | None:
    if given.series is not None:
        return given.series.length
    if fields.default_s is not None:
        return timedelta(seconds=fields.default_s)
    if given.all_day:
        return _DAY
    only_duration = fields.duration is not None and fields.duration[0] == fields.end_name
    other = "" if only_duration or fields.duration is None else f", or {fields.duration[0]} instead"
    findings.problem(fields.end_name, f"is required{other}")
    return None


def _part(field: Named | None, payload: Mapping[str, object], findings: Findings) -> date | time | None:
    value = None if field is None else sent(payload, field[0])
    if field is None or value is None:
        return None
    try:
        found = field[1](value)
    except Refused as refused:
        findings.problem(field[0], str(refused))
        return None
    return found if isinstance(found, (date, time)) else None


def _check(fields: TimeFields, start_utc_s: int, end_utc_s: int, now_s: int, findings: Findings) -> None:
    if not now_s - YEAR_S <= start_utc_s <= now_s + 5 * YEAR_S:
        findings.problem(fields.start_name, _TOO_FAR)
    if end_utc_s <= start_utc_s:
        findings.problem(fields.end_name, f"must be after {fields.start_name}")
    elif not SHORTEST_S <= end_utc_s - start_utc_s <= LONGEST_S:
        findings.problem(fields.end_name, "must make the meeting between one minute and 14 days long")


_TOO_FAR = "must lie between one year ago and five years from now"
_LAST_YEAR = 9999
_YEAR_3000_S = 32_503_680_000


def is_near(utc_s: int, now_s: int) -> bool:
    """Whether a meeting may be at this time: a year ago at most, five years ahead at most."""
    return now_s - YEAR_S <= utc_s <= now_s + 5 * YEAR_S


def _midnight(local: datetime) -> datetime:
    return datetime.combine(local.date(), _MIDNIGHT)


def _warn(name: str, moment: End, remark: Remark | None, zone: str, findings: Findings) -> None:
    if remark is None or not isinstance(moment, datetime):
        return
    said = f"{name}: {moment:%Y-%m-%d %H:%M}"
    if remark == "gap":
        moved = to_local(to_utc_s(moment, zone)[0], zone)
        findings.warn(f"{said} does not exist in {zone}, because clocks go forward; {moved:%H:%M} was taken.")
    else:
        findings.warn(f"{said} comes twice in {zone}, because clocks go back; the first was taken.")


def _wall_clock(moment: Moment | timedelta, remark: Remark | None, utc_s: int, zone: str) -> datetime:
    """The time as it was sent, if that is the wall-clock time of its instant; a time in a gap is not."""
    if isinstance(moment, datetime) and moment.tzinfo is None and remark != "gap":
        return moment
    return to_local(utc_s, zone)
