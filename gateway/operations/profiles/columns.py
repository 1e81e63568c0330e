"""Captured calls laid out by field: which fields there are, their values, what those look like; no meaning is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.profiles.strict_json import BadJson
from gateway.profiles.strict_json import read as read_json

MAX_CALLS = 200
_MAX_DEPTH = 4
_MAX_COLUMNS = 300
_MAX_TEXT = 100_000
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\"]+")


class Call(NamedTuple):
    """One captured call: its fields, and whether it was a form, so that every value is text."""

    fields: Mapping[str, object]
    text_values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field over all calls. `path` is dotted into objects; `values` has one item per call, None where not sent."""

    path: str
    values: tuple[object, ...]

    @property
    def sent(self) -> tuple[object, ...]:
        """The values that were sent and are not empty."""
        return tuple(value for value in self.values if value not in (None, "", []))

    @property
    def always(self) -> bool:
        """Whether every call has it."""
        return len(self.sent) == len(self.values)

    @property
    def constant(self) -> bool:
        """Whether it never changes, over more than one call."""
        return len(self.values) > 1 and all(value == self.values[0] for value in self.values)

    @property
    def words(self) -> frozenset[str]:
        """The words of its name: `startTime`, `start_time` and `START-TIME` are start and time."""
        return frozenset(word.lower() for word in _WORD.findall(self.path))

    @property
    def own_words(self) -> frozenset[str]:
        """The words of the last part of its path."""
        return frozenset(word.lower() for word in _WORD.findall(self.path.rpartition(".")[2]))

    def texts(self) -> tuple[str, ...]:
        """The values as text, numbers as their digits; empty when one of them is neither."""
        plain = [str(value) if type(value) is int else value for value in self.sent]
        return tuple(value for value in plain if isinstance(value, str)) if _all_text(plain) else ()

    def fit(self, pattern: re.Pattern[str]) -> bool:
        """Whether every value that was sent is text (or a whole number) of this form."""
        texts = self.texts()
        return bool(texts) and all(pattern.fullmatch(text) for text in texts)

    def objects(self) -> tuple[Mapping[str, object], ...]:
        """The objects in its lists, also when a list came as JSON text; empty when there is anything else."""
        found: list[Mapping[str, object]] = []
        for value in self.sent:
            items = as_json(value)
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                return ()
            found += items
        return tuple(found)


def columns(calls: Sequence[Call], unwrap: str | None = None) -> tuple[Column, ...]:
    """Every field of the calls, objects taken apart, in the order in which they first came."""
    rows = [dict(_flat(opened(call.fields, unwrap))) for call in calls]
    paths = list(dict.fromkeys(path for row in rows for path in row))[:_MAX_COLUMNS]
    return tuple(Column(path=path, values=tuple(row.get(path) for row in rows)) for path in paths)


def wrapping(calls: Sequence[Call]) -> str | None:
    """The one field that holds the meeting as JSON text in every call, if there is one."""
    for name in calls[0].fields if calls else ():
        inner = [as_json(call.fields.get(name)) for call in calls if isinstance(call.fields.get(name), str)]
        if len(inner) == len(calls) and all(isinstance(value, dict) and len(value) > 2 for value in inner):
            return name
    return None


def opened(fields: Mapping[str, object], unwrap: str | None) -> Mapping[str, object]:
    """The fields of the meeting itself: those of the object in `unwrap`, or the call's."""
    inner = as_json(fields.get(unwrap)) if unwrap else None
    return inner if isinstance(inner, dict) else fields


def as_json(value: object) -> object:
    """The value of JSON text that is an object or a list; any other value as it is."""
    if not isinstance(value, str) or value[:1] not in ("{", "[") or len(value) > _MAX_TEXT:
        return value
    try:
        return read_json(value)
    except BadJson:
        return value


def has_email(value: object) -> bool:
    """Whether there is an e-mail address anywhere in the value."""
    if isinstance(value, str):
        return _EMAIL.search(value) is not None
    if isinstance(value, Mapping):
        return any(has_email(item) for item in value.values())
    return isinstance(value, list) and any(has_email(item) for item in value)


def _flat(fields: Mapping[str, object], before: str = "", depth: int = 1) -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        # A name with a dot in it cannot be told from a path.
        path = f"{before}{name}"
        if isinstance(value, dict) and value and depth < _MAX_DEPTH and not _is_person(value) and "." not in name:
            yield from _flat(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _is_person(value: Mapping[str, object]) -> bool:
    return any(isinstance(item, str) and _EMAIL.fullmatch(item) for item in value.values())


def _all_text(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)
