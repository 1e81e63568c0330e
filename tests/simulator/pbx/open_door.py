"""A server that takes every call, remembers it and says what it was told to say; no test lives here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(kw_only=True)
class Seen:
    """One call as it came."""

    method: str
    target: str
    headers: Any
    text: str


@dataclass(kw_only=True)
class Door:
    """Takes every call; `answers` holds what is said next, then an empty 200."""

    base: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        self.seen.append(Seen(method=request.method, target=request.raw_path, headers=request.headers, text=text))
        status, body = self.answers.pop(0) if self.answers else (200, {})
        return web.json_response(body, status=status)

    @property
    def last(self) -> Seen:
        return self.seen[-1]


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """A door on a free port of this machine."""
    door = Door()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", door.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    door.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield door
    await runner.cleanup()
