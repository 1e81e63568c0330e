"""A newcomer walks from the first page to the first mirrored meeting by what the pages say alone, in three ways."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from simulator.google import SimulatedGoogle
from tests.browser.person import Person, address_bar
from tests.journey.fresh_gateway import FreshGateway
from tests.journey.gateway_process import DEADLINE_S
from tests.ports import free_port

PASSWORD = "correct horse battery"
MOST_CLICKS = 30
EMAIL = "arthur.morgan@mycompanyabc.com"
TYPE = "JSON or form, in the gateway's own words"
TEST_MEETING = "Gateway test - you can delete me"


@dataclass(frozen=True)
class Way:
    """How the browser is used."""

    name: str
    javascript: bool = True
    keyboard: bool = False


ALL_WAYS = (Way("without JavaScript", javascript=False), Way("keyboard only", keyboard=True), Way("mouse"))
WAYS = ALL_WAYS if os.environ.get("LONG") else ALL_WAYS[:2]
"""Whoever has a mouse can do what is done without one; that is walked with full counts."""


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


async def set_up(person: Person, code: str) -> None:
    """Take the first steps, until there is an administrator; the page that asks for a name is open then."""
    await person.follows("Start")
    await person.types("Set-up code", code)
    await person.presses("Continue")
    await person.types("User name", "anna")
    await person.types("Password", PASSWORD)
    await person.presses("Create")
    await person.reads("Name and time")


async def authorize(person: Person, context: BrowserContext, way: Way, gateway: FreshGateway) -> None:
    """The four cards of the Google page, up to a test meeting in the calendar and its end."""
    redirect = f"http://127.0.0.1:{free_port()}/oauth/google/callback"
    await person.reads("1. Google app")
    await person.chooses_file("Upload the credentials file", gateway.credentials())
    # The browser runs on the gateway's own machine here; another address shows what everybody else sees.
    await person.types("Authorized redirect URIs", redirect)
    await person.presses("Save")
    await person.reads("Saved. Next: Get Authorization Code.")
    pasted = await allow(person, context, "Get Authorization Code")
    assert pasted.startswith(redirect)
    await person.pastes("Authorization Code", pasted)
    if way.javascript:
        await person.reads("Looks good: a Google authorization code.")
    assert await events(gateway.google) == []
    await person.presses("Authorize")
    await person.reads(EMAIL)
    await person.presses("Use this account")
    await person.reads("Authorization successful!")
    assert await events(gateway.google) == []
    await person.presses("Send a test meeting")
    await person.reads(TEST_MEETING)
    assert await subjects(gateway.google) == [TEST_MEETING]
    await person.presses("Delete the test meeting")
    await until_subjects(gateway.google, [])


async def add_device(person: Person, way: Way) -> None:
    """Add the first device, and schedule a meeting as it does, with the address and the key that the page shows."""
    await person.types("Name", "Lobby")
    await person.presses("Next")
    await person.presses("Add and show the key")
    await person.reads("It is shown this once.")
    start = datetime.now(UTC) + timedelta(hours=2)
    meeting = {
        "external_id": "1",
        "subject": "Weekly Meeting",
        "start": f"{start:%Y-%m-%dT%H:%M:00}",
        "duration_minutes": 30,
        "time_zone": "UTC",
    }
    address, key = await person.copies("address"), await person.copies("Authorization header")
    async with (
        aiohttp.ClientSession(headers={"Authorization": key}) as session,
        session.post(address, json=meeting) as answer,
    ):
        assert answer.status == 202, await answer.text()
    if not way.javascript:
        await person.follows_until("Look again", "It called")
    await person.reads("It called")


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
async def test_from_the_first_page_to_the_first_mirrored_meeting(
    way: Way, browser: Browser, gateway: FreshGateway, google: SimulatedGoogle
):
    context = await browser.new_context(java_script_enabled=way.javascript)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    person = Person(context, await context.new_page(), keyboard=way.keyboard)
    await person.open(gateway.http)
    await set_up(person, gateway.set_up_code)
    await person.presses("Continue")

    there = await person.in_new_tab("Open the Google page")
    await authorize(there, context, way, gateway)
    if not way.javascript:
        await person.follows("Check again")
    await person.reads(f"Connected: {EMAIL}")
    await person.presses("Continue")

    there = await person.in_new_tab(TYPE)
    await add_device(there, way)
    await until_subjects(google, ["Weekly Meeting"])
    await person.follows("Check again")
    await person.reads("1 device is there.")
    await person.presses("Continue")

    await person.reads("Done.")
    await person.presses("Open dashboard")
    await person.follows("Weekly Meeting")
    await person.reads("Synced")
    if way.javascript:  # without it, pages have to be asked again
        assert len(person.clicked) <= MOST_CLICKS, person.clicked
    ours = (gateway.http, google.base, "data:", "http://127.0.0.1:")
    assert [url for url in asked if not url.startswith(ours)] == []


async def subjects(google: SimulatedGoogle) -> list[str]:
    return [event["summary"] for event in await events(google)]


async def until_subjects(google: SimulatedGoogle, wanted: list[str]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while await subjects(google) != wanted:
            await asyncio.sleep(0.05)


async def test_the_code_comes_back_by_itself_on_the_gateways_own_machine(
    browser: Browser, gateway: FreshGateway, google: SimulatedGoogle
):
    context = await browser.new_context()
    person = Person(context, await context.new_page())
    await person.open(gateway.http)
    await set_up(person, gateway.set_up_code)
    await person.presses("Skip the rest")
    await person.follows("Google")
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
