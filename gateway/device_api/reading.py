"""The calls that only read, for scripts and monitoring with an API key; what is read is gathered elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.access.api_keys import Holder, Scope
from gateway.clock import Clock
from gateway.device_api.availability import FARTHEST, instant_s
from gateway.device_api.key_door import KeyDoor
from gateway.devices.pending import NAME
from gateway.errors import FieldProblem, Unreadable
from gateway.operations.integrations.reader import Document, Listed, Reader
from gateway.operations.meetings.agenda import Asked
from gateway.profiles.codings import Refused
from gateway.web.problem import SERVER, HttpProblem

STATUS, MEETINGS, DEVICES = "/api/v1/status", "/api/v1/meetings", "/api/v1/devices"
EVENTS = "/api/v1/events/stream"
USUAL, MOST = 50, 200
"""How many entries an answer has, unless `limit` says otherwise, and at most."""
AGAIN_S = 15
_PLACE = re.compile(r"(-?[0-9]{1,12})\.([0-9]{1,15})\.(-?[0-9]{1,12})")
_HEADERS = {"Content-Type": "application/json", "Server": SERVER, "Cache-Control": "no-store"}

Stream = Callable[[web.Request, Holder], Awaitable[web.StreamResponse | None]]
"""Answers with the stream of events; None when too many are open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCalls:
    """The handlers of what API keys open; none of them changes anything."""

    door: KeyDoor
    reader: Reader
    stream: Stream
    clock: Clock

    async def status(self, request: web.Request) -> web.Response:
        """GET /api/v1/status."""
        await self.door.enter(request, Scope.STATUS)
        _known_words(request, ())
        return _answer(await self.reader.status())

    async def meetings(self, request: web.Request) -> web.Response:
        """GET /api/v1/meetings?device=&from=&to=&after=&limit=."""
        await self.door.enter(request, Scope.MEETINGS)
        _known_words(request, ("device", "from", "to", "after", "limit"))
        return _listed("meetings", await self.reader.meetings(self._asked(request), _limit(request)))

    async def devices(self, request: web.Request) -> web.Response:
        """GET /api/v1/devices?after=&limit=."""
        await self.door.enter(request, Scope.DEVICES)
        _known_words(request, ("after", "limit"))
        return _listed("devices", await self.reader.devices(_device(request, "after"), _limit(request)))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /api/v1/events/stream: what happens, until the key ends; goes on after Last-Event-ID."""
        holder = await self.door.enter(request, Scope.EVENTS)
        response = await self.stream(request, holder)
        if response is None:
            text = "Too many programs listen to events. Close one, or come again after the time in Retry-After."
            raise HttpProblem(503, "too-many-streams", text, headers={"Retry-After": str(AGAIN_S)})
        return response

    def _asked(self, request: web.Request) -> Asked:
        now_s = self.clock.now_ms() // 1000
        from_s = _instant(request, "from", now_s)
        to_s = _instant(request, "to", now_s)
        if to_s is not None and to_s <= (now_s if from_s is None else from_s):
            raise Unreadable(FieldProblem("to", "must be after from, which is now unless it is given"))
        return Asked(
            from_s=now_s if from_s is None else from_s,
            to_s=to_s,
            device=_device(request, "device"),
            after=_place(request),
        )


def add_reading(app: web.Application, calls: ReadCalls) -> None:
    """Put them on `app`."""
    app.router.add_get(STATUS, calls.status, allow_head=False)
    app.router.add_get(MEETINGS, calls.meetings, allow_head=False)
    app.router.add_get(DEVICES, calls.devices, allow_head=False)
    app.router.add_get(EVENTS, calls.events, allow_head=False)


def _answer(document: Document) -> web.Response:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(body=body, headers=_HEADERS)


def _listed(name: str, found: Listed) -> web.Response:
    return _answer({name: found.items, "next": found.after})


def _known_words(request: web.Request, words: tuple[str, ...]) -> None:
    for name in request.query:
        if name not in words:
            said = f"is not known here; known: {', '.join(words) or 'nothing'}"
            raise Unreadable(FieldProblem(name[:60], said))


def _instant(request: web.Request, name: str, now_s: int) -> int | None:
    if name not in request.query:
        return None
    try:
        found_s = instant_s(request.query[name])
    except Refused as error:
        raise Unreadable(FieldProblem(name, str(error))) from error
    if abs(found_s - now_s) > FARTHEST.total_seconds():
        raise Unreadable(FieldProblem(name, "must be within ten years of today"))
    return found_s


def _device(request: web.Request, name: str) -> str:
    device = request.query.get(name, "")
    if device and NAME.fullmatch(device) is None:
        raise Unreadable(FieldProblem(name, "must be the id of a device"))
    return device


def _place(request: web.Request) -> tuple[int, int, int] | None:
    said = request.query.get("after")
    if said is None:
        return None
    found = _PLACE.fullmatch(said)
    if found is None:
        raise Unreadable(FieldProblem("after", "must be `next` of an earlier answer, or be left out"))
    return int(found[1]), int(found[2]), int(found[3])


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(USUAL))
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST:
        return int(text)
    raise Unreadable(FieldProblem("limit", f"must be a whole number from 1 to {MOST}"))
