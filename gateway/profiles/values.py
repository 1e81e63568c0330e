"""Which reader and writer belongs to a field of one value; lists, people, times and series are read elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.recurrence import MAX_COUNT, MAX_INTERVAL
from gateway.profiles import codings
from gateway.profiles.codings import Read
from gateway.profiles.email import email
from gateway.profiles.fields import NUMBER_CODINGS, Coding, Field, Limits, Part
from gateway.profiles.joining import dial_in, sip_uri, web_link
from gateway.profiles.times import MOMENTS, epoch

MAX_SEQUENCE = 2**31 - 1
MAX_DURATION_S = 14 * 86_400
_WORDS: dict[Coding, tuple[object, object]] = {
    Coding.YES_NO: ("no", "yes"),
    Coding.ZERO_ONE: (0, 1),
    Coding.TRUE_FALSE: (False, True),
}


_LIMITED: dict[Coding, Callable[[int], Read]] = {
    Coding.TEXT: codings.text,
    Coding.LINES: codings.several_lines,
    Coding.CODE: codings.code,
}
_UNLIMITED: dict[Coding, Read] = {Coding.EMAIL: email, **MOMENTS}
_JOINING: dict[Part, Read] = {Part.SIP_URI: sip_uri, Part.DIAL_IN: dial_in, Part.WEB_LINK: web_link}


def reader(field: Field, limits: Limits, *, text_values: bool) -> Read:
    """How the value of `field` is read; `text_values` is for form bodies, where numbers and truth values are text.

    A duration is given in seconds.
    """
    coding = field.coding
    if field.part in _JOINING:
        return _JOINING[field.part]
    if coding in _LIMITED:
        return _LIMITED[coding](_length(field, limits))
    if coding in _WORDS:
        return codings.truth(_WORDS[coding], or_text=text_values)
    if coding in (Coding.EPOCH_MS, Coding.EPOCH_S):
        return epoch(coding, or_text=text_values)
    if coding in NUMBER_CODINGS:
        or_text = text_values or coding is Coding.NUMBER_OR_TEXT
        read = codings.number(*_range(field, limits), or_text=or_text, none=field.none)
        return codings.scaled(read, field.unit.seconds) if field.part is Part.DURATION else read
    return _of_profile(field, limits, text_values=text_values) or _UNLIMITED[coding]


def _of_profile(field: Field, limits: Limits, *, text_values: bool) -> Read | None:
    """For codings that need more of the profile than a length or a range."""
    if field.coding is Coding.TRUTH:
        return codings.words(field.yes, field.no, or_text=text_values)
    if field.coding is Coding.PIN:
        return codings.pin(*limits.password)
    if field.coding is Coding.CHOICE:
        return codings.choice(field.choices, or_number=True)
    return codings.day_list(field.choices) if field.coding is Coding.DAY_LIST else None


def written(field: Field, value: object) -> object:
    """Our value of a field in the device's coding; None when the field is to be left out."""
    if field.coding in _WORDS:
        return _WORDS[field.coding][value is True]
    if field.coding is Coding.TRUTH:
        return (field.yes if value is True else field.no)[0]
    if field.coding is Coding.CHOICE:
        return next((word for word, meant in field.choices if meant == value), None)
    if value is None:
        return field.none
    return value


def _length(field: Field, limits: Limits) -> int:
    return {
        Part.EXTERNAL_ID: limits.external_id,
        Part.SUBJECT: limits.subject,
        Part.AGENDA: limits.agenda,
        Part.ROOM: limits.room,
        Part.NAME: limits.name,
    }.get(field.part, limits.extension)


def _range(field: Field, limits: Limits) -> tuple[int, int]:
    if field.part is Part.DURATION:
        return 1, MAX_DURATION_S // field.unit.seconds
    return {
        Part.REMINDER_MINUTES: limits.reminder_minutes,
        Part.REPEAT_COUNT: (1, MAX_COUNT),
        Part.REPEAT_INTERVAL: (1, MAX_INTERVAL),
    }.get(field.part, (0, MAX_SEQUENCE))
