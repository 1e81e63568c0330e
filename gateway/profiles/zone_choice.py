"""Which zone a meeting is in: named by the call, set for the device, told by its times; zones are `domain`'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from gateway.domain.zones import (
    Remark,
    ResolvedZone,
    UnknownZone,
    ZoneCoding,
    offset_zone,
    resolve,
    to_utc_s,
)
from gateway.profiles.fields import ZoneWords
from gateway.profiles.findings import Findings, sent

CONFIGURED = "devices[].time_zone"
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_BARE_OFFSETS = frozenset(
    {
        ZoneCoding.OFFSET_TEXT,
        ZoneCoding.P64_MINUTES_720,
        ZoneCoding.OFFSET_HOURS,
        ZoneCoding.OFFSET_MINUTES,
        ZoneCoding.OFFSET_SECONDS,
        ZoneCoding.OFFSET_MINUTES_NEGATED,
        ZoneCoding.QUARTER_HOURS,
        ZoneCoding.GIGASET_INDEX,
    }
)
_NUMERIC = _BARE_OFFSETS - {ZoneCoding.OFFSET_TEXT}

Moment = datetime | int
"""A time as it was sent: local (no tzinfo), with an offset (tzinfo), or seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneField:
    """The field of a shape that names the zone, if there is one, and how these devices write zones."""

    name: str | None
    words: ZoneWords
    numbers: bool


class ClockEnd(NamedTuple):
    """An end on the meeting's own clock: its day, None for the start's or the next; its time, None for all of it."""

    day: date | None
    time: time | None


End = Moment | timedelta | ClockEnd
"""When a meeting ends, or how long it is, as it was sent."""
Times = tuple[str, Moment, End]
"""What is known of a meeting's times before its zone is: the field of the start, the start, the end."""


def zone_field(name: str | None, words: ZoneWords) -> ZoneField:
    """Compile the zone field of a shape."""
    return ZoneField(name=name, words=words, numbers=bool(words.codings & _NUMERIC))


def named_zone(field: ZoneField, payload: Mapping[str, object], findings: Findings) -> ResolvedZone | None:
    """The zone the call names; None when it names none, and when there is a problem, which is noted."""
    if field.name is None:
        return None
    text = sent(payload, field.name)
    if text is None:
        return None
    if field.numbers and type(text) in (int, float):
        text = repr(text)
    if not isinstance(text, str):
        findings.problem(field.name, "must be text such as 'Europe/Paris' or 'Etc/GMT-1'")
        return None
    try:
        return resolve(text, field.words.codings, field.words.aliases)
    except UnknownZone as unknown:
        findings.problem(field.name, f"'{unknown.text}' is not a known time zone; {unknown.reason}")
        return None


def chosen_zone(
    field: ZoneField, named: ResolvedZone | None, device_zone: str | None, times: Times, findings: Findings
) -> tuple[str | None, bool]:
    """The zone, and whether UTC was only assumed.

    Trust, strongest first: a zone the call names, the zone set for the device, a bare offset or a text that some
    firmware always sends.
    """
    if named is not None and (device_zone is None or not is_weak(field, named)):
        if named.warning:
            findings.warn(named.warning)
        if named.text in field.words.suspect:
            findings.warn(
                f"Some firmware sends {named.text} whatever its clock says. If the meeting is at another hour, "
                f"set {CONFIGURED} in the gateway's configuration."
            )
        return named.name, False
    if device_zone is not None:
        zone = _device_zone(device_zone, field.words, findings)
        if named is not None and zone is not None:
            _compare(named, zone, times[1], findings)
        return zone, False
    return _zone_of_moment(field, times, findings)


def is_weak(field: ZoneField, named: ResolvedZone) -> bool:
    """Whether the device's own zone outranks this one: a bare offset, or a text that some firmware always sends."""
    return named.coding in _BARE_OFFSETS or named.text in field.words.suspect


def instant_of(moment: Moment, zone: str) -> tuple[int, Remark | None]:
    """Seconds since 1970 of a moment, and the remark of `to_utc_s` for a local one."""
    if isinstance(moment, int):
        return moment, None
    if moment.tzinfo is None:
        return to_utc_s(moment, zone)
    return (moment - _EPOCH) // _SECOND, None


def _device_zone(device_zone: str, words: ZoneWords, findings: Findings) -> str | None:
    try:
        return resolve(device_zone, aliases=words.aliases).name
    except UnknownZone as unknown:
        findings.problem(CONFIGURED, f"'{unknown.text}' is not a known time zone; mend the gateway's configuration")
        return None


def _compare(named: ResolvedZone, zone: str, start: Moment, findings: Findings) -> None:
    if instant_of(start, named.name)[0] != instant_of(start, zone)[0]:
        findings.warn(
            f"The device sent the offset {named.text}, but its time zone here is set to {zone}; "
            f"{zone} was used, because some firmware always sends the same offset."
        )


def _zone_of_moment(field: ZoneField, times: Times, findings: Findings) -> tuple[str | None, bool]:
    start_name, start, end = times
    end_is_local = isinstance(end, ClockEnd) or (isinstance(end, datetime) and end.tzinfo is None)
    if isinstance(start, int) and not end_is_local:
        return "UTC", True
    blamed = field.name or start_name
    offset = None if isinstance(start, int) else start.utcoffset()
    if offset is None or end_is_local:
        findings.problem(blamed, f"no time zone: send one or set {CONFIGURED} in the gateway's configuration")
        return None, False
    zone = offset_zone(offset // _MINUTE)
    if zone is None:
        findings.problem(blamed, f"no fixed zone has the offset of {start_name}; send a zone such as 'Asia/Kolkata'")
    return zone, False


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
