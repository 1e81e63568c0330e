"""A device's payload to a `Meeting` and back, by its profile; bytes, storage and calendars are not known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from gateway.domain.meeting import Join, Meeting, Repeat
from gateway.domain.occurrence import OriginalStart
from gateway.domain.zones import UnknownZone, drift_advice, fixed_offset_minutes, offset_text, resolve
from gateway.errors import BadPayload, FieldProblem
from gateway.profiles.codings import Refused
from gateway.profiles.fields import Part
from gateway.profiles.findings import Findings, sent
from gateway.profiles.model import Profile, Shape
from gateway.profiles.opening import opened
from gateway.profiles.people import NOBODY, Known, read_people
from gateway.profiles.plan import Plan
from gateway.profiles.repeats import last_start_s, read_repeat
from gateway.profiles.when import Given, SeriesTimes, When, is_near, read_moment, read_when
from gateway.profiles.writing import to_payload
from gateway.profiles.zone_choice import instant_of, is_weak, named_zone

__all__ = ["Context", "Head", "Translation", "head", "recognised", "to_meeting", "to_occurrence", "to_payload"]


class Context(NamedTuple):
    """What is known about a call beside its body.

    `external_id` comes from the path, if it names one; `device_zone` is the zone set for this device; `now_s` is the
    time in seconds since 1970; `text_values` says that the body was a form, so that all values are text. `directory`
    has the e-mail addresses of extensions.
    """

    external_id: str | None
    device_zone: str | None
    now_s: int
    text_values: bool = False
    directory: Mapping[str, str] | None = None


class Translation(NamedTuple):
    """What a call means: `shape` is the name of the shape it had, `warnings` are sentences for people, `ignored` the
    names of fields that nobody knows.
    """

    meeting: Meeting
    shape: str
    warnings: tuple[str, ...]
    ignored: tuple[str, ...]


class Head(NamedTuple):
    """What a call is about: which meeting, which occurrence of it (None is all of it), and whether it is cancelled.

    `original_start` is in seconds since 1970, or wall-clock time in the series' zone where the call names no zone.
    """

    shape: str
    external_id: str
    original_start: OriginalStart | None
    cancels: bool


def to_meeting(profile: Profile, payload: Mapping[str, object], context: Context) -> Translation:
    """The meeting a call describes; `BadPayload` with every problem, named in the device's own words."""
    shape, payload = _shape_of(profile, payload)
    plan = shape.texts if context.text_values else shape.typed
    findings = Findings()
    if not plan.known.issuperset(payload):
        _unknown_fields(plan, payload, findings)
    values = dict(plan.defaults)
    _single_values(plan, payload, values, findings)
    values["external_id"] = _external_id(plan, payload, context.external_id, findings)
    all_day = plan.has_days and values.get("all_day") is True
    when = read_when(plan.times, payload, Given(context.device_zone, context.now_s, all_day), findings)
    values["repeat"] = repeat = _repeat(plan, payload, when, findings)
    known = Known(context.directory) if context.directory else NOBODY
    values["host"], values["invitees"] = read_people(plan.people, payload, known, findings)
    if plan.joins:
        values["join"] = _join(plan, payload, None, findings)
    return _translation(shape, plan, values, when, repeat, context.device_zone, findings)


def to_occurrence(
    profile: Profile,
    payload: Mapping[str, object],
    context: Context,
    series: Meeting,
    original: OriginalStart | None = None,
) -> Translation:
    """One occurrence of `series` as a call describes it; what the call does not say is the series'.

    The meeting has no repeat. `original` is when the occurrence starts by the rule, by default what the call says; it
    is the start where the call names none. `BadPayload` as for `to_meeting`.
    """
    shape, payload = _shape_of(profile, payload, by_id=True)
    plan = shape.texts if context.text_values else shape.typed
    findings = Findings()
    if not plan.known.issuperset(payload):
        _unknown_fields(plan, payload, findings)
    values: dict[str, Any] = dict(vars(series))
    _single_values(plan, payload, values, findings)
    external_id = _external_id(plan, payload, context.external_id or series.external_id, findings)
    if external_id is not None and external_id != series.external_id:
        findings.problem(plan.external_id[0], "is not the id of the series")
    if original is None:
        original = _original_start(plan, payload, context, findings)
    given = _given(series, original, values, context)
    when = read_when(plan.times, payload, given, findings)
    known = Known(context.directory, series.host, series.invitees)
    values["repeat"] = None
    values["host"], values["invitees"] = read_people(plan.people, payload, known, findings)
    values["join"] = _join(plan, payload, series.join, findings)
    return _translation(shape, plan, values, when, None, context.device_zone, findings)


def head(profile: Profile, payload: Mapping[str, object], context: Context) -> Head:
    """What a call is about, as far as that can be told before the meeting is looked up; `BadPayload` if it cannot."""
    shape, payload = _shape_of(profile, payload, by_id=True)
    plan = shape.texts if context.text_values else shape.typed
    findings = Findings()
    external_id = _external_id(plan, payload, context.external_id, findings)
    original = _original_start(plan, payload, context, findings)
    cancels = False
    if plan.cancelled is not None and (value := sent(payload, plan.cancelled[0])) is not None:
        try:
            cancels = plan.cancelled[1](value) is True
        except Refused as refused:
            findings.problem(plan.cancelled[0], str(refused))
    findings.raise_problems()
    return Head(shape.name, external_id or "", original, cancels)


