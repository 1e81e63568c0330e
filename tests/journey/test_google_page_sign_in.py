"""Cards 2 and 3 in a browser without scripts: the link, what is pasted, whose account it is, the test meeting."""

from __future__ import annotations

import html
import json
import re
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.journey.page_office import CLIENT_ID, EMAIL, OTHER, SECRET, PageOffice, desktop

CODE = "4/0Aabcdefghijklmnopqrstuvwxyz0123456789"


async def test_from_the_file_to_a_test_meeting_that_is_deleted_again(desk: PageOffice):
    browser, google = desk.browser, desk.google
    await desk.save_client()
    link = await desk.get_link()
    assert "That is expected. It worked. The code is in the address bar." not in browser.page.text  # same machine
    pasted = google.do.approve(link)
    page = await browser.press("Authorize", code=pasted)
    assert "Step 3 of 4" in page.text
    assert page.by_id("step-3").text == "3. Is this the right account?"
    assert EMAIL in next(each.text for each in page.elements if each.attributes.get("class") == "account")
    assert desk.account() is None
    page = await browser.press("Use this account")
    assert page.title.startswith("Google Calendar - authorized")
    assert "Authorization successful! Authorized Account arthur.morgan@mycompanyabc.com" in page.text
    assert "Granted: see and edit calendar events." in page.text
    checked = "Checked just now: Calendar API is on, 1 calendar found, clock difference"
    assert re.search(rf"{checked} [01] s\.", page.text), page.text
    assert desk.asked("insert") == 0
    page = await browser.press("Send a test meeting")
    assert 'A test meeting "Gateway test - you can delete me" is in' in page.text
    assert page.link("Open in Google Calendar").startswith(google.base)
    [event] = next(iter(google.state.calendars.values())).events.values()
    assert event.fields["summary"] == "Gateway test - you can delete me"
    page = await browser.press("Delete the test meeting")
    assert "The test meeting was deleted." in page.text
    assert "Delete the test meeting" not in page.buttons()
    assert not [each for each in (SECRET, pasted, parse_qs(urlsplit(pasted).query)["code"][0]) if each in page.source]


async def test_the_new_tab_goes_on_to_google_without_a_redirect(desk: PageOffice):
    await desk.save_client()
    tab = await desk.browser.press("Get Authorization Code")
    assert tab.status == 200
    assert "form-action 'self'" in tab.headers["Content-Security-Policy"]
    assert tab.leads_on_to.startswith(f"{desk.google.base}/o/oauth2/v2/auth?")
    assert tab.link("Open Google's sign-in page") == tab.leads_on_to
    page = await desk.browser.open("/google")
    assert page.title.startswith("Google Calendar - waiting for your code")
    assert "Paste what you got back in step 3. The link works until" in page.text


async def test_who_is_elsewhere_is_told_that_the_error_page_is_a_success(desk: PageOffice):
    redirect = "http://127.0.0.1:9/oauth/google/callback"
    page = await desk.browser.press("Save", files={"file": desktop()}, redirect_uri=redirect)
    assert 'a page like "This site can\'t be reached" or "127.0.0.1 refused to connect"' in page.text
    assert "That is expected. It worked. The code is in the address bar." in page.text
    picture = next(each for each in page.elements if each.attributes.get("class") == "picture")
    assert picture.attributes["role"] == "img"
    assert "Copy the whole address" in picture.attributes["aria-label"]


async def test_on_the_gateways_own_machine_the_code_returns_by_itself(desk: PageOffice):
    page = await desk.save_client()
    assert "Google brings you back here automatically." in page.text
    assert "refused to connect" not in page.text


async def test_the_link_can_be_copied_scanned_and_mailed(desk: PageOffice):
    await desk.save_client()
    page = await desk.browser.press("Copy the sign-in link")
    link = page.labelled("Sign-in link").value
    assert link.startswith(desk.google.base)
    assert link in page.labelled("Text of the e-mail").value
    assert "click Allow, then send me the complete address of the page that can't be reached." in page.text
    assert [each for each in page.elements if each.tag == "svg" and each.attributes["class"] == "qr"]
    await desk.browser.open("/google")
    page = await desk.browser.press("Show QR code")
    assert page.labelled("Sign-in link").value == link, "the link that is under way is shown again"
    page = await desk.browser.press("Make a new link", long="yes")
    longer = page.labelled("Sign-in link").value
    assert longer != link
    desk.clock.ahead_ms += 20 * 60_000
    await desk.browser.open("/google")
    page = await desk.browser.press("Authorize", code=desk.google.do.approve(longer))
    assert "Use this account" in page.buttons()


async def test_without_a_client_no_link_is_made(desk: PageOffice):
    await desk.save_client()
    old = desk.browser.page
    await desk.browser.press("Reset")
    desk.browser.page = old
    tab = await desk.browser.press("Get Authorization Code")
    assert tab.codes() == ["G-101"]
    assert tab.leads_on_to == ""


