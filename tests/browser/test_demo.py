"""The steps that the demo prints for a person, taken one by one in the browser."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.person import Person
from tests.browser.test_walk import set_up

WITHIN_S = 90.0
LAST_LINE = "press a button of the list below Allow"


@pytest.fixture
async def printed() -> AsyncIterator[str]:
    """A demo that runs, and what it printed until it was a person's turn."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "demo"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    text = ""
    try:
        async with asyncio.timeout(WITHIN_S):
            while LAST_LINE not in text:
                line = await process.stdout.readline()
                assert line, text
                text += line.decode()
        yield text
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(WITHIN_S):
            await process.stdout.read()
            await process.wait()


def said(printed: str, label: str) -> str:
    """What stands behind a label of the demo's list."""
    found = re.search(rf"^ *{re.escape(label)} +(\S+)$", printed, re.MULTILINE)
    assert found is not None, printed
    return found[1]


async def test_the_steps_of_the_demo_lead_to_a_test_meeting(printed: str, browser: Browser):
    context = await browser.new_context()
    person = Person(context, await context.new_page())
    await person.open(said(printed, "Admin page of the gateway"))
    await set_up(person, said(printed, "Set-up code for the admin page"))
    await person.presses("Skip the rest")
    await person.follows("Google")
    await person.reads("Authorized")

    await person.follows("Disconnect")
    await person.presses("Disconnect")
    await person.reads("Not connected")

    await person.page.locator("#card-1").get_by_text("Change", exact=True).click()
    await person.chooses_file("Upload the credentials file", Path(said(printed, "Credentials file for card 1")))
    await person.presses("Save")
    await person.reads("Saved. Next: Get Authorization Code.")
    tab = Person(context, await person.presses_for_new_tab("Get Authorization Code"))
    await tab.presses("Allow")
    await tab.reads("arthur.morgan@mycompanyabc.com")
    await tab.presses("Use this account")
    await tab.reads("Authorization successful!")
    await tab.presses("Save")
    await tab.presses("Send a test meeting")
    await tab.reads("Gateway test - you can delete me")
    await tab.open(said(printed, "Calendar in the simulated Google"))
    await tab.reads("Gateway test - you can delete me")
    await context.close()
