"""The pages as a browser shows them: narrow and wide, light and dark, without JavaScript, with the keyboard alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from simulator.google import SimulatedGoogle
from tests.browser import chromium
from tests.simulator.google.test_google_endings import ASK

CONSOLE = "/_sim/console"
MOST_TABS = 60


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if chromium.found() is None:
        pytest.skip("LEFT OUT: no Chromium on this machine; install the package chromium")
    async with chromium.started() as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_page_fits_and_is_marked(browser: Browser, google: SimulatedGoogle, width: int, scheme: str):
    google.do.add_account("somebody.with.a.rather.long.name@a-rather-long-company-name.example.com")
    page = await browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
    for path in (ASK, ASK + "&state=twice", CONSOLE, "/calendar", "/nothing"):
        await page.goto(google.base + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        banner = page.get_by_role("banner")
        assert await banner.inner_text() == "SIMULATOR \u2013 NOT GOOGLE"
        assert await banner.is_visible()
        assert await page.locator("img, svg, script").count() == 0


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the button of that name has the focus."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"the Tab key never reached {name}")


async def test_keyboard_alone_and_no_javascript(browser: Browser, google: SimulatedGoogle):
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700})
    page = await context.new_page()
    await page.goto(google.base + ASK)
    await tab_to(page, "unverified")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Google hasn't verified this app").wait_for()
    await tab_to(page, "Advanced")
    await page.keyboard.press("Enter")
    await tab_to(page, "Go to Meeting gateway (unsafe)")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="wants access").wait_for()
    await tab_to(page, "user_cap")
    await page.keyboard.press("Space")
    await page.get_by_text("Error 403: rate_limit_exceeded").wait_for()
    await tab_to(page, "Begin this sign-in again")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Allow", exact=True).wait_for()
