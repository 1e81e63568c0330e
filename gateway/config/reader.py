"""Turns merged settings into dataclasses with cattrs, or into one line per mistake; rules between them are not here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, cast, get_args, get_origin

from cattrs import BaseValidationError, Converter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from gateway.config.root_certificate import RootCertificate
from gateway.config.shape import dotted, is_section, item_section, kind_at, paths, settings
from gateway.config.tree import Tree
from gateway.config.values import Address, Refused, did_you_mean
from gateway.domain.secret import Secret
from gateway.messages.languages import tr
from gateway.yaml_source import DataPath

T = TypeVar("T")
_Hook: TypeAlias = Callable[[object, object], object]


def read(tree: Tree, root: type[T]) -> T | None:
    """The settings as `root`; or None, with every reason among the tree's problems and its place refused."""
    try:
        return _converter().structure(tree.data, root)
    except BaseValidationError as error:
        for path, reason in _reasons(error, (), tree.root):
            note(tree, path, reason)
    return None


def note(tree: Tree, path: DataPath, reason: Refused) -> None:
    """Add a line that says why the setting at `path` is refused, with its value where that may be shown."""
    tree.refused.add(path)
    origin = tree.origin(path)
    text = dotted(path) + (reason.text if reason.text.startswith(":") else f" {reason.text}")
    if reason.shows_value and origin.shows_value:
        text += tr(", not %(value)s", value=_shown(tree.value(path)))
    tree.note(origin, text + reason.hint)


def _shown(value: object) -> str:
    """A value on one line; a misplaced client secret is recognised by Google's mark."""
    words = {
        dict: tr("a section"),
        list: tr("a list"),
        type(None): tr("nothing"),
        bool: str(value).lower(),
        Secret: tr("a secret"),
    }
    if type(value) in words:
        return words[type(value)]
    if isinstance(value, str) and "GOCSPX-" in value:
        return tr("what looks like a client secret")
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _reasons(error: Exception, path: DataPath, root: type) -> Iterator[tuple[DataPath, Refused]]:
    """Each refused setting in cattrs' tree of errors."""
    if isinstance(error, ClassValidationError):
        named, unnamed = error.group_exceptions()
        for below, field in named:
            yield from _reasons(below, (*path, field.name), root)
        for below in unnamed:
            yield from _reasons(below, path, root)
    elif isinstance(error, IterableValidationError):
        for below, item in error.group_exceptions()[0]:
            yield from _reasons(below, (*path, item.index), root)
    elif isinstance(error, ForbiddenExtraKeysError):
        for key in error.extra_fields:
            yield (*path, key), _unknown(root, error.cl, key)
    elif isinstance(error, KeyError):
        yield path, Refused(tr("is required"), shows_value=False)
    else:
        yield path, error if isinstance(error, Refused) else Refused(tr("cannot be used"), shows_value=False)


def _unknown(root: type, section: type, key: str) -> Refused:
    """A key that is no setting here: where it belongs, or else what it may have been meant to be."""
    one_of_each = {path: 1 for path in paths(root, {}) if item_section(kind_at(root, path))}
    elsewhere = [dotted(path).replace("[0]", "[]") for path in paths(root, one_of_each) if path[-1] == key]
    if elsewhere:
        return Refused(
            tr("is not a known setting here"),
            shows_value=False,
            hint=tr("; it belongs in %(places)s", places=tr(" or ").join(elsewhere)),
        )
    return Refused(tr("is not a known setting"), shows_value=False, hint=did_you_mean(key, settings(section)))


