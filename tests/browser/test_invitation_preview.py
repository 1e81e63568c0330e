"""The preview of an invitation follows while somebody types, in a browser with scripts; nothing is saved by it."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from gateway.config.saved import FILE_NAME
from tests.journey.door_office import PASSWORD
from tests.journey.test_settings_pages import office

PATIENCE_MS = 60_000


async def test_the_preview_follows_what_is_typed(tmp_path: Path, browser: Browser) -> None:
    async with office(tmp_path) as (door, _):
        context = await browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(f"{door.http}/sign-in")
        await page.get_by_label("User name").fill("anna")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.goto(f"{door.http}/settings/meetings")
        preview = page.locator("#preview")
        await page.get_by_label("Title").fill("{room} - {subject}")
        await expect(preview).to_contain_text("6301 - Weekly review", timeout=PATIENCE_MS)
        await page.get_by_label("Description").fill("Call {dial_in}\n{pin}")
        await expect(preview).to_contain_text("Call +49 89 1234567,,6301#", timeout=PATIENCE_MS)
        await page.get_by_label("Write the password of a meeting into the invitation").check()
        await expect(preview).to_contain_text("PIN: ••••••", timeout=PATIENCE_MS)
        await page.get_by_label("Description").fill("Call {dialin}")
        await expect(preview).to_contain_text("did you mean {dial_in}?", timeout=PATIENCE_MS)
        await expect(page.get_by_label("Description")).to_be_focused()
        await context.close()
        assert not (door.folder / FILE_NAME).exists()
