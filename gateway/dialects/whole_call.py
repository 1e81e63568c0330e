"""A call as it was kept or pasted, opened: which dialect it speaks, and what it says in that; nothing is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from gateway.dialects import action_url, native, ucm_envelope
from gateway.domain.occurrence import OriginalStart
from gateway.errors import BadPayload, FieldProblem, Unreadable
from gateway.operations.profiles.columns import Call
from gateway.operations.profiles.examples import BodyCall, BodyReader
from gateway.profiles.model import Profile
from gateway.profiles.strict_json import BadJson
from gateway.profiles.strict_json import read as read_json
from gateway.profiles.vocabulary import Dialect

_BELOW = re.compile(r"/api/v1/devices/[^/?]+(?P<below>/[^?]*)")
_OCCURRENCE = re.compile(r"/meetings/(?P<id>[^/]+)/occurrences/(?P<start>[^/]+)")
_MEETING = re.compile(r"/meetings(?:/(?P<id>[^/]+))?")
_NEW_ROOM = "0"
"""Stands for the id of a reservation, which the gateway makes."""
_CONFERENCE = re.compile(r"/conference(?:/(?P<id>[^/]+))?")


class Place(StrEnum):
    """Which door a call came to."""

    MEETINGS = "meetings"
    OCCURRENCE = "occurrence"
    CALENDAR = "calendar"
    ENVELOPE = "envelope"
    CONFERENCE = "conference"
    ACTION = "action"
    OTHER = "other"


class Address(NamedTuple):
    """The address of a call: the door, and what it names; texts are empty where it names nothing."""

    place: Place
    external_id: str = ""
    original_start: str = ""


class Opened(NamedTuple):
    """What a call says of one meeting, in the words of the device's profile.

    `cancels` and `original` are what the dialect itself says, None where it leaves that to the fields. `external_id` is
    what the address names. `action` is the name of the request, where there is one.
    """

    fields: Mapping[str, object]
    text_values: bool = False
    external_id: str | None = None
    cancels: bool | None = None
    original: OriginalStart | str | None = None
    action: str = ""


def address_of(path: str) -> Address:
    """Read the path of a call, with or without its query."""
    found = _BELOW.match(path)
    below = unquote(found["below"]) if found is not None else "/api"
    if below == "/calendar":
        return Address(Place.CALENDAR)
    if below == "/api":
        return Address(Place.ENVELOPE)
    if below == "/action":
        return Address(Place.ACTION)
    if (occurrence := _OCCURRENCE.fullmatch(below)) is not None:
        return Address(Place.OCCURRENCE, occurrence["id"], occurrence["start"])
    if (meeting := _MEETING.fullmatch(below)) is not None:
        return Address(Place.MEETINGS, meeting["id"] or "")
    if (room := _CONFERENCE.fullmatch(below)) is not None:
        return Address(Place.CONFERENCE, room["id"] or "")
    return Address(Place.OTHER)


def media_type(header: str) -> tuple[str, str | None]:
    """The media type of a `Content-Type` header, and its charset."""
    said = Message()
    said["Content-Type"] = header or "application/octet-stream"
    return said.get_content_type(), said.get_content_charset()


def opened(method: str, path: str, content_type: str, body: bytes) -> tuple[Opened, ...]:
    """What the call says, of one meeting after the other; empty when it only asks. Raises Unreadable, BadPayload."""
    address = address_of(path)
    named = address.external_id or None
    match address.place:
        case Place.ACTION:
            query = path.partition("?")[2].encode("utf-8", "surrogateescape")
            return (Opened(action_url.read(query).fields, text_values=True),)
        case Place.CALENDAR:
            return _calendar(body)
        case Place.ENVELOPE:
            said = ucm_envelope.read(body)
            return (Opened(said.fields, action=said.action),)
        case Place.OTHER:
            return ()
    if method == "DELETE":
        return (Opened({}, external_id=named, cancels=True, original=address.original_start or None),)
    if method not in ("POST", "PUT"):
        return ()
    if address.place is Place.CONFERENCE:
        named = named or _NEW_ROOM
    kind, charset = media_type(content_type)
    fields = native.decode(kind, body, charset)
    return (Opened(fields, kind == native.FORM, named, original=address.original_start or None),)


def _calendar(body: bytes) -> tuple[Opened, ...]:
    from gateway.dialects import itip  # with iCalendar's reader, which most gateways never need

    return tuple(
        Opened(call.fields, external_id=call.uid, cancels=call.method == "CANCEL", original=call.original)
        for call in itip.read(body)
    )


def captured(lines: str) -> list[Call]:
    """Captured calls, one on each line: a JSON object, or one with `content_type` and `body`. Raises ValueError."""
    calls = []
    for number, line in enumerate(lines.splitlines(), 1):
        if not line.strip():
            continue
        try:
            calls.append(_captured(read_json(line)))
        except (BadJson, Unreadable) as error:
            raise ValueError(f"line {number} is no captured call: {error}") from error
    return calls


def _captured(value: object) -> Call:
    if not isinstance(value, dict):
        raise Unreadable(FieldProblem("line", "must be a JSON object"))
    if set(value) != {"content_type", "body"}:
        return Call(value)
    kind, body = str(value["content_type"]).partition(";")[0].strip().lower(), value["body"]
    if isinstance(body, dict):
        return Call(body, text_values=kind == native.FORM)
    return Call(native.decode(kind, str(body).encode()), text_values=kind == native.FORM)


def readers(profile: Profile) -> Mapping[Dialect, BodyReader]:
    """How bodies that stand as text in examples are opened."""

    def itip(body: str) -> BodyCall:
        from gateway.dialects.itip import read

        call = read(body.encode())[0]
        return BodyCall(call.fields, call.method == "CANCEL", call.original)

    return {Dialect.ITIP: itip} if Dialect.ITIP in profile.dialects else {}


def pasted(kind: str, body: str, external_id: str) -> tuple[list[tuple[Call, str | None]], str]:
    """One pasted body of this media type, with the id that its address would name; or why it cannot be read.

    A whole request of the UCM's own API, or an iCalendar message, is known by its beginning.
    """
    start, named = body.lstrip()[:15].upper(), external_id or None
    try:
        if start.startswith("BEGIN:VCALENDAR"):
            return [(Call(one.fields), one.external_id) for one in _calendar(body.encode())], ""
        fields = native.decode(kind, body.encode("utf-8", "surrogatepass"))
        inner = fields.get("request")
        if len(fields) == 1 and isinstance(inner, dict):
            fields = {name: value for name, value in inner.items() if name not in ("action", "cookie")}
    except (Unreadable, BadPayload) as error:
        return [], str(error)
    return [(Call(fields, kind == native.FORM), named)], ""
