"""The safe page in a browser: axe-core, 320 px, and that it works by keyboard and looks like every other page."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser

from tests.browser.test_every_page import NARROW, faults_of, shown
from tests.journey.door_office import PASSWORD
from tests.journey.safe_office import opened_safe, prepare


async def test_the_safe_page(tmp_path: Path, browser: Browser) -> None:
    await prepare(tmp_path)
    async with opened_safe(tmp_path, None) as office:
        context = await browser.new_context(viewport={"width": NARROW, "height": 900})
        await context.add_cookies([{"name": "gateway_look", "value": "dark.en-XA", "url": office.http}])
        page = await context.new_page()
        faults = await faults_of(page, f"{office.http}/", "a visitor")
        await shown(page, f"{office.http}/sign-in")
        await page.locator("#name").fill("anna")
        await page.locator("#password").fill(PASSWORD)
        await page.locator("#password").press("Enter")
        await page.wait_for_url(f"{office.http}/")
        faults += await faults_of(page, f"{office.http}/", "dark and narrow")
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW
        await context.clear_cookies(name="gateway_look")
        await page.set_viewport_size({"width": 1280, "height": 900})
        faults += await faults_of(page, f"{office.http}/", "light")
        await page.get_by_role("button", name="Restore last working settings").press("Enter")
        await page.get_by_role("heading", name="The gateway starts").wait_for()
        assert office.started == [True]
        await context.close()
    assert faults == []
