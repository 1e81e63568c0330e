"""The usual way to build such a gateway, to compare with: aiohttp and aiosqlite, one commit for each request.

It checks the same things roughly, writes the same three rows and syncs each commit (WAL, synchronous=FULL). Without a
database it reads the body and answers, nothing else: the most that any gateway on aiohttp can reach on this machine.

    python -m tests.bench.comparison_server [DATABASE]
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiosqlite
from aiohttp import web

from tests.journey.gateway_process import DEVICE_KEY

_SCHEMA = """
CREATE TABLE meeting (id INTEGER PRIMARY KEY, device TEXT NOT NULL, external_id TEXT NOT NULL,
  revision INTEGER NOT NULL, fingerprint TEXT NOT NULL, body TEXT NOT NULL, changed_at INTEGER NOT NULL,
  UNIQUE (device, external_id));
CREATE TABLE outbox (meeting_id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, not_before INTEGER NOT NULL);
CREATE INDEX outbox_due ON outbox (not_before);
CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL);
"""
_KEY_HASH = hashlib.sha256(DEVICE_KEY.encode()).digest()
_TEXTS = ("external_id", "subject", "start", "end", "time_zone")


class Intake:
    """One connection for all requests; a lock keeps their transactions apart."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database
        self._lock = asyncio.Lock()

    async def post(self, request: web.Request) -> web.Response:
        """Check a meeting, keep it, answer."""
        device = request.match_info["device_id"]
        said_hash = hashlib.sha256(request.headers.get("Authorization", "").removeprefix("Bearer ").encode()).digest()
        if not hmac.compare_digest(said_hash, _KEY_HASH):
            return web.json_response({"detail": "not authorized"}, status=401)
        meeting = json.loads(await request.read())
        if not all(isinstance(meeting.get(name), str) for name in _TEXTS):
            return web.json_response({"detail": "a field is missing"}, status=422)
        zone = ZoneInfo(meeting["time_zone"])
        start, end = (datetime.fromisoformat(meeting[name]).replace(tzinfo=zone) for name in ("start", "end"))
        if end <= start:
            return web.json_response({"detail": "end is before start"}, status=422)
        number = await self._keep(device, meeting)
        answer = {"id": str(number), "external_id": meeting["external_id"], "revision": 1, "state": "queued"}
        return web.json_response({**answer, "start_utc": start.timestamp(), "end_utc": end.timestamp()}, status=202)

    async def _keep(self, device: str, meeting: dict[str, str]) -> int:
        body, now_ms = json.dumps(meeting), time.time_ns() // 1_000_000
        fingerprint = hashlib.blake2b(body.encode(), digest_size=16).hexdigest()
        run = self._database.execute
        async with self._lock:
            await run("BEGIN IMMEDIATE")
            cursor = await run(
                "INSERT INTO meeting (device, external_id, revision, fingerprint, body, changed_at) "
                "VALUES (?, ?, 1, ?, ?, ?)",
                (device, meeting["external_id"], fingerprint, body, now_ms),
            )
            number = cursor.lastrowid or 0
            await run("INSERT INTO outbox VALUES (?, 1, ?)", (number, now_ms))
            await run("INSERT INTO audit (at, actor, what) VALUES (?, ?, 'meeting.scheduled')", (now_ms, device))
            await self._database.commit()
        return number


async def nothing(request: web.Request) -> web.Response:
    """Read the body and answer."""
    await request.read()
    return web.Response(status=202, body=b"{" + b" " * 220 + b"}", content_type="application/json")


async def storing(path: Path) -> None:
    """Serve with a new database."""
    async with aiosqlite.connect(path, isolation_level=None) as database:
        await database.execute("PRAGMA journal_mode=WAL")
        await database.execute("PRAGMA synchronous=FULL")
        await database.executescript(_SCHEMA)
        await serve(Intake(database).post)


async def serve(post: Callable[[web.Request], Awaitable[web.Response]]) -> None:
    """Serve until SIGTERM; the address is printed once calls are answered."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = web.Application()
    app.router.add_post("/api/v1/devices/{device_id}/meetings", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"http": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(storing(Path(sys.argv[1])) if sys.argv[1:] else serve(nothing))
