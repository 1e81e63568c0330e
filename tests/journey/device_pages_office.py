"""A gateway with its pages in this process, a simulated Google, a simulated UCM, and somebody signed in; for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.app.serving import Running
from gateway.config import Config, DeviceSection, GatewaySection, GoogleEndpoints, GoogleSection, Secret
from simulator.google import SimulatedGoogle
from simulator.pbx.api import SimulatedUcm
from tests.journey.page_office import LOCAL, PASSWORD
from tests.journey.plain_browser import PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

FIXED = DeviceSection(id="fixed", profile="generic/json", name="Fixed one", key=Secret("a-key-of-more-than-16-signs"))


@dataclass
class DevicesOffice:
    """One gateway that runs, one UCM that can be asked, and one browser without scripts."""

    gateway: Running
    ucm: SimulatedUcm
    clock: MovedClock
    browser: PlainBrowser
    google: SimulatedGoogle

    async def call(
        self, device: str, key: str, body: dict[str, object] | None = None, path: str = "", source: str = "127.0.0.1"
    ) -> int:
        """Call the gateway as a device would; return the status of the answer."""
        connector = aiohttp.TCPConnector(local_addr=(source, 0))
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"{self.gateway.listener.url}/api/v1/devices/{device}/meetings{path}"
            headers = {"Authorization": f"Bearer {key}"}
            async with session.post(url, json=body if body is not None else meeting(), headers=headers) as answer:
                await answer.read()
                return answer.status

    async def written(self) -> None:
        """What callers left behind is on disk and in the lists."""
        await self.gateway.mirroring.neighbourhood.keeper.write()

    async def audit(self) -> list[tuple[str, str, str, str]]:
        """Actor, action, object and detail of every line."""
        return await self.gateway.stored.database.read(
            lambda conn: list(conn.execute("SELECT actor, action, object, detail FROM audit ORDER BY id"))
        )


def meeting(external_id: str = "42", subject: str = "Weekly Meeting") -> dict[str, object]:
    """A call in the words of generic/json."""
    return {
        "external_id": external_id,
        "subject": subject,
        "start": "2030-04-29T10:00:00",
        "end": "2030-04-29T11:00:00",
        "time_zone": "Europe/Berlin",
    }


@asynccontextmanager
async def opened_devices(folder: Path) -> AsyncIterator[DevicesOffice]:
    """Run all of it; the administrator is Anna."""
    async with SimulatedGoogle(port=0) as google, SimulatedUcm(seed=1) as ucm:
        config = Config(
            gateway=GatewaySection(
                data_dir=folder / "data", listen=LOCAL, listen_tls=LOCAL, name="Head office", time_zone="Europe/Berlin"
            ),
            google=GoogleSection(endpoints=GoogleEndpoints(**google.endpoints())),
            devices=(FIXED,),
            sources={"devices[0].id": "config.yaml:4"},
        )
        clock = MovedClock()
        async with running(config, clock) as gateway:
            await gateway.admins.add_user("anna", PASSWORD)
            async with PlainBrowser(gateway.listener.url) as browser:
                await browser.open("/sign-in")
                await browser.press("Sign in", name="anna", password=PASSWORD)
                yield DevicesOffice(gateway, ucm, clock, browser, google)
