"""A small strict gateway that remembers what a simulated PBX pushed, and PBXs connected to it; no test lives here."""

from __future__ import annotations

import json
import urllib.parse
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from simulator.pbx.push import Patience
from simulator.pbx.ucm import SimulatedUcm
from tests.simulator.pbx.open_door import Door, open_door

KEY = "key-of-the-test-device"
DEVICE = "ucm-1"
SENDER = "pbx-1"
SENDER_KEY = "key+of/the=test device"


@dataclass(kw_only=True)
class Call:
    """One call as it came in; `said` is the decoded body, None when there was none."""

    method: str
    path: str
    content_type: str
    raw: bytes
    said: dict[str, Any] | None


@dataclass(kw_only=True)
class StrictGateway:
    """Knows the paths, the key and the body types of the device API, and refuses everything else.

    `script` holds answers to give before the ordinary ones: (status, headers, body), or None to cut the connection.
    """

    base: str = ""
    calls: list[Call] = field(default_factory=list)
    script: deque[tuple[int, dict[str, str], dict[str, Any]] | None] = field(default_factory=deque)
    meetings: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        said = _decoded(request.content_type, raw)
        self.calls.append(
            Call(method=request.method, path=request.path, content_type=request.content_type, raw=raw, said=said)
        )
        if self.script:
            planned = self.script.popleft()
            if planned is None:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            status, headers, body = planned
            return web.json_response(body, status=status, headers=headers)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _problem(401, "The key is wrong", [("Authorization", "is not the key of this device")])
        return self._answer(request, said)

    def _answer(self, request: web.Request, said: dict[str, Any] | None) -> web.Response:
        external_id = request.match_info.get("external_id") or _id_of(said)
        if request.method in ("POST", "PUT"):
            if not said or not external_id:
                return _problem(422, "A field is wrong", [("bookid", "is missing")])
            same = self.meetings.get(external_id) == said
            self.meetings[external_id] = said
            return web.json_response(_receipt(external_id), status=200 if same else 202)
        if external_id not in self.meetings:
            return _problem(404, "No such meeting", [])
        if request.method == "DELETE":
            del self.meetings[external_id]
            return web.json_response(_receipt(external_id), status=202)
        return web.json_response({**_receipt(external_id), "meeting": self.meetings[external_id]})


def _decoded(content_type: str, raw: bytes) -> dict[str, Any] | None:
    if not raw:
        return None
    if content_type == "application/json":
        return json.loads(raw)
    assert content_type == "application/x-www-form-urlencoded"
    return dict(urllib.parse.parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True))


def _id_of(said: dict[str, Any] | None) -> str | None:
    return (said or {}).get("bookid") or (said or {}).get("external_id")


def _receipt(external_id: str) -> dict[str, Any]:
    return {
        "id": "1",
        "external_id": external_id,
        "revision": 1,
        "state": "queued",
        "start_utc": "2024-04-29T09:00:00Z",
        "end_utc": "2024-04-29T10:00:00Z",
        "zone": "Etc/GMT-1",
        "warnings": [],
    }


def _problem(status: int, title: str, errors: list[tuple[str, str]]) -> web.Response:
    rows = [{"field": name, "reason": reason} for name, reason in errors]
    body = {"type": "about:blank", "title": title, "status": status, "errors": rows}
    return web.json_response(body, status=status, content_type="application/problem+json")


@pytest.fixture
async def gateway() -> AsyncIterator[StrictGateway]:
    strict = StrictGateway()
    app = web.Application()
    base = f"/api/v1/devices/{DEVICE}/meetings"
    app.router.add_post(base, strict.handle)
    for method in ("GET", "PUT", "DELETE"):
        app.router.add_route(method, base + "/{external_id}", strict.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    strict.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield strict
    await runner.cleanup()


class Pauses(list[float]):
    """The waits of a PBX, remembered instead of waited."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def make_ucm(gateway: StrictGateway, pauses: Pauses) -> AsyncIterator[Callable[..., Awaitable[SimulatedUcm]]]:
    opened: list[SimulatedUcm] = []

    async def make(*, key: str = KEY, base: str | None = None, seed: int = 1, **more: Any) -> SimulatedUcm:
        ucm = SimulatedUcm(
            base or gateway.base, DEVICE, key, seed, pause=pauses, **{"patience": Patience(tries=4), **more}
        )
        opened.append(await ucm.__aenter__())
        return ucm

    yield make
    for ucm in opened:
        await ucm.__aexit__(None, None, None)


@pytest.fixture
async def ucm(make_ucm: Callable[..., Awaitable[SimulatedUcm]]) -> SimulatedUcm:
    return await make_ucm()


@pytest.fixture
def device_key() -> str:
    return KEY


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door() as door:
        yield door


@pytest.fixture
async def make(door: Door) -> AsyncIterator[Callable[..., Any]]:
    opened: list[Any] = []

    async def make(kind: Any, **more: Any) -> Any:
        waits: list[float] = []

        async def pause(seconds: float) -> None:
            waits.append(seconds)

        sender = kind(door.base, SENDER, SENDER_KEY, seed=1, pause=pause, patience=Patience(tries=3), **more)
        sender.waits = waits
        opened.append(await sender.__aenter__())
        return sender

    yield make
    for one in opened:
        await one.__aexit__(None, None, None)
