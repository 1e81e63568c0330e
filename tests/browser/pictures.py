"""Takes the pictures of docs/images (`make screenshots`): every page of a gateway in use, and the way to Google.

`python -m tests.browser.pictures [FOLDER] [WORD ...]` takes the pages whose names hold one of the words only.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page

from simulator.google import SimulatedGoogle
from tests.browser import chromium
from tests.browser.lived_in import every_address, lived_in
from tests.browser.person import Person
from tests.browser.test_walk import allow, set_up
from tests.journey.dashboard_office import DashboardOffice, signed_in_cookie
from tests.journey.fresh_gateway import FreshGateway, opened
from tests.ports import free_port

WIDTHS = (320, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOST_HIGH_PX = 8_000
"""Longer pages, such as the device API's, are cut: nobody looks at more in one picture."""


async def taken(browser: Browser, gateway: FreshGateway, folder: Path) -> None:
    """Walk once, and take every card at the moment at which people work with it."""
    context = await browser.new_context()
    person = Person(context, await context.new_page())
    await person.open(gateway.http)
    await pictures(context, gateway.http + "/set-up", "main", folder / "set-up")
    await set_up(person, gateway.set_up_code)
    await person.open(gateway.http + "/google")
    await pictures(context, gateway.http + "/google", "#card-1", folder / "card-1-google-app")
    await person.chooses_file("Upload the credentials file", gateway.credentials())
    await person.types("Authorized redirect URIs", f"http://127.0.0.1:{free_port()}/oauth/google/callback")
    await person.presses("Save")
    await pictures(context, gateway.http + "/google", "#card-2", folder / "card-2-sign-in")
    pasted = await allow(person, context, "Get Authorization Code")

    async def paste(page: Page) -> None:
        await page.get_by_label("Authorization Code", exact=True).press_sequentially(pasted)
        await page.get_by_text("Looks good: a Google authorization code.").wait_for()

    await pictures(context, gateway.http + "/google", "#card-3", folder / "card-3-code", before=paste)
    await person.pastes("Authorization Code", pasted)
    await person.presses("Authorize")
    await pictures(context, gateway.http + "/google", "#card-3", folder / "card-3-account")
    await person.presses("Use this account")
    await person.presses("Send a test meeting")
    await pictures(context, gateway.http + "/google?change=calendar", "#card-4", folder / "card-4-calendar")
    await pictures(context, gateway.http + "/google", "body", folder / "authorized")
    await context.close()


async def pictures(context: BrowserContext, address: str, what: str, path: Path, before=None) -> None:
    """Save the part `what` of a page in every width and scheme as PATH-WIDTH-SCHEME.png."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = await context.new_page()
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size({"width": width, "height": 900})
            await page.goto(address)
            if before is not None:
                await before(page)
            await page.locator(what).screenshot(path=f"{path}-{width}-{scheme}.png")
            await page.close()


def name_of(pattern: str) -> str:
    """Return what the pictures of a page are called, from the pattern of its address."""
    words = re.sub(r"\{(\w+)\}", "one", pattern.strip("/")).replace("/", "-").replace(".", "-")
    return f"page-{words or 'start'}"


async def every_page(browser: Browser, office: DashboardOffice, folder: Path, words: Sequence[str]) -> None:
    """Take every page that links lead to, in every width and scheme."""
    pages = {name_of(pattern): address for pattern, address in (await every_address(office, forgiving=True)).items()}
    chosen = {name: address for name, address in pages.items() if not words or any(word in name for word in words)}
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            cookies: Any = signed_in_cookie(office.gateway, office.browser)
            look = {"name": "gateway_look", "value": "auto.en", "url": office.browser.base}
            await context.add_cookies([*cookies, look])
            page = await context.new_page()
            for name, address in chosen.items():
                await page.goto(office.browser.base + address, wait_until="load")
                high = await page.evaluate("document.documentElement.scrollHeight")
                top = {"x": 0, "y": 0, "width": width, "height": min(high, MOST_HIGH_PX)}
                await page.screenshot(path=f"{folder / name}-{width}-{scheme}.png", full_page=True, clip=top)
            await context.close()


async def main(folder: Path, words: Sequence[str]) -> None:
    """Take all of them, or those that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        async with chromium.started() as browser:
            async with lived_in(Path(data) / "used") as office:
                await every_page(browser, office, folder, words)
            if words:
                return
            async with SimulatedGoogle(port=0) as google, opened(Path(data), google) as gateway:
                await taken(browser, gateway, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"), sys.argv[2:]))