PASTED = [
    ("G-201", "  "),
    ("G-202", "http://127.0.0.1:8765/oauth/google/callback"),
    ("G-203", "https://accounts.google.com/o/oauth2/v2/auth?client_id=1"),
    ("G-204", "1234-abc.apps.googleusercontent.com"),
    ("G-205", "GOCSPX-abcdefgh"),
    ("G-206", "ya29.abcdefghijk"),
    ("G-207", f"http://127.0.0.1:8765/x?state=other&code={CODE}"),
    ("G-208", f"http://a/x?code={CODE} http://a/x?code={CODE}9"),
    ("G-210", "http://127.0.0.1:8765/x?code=4/0A"),
    ("G-211", "hello"),
    ("G-212", "ABCD-EFGH"),
    ("G-301", "http://127.0.0.1:8765/oauth/google/callback?error=access_denied"),
    ("G-305", "http://127.0.0.1:8765/oauth/google/callback?error=redirect_uri_mismatch"),
    ("G-312", "http://127.0.0.1:8765/oauth/google/callback?error=server_error"),
    ("G-319", "http://127.0.0.1:8765/oauth/google/callback?error=brand_new"),
    ("G-403", f"http://a/x?code={CODE}&scope=email+openid"),
]


@pytest.mark.parametrize(("code", "pasted"), PASTED, ids=[row[0] for row in PASTED])
async def test_what_is_pasted_is_named_and_never_shown_again(desk: PageOffice, code: str, pasted: str):
    await desk.save_client()
    await desk.get_link()
    asked = desk.asked("token")
    page = await desk.browser.press("Authorize", code=pasted)
    assert (page.status, page.codes()) == (422, [code])
    assert page.labelled("Authorization Code").value == ""
    assert pasted.strip() not in html.unescape(page.source) or not pasted.strip()
    assert "code-problem" in page.labelled("Authorization Code").attributes["aria-describedby"]
    assert desk.asked("token") == asked, "nothing was sent to Google"


async def test_a_paste_before_any_link(desk: PageOffice):
    await desk.save_client()
    page = await desk.browser.press("Authorize", code=CODE)
    assert page.codes() == ["G-215"]
    assert page.buttons().count("Get Authorization Code") == 2


async def test_the_credentials_file_is_used_where_it_belongs(desk: PageOffice):
    await desk.save_client()
    page = await desk.browser.press("Authorize", code=json.dumps(json.loads(desktop()), indent=1))
    assert page.codes() == ["G-209"]
    assert SECRET not in page.source
    page = await desk.browser.press("Use it in step 1")
    assert "Saved. Next: Get Authorization Code." in page.text
    assert desk.gateway.stored.apps.current().project_id == "meeting-rooms"


@pytest.mark.parametrize(
    ("pasted", "words", "code"),
    [
        (CODE, "Looks good: a Google authorization code.", ""),
        ("GOCSPX-abcdefgh", "That is the Client Secret.", "G-205"),
        ("", "", ""),
    ],
)
async def test_the_box_says_what_it_recognises(desk: PageOffice, pasted: str, words: str, code: str):
    await desk.save_client()
    page = desk.browser.page
    area = page.labelled("Authorization Code").attributes
    assert (area["hx-post"], area["hx-trigger"]) == ("/google/recognise", "input changed delay:300ms")
    assert page.by_id("recognised").attributes["aria-live"] == "polite"
    token = next(each.value for each in page.controls if each.name == "csrf" and each.form == "paste")
    before = len(desk.google.state.requests)
    answer = await desk.browser.post("/google/recognise", [("code", pasted), ("csrf", token)])
    assert words in answer.text
    assert answer.codes() == ([code] if code else [])
    assert ("data-clear" in answer.source) == (code == "G-205")
    assert not pasted or pasted not in answer.source
    assert len(desk.google.state.requests) == before


async def test_a_code_works_once_and_not_in_another_session(desk: PageOffice):
    await desk.save_client()
    pasted = desk.google.do.approve(await desk.get_link())
    async with AsyncExitStack() as stack:
        other = await desk.second_browser(stack)
        page = await other.press("Authorize", code=pasted)
        assert page.codes() == ["G-207"]
    await desk.browser.press("Authorize", code=pasted)
    await desk.browser.press("Cancel")
    page = await desk.browser.press("Authorize", code=pasted)
    assert page.codes() == ["G-213"]


async def test_a_link_is_good_for_ten_minutes(desk: PageOffice):
    await desk.save_client()
    pasted = desk.google.do.approve(await desk.get_link())
    desk.clock.ahead_ms += 11 * 60_000
    page = await desk.browser.press("Authorize", code=pasted)
    assert page.codes() == ["G-214"]


async def test_a_no_is_kept_nowhere(desk: PageOffice):
    await desk.save_client()
    page = await desk.authorize()
    assert "Use this account" in page.buttons()
    page = await desk.browser.press("Cancel")
    assert "Use this account" not in page.buttons()
    assert desk.account() is None


async def test_a_word_that_comes_too_late(desk: PageOffice):
    await desk.save_client()
    await desk.authorize()
    desk.clock.ahead_ms += 11 * 60_000
    page = await desk.browser.press("Use this account")
    assert page.codes() == ["G-214"]
    assert desk.account() is None


