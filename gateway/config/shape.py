"""Which settings exist, read off the dataclasses that hold them, and what each is called; values are not here."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Iterator

from gateway.config.root_certificate import RootCertificate
from gateway.config.values import Address
from gateway.yaml_source import DataPath

PREFIX = "GATEWAY_"
FILE_SUFFIX = "_FILE"


@functools.cache
def settings(section: type) -> dict[str, object]:
    """The settings of one section with their types (`Annotated` kept), without fields marked `setting=False`."""
    hints = typing.get_type_hints(section, include_extras=True)
    fields = dataclasses.fields(section)
    return {field.name: hints[field.name] for field in fields if field.metadata.get("setting", True)}


@functools.cache
def bare(hint: object) -> object:
    """A type without `Annotated` and `| None`."""
    while True:
        arguments = [each for each in typing.get_args(hint) if each is not types.NoneType]
        origin = typing.get_origin(hint)
        if origin is typing.Annotated or (origin in (typing.Union, types.UnionType) and len(arguments) == 1):
            hint = arguments[0]
        else:
            return hint


@functools.cache
def item_section(kind: object) -> type | None:
    """The section that a list of sections (`tuple[Section, ...]`) is made of, or None when `kind` is no such list."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


def is_section(kind: object) -> typing.TypeGuard[type]:
    """Whether a type is one of the dataclasses that hold settings, and not a value that happens to be one."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in (Address, RootCertificate)


def kind_at(root: type, path: DataPath) -> object | None:
    """The bare type of the setting at a path, or None when there is no such setting."""
    kind: object = root
    for step in path:
        if isinstance(step, int):
            kind = item_section(kind)
        else:
            kind = bare(settings(kind).get(step)) if is_section(kind) else None
        if kind is None:
            return None
    return kind


def default_at(root: type, path: DataPath) -> object:
    """The default of a setting that is not in a list; None when it has none."""
    section = kind_at(root, path[:-1])
    fields = dataclasses.fields(section) if is_section(section) else ()
    default = next((field.default for field in fields if field.name == path[-1]), None)
    return None if default is dataclasses.MISSING else default


def paths(root: type, counts: dict[DataPath, int]) -> Iterator[DataPath]:
    """Every path of a setting, section or list, in order; `counts` has the number of items of each list."""

    def below(kind: object, path: DataPath) -> Iterator[DataPath]:
        if path and not isinstance(path[-1], int):
            yield path
        item = item_section(kind)
        if item is not None:
            for index in range(counts.get(path, 0)):
                yield from below(item, (*path, index))
        elif is_section(kind):
            for name, hint in settings(kind).items():
                yield from below(bare(hint), (*path, name))

    return below(root, ())


def dotted(path: DataPath) -> str:
    """A setting's full name as people read it: `devices[0].key`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def variable(path: DataPath) -> str:
    """The environment variable of a setting: `GATEWAY_GOOGLE__CLIENT_SECRET`, `GATEWAY_DEVICES__0__KEY`.

    A device's id may stand where its index stands: `("devices", "ucm-1", "key")` is `GATEWAY_DEVICES__UCM_1__KEY`.
    """
    return PREFIX + "__".join(map(_word, path))


@functools.lru_cache(maxsize=4096)
def _word(step: str | int) -> str:
    return re.sub(r"[^0-9A-Za-z]", "_", str(step)).upper()
