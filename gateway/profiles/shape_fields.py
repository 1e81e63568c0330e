"""The `fields` of a shape read from a profile's file, each checked against what its part allows."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from gateway.domain.meeting import Frequency, Repeat, Weekday
from gateway.domain.recurrence import MAX_INTERVAL
from gateway.profiles.fields import CODINGS, PERSON_CODINGS, Coding, Field, Part, Trust
from gateway.profiles.sections import Section

_NEEDED = (Part.EXTERNAL_ID, Part.SUBJECT, Part.START)
_TRUTH = CODINGS[Part.PUBLIC_ROOM]
_NUMBERS = CODINGS[Part.SEQUENCE]


def read_fields(section: Section) -> tuple[Field, ...]:
    """The fields of one shape; empty when they cannot be compiled, with the problems noted."""
    fields = _fields(section, CODINGS)
    parts = {field.part for field in fields}
    missing = [part for part in _NEEDED if part not in parts and not section.has(part)]
    for part in missing:
        section.problem("is required", part)
    if Part.END not in parts and Part.DURATION not in parts:
        section.problem("needs an end or a duration")
        missing.append(Part.END)
    for field in fields:
        if field.needs is not None and field.needs not in parts:
            section.problem(f"needs {field.needs}, which this shape does not have", field.part, "needs")
            missing.append(field.needs)
    return () if missing or not set(_NEEDED) <= parts else fields


def _fields(section: Section, codings: Mapping[Part, frozenset[Coding]]) -> tuple[Field, ...]:
    fields: dict[str, Field] = {}
    for key in section.all_keys():
        if key not in list(codings):
            near = difflib.get_close_matches(key, list(codings), 1)
            section.problem("is not a known part" + (f"; did you mean '{near[0]}'?" if near else ""), key)
            continue
        field = _field(Part(key), section.section(key), codings)
        if field.name in fields:
            section.problem(f"uses the field of {fields[field.name].part} again", key, "name")
        fields.setdefault(field.name, field)
    return tuple(fields.values())


def _field(part: Part, section: Section, codings: Mapping[Part, frozenset[Coding]]) -> Field:
    coding = section.word("as", Coding, codings[part])
    is_number, has_each = coding in _NUMBERS, coding in (Coding.PERSON, Coding.PEOPLE)
    field = Field(
        part=part,
        name=section.text("name"),
        coding=coding,
        trust=section.optional_word("trust", Trust),
        source=section.optional_text("source"),
        fallback=section.optional_text("fallback") if part is Part.EXTERNAL_ID else None,
        choices=_choices(part, section.section("choices")) if coding is Coding.CHOICE else (),
        default=section.optional_number("default") if is_number else None,
        none=section.optional_number("none") if is_number else None,
        json_text=section.flag("json_text") if coding is Coding.PEOPLE else False,
        needs=section.optional_word("needs", Part) if coding in _TRUTH else None,
        each=_each(section.section("each")) if has_each else (),
        unused=frozenset(section.texts("unused")) if has_each else frozenset(),
    )
    section.close()
    return field


def _each(section: Section) -> tuple[Field, ...]:
    fields = _fields(section, PERSON_CODINGS)
    if not {field.part for field in fields} & {Part.EXTENSION, Part.EMAIL}:
        section.problem("needs an extension or an email")
    return fields


def _choices(part: Part, section: Section) -> tuple[tuple[str, object], ...]:
    words = section.all_keys()
    if not words:
        section.problem("must hold the device's words and what they mean")
    return tuple((word, _repeat_choice(section, word) if part is Part.REPEAT else section.text(word)) for word in words)


def _repeat_choice(section: Section, word: str) -> Repeat | None:
    if section.says(word, "none"):
        return None
    rule = section.section(word)
    frequency = rule.word("frequency", Frequency)
    interval = rule.number("interval", 1)
    if interval > MAX_INTERVAL:
        rule.problem(f"must be at most {MAX_INTERVAL}", "interval")
    days = []
    for index, day in enumerate(rule.texts("weekdays")):
        if day in list(Weekday):
            days.append(Weekday(day))
        else:
            rule.problem(f"must be one of {', '.join(Weekday)}", "weekdays", index)
    rule.close()
    return Repeat(frequency=frequency, interval=interval, weekdays=tuple(days))
