"""Callers that call at fixed times, whoever else is waiting: a late answer delays no later call, and counts in full.

python -m tests.bench.open_loop ADDRESS REQUEST_FILE IDS RUN PER_S SECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.own_callers import ACCEPTED, body_length
from tests.bench.said import HOLE, Ids, meeting_id


class Line(asyncio.Protocol):
    """One connection; `free` again when it was answered."""

    def __init__(self, loop: OpenLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._due = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def call(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if not blank or len(body) < body_length(head):
            return
        self._loop.waits.append(time.perf_counter() - self._due)
        self._loop.refused += not self._answer.startswith(ACCEPTED)
        self._answer = b""
        self._loop.free.append(self)


class OpenLoop:
    """All connections; more are made when all are waiting for an answer."""

    def __init__(self, http: str, request: bytes) -> None:
        self.free: list[Line] = []
        self.waits: list[float] = []
        self.refused = 0
        self._address = urlsplit(http)
        self._request = request

    async def connect(self) -> Line:
        address, loop = self._address, asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: Line(self), address.hostname or "", address.port or 80)
        return line

    async def call(self, ids: Ids, run: int, per_s: float, seconds: float) -> float:
        """Make all calls; return how many seconds that took."""
        self.free = [await self.connect() for _ in range(8)]
        began, calls = time.perf_counter(), int(per_s * seconds)
        for number in range(1, calls + 1):
            due = began + number / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            line = self.free.pop() if self.free else await self.connect()
            line.call(self._request.replace(HOLE.encode(), meeting_id(ids, number, run).encode(), 1), due)
        while len(self.waits) < calls and time.perf_counter() - began < seconds + 20:
            await asyncio.sleep(0.01)
        return time.perf_counter() - began


def main(words: list[str]) -> None:
    http, request, ids, run, per_s, seconds = words
    loop = OpenLoop(http, Path(request).read_bytes())
    took = asyncio.run(loop.call(Ids(ids), int(run), float(per_s), float(seconds)))
    waits = sorted(loop.waits) or [0.0]
    seen = {
        "answers": len(loop.waits),
        "refused": loop.refused,
        "lost": int(float(per_s) * float(seconds)) - len(loop.waits),
        "seconds": took,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[len(waits) * 99 // 100] * 1000,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1:])
