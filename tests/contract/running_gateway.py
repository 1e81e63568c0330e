"""A gateway inside the test's own process, on a free port with a folder of its own; its calendar is never reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.app.serving import Running
from gateway.config import Config, load
from tests.contract.validating_client import ValidatingClient
from tests.prepared import running

NOW_S = 1_795_168_800
"""2026-11-20T10:00:00Z, so that dates in tests stay near."""

KEYS = {"script": "contract-script-key-0123456789", "ucm-1": "contract-ucm-key-0123456789"}
BEARER = {device: {"Authorization": f"Bearer {key}"} for device, key in KEYS.items()}

CONFIG = """\
version: 1
gateway:
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
google:
  client_id: contract.apps.googleusercontent.com
  endpoints:
    authorize: http://127.0.0.1:1/o/oauth2/v2/auth
    token: http://127.0.0.1:1/token
    revoke: http://127.0.0.1:1/revoke
    userinfo: http://127.0.0.1:1/v1/userinfo
    calendar: http://127.0.0.1:1/calendar/v3
devices:
  - id: script
    profile: generic/json
  - id: ucm-1
    profile: grandstream/ucm6300
limits:
  body_timeout_s: 1
  {limits}
"""

PATIENT = "device_calls_per_minute: 10000000"
"""A limit that tests with many calls do not reach: time does not pass here."""

MEETING: dict[str, object] = {
    "external_id": "contract-1",
    "subject": "Weekly_Meeting",
    "start": "2026-11-23T10:00:00",
    "end": "2026-11-23T11:00:00",
    "time_zone": "(UTC+01:00) Etc/GMT-1",
    "host": {"extension": "1000", "email": "host@example.com"},
    "invitees": [{"extension": "1001"}, {"email": "anna@example.com"}],
    "reminder_minutes": 60,
}
UCM_MEETING: dict[str, object] = {
    "bookid": "1795168800000",
    "confname": "Weekly_Meeting",
    "confno": "6300",
    "starttime": "2026-11-23 10:00:00",
    "endtime": "2026-11-23 11:00:00",
    "recurringevent": "COMMON",
    "open_calendar": "yes",
    "admin_pincode": "5021",
    "con_admin": "1000",
    "members": '[{"member_extension": "1000", "is_admin": "yes"}, {"member_extension": "1001", "is_admin": "no"}]',
    "timezone": "(UTC+01:00) Etc/GMT-1",
    "email_reminder": 60,
}
"""The same in the words of the UCM6300's form."""


class StandingClock:
    """Time does not pass."""

    def now_ms(self) -> int:
        return NOW_S * 1000

    def monotonic_s(self) -> float:
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayInTest:
    """A gateway that serves, and a client that holds its answers against the contract."""

    running: Running
    client: ValidatingClient

    @property
    def base(self) -> str:
        return self.running.listener.url

    @property
    def folder(self) -> Path:
        return self.running.stored.folder.path

    async def stored(self) -> dict[str, int]:
        """How many rows every table has that a call may write to."""
        tables = ("meeting", "outbox", "audit", "mirrored", "idempotency")
        return await self.running.stored.database.read(
            lambda conn: {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        )


def settings(folder: Path, limits: str = PATIENT) -> Config:
    """Read the settings as the product does; `limits` is one more line under the key of that name."""
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(limits=limits))
    environ = {
        "GATEWAY_GOOGLE__CLIENT_SECRET": "GOCSPX-contract-secret",
        "GATEWAY_DEVICES__SCRIPT__KEY": KEYS["script"],
        "GATEWAY_DEVICES__UCM_1__KEY": KEYS["ucm-1"],
    }
    return load(path, environ)


@asynccontextmanager
async def running_gateway(folder: Path, limits: str = PATIENT) -> AsyncIterator[GatewayInTest]:
    """Serve from `folder` until the block ends."""
    async with running(settings(folder, limits), StandingClock()) as served, aiohttp.ClientSession() as session:
        yield GatewayInTest(running=served, client=ValidatingClient(session, served.listener.url))
