"""A gateway in this process with a device, simulated calendars and an administrator at the meetings' pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.google import SimulatedGoogle
from tests.journey.page_office import PASSWORD
from tests.journey.plain_browser import Page, PlainBrowser
from tests.journey.two_way_office import TwoWay, opened


@dataclass
class MeetingOffice:
    """What the device `script` and people in Google do, and the pages in a browser without scripts."""

    two_way: TwoWay
    browser: PlainBrowser

    async def page(self, name: str, more: str = "") -> Page:
        """Open the page of the device's meeting."""
        row = await self.two_way.row(name)
        return await self.browser.open(f"/meetings/{row.id}{more}")


@asynccontextmanager
async def opened_meetings(
    folder: Path, google: SimulatedGoogle, *, wins: str = "device"
) -> AsyncIterator[MeetingOffice]:
    """Run it until the block ends."""
    async with opened(folder, google, wins=wins) as two_way:
        gateway = two_way.gateway
        await gateway.admins.add_user("anna", PASSWORD)
        async with PlainBrowser(gateway.listener.url) as browser:
            await browser.open("/sign-in?next=/meetings")
            await browser.press("Sign in", name="anna", password=PASSWORD)
            yield MeetingOffice(two_way, browser)
