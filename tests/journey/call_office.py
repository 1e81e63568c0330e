"""A gateway in this process with a device for every dialect, the calls that they make, and a browser in front of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from gateway.app.serving import Running
from gateway.config import Config, load
from gateway.devices.call_log import CallLog, HeardCall
from tests.journey.page_office import PASSWORD
from tests.journey.plain_browser import PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

PROFILES = {
    "script": "generic/json",
    "form-1": "generic/form",
    "ucm-1": "grandstream/ucm6300",
    "organizer": "generic/itip",
    "jitsi": "jitsi/reservation",
    "phone": "generic/action_url",
}
KEYS = {name: f"calls-{name}-key-0123456789" for name in PROFILES}
DAY = (datetime.now(UTC) + timedelta(days=20)).date()
PIN = "48151623"
"""A host's PIN that must never be seen."""

NOTHING: Mapping[str, str] = MappingProxyType({})
CONFIG = """\
version: 1
gateway:
  name: Head office
  listen: 127.0.0.1:0
  listen_tls: 127.0.0.1:0
google:
  client_id: calls.apps.googleusercontent.com
  endpoints:
    authorize: http://127.0.0.1:1/o/oauth2/v2/auth
    token: http://127.0.0.1:1/token
    revoke: http://127.0.0.1:1/revoke
    userinfo: http://127.0.0.1:1/v1/userinfo
    calendar: http://127.0.0.1:1/calendar/v3
devices:
"""


def meeting(**changes: object) -> dict[str, object]:
    """A meeting in our own words."""
    return {
        "external_id": "room-7",
        "subject": "Weekly Meeting",
        "start": f"{DAY}T10:00:00",
        "end": f"{DAY}T11:00:00",
        "time_zone": "Europe/Berlin",
        "host": {"extension": "1000", "email": "anna@example.com"},
        "host_password": PIN,
        **changes,
    }


def ucm_meeting(**changes: object) -> dict[str, object]:
    """A meeting in the words of the UCM's form."""
    members = [
        {"member_extension": "1000", "member_name": "Anna Berg", "email": "anna@example.com", "is_admin": "yes"},
        {"member_extension": "1001", "member_name": "Ben Cole", "email": "", "is_admin": "no"},
    ]
    return {
        "bookid": "1714377600000",
        "confname": "Weekly_Meeting",
        "confno": "6300",
        "starttime": f"{DAY} 10:00:00",
        "endtime": f"{DAY} 11:00:00",
        "recurringevent": "COMMON",
        "open_calendar": "yes",
        "admin_pincode": PIN,
        "con_admin": "1000",
        "members": json.dumps(members),
        "timezone": "(UTC+01:00) Etc/GMT-1",
        "email_reminder": 60,
        "wallpaper": "blue",
        **changes,
    }


@dataclass
class CallOffice:
    """The gateway, devices that call it, and the browser of its administrator."""

    gateway: Running
    clock: MovedClock
    folder: Path
    browser: PlainBrowser
    http: aiohttp.ClientSession

    @property
    def log(self) -> CallLog:
        return self.gateway.mirroring.neighbourhood.log

    async def call(
        self,
        device: str,
        below: str = "/meetings",
        *,
        method: str = "POST",
        key: str | None = None,
        **options: Any,
    ) -> tuple[int, str]:
        """Call as the device (or with another key); status and text of the answer."""
        headers = dict(options.pop("headers", {}))
        if key != "":
            headers["Authorization"] = f"Bearer {KEYS.get(device, '') if key is None else key}"
        url = URL(f"{self.gateway.listener.url}/api/v1/devices/{device}{below}", encoded=True)
        async with self.http.request(method, url, headers=headers, **options) as answer:
            return answer.status, await answer.text()

    async def envelope(self, device: str, action: str, **fields: object) -> dict[str, Any]:
        """One request of the UCM's own API, logged in."""
        url = f"{self.gateway.listener.url}/api/v1/devices/{device}/api"

        async def ask(**request: object) -> dict[str, Any]:
            async with self.http.post(url, json={"request": request}) as answer:
                return dict(await answer.json(content_type=None))

        challenge = (await ask(action="challenge", user=device))["response"]["challenge"]
        token = hashlib.md5((challenge + KEYS[device]).encode()).hexdigest()
        cookie = (await ask(action="login", user=device, token=token))["response"]["cookie"]
        return await ask(action=action, cookie=cookie, **fields)

    async def action(self, **fields: str) -> tuple[int, str]:
        """The Action URL of the phone, with its key in the query."""
        said = {
            "key": KEYS["phone"],
            "id": "desk-1",
            "subject": "Stand-up",
            "start": f"{DAY}T10:00:00",
            "minutes": "30",
            "zone": "Europe/Paris",
            **fields,
        }
        return await self.call("phone", f"/action?{urlencode(said)}", method="GET", key="")

    def newest(self, device: str) -> HeardCall:
        return self.log.recent(device)[0]


def config_of(folder: Path, extra: Mapping[str, str] = NOTHING, more: str = "") -> Config:
    """Settings with all devices; `extra` are lines of single devices, `more` are lines after them."""
    folder.mkdir(parents=True, exist_ok=True)
    devices = "".join(
        f"  - id: {name}\n    profile: {profile}\n{extra.get(name, '')}" for name, profile in PROFILES.items()
    )
    text = CONFIG.replace("google:\n", f"  data_dir: {folder}/data\n  profiles_dir: {folder}/profiles\ngoogle:\n", 1)
    path = folder / "config.yaml"
    path.write_text(text + devices + more)
    keys = {f"GATEWAY_DEVICES__{name.upper().replace('-', '_')}__KEY": key for name, key in KEYS.items()}
    return load(path, {"GATEWAY_GOOGLE__CLIENT_SECRET": "GOCSPX-calls-secret", **keys})


@asynccontextmanager
async def opened_calls(
    folder: Path, extra: Mapping[str, str] = NOTHING, *, again: bool = False, more: str = ""
) -> AsyncIterator[CallOffice]:
    """Serve from `folder`, with what was left there if `again`; Anna is signed in."""
    clock = MovedClock()
    async with (
        running(config_of(folder, extra, more), clock) as gateway,
        aiohttp.ClientSession() as http,
        PlainBrowser(gateway.listener.url) as browser,
    ):
        if not again:
            await gateway.admins.add_user("anna", PASSWORD)
        await browser.open("/sign-in")
        await browser.press("Sign in", name="anna", password=PASSWORD)
        yield CallOffice(gateway, clock, folder, browser, http)