async def test_another_account_needs_its_own_word(desk: PageOffice):
    await desk.connect()
    desk.google.do.add_account(OTHER)
    tab = await desk.browser.press("Use another account")
    await desk.browser.open("/google")
    page = await desk.browser.press("Authorize", code=desk.google.do.approve(tab.leads_on_to, OTHER))
    assert page.codes() == ["G-409"]
    assert "Use this account" not in page.buttons()
    assert f"You signed in as {OTHER}. Before it was {EMAIL}." in page.text
    token = next(each.value for each in page.controls if each.name == "csrf")
    page = await desk.browser.post("/google/use", [("csrf", token)])  # as the button of the usual confirmation does
    assert page.codes()[0] == "G-409"
    page = await desk.browser.press("Cancel")
    assert f"Authorized Account {EMAIL}" in page.text
    tab = await desk.browser.press("Use another account")
    await desk.browser.open("/google")
    await desk.browser.press("Authorize", code=desk.google.do.approve(tab.leads_on_to, OTHER))
    page = await desk.browser.press(f"Use {OTHER}")
    assert f"Authorized Account {OTHER}" in page.text


async def refused_at_google(desk: PageOffice, outcome: str) -> list[str]:
    """Sign in with that outcome; the codes on the page after pasting and, if it goes that far, confirming."""
    await desk.save_client()
    link = await desk.get_link()
    desk.google.do.set_consent(outcome, auto=True)
    async with aiohttp.ClientSession() as session, session.get(link, allow_redirects=False) as answer:
        pasted = answer.headers["Location"]
    page = await desk.browser.press("Authorize", code=pasted)
    if "Use this account" in page.buttons():
        page = await desk.browser.press("Use this account")
    return page.codes()


OUTCOMES = [
    ("deny", "G-301"),
    ("untick_calendar", "G-403"),
    ("no_refresh_token", "G-404"),
    ("time_limited", "G-411"),
    ("server_error", "G-312"),
    ("temporarily_unavailable", "G-312"),
    ("spent_code", "G-401"),
    ("tampered_state", "G-207"),
    ("html_instead_of_json", "G-412"),
    ("captive_portal", "G-412"),
    ("token_unavailable", "G-312"),
    ("wrong_secret", "G-405"),
    ("unauthorized_client", "G-406"),
    ("redirect_changed", "G-402"),
    ("api_off", "G-407"),
    ("no_calendar", "G-408"),
    ("read_only", "G-410"),
]


@pytest.mark.parametrize(("outcome", "code"), OUTCOMES, ids=[row[0] for row in OUTCOMES])
async def test_every_ending_of_a_sign_in_has_its_message(desk: PageOffice, outcome: str, code: str):
    assert code in await refused_at_google(desk, outcome)
    assert CLIENT_ID in desk.browser.page.source
    assert SECRET not in desk.browser.page.source


async def test_what_is_mended_at_google_is_checked_again_without_a_new_code(desk: PageOffice):
    assert await refused_at_google(desk, "api_off") == ["G-407"]
    desk.google.do.set_behaviour(api_enabled=True)
    page = await desk.browser.press("Check again")
    assert page.codes() == []
    assert "Checked just now: Calendar API is on" in page.text


async def test_a_box_that_was_not_ticked_is_told(desk: PageOffice):
    await desk.save_client()
    link = await desk.get_link()
    free_busy = "https://www.googleapis.com/auth/calendar.events.freebusy"
    await desk.browser.press("Authorize", code=desk.google.do.approve(link, untick=[free_busy]))
    page = await desk.browser.press("Use this account")
    assert "Authorization successful!" in page.text
    assert page.codes() == ["G-416"]
    assert "looking up busy times is off" in page.text


async def test_an_account_that_could_not_be_stored_is_not_used(desk: PageOffice):
    await desk.save_client()
    await desk.authorize()
    desk.fill_disk()
    page = await desk.browser.press("Use this account")
    assert page.codes() == ["G-413"]
    assert desk.account() is None


@pytest.mark.parametrize("desk", [{"expected_account": OTHER}], indirect=True)
async def test_only_the_expected_account_is_taken(desk: PageOffice):
    await desk.save_client()
    page = await desk.authorize()
    assert page.codes() == ["G-417"]
    assert f"only {OTHER} may be used here" in page.text


async def test_a_clock_that_is_wrong_is_told(desk: PageOffice):
    desk.google.do.set_clock(skew_s=-300)
    page = await desk.connect()
    assert "N-05" in page.codes()
    assert re.search(r"The clock of this gateway is (299|300|301) s ahead", page.text)


async def test_a_link_keeps_the_redirect_address_it_was_made_with(desk: PageOffice):
    await desk.save_client()
    pasted = desk.google.do.approve(await desk.get_link())
    await desk.browser.press("Save", redirect_uri="http://127.0.0.1:9/oauth/google/callback")
    page = await desk.browser.press("Authorize", code=pasted)
    assert "Use this account" in page.buttons()
