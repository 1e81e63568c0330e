"""The bench's own callers, used where wrk is not installed: a process that only sends prepared calls and counts.

python -m tests.bench.own_callers ADDRESS REQUEST_FILE IDS RUN CALLERS SECONDS FROM
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.said import Ids, filled, meeting_id, start_of

ACCEPTED = (b"HTTP/1.1 200", b"HTTP/1.1 202")
_LENGTH = b"content-length:"


@dataclass(slots=True)
class Counted:
    """What all callers share: the next number, the time to stop, and what they saw."""

    request: bytes
    ids: Ids
    run: int
    until: float
    first: datetime
    number: int = 0
    refused: int = 0
    lost: int = 0
    waits: list[float] = field(default_factory=list)

    def next_call(self) -> bytes:
        """Return a request for a meeting that nobody scheduled yet."""
        self.number += 1
        name = meeting_id(self.ids, self.number, self.run)
        return filled(self.request, name, start_of(self.first, self.number))


class Caller(asyncio.Protocol):
    """One connection that calls again as soon as it was answered."""

    def __init__(self, counted: Counted, ended: asyncio.Future[None]) -> None:
        self._counted = counted
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._sent = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._call()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if not blank or len(body) < body_length(head):
            return
        self._counted.waits.append(time.perf_counter() - self._sent)
        self._counted.refused += not self._answer.startswith(ACCEPTED)
        self._answer = b""
        self._call()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._counted.lost += 1
            self._ended.set_result(None)

    def _call(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        if self._sent < self._counted.until:
            self._transport.write(self._counted.next_call())
        else:
            self._ended.set_result(None)
            self._transport.close()


def body_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(_LENGTH)
    return int(lowered[start + len(_LENGTH) :].split(b"\r\n", 1)[0]) if start >= 0 else 0


async def call(http: str, counted: Counted, callers: int) -> float:
    """Let the callers call until their time is over; return how many seconds it took."""
    address = urlsplit(http)
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(callers)]
    began = time.perf_counter()
    for end in ends:
        await loop.create_connection(partial(Caller, counted, end), address.hostname or "", address.port or 80)
    await asyncio.wait(ends)
    return time.perf_counter() - began


def main(words: list[str]) -> None:
    http, request, ids, run, callers, seconds, from_s = words
    until, first = time.perf_counter() + float(seconds), datetime.fromtimestamp(int(from_s), UTC)
    counted = Counted(Path(request).read_bytes(), Ids(ids), int(run), until, first)
    took = asyncio.run(call(http, counted, int(callers)))
    waits = sorted(counted.waits) or [0.0]
    seen = {
        "answers": len(counted.waits),
        "refused": counted.refused,
        "lost": counted.lost,
        "seconds": took,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[len(waits) * 99 // 100] * 1000,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1:])
