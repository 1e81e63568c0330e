"""The `fields` of a shape read from a profile's file, each checked against what its part allows."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from gateway.domain.meeting import Frequency, Repeat, Weekday
from gateway.domain.recurrence import MAX_INTERVAL
from gateway.profiles.fields import (
    CODINGS,
    NEEDABLE,
    NUMBER_CODINGS,
    PERSON_CODINGS,
    REPEAT_PARTS,
    TEXT_CODINGS,
    TRUTH_CODINGS,
    Coding,
    Field,
    Part,
    Trust,
    Unit,
)
from gateway.profiles.sections import Section

_NEEDED = (Part.EXTERNAL_ID, Part.SUBJECT)
_STARTS = (Part.START, Part.START_DATE)
_ENDS = (Part.END, Part.END_DATE, Part.END_TIME, Part.DURATION)
_RECORDINGS = ("none", "audio", "video")
# Each part on the left says something only beside one of those on the right.
_BESIDE: Mapping[Part, tuple[Part, ...]] = {
    Part.START_TIME: (Part.START_DATE,),
    Part.END_DATE: (Part.START_DATE, Part.START),
    Part.END_TIME: (Part.START_DATE, Part.START),
    **dict.fromkeys(REPEAT_PARTS, (Part.REPEAT,)),
}
_NOT_BOTH = ((Part.START, Part.START_DATE), (Part.END, Part.END_DATE), (Part.END, Part.END_TIME))


def read_fields(section: Section) -> tuple[Field, ...]:
    """The fields of one shape; empty when they cannot be compiled, with the problems noted."""
    fields = _fields(section, CODINGS)
    parts = {field.part: field for field in fields}
    missing = [part for part in _NEEDED if part not in parts]
    for part in missing:
        if not section.has(part):
            section.problem("is required", part)
    if not parts.keys() & set(_STARTS):
        missing.append(Part.START)
        if not any(section.has(part) for part in _STARTS):
            section.problem("is required, or start_date", Part.START)
    if not parts.keys() & set(_ENDS):
        section.problem("needs an end or a duration")
        missing.append(Part.END)
    for field in fields:
        if field.needs is not None and field.needs not in parts:
            section.problem(f"needs {field.needs}, which this shape does not have", field.part, "needs")
            missing.append(field.needs)
    return () if missing or not _fit_together(section, parts) else fields


def _fit_together(section: Section, parts: Mapping[Part, Field]) -> bool:
    fits = True
    for part, others in _BESIDE.items():
        if part in parts and not parts.keys() & set(others):
            section.problem(f"says something only beside {' or '.join(others)}", part)
            fits = False
    for one, other in _NOT_BOTH:
        if one in parts and other in parts:
            section.problem(f"cannot stand beside {one}; give one of the two", other)
            fits = False
    if (repeat := parts.get(Part.REPEAT)) and repeat.coding is Coding.RULE:
        for part in parts.keys() & set(REPEAT_PARTS):
            section.problem("cannot stand beside a repeat that is a rule", part)
            fits = False
    return fits


def _fields(section: Section, codings: Mapping[Part, frozenset[Coding]]) -> tuple[Field, ...]:
    fields: list[Field] = []
    for key in section.all_keys():
        if key not in list(codings):
            near = difflib.get_close_matches(key, list(codings), 1)
            section.problem("is not a known part" + (f"; did you mean '{near[0]}'?" if near else ""), key)
            continue
        field = _field(Part(key), section.section(key), codings)
        for other in fields:
            if _in_the_way(field, other):
                section.problem(f"leads through the field of {other.part}", key, "path")
        fields.append(field)
    return tuple(fields)


def _in_the_way(one: Field, other: Field) -> bool:
    """Whether one field would have to be a value and an object at once."""
    steps, others = one.path or (one.name,), other.path or (other.name,)
    length = min(len(steps), len(others))
    return len(steps) != len(others) and steps[:length] == others[:length]


def _field(part: Part, section: Section, codings: Mapping[Part, frozenset[Coding]]) -> Field:
    coding = section.word("as", Coding, codings[part])
    is_number, has_each = coding in NUMBER_CODINGS, coding in (Coding.PERSON, Coding.PEOPLE)
    name, path = _name(section)
    yes, no = _truth_words(section) if coding is Coding.TRUTH else ((), ())
    field = Field(
        part=part,
        name=name,
        path=path,
        coding=coding,
        trust=section.optional_word("trust", Trust),
        source=section.optional_text("source"),
        fallback=section.optional_text("fallback") if part is Part.EXTERNAL_ID else None,
        choices=_choices(part, coding, section),
        yes=yes,
        no=no,
        unit=(section.optional_word("unit", Unit) if part is Part.DURATION else None) or Unit.MINUTES,
        default=_default(section, coding),
        none=section.optional_number("none") if is_number else None,
        json_text=section.flag("json_text") if coding is Coding.PEOPLE else False,
        needs=section.word("needs", Part, NEEDABLE) if coding in TRUTH_CODINGS and section.has("needs") else None,
        each=_each(section.section("each")) if has_each else (),
        unused=frozenset(section.texts("unused")) if has_each else frozenset(),
        secret=section.flag("secret"),
        private=section.flag("private"),
    )
    section.close()
    return field


def _name(section: Section) -> tuple[str, tuple[str, ...]]:
    """The field's name, and the steps of its path when it has one."""
    if not section.has("path"):
        return section.text("name"), ()
    if section.has("name"):
        section.problem("cannot stand beside name; give one of the two", "path")
    path = section.text("path")
    steps = tuple(path.split("."))
    if not all(steps):
        section.problem("must be names with dots between, such as 'Booking.Id'", "path")
    # A path of one step is a plain name.
    return path, steps if len(steps) > 1 else ()


