"""Every way a sign-in can end: each has its button, its name in the controls, and ends as Google ends it."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.errors import ConsentError
from simulator.google.identities import DEFAULT_ACCOUNT, WEB_CLIENT_ID
from simulator.google.outcomes import OUTCOMES
from tests.simulator.google.conftest import EVENTS, Answer, Wire
from tests.simulator.google.html_form import Form, read, read_all
from tests.simulator.google.test_google_oauth import (
    AUTHORIZE,
    EXCHANGE,
    FREEBUSY,
    LOOPBACK,
    OWNED,
    REQUEST,
    answer_of,
    code_for,
    exchange,
    link,
)

ASK = AUTHORIZE + "?" + urlencode(REQUEST)
BY_ITSELF = {"allow", "deny"}
"""Outcomes that have no button of their own, because Allow and Cancel are them."""

PAGES = {
    "test_user_blocked": (403, "access_denied", "has not completed the Google verification process"),
    "org_internal": (403, "org_internal", "can only be used within its organization"),
    "admin_policy": (400, "admin_policy_enforced", "restricted by policies within your organization"),
    "mismatch": (400, "redirect_uri_mismatch", f"redirect_uri={LOOPBACK}"),
    "invalid_client": (401, "invalid_client", "The OAuth client was not found."),
    "deleted_client": (401, "deleted_client", "The OAuth client was deleted."),
    "invalid_request": (400, "invalid_request", "doesn't comply with Google's OAuth 2.0 policy"),
    "private_address": (400, "invalid_request", "device_id and device_name are required for private IP"),
    "invalid_scope": (400, "invalid_scope", f"invalid=[{FREEBUSY}]"),
    "disallowed_useragent": (403, "disallowed_useragent", "Use secure browsers"),
    "user_cap": (403, "rate_limit_exceeded", "user cap of 100 users"),
}
BACK = {"server_error": "server_error", "temporarily_unavailable": "temporarily_unavailable"}
AT_TOKEN = {
    "cut_code": (400, "invalid_grant", "Malformed auth code."),
    "spent_code": (400, "invalid_grant", "Bad Request"),
    "token_unavailable": (503, "internal_failure", "Backend Error"),
    "wrong_secret": (401, "invalid_client", "Unauthorized"),
    "unauthorized_client": (401, "unauthorized_client", "Unauthorized"),
    "redirect_changed": (400, "redirect_uri_mismatch", "Bad Request"),
}
CALENDAR = {"api_off": "accessNotConfigured", "no_calendar": "notACalendarUser", "read_only": "requiredAccessLevel"}
OTHERS = {
    *("untick_calendar", "wrong_account", "no_refresh_token", "time_limited", "unverified", "tampered_state"),
    *("slow", "html_instead_of_json", "captive_portal"),
}


async def shown(wire: Wire) -> Form:
    page = await wire("GET", ASK, token=None)
    form, text = read(page.body.decode())
    assert "SIMULATOR \u2013 NOT GOOGLE" in text
    assert form is not None
    return form


async def press(wire: Wire, button: str, **typed: str) -> Answer:
    form = await shown(wire)
    return await wire("POST", form.action, data=form.pressed(button, **typed), token=None)


async def address_after(wire: Wire, button: str, **typed: str) -> dict[str, str]:
    answer = await press(wire, button, **typed)
    assert answer.status == 302
    return answer_of(answer.headers["Location"])


def test_every_outcome_is_held_against_something_here():
    tables = (PAGES, BACK, AT_TOKEN, CALENDAR, OTHERS, BY_ITSELF)
    assert sorted(name for table in tables for name in table) == sorted(OUTCOMES)


async def test_every_outcome_has_a_button_with_its_line(wire: Wire):
    page = (await wire("GET", ASK, token=None)).body.decode()
    form, text = read(page)
    assert form is not None
    assert set(form.buttons) == {"Allow", "Cancel", *OUTCOMES} - BY_ITSELF
    assert [name for name, outcome in OUTCOMES.items() if name not in BY_ITSELF and outcome.explains not in text] == []
    assert text.index("Allow") < text.index("Simulator: make this sign-in end differently")
    assert "<script" not in page


@pytest.mark.parametrize("outcome", PAGES)
async def test_googles_page_says_no(wire: Wire, google: SimulatedGoogle, outcome: str):
    status, error, words = PAGES[outcome]
    page = await press(wire, outcome)
    _, text, links = read_all(page.body.decode())
    assert page.status == status
    assert "Location" not in page.headers
    assert f"Error {status}: {error}" in text
    assert words in text
    assert "SIMULATOR \u2013 NOT GOOGLE" in text
    again = next(address for address in links if address.startswith(AUTHORIZE))
    assert parse_qs(urlsplit(again).query) == {name: [value] for name, value in REQUEST.items()}
    assert google.state.codes == {}
    google.do.set_consent(outcome, auto=True)
    assert (await wire("GET", ASK, token=None)).status == status


@pytest.mark.parametrize("outcome", BACK)
async def test_the_browser_comes_back_with_an_error(wire: Wire, outcome: str):
    assert await address_after(wire, outcome) == {"state": REQUEST["state"], "error": BACK[outcome]}


@pytest.mark.parametrize("outcome", AT_TOKEN)
async def test_the_code_is_refused(wire: Wire, google: SimulatedGoogle, outcome: str):
    status, error, description = AT_TOKEN[outcome]
    code = (await address_after(wire, outcome))["code"]
    for _ in range(2):
        answer = await exchange(wire, code)
        assert (answer.status, answer.json) == (status, {"error": error, "error_description": description})
    assert google.state.refresh_tokens.keys() == {wire.tokens["refresh_token"]}


@pytest.mark.parametrize("outcome", CALENDAR)
async def test_the_calendar_cannot_be_used(wire: Wire, outcome: str):
    code = (await address_after(wire, outcome))["code"]
    access = (await exchange(wire, code)).json["access_token"]
    google = wire.google
    if outcome == "read_only":
        access = google.do.issue_tokens(scopes=["https://www.googleapis.com/auth/calendar.events"])["access_token"]
    body = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    refused = await wire("POST", EVENTS, json=body, token=access)
    assert (refused.status, refused.json["error"]["errors"][0]["reason"]) == (403, CALENDAR[outcome])


async def test_the_person_chooses_something_else(wire: Wire, google: SimulatedGoogle):
    assert OWNED not in (await address_after(wire, "untick_calendar"))["scope"]
    tokens = (await exchange(wire, (await address_after(wire, "no_refresh_token"))["code"])).json
    assert "refresh_token" not in tokens
    tokens = (await exchange(wire, (await address_after(wire, "time_limited"))["code"])).json
    assert tokens["refresh_token_expires_in"] <= 3600
    tokens = (await exchange(wire, (await address_after(wire, "wrong_account"))["code"])).json
    who = await wire("GET", "/v1/userinfo", token=tokens["access_token"])
    assert who.json["email"] != DEFAULT_ACCOUNT


async def test_the_state_can_be_another_one(wire: Wire):
    answer = await address_after(wire, "tampered_state")
    assert answer["state"] != REQUEST["state"]
    assert (await exchange(wire, answer["code"])).status == 200


async def test_unverified_warns_before_the_consent_page(wire: Wire, google: SimulatedGoogle):
    warning = await press(wire, "unverified")
    form, text = read(warning.body.decode())
    assert form is not None
    assert "Google hasn't verified this app" in text
    assert set(form.buttons) == {"Back to safety", "Go to Meeting gateway (unsafe)"}
    onward = form.pressed("Go to Meeting gateway (unsafe)")
    consent, _ = read((await wire("POST", form.action, data=onward, token=None)).body.decode())
    assert consent is not None
    answer = await wire("POST", consent.action, data=consent.pressed("Allow"), token=None)
    assert "code" in answer_of(answer.headers["Location"])
    google.do.set_client(verified=False)
    form, _ = read((await wire("GET", ASK, token=None)).body.decode())
    assert form is not None
    back = await wire("POST", form.action, data=form.pressed("Back to safety"), token=None)
    assert answer_of(back.headers["Location"])["error"] == "access_denied"
    google.do.set_client(publishing="internal")
    assert "Allow" in (await shown(wire)).buttons


async def test_the_warning_cannot_be_skipped(wire: Wire):
    form, _ = read((await press(wire, "unverified")).body.decode())
    assert form is not None
    for more in ({"decision": "allow"}, {"outcome": "allow", "delay_s": "1"}):
        sent = [*form.fields, *more.items(), ("account", DEFAULT_ACCOUNT)]
        answer = await wire("POST", form.action, data=sent, token=None)
        assert "code=" not in answer.headers.get("Location", "")


async def test_slow_answers_late_and_in_full(wire: Wire, google: SimulatedGoogle):
    google.do.set_consent("slow", auto=True, delay_s=0.3)
    code = answer_of((await wire("GET", ASK, token=None)).headers["Location"])["code"]
    began = time.monotonic()
    answer = await exchange(wire, code)
    assert time.monotonic() - began >= 0.3
    assert (answer.status, "refresh_token" in answer.json) == (200, True)
    made = google.state.codes[(await address_after(wire, "slow", delay_s="30"))["code"]]
    assert made.delay_s == 30


async def test_a_guest_network_answers_instead(wire: Wire, google: SimulatedGoogle):
    code = (await address_after(wire, "html_instead_of_json"))["code"]
    answer = await exchange(wire, code)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "SIMULATOR \u2013 NOT GOOGLE".encode() in answer.body
    assert google.state.codes[code].used is False
    answer = await exchange(wire, (await address_after(wire, "captive_portal"))["code"])
    assert answer.status == 302
    portal = await wire("GET", answer.headers["Location"].removeprefix(google.base), token=None)
    assert b"Please accept our terms" in portal.body
    assert (await exchange(wire, code_for(google))).status == 200


async def test_a_plan_is_told_on_the_page_and_a_button_goes_before_it(wire: Wire, google: SimulatedGoogle):
    google.do.set_consent("mismatch", times=None)
    _, text = read((await wire("GET", ASK, token=None)).body.decode())
    assert "Planned for every sign-in: mismatch" in text
    assert (await press(wire, "Allow")).status == 400
    assert (await address_after(wire, "server_error"))["error"] == "server_error"
    google.do.set_consent("temporarily_unavailable")
    assert (await address_after(wire, "Cancel"))["error"] == "temporarily_unavailable"
    assert "code" in await address_after(wire, "Allow")


async def test_buttons_that_are_not_there_are_refused(wire: Wire):
    for more in ({"outcome": "perhaps", "delay_s": "1"}, {"outcome": "slow", "delay_s": "-1"}):
        form = await shown(wire)
        sent = [pair for pair in form.fields if pair[0] not in more]
        assert (await wire("POST", form.action, data=[*sent, *more.items()], token=None)).status == 400


async def test_who_may_use_the_client(google: SimulatedGoogle):
    outside = google.do.add_account("somebody@gmail.com").email
    colleague = google.do.add_account("anna@mycompanyabc.com").email

    def refused(account: str) -> str:
        try:
            google.do.approve(link(google), account)
        except ConsentError as error:
            return error.error
        return ""

    google.do.set_client(publishing="internal")
    assert (refused(outside), refused(colleague)) == ("org_internal", "")
    google.do.set_client(publishing="testing")
    assert (refused(outside), refused(colleague)) == ("", "")
    google.do.set_client(test_users=[outside])
    assert (refused(outside), refused(colleague)) == ("", "access_denied")
    google.do.set_client(publishing="production", trusted=False)
    assert (refused(outside), refused(colleague)) == ("", "admin_policy_enforced")
    assert google.state.clients[WEB_CLIENT_ID].publishing == "production"


async def test_two_secrets_work_until_one_is_deleted(wire: Wire, google: SimulatedGoogle):
    async def works(secret: str) -> bool:
        return (await exchange(wire, code_for(google), client_secret=secret)).status == 200

    first = EXCHANGE["client_secret"]
    second = (await wire("POST", "/_sim/do/add_secret", json={}, token=None)).json["client_secret"]
    assert (await works(first), await works(second)) == (True, True)
    assert (await wire("POST", "/_sim/do/add_secret", json={}, token=None)).status == 400
    assert (await wire("POST", "/_sim/do/delete_secret", json={}, token=None)).status == 200
    assert (await works(first), await works(second)) == (False, True)
    assert (await wire("POST", "/_sim/do/delete_secret", json={}, token=None)).status == 400
    google.do.add_secret()
    google.do.delete_secret(which="newest")
    assert await works(second)
    told = (await wire("GET", "/_sim/state", token=None)).body.decode()
    assert second not in told


@pytest.mark.parametrize(
    ("secret", "status", "answer"),
    [
        (EXCHANGE["client_secret"], 400, {"error": "invalid_grant", "error_description": "Malformed auth code."}),
        ("GOCSPX-other", 401, {"error": "invalid_client", "error_description": "Unauthorized"}),
        ("", 400, {"error": "invalid_request", "error_description": "client_secret is missing."}),
    ],
)
async def test_a_junk_code_tells_whether_the_client_is_right(wire: Wire, secret: str, status: int, answer: dict):
    for junk in ("junk", "4/0Ajunk", "4/0A" + "x" * 20):
        told = await exchange(wire, junk, client_secret=secret)
        assert (told.status, told.json) == (status, answer)


async def test_the_other_text_about_a_wrong_secret(wire: Wire, google: SimulatedGoogle):
    google.do.set_behaviour(wrong_secret="The provided client secret is invalid.")
    told = await exchange(wire, "junk", client_secret="GOCSPX-other")
    assert told.json["error_description"] == "The provided client secret is invalid."
