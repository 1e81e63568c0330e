"""Bytes that are no proper HTTP, and callers that hang up: refused, nothing stored, and hardly a line in the log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.journey.gateway_process import DEVICE_KEY, GatewayProcess, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/devices/script/meetings"
SOON = (datetime.now(UTC) + timedelta(days=7)).strftime("%Y-%m-%dT10:00:00")
BODY = json.dumps(
    {"external_id": "raw", "subject": "Raw", "start": SOON, "duration_minutes": 60, "time_zone": "Europe/Paris"}
)
GOOD = {
    "Host": "gateway.example",
    "Authorization": f"Bearer {DEVICE_KEY}",
    "Content-Type": "application/json",
    "Content-Length": str(len(BODY)),
}


def call(
    *lines: str, first: str = f"POST {PATH} HTTP/1.1", without: str = "", body: str = BODY, end: str = "\r\n"
) -> bytes:
    """A call as bytes, with more header lines, or without one of the good ones."""
    head = [first, *(f"{name}: {value}" for name, value in GOOD.items() if name != without), *lines]
    return (end.join(head) + end * 2 + body).encode("latin-1")


CHUNKED = f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n"
RAW = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(32),
    "wrong version": call(first=f"POST {PATH} HTTP/9.9"),
    "space in the address": call(first=f"POST {PATH} x HTTP/1.1"),
    "NUL in the address": call(first=f"POST {PATH}\0 HTTP/1.1"),
    "address of 20,000 characters": call(first=f"POST {PATH}/{'x' * 20_000} HTTP/1.1"),
    "two lengths": call("Content-Length: 5"),
    "length and chunked": call("Transfer-Encoding: chunked", body=CHUNKED),
    "signed length": call(f"Content-Length: +{len(BODY)}", without="Content-Length"),
    "negative length": call("Content-Length: -1", without="Content-Length"),
    "length in words": call("Content-Length: many", without="Content-Length"),
    "unknown coding": call("Transfer-Encoding: xchunked", without="Content-Length", body=CHUNKED),
    "wrong chunk size": call("Transfer-Encoding: chunked", without="Content-Length", body=f"zz\r\n{BODY}\r\n0\r\n\r\n"),
    "space before the colon": call("X-Note : 1"),
    "folded line": call("X-Note: 1\r\n 2"),
    "NUL in a header": call("X-Note: a\0b"),
    "line end in a header": call("X-Note: a\rb"),
    "header without a colon": call("X-Note"),
    "header without a name": call(": 1"),
    "header of 20,000 characters": call(f"X-Note: {'x' * 20_000}"),
    "1,000 headers": call(*(f"X-Note-{number}: {'x' * 40}" for number in range(1000))),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("bad-http")
    process = GatewayProcess(folder=folder, google_base="http://127.0.0.1:1")
    await process.start()
    assert process.http, process.log
    yield process
    assert await process.stop() == 0


async def send(gateway: GatewayProcess, data: bytes, *, hang_up: bool = False) -> bytes:
    """Send bytes and return everything that comes back before the gateway hangs up, or after the caller does."""
    host, port = gateway.http.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        if hang_up:
            writer.write_eof()
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def meetings(gateway: GatewayProcess) -> int:
    path: Path = gateway.database
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return int(conn.execute("SELECT count(*) FROM meeting").fetchone()[0])


async def alive(gateway: GatewayProcess) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.http}/healthz") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("data", RAW.values(), ids=list(RAW))
async def test_what_is_no_proper_http_is_refused(gateway: GatewayProcess, data: bytes):
    before, log = meetings(gateway), gateway.log
    answer = await send(gateway, data)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), answer[:300]
    assert sum(line.startswith(b"HTTP/1.") for line in answer.splitlines()) == 1, (
        "what followed must not be taken for a second call"
    )
    assert DEVICE_KEY not in answer.decode("latin-1")
    await alive(gateway)
    assert meetings(gateway) == before
    more = gateway.log[len(log) :].splitlines()
    told = [line for line in more if "speaks https to port" in line]
    assert len(told) == len(more) <= (data == RAW["TLS"]), "nobody can fill the disk from outside"
    if told:
        await send(gateway, data)
        assert gateway.log[len(log) :].splitlines() == more, "and who comes again is told once a minute at most"


async def test_callers_who_hang_up_leave_nothing(gateway: GatewayProcess):
    before, log = meetings(gateway), gateway.log
    whole = call()
    for cut in (0, 10, len(whole) // 2, len(whole) - len(BODY), len(whole) - 1):
        assert b" 202 " not in await send(gateway, whole[:cut], hang_up=True)
    packed = call("Content-Encoding: gzip")
    for data in (packed, packed[:-5]):
        assert b" 202 " not in await send(gateway, data, hang_up=True)
    await alive(gateway)
    assert meetings(gateway) == before
    assert "Traceback" not in gateway.log[len(log) :]


async def test_the_same_bytes_in_good_order_are_accepted(gateway: GatewayProcess):
    """Else the refusals above would prove nothing."""
    first = await send(gateway, call("Connection: close"))
    assert b" 202 Accepted" in first.splitlines()[0], first
    chunked = await send(
        gateway, call("Transfer-Encoding: chunked", "Connection: close", without="Content-Length", body=CHUNKED)
    )
    assert b" 200 OK" in chunked.splitlines()[0], chunked
    await until(lambda: meetings(gateway) == 1, "the meeting was not stored")
