"""Breaks answers on the wire: resets, hangs and cut bodies; which request is hit is decided by `faults`."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import NoReturn

from aiohttp import web

from simulator.google.wire import Reply


async def hang() -> NoReturn:
    """Never answer; ends when the caller goes away or the simulator stops (the task is then cancelled)."""
    await asyncio.Event().wait()
    raise AssertionError("an event that nobody sets was set")


async def reset(request: web.Request) -> NoReturn:
    """End the connection with a TCP reset: the caller sees an error, not an end."""
    transport = request.transport
    if transport is not None:
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            # Lingering for zero seconds makes the kernel send RST instead of FIN.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await hang()


async def truncate(request: web.Request, reply: Reply) -> NoReturn:
    """Announce the whole body, send half of it and close the connection; without a body just close it."""
    if reply.body:
        await _send_half(request, reply)
    if request.transport is not None:
        request.transport.close()
    await hang()


async def _send_half(request: web.Request, reply: Reply) -> None:
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    response.headers["Content-Type"] = reply.content_type
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
