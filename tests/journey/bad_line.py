"""The line between a gateway and Google on bad days: what comes through, what is answered, and what is not heard.

Each trouble of `Trouble` is one way in which a caller cannot know what became of its call. A gateway that is killed is
cut off: what Google has received by then has its effect, and nothing more comes until the line is mended.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import StrEnum
from typing import Any, NoReturn

import aiohttp
from aiohttp import web
from yarl import URL

from simulator.google import SimulatedGoogle
from tests.journey.fast_time import patient_session

STALL_S = 30.0
NAMED_WAIT_S = 7
EXPIRED_AGAIN_S = 600


class Trouble(StrEnum):
    """What befalls one call."""

    COMMIT_RESET = "commit then reset"
    COMMIT_HANG = "commit then hang"
    COMMIT_TRUNCATED = "commit then truncated body"
    COMMIT_503 = "commit then 503"
    NOTHING_503 = "503 before commit"
    SAME_ID = "409 same id"
    CANCELLED_ID = "409 on cancelled id"
    UNDETECTED = "duplicate id not detected"
    VANISHED = "404 or 410 on update"
    RATE_403 = "403 rateLimitExceeded"
    RATE_429 = "429 with Retry-After"
    TOKEN_401 = "401 then refresh"
    HTML_200 = "200 with HTML"
    BROKEN_200 = "200 with broken JSON"
    STALL = "30 s stall"


INSERTS = frozenset({Trouble.SAME_ID, Trouble.CANCELLED_ID, Trouble.UNDETECTED})
"""Troubles of a call that makes an event."""
UPDATES = frozenset({Trouble.VANISHED})
"""Troubles of a call that changes one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A whole answer of Google."""

    status: int
    body: bytes
    headers: dict[str, str]


@dataclass
class BadLine:
    """A server that passes calls on to `google`; `ahead` are the troubles of the coming calls, the first one first.

    A trouble that does not fit a call waits for one that it fits. `met` are those that happened, `doubled` the ids of
    events that somebody asked for twice without looking.
    """

    google: SimulatedGoogle
    ahead: list[Trouble] = field(default_factory=list)
    met: list[Trouble] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    undetected: set[str] = field(default_factory=set)
    base: str = ""
    _cut: bool = False
    _expired_s: float = 0.0
    _turns: itertools.count[int] = field(default_factory=itertools.count)

    async def __aenter__(self) -> BadLine:
        app = web.Application(client_max_size=1 << 21)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        app.on_response_prepare.append(self._dated)
        self._session = patient_session(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def cut(self) -> None:
        """Until the line is mended nobody gets through, and nobody hears what is under way."""
        self._cut = True
        assert self._runner.server is not None
        for connection in tuple(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def mend(self) -> None:
        """Let the next gateway through; all that the one before sent has come to nothing by then."""
        await asyncio.sleep(0.1)  # in fast time: until nothing is on its way any more
        self._cut = False

    def expire_access_tokens(self) -> None:
        """Let Google take no access token that it gave so far, unless it just did that."""
        if self._may_expire():
            self._expired_s = self.google.state.clock.now_s()
            self.google.do.expire_access_tokens()

    def _may_expire(self) -> bool:
        """A new token that is refused at once as well would be an authorization that is lost."""
        return self.google.state.clock.now_s() - self._expired_s > EXPIRED_AGAIN_S

    async def _dated(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.google.state.clock.now_s(), usegmt=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self._cut:
            await _reset(request)
        call = _Call(self, request, body)
        trouble = self._next(call)
        if trouble is None:
            return _answer(await call.forward())
        self.met.append(trouble)
        return await _TROUBLES[trouble](call)

    def _next(self, call: _Call) -> Trouble | None:
        if call.makes_an_event and call.event_id in self.undetected:
            return Trouble.UNDETECTED
        for place, trouble in enumerate(self.ahead):
            if self._fits(trouble, call):
                return self.ahead.pop(place)
        return None

    def _fits(self, trouble: Trouble, call: _Call) -> bool:
        if trouble is Trouble.TOKEN_401:
            return call.about_events and self._may_expire()
        return (trouble not in INSERTS or call.makes_an_event) and (trouble not in UPDATES or call.changes_an_event)


class _Call:
    """One call that somebody makes."""

    def __init__(self, line: BadLine, request: web.Request, body: bytes) -> None:
        self.line = line
        self.request = request
        self.body = body
        place = request.path.partition("/events")
        self.about_events = bool(place[1])
        self.makes_an_event = request.method == "POST" and bool(place[1]) and not place[2]
        self.changes_an_event = request.method in ("PUT", "PATCH") and bool(place[1]) and "_" not in place[2]
        said = json.loads(body) if self.makes_an_event else {}
        self.event_id = str(said.get("id", "")) if self.makes_an_event else place[2].strip("/")
        self.calendar_id = place[0].rpartition("/")[2] if place[1] else ""

    async def forward(self) -> Heard:
        """Let Google have the call."""
        address = URL(self.line.google.base + self.request.raw_path, encoded=True)
        headers = {name: value for name, value in self.request.headers.items() if name.lower() not in _OF_THE_HOP}
        async with self.line._session.request(
            self.request.method, address, data=self.body or None, headers=headers, allow_redirects=False
        ) as said:
            kept = {name: value for name, value in said.headers.items() if name.lower() not in _OF_THE_HOP}
            return Heard(said.status, await said.read(), kept)

    async def reset(self) -> NoReturn:
        await _reset(self.request)


async def _commit_reset(call: _Call) -> web.StreamResponse:
    await call.forward()
    return await call.reset()


async def _commit_hang(call: _Call) -> web.StreamResponse:
    await call.forward()
    await _until_gone(call.request)
    return await call.reset()


async def _commit_truncated(call: _Call) -> web.StreamResponse:
    heard = await call.forward()
    response = web.StreamResponse(status=heard.status, headers=heard.headers)
    response.content_length = max(2, len(heard.body))
    await response.prepare(call.request)
    await response.write(heard.body[: len(heard.body) // 2])
    if call.request.transport is not None:
        call.request.transport.close()
    return response


async def _commit_503(call: _Call) -> web.StreamResponse:
    await call.forward()
    return _refusal(503, "backendError")


async def _nothing_503(call: _Call) -> web.StreamResponse:
    return _refusal(503, "backendError")


async def _same_id(call: _Call) -> web.StreamResponse:
    """Google's own front repeats the call: the first one counts, the second one is answered."""
    await call.forward()
    return _answer(await call.forward())


