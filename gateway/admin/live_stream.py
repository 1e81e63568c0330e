"""One open stream of events to one browser: what waits to be sent on it, within bounds; where it comes from is not."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping

from aiohttp import web

from gateway.store.audit import AuditRow

HEARTBEAT_S = 15.0
MOST_WAITING = 200
"""Lines that a browser is sent one by one; one that is farther behind is told to read everything again."""
WRITE_S = 10.0
"""How long a browser may take to read what it is sent."""
RETRY_MS = 2000


class Stream:
    """Events for one browser. `key` is the session's, which began at `started_at` and was used at `seen_at` (ms UTC).

    A program's stream `is_program`: `key` is then that of its API key, which is over at `ends_at` (ms UTC), if ever.

    Events that are not `named` are all of the same kind, because `EventSource` hands over only those that it was told
    the name of; the action is in their data too.
    """

    def __init__(
        self,
        response: web.StreamResponse,
        key: bytes,
        transport: asyncio.Transport | None,
        *,
        named: bool = True,
        is_program: bool = False,
        ends_at: int | None = None,
    ) -> None:
        self.key = key
        self.is_program = is_program
        self.ends_at = ends_at
        self.started_at: int | None = None
        self.seen_at: int | None = None
        self._response = response
        self._transport = transport
        self._named = named
        self._last_id = 0
        self._waiting: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self._over = False

    @property
    def is_gone(self) -> bool:
        """Whether the browser has left."""
        return self._transport is None or self._transport.is_closing()

    def begin(self, rows: list[AuditRow], newest: int, *, known: int | None) -> None:
        """Catch up: `rows` came after the line `known`, the last one that the browser saw; None when it saw none."""
        self._last_id = newest
        if known is not None and (len(rows) > MOST_WAITING or known > newest):
            self._waiting.append(self._event("reset", newest))
        elif known is not None and rows:
            self._waiting.extend(self._line(row) for row in rows)
        else:
            self._waiting.append(self._event("hello", newest))
        self._woken.set()

    def put(self, row: AuditRow) -> None:
        """Send a line, unless it was sent before."""
        if row.id > self._last_id:
            self._last_id = row.id
            self._put(self._line(row))

    def put_moved(self, noun: str) -> None:
        """Say that something changed for which there is no line; it does not count for catching up."""
        self._put(self._event(f"{noun}.state", None))

    def reset(self, newest: int) -> None:
        """Say that too much happened to be told one by one."""
        self._last_id = newest
        self._waiting.clear()
        self._put(self._event("reset", newest))

    def end(self) -> None:
        """Send nothing more and close."""
        self._over = True
        self._woken.set()

    async def run(self) -> None:
        """Send until `end` is called or the browser leaves."""
        await self._send(b"retry: %d\n\n" % RETRY_MS)
        while not self._over:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._woken.wait()
            except TimeoutError:
                await self._send(b": still here\n\n")
                continue
            self._woken.clear()
            if self._waiting and not self._over:
                together = b"".join(self._waiting)
                self._waiting.clear()
                await self._send(together)

    def _put(self, event: bytes) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            event = self._event("reset", self._last_id)
        self._waiting.append(event)
        self._woken.set()

    def _line(self, row: AuditRow) -> bytes:
        return _written(shown(row), row.action if self._named else "", row.id)

    def _event(self, action: str, event_id: int | None) -> bytes:
        data: dict[str, object] = {"action": action} if event_id is None else {"id": event_id, "action": action}
        return _written(data, action if self._named else "", event_id)

    async def _send(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_S):
            await self._response.write(data)


def shown(row: AuditRow) -> dict[str, object]:
    """Return a line as programs read it."""
    return {
        "id": row.id,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "object": row.object,
        "detail": row.detail,
    }


def _written(data: Mapping[str, object], name: str, event_id: int | None) -> bytes:
    """Return an event as HTML §9.2.5 writes it; JSON has no line breaks, and names are words of ours."""
    lines = [f"id: {event_id}"] if event_id is not None else []
    lines += [f"event: {name}"] if name else []
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return "\n".join([*lines, f"data: {body}", "", ""]).encode()
