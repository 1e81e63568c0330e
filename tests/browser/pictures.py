"""Takes the pictures of docs/images from a real walk: `python -m tests.browser.pictures FOLDER`; it judges nothing."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page

from simulator.google import SimulatedGoogle
from tests.browser import chromium
from tests.browser.person import Person
from tests.browser.test_walk import allow, set_up
from tests.journey.fresh_gateway import FreshGateway, closed_port, opened

WIDTHS = (320, 1280)
SCHEMES = ("light", "dark")


async def taken(browser: Browser, gateway: FreshGateway, folder: Path) -> None:
    """Walk once, and take every card at the moment at which people work with it."""
    context = await browser.new_context()
    person = Person(context, await context.new_page())
    await person.open(gateway.http)
    await pictures(context, gateway.http + "/set-up", "main", folder / "set-up")
    await set_up(person, gateway)
    await pictures(context, gateway.http + "/google", "#card-1", folder / "card-1-google-app")
    await person.chooses_file("Upload the credentials file", gateway.credentials())
    await person.types("Authorized redirect URIs", f"http://127.0.0.1:{closed_port()}/oauth/google/callback")
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


async def main(folder: Path) -> None:
    """Take all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        async with (
            SimulatedGoogle(port=0) as google,
            opened(Path(data), google) as gateway,
            chromium.started() as browser,
        ):
            await taken(browser, gateway, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")))
