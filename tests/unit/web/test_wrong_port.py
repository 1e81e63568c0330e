"""http at the port for https and the reverse: noticed, answered in words, and never more than a few lines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.web import wrong_port
from gateway.web.listeners import Listener, listen
from gateway.web.wrong_port import WrongPorts
from tests.prepared import give_certificate
from tests.unit.google.moved_clock import MovedClock

HELLO = bytes.fromhex("16030100a5010000a10303") + bytes(160)
CALL = b"POST /api/v1/devices/x/meetings HTTP/1.1\r\nHost: gateway:8766\r\nContent-Length: 2000000\r\n\r\n"


@dataclass
class Served:
    listener: Listener
    clock: MovedClock
    trusting: ssl.SSLContext

    def noted(self) -> list[tuple[str, str, int]]:
        return [(each.address, each.spoken, each.port) for each in self.listener.wrong_ports.recent()]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async def said(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.scheme} {request.remote} {len(await request.read())}")

    clock, app = MovedClock(), web.Application()
    app.router.add_route("*", "/", said)
    await give_certificate(tmp_path, clock)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    listener = await listen(app, "127.0.0.1", 0, clock)
    await listener.open_tls("127.0.0.1", 0, context)
    yield Served(listener, clock, ssl.create_default_context(cafile=str(tmp_path / "tls.crt")))
    await listener.close()


async def sent(port: int | None, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return answer


async def test_http_at_the_port_for_https_is_told_so(served: Served) -> None:
    port = served.listener.tls_port
    assert port is not None
    answer = await sent(port, CALL, b"x" * 50_000)
    head, _, body = answer.decode("ascii").partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400 Bad Request\r\n")
    assert "Content-Type: text/plain; charset=utf-8" in head
    assert f"Content-Length: {len(body)}" in head
    assert "https://" in body
    assert served.noted() == [("127.0.0.1", "http", port)]


async def test_a_browser_is_answered_and_not_noted(served: Served) -> None:
    answer = await sent(served.listener.tls_port, b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html,*/*\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0]
    assert served.noted() == []


async def test_https_at_the_port_for_http_is_refused_and_noted(served: Served) -> None:
    answer = await sent(served.listener.port, HELLO)
    assert answer.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert served.noted() == [("127.0.0.1", "https", served.listener.port)]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"https://127.0.0.1:{served.listener.port}/", ssl=served.trusting)


async def test_who_speaks_properly_is_served_and_not_noted(served: Served) -> None:
    async with aiohttp.ClientSession() as session:
        for url, scheme in ((served.listener.url, "http"), (served.listener.https_url, "https")):
            for size in (0, 200_000):  # the second one over the same connection
                async with session.post(url, data=b"x" * size, ssl=served.trusting) as answer:
                    assert await answer.text() == f"{scheme} 127.0.0.1 {size}"
    assert await sent(served.listener.tls_port, b"hello\r\n\r\n") != b"hello"
    assert b" 200 " in (
        await sent(served.listener.port, b"POST / HTTP/1.1\r\nHost: x\r\n", b"Connection: close\r\n\r\n")
    )
    assert served.noted() == []


async def test_a_hello_in_pieces_is_one(served: Served) -> None:
    """The first byte alone says too little to be anything but TLS there."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = served.trusting.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.listener.tls_port)
    while True:
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
            break
        for byte in outgoing.read():
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        incoming.write(await reader.read(65_536))
    assert client.version() == "TLSv1.3"
    writer.close()


async def test_who_says_nothing_is_let_go_at_the_end(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.listener.tls_port)
    other_reader, other = await asyncio.open_connection("127.0.0.1", served.listener.tls_port)
    other.write(b"G")
    await other.drain()
    await served.listener.close()
    for each in (reader, other_reader):
        with contextlib.suppress(ConnectionError):
            assert await each.read() == b""
    writer.close()
    other.close()


def test_notes_and_lines_have_bounds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    clock = MovedClock()
    noted = WrongPorts(clock)
    for _ in range(50):
        noted.note("192.0.2.7", "http", 8766)
    assert [(record.message, record.problem) for record in caplog.records] == [
        ("192.0.2.7 speaks http to port 8766, which is for https", "D-13")
    ]
    for number in range(500):
        noted.note(f"198.51.100.{number}", "https", 8765)
    assert len(noted.recent()) == wrong_port.MOST
    assert len(caplog.records) == wrong_port.MOST
    clock.ahead_ms += wrong_port.LOG_AGAIN_AFTER_MS
    noted.note("192.0.2.7", "http", 8766)
    assert len(caplog.records) == wrong_port.MOST + 1
    first = noted.recent()[0]
    assert (first.address, first.spoken, first.expected) == ("192.0.2.7", "http", "https")
    clock.ahead_ms += wrong_port.SHOWN_FOR_MS
    assert noted.recent() == []
