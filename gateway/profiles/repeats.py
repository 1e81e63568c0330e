"""The repeat rule of a meeting, from a device's words and back; the limits of a series are `domain.recurrence`'s."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain import recurrence
from gateway.domain.meeting import Frequency, Repeat, Weekday
from gateway.profiles.codings import Read, Refused, choice, date_time, json_text, number, utc_text
from gateway.profiles.fields import Coding, Field
from gateway.profiles.findings import Findings, sent
from gateway.profiles.when import When, instant_of

RULE_FIELDS = ("frequency", "interval", "count", "until", "weekdays")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ATTRIBUTES = {"until_utc_s": "until"}
_FREQUENCY = choice(tuple((frequency.value, frequency) for frequency in Frequency))
_WEEKDAYS = {day.value: day for day in Weekday}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatField:
    """The field of a shape that says how a meeting repeats; `word` reads its one word, or it holds a rule."""

    name: str
    word: Read | None
    or_text: bool


def repeat_field(field: Field, *, text_values: bool) -> RepeatField:
    """Compile the repeat field of a shape."""
    word = choice(field.choices) if field.coding is Coding.CHOICE else None
    return RepeatField(name=field.name, word=word, or_text=text_values)


def read_repeat(field: RepeatField, value: object, when: When | None, findings: Findings) -> Repeat | None:
    """The series a field names, or None: for no series, and when there is a problem, which is then noted.

    `value` was sent. Without `when` the end of the series cannot be checked, everything else is.
    """
    try:
        repeat = _of_rule(field, value, when, findings) if field.word is None else field.word(value)
    except Refused as refused:
        findings.problem(field.name, str(refused))
        return None
    if not isinstance(repeat, Repeat) or when is None:
        return None
    for attribute, reason in recurrence.problems(repeat, when.start_utc_s):
        part = f".{_ATTRIBUTES.get(attribute, attribute)}" if field.word is None else ""
        findings.problem(field.name + part, reason)
    for sentence in recurrence.warnings(repeat, when.start_local):
        findings.warn(sentence)
    return repeat


def write_repeat(field: Field, repeat: Repeat | None) -> object:
    """The device's words for a series; None when it has none for it."""
    if field.coding is Coding.CHOICE:
        return next((word for word, meant in field.choices if meant == repeat), None)
    if repeat is None:
        return None
    rule: dict[str, object] = {"frequency": repeat.frequency.value, "interval": repeat.interval}
    if repeat.count is not None:
        rule["count"] = repeat.count
    if repeat.until_utc_s is not None:
        rule["until"] = utc_text(repeat.until_utc_s)
    if repeat.weekdays:
        rule["weekdays"] = [day.value for day in repeat.weekdays]
    return rule


def _of_rule(field: RepeatField, value: object, when: When | None, findings: Findings) -> Repeat | None:
    name, or_text = field.name, field.or_text
    if or_text and isinstance(value, str):
        value = json_text(value)
    if not isinstance(value, dict):
        raise Refused("must be an object with a frequency")
    before = len(findings.problems)
    findings.refuse_unknown((key for key in value if key not in RULE_FIELDS), RULE_FIELDS, f"{name}.")
    frequency = _part(name, value, "frequency", _FREQUENCY, findings)
    if frequency is None and sent(value, "frequency") is None:
        findings.problem(f"{name}.frequency", f"is required: one of {', '.join(Frequency)}")
    interval = _part(name, value, "interval", number(1, recurrence.MAX_INTERVAL, or_text=or_text), findings)
    count = _part(name, value, "count", number(1, recurrence.MAX_COUNT, or_text=or_text), findings)
    weekdays = _part(name, value, "weekdays", _weekdays, findings)
    until = _part(name, value, "until", lambda text: _until(text, when), findings)
    if len(findings.problems) > before or not isinstance(frequency, Frequency):
        return None
    return Repeat(
        frequency=frequency,
        interval=interval if isinstance(interval, int) else 1,
        count=count if isinstance(count, int) else None,
        until_utc_s=until if isinstance(until, int) else None,
        weekdays=weekdays if isinstance(weekdays, tuple) else (),
    )


def _part(name: str, rule: Mapping[str, object], key: str, read_part: Read, findings: Findings) -> object:
    value = sent(rule, key)
    if value is None:
        return None
    try:
        return read_part(value)
    except Refused as refused:
        findings.problem(f"{name}.{key}", str(refused))
        return None


def _weekdays(value: object) -> tuple[Weekday, ...]:
    if not isinstance(value, list) or not all(isinstance(day, str) and day in _WEEKDAYS for day in value):
        raise Refused(f"must be a list of days, each one of {', '.join(_WEEKDAYS)}")
    if len(set(value)) != len(value):
        raise Refused("must name each day once")
    return tuple(_WEEKDAYS[day] for day in value)


def _until(value: object, when: When | None) -> int | None:
    """A time, or a date that means the end of its day in the meeting's zone."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        value = f"{value}T23:59:59"
    moment = date_time(value)
    return None if when is None else instant_of(moment, when.zone)[0]
