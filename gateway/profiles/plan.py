"""A shape compiled for calls: which field is read how, prepared once; the words of profiles are `fields`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.profiles.codings import Read
from gateway.profiles.fields import Field, Part, Rules
from gateway.profiles.people import PeopleFields, people_fields
from gateway.profiles.repeats import RepeatField, repeat_field
from gateway.profiles.values import reader
from gateway.profiles.when import TimeFields

_NOT_SINGLE = frozenset(
    {Part.EXTERNAL_ID, Part.START, Part.END, Part.DURATION, Part.ZONE, Part.REPEAT, Part.HOST, Part.INVITEES}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How calls of one shape are read.

    `singles` are the fields that stand for themselves: attribute of `Meeting`, name, reader. `defaults` are the values
    of those that differ from `Meeting`'s own when a field is not sent. `needs` are (field, attribute that is true,
    attribute needed then, its field).
    """

    external_id: tuple[str, Read]
    external_id_fallback: str | None
    singles: tuple[tuple[str, str, Read], ...]
    defaults: Mapping[str, Any]
    needs: tuple[tuple[str, str, str, str], ...]
    times: TimeFields
    repeat: RepeatField | None
    people: PeopleFields
    names: Mapping[Part, str]
    known: frozenset[str]
    closed: bool
    text_values: bool


def compiled(fields: Sequence[Field], unused: frozenset[str], rules: Rules, *, text_values: bool) -> Plan:
    """The plan of a shape; its fields have been checked: one per part, external id, subject, start and an end."""
    by_part = {field.part: field for field in fields}
    external_id = by_part[Part.EXTERNAL_ID]
    singles = [field for field in fields if field.part not in _NOT_SINGLE]

    def pair(part: Part) -> tuple[str, Read] | None:
        field = by_part.get(part)
        return None if field is None else (field.name, reader(field, rules.limits, text_values=text_values))

    def pair_of(field: Field) -> tuple[str, Read]:
        return field.name, reader(field, rules.limits, text_values=text_values)

    zone, repeat = by_part.get(Part.ZONE), by_part.get(Part.REPEAT)
    return Plan(
        external_id=pair_of(external_id),
        external_id_fallback=external_id.fallback,
        singles=tuple((field.part.value, *pair_of(field)) for field in singles),
        defaults={field.part.value: field.default for field in singles if field.default is not None},
        needs=tuple(
            (field.name, field.part.value, field.needs.value, by_part[field.needs].name)
            for field in singles
            if field.needs is not None
        ),
        times=TimeFields(
            start=pair_of(by_part[Part.START]),
            end=pair(Part.END),
            duration=pair(Part.DURATION),
            zone=zone.name if zone else None,
            zone_codings=rules.zone_codings,
        ),
        repeat=repeat_field(repeat, text_values=text_values) if repeat else None,
        people=people_fields(fields, rules, text_values=text_values),
        names={part: field.name for part, field in by_part.items()},
        known=frozenset(field.name for field in fields)
        | {field.fallback for field in fields if field.fallback}
        | unused,
        closed=rules.closed,
        text_values=text_values,
    )
