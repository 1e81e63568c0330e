"""A device's payload to a `Meeting` and back, by its profile; bytes, storage and calendars are not known here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from gateway.domain.meeting import Meeting, Repeat
from gateway.domain.zones import UnknownZone, fixed_offset_minutes, offset_text, resolve, to_utc_s
from gateway.errors import BadPayload, FieldProblem
from gateway.profiles.codings import Refused, utc_text
from gateway.profiles.fields import SECRET_PARTS, Coding, Field, Part
from gateway.profiles.findings import Findings, sent
from gateway.profiles.model import Profile, Shape
from gateway.profiles.people import read_people, write_people
from gateway.profiles.plan import Plan
from gateway.profiles.repeats import read_repeat, write_repeat
from gateway.profiles.values import written
from gateway.profiles.when import When, read_when


class Context(NamedTuple):
    """What is known about a call beside its body.

    `external_id` comes from the path, if it names one; `device_zone` is the zone set for this device; `now_s` is the
    time in seconds since 1970; `text_values` says that the body was a form, so that all values are text.
    """

    external_id: str | None
    device_zone: str | None
    now_s: int
    text_values: bool = False


class Translation(NamedTuple):
    """What a call means: `shape` is the name of the shape it had, `warnings` are sentences for people, `ignored` the
    names of fields that nobody knows.
    """

    meeting: Meeting
    shape: str
    warnings: tuple[str, ...]
    ignored: tuple[str, ...]


def to_meeting(profile: Profile, payload: Mapping[str, object], context: Context) -> Translation:
    """The meeting a call describes; `BadPayload` with every problem, named in the device's own words."""
    shape = _shape_of(profile, payload)
    plan = shape.texts if context.text_values else shape.typed
    findings = Findings()
    if not plan.known.issuperset(payload):
        _unknown_fields(plan, payload, findings)
    values = _single_values(plan, payload, findings)
    values["external_id"] = _external_id(plan, payload, context.external_id, findings)
    when = read_when(plan.times, payload, context.device_zone, context.now_s, findings)
    values["repeat"] = repeat = _repeat(plan, payload, when, findings)
    values["host"], values["invitees"] = read_people(plan.people, payload, findings)
    _check_together(plan, values, findings)
    findings.raise_problems()
    if when is None:
        raise BadPayload([FieldProblem(plan.times.start[0], "is required")])
    if repeat is not None:
        _warn_fixed_zone(when, findings)
    values["start_local"], values["end_local"] = when.start_local, when.end_local
    values["start_utc_s"], values["end_utc_s"] = when.start_utc_s, when.end_utc_s
    values["zone"], values["zone_text"] = when.zone, when.zone_text
    return Translation(Meeting.of(values), shape.name, tuple(findings.warnings), findings.ignored_names())


def to_payload(profile: Profile, shape_name: str, meeting: Meeting) -> dict[str, object]:
    """The meeting in the device's words, without its PINs.

    `shape_name` is the shape in which the device sent it; the profile's first shape stands in for one that the
    profile no longer has. Parts that a shape has no words for are left out.
    """
    shape = next((shape for shape in profile.shapes if shape.name == shape_name), profile.shapes[0])
    payload: dict[str, object] = {}
    for field in shape.fields:
        if field.part in SECRET_PARTS or field.part in (Part.HOST, Part.INVITEES):
            continue
        value = _written(field, meeting, shape)
        if value is not None and value != "":
            payload[field.name] = value
    return payload | write_people(shape.fields, meeting.host, meeting.invitees)


def _shape_of(profile: Profile, payload: Mapping[str, object]) -> Shape:
    """The first shape whose fields are all there, else the one most of whose fields are."""
    best, most = None, 0
    sent_names = payload.keys()
    for shape in profile.shapes:
        if shape.recognise <= sent_names:
            return shape
        if (found := len(shape.recognise & sent_names)) > most:
            best, most = shape, found
    if best is None and len(profile.shapes) == 1:
        best = profile.shapes[0]
    if best is None:
        forms = "; or ".join(f"{', '.join(sorted(shape.recognise))} ({shape.name})" for shape in profile.shapes)
        raise BadPayload([FieldProblem("body", f"is not a meeting in a form this device is known to send: {forms}")])
    return best


def _unknown_fields(plan: Plan, payload: Mapping[str, object], findings: Findings) -> None:
    names = [name for name in payload if name not in plan.known]
    if plan.closed:
        findings.refuse_unknown(names, plan.known)
    else:
        findings.ignore(names)


