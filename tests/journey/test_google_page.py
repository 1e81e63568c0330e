"""Card 1 of the Google page in a browser without scripts: uploads, typed values, and the button of every message."""

from __future__ import annotations

import json

import pytest

from tests.journey.page_office import CLIENT_ID, DEFAULT_REDIRECT, PASSWORD, SECRET, PageOffice, desktop, web_client

PUBLIC = "https://pbx.example.com/oauth/google/callback"
SAVED = "Saved. Next: Get Authorization Code."


async def test_the_page_of_a_gateway_that_knows_nothing(desk: PageOffice):
    page = desk.browser.page
    assert page.title.startswith("Google Calendar - not connected")
    assert "Step 1 of 4" in page.text
    for heading in ("1. Google app", "2. Sign in at Google", "3. Paste the code", "4. Calendar"):
        assert heading in page.text
    assert "Meetings from your devices are kept here and wait." in page.text
    assert page.labelled("Register this address with Google:").value == desk.redirect
    for label in ("OAuth2.0 Client ID", "OAuth2.0 Client Secret", "Authorized redirect URIs"):
        assert page.labelled(label).name
    assert page.labelled("OAuth2.0 Client Secret").kind == "password"
    assert "Get Authorization Code" not in page.buttons()


@pytest.mark.parametrize("way", ["file", "text", "typed"])
async def test_the_client_is_saved_and_checked_at_google(desk: PageOffice, way: str):
    browser = desk.browser
    if way == "file":
        page = await browser.press("Save", files={"file": desktop()})
    elif way == "text":
        page = await browser.press("Save", file_text=desktop().decode())
    else:
        page = await browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert page.status == 200
    assert SAVED in page.text
    assert page.codes() == ([] if way == "typed" else ["G-115"])
    assert "Step 2 of 4" in page.text
    assert "Get Authorization Code" in page.buttons()
    assert f"Client ID {CLIENT_ID}" in page.text
    assert SECRET not in page.source
    assert "it ends with ...cret" in page.text
    if way != "typed":
        assert "Found: client of type Desktop app, project meeting-rooms." in page.text
    assert [r.operation for r in desk.google.state.requests] == ["token"]
    again = await browser.open("/google")
    assert SAVED not in again.text


FILES = {
    "G-110": [b"<html></html>", b"{", b"x" * 66_000],
    "G-111": [json.dumps({"type": "service_account", "private_key": "k"}).encode()],
    "G-112": [json.dumps({"type": "authorized_user", "refresh_token": "1//x"}).encode()],
}


@pytest.mark.parametrize(("code", "data"), [(code, data) for code, every in FILES.items() for data in every])
async def test_files_that_are_something_else(desk: PageOffice, code: str, data: bytes):
    page = await desk.browser.press("Save", files={"file": data})
    assert page.codes() == [code]
    assert page.status == 422
    assert 'aria-describedby="file-problem file-hint"' in page.source
    assert not desk.google.state.requests


TYPED = [
    ("G-101", "client_id", {"client_id": "", "client_secret": SECRET}),
    ("G-103", "client_id", {"client_id": "12 34", "client_secret": SECRET}),
    ("G-104", "client_secret", {"client_id": CLIENT_ID, "client_secret": ""}),
    ("G-105", "client_secret", {"client_id": CLIENT_ID, "client_secret": "•" * 12}),
    ("G-107", "redirect_uri", {"redirect_uri": "http://pbx.example.com/x"}),
    ("G-108", "redirect_uri", {"redirect_uri": "https://192.168.4.2/x"}),
    ("G-109", "redirect_uri", {"redirect_uri": "https://pbx.example.com/x#y"}),
]


