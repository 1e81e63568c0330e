"""Every page that links lead to: axe-core in light, dark and from right to left, 320 px, weight, and no way out."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Response

from tests.browser.lived_in import every_address, lived_in
from tests.journey.dashboard_office import DashboardOffice, signed_in_cookie

LONG = bool(os.environ.get("LONG"))
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
RUN = """async () => (await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
})).violations.map(each => `${each.id}: ${each.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`)"""
LOOKS = ("light.en", "dark.en", "light.ar-XB")
WIDE, NARROW = 1280, 320
MOST_KB = 45.0
MOST_KB_WITH_THE_CALENDAR = 90.0
WITH_THE_CALENDAR = ("/meetings/week", "/meetings/rooms")
OUTSIDE = ("/help", "/help/guide", "/sign-in", "/set-up")


@dataclass
class Seen:
    """What a browser did while it showed pages."""

    foreign: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    weights: dict[str, dict[str, int]] = field(default_factory=dict)


@asynccontextmanager
async def tab(browser: Browser, office: DashboardOffice, look: str, width: int, seen: Seen) -> AsyncIterator[Page]:
    """A tab of the administrator's browser; what it asks for and complains about is written down."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=False)
    cookies: Any = signed_in_cookie(office.gateway, office.browser)
    await context.add_cookies([*cookies, {"name": "gateway_look", "value": look, "url": office.browser.base}])
    page = await context.new_page()
    page.on("request", lambda asked: _watch(asked.url, office.browser.base, seen))
    page.on("pageerror", lambda error: seen.errors.append(f"{page.url}: {error}"))
    page.on("console", lambda said: seen.errors.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    try:
        yield page
    finally:
        await context.close()


def _watch(url: str, base: str, seen: Seen) -> None:
    if not url.startswith((f"{base}/", "data:", "blob:")):
        seen.foreign.add(url)


async def shown(page: Page, address: str) -> None:
    await page.goto(address, wait_until="load")


async def faults_of(page: Page, address: str, look: str) -> list[str]:
    await shown(page, address)
    await page.evaluate(AXE)
    return [f"{address} ({look}): {each}" for each in await page.evaluate(RUN)]


async def test_every_page(tmp_path: Path, browser: Browser) -> None:
    seen, faults = Seen(), list[str]()
    async with lived_in(tmp_path) as office:
        base = office.browser.base
        addresses = list((await every_address(office)).values())
        assert len(addresses) > 25, addresses
        pages = [base + each for each in addresses]
        for number, look in enumerate(LOOKS):
            async with tab(browser, office, look, WIDE, seen) as page:
                # Each page in each look takes minutes; by default every second page is judged in one look, in turn.
                for address in pages if LONG else pages[number :: 2 * len(LOOKS)]:
                    faults += await faults_of(page, address, look)
        async with tab(browser, office, "light.en-XA", NARROW, seen) as page:
            for address in pages:
                await shown(page, address)
                width = await page.evaluate("document.documentElement.scrollWidth")
                if width > NARROW:
                    faults.append(f"{address}: {width} px wide at {NARROW} px: {await page.evaluate(WIDEST)}")
        await _weigh(browser, office, pages, seen)
    assert not faults, "\n".join(faults)
    assert seen.foreign == set()
    assert not seen.errors, "\n".join(seen.errors)
    too_heavy = {each: parts for each, parts in seen.weights.items() if sum(parts.values()) / 1000 > _most_kb(each)}
    assert too_heavy == {}


WIDEST = """() => [...document.querySelectorAll("body *")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map(each => each.outerHTML.slice(0, 120)).join(" | ")"""


def _most_kb(address: str) -> float:
    return MOST_KB_WITH_THE_CALENDAR if urlsplit(address).path in WITH_THE_CALENDAR else MOST_KB


async def _weigh(browser: Browser, office: DashboardOffice, pages: list[str], seen: Seen) -> None:
    """Add up what a browser that knows nothing yet loads for a page, compressed."""
    parts: dict[str, int] = {}

    async def add(answer: Response) -> None:
        if answer.request.resource_type in ("document", "stylesheet", "script", "image") and answer.ok:
            parts[urlsplit(answer.url).path] = len(gzip.compress(await answer.body(), 9))

    for address in pages if LONG else pages[::8]:
        async with tab(browser, office, "light.en", WIDE, seen) as page:
            parts = {}
            page.on("response", add)
            await page.goto(address, wait_until="load")
            seen.weights[address] = dict(parts)
