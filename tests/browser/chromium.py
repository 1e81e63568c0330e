"""The system's Chromium under Playwright: where it is, how it is started so that it reaches this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

CLOSE_S = 20.0
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    # Root, as in a build machine, has no sandbox to give.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-background-networking",
    "--disable-component-update",
    # Pages are drawn in any case; a graphics card that is played in software costs a third of a test.
    "--disable-gpu",
)


def found() -> str | None:
    """Return the path of the browser, None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def started() -> AsyncIterator[Browser]:
    """Run a headless browser until the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found(), args=list(FLAGS))
        try:
            yield browser
        finally:
            # A browser that hangs is ended with the driver.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await browser.close()
