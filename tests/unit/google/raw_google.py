"""A server on loopback that answers with whatever bytes a test wants; it knows nothing of Google."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from gateway.config import GoogleEndpoints

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


def answer(status: int, body: str | bytes = b"", headers: dict[str, str] | None = None) -> Reply:
    """Answer with these bytes."""

    async def reply(_request: web.Request) -> web.StreamResponse:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=content, headers=headers)

    return reply


def cut() -> Reply:
    """Break the connection without an answer."""

    async def reply(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return reply


def torn(body: bytes) -> Reply:
    """Break the connection in the middle of the body."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(body) * 2)})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.abort()
        return response

    return reply


def silent() -> Reply:
    """Never answer; the wait ends with the server."""

    async def reply(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    return reply


@dataclass
class RawGoogle:
    """The server: `replies` are used up in order, the last one stays."""

    base: str = ""
    seen: list[Seen] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=lambda: [answer(500)])

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    @property
    def endpoints(self) -> GoogleEndpoints:
        return GoogleEndpoints(
            authorize=f"{self.base}/auth",
            token=f"{self.base}/token",
            revoke=f"{self.base}/revoke",
            userinfo=f"{self.base}/userinfo",
            calendar=f"{self.base}/calendar/v3",
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(
                method=request.method,
                path=request.raw_path.partition("?")[0],
                query=dict(request.query),
                headers=dict(request.headers),
                body=await request.read(),
            )
        )
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return await reply(request)
