"""Which reader and writer belongs to a field of one value; lists, people, times and series are read elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from gateway.profiles import codings
from gateway.profiles.codings import Read
from gateway.profiles.email import email
from gateway.profiles.fields import Coding, Field, Limits, Part

MAX_SEQUENCE = 2**31 - 1
MAX_DURATION_MINUTES = 14 * 24 * 60
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
_UNLIMITED: dict[Coding, Read] = {
    Coding.EMAIL: email,
    Coding.LOCAL_TIME: codings.local_time,
    Coding.DATE_TIME: codings.date_time,
}


def reader(field: Field, limits: Limits, *, text_values: bool) -> Read:
    """How the value of `field` is read; `text_values` is for form bodies, where numbers and truth values are text."""
    coding = field.coding
    if coding in _LIMITED:
        return _LIMITED[coding](_length(field, limits))
    if coding in _WORDS:
        return codings.truth(_WORDS[coding], or_text=text_values)
    if coding is Coding.PIN:
        return codings.pin(*limits.password)
    if coding is Coding.CHOICE:
        return codings.choice(field.choices)
    if coding is Coding.EPOCH_MS:
        return codings.epoch_ms(or_text=text_values)
    if coding in (Coding.NUMBER, Coding.NUMBER_OR_TEXT):
        or_text = text_values or coding is Coding.NUMBER_OR_TEXT
        return codings.number(*_range(field, limits), or_text=or_text, none=field.none)
    return _UNLIMITED[coding]


def written(field: Field, value: object) -> object:
    """Our value of a field in the device's coding; None when the field is to be left out."""
    if field.coding in _WORDS:
        return _WORDS[field.coding][value is True]
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
    if field.part is Part.REMINDER_MINUTES:
        return limits.reminder_minutes
    return (1, MAX_DURATION_MINUTES) if field.part is Part.DURATION else (0, MAX_SEQUENCE)
