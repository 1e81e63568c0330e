"""A newcomer walks from the set-up code to the first event in Google by what the pages say, in three ways."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from simulator.google import SimulatedGoogle
from tests.browser.person import Person, address_bar
from tests.journey.fresh_gateway import FreshGateway, closed_port
from tests.journey.gateway_process import DEADLINE_S

PASSWORD = "correct horse battery"
MOST_CLICKS = 12
EMAIL = "arthur.morgan@mycompanyabc.com"


@dataclass(frozen=True)
class Way:
    """How the browser is used."""

    name: str
    javascript: bool = True
    keyboard: bool = False


WAYS = (Way("mouse"), Way("without JavaScript", javascript=False), Way("keyboard only", keyboard=True))


async def events(google: SimulatedGoogle) -> list[Any]:
    """What the simulated calendar holds, as an independent reader sees it."""
    async with aiohttp.ClientSession() as session, session.get(f"{google.base}/_sim/state") as got:
        state = json.loads(await got.text())
    return [
        event for calendar in state["calendars"] for event in calendar["events"] if event.get("status") != "cancelled"
    ]


async def allow(person: Person, context: BrowserContext, button: str) -> str:
    """Get the code at Google's page in the new tab, and copy what its address bar shows in the end."""
    tab = await person.presses_for_new_tab(button)
    google = Person(context, tab, keyboard=person.keyboard)
    await expect(tab.get_by_role("button", name="Allow", exact=True)).to_be_visible()
    await google.presses("Allow")
    # Chromium's own page for an address that nobody answers at; its words come by a script.
    await expect(tab.locator("body.neterror")).to_be_attached()
    pasted = await address_bar(context, tab)
    await tab.close()
    return pasted


async def set_up(person: Person, gateway: FreshGateway) -> None:
    await person.open(gateway.http)
    await person.types("Set-up code", gateway.set_up_code)
    await person.types("User name", "anna")
    await person.types("Password", PASSWORD)
    await person.presses("Create")


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
async def test_from_the_set_up_code_to_a_test_meeting_in_the_calendar(
    way: Way, browser: Browser, gateway: FreshGateway, google: SimulatedGoogle
):
    redirect = f"http://127.0.0.1:{closed_port()}/oauth/google/callback"
    credentials = gateway.credentials()
    context = await browser.new_context(java_script_enabled=way.javascript)
    person = Person(context, await context.new_page(), keyboard=way.keyboard)

    await set_up(person, gateway)
    await person.reads("1. Google app")
    await person.chooses_file("Upload the credentials file", credentials)
    # The browser runs on the gateway's own machine here; another address shows what everybody else sees.
    await person.types("Authorized redirect URIs", redirect)
    await person.presses("Save")
    await person.reads("Saved. Next: Get Authorization Code.")

    pasted = await allow(person, context, "Get Authorization Code")
    assert pasted.startswith(redirect)
    await person.pastes("Authorization Code", pasted)
    if way.javascript:
        await person.reads("Looks good: a Google authorization code.")
    assert await events(google) == []
    await person.presses("Authorize")
    await person.reads(EMAIL)
    await person.presses("Use this account")
    await person.reads("Authorization successful!")
    assert await events(google) == []

    await person.presses("Send a test meeting")
    await person.reads("Gateway test - you can delete me")
    found = await events(google)
    assert [event["summary"] for event in found] == ["Gateway test - you can delete me"]
    print(f"{way.name}: {person.clicks} clicks: {', '.join(person.clicked)}")
    assert person.clicks <= MOST_CLICKS

    await person.presses("Delete the test meeting")
    await until_no_events(google)


async def until_no_events(google: SimulatedGoogle) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while await events(google):
            await asyncio.sleep(0.05)


async def test_the_code_comes_back_by_itself_on_the_gateways_own_machine(
    browser: Browser, gateway: FreshGateway, google: SimulatedGoogle
):
    context = await browser.new_context()
    person = Person(context, await context.new_page())
    await set_up(person, gateway)
    await person.chooses_file("Upload the credentials file", gateway.credentials())
    await person.presses("Save")
    await person.reads("Google brings you back here automatically.")
    tab = await person.presses_for_new_tab("Get Authorization Code")
    back = Person(context, tab)
    await back.presses("Allow")
    await back.reads(EMAIL)
    assert "code=" not in await address_bar(context, tab)
    await back.presses("Use this account")
    await back.reads("Authorization successful!")


async def test_nothing_is_asked_from_outside(browser: Browser, gateway: FreshGateway):
    context = await browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    person = Person(context, await context.new_page())
    await set_up(person, gateway)
    for path in ("/google", "/help", "/help/G-207", "/help/guide", "/google/error-page", "/password"):
        await person.open(gateway.http + path)
    outside = [url for url in asked if not url.startswith((gateway.http, "data:"))]
    assert outside == []
