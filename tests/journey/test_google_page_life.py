"""After the authorization: the calendar, what is lost and found again, disconnecting, and the pages beside the page."""

from __future__ import annotations

import gzip
import re

import aiohttp
import pytest

from gateway import messages
from gateway.domain.outcome import Outcome, Verdict
from tests.journey.google_office import CONTENT, REF
from tests.journey.page_office import EMAIL, OTHER, PASSWORD, PageOffice, desktop
from tests.journey.plain_browser import Page

MOST_BYTES = 45 * 1024


async def lost(desk: PageOffice) -> Page:
    """Authorized, and then removed in the Google account."""
    await desk.connect()
    desk.google.do.revoke()
    desk.google.do.expire_access_tokens()
    account = desk.account()
    assert account is not None
    outcome = await account.target.insert(REF, CONTENT)  # as with the next meeting of a device
    await desk.gateway.stored.accounts.lost(account, outcome)
    return await desk.browser.open("/google")


async def test_the_calendar_and_who_invites_are_chosen(desk: PageOffice):
    rooms = desk.google.do.add_calendar("Meeting rooms").calendar_id
    desk.google.do.add_calendar("Only to look at", role="reader")
    page = await desk.connect()
    assert "2 calendars found" in page.text
    options = dict(page.labelled("Write meetings to").options)
    assert list(options.values()) == [EMAIL, "Meeting rooms"]
    page = await desk.browser.press_with("Save", {"calendar": rooms, "invitations": "google"}, {}, form="calendar-form")
    assert "Saved. Meetings are written to Meeting rooms." in page.text
    chosen = desk.gateway.stored.choice.current()
    assert (chosen.calendar_id, chosen.name, chosen.invitations) == (rooms, "Meeting rooms", "google")
    page = await desk.browser.open("/google")
    assert page.labelled("Write meetings to").value == rooms
    assert "Calendar Meeting rooms ." in page.text
    await desk.browser.press("Send a test meeting")
    assert len(desk.google.state.calendars[rooms].events) == 1


@pytest.mark.parametrize("desk", [{"calendar": "fixed@group.calendar.google.com"}], indirect=True)
async def test_a_calendar_of_the_settings_is_locked(desk: PageOffice):
    page = await desk.connect()
    assert "disabled" in page.labelled("Write meetings to").attributes
    assert "Set by environment variable GATEWAY_TEST" in page.text
    await desk.browser.press_with("Save", {"invitations": "off"}, {}, form="calendar-form")
    assert desk.gateway.stored.choice.current().invitations == "off"


async def test_a_calendar_that_is_gone(desk: PageOffice):
    rooms = desk.google.do.add_calendar("Meeting rooms").calendar_id
    await desk.connect()
    await desk.browser.press_with("Save", {"calendar": rooms}, {}, form="calendar-form")
    desk.google.do.delete_calendar(rooms)
    page = await desk.browser.press("Send a test meeting")
    assert page.codes()[0] == "G-507"
    assert page.link("Choose a calendar") == "/google?change=calendar#step-4"


async def test_the_page_is_there_while_google_is_not(desk: PageOffice):
    await desk.connect()
    desk.google.do.fault({"status": 503}, match={"operation": "calendarList.list"})
    page = await desk.browser.press("Check again")
    assert page.status == 200
    assert page.codes()
    assert f"Authorized Account {EMAIL}" in page.text
    desk.google.do.clear_faults()
    page = await desk.browser.press("Check again")
    assert "Checked just now" in page.text


async def test_a_lost_authorization_is_two_clicks_from_google(desk: PageOffice):
    page = await lost(desk)
    assert page.title.startswith("Google Calendar - authorization lost")
    assert page.codes()
    assert "Google no longer accepts our authorization" in page.text
    tab = await desk.browser.press("Authorize again")
    assert tab.leads_on_to.startswith(desk.google.base)
    await desk.browser.open("/google")
    await desk.browser.press("Authorize", code=desk.google.do.approve(tab.leads_on_to))
    page = await desk.browser.press("Use this account")
    assert "Authorization successful!" in page.text
    assert page.title.startswith("Google Calendar - authorized")


async def test_the_end_of_an_app_in_testing_is_a_date(desk: PageOffice):
    await desk.browser.press("Save", files={"file": desktop()}, audience="testing")
    await desk.authorize()
    page = await desk.browser.press("Use this account")
    assert re.match(r"Google Calendar - authorized, ends on \d{4}-\d\d-\d\d", page.title)
    assert "Publish the app to stop this." in page.text
    assert page.link("Show me how") == "/help/G-501"


@pytest.mark.parametrize("end", ["here", "google"])
async def test_disconnecting_here_or_also_at_google(desk: PageOffice, end: str):
    await desk.connect()
    page = await desk.browser.follow("Disconnect")
    assert f"Disconnect {EMAIL}?" in page.text
    assert "this also ends the access of other programs that use the same Google project" in page.text
    page = await desk.browser.press("Disconnect", **({} if end == "here" else {"end": end}))
    assert "Disconnected. New meetings wait here until you connect again." in page.text
    assert "Step 2 of 4" in page.text
    assert desk.asked("revoke") == (end == "google")
    assert desk.account() is None
    assert (await desk.browser.open("/google/disconnect")).url.endswith("/google")


