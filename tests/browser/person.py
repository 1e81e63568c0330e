"""A person in front of the browser: reads what is on the page and clicks or types by it; counts the clicks."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page, expect
from playwright.async_api import TimeoutError as BrowserTimeoutError

MOST_TABS = 250
STEP_S = 60.0
TRIES = 3
HOLDS_FOCUS = "element => new Promise(say => setTimeout(() => say(element === document.activeElement), 10))"
"""Whether the focus is there, and still is a moment later: the page's script may just be moving it."""

expect.set_options(timeout=STEP_S * 1000)  # of itself it waits no more than five seconds, whatever the machine does


@dataclass
class Person:
    """Works in one tab; with `keyboard` the mouse is never touched."""

    context: BrowserContext
    page: Page
    keyboard: bool = False
    clicked: list[str] = field(default_factory=list)

    async def open(self, address: str) -> None:
        await self.page.goto(address)

    async def reads(self, text: str) -> None:
        """The text is there to be seen."""
        await expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible()

    async def types(self, label: str, text: str) -> None:
        """Fill the field of that label."""
        box = self.page.get_by_label(label, exact=True)
        if self.keyboard:
            await self._tab_to(box)
            await self.page.keyboard.press("Control+A")
            await self.page.keyboard.insert_text(text)
        else:
            await box.fill(text)

    async def pastes(self, label: str, text: str) -> None:
        """Put the text into the field as the clipboard does: at once, with its events."""
        box = self.page.get_by_label(label, exact=True)
        if self.keyboard:
            await self._tab_to(box)
        else:
            await box.focus()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(text)

    async def presses(self, name: str) -> None:
        """Press the button of that name."""
        await self._press(self.page.get_by_role("button", name=name, exact=True), name)

    async def follows(self, name: str) -> None:
        """Follow the link of that name."""
        await self._press(self.page.get_by_role("link", name=name, exact=True), name)

    async def follows_until(self, name: str, text: str) -> None:
        """Follow the link that shows the page anew, as often as it takes until the text is there."""
        async with asyncio.timeout(STEP_S):
            while not await self.page.get_by_text(text).count():
                await self.follows(name)
                await self.page.wait_for_load_state("load")

    async def presses_for_new_tab(self, name: str) -> Page:
        """Press a button that opens another tab, and return that tab."""
        async with self.context.expect_page() as opened:
            await self.presses(name)
        return await opened.value

    async def in_new_tab(self, name: str) -> Person:
        """Follow a link that opens another tab, and go on there; the clicks are counted together."""
        async with self.context.expect_page() as opened:
            await self.follows(name)
        return replace(self, page=await opened.value)

    async def copies(self, field: str) -> str:
        """Return what stands in the column "Value" of the line of that field."""
        line = self.page.get_by_role("row").filter(has=self.page.get_by_text(field, exact=True))
        return (await line.locator("code").inner_text()).strip()

    async def chooses_file(self, label: str, path: Path) -> None:
        box = self.page.get_by_label(label, exact=True)
        if not self.keyboard:
            self.clicked.append(label)
            await box.set_input_files(path)
            return
        for _ in range(TRIES):  # a person whose key did nothing presses it again
            await self._tab_to(box)
            with contextlib.suppress(BrowserTimeoutError):
                async with self.page.expect_file_chooser(timeout=STEP_S / TRIES * 1000) as chooser:
                    await self.page.keyboard.press("Enter")
                await (await chooser.value).set_files(path)
                return
        raise AssertionError(f"the key never opened the choice of a file for {label}")

    async def chooses(self, name: str) -> None:
        """Choose the radio button of that name."""
        radio = self.page.get_by_role("radio", name=name)
        if not self.keyboard:
            self.clicked.append(name)
            await radio.check()
            return
        group = await radio.get_attribute("name")
        first = self.page.locator(f"input[type=radio][name='{group}']")
        await self._tab_into(first)
        for _ in range(await first.count() + 1):
            if await radio.is_checked():
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrow keys never reached {name}")

    async def address_bar(self) -> str:
        """What the address bar shows, also when the page could not be reached."""
        return await address_bar(self.context, self.page)

    async def _press(self, target: Locator, name: str) -> None:
        if self.keyboard:
            await self._tab_to(target)
            await self._enter()
            return
        self.clicked.append(name)
        await target.click()

    async def _enter(self) -> None:
        """Press Enter, which may lead to another page: the release of the key may then never be acknowledged."""
        pressing = asyncio.ensure_future(self.page.keyboard.press("Enter"))
        leaving = asyncio.ensure_future(self.page.wait_for_event("framenavigated", timeout=0))
        await asyncio.wait((pressing, leaving), return_when=asyncio.FIRST_COMPLETED, timeout=STEP_S)
        assert pressing.done() or leaving.done(), "the browser did not take the key"
        for task in (pressing, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _tab_to(self, target: Locator) -> None:
        await expect(target).to_be_visible()
        await self.page.wait_for_load_state("load")  # the page's script moves the focus once, when all is there
        for _ in range(MOST_TABS):
            if await target.evaluate(HOLDS_FOCUS):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key never reached {target}")

    async def _tab_into(self, group: Locator) -> None:
        for _ in range(MOST_TABS):
            if await group.evaluate_all("elements => elements.includes(document.activeElement)"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError("the Tab key never reached the group")


async def address_bar(context: BrowserContext, page: Page) -> str:
    """What the address bar of that tab shows, also when the page could not be reached."""
    session = await context.new_cdp_session(page)
    try:
        history = await session.send("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"]]
        return str(entry.get("userTypedURL") or entry["url"])
    finally:
        await session.detach()
