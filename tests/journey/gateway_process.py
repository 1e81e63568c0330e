"""The gateway as a real process in a folder of its own, with simulated Google as its calendar."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import aiohttp

from gateway.clock import SystemClock
from tests import warm
from tests.prepared import give_certificate

T = TypeVar("T")

DEVICE_KEY = "journey-device-key-0123456789"
CLIENT_ID = "sim-client.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-simulated-secret"  # the simulator's own, known to everybody
DEADLINE_S = 60.0

MONDAY = datetime.now(UTC).date() + timedelta(days=7 - datetime.now(UTC).weekday())
"""The coming Monday: meetings far from today are refused."""

CONFIG = """\
version: 1
gateway:
  name: Journey
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
google:
  client_id: {client_id}
  redirect_uri: http://127.0.0.1:8765/oauth/google/callback
  endpoints:
    authorize: {base}/o/oauth2/v2/auth
    token: {base}/token
    revoke: {base}/revoke
    userinfo: {base}/v1/userinfo
    calendar: {base}/calendar/v3
devices:
  - id: ucm-1
    profile: grandstream/ucm6300
    name: Front office UCM6300
  - id: script
    profile: generic/json
    invitations: google
limits:
  device_calls_per_minute: 10000000
  retry_first_s: {retry_first_s}
  retry_cap_s: {retry_cap_s}
  call_timeout_s: {call_timeout_s}
"""


def utc_of(day: date, hour: int) -> datetime:
    """That hour in Berlin, in winter as in summer."""
    return datetime.combine(day, time(hour), ZoneInfo("Europe/Berlin")).astimezone(UTC)


async def until(condition: Callable[[], T], what: str) -> T:
    """Wait until the condition holds and return its value."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not (value := condition()):
                await asyncio.sleep(0.01)
            return value
    except TimeoutError:
        raise AssertionError(what) from None


@dataclass
class GatewayProcess:
    """Starts, kills and restarts one gateway; its data stays in `folder`. A `cold` one starts Python itself."""

    folder: Path
    google_base: str
    settings: dict[str, float] = field(default_factory=dict)
    cold: bool = False
    process: asyncio.subprocess.Process | warm.WarmProcess | None = None
    http: str = ""
    ready: str = ""

    def __post_init__(self) -> None:
        numbers = {"retry_first_s": 0.05, "retry_cap_s": 2, "call_timeout_s": 30, **self.settings}
        text = CONFIG.format(client_id=CLIENT_ID, base=self.google_base, **numbers)
        (self.folder / "config.yaml").write_text(text)

    @property
    def environ(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")},
            "GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET,
            "GATEWAY_DEVICES__UCM_1__KEY": DEVICE_KEY,
            "GATEWAY_DEVICES__SCRIPT__KEY": DEVICE_KEY,
        }

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    @property
    def database(self) -> Path:
        return self.folder / "data" / "gateway.db"

    def arguments(self, *words: str) -> list[str]:
        return ["-m", "gateway", "--config", str(self.folder / "config.yaml"), "--log-level", "debug", *words]

    async def start(self, *before: str) -> None:
        """Start `serve` and wait until it accepts meetings; `before` replaces `-m gateway` by another runner."""
        words = self.arguments("serve", "--ready-json")
        if before:
            words = [*before, *words[2:]]
        if not self.cold:
            await give_certificate(self.folder / "data", SystemClock())
        with (self.folder / "log").open("ab") as log:
            self.process = await warm.start(words, env=self.environ, stderr=log, cold=self.cold)
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            line = await self.process.stdout.readline()
        if line:
            self.ready = line.decode()
            self.http = json.loads(line)["http"]

    async def command(self, *words: str, stdin: str = "") -> tuple[int, str, str]:
        """Run another command of the gateway and return exit code, output and talk."""
        async with asyncio.timeout(DEADLINE_S):
            return await warm.run(self.arguments(*words), env=self.environ, stdin=stdin)

    async def sign_in(self) -> None:
        """Authorize as an admin does with two commands, letting simulated Google agree at once."""
        code, link, talk = await self.command("google", "login", "--print-link")
        assert code == 0, talk
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.google_base}/_sim/approve", json={"url": link.strip()}) as answer,
        ):
            redirect = (await answer.json())["redirect"]
        code, _, talk = await self.command("google", "login", "--code", "-", stdin=redirect + "\n")
        assert code == 0, talk

    async def ended(self) -> int:
        """Wait for the process to end and return its exit code (negative: the signal)."""
        assert self.process is not None
        async with asyncio.timeout(DEADLINE_S):
            code = await self.process.wait()
        # The pipe must be read to its end, or its transport is left open.
        assert self.process.stdout is not None
        await self.process.stdout.read()
        return code

    async def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.ended()

    async def stop(self) -> int:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        return await self.ended()

    def outbox(self) -> list[tuple[int, str | None, int, str]]:
        """Return meeting, hold, doubt and last code of every row, read from the file itself."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60)) as conn:
            return list(conn.execute("SELECT subject_id, hold, doubt, last_code FROM outbox"))

    async def drained(self) -> None:
        """Wait until everything accepted is in the calendar."""
        await until(lambda: not self.outbox(), "the outbox never became empty")
