"""When a meeting is: from a device's times and zone to instants and wall-clock time; series are not read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gateway.domain.zones import (
    Remark,
    ResolvedZone,
    UnknownZone,
    ZoneCoding,
    offset_zone,
    resolve,
    to_local,
    to_utc_s,
)
from gateway.profiles.codings import Read, Refused
from gateway.profiles.findings import Findings, sent

DAY_S = 86_400
YEAR_S = 366 * DAY_S
SHORTEST_S = 60
LONGEST_S = 14 * DAY_S
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_CONFIGURED = "devices[].time_zone"

Moment = datetime | int
"""A time as it was sent: local (no tzinfo), with an offset (tzinfo), or seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFields:
    """The fields of a shape that say when; each has its name and how it is read. One of `end` and `duration` is set."""

    start: tuple[str, Read]
    end: tuple[str, Read] | None
    duration: tuple[str, Read] | None
    zone: str | None
    zone_codings: frozenset[ZoneCoding]


class When(NamedTuple):
    """See the fields of the same names in `Meeting`. `assumed_utc` says that nobody named a zone."""

    start_local: datetime
    end_local: datetime
    zone: str
    start_utc_s: int
    end_utc_s: int
    zone_text: str | None
    assumed_utc: bool


def read_when(
    fields: TimeFields, payload: Mapping[str, object], device_zone: str | None, now_s: int, findings: Findings
) -> When | None:
    """When the meeting is, or None with the problems noted."""
    before = len(findings.problems)
    named = _named_zone(fields, payload, findings)
    start = _moment(fields.start, payload, findings)
    end = _end(fields, payload, findings)
    if start is None or end is None or len(findings.problems) > before:
        return None
    zone, assumed = _chosen_zone(fields, named, device_zone, start, end, findings)
    if zone is None:
        return None
    start_utc_s, start_remark = instant_of(start, zone)
    end_utc_s, end_remark = _end_instant(end, start_utc_s, zone)
    _check(fields, start_utc_s, end_utc_s, now_s, findings)
    if start_remark == "gap" and len(findings.problems) > before:
        findings.problem(fields.start[0], f"does not exist in {zone}, because clocks go forward then")
    if len(findings.problems) > before:
        return None
    if start_remark is not None:
        _warn(fields.start, start, start_remark, zone, findings)
    if end_remark is not None:
        _warn(fields.end, end, end_remark, zone, findings)
    start_local = _wall_clock(start, start_remark, start_utc_s, zone)
    end_local = _wall_clock(end, end_remark, end_utc_s, zone)
    zone_text = None if named is None else named.text
    return When(start_local, end_local, zone, start_utc_s, end_utc_s, zone_text, assumed)


def instant_of(moment: Moment, zone: str) -> tuple[int, Remark | None]:
    """Seconds since 1970 of a moment, and the remark of `to_utc_s` for a local one."""
    if isinstance(moment, int):
        return moment, None
    if moment.tzinfo is None:
        return to_utc_s(moment, zone)
    return (moment - _EPOCH) // _SECOND, None


def _named_zone(fields: TimeFields, payload: Mapping[str, object], findings: Findings) -> ResolvedZone | None:
    text = sent(payload, fields.zone) if fields.zone else None
    if text is None or fields.zone is None:
        return None
    if not isinstance(text, str):
        findings.problem(fields.zone, "must be text such as 'Europe/Paris' or 'Etc/GMT-1'")
        return None
    try:
        named = resolve(text)
    except UnknownZone as unknown:
        findings.problem(fields.zone, f"'{unknown.text}' is not a known time zone; {unknown.reason}")
        return None
    if named.coding not in fields.zone_codings:
        findings.problem(fields.zone, f"'{named.name}' was not expected; the profile allows other ways to write a zone")
        return None
    return named


def _moment(field: tuple[str, Read], payload: Mapping[str, object], findings: Findings) -> Moment | None:
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
    return moment if isinstance(moment, (datetime, int)) else None