def _translation(
    shape: Shape,
    plan: Plan,
    values: dict[str, Any],
    when: When | None,
    repeat: Repeat | None,
    device_zone: str | None,
    findings: Findings,
) -> Translation:
    _check_together(plan, values, findings)
    findings.raise_problems()
    if when is None:
        raise BadPayload([FieldProblem(plan.times.start_name, "is required")])
    if repeat is not None:
        _warn_fixed_zone(when, repeat, device_zone, findings)
    values["start_local"], values["end_local"] = when.start_local, when.end_local
    values["start_utc_s"], values["end_utc_s"] = when.start_utc_s, when.end_utc_s
    values["zone"], values["zone_text"] = when.zone, when.zone_text
    return Translation(Meeting.of(values), shape.name, tuple(findings.warnings), findings.ignored_names())


def _shape_of(
    profile: Profile, payload: Mapping[str, object], *, by_id: bool = False
) -> tuple[Shape, Mapping[str, object]]:
    """The first shape whose fields are all there, else the one most of whose fields are; and the call, opened.

    `by_id` accepts a shape of which only the id is there.
    """
    best, said, most = None, payload, 0
    refused: FieldProblem | None = None
    for shape in profile.shapes:
        content = payload
        if shape.opening is not None:
            try:
                content = opened(shape.opening, payload)
            except Refused as closed:
                refused = refused or FieldProblem(shape.unwrap or "body", str(closed))
                continue
        names = content.keys()
        if shape.recognise <= names:
            return shape, content
        found = 2 * len(shape.recognise & names) + (by_id and shape.typed.external_id[0] in names)
        if found > most:
            best, said, most = shape, content, found
        elif best is None and len(profile.shapes) == 1:
            best, said = shape, content
    if best is None:
        forms = "; or ".join(f"{', '.join(sorted(shape.recognise))} ({shape.name})" for shape in profile.shapes)
        unknown = FieldProblem("body", f"is not a meeting in a form this device is known to send: {forms}")
        raise BadPayload([refused or unknown])
    return best, said


def _unknown_fields(plan: Plan, payload: Mapping[str, object], findings: Findings) -> None:
    names = [name for name in payload if name not in plan.known]
    if plan.closed:
        findings.refuse_unknown(names, plan.known)
    else:
        findings.ignore(names)


def _single_values(plan: Plan, payload: Mapping[str, object], values: dict[str, Any], findings: Findings) -> None:
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


def _join(plan: Plan, payload: Mapping[str, object], series: Join | None, findings: Findings) -> Join | None:
    said: dict[str, str] = {}
    for attribute, name, read in plan.joins:
        value = sent(payload, name)
        if value is None:
            continue
        try:
            said[attribute] = str(read(value))
        except Refused as refused:
            findings.problem(name, str(refused))
    if not said:
        return series
    return replace(series, **said) if series else Join(**said)


def _original_start(
    plan: Plan, payload: Mapping[str, object], context: Context, findings: Findings
) -> OriginalStart | None:
    """Which occurrence a call is about; a local time is an instant where the call names the zone it is in."""
    if plan.original_start is None or sent(payload, plan.original_start[0]) is None:
        return None
    moment = read_moment(plan.original_start, payload, findings, all_day=True)
    if moment is None or isinstance(moment, int):
        return moment
    if moment.tzinfo is not None:
        return instant_of(moment, "UTC")[0]
    named = named_zone(plan.times.zone, payload, Findings())
    if named is None or (context.device_zone is not None and is_weak(plan.times.zone, named)):
        return moment
    return instant_of(moment, named.name)[0]


def _given(series: Meeting, original: OriginalStart | None, values: Mapping[str, Any], context: Context) -> Given:
    start_utc_s = None if original is None else instant_of(original, series.zone)[0]
    if start_utc_s is not None and not is_near(start_utc_s, context.now_s):
        start_utc_s = None
    all_day = values.get("all_day") is True
    if all_day:
        length = series.end_local - series.start_local
    else:
        length = timedelta(seconds=series.end_utc_s - series.start_utc_s)
    return Given(
        context.device_zone, context.now_s, all_day, SeriesTimes(start_utc_s, length, series.zone, series.zone_text)
    )


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
    return read_repeat(plan.repeat, payload, value, when, findings)


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


def _warn_fixed_zone(when: When, repeat: Repeat, device_zone: str | None, findings: Findings) -> None:
    if when.assumed_utc:
        findings.warn(
            "The device sends no time zone and none is set for it (devices[].time_zone); "
            "the series keeps its UTC time when clocks change."
        )
        return
    minutes = fixed_offset_minutes(when.zone)
    if minutes is None:
        return
    region = _region(device_zone)
    if region is None:
        findings.warn(f"{when.zone} is {offset_text(minutes)} all year: the series does not follow summer time.")
    elif advice := drift_advice(when.zone, region, when.start_utc_s, last_start_s(repeat, when.start_utc_s)):
        findings.warn(advice)


def _region(device_zone: str | None) -> str | None:
    """The zone set for the device, if it has rules."""
    try:
        zone = None if device_zone is None else resolve(device_zone).name
    except UnknownZone:
        return None
    return None if zone is None or fixed_offset_minutes(zone) is not None else zone


def recognised(profile: Profile, payload: Mapping[str, object]) -> tuple[Shape, Mapping[str, object]]:
    """The shape that a call has, also one that says little more than an id, and the call with all fields at the top.

    `BadPayload` when it has none.
    """
    return _shape_of(profile, payload, by_id=True)
