"""Fields from inside objects brought to the top of a call, and put back; what the fields mean is not known here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.profiles.codings import Refused, json_text
from gateway.profiles.fields import Field

Tree: TypeAlias = "dict[str, Tree | None]"
"""The steps of all paths: None where a field is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a call is opened: `unwrap` is the field that holds the meeting, `tree` the steps of the paths."""

    unwrap: str | None
    tree: Tree


def opening_of(fields: Iterable[Field], unwrap: str | None = None) -> Opening | None:
    """What has to be opened for these fields; None when all of them stand at the top."""
    tree: Tree = {}
    for field in fields:
        node = tree
        for step in field.path[:-1]:
            inner = node.setdefault(step, {})
            node = inner if inner is not None else {}
        if field.path:
            node.setdefault(field.path[-1], None)
    return Opening(unwrap=unwrap, tree=tree) if unwrap or tree else None


def opened(opening: Opening, payload: Mapping[str, object]) -> Mapping[str, object]:
    """The call with every field at the top, those with a path under the name with dots; `Refused` when the field that
    holds the meeting holds something else.

    What stands beside that field is still there. Objects that no path leads into stay as they are.
    """
    if opening.unwrap is not None:
        inner = payload.get(opening.unwrap)
        if isinstance(inner, str):
            inner = json_text(inner)
        if not isinstance(inner, dict):
            raise Refused("must hold the meeting, as an object or as JSON text")
        payload = {**{name: value for name, value in payload.items() if name != opening.unwrap}, **inner}
    return _flat(payload, opening.tree, "", {}) if opening.tree else payload


def closed(opening: Opening, payload: Mapping[str, object], paths: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """The opposite: `paths` are the paths of those names that have one."""
    found: dict[str, object] = {}
    for name, value in payload.items():
        node: dict[str, object] = found
        *steps, last = paths.get(name) or (name,)
        for step in steps:
            inner = node.setdefault(step, {})
            node = inner if isinstance(inner, dict) else {}
        node[last] = value
    return found if opening.unwrap is None else {opening.unwrap: found}


def _flat(item: Mapping[str, object], tree: Tree, before: str, found: dict[str, object]) -> dict[str, object]:
    """The depth is that of the longest path in the profile."""
    for name, value in item.items():
        inner = tree.get(name)
        if inner is not None and isinstance(value, dict):
            _flat(value, inner, f"{before}{name}.", found)
        elif inner is None or value is not None:
            found[before + name] = value
    return found
