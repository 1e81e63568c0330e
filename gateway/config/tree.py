"""The settings of all sources merged by strength, as plain data with the origin of each; sources are not read here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from gateway.config.shape import dotted, is_section, item_section, kind_at
from gateway.domain.secret import Secret
from gateway.messages.languages import tr
from gateway.yaml_source import DataPath, Place

START = Place(1, 1)
COMMAND_LINE = "command line"


class Strength(IntEnum):
    """The sources, weakest first."""

    DEFAULT = 0
    FILE = 1
    DOTENV = 2
    ENVIRONMENT = 3
    COMMAND_LINE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one value was written.

    `lead` starts a line about it (`config.yaml:3:3:`), `source` names it in a list of settings (`config.yaml:3`).
    """

    strength: Strength
    lead: str
    source: str
    place: Place = START
    shows_value: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One line for people, sorted by where the mistake is."""

    strength: Strength
    place: Place
    line: str


@dataclass(slots=True, kw_only=True)
class Tree:
    """The merged settings as plain data (secrets wrapped), the origin of each, and what was wrong so far.

    `refused` are paths that were written but must not be used; nobody shall ask for them a second time.
    """

    root: type
    data: dict[str, object] = field(default_factory=dict, repr=False)
    origins: dict[DataPath, Origin] = field(default_factory=dict, repr=False)
    problems: list[Problem] = field(default_factory=list)
    refused: set[DataPath] = field(default_factory=set)

    def origin(self, path: DataPath) -> Origin:
        """Where a value, or else the nearest thing around it, was written."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return Origin(strength=Strength.DEFAULT, lead="settings:", source="default")

    def source(self, path: DataPath) -> str:
        """The name of the source that this very value is from."""
        return self.origins[path].source if path in self.origins else "default"

    def usable(self, path: DataPath) -> bool:
        """Whether nothing at or around a path was refused, so that it may be compared with other settings."""
        return not any(path[:length] in self.refused for length in range(len(path) + 1))

    def value(self, path: DataPath) -> object:
        """What was written at a path; None when nothing was."""
        value: object = self.data
        for step in path:
            value = _child(value, step)
        return value

    def note(self, origin: Origin, text: str) -> None:
        """Add a problem of what was written at `origin`."""
        self.problems.append(Problem(origin.strength, origin.place, f"{origin.lead} {text}"))

    def put(self, path: DataPath, value: object, origin: Origin) -> None:
        """Write a value over a weaker one: sections key by key, lists whole. Twice in one source is a problem."""
        kind = kind_at(self.root, path)
        if is_section(kind) and isinstance(value, dict):
            self._container(path, origin)
            for key, each in value.items():
                self.put((*path, key), each, origin)
            return
        there = self.origins.get(path)
        if there and there.strength == origin.strength:
            words = tr(
                "%(key)s is set twice, also by %(place)s; remove one of them", key=dotted(path), place=there.source
            )
            self.note(origin, words)
        if there and there.strength >= origin.strength:
            return
        if item_section(kind) and isinstance(value, list):
            self._put_list(path, value, origin)
        else:
            self._write(path, Secret(value) if kind is Secret and isinstance(value, str) else value, origin)

    def remove(self, path: DataPath) -> None:
        """Forget a value."""
        parent = self.value(path[:-1])
        if isinstance(parent, dict):
            del parent[path[-1]]

    def _put_list(self, path: DataPath, items: list[object], origin: Origin) -> None:
        for below in [known for known in self.origins if known[: len(path)] == path]:
            del self.origins[below]
        self._write(path, [], origin)
        for index, item in enumerate(items):
            self.put((*path, index), item, origin)

    def _write(self, path: DataPath, value: object, origin: Origin) -> None:
        parent = self._container(path[:-1], origin)
        step = path[-1]
        if isinstance(parent, dict):
            parent[step] = value
        elif isinstance(parent, list) and isinstance(step, int) and step <= len(parent):
            parent[step : step + 1] = [value]
        else:
            words = tr(
                "%(key)s cannot be set, because there is no %(place)s", key=dotted(path), place=dotted(path[:-1])
            )
            self.note(origin, words)
            return
        self.origins[path] = origin

    def _container(self, path: DataPath, origin: Origin) -> object:
        """The section or list at a path, made where nothing is; whatever else is there is left for the reader."""
        container: object = self.data
        for length, step in enumerate(path, 1):
            child = _child(container, step)
            if child is None:
                child = [] if item_section(kind_at(self.root, path[:length])) else {}
                if isinstance(container, dict):
                    container[step] = child
                elif isinstance(container, list) and isinstance(step, int) and step <= len(container):
                    container[step : step + 1] = [child]
                else:
                    return None
                self.origins.setdefault(path[:length], origin)
            container = child
        return container


def _child(value: object, step: str | int) -> object:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None