async def _cancelled_id(call: _Call) -> web.StreamResponse:
    """Somebody deletes the event between the two."""
    if (await call.forward()).status == 200:
        call.line.google.do.delete_event(call.event_id, call.calendar_id)
    return _answer(await call.forward())


async def _undetected(call: _Call) -> web.StreamResponse:
    """The answer to the first call is lost, and a second one makes a second event instead of 409."""
    if call.event_id not in call.line.undetected:
        if (await call.forward()).status == 200:
            call.line.undetected.add(call.event_id)
        return await call.reset()
    call.line.undetected.discard(call.event_id)
    call.line.doubled.append(call.event_id)
    body = {name: value for name, value in json.loads(call.body).items() if name != "id"}
    twin = call.line.google.do.create_event(body, call.calendar_id)
    return web.json_response(twin)


async def _vanished(call: _Call) -> web.StreamResponse:
    """A person removes the event just before: purged (404) or deleted (410), in turn."""
    do = call.line.google.do
    stored = call.line.google.state.stored(call.calendar_id)
    known = stored.get(call.event_id)
    if known is None or known.status == "cancelled":
        return _answer(await call.forward())
    if next(call.line._turns) % 2:
        occurrences = [event for event in stored.values() if event.master_id == call.event_id]
        for event_id in (call.event_id, *(event.event_id for event in occurrences)):
            do.burn_event(event_id, call.calendar_id)
        return _answer(await call.forward())
    do.delete_event(call.event_id, call.calendar_id)
    return _refusal(410, "deleted")


async def _rate_403(call: _Call) -> web.StreamResponse:
    return _refusal(403, "rateLimitExceeded")


async def _rate_429(call: _Call) -> web.StreamResponse:
    return _refusal(429, "rateLimitExceeded", {"Retry-After": str(NAMED_WAIT_S)})


async def _token_401(call: _Call) -> web.StreamResponse:
    call.line.expire_access_tokens()
    return _answer(await call.forward())


async def _html_200(call: _Call) -> web.StreamResponse:
    return web.Response(text="<html><title>Guest network</title>Please sign in.</html>", content_type="text/html")


async def _broken_200(call: _Call) -> web.StreamResponse:
    heard = await call.forward()
    return web.Response(status=200, body=heard.body[: len(heard.body) // 2] or b"{", content_type="application/json")


async def _stall(call: _Call) -> web.StreamResponse:
    """The call is on its way for longer than anybody waits for it, and then has its effect."""
    await asyncio.sleep(STALL_S)
    return _answer(await call.forward())


_TROUBLES: dict[Trouble, Callable[[_Call], Awaitable[web.StreamResponse]]] = {
    Trouble.COMMIT_RESET: _commit_reset,
    Trouble.COMMIT_HANG: _commit_hang,
    Trouble.COMMIT_TRUNCATED: _commit_truncated,
    Trouble.COMMIT_503: _commit_503,
    Trouble.NOTHING_503: _nothing_503,
    Trouble.SAME_ID: _same_id,
    Trouble.CANCELLED_ID: _cancelled_id,
    Trouble.UNDETECTED: _undetected,
    Trouble.VANISHED: _vanished,
    Trouble.RATE_403: _rate_403,
    Trouble.RATE_429: _rate_429,
    Trouble.TOKEN_401: _token_401,
    Trouble.HTML_200: _html_200,
    Trouble.BROKEN_200: _broken_200,
    Trouble.STALL: _stall,
}
_OF_THE_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "keep-alive", "server"})


def _answer(heard: Heard) -> web.Response:
    return web.Response(status=heard.status, body=heard.body, headers=heard.headers)


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    """Google's error body (Calendar API error guide)."""
    error: dict[str, Any] = {
        "code": status,
        "message": reason,
        "errors": [{"domain": "global", "reason": reason, "message": reason}],
    }
    return web.json_response({"error": error}, status=status, headers=headers)


async def _reset(request: web.Request) -> NoReturn:
    """End the connection so that the caller sees an error and no end."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    await asyncio.Event().wait()
    raise AssertionError("an event that nobody sets was set")


async def _until_gone(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(1)
