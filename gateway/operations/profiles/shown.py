"""What the pages show of a profile: what it can do, its fields and their meaning, its examples replayed; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.messages.languages import tr
from gateway.operations.profiles import words as words
from gateway.operations.profiles.examples import BodyReader, replay
from gateway.profiles.fields import SECRET_PARTS, Field, Part, Trust
from gateway.profiles.model import Example, Profile, Shape
from gateway.profiles.vocabulary import Dialect

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that devices may or may not be able to tell."""

    label: str
    there: bool


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a form: its name, what it means, how it is written, a value from the examples, how sure all is."""

    name: str
    meaning: str
    written: str
    example: str
    trust: str


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One example; `differences` are lines, empty when all is as expected."""

    name: str
    source: str
    good: bool
    differences: tuple[str, ...]


def trust_words() -> dict[Trust, str]:
    """How sure a profile is, as people say it."""
    return {
        Trust.HARDWARE: tr("Tested on hardware"),
        Trust.DOCUMENTED: tr("From the maker's documents"),
        Trust.SIMULATED: tr("Only simulated"),
    }


def capabilities(profile: Profile) -> list[Capability]:
    """What a device of this profile can tell the gateway."""
    parts = {field.part for shape in profile.shapes for field in shape.fields}
    calendar = Dialect.ITIP in profile.dialects
    return [
        Capability(tr("Schedule and change meetings"), there=True),
        Capability(tr("Cancel meetings"), there=True),
        Capability(tr("Series"), bool(parts & {Part.REPEAT, Part.WEEKDAYS, Part.REPEAT_COUNT})),
        Capability(tr("Single days of a series"), calendar or Part.ORIGINAL_START in parts),
        Capability(tr("Time zone"), Part.ZONE in parts),
        Capability(tr("Guests"), Part.INVITEES in parts),
        Capability(tr("Reminders"), Part.REMINDER_MINUTES in parts),
        Capability(tr("Meeting room"), Part.ROOM in parts),
        Capability(tr("Passwords"), bool(parts & SECRET_PARTS)),
        Capability(tr("Google Meet on request"), Part.MEET in parts),
    ]


def field_rows(profile: Profile, shape: Shape) -> list[FieldRow]:
    """The fields of one form, those of people below the field that holds them."""
    values = next((one.call for one in profile.examples if one.shape == shape.name and one.call), {})
    return list(_rows(shape.fields, shape.trust, values, ""))


def _rows(fields: Iterable[Field], trust: Trust, values: Mapping[str, object], before: str) -> Iterator[FieldRow]:
    sure = trust_words()
    for field in fields:
        written = _plain(words.CODINGS[field.coding])
        if field.choices:
            written = ", ".join(word for word, _ in field.choices)
        value = _example(field, values) if not before else ""
        meaning = _plain(words.PARTS[field.part])
        yield FieldRow(before + field.name, meaning, written, value, sure[field.trust or trust])
        yield from _rows(field.each, field.trust or trust, values, f"{before}{field.name}.")


def _example(field: Field, values: Mapping[str, object]) -> str:
    value: object = values
    for step in field.path or (field.name,):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value in (None, "") or field.part in SECRET_PARTS or field.each:
        return ""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(text: str) -> str:
    """Words without the marks that make them bold or code on the written pages."""
    return re.sub(r"[`*]", "", text)


def example_rows(profile: Profile, readers: Mapping[Dialect, BodyReader]) -> list[ExampleRow]:
    """Every example replayed."""
    return [
        ExampleRow(
            result.example.name,
            result.example.source,
            not result.differences,
            tuple(line for difference in result.differences for line in difference.lines()),
        )
        for result in replay(profile, readers)
    ]


def sample_of(profile: Profile) -> Example | None:
    """The example that a test with a call begins with."""
    return next((one for one in profile.examples if one.call and not one.cancels), None)