def _converter() -> Converter:
    converter = Converter(detailed_validation=True)
    converter.register_structure_hook(str, _scalar(lambda: tr("must be text"), str))
    converter.register_structure_hook(int, _scalar(lambda: tr("must be a whole number"), int))
    converter.register_structure_hook(float, _scalar(lambda: tr("must be a number"), float, int))
    converter.register_structure_hook(bool, _scalar(lambda: tr("must be true or false"), bool))
    converter.register_structure_hook(StrEnum, _one_of)
    converter.register_structure_hook(Path, lambda value, _: Path(_text(value)))
    converter.register_structure_hook(Address, lambda value, _: Address.parse(value if isinstance(value, str) else ""))
    converter.register_structure_hook(RootCertificate, lambda value, _: RootCertificate.parse(value))
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook_factory(lambda kind: _origin(kind) is Annotated, _with_rules(converter))
    converter.register_structure_hook_func(lambda kind: _origin(kind) is Literal, _one_of)
    converter.register_structure_hook_factory(lambda kind: item_section(kind) is not None, _list(converter))
    converter.register_structure_hook_factory(is_section, _section(converter))
    return converter


def _origin(kind: object) -> object:
    return get_origin(kind)


def _scalar(words: Callable[[], str], kind: type, *also: type) -> _Hook:
    """Accepts these very types: to `isinstance`, true is a number."""

    def structure(value: object, _: object) -> object:
        if type(value) is kind:
            return value
        if type(value) in also:
            return kind(value)
        unquoted = kind is str and type(value) in (int, float, bool)
        raise Refused(words(), hint=tr("; put it in quotes") if unquoted else "")

    return structure


def _text(value: object) -> str:
    if isinstance(value, str) and value and value.isprintable():
        return value
    raise Refused(tr("must be text on one line"))


def _secret(value: object, _: object) -> Secret:
    if isinstance(value, Secret):
        return value
    raise Refused(tr("must be text; put it in quotes"), shows_value=False)


def _one_of(value: object, kind: object) -> object:
    """One of the values of a `Literal` or a `StrEnum`."""
    choices = {str(choice): choice for choice in (get_args(kind) or cast("type[StrEnum]", kind))}
    if isinstance(value, str) and value in choices:
        return choices[value]
    near = did_you_mean(value, choices) if isinstance(value, str) else ""
    raise Refused(tr("must be %(some)s or %(last)s", some=", ".join([*choices][:-1]), last=[*choices][-1]), hint=near)


def _with_rules(converter: Converter) -> Callable[[object], _Hook]:
    def factory(annotated: object) -> _Hook:
        kind, *rules = get_args(annotated)

        def structure(value: object, _: object) -> object:
            value = converter.structure(value, kind)
            for rule in rules:
                value = rule(value)
            return value

        return structure

    return factory


def _list(converter: Converter) -> Callable[[type], _Hook]:
    def factory(kind: type) -> _Hook:
        build = homogenous_tuple_structure_factory(kind, converter)

        def structure(value: object, _: object) -> object:
            if value is None:
                return ()
            if not isinstance(value, list):
                raise Refused(tr("must be a list, whose items start with '-'"), shows_value=False)
            return build(value, kind)

        return structure

    return factory


def _section(converter: Converter) -> Callable[[type], _Hook]:
    """Sections refuse unknown keys; one with nothing in it, not even `{}`, is a section without settings."""

    def factory(section: type) -> _Hook:
        overrides: dict[str, Any] = {field.name: override(omit=True) for field in dataclasses.fields(section)}
        for name, hint in settings(section).items():
            overrides[name] = override(struct_hook=_as(converter, hint))
        build: Any = make_dict_structure_fn(
            section, converter, _cattrs_forbid_extra_keys=True, _cattrs_use_linecache=False, **overrides
        )

        def structure(value: object, _: object) -> object:
            if value is not None and not isinstance(value, dict):
                raise Refused(tr("must be a section of settings such as 'name: value'"), shows_value=False)
            return cast("object", build(value or {}))

        return structure

    return factory


def _as(converter: Converter, hint: object) -> _Hook:
    """By the whole type: cattrs drops `Annotated` from annotations that are kept as text."""
    return lambda value, _: converter.structure(value, cast("type[object]", hint))
