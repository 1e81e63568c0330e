"""A shape compiled for calls: which field is read how, prepared once; the words of profiles are `fields`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.profiles.codings import Read
from gateway.profiles.fields import JOIN_PARTS, REPEAT_PARTS, Field, Part, Rules
from gateway.profiles.people import PeopleFields, people_fields
from gateway.profiles.repeats import RepeatField, repeat_field
from gateway.profiles.times import or_plain_date
from gateway.profiles.values import reader
from gateway.profiles.when import ClockFields, TimeFields
from gateway.profiles.zone_choice import zone_field

_CLOCK_PARTS = (Part.START_DATE, Part.START_TIME, Part.END_DATE, Part.END_TIME)
_MOMENTS = (Part.START, Part.END, Part.ORIGINAL_START)
_NOT_SINGLE = frozenset(
    {
        Part.EXTERNAL_ID,
        Part.DURATION,
        Part.ZONE,
        Part.REPEAT,
        Part.HOST,
        Part.INVITEES,
        Part.CANCELLED,
        *_MOMENTS,
        *_CLOCK_PARTS,
        *REPEAT_PARTS,
        *JOIN_PARTS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How calls of one shape are read.

    `singles` are the fields that stand for themselves: attribute of `Meeting`, name, reader; `joins` likewise, of
    `Join`. `defaults` are the values of those that differ from `Meeting`'s own when a field is not sent. `needs` are
    (field, attribute that is true, attribute needed then, its field). `has_days` says that a meeting may last all day.
    """

    external_id: tuple[str, Read]
    external_id_fallback: str | None
    singles: tuple[tuple[str, str, Read], ...]
    joins: tuple[tuple[str, str, Read], ...]
    defaults: Mapping[str, Any]
    needs: tuple[tuple[str, str, str, str], ...]
    times: TimeFields
    has_days: bool
    original_start: tuple[str, Read] | None
    cancelled: tuple[str, Read] | None
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
    days = Part.ALL_DAY in by_part

    def read_of(field: Field) -> Read:
        read = reader(field, rules.limits, text_values=text_values)
        # The day alone names an occurrence, and the first or the last of whole days.
        plain_dates = _MOMENTS if days else (Part.ORIGINAL_START,)
        return or_plain_date(read) if field.part in plain_dates else read

    def pair(part: Part) -> tuple[str, Read] | None:
        field = by_part.get(part)
        return None if field is None else (field.name, read_of(field))

    return Plan(
        external_id=(external_id.name, read_of(external_id)),
        external_id_fallback=external_id.fallback,
        singles=tuple((field.part.value, field.name, read_of(field)) for field in singles),
        joins=tuple((part.value, *found) for part in JOIN_PARTS if (found := pair(part))),
        defaults={field.part.value: field.default for field in singles if field.default is not None},
        needs=tuple(
            (field.name, field.part.value, field.needs.value, by_part[field.needs].name)
            for field in singles
            if field.needs is not None
        ),
        times=_times(by_part, pair, rules),
        has_days=days,
        original_start=pair(Part.ORIGINAL_START),
        cancelled=pair(Part.CANCELLED),
        repeat=repeat_field(by_part, read_of, text_values=text_values) if Part.REPEAT in by_part else None,
        people=people_fields(fields, rules, text_values=text_values),
        names={part: field.name for part, field in by_part.items()},
        known=frozenset(field.name for field in fields)
        | {field.fallback for field in fields if field.fallback}
        | unused,
        closed=rules.closed,
        text_values=text_values,
    )


def _times(by_part: Mapping[Part, Field], pair: Callable[[Part], tuple[str, Read] | None], rules: Rules) -> TimeFields:
    duration, zone = by_part.get(Part.DURATION), by_part.get(Part.ZONE)
    default = duration.default if duration else None
    names = [by_part[part].name for part in (Part.START, Part.START_DATE) if part in by_part]
    ends = [by_part[part].name for part in (Part.END, Part.END_TIME, Part.END_DATE, Part.DURATION) if part in by_part]
    return TimeFields(
        start=pair(Part.START),
        end=pair(Part.END),
        duration=pair(Part.DURATION),
        default_s=default * duration.unit.seconds if duration and isinstance(default, int) else None,
        clock=ClockFields(
            start_date=pair(Part.START_DATE),
            start_time=pair(Part.START_TIME),
            end_date=pair(Part.END_DATE),
            end_time=pair(Part.END_TIME),
        )
        if by_part.keys() & set(_CLOCK_PARTS)
        else None,
        zone=zone_field(zone.name if zone else None, rules.zones),
        start_name=names[0],
        end_name=ends[0],
    )
