"""The repeat rule of a meeting, from a device's words and back; the limits of a series are `domain.recurrence`'s."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from gateway.domain import recurrence
from gateway.domain.meeting import Frequency, Repeat, Weekday
from gateway.domain.zones import to_local
from gateway.profiles.codings import Read, Refused, choice, date_time, json_text, number, utc_text
from gateway.profiles.fields import DATE_CODINGS, Coding, Field, Part
from gateway.profiles.findings import Findings, sent
from gateway.profiles.times import day_text, moment_text
from gateway.profiles.values import written
from gateway.profiles.when import When
from gateway.profiles.zone_choice import instant_of

RULE_FIELDS = ("frequency", "interval", "count", "until", "weekdays")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_END = time(23, 59, 59)
_FREQUENCY = choice(tuple((frequency.value, frequency) for frequency in Frequency), or_number=False)
_WEEKDAYS = {day.value: day for day in Weekday}
_ATTRIBUTES = {
    Part.REPEAT_COUNT: "count",
    Part.REPEAT_UNTIL: "until_utc_s",
    Part.REPEAT_INTERVAL: "interval",
    Part.WEEKDAYS: "weekdays",
}
_PLAIN: Mapping[str, Any] = {"count": None, "until_utc_s": None, "interval": 1, "weekdays": ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatField:
    """The field of a shape that says how a meeting repeats; `word` reads its one word, or it holds a rule.

    `parts` are the fields that say more beside a word: attribute of `Repeat`, name, reader. `blamed` are the fields to
    name in a message, by attribute.
    """

    name: str
    word: Read | None
    or_text: bool
    parts: tuple[tuple[str, str, Read], ...]
    blamed: Mapping[str, str]


def repeat_field(fields: Mapping[Part, Field], read_of: Callable[[Field], Read], *, text_values: bool) -> RepeatField:
    """Compile the repeat field of a shape, and those beside it."""
    field = fields[Part.REPEAT]
    parts = tuple(
        (_ATTRIBUTES[part], fields[part].name, read_of(fields[part])) for part in _ATTRIBUTES if part in fields
    )
    if field.coding is Coding.RULE:
        blamed = {attribute: f"{field.name}.{attribute}" for attribute in _PLAIN}
        blamed["until_utc_s"] = f"{field.name}.until"
        return RepeatField(name=field.name, word=None, or_text=text_values, parts=(), blamed=blamed)
    word = choice(field.choices, or_number=True)
    blamed = {attribute: name for attribute, name, _ in parts}
    return RepeatField(name=field.name, word=word, or_text=text_values, parts=parts, blamed=blamed)


def read_repeat(
    field: RepeatField, payload: Mapping[str, object], value: object, when: When | None, findings: Findings
) -> Repeat | None:
    """The series a field names, or None: for no series, and when there is a problem, which is then noted.

    `value` was sent. Without `when` the end of the series cannot be checked, everything else is.
    """
    try:
        repeat = _of_rule(field, value, when, findings) if field.word is None else field.word(value)
    except Refused as refused:
        findings.problem(field.name, str(refused))
        return None
    if field.parts and isinstance(repeat, Repeat):
        repeat = _with_parts(field, repeat, payload, when, findings)
    if not isinstance(repeat, Repeat) or when is None:
        return None
    for attribute, reason in recurrence.problems(repeat, when.start_utc_s):
        findings.problem(field.blamed.get(attribute, field.name), reason)
    for sentence in recurrence.warnings(repeat, when.start_local):
        findings.warn(sentence)
    return repeat


def write_repeat(fields: Mapping[Part, Field], repeat: Repeat | None, zone: str) -> dict[str, object]:
    """The device's words for a series, by field; empty when it has none for it. `zone` is the meeting's."""
    field = fields[Part.REPEAT]
    if field.coding is Coding.RULE:
        return {} if repeat is None else {field.name: _rule(repeat)}
    by_attribute = {_ATTRIBUTES[part]: fields[part] for part in _ATTRIBUTES if part in fields}
    word = _word(field, repeat, by_attribute)
    if word is None:
        return {}
    found: dict[str, object] = {field.name: word}
    if repeat is not None:
        for attribute, part in by_attribute.items():
            value = _part_text(part, getattr(repeat, attribute), zone)
            if value is not None:
                found[part.name] = value
    return found


def last_start_s(repeat: Repeat, start_utc_s: int) -> int | None:
    """When the last occurrence starts at the latest, in seconds since 1970; None for a series without end.

    An estimate where the series is counted: months count 31 days, years 366.
    """
    if repeat.count is None:
        return repeat.until_utc_s
    periods = -(-repeat.count // max(1, len(repeat.weekdays)))
    return start_utc_s + (periods - 1) * repeat.interval * _DAYS[repeat.frequency] * 86_400


_DAYS = {Frequency.DAILY: 1, Frequency.WEEKLY: 7, Frequency.MONTHLY: 31, Frequency.YEARLY: 366}


def _rule(repeat: Repeat) -> dict[str, object]:
    rule: dict[str, object] = {"frequency": repeat.frequency.value, "interval": repeat.interval}
    if repeat.count is not None:
        rule["count"] = repeat.count
    if repeat.until_utc_s is not None:
        rule["until"] = utc_text(repeat.until_utc_s)
    if repeat.weekdays:
        rule["weekdays"] = [day.value for day in repeat.weekdays]
    return rule


def _word(field: Field, repeat: Repeat | None, by_attribute: Mapping[str, Field]) -> str | None:
    """The word that means this series, or the one that does with the fields beside it."""
    exact = next((word for word, meant in field.choices if meant == repeat), None)
    if exact is not None or repeat is None:
        return exact
    base = replace(repeat, **{attribute: _PLAIN[attribute] for attribute in by_attribute})
    return next((word for word, meant in field.choices if meant == base), None)


def _part_text(field: Field, value: object, zone: str) -> object:
    if field.part is Part.REPEAT_UNTIL and isinstance(value, int):
        local = to_local(value, zone)
        if field.coding in DATE_CODINGS:
            return day_text(field.coding, local.date())
        return moment_text(field.coding, local, value, plain=instant_of(local, zone)[0] == value)
    if field.part is Part.WEEKDAYS:
        words = {day: word for word, day in reversed(field.choices)}
        days = value if isinstance(value, tuple) else ()
        return ",".join(words.get(day, day.value) for day in days) or None
    return written(field, value)


def _with_parts(
    field: RepeatField, repeat: Repeat, payload: Mapping[str, object], when: When | None, findings: Findings
) -> Repeat | None:
    """The series of a word with what the fields beside it say; None with the problems noted."""
    before = len(findings.problems)
    more: dict[str, Any] = {}
    for attribute, name, read in field.parts:
        value = sent(payload, name)
        if value is None:
            continue
        try:
            found = read(value)
        except Refused as refused:
            findings.problem(name, str(refused))
            continue
        if attribute == "until_utc_s":
            found = _last_instant(found, when)
        if found is not None and found != ():
            more[attribute] = found
    if len(findings.problems) > before:
        return None
    return replace(repeat, **more) if more else repeat


def _last_instant(moment: object, when: When | None) -> int | None:
    """Of a date, the end of its day in the meeting's zone."""
    if when is None:
        return None
    if not isinstance(moment, datetime) and isinstance(moment, date):
        moment = datetime.combine(moment, _DAY_END)
    return instant_of(moment, when.zone)[0] if isinstance(moment, (datetime, int)) else None


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
    return _last_instant(date_time(value), when)
