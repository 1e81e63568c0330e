"""The codes of administrators: at the door, and at a form that somebody else was faster with."""

from __future__ import annotations

from pathlib import Path

from tests.contract.every_code.met import Met
from tests.journey.door_office import PASSWORD, Door, opened_door
from tests.journey.plain_browser import Page, PlainBrowser

CODES = frozenset(f"A-{number:02}" for number in range(1, 7))

DAY_MS = 24 * 3_600_000


async def walk(folder: Path, met: Met) -> None:
    """Meet all of them."""
    async with opened_door(folder / "new") as door, PlainBrowser(door.http) as browser:
        await browser.open("/set-up")
        page = await browser.press("Create", code="ABCD-EFGH-JKLM", name="anna", password=PASSWORD)
        await met.on(browser, "A-04", page, says="in the gateway's log")
    async with opened_door(folder / "used", anna=True) as door:
        async with PlainBrowser(door.http) as browser, PlainBrowser(door.http) as other:
            await _of_two(browser, other, met)
            await _of_an_old_page(door, browser, met)
        async with PlainBrowser(door.http) as browser:
            await _of_guesses(browser, met)


async def _of_two(browser: PlainBrowser, other: PlainBrowser, met: Met) -> None:
    for each in (browser, other):
        await _sign_in(each)
        await each.open("/settings")
    await other.press("Save", name="Second")
    await met.on(browser, "A-06", await browser.press("Save", name="First"), says="changed these settings")


async def _of_an_old_page(door: Door, browser: PlainBrowser, met: Met) -> None:
    await browser.open("/settings")
    await met.on(browser, "A-05", await browser.post("/settings", [("csrf", "of-yesterday"), ("name", "Old")]))
    await browser.open("/settings")
    door.clock.ahead_ms += DAY_MS
    page = await browser.press("Save", name="Typed long ago")
    await met.on(browser, "A-03", page, says="What you typed is still here.", beside=("Sign in",))
    assert "Typed long ago" in page.source


async def _of_guesses(browser: PlainBrowser, met: Met) -> None:
    page = await _sign_in(browser, "guess number 1")
    await met.on(browser, "A-01", page)
    for number in range(2, 7):
        page = await _sign_in(browser, f"guess number {number}")
    await met.on(browser, "A-02", page, says="Wait 5 minutes.")


async def _sign_in(browser: PlainBrowser, password: str = PASSWORD) -> Page:
    await browser.open("/sign-in")
    return await browser.press("Sign in", name="anna", password=password)
