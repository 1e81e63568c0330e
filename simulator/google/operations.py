"""The Calendar methods the simulated Google has: their query parameters and the scopes that open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.google.parameters import Kind, settled
from simulator.google.scopes import PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method: `rpc_name` without what every name begins with, `scopes` of which one suffices.

    `writes` methods need the role writer in the calendar, `owns` ones the role owner. `units` is how many queries
    one call counts as.
    """

    rpc_name: str
    scopes: frozenset[str]
    parameters: Mapping[str, Kind] = field(default_factory=dict)
    writes: bool = False
    owns: bool = False
    units: int = 1

    @property
    def full_name(self) -> str:
        """The method's name as error details write it, such as `calendar.v3.Events.Insert`."""
        return f"calendar.v3.{self.rpc_name}"

    def settled(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        """The method's parameters with their types; raises Google's 400 for unknown or unreadable ones."""
        return settled(self.parameters, query)


def _scopes(*names: str) -> frozenset[str]:
    return frozenset(PREFIX + name for name in names)


_MOVE = _scopes("calendar", "calendar.events", "calendar.events.owned")
_WRITE = _MOVE | _scopes("calendar.app.created")
_READ = _WRITE | _scopes(
    "calendar.events.freebusy",
    "calendar.events.owned.readonly",
    "calendar.events.public.readonly",
    "calendar.events.readonly",
    "calendar.readonly",
)
_CALENDARS = _scopes("calendar", "calendar.app.created", "calendar.calendars")
_LIST_ENTRIES = _scopes("calendar", "calendar.calendarlist")
_LIST_READ = _LIST_ENTRIES | _scopes("calendar.calendarlist.readonly", "calendar.readonly")
_APP = _scopes("calendar.app.created")

_MAILS: Mapping[str, Kind] = {"sendNotifications": "flag", "sendUpdates": "text"}
_IMPORT_PARAMETERS: Mapping[str, Kind] = {
    "conferenceDataVersion": "version",
    "eventLabelVersion": "version",
    "supportsAttachments": "flag",
}
_WRITE_PARAMETERS: Mapping[str, Kind] = {**_IMPORT_PARAMETERS, **_MAILS, "maxAttendees": "count"}
_CHANGE_PARAMETERS: Mapping[str, Kind] = {**_WRITE_PARAMETERS, "alwaysIncludeEmail": "flag"}
_GET_PARAMETERS: Mapping[str, Kind] = {"alwaysIncludeEmail": "flag", "maxAttendees": "count", "timeZone": "text"}
_LIST_PARAMETERS: Mapping[str, Kind] = {
    **_GET_PARAMETERS,
    "eventTypes": "texts",
    "iCalUID": "text",
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
    "updatedMin": "moment",
}
_INSTANCES_PARAMETERS: Mapping[str, Kind] = {
    **_GET_PARAMETERS,
    "maxResults": "count",
    "originalStart": "text",
    "pageToken": "text",
    "showDeleted": "flag",
    "timeMax": "moment",
    "timeMin": "moment",
}
_CALENDAR_LIST_PARAMETERS: Mapping[str, Kind] = {
    "maxResults": "count",
    "minAccessRole": "text",
    "pageToken": "text",
    "showDeleted": "flag",
    "showHidden": "flag",
    "showOwnOrganizationOnly": "flag",
    "syncToken": "text",
}
_COLOURS: Mapping[str, Kind] = {"colorRgbFormat": "flag"}


def _writing(rpc_name: str, parameters: Mapping[str, Kind], units: int = 1) -> Operation:
    return Operation(rpc_name=f"Events.{rpc_name}", scopes=_WRITE, parameters=parameters, writes=True, units=units)


def _calendars(rpc_name: str, *, scopes: frozenset[str] = _CALENDARS, owns: bool = True) -> Operation:
    return Operation(rpc_name=f"Calendars.{rpc_name}", scopes=scopes, owns=owns)


def _listing(rpc_name: str, scopes: frozenset[str], parameters: Mapping[str, Kind] | None = None) -> Operation:
    return Operation(rpc_name=f"CalendarList.{rpc_name}", scopes=scopes, parameters=parameters or {})


OPERATIONS: Mapping[str, Operation] = {
    "insert": _writing("Insert", _WRITE_PARAMETERS),
    "import": _writing("Import", _IMPORT_PARAMETERS),
    "update": _writing("Update", _CHANGE_PARAMETERS),
    # A patch counts three times (Calendar API reference, Events: patch).
    "patch": _writing("Patch", _CHANGE_PARAMETERS, units=3),
    "delete": _writing("Delete", _MAILS),
    "move": Operation(rpc_name="Events.Move", scopes=_MOVE, parameters={**_MAILS, "destination": "text"}, writes=True),
    "get": Operation(rpc_name="Events.Get", scopes=_READ, parameters=_GET_PARAMETERS),
    "list": Operation(rpc_name="Events.List", scopes=_READ, parameters=_LIST_PARAMETERS),
    "instances": Operation(rpc_name="Events.Instances", scopes=_READ, parameters=_INSTANCES_PARAMETERS),
    "watch": Operation(rpc_name="Events.Watch", scopes=_READ, parameters=_LIST_PARAMETERS),
    "channels.stop": Operation(rpc_name="Channels.Stop", scopes=_READ | _LIST_READ),
    "freebusy.query": Operation(
        rpc_name="Freebusy.Query",
        scopes=_scopes("calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"),
    ),
    "calendars.get": _calendars(
        "Get", scopes=_CALENDARS | _scopes("calendar.calendars.readonly", "calendar.readonly"), owns=False
    ),
    "calendars.insert": _calendars("Insert", owns=False),
    "calendars.update": _calendars("Update"),
    "calendars.patch": _calendars("Patch"),
    "calendars.delete": _calendars("Delete"),
    "calendars.clear": _calendars("Clear", scopes=_scopes("calendar", "calendar.calendars")),
    "calendarList.list": _listing("List", _LIST_READ, _CALENDAR_LIST_PARAMETERS),
    "calendarList.get": _listing("Get", _LIST_READ | _APP),
    "calendarList.insert": _listing("Insert", _LIST_ENTRIES, _COLOURS),
    "calendarList.update": _listing("Update", _LIST_ENTRIES | _APP, _COLOURS),
    "calendarList.patch": _listing("Patch", _LIST_ENTRIES | _APP, _COLOURS),
    "calendarList.delete": _listing("Delete", _LIST_ENTRIES | _APP),
}
"""Every Calendar method that is simulated (Calendar API v3 discovery document)."""

OWNED_ONLY = _scopes("calendar.events.owned", "calendar.events.owned.readonly")
"""Scopes that reach only calendars the account owns."""
OWN_APP_ONLY = _APP
"""Scopes that reach only calendars that this project made."""
OWN_FREE_BUSY_ONLY = _scopes("calendar.freebusy")
"""Scopes with which only one's own calendars are seen as free or busy."""