@pytest.mark.parametrize(("code", "field", "typed"), TYPED, ids=[row[0] for row in TYPED])
async def test_a_message_stands_at_its_field_and_above_the_page(
    desk: PageOffice, code: str, field: str, typed: dict[str, str]
):
    page = await desk.browser.press("Save", **{"client_id": CLIENT_ID, "client_secret": SECRET, **typed})
    assert (page.status, page.codes()) == (422, [code])
    box = page.by_id("problem")
    assert box.attributes["role"] == "alert"
    assert box.attributes["tabindex"] == "-1"
    assert f'<a href="#{field}">' in page.source
    control = next(each for each in page.controls if each.attributes.get("id") == field)
    assert f"{field}-problem" in control.attributes["aria-describedby"].split()
    assert control.attributes["aria-invalid"] == "true"
    assert page.by_id(f"{field}-problem").text
    for label, name in (("OAuth2.0 Client ID", "client_id"), ("Authorized redirect URIs", "redirect_uri")):
        if name in typed:
            assert page.labelled(label).value == typed[name]
    assert SECRET not in page.source
    assert not desk.gateway.stored.apps.current().complete


async def test_a_secret_is_typed_once_only(desk: PageOffice):
    page = await desk.browser.press("Save", client_id="", client_secret=SECRET)
    assert page.codes() == ["G-101"]
    assert "leave this empty to use it" in page.text
    page = await desk.browser.press("Save", client_id=CLIENT_ID)
    assert SAVED in page.text


async def test_what_waits_is_forgotten_with_the_session(desk: PageOffice):
    await desk.browser.press("Save", client_id="", client_secret=SECRET)
    await desk.browser.press("Sign out")
    await desk.browser.open("/sign-in")
    await desk.browser.press("Sign in", name="anna", password=PASSWORD)
    await desk.browser.open("/google")
    page = await desk.browser.press("Save", client_id=CLIENT_ID)
    assert page.codes() == ["G-104"]


async def test_swapped_values_are_swapped_by_a_button(desk: PageOffice):
    page = await desk.browser.press("Save", client_id=SECRET, client_secret=CLIENT_ID)
    assert page.codes() == ["G-102"]
    assert SECRET not in page.source
    page = await desk.browser.press("Swap them")
    assert SAVED in page.text
    assert desk.gateway.stored.apps.current().client_id == CLIENT_ID


@pytest.mark.parametrize(("redirect", "code"), [("http://pbx.lan/x", "G-107"), ("https://10.0.0.4/x", "G-108")])
async def test_an_address_that_google_refuses_is_replaced_by_a_button(desk: PageOffice, redirect: str, code: str):
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET, redirect_uri=redirect)
    assert page.codes()[0] in ("G-107", "G-108"), code
    button = next(each for each in page.buttons() if each.startswith("Use "))
    page = await desk.browser.press(button)
    assert SAVED in page.text
    assert desk.gateway.stored.apps.current().redirect_uri == desk.redirect


async def test_spaces_are_removed_and_that_is_said(desk: PageOffice):
    page = await desk.browser.press("Save", client_id=f"  {CLIENT_ID} ", client_secret=SECRET)
    assert SAVED in page.text
    assert page.codes() == ["G-106"]


async def test_a_web_client_without_addresses_gets_a_line_to_register(desk: PageOffice):
    page = await desk.browser.press("Save", files={"file": web_client()})
    assert page.codes() == ["G-113"]
    assert page.text.count(desk.redirect) >= 1
    assert "Found: client of type Web application, project meeting-rooms, 0 redirect addresses." in page.text


async def test_one_of_the_files_addresses_is_chosen(desk: PageOffice):
    file = web_client(PUBLIC, "https://other.example.com/x")
    page = await desk.browser.press("Save", files={"file": file}, redirect_uri="https://third.example.com/x")
    assert page.codes() == ["G-114"]
    assert "We still have the file that you chose." in page.text
    page = await desk.browser.press("Save", address=PUBLIC)
    assert SAVED in page.text
    assert desk.gateway.stored.apps.current().redirect_uri == PUBLIC


async def test_an_address_that_will_be_registered_is_kept(desk: PageOffice):
    third = "https://third.example.com/x"
    await desk.browser.press("Save", files={"file": web_client(PUBLIC, "https://o.example.com/x")}, redirect_uri=third)
    page = await desk.browser.press("Save", address="mine")
    assert SAVED in page.text
    assert desk.gateway.stored.apps.current().redirect_uri == third


