"""The redirect address: nobody needs to be signed in there, nothing of it is shown to the wrong one or kept."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.journey.page_office import EMAIL, PageOffice
from tests.journey.plain_browser import Page, PlainBrowser

CODE = "4/0Aabcdefghijklmnopqrstuvwxyz0123456789"
CALLBACK = "/oauth/google/callback"


async def brought_back(browser: PlainBrowser, address: str) -> Page:
    """The browser comes from Google, without the cookies of ours, and then goes where our page leads it."""
    path = address.partition(CALLBACK)[2]
    async with aiohttp.ClientSession(browser.base) as from_google, from_google.get(CALLBACK + path) as answer:
        page = Page(browser.base, answer.status, await answer.text(), dict(answer.headers))
    assert page.status == 200
    assert CODE not in page.source
    return await browser.open(page.leads_on_to) if page.leads_on_to else page


async def test_with_a_session_one_button_finishes(desk: PageOffice):
    await desk.save_client()
    address = desk.google.do.approve(await desk.get_link())
    page = await brought_back(desk.browser, address)
    assert page.buttons()[-1:] == ["Authorize"]
    assert "code=" not in page.url
    assert "code=" not in page.source
    page = await desk.browser.press("Authorize")
    assert EMAIL in page.text
    page = await desk.browser.press("Use this account")
    assert "Authorization successful!" in page.text


async def test_the_ticket_is_good_once(desk: PageOffice):
    await desk.save_client()
    address = desk.google.do.approve(await desk.get_link())
    before = await brought_back(desk.browser, address)
    await desk.browser.press("Authorize")
    desk.browser.page = before
    page = await desk.browser.press("Authorize")
    assert page.codes() == ["G-213"]
    page = await desk.browser.open(before.url)
    assert "A code works once." in page.text


async def test_without_a_session_the_code_is_shown_once_and_nothing_else(desk: PageOffice):
    await desk.connect()
    address = desk.google.do.approve((await desk.browser.press("Authorize again")).leads_on_to)
    async with PlainBrowser(desk.gateway.listener.url) as stranger:
        page = await brought_back(stranger, address)
        assert "Copy this code and paste it in step 3." in page.text
        line = page.labelled("Your code").value
        assert line.startswith("code=4") or "&code=4" in line
        assert EMAIL not in page.text
        assert page.buttons() == []
        again = await stranger.open(page.url)
        assert line not in again.text
    await desk.browser.open("/google")
    page = await desk.browser.press("Authorize", code=line)
    assert "Use this account" in page.buttons()


async def test_another_session_of_the_same_admin_cannot_use_it(desk: PageOffice):
    await desk.save_client()
    address = desk.google.do.approve(await desk.get_link())
    async with AsyncExitStack() as stack:
        other = await desk.second_browser(stack)
        await brought_back(other, address)
        page = await other.press("Authorize")
        assert page.codes() == ["G-207"]
    assert desk.account() is None


@pytest.mark.parametrize(
    ("query", "code"), [("error=access_denied", "G-301"), ("error=server_error", "G-312"), ("error=odd", "G-319")]
)
async def test_what_google_says_no_with_is_explained(desk: PageOffice, query: str, code: str):
    await desk.save_client()
    page = await brought_back(desk.browser, f"{CALLBACK}?{query}&state=x")
    assert page.codes() == [code]
    async with PlainBrowser(desk.gateway.listener.url) as stranger:
        page = await brought_back(stranger, f"{CALLBACK}?{query}")
        assert page.codes() == [code]
        assert page.link("Open the Google page") == "/google"


@pytest.mark.parametrize("query", ["", "?x=1", f"?code={CODE}&pad={'x' * 8200}"])
async def test_what_is_no_answer_of_google_is_not_kept(desk: PageOffice, query: str):
    page = await brought_back(desk.browser, CALLBACK + query[:8000] if "pad" in query else CALLBACK + query)
    if "pad" not in query:
        assert page.leads_on_to == ""
        assert "It has no code in it now." in page.text


async def test_many_strangers_cannot_fill_the_memory(desk: PageOffice):
    addresses = []
    async with aiohttp.ClientSession(desk.gateway.listener.url) as stranger:
        for number in range(60):
            async with stranger.get(f"{CALLBACK}?code={CODE}{number}") as answer:
                addresses.append(Page("", 200, await answer.text(), {}).leads_on_to)
    async with PlainBrowser(desk.gateway.listener.url) as browser:
        assert "A code works once." in (await browser.open(addresses[9])).text
        assert f"{CODE}10" in (await browser.open(addresses[10])).labelled("Your code").value


async def test_a_ticket_ends_after_ten_minutes(desk: PageOffice):
    url = f"{desk.gateway.listener.url}{CALLBACK}?code={CODE}"
    async with aiohttp.ClientSession() as stranger, stranger.get(url) as answer:
        leads_on_to = Page("", 200, await answer.text(), {}).leads_on_to
    desk.clock.ahead_ms += 601_000
    async with PlainBrowser(desk.gateway.listener.url) as browser:
        page = await browser.open(leads_on_to)
        assert "more than ten minutes ago" in page.text
        assert CODE not in page.source


async def test_nothing_of_it_is_logged(desk: PageOffice, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    await desk.save_client()
    address = desk.google.do.approve(await desk.get_link())
    page = await brought_back(desk.browser, address)
    ticket = page.url.rpartition("/")[2]
    await desk.browser.press("Authorize")
    await desk.browser.press("Use this account")
    query = address.partition("?")[2]
    secrets = [part.partition("=")[2] for part in query.split("&") if part.startswith(("code=", "state="))] + [ticket]
    assert len(secrets) == 3
    for secret in secrets:
        assert secret not in caplog.text
