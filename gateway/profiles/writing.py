"""A meeting in a device's words; calls are read elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from gateway.domain.meeting import Meeting
from gateway.domain.zones import UnknownZone, resolve, to_utc_s
from gateway.profiles.fields import JOIN_PARTS, REPEAT_PARTS, SECRET_PARTS, Coding, Field, Part
from gateway.profiles.model import Profile, Shape
from gateway.profiles.opening import closed
from gateway.profiles.people import write_people
from gateway.profiles.repeats import write_repeat
from gateway.profiles.times import day_text, moment_text, time_text
from gateway.profiles.values import written

_DAY = timedelta(days=1)
_NOT_WRITTEN = frozenset({Part.HOST, Part.INVITEES, Part.CANCELLED, Part.ORIGINAL_START, *REPEAT_PARTS, *SECRET_PARTS})


def to_payload(profile: Profile, shape_name: str, meeting: Meeting) -> dict[str, object]:
    """The meeting in the device's words, without its PINs.

    `shape_name` is the shape in which the device sent it; the profile's first shape stands in for one that the
    profile no longer has. Parts that a shape has no words for are left out.
    """
    shape = next((shape for shape in profile.shapes if shape.name == shape_name), profile.shapes[0])
    payload: dict[str, object] = {}
    by_part = {field.part: field for field in shape.fields}
    for field in shape.fields:
        if field.part in _NOT_WRITTEN:
            continue
        if field.part is Part.REPEAT:
            payload.update(write_repeat(by_part, meeting.repeat, meeting.zone))
            continue
        value = _written(field, meeting, shape)
        if value is not None and value != "":
            payload.setdefault(field.name, value)
    payload |= write_people(shape.fields, meeting.host, meeting.invitees)
    for field in shape.fields:
        if field.secret:
            payload.pop(field.name, None)
    if shape.opening is None:
        return payload
    return closed(shape.opening, payload, {field.name: field.path for field in shape.fields if field.path})


def _written(field: Field, meeting: Meeting, shape: Shape) -> object:
    write = _WRITERS.get(field.part)
    if write is not None:
        return write(field, meeting, shape)
    if field.part in JOIN_PARTS:
        return getattr(meeting.join, field.part.value, None)
    value = getattr(meeting, field.part.value)
    # What is neither yes nor no was not said.
    return None if value is None and field.part is Part.MEET else written(field, value)


def _start(field: Field, meeting: Meeting, shape: Shape) -> object:
    return _moment(field, (meeting.start_local, meeting.start_utc_s), meeting.zone, shape)


def _end(field: Field, meeting: Meeting, shape: Shape) -> object:
    return _moment(field, (meeting.end_local, meeting.end_utc_s), meeting.zone, shape)


def _moment(field: Field, at: tuple[datetime, int], zone: str, shape: Shape) -> object:
    """A wall-clock time says which instant it is only beside its zone."""
    local, utc_s = at
    plain = field.coding is Coding.DATE_TIME and shape.typed.times.zone.name is not None
    return moment_text(field.coding, local, utc_s, plain=plain and to_utc_s(local, zone)[0] == utc_s)


def _start_date(field: Field, meeting: Meeting, _shape: Shape) -> object:
    return day_text(field.coding, meeting.start_local.date())


def _start_time(field: Field, meeting: Meeting, _shape: Shape) -> object:
    return time_text(field.coding, meeting.start_local.time())


def _end_date(field: Field, meeting: Meeting, shape: Shape) -> object:
    """A date without a time of day is the last day."""
    alone = all(other.part is not Part.END_TIME for other in shape.fields)
    return day_text(field.coding, (meeting.end_local - _DAY if alone else meeting.end_local).date())


def _end_time(field: Field, meeting: Meeting, _shape: Shape) -> object:
    return time_text(field.coding, meeting.end_local.time())


def _duration(field: Field, meeting: Meeting, shape: Shape) -> object:
    """Rounded up to what is counted; left out where the shape has another field for the end."""
    if any(other.part in (Part.END, Part.END_DATE, Part.END_TIME) for other in shape.fields):
        return None
    return -(-(meeting.end_utc_s - meeting.start_utc_s) // field.unit.seconds)


def _zone(_field: Field, meeting: Meeting, shape: Shape) -> object:
    """The device's own text, unless another zone was used instead of it."""
    words = shape.rules.zones
    if meeting.zone_text is not None:
        try:
            if resolve(meeting.zone_text, words.codings, words.aliases).name == meeting.zone:
                return meeting.zone_text
        except UnknownZone:
            return meeting.zone
    return meeting.zone


_WRITERS: Mapping[Part, Callable[[Field, Meeting, Shape], object]] = {
    Part.START: _start,
    Part.END: _end,
    Part.START_DATE: _start_date,
    Part.START_TIME: _start_time,
    Part.END_DATE: _end_date,
    Part.END_TIME: _end_time,
    Part.DURATION: _duration,
    Part.ZONE: _zone,
}