async def test_google_does_not_confirm_the_end(desk: PageOffice):
    await desk.connect()
    desk.google.do.fault({"status": 503}, match={"operation": "revoke"})
    await desk.browser.follow("Disconnect")
    page = await desk.browser.press("Disconnect", end="google")
    assert page.codes() == ["G-420"]


async def test_disconnecting_asks_for_the_password_again(desk: PageOffice):
    await desk.connect()
    desk.clock.ahead_ms += 16 * 60_000
    await desk.browser.open("/google/disconnect")
    page = await desk.browser.press("Disconnect")
    assert page.codes() == ["A-12"]
    page = await desk.browser.press("Disconnect", password=PASSWORD)
    assert "Disconnected." in page.text


async def test_what_googles_error_page_says_is_explained(desk: PageOffice):
    await desk.save_client()
    await desk.browser.follow("Google showed me an error page")
    for number, (code, _) in enumerate(messages.printed()):
        page = await desk.browser.press("Show what to do", printed=str(number))
        assert page.codes() == [code]
    page = await desk.browser.press("Show what to do", said="Error 400: redirect_uri_mismatch. Request details: ...")
    assert page.codes() == ["G-305"]
    assert desk.redirect in page.text
    assert [step.text for step in page.elements if step.tag == "li"][-4].startswith("Open your client")
    page = await desk.browser.press("Show what to do")
    assert page.codes() == []


async def test_the_buttons_lead_to_googles_pages(desk: PageOffice):
    await desk.save_client()
    await desk.browser.open("/google/error-page")
    page = await desk.browser.press("Show what to do", said="Error 403: access_denied")
    assert page.link("Open Audience").startswith("https://")
    assert "project=meeting-rooms" in page.link("Open Audience")


async def test_help_is_there_for_everybody(desk: PageOffice):
    async with aiohttp.ClientSession(desk.gateway.listener.url) as stranger:
        for path in ("/help", "/help/guide", *(f"/help/{code}" for code in messages.codes())):
            async with stranger.get(path, allow_redirects=False) as answer:
                page = Page(path, answer.status, await answer.text(), dict(answer.headers))
            assert page.status == 200, path
            assert not re.search(r"\{\w+\}", page.text), path
            assert EMAIL not in page.source
        async with stranger.get("/help/g-207") as answer:
            assert "another sign-in link" in await answer.text()
        async with stranger.get("/help/X-999") as answer:
            assert answer.status == 404
            assert "There is no such code" in await answer.text()


async def test_the_forms_addresses_lead_to_the_page_when_they_are_opened(desk: PageOffice):
    for path in ("/google/app", "/google/code", "/google/use", "/google/start", "/google/test-meeting"):
        page = await desk.browser.open(path)
        assert page.url.endswith("/google")


async def test_without_a_session_there_is_no_google_page(desk: PageOffice):
    await desk.connect()
    async with aiohttp.ClientSession(desk.gateway.listener.url) as stranger:
        for path in ("/google", "/google/standing", "/google/link", "/google/disconnect", "/google/error-page"):
            async with stranger.get(path, allow_redirects=False) as answer:
                assert answer.status == 303, path
                assert EMAIL not in await answer.text()


async def test_the_whole_page_fits_its_budget(desk: PageOffice):
    page = await desk.connect()
    own = [each.attributes.get("src") or each.attributes.get("href", "") for each in page.elements]
    parts = [page.source.encode()]
    async with aiohttp.ClientSession(desk.gateway.listener.url, auto_decompress=False) as session:
        for address in sorted({each for each in own if each.startswith("/static/")}):
            async with session.get(address) as answer:
                assert answer.status == 200
                parts.append(await answer.read())
    assert len(parts) >= 4
    assert sum(len(gzip.compress(part, 9)) for part in parts) <= MOST_BYTES
    assert not [each for each in own if re.match(r"(https?:)?//", each) and "127.0.0.1" not in each]


async def test_other_accounts_are_listed_beside_the_main_one(desk: PageOffice):
    await desk.connect()
    assert "Other accounts" not in desk.browser.page.text
    desk.google.do.add_account(OTHER)
    accounts = desk.gateway.stored.accounts
    link = await accounts.start()
    await accounts.store(await accounts.finish(desk.google.do.approve(link.url, OTHER)), replace=False, add=True)
    page = await desk.browser.open("/google")
    assert "Other accounts" in page.text
    assert f"{OTHER} : connected" in page.text
    assert page.title.startswith("Google Calendar - authorized")
    target = accounts.chosen(OTHER)
    assert target is not None
    desk.google.do.revoke(OTHER)
    await accounts.lost(target, Outcome(verdict=Verdict.AUTHORIZATION, code="G-502", text="Gone.", whole_account=True))
    page = await desk.browser.open("/google")
    assert f"{OTHER} : authorization lost" in page.text
    assert "Someone removed the gateway's access" in page.text
    assert page.title.startswith("Google Calendar - authorized"), "the main account is as it was"


async def test_without_a_main_account_the_page_says_so(desk: PageOffice):
    await desk.connect()
    desk.google.do.add_account(OTHER)
    accounts = desk.gateway.stored.accounts
    link = await accounts.start()
    await accounts.store(await accounts.finish(desk.google.do.approve(link.url, OTHER)), replace=False, add=True)
    await desk.browser.follow("Disconnect")
    page = await desk.browser.press("Disconnect")
    assert "No main account" in page.text
    assert "meeting-gateway google main EMAIL" in page.text
