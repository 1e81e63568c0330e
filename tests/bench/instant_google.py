"""A calendar that takes every event at once and remembers when it was asked; it keeps nothing else and refuses nothing.

The same server for everybody who is compared, so that what they cost themselves is what is seen.

    python -m tests.bench.instant_google
"""

from __future__ import annotations

import asyncio
import json
import signal
import time

from tests.bench.own_callers import body_length


class Seen:
    """When events came: id and steady time (seconds) of each insert. While `held`, inserts are not answered."""

    def __init__(self) -> None:
        self.inserts: list[tuple[str, float]] = []
        self.held: list[tuple[Connection, bytes]] | None = None

    def hold(self) -> None:
        """Answer no insert until `release`."""
        self.held = self.held or []

    def release(self) -> None:
        """Answer those that wait, and all that come."""
        waiting, self.held = self.held or [], None
        for connection, answer in waiting:
            connection.send(answer)


class Connection(asyncio.Protocol):
    """One caller, one call at a time."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._bytes = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        while True:
            head, blank, rest = self._bytes.partition(b"\r\n\r\n")
            length = body_length(head)
            if not blank or len(rest) < length:
                return
            self._bytes = rest[length:]
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            self._answer(method, path.partition("?")[0], rest[:length])

    def send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)

    def _answer(self, method: str, path: str, body: bytes) -> None:
        if method == "POST" and path.endswith("/events"):
            event = json.loads(body)
            self._seen.inserts.append((event.get("id", ""), time.monotonic()))
            answer = _ok({**event, "etag": '"1"', "status": "confirmed", "htmlLink": "http://127.0.0.1/event"})
            if self._seen.held is None:
                self.send(answer)
            else:
                self._seen.held.append((self, answer))
        elif path.startswith("/_bench/"):
            self._told(path.removeprefix("/_bench/"))
        elif method == "GET" and path.endswith("/events"):
            self.send(_ok({"kind": "calendar#events", "items": [], "nextSyncToken": "1"}))
        else:
            self.send(_response(404, b'{"error": {"code": 404, "errors": [{"reason": "notFound"}]}}'))

    def _told(self, word: str) -> None:
        if word == "hold":
            self._seen.hold()
        elif word == "release":
            self._seen.release()
        self.send(_ok({"inserts": self._seen.inserts, "now_s": time.monotonic()}))
        if word == "forget":
            self._seen.inserts = []


def _ok(document: object) -> bytes:
    return _response(200, json.dumps(document).encode())


def _response(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} -\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def serve() -> None:
    """Serve until SIGTERM; the address is printed once calls are answered."""
    stop, seen = asyncio.Event(), Seen()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Connection(seen), "127.0.0.1", 0)
    print(json.dumps({"base": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
