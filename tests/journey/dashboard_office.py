"""A gateway with its pages in this process, two devices, a simulated Google, and Anna signed in at the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from gateway.app.serving import Running
from gateway.config import Config, DeviceSection, GatewaySection, GoogleEndpoints, GoogleSection, Secret
from simulator.google import SimulatedGoogle
from tests.journey.page_office import LOCAL, PASSWORD, PageOffice
from tests.journey.plain_browser import Page, PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

KEY = "a-key-of-more-than-16-signs"
LOBBY = DeviceSection(id="lobby", profile="generic/json", name="Lobby UCM", key=Secret(KEY))
BOARD = DeviceSection(id="board", profile="generic/json", name="Board room", key=Secret(KEY))


@dataclass
class DashboardOffice(PageOffice):
    """One gateway that runs, and one browser without scripts in front of it."""

    async def call(self, device: str, body: dict[str, object], key: str = KEY) -> int:
        """Call the gateway as a device would; return the status of the answer."""
        url = f"{self.gateway.listener.url}/api/v1/devices/{device}/meetings"
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
            session.post(url, json=body) as answer,
        ):
            await answer.read()
            return answer.status

    async def dashboard(self) -> Page:
        """Open it anew, with what happened until now."""
        await self.gateway.mirroring.neighbourhood.keeper.write()
        self.clock.ahead_ms += 3_000
        return await self.browser.open("/dashboard")


def soon(external_id: str, subject: str, hours: float = 1.0, **more: object) -> dict[str, object]:
    """A meeting that begins in so many hours, in the words of generic/json."""
    start = datetime.now(UTC) + timedelta(hours=hours)
    return {
        "external_id": external_id,
        "subject": subject,
        "start": f"{start:%Y-%m-%dT%H:%M:00}",
        "end": f"{start + timedelta(minutes=30):%Y-%m-%dT%H:%M:00}",
        "time_zone": "UTC",
        **more,
    }


@asynccontextmanager
async def opened_dashboard(folder: Path) -> AsyncIterator[DashboardOffice]:
    """Run all of it; the administrator is Anna, and nobody is signed in at Google."""
    async with SimulatedGoogle(port=0) as google:
        config = Config(
            gateway=GatewaySection(
                data_dir=folder / "data", listen=LOCAL, listen_tls=LOCAL, name="Head office", time_zone="UTC"
            ),
            google=GoogleSection(endpoints=GoogleEndpoints(**google.endpoints())),
            devices=(LOBBY, BOARD),
        )
        clock = MovedClock()
        async with running(config, clock) as gateway, PlainBrowser(gateway.listener.url) as browser:
            await gateway.admins.add_user("anna", PASSWORD)
            await browser.open("/sign-in")
            await browser.press("Sign in", name="anna", password=PASSWORD)
            yield DashboardOffice(gateway, google, clock, browser, folder)


async def connected(office: DashboardOffice) -> None:
    """Sign in at Google on the Google page."""
    await office.browser.open("/google")
    await office.connect()


def signed_in_cookie(gateway: Running, browser: PlainBrowser) -> list[dict[str, object]]:
    """The cookies of the browser, for another one."""
    del gateway
    return [{"name": cookie.key, "value": cookie.value, "url": browser.base} for cookie in browser._session.cookie_jar]