def _default(section: Section, coding: Coding) -> int | str | None:
    if coding in NUMBER_CODINGS:
        return section.optional_number("default")
    return section.optional_text("default") if coding in TEXT_CODINGS else None


_Constants = tuple[str | int | bool, ...]


def _truth_words(section: Section) -> tuple[_Constants, _Constants]:
    yes, no = section.constants("yes"), section.constants("no")
    for key, words in (("yes", yes), ("no", no)):
        if not words:
            section.problem("must hold the device's words, the one to write first", key)
    # To Python 1 is true; to a device it is not. In a form body all words are text.
    if {str(word).lower() for word in yes} & {str(word).lower() for word in no}:
        section.problem("has a word that is under yes too", "no")
    return yes, no


def _each(section: Section) -> tuple[Field, ...]:
    fields = _fields(section, PERSON_CODINGS)
    if not {field.part for field in fields} & {Part.EXTENSION, Part.EMAIL}:
        section.problem("needs an extension or an email")
    return fields


def _choices(part: Part, coding: Coding, section: Section) -> tuple[tuple[str, object], ...]:
    if coding is Coding.DAY_LIST and section.has("choices"):
        return _words(section.section("choices"), list(Weekday), {day.value: day for day in Weekday})
    if coding is not Coding.CHOICE:
        return ()
    choices = section.section("choices")
    words = choices.all_keys()
    if not words:
        choices.problem("must hold the device's words and what they mean")
    if part is Part.REPEAT:
        return tuple((word, _repeat_choice(choices, word)) for word in words)
    if part is Part.CANCELLED:
        return tuple((word, choices.flag(word)) for word in words)
    return _words(choices, _RECORDINGS, {word: word for word in _RECORDINGS})


def _words(choices: Section, allowed: Collection[str], meant: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    found = []
    for word in choices.all_keys():
        ours = choices.text(word)
        if ours and ours not in meant:
            choices.problem(f"must be one of {', '.join(allowed)}", word)
        found.append((word, meant.get(ours)))
    return tuple(found)


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
