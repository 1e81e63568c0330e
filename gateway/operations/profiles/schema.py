"""The JSON Schema of profile files, made from the tables by which they are read; no file is read here."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gateway.profiles.fields import CODINGS, PERSON_CODINGS, Coding, Part
from gateway.profiles.vocabulary import SECTIONS, Key, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Mapping[str, object] = {"type": "string", "pattern": r"\S"}
_SCALAR: Mapping[str, object] = {"type": ["string", "integer", "boolean"]}
_SIMPLE: Mapping[Kind, Mapping[str, object]] = {
    Kind.TEXT: _TEXT,
    Kind.FLAG: {"type": "boolean"},
    Kind.COUNT: {"type": "integer", "minimum": 1},
    Kind.WHOLE: {"type": "integer"},
    Kind.SPAN: {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2},
    Kind.TEXTS: {"type": "array", "items": {"type": "string", "minLength": 1}},
    Kind.CONSTANTS: {"type": "array", "items": _SCALAR, "minItems": 1},
    Kind.SCALAR: _SCALAR,
    Kind.NAMES: {"type": "object", "additionalProperties": _TEXT},
    Kind.FREE: {"type": "object"},
    Kind.CHOICES: {
        "type": "object",
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/repeat_choice"}, {"type": ["string", "boolean"]}]},
        "minProperties": 1,
    },
}
_MERGED = ("zone", "api", "reply", "shape", "field", "limits", "profile_limits")
"""Sections in which a profile that extends another says only what differs."""


def schema() -> dict[str, object]:
    """The schema, draft 2020-12: every key, every word, and which codings a part can have.

    What takes more than one place to see (a shape recognised by fields it has, parts that exclude each other) is left
    to `profile lint`.
    """
    definitions = {name: _section(name) for name in SECTIONS if name != "profile"}
    definitions |= {_partly(name): _section(name, partly=True) for name in _MERGED}
    for part, codings in (*CODINGS.items(), *PERSON_CODINGS.items()):
        definitions[f"field_{part.value}"] = _part(part, codings)
        definitions[_partly(f"field_{part.value}")] = _part(part, codings, partly=True)
    definitions["profile"] = _section("profile")
    definitions["profile_that_extends"] = _section("profile", partly=True)
    return {
        "$schema": DIALECT,
        "title": "Device profile of the meeting gateway",
        "description": "How a family of devices writes a meeting; device_profiles/README.md tells how to write one.",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/profile_that_extends"},
        "else": {"$ref": "#/$defs/profile"},
        "$defs": dict(sorted(definitions.items())),
    }


def text() -> str:
    """The schema as it stands in `device_profiles/schema.json`."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _partly(name: str) -> str:
    return f"{name}_in_part"


def _section(name: str, *, partly: bool = False) -> dict[str, object]:
    keys = SECTIONS[name]
    made: dict[str, object] = {
        "type": "object",
        "properties": {key: _key(found, partly=partly) for key, found in keys.items()},
        "additionalProperties": False,
    }
    if not partly:
        made["required"] = [key for key, found in keys.items() if found.required]
    if name == "field" and not partly:
        made["oneOf"] = [{"required": ["name"]}, {"required": ["path"]}]
    return made


def _part(part: Part, codings: frozenset[Coding], *, partly: bool = False) -> dict[str, object]:
    field = _partly("field") if partly else "field"
    return {"$ref": f"#/$defs/{field}", "properties": {"as": {"enum": sorted(codings)}}}


def _key(key: Key, *, partly: bool) -> dict[str, object]:
    simple = _SIMPLE.get(key.kind)
    made = dict(simple) if simple is not None else _composed(key, partly=partly)
    return {**made, "description": key.meaning} if key.meaning else made


def _composed(key: Key, *, partly: bool) -> dict[str, object]:
    words = [str(word) for word in key.words]
    if key.kind is Kind.WORD:
        return {"enum": words}
    if key.kind is Kind.WORDS:
        return {"type": "array", "items": {"enum": words}}
    if key.kind is Kind.SECTIONS:
        return {"type": "array", "items": {"$ref": f"#/$defs/{key.section}"}}
    target = _partly(key.section) if partly and key.section in _MERGED else key.section
    if key.kind is Kind.SECTION:
        return {"$ref": f"#/$defs/{target}"}
    if not words:
        return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{target}"}}
    named = {word: {"$ref": f"#/$defs/{_target(key, word, partly=partly)}"} for word in words}
    return {"type": "object", "properties": named, "additionalProperties": False}


def _target(key: Key, word: str, *, partly: bool) -> str:
    name = f"field_{word}" if key.section == "field" else key.section
    return _partly(name) if partly and key.section in _MERGED else name
