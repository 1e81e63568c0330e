"""Query parameters of the Calendar methods, read with types and refusals; which there are is in `operations`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from simulator.google.errors import ApiError, bad_request, refused, unknown_parameter

Kind = Literal["text", "flag", "count", "version", "moment", "texts"]

_SYSTEM = {
    "alt",
    "fields",
    "key",
    "oauth_token",
    "access_token",
    "prettyPrint",
    "quotaUser",
    "userIp",
    "callback",
    "$.xgafv",
    "uploadType",
    "upload_protocol",
}
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")

_CHOICES = {
    "sendUpdates": ("all", "externalOnly", "none"),
    "orderBy": ("startTime", "updated"),
    "minAccessRole": ("freeBusyReader", "owner", "reader", "writer"),
    "eventTypes": ("birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"),
}


def settled(known: Mapping[str, Kind], query: Mapping[str, list[str]]) -> dict[str, Any]:
    """The parameters of a method with their types; raises Google's 400 for unknown or unreadable ones."""
    given: dict[str, Any] = {}
    for name, values in query.items():
        kind = known.get(name)
        if kind is not None:
            given[name] = _read(name, kind, values)
        elif name not in _SYSTEM:
            raise unknown_parameter(name)
    if query.get("alt", ["json"])[0] != "json":
        raise _invalid("alt", query["alt"][0])
    return given


def _invalid(name: str, value: str) -> ApiError:
    return refused(400, "invalidParameter", f"Invalid value '{value}'.", location=("parameter", name))


def _read(name: str, kind: Kind, values: list[str]) -> Any:
    value = values[0]
    for one in values:
        if name in _CHOICES and one not in _CHOICES[name]:
            raise _invalid(name, one)
    if kind == "texts":
        return values
    if kind == "flag":
        if value.lower() not in _FLAGS:
            raise _invalid(name, value)
        return _FLAGS[value.lower()]
    if kind in ("count", "version"):
        return _whole(name, value, (1, None) if kind == "count" else (0, 1))
    return read_moment(value) if kind == "moment" else value


def _whole(name: str, value: str, limits: tuple[int, int | None]) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise _invalid(name, value)
    number = int(value)
    if number < limits[0] or (limits[1] is not None and number > limits[1]):
        raise _invalid(name, value)
    return number


def read_moment(value: str) -> datetime:
    """An RFC 3339 time with an offset, as an aware UTC time; fractions of a second are dropped."""
    found = _RFC3339.fullmatch(value)
    if found is None:
        raise bad_request()
    day, clock, _, offset = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{offset.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_request() from None
