"""Makes the schemas of an OpenAPI document into rows of a table: name, kind, rules, words; no route is known here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
_SCHEMAS = "#/components/schemas/"
_BOUNDS = (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "items"), ("minimum", "maximum", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field, or one parameter of a call, which stands in a `place` (`path`, `query`, `header`).

    `model` names what it consists of, where that is described by itself.
    """

    name: str
    kind: str
    model: str
    required: bool
    words: str
    rules: str
    place: str = ""


def referred(document: Document, item: Document) -> Document:
    """Return what an item refers to, itself when it does not."""
    found: Any = item
    while "$ref" in found:
        place = str(found["$ref"])
        found = document
        for step in place.removeprefix("#/").split("/"):
            found = found[step]
    known: Document = found
    return known


def model_of(schema: Document) -> str:
    """Return the name of the model that a schema is, or is a list of; empty when it is none."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_SCHEMAS)
    return model_of(schema["items"]) if "items" in schema else ""


def fields_of(document: Document, schema: Document) -> tuple[Field, ...]:
    """Return the fields of a schema; those of objects in it that have no name of their own stand below them."""
    return tuple(_fields(document, schema, ""))


def _fields(document: Document, schema: Document, before: str) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        kind, rules, model = kind_of(document, each)
        yield Field(
            name=before + name,
            kind=kind,
            model=model,
            required=name in required,
            words=each.get("description", ""),
            rules=rules,
        )
        inner = each.get("items", each)
        if "$ref" not in inner:
            yield from _fields(document, inner, f"{before}{name}{'[]' if 'items' in each else ''}.")


def kind_of(document: Document, schema: Document) -> tuple[str, str, str]:
    """Return what a value is, what it must keep to, and the name of its model."""
    if "$ref" in schema:
        return "object", "", model_of(schema)
    kinds = schema.get("type") or _kind_of_choices(schema.get("enum", ()))
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if schema.get("format") == "date-time":
        kind = "instant" if kind == "string" else "instant or null"
    if "items" in schema:
        inner, rules, model = kind_of(document, schema["items"])
        return f"list of {inner}", "; ".join(each for each in (*_rules(schema), rules) if each), model
    return kind, "; ".join(_rules(schema)), ""


def _kind_of_choices(choices: Iterable[object]) -> str:
    return "integer" if all(isinstance(each, int) for each in choices) else "string"


def _rules(schema: Document) -> Iterator[str]:
    if "enum" in schema:
        yield "one of " + ", ".join(str(each) for each in schema["enum"])
    for least, most, unit in _BOUNDS:
        if least in schema or most in schema:
            low, high = schema.get(least), schema.get(most)
            span = f"{low} or more" if high is None else f"up to {high}" if low is None else f"{low} to {high}"
            yield f"{span} {unit}".rstrip()
    if "pattern" in schema:
        yield f"pattern {schema['pattern']}"
    if "default" in schema:
        yield f"{json.dumps(schema['default'])} when left out"
    if schema.get("examples"):
        yield "such as " + ", ".join(str(each) for each in schema["examples"])
