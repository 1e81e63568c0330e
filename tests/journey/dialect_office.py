"""A gateway in the test's own process, signed in at simulated Google, with one device for every dialect."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from yarl import URL

from gateway.app.serving import Running
from gateway.config import load
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import CLIENT_ID, CLIENT_SECRET, MONDAY, until
from tests.prepared import running

PARIS = ZoneInfo("Europe/Paris")
PROFILES = {
    "script": "generic/json",
    "form-1": "generic/form",
    "ucm-1": "grandstream/ucm6300",
    "old-ucm": "grandstream/ucm6200",
    "organizer": "generic/itip",
    "jitsi": "jitsi/reservation",
    "phone": "generic/action_url",
}
KEYS = {device: f"dialect-{device}-key-0123456789" for device in PROFILES}

CONFIG = """\
version: 1
gateway:
  name: Dialects
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
  data_dir: {folder}/data
google:
  client_id: {client_id}
  endpoints:
    authorize: {base}/o/oauth2/v2/auth
    token: {base}/token
    revoke: {base}/revoke
    userinfo: {base}/v1/userinfo
    calendar: {base}/calendar/v3
devices:
{devices}limits:
  retry_first_s: 0.05
  retry_cap_s: 2
"""


@dataclass
class ShiftedClock:
    """The system's clock, which a test may set ahead and back; the steady clock is only ever moved ahead."""

    ahead_s: float = 0.0
    steady_ahead_s: float = 0.0

    def now_ms(self) -> int:
        return int((time.time() + self.ahead_s) * 1000)

    def monotonic_s(self) -> float:
        self.steady_ahead_s = max(self.steady_ahead_s, self.ahead_s)
        return time.monotonic() + self.steady_ahead_s


@dataclass
class DialectOffice:
    """The gateway, its calendar and its clock."""

    gateway: Running
    google: SimulatedGoogle
    clock: ShiftedClock
    http: aiohttp.ClientSession
    folder: Path
    answers: list[int] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.gateway.stored.folder.path / "gateway.db"

    async def call(
        self, method: str, device: str, path: str, *, auth: bool = True, at: str = "", **options: Any
    ) -> tuple[int, Any]:
        """Call `path` of a device, or the absolute path `at`; return the status and the answer's JSON."""
        headers = dict(options.pop("headers", {}))
        if auth:
            headers["Authorization"] = f"Bearer {KEYS[device]}"
        url = URL(self.gateway.listener.url + (at or f"/api/v1/devices/{device}{path}"), encoded=True)
        async with self.http.request(method, url, headers=headers, **options) as answer:
            self.answers.append(answer.status)
            return answer.status, await answer.json(content_type=None)

    async def calendar(self, device: str, body: bytes) -> tuple[int, Any]:
        """Send an iTIP message."""
        return await self.call("POST", device, "/calendar", data=body, headers={"Content-Type": "text/calendar"})

    async def ucm(self, action: str, device: str = "ucm-1", **fields: Any) -> dict[str, Any]:
        """One request of the UCM HTTPS API at the server's root."""
        status, document = await self.call(
            "POST", device, "", at="/api", auth=False, json={"request": {"action": action, **fields}}
        )
        assert status == 200, document
        return dict(document)

    async def log_in(self, device: str = "ucm-1") -> str:
        challenge = (await self.ucm("challenge", user=device, version="1.0"))["response"]["challenge"]
        token = hashlib.md5((challenge + KEYS[device]).encode()).hexdigest()
        said = await self.ucm("login", user=device, token=token)
        assert said["status"] == 0, said
        return str(said["response"]["cookie"])

    def waiting(self) -> int:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60)) as conn:
            return int(conn.execute("SELECT count(*) FROM outbox").fetchone()[0])

    async def events(self, word: str) -> list[dict[str, Any]]:
        """Wait until all is delivered; return the living events whose title or id has `word` in it."""
        await until(lambda: not self.waiting(), "the outbox never became empty")
        return [
            event
            for event in self.google.state.all_events()
            if event["status"] != "cancelled" and word in event.get("summary", "")
        ]

    async def series_and_exceptions(self, word: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The one series of that title, and the single occurrences the calendar holds of it."""
        await until(lambda: not self.waiting(), "the outbox never became empty")
        everything = self.google.state.all_events()
        (series,) = [e for e in everything if e.get("recurrence") and word in e.get("summary", "")]
        return series, [e for e in everything if e.get("recurringEventId") == series["id"]]


def at(hour: int, minute: int = 0, *, week: int = 0, day: date = MONDAY) -> datetime:
    """That time on the coming Monday in Paris, or `week` weeks later."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PARIS) + timedelta(weeks=week)


def local(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def start_of(event: dict[str, Any]) -> datetime:
    """When an event starts, as an instant."""
    said = event["start"]
    moment = datetime.fromisoformat(said["dateTime"])
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(said["timeZone"]))


@asynccontextmanager
async def opened_dialects(folder: Path) -> AsyncIterator[DialectOffice]:
    """Serve, and authorize as an admin does."""
    clock = ShiftedClock()
    async with SimulatedGoogle(port=0) as google, aiohttp.ClientSession() as http:
        devices = "".join(f"  - id: {name}\n    profile: {profile}\n" for name, profile in PROFILES.items())
        devices = devices.replace(
            "    profile: generic/action_url\n", "    profile: generic/action_url\n    time_zone: Europe/Paris\n"
        )
        path = folder / "config.yaml"
        path.write_text(CONFIG.format(folder=folder, client_id=CLIENT_ID, base=google.base, devices=devices))
        keys = {f"GATEWAY_DEVICES__{name.upper().replace('-', '_')}__KEY": key for name, key in KEYS.items()}
        config = load(path, {"GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET, **keys})
        async with running(config, clock) as gateway:
            accounts = gateway.stored.accounts
            link = await accounts.start()
            candidate = await accounts.finish(google.do.approve(link.url))
            await accounts.store(candidate, replace=False)
            yield DialectOffice(gateway, google, clock, http, folder)
