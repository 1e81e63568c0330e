"""Meetings that a shape has words for, drawn from its own fields: as they are after they were read from such a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from gateway.domain.meeting import Frequency, Invitee, Join, Meeting, Repeat, Weekday
from gateway.domain.zones import UnknownZone, ZoneCoding, resolve, to_local, to_utc_s
from gateway.profiles.fields import DATE_CODINGS, JOIN_PARTS, SECRET_PARTS, Coding, Field, Part
from gateway.profiles.model import Shape
from tests.unit.profiles.calls import LINE, NOW_S

DEVICE_ZONE = "Europe/Paris"
DAY_S = 86_400
ZONE_TEXTS: Mapping[ZoneCoding, list[str]] = {
    ZoneCoding.IANA: ["Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC", "Etc/GMT-1"],
    ZoneCoding.ETC_LABEL: ["(UTC+01:00) Etc/GMT-1", "(UTC-05:00) Etc/GMT+5"],
    ZoneCoding.OFFSET_TEXT: ["+0500", "UTC+08:00"],
    ZoneCoding.POSIX: ["EST5EDT,M3.2.0,M11.1.0"],
    ZoneCoding.GRANDSTREAM_P64: ["TZO-1", "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"],
    ZoneCoding.P64_MINUTES_720: ["780"],
    ZoneCoding.WINDOWS: ["W. Europe Standard Time", "China_Standard_Time"],
    ZoneCoding.OFFSET_HOURS: ["-5"],
    ZoneCoding.OFFSET_MINUTES: ["60"],
    ZoneCoding.OFFSET_SECONDS: ["3600"],
    ZoneCoding.OFFSET_MINUTES_NEGATED: ["-60"],
    ZoneCoding.QUARTER_HOURS: ["4"],
    ZoneCoding.GIGASET_INDEX: ["0x1B"],
    ZoneCoding.SNOM: ["GER+1"],
    ZoneCoding.CISCO_PHONE: ["Central Europe Standard/Daylight Time"],
}
_FLAGS = (Part.PUBLIC_ROOM, Part.ALLOW_USER_INVITE, Part.CALL_PARTICIPANTS, Part.OVERRIDE_HOST_MUTE)
_JOINS = {
    Part.SIP_URI: st.sampled_from(["sip:6300@pbx.example.com", "sips:a.b@pbx.example.com;transport=tls"]),
    Part.DIAL_IN: st.sampled_from(["+49 30 123456,,6300#", "6300"]),
    Part.WEB_LINK: st.sampled_from(["https://meet.example.com/6300?a=1#b", "https://example.com"]),
}


@st.composite
def meetings(draw: st.DrawFn, shape: Shape) -> Meeting:
    """A meeting that `shape` can say, in the zone set for the device where it has no field for the zone."""
    fields = {field.part: field for field in shape.fields if not (field.secret and field.part not in SECRET_PARTS)}
    zone_text = draw(st.sampled_from(zone_texts(shape))) if Part.ZONE in fields else None
    words = shape.rules.zones
    zone = DEVICE_ZONE if zone_text is None else resolve(zone_text, words.codings, words.aliases).name
    all_day = Part.ALL_DAY in fields and draw(st.booleans())
    times = draw(_days(fields, zone) if all_day else _times(fields, zone))
    host, invitees = draw(_people(fields, shape.rules.limits.invitees))
    values: dict[str, Any] = {"external_id": draw(LINE), "subject": draw(LINE), **times}
    values |= {"zone": zone, "zone_text": zone_text, "all_day": all_day, "host": host, "invitees": invitees}
    values["repeat"] = draw(_repeats(fields, times["start_utc_s"], zone))
    values |= draw(_others(fields, shape))
    return Meeting(**values)


def zone_texts(shape: Shape) -> list[str]:
    """Texts that the shape understands as zones; those that some firmware always sends are left out."""
    words = shape.rules.zones
    known = [text for coding in words.codings for text in ZONE_TEXTS[coding]] + list(words.aliases)
    return sorted(text for text in known if text not in words.suspect and _is_known(shape, text))


def with_pins(shape: Shape, payload: dict[str, object], meeting: Meeting) -> dict[str, object]:
    """The payload with the two PINs, which no answer holds."""
    for field in shape.fields:
        if field.part in SECRET_PARTS and (pin := getattr(meeting, field.part.value)) is not None:
            assert not field.path
            inner = payload[shape.unwrap] if shape.unwrap else payload
            assert isinstance(inner, dict)
            inner[field.name] = pin
    return payload


def _is_known(shape: Shape, text: str) -> bool:
    words = shape.rules.zones
    try:
        return bool(resolve(text, words.codings, words.aliases))
    except UnknownZone:
        return False


@st.composite
def _times(draw: st.DrawFn, fields: Mapping[Part, Field], zone: str) -> dict[str, Any]:
    start_s = draw(st.integers(NOW_S - 300 * DAY_S, NOW_S + 1700 * DAY_S))
    if Part.START not in fields or fields[Part.START].coding is Coding.LOCAL_TIME:
        start_s = _first(start_s, zone)
    length_s = draw(st.integers(60, 14 * DAY_S))
    if Part.END in fields:
        end_s = start_s + length_s
        if fields[Part.END].coding is Coding.LOCAL_TIME:
            end_s = max(_first(end_s, zone), start_s + 60)
            end_s = end_s if _first(end_s, zone) == end_s else start_s + 7200
    elif Part.END_TIME in fields:
        most = 13 if Part.END_DATE in fields else 0
        local = to_local(start_s, zone) + timedelta(
            days=draw(st.integers(0, most)), seconds=draw(st.integers(7200, 80_000))
        )
        end_s = to_utc_s(local, zone)[0]
        end_s = end_s if to_local(end_s, zone) == local else start_s + 4 * 3600
    else:
        unit_s = fields[Part.DURATION].unit.seconds
        end_s = start_s + max(unit_s, 60 * -(-60 // 60), length_s // unit_s * unit_s)
    return {
        "start_utc_s": start_s,
        "end_utc_s": end_s,
        "start_local": to_local(start_s, zone),
        "end_local": to_local(end_s, zone),
    }


@st.composite
def _days(draw: st.DrawFn, fields: Mapping[Part, Field], zone: str) -> dict[str, Any]:
    start = datetime.combine(to_local(draw(st.integers(NOW_S, NOW_S + 1500 * DAY_S)), zone), time())
    end = start + timedelta(days=draw(st.integers(1, 14)))
    return {
        "start_utc_s": to_utc_s(start, zone)[0],
        "end_utc_s": to_utc_s(end, zone)[0],
        "start_local": start,
        "end_local": end,
    }


def _first(utc_s: int, zone: str) -> int:
    """The instant, or the first of the two that have its wall-clock time."""
    return to_utc_s(to_local(utc_s, zone), zone)[0]


@st.composite
def _people(draw: st.DrawFn, fields: Mapping[Part, Field], most: int) -> tuple[Invitee | None, tuple[Invitee, ...]]:
    host_field, people = fields.get(Part.HOST), fields.get(Part.INVITEES)
    each = {one.part for one in people.each if not one.secret} if people else set()
    numbers = draw(st.lists(st.integers(1000, 1099), unique=True, max_size=min(most, 6)))
    host = None
    if numbers and draw(st.booleans()):
        number = numbers.pop(0)
        if Part.IS_HOST in each:
            host = draw(_person(number, each))
        elif host_field is not None and host_field.coding is Coding.CODE:
            host = Invitee(extension=str(number))
        elif host_field is not None:
            host = draw(_person(number, {one.part for one in host_field.each}))
    if people is None:
        return host, ()
    if people.coding is Coding.ADDRESS_LIST:
        one_of = [{Part.EXTENSION}, {Part.EMAIL}]
        return host, tuple(draw(_person(number, draw(st.sampled_from(one_of)))) for number in numbers)
    return host, tuple(draw(_person(number, each)) for number in numbers)


@st.composite
def _person(draw: st.DrawFn, number: int, parts: set[Part]) -> Invitee:
    has_extension, has_email = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
    has_extension = Part.EXTENSION in parts and (has_extension or Part.EMAIL not in parts)
    name = draw(st.none() | LINE.map(lambda text: f"Name {text}")) if Part.NAME in parts else None
    return Invitee(
        extension=str(number) if has_extension else None,
        email=f"u{number}@example.com" if Part.EMAIL in parts and (has_email or not has_extension) else None,
        name=name,
    )


@st.composite
def _repeats(draw: st.DrawFn, fields: Mapping[Part, Field], start_s: int, zone: str) -> Repeat | None:
    field = fields.get(Part.REPEAT)
    if field is None or not draw(st.booleans()):
        return None
    is_rule = field.coding is Coding.RULE
    if is_rule:
        repeat = Repeat(frequency=draw(st.sampled_from(Frequency)))
    else:
        known = [meant for _, meant in field.choices if isinstance(meant, Repeat)]
        repeat = draw(st.sampled_from(known))
        if any(
            meant != repeat and replace(meant, interval=repeat.interval, weekdays=repeat.weekdays) == repeat
            for meant in known
        ):
            return repeat
    if is_rule or Part.REPEAT_INTERVAL in fields:
        repeat = replace(repeat, interval=draw(st.integers(1, 99)))
    if (is_rule or Part.WEEKDAYS in fields) and repeat.frequency is Frequency.WEEKLY:
        repeat = replace(repeat, weekdays=tuple(draw(st.lists(st.sampled_from(_days_of(fields)), unique=True))))
    ends = [kind for kind, part in _ENDS.items() if is_rule or part in fields]
    end = draw(st.sampled_from([None, *ends]))
    if end == "count":
        return replace(repeat, count=draw(st.integers(1, 730)))
    if end is None:
        return repeat
    until_s = draw(st.integers(start_s, start_s + 1700 * DAY_S))
    if not is_rule and fields[Part.REPEAT_UNTIL].coding in DATE_CODINGS:
        last = datetime.combine(to_local(until_s, zone), time(23, 59, 59))
        until_s = to_utc_s(last, zone)[0]
    elif not is_rule and fields[Part.REPEAT_UNTIL].coding is Coding.LOCAL_TIME:
        until_s = _first(until_s, zone) if _first(until_s, zone) >= start_s else start_s + DAY_S
    return replace(repeat, until_utc_s=until_s)


_ENDS = {"count": Part.REPEAT_COUNT, "until": Part.REPEAT_UNTIL}


def _days_of(fields: Mapping[Part, Field]) -> list[Weekday]:
    own = fields[Part.WEEKDAYS].choices if Part.WEEKDAYS in fields else ()
    return [day for _, day in own if isinstance(day, Weekday)] or list(Weekday)


@st.composite
def _others(draw: st.DrawFn, fields: Mapping[Part, Field], shape: Shape) -> dict[str, Any]:
    values: dict[str, Any] = {}
    limits = shape.rules.limits
    if Part.AGENDA in fields and fields[Part.AGENDA].default is None:
        values["agenda"] = draw(st.just("") | st.lists(LINE, min_size=1, max_size=3).map("\n".join))
    if Part.ROOM in fields:
        values["room"] = draw(st.none() | st.integers(6000, 6999).map(str))
    for part in SECRET_PARTS & fields.keys():
        low, high = limits.password
        values[part.value] = draw(st.none() | st.text("0123456789", min_size=low, max_size=high))
    for part in _FLAGS:
        if part in fields:
            needed = fields[part].needs
            values[part.value] = draw(st.booleans()) and (needed is None or bool(values.get(needed.value)))
    if Part.SYNC_TO_CALENDAR in fields:
        values["sync_to_calendar"] = draw(st.booleans())
    if (field := fields.get(Part.REMINDER_MINUTES)) is not None:
        numbers = st.integers(*limits.reminder_minutes).filter(lambda minutes: minutes != field.none)
        can_be_none = field.none is not None or field.default is None
        values["reminder_minutes"] = draw(st.none() | numbers if can_be_none else numbers)
    if (field := fields.get(Part.AUTO_RECORD)) is not None:
        values["auto_record"] = draw(st.sampled_from([meant for _, meant in field.choices]))
    if Part.MEET in fields:
        values["meet"] = draw(st.none() | st.booleans())
    if Part.SEQUENCE in fields:
        values["sequence"] = draw(st.none() | st.integers(0, 2**31 - 1))
    joins = {part.value: draw(st.none() | _JOINS[part]) for part in JOIN_PARTS if part in fields}
    if any(joins.values()):
        values["join"] = Join(**joins)
    return values
