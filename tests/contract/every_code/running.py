"""The codes of what happens later: an authorization that ends, a Google that refuses, meetings that lack something."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator.google import SimulatedGoogle
from tests.contract.every_code.met import Met
from tests.journey.gateway_process import DEADLINE_S
from tests.journey.google_office import CONTENT, REF
from tests.journey.meeting_page_office import MeetingOffice, opened_meetings
from tests.journey.page_office import EMAIL, PASSWORD, SECRET, PageOffice, opened_page
from tests.journey.plain_browser import Page

CODES = frozenset({"D-11", "N-07", *(f"G-{number}" for number in range(501, 516))})

DAY_MS = 24 * 3_600_000
TOKEN = {"operation": "token"}
GUEST = {"email": "anna@example.com"}


async def walk(folder: Path, met: Met) -> None:
    """Meet all of them."""
    async with SimulatedGoogle(port=0) as google, opened_meetings(_made(folder / "meetings"), google) as office:
        await _of_writing(office, met)
    async with (
        SimulatedGoogle(port=0) as google,
        opened_meetings(_made(folder / "asking"), google, wins="ask") as office,
    ):
        await _of_people(office, met)
    async with SimulatedGoogle(port=0) as google, opened_page(folder / "page", google) as page:
        await _of_authorizations(page, met)
        await _of_the_app(page, met)
        await _of_this_machine(page, met)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


async def _of_people(office: MeetingOffice, met: Met) -> None:
    google, two_way = office.two_way.google, office.two_way
    for code, change, says in (
        ("G-509", lambda event: google.do.edit_event(event, {"summary": "Theirs"}), "Google Calendar: Subject."),
        ("G-508", google.do.delete_event, "The device still has it."),
    ):
        await two_way.send(code, subject=code)
        change(str((await two_way.event(code))["id"]))
        await two_way.settled()
        await met.on(office.browser, code, await office.page(code), says=says)


async def _of_writing(office: MeetingOffice, met: Met) -> None:
    google, browser = office.two_way.google, office.browser
    await office.two_way.send("D-11", invitees=[{"extension": "1002", "name": "Bob"}])
    await met.on(browser, "D-11", await office.page("D-11"), says="1002 Bob have no e-mail address")
    google.do.set_quota("guests", 0, per_s=3600, reason="quotaExceeded")
    await office.two_way.say("G-510", invitees=[GUEST])
    await met.on(browser, "G-510", await _shows(office, "G-510"))
    google.do.set_quota("guests", None)
    refusal = {"status": 400, "reason": "invalidAttendee"}
    google.do.fault(refusal, match={"operation": "insert"}, times=1)
    await office.two_way.say("G-511", invitees=[GUEST])
    await met.on(browser, "G-511", await _shows(office, "G-511"), says="Google refused the guest")
    for code, refusal in (("G-506", {"status": 503}), ("G-505", {"status": 403, "reason": "rateLimitExceeded"})):
        google.do.fault(refusal, match={"operation": "insert"})
        await office.two_way.say(code)
        await met.on(browser, code, await _shows(office, code), says="We retry automatically.")
        google.do.clear_faults()


async def _shows(office: MeetingOffice, code: str) -> Page:
    """Reload the meeting of that name until the code is on its page."""
    async with asyncio.timeout(DEADLINE_S):
        while code not in (page := await office.page(code)).codes():
            await asyncio.sleep(0.02)
        return page


async def _of_authorizations(office: PageOffice, met: Met) -> None:
    do = office.google.do
    await office.save_client()
    for code, happens, later_ms, says in (
        ("G-502", do.revoke, 0, f"in the Google account {EMAIL}"),
        ("G-503", lambda: do.fault(_no_token("invalid_grant"), match=TOKEN, times=1), 0, ""),
        ("G-501", do.revoke, 7 * DAY_MS, ""),
        ("G-514", do.revoke, DAY_MS, "Your time-limited permission ended on 20"),
    ):
        if code == "G-514":
            do.set_consent("time_limited")
        await office.authorize()
        await office.browser.press("Use this account")
        happens()
        await _pass(office, later_ms)
        await met.on(office.browser, code, await _lost(office), says=says)


async def _of_the_app(office: PageOffice, met: Met) -> None:
    """What an administrator of Google or of the calendar has to mend; the authorization lives."""
    do, browser = office.google.do, office.browser
    rooms = do.add_calendar("Meeting rooms").calendar_id
    await office.authorize()
    await browser.press("Use this account")
    await browser.press_with("Save", {"calendar": rooms}, {}, form="calendar-form")
    do.delete_calendar(rooms)
    await met.on(browser, "G-507", await browser.press("Send a test meeting"), says='"Meeting rooms" is gone')
    do.set_client(secret="GOCSPX-another-secret")
    await met.on(browser, "G-504", await _lost(office))
    do.set_client(secret=SECRET)
    await office.gateway.stored.accounts.check()
    do.fault(_no_token("admin_policy_enforced"), match=TOKEN, times=1)
    await met.on(browser, "G-513", await _lost(office))
    await office.gateway.stored.accounts.check()
    do.set_behaviour(api_enabled=False)
    await met.on(browser, "G-512", await _lost(office))
    do.set_behaviour(api_enabled=True)


def _no_token(error: str) -> dict[str, object]:
    return {"status": 400, "error": error, "error_description": "Bad Request"}


async def _lost(office: PageOffice) -> Page:
    """What the Google page says after the next meeting of a device could not be written."""
    office.google.do.expire_access_tokens()
    account = office.account()
    assert account is not None
    outcome = await account.target.insert(REF, CONTENT)
    await office.gateway.stored.accounts.lost(account, outcome)
    return await office.browser.open("/google")


async def _pass(office: PageOffice, later_ms: int) -> None:
    """Time passes, after which the administrator signs in again."""
    if later_ms:
        office.clock.ahead_ms += later_ms
        await office.browser.open("/sign-in")
        await office.browser.press("Sign in", name="anna", password=PASSWORD)


async def _of_this_machine(office: PageOffice, met: Met) -> None:
    browser = office.browser
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HTTPS_PROXY", "http://proxy:3128")
        await browser.open("/diagnostics/check/proxy")
    await met.on(browser, "N-07", await browser.open("/diagnostics"), says="HTTPS_PROXY is set.")
    office.fill_disk()
    dashboard = await browser.open("/dashboard")
    await browser.open("/diagnostics/check/folder")
    await met.on(browser, "G-515", dashboard, await browser.open("/diagnostics"), says="The disk is full")
