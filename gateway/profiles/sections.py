"""Plain data from a YAML file read key by key, with every problem kept and placed; what the keys mean is not here."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from gateway.profiles.inheritance import Source
from gateway.yaml_source import DataPath, Place

_Word = TypeVar("_Word", bound=StrEnum)


class Problems:
    """Every mistake of one profile, each with the file and the place of the nearest key that is there."""

    def __init__(self, source: Source) -> None:
        self._places = source.places
        self._found: list[tuple[str, Place, str]] = []

    def add(self, path: DataPath, text: str) -> None:
        """Note a mistake at `path`."""
        nearest = path
        while nearest not in self._places:
            nearest = nearest[:-1]
        shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
        self._found.append((*self._places[nearest], f"{shown} {text}" if shown else text))

    def lines(self) -> list[str]:
        """One line per mistake (`file:line:column: text`), in the order of the file."""
        ordered = sorted(self._found, key=lambda problem: problem[:2])
        return [f"{file}:{place.line}:{place.column}: {text}" for file, place, text in ordered]


class Section:
    """One mapping of the file. Each key is asked for once; `close` reports those that nobody asked for.

    A value that is missing or wrong is reported and answered with a harmless one of the same type, so that reading
    goes on; whoever reads must look at the problems before using the result.
    """

    def __init__(self, data: object, path: DataPath, problems: Problems) -> None:
        self.path = path
        self._problems = problems
        self._asked: set[str] = set()
        self._data: Mapping[str, object] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            problems.add(path, "must be a section of keys and values")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._asked.add(key)
        return key in self._data

    def all_keys(self) -> list[str]:
        """All keys, in the file's order; none of them counts as unknown any more."""
        self._asked.update(self._data)
        return list(self._data)

    def says(self, key: str, text: str) -> bool:
        """Whether the value is exactly this text."""
        self._asked.add(key)
        return self._data.get(key) == text

    def problem(self, text: str, *steps: str | int) -> None:
        """Note a mistake in this section, or under `steps` within it."""
        self._problems.add((*self.path, *steps), text)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required unless there is a default."""
        value = self._value(key, required=default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str) or not value.strip():
            self.problem("must be text (put numbers in quotes)", key)
            return default or ""
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None when the key is not there."""
        return self.text(key) if self.has(key) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty when the key is not there."""
        found = []
        for index, item in self._items(key):
            if isinstance(item, str) and item:
                found.append(item)
            else:
                self.problem("must be text (put numbers in quotes)", key, index)
        return tuple(found)

    def flag(self, key: str) -> bool:
        """True or false; false when the key is not there."""
        value = self._value(key, required=False)
        if value is not None and not isinstance(value, bool):
            self.problem("must be true or false", key)
        return value is True

    def number(self, key: str, default: int) -> int:
        """A whole number of at least 1."""
        value = self._value(key, required=False)
        if value is None:
            return default
        if type(value) is not int or value < 1:
            self.problem("must be a whole number of at least 1", key)
            return default
        return value

    def optional_count(self, key: str) -> int | None:
        """A whole number of at least 1, or None when the key is not there."""
        return self.number(key, 1) if self.has(key) else None

    def optional_number(self, key: str) -> int | None:
        """A whole number, or None when the key is not there."""
        value = self._value(key, required=False)
        if value is not None and type(value) is not int:
            self.problem("must be a whole number", key)
            return None
        return value

    def span(self, key: str, default: tuple[int, int]) -> tuple[int, int]:
        """Two whole numbers, the lower one first."""
        value = self._value(key, required=False)
        if value is None:
            return default
        if isinstance(value, list) and len(value) == 2 and all(type(end) is int and end >= 0 for end in value):
            low, high = value
            if low <= high:
                return low, high
        self.problem("must be two whole numbers, the lower one first, such as [4, 10]", key)
        return default

    def word(self, key: str, words: type[_Word], allowed: Collection[_Word] | None = None) -> _Word:
        """One of a few words; required."""
        known = list(words) if allowed is None else [word for word in words if word in allowed]
        value = self._value(key, required=True)
        if value is not None and (not isinstance(value, str) or value not in known):
            near = difflib.get_close_matches(str(value), known, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            self.problem(f"must be one of {', '.join(known)}{hint}", key)
            return known[0]
        return known[0] if value is None else words(value)

    def words(self, key: str, words: type[_Word]) -> frozenset[_Word]:
        """A list of a few words, empty when the key is not there."""
        found = set()
        for index, item in enumerate(self.texts(key)):
            if item in list(words):
                found.add(words(item))
            else:
                near = difflib.get_close_matches(item, list(words), 1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.problem(f"must be one of {', '.join(words)}{hint}", key, index)
        return frozenset(found)

    def optional_word(self, key: str, words: type[_Word]) -> _Word | None:
        """One of a few words, or None when the key is not there."""
        return self.word(key, words) if self.has(key) else None

    def constants(self, key: str) -> tuple[str | int | bool, ...]:
        """A list of texts, whole numbers, true and false; empty when the key is not there."""
        found = []
        for index, item in self._items(key):
            if isinstance(item, (str, int)):
                found.append(item)
            else:
                self.problem("must be text, a whole number, true or false", key, index)
        return tuple(found)

    def scalar(self, key: str) -> object:
        """Whatever stands there, or None when the key is not there."""
        return self._value(key, required=False)

    def optional_mapping(self, key: str) -> Mapping[str, object] | None:
        """A section as it is, not looked into, or None when the key is not there."""
        return self.mapping(key) if self.has(key) else None

    def mapping(self, key: str) -> Mapping[str, object]:
        """A section as it is, not looked into; required."""
        value = self._value(key, required=True)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problem("must be a section of keys and values", key)
        return {}

    def section(self, key: str) -> Section:
        """A section within this one; empty when the key is not there."""
        value = self._value(key, required=False)
        return Section({} if value is None else value, (*self.path, key), self._problems)

    def sections(self, key: str) -> list[Section]:
        """A list of sections; empty when the key is not there."""
        return [Section(item, (*self.path, key, index), self._problems) for index, item in self._items(key)]

    def close(self) -> None:
        """Report every key that was not asked for."""
        for key in self._data:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, 1)
                self.problem("is not a known key" + (f"; did you mean '{near[0]}'?" if near else ""), key)

    def _value(self, key: str, *, required: bool) -> object:
        self._asked.add(key)
        value = self._data.get(key)
        if value is None and required:
            self.problem("is required", key)
        return value

    def _items(self, key: str) -> Iterator[tuple[int, object]]:
        value = self._value(key, required=False)
        if value is not None and not isinstance(value, list):
            self.problem("must be a list", key)
            return iter(())
        return iter(enumerate(value or ()))