def _end(fields: TimeFields, payload: Mapping[str, object], findings: Findings) -> Moment | timedelta | None:
    if fields.duration is None or sent(payload, fields.duration[0]) is None:
        if fields.end is None:
            return None
        if fields.duration is None or sent(payload, fields.end[0]) is not None:
            return _moment(fields.end, payload, findings)
        findings.problem(fields.end[0], f"is required, or {fields.duration[0]} instead")
        return None
    if fields.end is not None and sent(payload, fields.end[0]) is not None:
        findings.problem(fields.duration[0], f"cannot be sent together with {fields.end[0]}; send one of the two")
        return None
    minutes = _moment(fields.duration, payload, findings)
    return timedelta(minutes=minutes) if isinstance(minutes, int) else None


def _chosen_zone(
    fields: TimeFields,
    named: ResolvedZone | None,
    device_zone: str | None,
    start: Moment,
    end: Moment | timedelta,
    findings: Findings,
) -> tuple[str | None, bool]:
    """The zone, and whether UTC was only assumed.

    Trust, strongest first: a zone the call names, the zone set for the device, a bare offset, because some firmware
    always sends the same one.
    """
    by_name = named is not None and named.coding is not ZoneCoding.OFFSET_TEXT
    if named is not None and (by_name or device_zone is None):
        if named.warning:
            findings.warn(named.warning)
        return named.name, False
    if device_zone is not None:
        zone = _device_zone(device_zone, findings)
        if named is not None and zone is not None:
            _compare(named, zone, start, findings)
        return zone, False
    return _zone_of_moment(fields, start, end, findings)


def _device_zone(device_zone: str, findings: Findings) -> str | None:
    try:
        return resolve(device_zone).name
    except UnknownZone as unknown:
        findings.problem(_CONFIGURED, f"'{unknown.text}' is not a known time zone; mend the gateway's configuration")
        return None


def _compare(named: ResolvedZone, zone: str, start: Moment, findings: Findings) -> None:
    if instant_of(start, named.name)[0] != instant_of(start, zone)[0]:
        findings.warn(
            f"The device sent the offset {named.text}, but its time zone here is set to {zone}; "
            f"{zone} was used, because some firmware always sends the same offset."
        )


def _zone_of_moment(
    fields: TimeFields, start: Moment, end: Moment | timedelta, findings: Findings
) -> tuple[str | None, bool]:
    if isinstance(start, int):
        return "UTC", True
    blamed = fields.zone or fields.start[0]
    offset = start.utcoffset()
    if offset is None or (isinstance(end, datetime) and end.tzinfo is None):
        findings.problem(blamed, f"no time zone: send one or set {_CONFIGURED} in the gateway's configuration")
        return None, False
    zone = offset_zone(offset // _MINUTE)
    if zone is None:
        findings.problem(
            blamed, f"no fixed zone has the offset of {fields.start[0]}; send a zone such as 'Asia/Kolkata'"
        )
    return zone, False


def _end_instant(end: Moment | timedelta, start_utc_s: int, zone: str) -> tuple[int, Remark | None]:
    if isinstance(end, timedelta):
        return start_utc_s + end // _SECOND, None
    return instant_of(end, zone)


def _check(fields: TimeFields, start_utc_s: int, end_utc_s: int, now_s: int, findings: Findings) -> None:
    start_name = fields.start[0]
    end_name = (fields.end or fields.duration or fields.start)[0]
    if not now_s - YEAR_S <= start_utc_s <= now_s + 5 * YEAR_S:
        findings.problem(start_name, "must lie between one year ago and five years from now")
    if end_utc_s <= start_utc_s:
        findings.problem(end_name, f"must be after {start_name}")
    elif not SHORTEST_S <= end_utc_s - start_utc_s <= LONGEST_S:
        findings.problem(end_name, "must make the meeting between one minute and 14 days long")


def _warn(
    field: tuple[str, Read] | None, moment: Moment | timedelta, remark: Remark, zone: str, findings: Findings
) -> None:
    if field is None or not isinstance(moment, datetime):
        return
    said = f"{field[0]}: {moment:%Y-%m-%d %H:%M}"
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
