"""A gateway, simulated Google and devices in fast time, all in one loop; gateways come and go over the same data."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from gateway.app.serving import Running
from gateway.config import Config, load
from gateway.config.sections import GoogleEndpoints
from gateway.store import outbox
from simulator.google import SimulatedGoogle
from tests.journey.fast_time import FastClock, FollowingClock, fast_database, fast_loop, passes, patient_session
from tests.journey.gateway_process import CLIENT_ID, CLIENT_SECRET
from tests.prepared import running

KEY = "fast-device-key-0123456789"
HOUR_S = 3600.0

CONFIG = """\
version: 1
gateway:
  name: Fast
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
  data_dir: {data}
google:
  client_id: {client_id}
  endpoints:
{addresses}
discovery: {{announce: false, browse: false}}
devices:
{devices}
limits:
  in_flight: {in_flight}
{limits}
"""

ADDRESSES = {
    "authorize": "/o/oauth2/v2/auth",
    "token": "/token",
    "revoke": "/revoke",
    "userinfo": "/v1/userinfo",
    "calendar": "/calendar/v3",
}
_READ: dict[tuple[str, ...], Config] = {}


@dataclass
class FastOffice:
    """What is in the office; `google_at` is where its gateways find Google, if not at the simulated one itself."""

    folder: Path
    google: SimulatedGoogle
    clock: FastClock
    http: aiohttp.ClientSession
    calendars: Mapping[str, str] = field(default_factory=lambda: {"pbx-1": "primary"})
    limits: Mapping[str, float] = field(default_factory=dict)
    google_at: str = ""
    gateway: Running | None = None
    died: list[BaseException] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def open(self) -> Running:
        assert self.gateway is not None, "no gateway is open"
        return self.gateway

    def config(self) -> Config:
        """Read the settings as the product does, once for each kind of office: folder and addresses are put in then."""
        base = self.google_at or self.google.base
        text, environ = self._said(base)
        path = self.folder / "config.yaml"
        path.write_text(text)
        kind = (text.replace(str(self.folder), "").replace(base, ""), *environ.values())
        if kind not in _READ:
            _READ[kind] = load(path, environ)
        read = _READ[kind]
        endpoints = GoogleEndpoints(**{name: base + at for name, at in ADDRESSES.items()})
        return replace(
            read,
            path=path,
            gateway=replace(read.gateway, data_dir=self.data, profiles_dir=self.data / "profiles"),
            google=replace(read.google, endpoints=endpoints),
        )

    def _said(self, base: str) -> tuple[str, dict[str, str]]:
        devices = "\n".join(
            f"  - {{id: {name}, profile: generic/json, calendar: '{calendar}'}}"
            for name, calendar in self.calendars.items()
        )
        limits = {"in_flight": 5, **self.limits}
        text = CONFIG.format(
            data=self.data,
            client_id=CLIENT_ID,
            addresses="\n".join(f"    {name}: {base}{at}" for name, at in ADDRESSES.items()),
            devices=devices,
            in_flight=limits.pop("in_flight"),
            limits="\n".join(f"  {name}: {value}" for name, value in limits.items()),
        )
        keys = {f"GATEWAY_DEVICES__{name.upper().replace('-', '_')}__KEY": KEY for name in self.calendars}
        return text, {"GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET, **keys}

    async def start(self) -> None:
        """Open a gateway on what the one before left."""
        self.gateway = await self._stack.enter_async_context(
            running(self.config(), self.clock, open_database=fast_database, failed=self.died.append)
        )

    async def stop(self) -> None:
        """Close the gateway as SIGTERM does."""
        self.gateway = None
        await self._stack.aclose()
        assert not self.died, self.died

    def keep_what_is_on_disk(self) -> None:
        """Put aside what a power cut at this moment would leave: everything committed, nothing else."""
        kept = self.folder / "kept"
        # A file that is written under another name first may have its own while the others are copied.
        shutil.copytree(self.data, kept, ignore=shutil.ignore_patterns("gateway.db*", "*.new"))
        with (
            contextlib.closing(sqlite3.connect(self.data / "gateway.db", timeout=60)) as database,
            contextlib.closing(sqlite3.connect(kept / "gateway.db")) as copy,
        ):
            database.backup(copy)

    def on_what_was_kept(self) -> None:
        """Let the next gateway find what was put aside."""
        shutil.rmtree(self.data)
        (self.folder / "kept").rename(self.data)

    async def sign_in(self) -> None:
        """Authorize as an admin does; a second time is the way back after a loss."""
        accounts = self.open.stored.accounts
        link = await accounts.start()
        candidate = await accounts.finish(self.google.do.approve(link.url))
        await accounts.store(candidate, replace=False)

    async def call(self, method: str, path: str, *, device: str = "pbx-1", **options: Any) -> tuple[int, Any]:
        """Call the device API; return the status and the answer."""
        address = f"{self.open.listener.url}/api/v1/devices/{device}/meetings{path}"
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        async with self.http.request(method, address, headers=headers, **options) as answer:
            return answer.status, await answer.json(content_type=None)

    async def schedule(self, body: Mapping[str, Any], *, device: str = "pbx-1") -> dict[str, Any]:
        status, document = await self.call("POST", "", device=device, json=dict(body))
        assert status in (200, 202), document
        return dict(document)

    async def waiting(self) -> int:
        """How many jobs the outbox holds."""
        return await self.open.stored.database.read(_waiting)

    async def drained(self, *, within_s: float = HOUR_S, look_every_s: float = 1.0) -> None:
        async def empty() -> bool:
            return not await self.waiting()

        await passes(empty, "the outbox never became empty", within_s=within_s, look_every_s=look_every_s)

    def living(self, calendar_id: str | None = None) -> list[dict[str, Any]]:
        """The events that are there, without single occurrences of series."""
        stored = self.google.state.live_events
        return [
            event
            for event in stored
            if "recurringEventId" not in event
            and (calendar_id is None or event["id"] in self.google.state.stored(calendar_id))
        ]

    def calendar_calls(self) -> list[Any]:
        """What reached Google's Calendar about events, in order."""
        return [request for request in self.google.state.requests if "/events" in request.path]


def _waiting(conn: Any) -> int:
    return int(conn.execute("SELECT count(*) FROM outbox WHERE kind = ?", (outbox.MIRROR,)).fetchone()[0])


@asynccontextmanager
async def fast_google() -> AsyncIterator[SimulatedGoogle]:
    google = SimulatedGoogle(port=0, seed=1)
    google.state.clock = FollowingClock(fast_loop())
    async with google:
        yield google


@asynccontextmanager
async def opened_fast(folder: Path, google: SimulatedGoogle, **settings: Any) -> AsyncIterator[FastOffice]:
    """An office with a gateway that is signed in."""
    async with patient_session() as http:
        office = FastOffice(folder, google, FastClock(fast_loop()), http, **settings)
        try:
            await office.start()
            await office.sign_in()
            yield office
        finally:
            await office.stop()


@contextlib.contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder where a sync costs nothing, if there is one."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="fast-office-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def meeting(name: str, **changes: Any) -> dict[str, Any]:
    """An hour on the Monday after time begins, as a device says it."""
    return {
        "external_id": name,
        "subject": f"Meeting {name}",
        "start": "2026-03-09T10:00:00",
        "duration_minutes": 60,
        "time_zone": "Europe/Paris",
        **changes,
    }