def _single_values(plan: Plan, payload: Mapping[str, object], findings: Findings) -> dict[str, Any]:
    values = dict(plan.defaults)
    get = payload.get
    for attribute, name, read in plan.singles:
        value = get(name)
        if value is None or value == "":
            continue
        try:
            meant = read(value)
        except Refused as refused:
            findings.problem(name, str(refused))
            meant = None
        if meant != "":
            values[attribute] = meant
    if "subject" not in values:
        findings.problem(plan.names[Part.SUBJECT], "is required")
    return values


def _external_id(plan: Plan, payload: Mapping[str, object], from_path: str | None, findings: Findings) -> str | None:
    """The device's own id of the meeting; a fallback field names a single call, so the path outranks it."""
    name, read = plan.external_id
    value = sent(payload, name)
    if value is None and from_path is None and plan.external_id_fallback is not None:
        name_of_fallback = plan.external_id_fallback
        value = sent(payload, name_of_fallback)
        name = name if value is None else name_of_fallback
    try:
        from_body = None if value is None else read(value)
        chosen = from_body if from_path is None else read(from_path)
    except Refused as refused:
        findings.problem(name, str(refused))
        return None
    if not isinstance(chosen, str) or not chosen:
        other = f" (or {plan.external_id_fallback})" if plan.external_id_fallback else ""
        findings.problem(name, f"is required{other}: the device's own id of the meeting, the same in every call")
        return None
    if from_body is not None and from_body != chosen:
        findings.problem(name, "is not the id in the address of the call")
    return chosen


def _repeat(plan: Plan, payload: Mapping[str, object], when: When | None, findings: Findings) -> Repeat | None:
    if plan.repeat is None:
        return None
    value = sent(payload, plan.repeat.name)
    if value is None:
        return None
    return read_repeat(plan.repeat, value, when, findings)


def _check_together(plan: Plan, values: Mapping[str, Any], findings: Findings) -> None:
    for name, attribute, needed, needed_name in plan.needs:
        if values.get(attribute) is True and not values.get(needed):
            findings.problem(needed_name, f"is required when {name} says so")
    password = values.get("password")
    if password is not None and password == values.get("host_password"):
        names = plan.names
        findings.warn(
            f"{names[Part.PASSWORD]} and {names[Part.HOST_PASSWORD]} are the same: "
            "whoever may join may also act as the host."
        )


def _warn_fixed_zone(when: When, findings: Findings) -> None:
    minutes = fixed_offset_minutes(when.zone)
    if when.assumed_utc:
        findings.warn(
            "The device sends no time zone and none is set for it (devices[].time_zone); "
            "the series keeps its UTC time when clocks change."
        )
    elif minutes is not None:
        findings.warn(f"{when.zone} is {offset_text(minutes)} all year: the series does not follow summer time.")


def _written(field: Field, meeting: Meeting, shape: Shape) -> object:
    if field.part is Part.START:
        return _moment_text(field.coding, meeting.start_local, meeting.start_utc_s, meeting.zone)
    if field.part is Part.END:
        return _moment_text(field.coding, meeting.end_local, meeting.end_utc_s, meeting.zone)
    if field.part is Part.DURATION:
        has_end = any(other.part is Part.END for other in shape.fields)
        return None if has_end else (meeting.end_utc_s - meeting.start_utc_s) // 60
    if field.part is Part.ZONE:
        return _zone_text(meeting)
    if field.part is Part.REPEAT:
        return write_repeat(field, meeting.repeat)
    return written(field, getattr(meeting, field.part.value))


def _moment_text(coding: Coding, local: datetime, utc_s: int, zone: str) -> object:
    if coding is Coding.EPOCH_MS:
        return utc_s * 1000
    if coding is Coding.LOCAL_TIME:
        return local.isoformat(" ")
    # Without an offset the second of two equal wall-clock times would be read back as the first.
    return local.isoformat() if to_utc_s(local, zone)[0] == utc_s else utc_text(utc_s)


def _zone_text(meeting: Meeting) -> str:
    """The device's own text, unless another zone was used instead of it."""
    if meeting.zone_text is not None:
        try:
            if resolve(meeting.zone_text).name == meeting.zone:
                return meeting.zone_text
        except UnknownZone:
            return meeting.zone
    return meeting.zone
