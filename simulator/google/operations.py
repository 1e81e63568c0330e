"""The Calendar methods the simulated Google has: their query parameters and the scopes that open them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from simulator.google.errors import ApiError, bad_request, refused, unknown_parameter
from simulator.google.scopes import PREFIX

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method: `rpc_name` as Google's error details name it, `scopes` of which one suffices."""

    rpc_name: str
    scopes: frozenset[str]
    parameters: Mapping[str, Kind]
    writes: bool = False

    def settled(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        """The method's parameters with their types; raises Google's 400 for unknown or unreadable ones."""
        given: dict[str, Any] = {}
        for name, values in query.items():
            kind = self.parameters.get(name)
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


def _scopes(*names: str) -> frozenset[str]:
    return frozenset(PREFIX + name for name in names)


_WRITE = _scopes("calendar", "calendar.app.created", "calendar.events", "calendar.events.owned")
_READ = _WRITE | _scopes(
    "calendar.events.freebusy",
    "calendar.events.owned.readonly",
    "calendar.events.public.readonly",
    "calendar.events.readonly",
    "calendar.readonly",
)
_CALENDAR_LIST = _scopes("calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly")
_WRITE_PARAMETERS: Mapping[str, Kind] = {
    "conferenceDataVersion": "version",
    "eventLabelVersion": "version",
    "maxAttendees": "count",
    "sendNotifications": "flag",
    "sendUpdates": "text",
    "supportsAttachments": "flag",
}
_CHANGE_PARAMETERS: Mapping[str, Kind] = {**_WRITE_PARAMETERS, "alwaysIncludeEmail": "flag"}

OPERATIONS: Mapping[str, Operation] = {
    "insert": Operation(rpc_name="calendar.v3.Events.Insert", scopes=_WRITE, parameters=_WRITE_PARAMETERS, writes=True),
    "update": Operation(
        rpc_name="calendar.v3.Events.Update", scopes=_WRITE, parameters=_CHANGE_PARAMETERS, writes=True
    ),
    "patch": Operation(rpc_name="calendar.v3.Events.Patch", scopes=_WRITE, parameters=_CHANGE_PARAMETERS, writes=True),
    "delete": Operation(
        rpc_name="calendar.v3.Events.Delete",
        scopes=_WRITE,
        parameters={"sendNotifications": "flag", "sendUpdates": "text"},
        writes=True,
    ),
    "get": Operation(
        rpc_name="calendar.v3.Events.Get",
        scopes=_READ,
        parameters={"alwaysIncludeEmail": "flag", "maxAttendees": "count", "timeZone": "text"},
    ),
    "list": Operation(
        rpc_name="calendar.v3.Events.List",
        scopes=_READ,
        parameters={
            "alwaysIncludeEmail": "flag",
            "eventTypes": "texts",
            "iCalUID": "text",
            "maxAttendees": "count",
            "maxResults": "count",
            "orderBy": "text",
            "pageToken": "text",
            "privateExtendedProperty": "texts",
            "q": "text",
            "sharedExtendedProperty": "texts",
            "showDeleted": "flag",
            "showHiddenInvitations": "flag",
            "singleEvents": "flag",
            "syncToken": "text",
            "timeMax": "moment",
            "timeMin": "moment",
            "timeZone": "text",
            "updatedMin": "moment",
        },
    ),
    "instances": Operation(
        rpc_name="calendar.v3.Events.Instances",
        scopes=_READ,
        parameters={
            "alwaysIncludeEmail": "flag",
            "maxAttendees": "count",
            "maxResults": "count",
            "originalStart": "text",
            "pageToken": "text",
            "showDeleted": "flag",
            "timeMax": "moment",
            "timeMin": "moment",
            "timeZone": "text",
        },
    ),
    "calendars.get": Operation(
        rpc_name="calendar.v3.Calendars.Get",
        scopes=_scopes(
            "calendar",
            "calendar.app.created",
            "calendar.calendars",
            "calendar.calendars.readonly",
            "calendar.readonly",
        ),
        parameters={},
    ),
    "calendarList.list": Operation(
        rpc_name="calendar.v3.CalendarList.List",
        scopes=_CALENDAR_LIST,
        parameters={
            "maxResults": "count",
            "minAccessRole": "text",
            "pageToken": "text",
            "showDeleted": "flag",
            "showHidden": "flag",
            "showOwnOrganizationOnly": "flag",
            "syncToken": "text",
        },
    ),
    "calendarList.get": Operation(
        rpc_name="calendar.v3.CalendarList.Get",
        scopes=_CALENDAR_LIST | _scopes("calendar.app.created"),
        parameters={},
    ),
}
"""Every Calendar method that is simulated (Calendar API v3 discovery document)."""

OWNED_ONLY = _scopes("calendar.events.owned", "calendar.events.owned.readonly")
"""Scopes that reach only calendars the account owns."""
