"""iTIP messages (RFC 5546: REQUEST and CANCEL) to calls in the words of profile generic/itip; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gateway.dialects.itip_lines import Component, read_calendar, unreadable
from gateway.dialects.itip_people import read_join, read_people
from gateway.dialects.itip_rules import read_rule
from gateway.dialects.itip_times import (
    MOST_MOMENTS,
    Moment,
    problem,
    read_duration,
    read_end,
    read_moment,
    read_moments,
)
from gateway.dialects.itip_zones import Zones
from gateway.domain.occurrence import OriginalStart
from gateway.errors import BadPayload, FieldProblem

Method = Literal["REQUEST", "CANCEL"]

MOST_OCCURRENCES = MOST_MOMENTS
_MINUTE = timedelta(minutes=1)
_MOST_SEQUENCE = 1 << 31


@dataclass(frozen=True, slots=True)
class ItipCall:
    """What a message says of one meeting, or of one occurrence of it.

    `fields` are the words of profile generic/itip, shape `event`; of a CANCEL only `UID` and `SEQUENCE`. `original` is
    the occurrence (RECURRENCE-ID), None for the whole meeting. `cancelled_originals` are those that a series leaves
    out (EXDATE). Originals are seconds since 1970, or wall-clock time in the series' zone where the message does not
    say which zone that is.
    """

    method: Method
    uid: str
    sequence: int
    fields: dict[str, object]
    original: OriginalStart | None
    cancelled_originals: tuple[OriginalStart, ...]


def read(body: bytes) -> tuple[ItipCall, ...]:
    """The calls of a `text/calendar` body, one for each VEVENT, in their order.

    Raises `Unreadable` naming the line for bytes that are no calendar object, `BadPayload` naming the property for
    what cannot be kept: another METHOD, RDATE, THISANDFUTURE, rules beyond `domain.recurrence`, a TZID that neither
    its name nor its VTIMEZONE explains, more than 300 attendees or 200 exceptions.
    """
    calendar = read_calendar(body)
    method = _method(calendar)
    events = list(calendar.named("VEVENT"))
    if not events:
        raise unreadable("body", "has no VEVENT; send the meeting")
    if len(events) > MOST_OCCURRENCES + 1:
        raise problem("VEVENT", f"is there more than {MOST_OCCURRENCES + 1} times")
    zones = Zones.of(calendar, _near(events))
    calls = tuple(_call(method, event, zones) for event in events)
    if sum(len(call.cancelled_originals) + (call.original is not None) for call in calls) > MOST_OCCURRENCES:
        raise problem("EXDATE", f"and RECURRENCE-ID name more than {MOST_OCCURRENCES} occurrences")
    return calls


def _method(calendar: Component) -> Method:
    prop = calendar.one("METHOD")
    method = "" if prop is None else prop.value.strip().upper()
    if method == "REQUEST":
        return "REQUEST"
    if method == "CANCEL":
        return "CANCEL"
    if not method:
        raise problem("METHOD", "is required: REQUEST or CANCEL")
    raise problem("METHOD", "must be REQUEST to schedule or change a meeting, or CANCEL; nothing else is accepted")


def _near(events: list[Component]) -> datetime:
    """The first time at which a meeting of the message takes place, by some clock."""
    moments = [
        moment.local
        for event in events
        for name in ("DTSTART", "RECURRENCE-ID")
        if (moment := read_moment(event, name))
    ]
    return min(moments, default=datetime(2026, 1, 1))  # noqa: DTZ001 - only the year matters, and only for an old rule


def _call(method: Method, event: Component, zones: Zones) -> ItipCall:
    uid = event.one("UID")
    name = "" if uid is None else uid.text().strip()
    if not name:
        raise problem("UID", "is required: the meeting's own id, the same in every message")
    sequence = _sequence(event)
    original = _original(event, zones)
    status = event.one("STATUS")
    fields: dict[str, object] = {"UID": name, "SEQUENCE": sequence}
    if method == "CANCEL" or (status is not None and status.value.strip().upper() == "CANCELLED"):
        return ItipCall("CANCEL", name, sequence, fields, original, ())
    left_out = _read_event(event, zones, fields, is_series=original is None)
    return ItipCall("REQUEST", name, sequence, fields, original, left_out)


def _read_event(
    event: Component, zones: Zones, fields: dict[str, object], *, is_series: bool
) -> tuple[OriginalStart, ...]:
    """Fill `fields`; return the occurrences that a series leaves out."""
    for name in ("RDATE", "EXRULE"):
        if name in event.lines:
            raise problem(name, "cannot be mirrored; send single days as meetings of their own, and use EXDATE")
    start = read_moment(event, "DTSTART")
    if start is None:
        raise problem("DTSTART", "is required")
    fields["DTSTART"] = start.text()
    if start.is_date:
        fields["all_day"] = True
    elif start.tzid not in (None, "UTC"):
        fields["TZID"] = zones.text_of(start.tzid or "")
    end = read_end(event, start, zones)
    if end is not None:
        fields["DTEND"] = end
    left_out = _read_series(event, start, zones, fields, is_series=is_series)
    _read_texts(event, fields)
    read_people(event, fields)
    read_join(event, fields)
    reminder = _reminder(event)
    if reminder is not None:
        fields["VALARM"] = reminder
    return left_out


def _read_series(
    event: Component, start: Moment, zones: Zones, fields: dict[str, object], *, is_series: bool
) -> tuple[OriginalStart, ...]:
    rule = event.one("RRULE")
    if rule is None:
        return ()
    if not is_series:
        raise problem("RRULE", "cannot stand in an occurrence (RECURRENCE-ID)")
    fields["RRULE"] = read_rule(rule.value, start.local)
    if start.tzid == "UTC":
        # A series in UTC stays there when clocks change; a device's own zone must not take its place.
        fields["TZID"] = "UTC"
    left_out: dict[OriginalStart, None] = {}
    for prop in event.all("EXDATE"):
        for moment in read_moments(prop):
            left_out[moment.original(zones)] = None
            if len(left_out) > MOST_OCCURRENCES:
                raise problem("EXDATE", f"names more than {MOST_OCCURRENCES} occurrences")
    return tuple(left_out)


def _read_texts(event: Component, fields: dict[str, object]) -> None:
    for name in ("SUMMARY", "DESCRIPTION", "LOCATION"):
        prop = event.one(name)
        if prop is not None:
            text = prop.text()
            fields[name] = text if name == "DESCRIPTION" else " ".join(text.split())


def _original(event: Component, zones: Zones) -> OriginalStart | None:
    prop = event.one("RECURRENCE-ID")
    if prop is None:
        return None
    if "RANGE" in prop.params:
        raise problem("RECURRENCE-ID", "must not have a RANGE; end the series with UNTIL and send a new one")
    moments = read_moments(prop)
    if len(moments) != 1:
        raise problem("RECURRENCE-ID", "must be one time")
    return moments[0].original(zones)


def _sequence(event: Component) -> int:
    prop = event.one("SEQUENCE")
    if prop is None:
        return 0
    text = prop.value.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) < _MOST_SEQUENCE):
        raise BadPayload([FieldProblem("SEQUENCE", f"must be a whole number below {_MOST_SEQUENCE}")])
    return int(text)


def _reminder(event: Component) -> int | None:
    """Minutes before the start of the first alarm that is set so; others are a matter of the sender's own screen."""
    for alarm in event.named("VALARM"):
        trigger, action = alarm.one("TRIGGER"), alarm.one("ACTION")
        if trigger is None or (action is not None and action.value.strip().upper() == "NONE"):
            continue
        if trigger.params.get("VALUE", "").upper() == "DATE-TIME" or trigger.params.get("RELATED", "").upper() == "END":
            continue
        nominal, exact = read_duration("TRIGGER", trigger.value)
        if nominal + exact <= timedelta():
            return -((nominal + exact) // _MINUTE)
    return None
