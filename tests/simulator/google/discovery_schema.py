"""Google's published Calendar discovery document as JSON Schema, to hold every answer of the simulator against it."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

_TYPES = ("string", "integer", "boolean", "number", "object", "array")
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1)}

_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(shape, value) is not None


@_formats.checks("date")
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The discovery document that the official client ships."""
    path = resources.files("googleapiclient").joinpath("discovery_cache/documents/calendar.v3.json")
    return json.loads(path.read_text(encoding="utf-8"))


def converted(schema: dict[str, Any]) -> dict[str, Any]:
    """One discovery schema as JSON Schema; fields it does not name are not allowed, so that none can be invented."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kind = schema.get("type", "object")
    assert kind in (*_TYPES, "any"), kind
    result: dict[str, Any] = {} if kind == "any" else {"type": kind}
    if "enum" in schema:
        result["enum"] = schema["enum"]
    if schema.get("format") in ("date-time", "date"):
        result["format"] = schema["format"]
    if schema.get("format") in _BOUNDS:
        result["minimum"], result["maximum"] = _BOUNDS[schema["format"]]
    if kind == "array":
        result["items"] = converted(schema["items"])
    if kind == "object":
        result["properties"] = {name: converted(entry) for name, entry in schema.get("properties", {}).items()}
        extra = schema.get("additionalProperties")
        result["additionalProperties"] = converted(extra) if extra else False
    return result


@cache
def validator(schema_name: str) -> Draft202012Validator:
    """A validator of one schema of the document, such as `Event`."""
    definitions = {name: converted(schema) for name, schema in document()["schemas"].items()}
    return Draft202012Validator({"$ref": f"#/$defs/{schema_name}", "$defs": definitions}, format_checker=_formats)


@lru_cache(maxsize=1)
def _methods() -> list[tuple[str, re.Pattern[str], str | None]]:
    found = []
    for resource in document()["resources"].values():
        for method in resource["methods"].values():
            path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(method["path"]))
            answer = method.get("response", {}).get("$ref")
            found.append((method["httpMethod"], re.compile("/calendar/v3/" + path), answer))
    return found


def schema_of(http_method: str, raw_path: str) -> str | None:
    """The schema that answers a call, None for calls that answer nothing; raises for calls Google does not have."""
    fitting = [answer for verb, path, answer in _methods() if verb == http_method and path.fullmatch(raw_path)]
    assert fitting, f"{http_method} {raw_path} is no method of the Calendar API"
    return fitting[0]


def assert_valid(http_method: str, raw_path: str, status: int, body: bytes) -> None:
    """Hold one answer of the Calendar API against the document, or against the shape of Google's errors."""
    if status in (204, 304):
        assert body == b""
        return
    answer = json.loads(body)
    if status >= 400:
        assert_error_shape(status, answer)
        return
    name = schema_of(http_method, raw_path)
    assert name is not None
    problems = [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(answer)]
    assert problems == []


def assert_error_shape(status: int, answer: dict[str, Any]) -> None:
    """Google's error shape: `code`, `message`, and `errors` (domain, reason, message) or `details`, or both."""
    assert set(answer) == {"error"}
    error = answer["error"]
    assert {"code", "message"} <= set(error) <= {"errors", "code", "message", "status", "details"}
    assert "errors" in error or "details" in error
    assert error["code"] == status
    assert error["message"]
    for entry in error.get("errors", ()):
        assert {"domain", "reason", "message"} <= set(entry)
        assert set(entry) <= {"domain", "reason", "message", "locationType", "location"}
        assert ("location" in entry) == ("locationType" in entry)