async def test_a_wrong_secret_is_told_before_anybody_signs_in(desk: PageOffice):
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret="GOCSPX-something-else")
    assert page.codes() == ["G-405"]
    assert "Saved, but Google does not accept it yet." in page.text
    assert "client_secret-problem" in page.source
    page = await desk.browser.press("Save", client_secret=SECRET)
    assert SAVED in page.text


async def test_a_client_that_google_does_not_know(desk: PageOffice):
    page = await desk.browser.press("Save", client_id="1-nobody.apps.googleusercontent.com", client_secret=SECRET)
    assert page.codes() == ["G-306"]
    desk.google.do.set_client(deleted=True)
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert page.codes() == ["G-307"]


async def test_a_guest_network_between_us_and_google(desk: PageOffice):
    desk.google.do.intercept("guest_page", times=1)
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert page.codes() == ["G-412"]
    page = await desk.browser.press("Network check")
    assert "Google answers and accepts the Client ID and the Client Secret." in page.text


async def test_a_proxy_that_wants_a_password(desk: PageOffice):
    desk.google.do.intercept("proxy")
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert page.codes() == ["N-04"]


async def test_google_does_not_answer(desk: PageOffice):
    await desk.google.stop()
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert page.codes() == ["N-02"]
    assert desk.gateway.stored.apps.current().complete, "what was entered is saved all the same"


async def test_a_full_disk_changes_nothing(desk: PageOffice):
    desk.fill_disk()
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert (page.status, page.codes()) == (422, ["G-118"])
    assert "The disk is full." in page.text
    assert not desk.gateway.stored.apps.current().complete


async def test_replacing_a_client_in_use_is_confirmed(desk: PageOffice):
    await desk.connect()
    other = {"client_id": "1-other.apps.googleusercontent.com", "client_secret": "GOCSPX-other-secret-1"}
    page = await desk.browser.press("Save", **other)
    assert page.codes() == ["G-116"]
    await desk.browser.press("Cancel")
    assert desk.gateway.stored.apps.current().client_id == CLIENT_ID
    await desk.browser.press("Save", **other)
    page = await desk.browser.press("Change")
    assert page.codes()[0] == "G-306"
    assert page.title.startswith("Google Calendar - authorization lost")
    assert desk.gateway.stored.apps.current().client_id == other["client_id"]


async def test_reset_forgets_what_was_saved(desk: PageOffice):
    await desk.save_client()
    page = await desk.browser.press("Reset")
    assert "The saved Google app was forgotten." in page.text
    assert "Step 1 of 4" in page.text
    assert not desk.gateway.stored.apps.current().client_id


async def test_secrets_change_with_the_password_only_when_it_was_not_entered_lately(desk: PageOffice):
    await desk.save_client()
    desk.clock.ahead_ms += 16 * 60_000
    page = await desk.browser.open("/google")
    page = await desk.browser.press("Save", client_secret="GOCSPX-another-secret")
    assert (page.status, page.codes()) == (422, ["A-12"])
    page = await desk.browser.press("Save", password="not it")
    assert page.codes() == ["A-01"]
    assert "not it" not in page.source
    desk.google.do.set_client(secret="GOCSPX-another-secret")
    page = await desk.browser.press("Save", password=PASSWORD)
    assert SAVED in page.text
    assert desk.gateway.stored.apps.current().secret_tail == "cret"
    assert "Your password" not in page.text


@pytest.mark.parametrize("desk", [{"client_id": CLIENT_ID, "redirect_uri": DEFAULT_REDIRECT}], indirect=True)
async def test_what_the_settings_say_is_locked(desk: PageOffice):
    page = desk.browser.page
    assert page.text.count("Set by ") == 2
    assert "disabled" in page.labelled("OAuth2.0 Client ID").attributes
    page = await desk.browser.press("Save", client_secret=SECRET)
    assert SAVED in page.text
    page = await desk.browser.press("Save", files={"file": desktop(client_id="1-x.apps.googleusercontent.com")})
    assert page.codes() == ["G-117"]
