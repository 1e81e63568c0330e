"""The shape of an event as it is sent: which fields there are, of which type; what they may say is in `event_rules`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from simulator.google.errors import ApiError, refused

Shape = Any
"""A type, a dict of names to shapes, a list holding the shape of its items, `MAP` (texts by name) or `ANYTHING`."""

MAP = "map"
ANYTHING = "anything"

_TIME: dict[str, Shape] = {"date": str, "dateTime": str, "timeZone": str}
_PERSON: dict[str, Shape] = {"id": str, "email": str, "displayName": str, "self": bool}

EVENT: dict[str, Shape] = {
    "anyoneCanAddSelf": bool,
    "attachments": ANYTHING,
    "attendees": [
        {
            "additionalGuests": int,
            "asyncOperation": str,
            "comment": str,
            "displayName": str,
            "email": str,
            "id": str,
            "optional": bool,
            "organizer": bool,
            "resource": bool,
            "responseStatus": str,
            "self": bool,
        }
    ],
    "attendeesOmitted": bool,
    "birthdayProperties": ANYTHING,
    "colorId": str,
    "conferenceData": ANYTHING,
    "created": str,
    "creator": _PERSON,
    "description": str,
    "end": _TIME,
    "endTimeUnspecified": bool,
    "etag": str,
    "eventLabelId": str,
    "eventType": str,
    "extendedProperties": {"private": MAP, "shared": MAP},
    "focusTimeProperties": ANYTHING,
    "gadget": ANYTHING,
    "guestsCanInviteOthers": bool,
    "guestsCanModify": bool,
    "guestsCanSeeOtherGuests": bool,
    "hangoutLink": str,
    "htmlLink": str,
    "iCalUID": str,
    "id": str,
    "kind": str,
    "location": str,
    "locked": bool,
    "organizer": _PERSON,
    "originalStartTime": _TIME,
    "outOfOfficeProperties": ANYTHING,
    "privateCopy": bool,
    "recurrence": [str],
    "recurringEventId": str,
    "reminders": {"useDefault": bool, "overrides": [{"method": str, "minutes": int}]},
    "sequence": int,
    "source": {"title": str, "url": str},
    "start": _TIME,
    "status": str,
    "summary": str,
    "transparency": str,
    "updated": str,
    "visibility": str,
    "workingLocationProperties": ANYTHING,
}
"""Every field of an event (Calendar API v3 discovery document, schema Event)."""

Noticed = Callable[[str, str], None]
"""Told of a field and of what is odd about it."""


def parse_body(raw: bytes) -> dict[str, Any]:
    """The JSON object in a request; raises Google's `parseError` when there is none."""
    try:
        document = json.loads(raw)
        # A lone surrogate can be written in JSON but is no text.
        if b"\\ud" in raw.lower():
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise parse_error() from None
    if not isinstance(document, dict):
        raise parse_error()
    return document


def parse_error() -> ApiError:
    """Google's answer to a body that is no JSON object."""
    return refused(400, "parseError", "Parse Error")


def shaped(document: Mapping[str, Any], noticed: Noticed) -> dict[str, Any]:
    """The known fields of an event body; unknown ones are left out and reported, wrong types raise Google's 400."""
    return _object(document, EVENT, "", noticed)


def _shaped(value: Any, shape: Shape, path: str, noticed: Noticed) -> Any:
    if value is None or shape == ANYTHING:
        return value
    if isinstance(shape, dict):
        return _object(value, shape, path, noticed)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise _wrong(path)
        return [_shaped(item, shape[0], f"{path}[{number}]", noticed) for number, item in enumerate(value)]
    if shape == MAP:
        if not isinstance(value, dict) or not all(entry is None or isinstance(entry, str) for entry in value.values()):
            raise _wrong(path)
        return value
    if not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        raise _wrong(path)
    return value


def _object(value: Any, shape: dict[str, Shape], path: str, noticed: Noticed) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path)
    settled: dict[str, Any] = {}
    for name, entry in value.items():
        inner = f"{path}.{name}" if path else name
        if name in shape:
            settled[name] = _shaped(entry, shape[name], inner, noticed)
        else:
            noticed(inner, "unknown to Google: ignored")
    return settled


def _wrong(path: str) -> ApiError:
    return refused(400, "invalid", f"Invalid value for: {path}")
