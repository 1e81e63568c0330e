"""Signing in at the simulated Google: requests, consent page, codes with PKCE, tokens, revocation."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import google.auth.transport.requests
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials

from simulator.google import SimulatedGoogle
from simulator.google.errors import ConsentError
from simulator.google.identities import (
    DEFAULT_ACCOUNT,
    DEFAULT_CLIENT_ID,
    DEFAULT_CLIENT_SECRET,
    WEB_CLIENT_ID,
    WEB_CLIENT_SECRET,
    WEB_REDIRECT_URIS,
)
from tests.simulator.google.conftest import Answer, Wire
from tests.simulator.google.html_form import read

AUTHORIZE = "/o/oauth2/v2/auth"
OWNED = "https://www.googleapis.com/auth/calendar.events.owned"
FREEBUSY = "https://www.googleapis.com/auth/calendar.events.freebusy"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
LOOPBACK = "http://127.0.0.1:8765/oauth/google/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

REQUEST = {
    "response_type": "code",
    "client_id": DEFAULT_CLIENT_ID,
    "redirect_uri": LOOPBACK,
    "scope": f"openid email {OWNED} {FREEBUSY}",
    "state": "s/t+a te",
    "access_type": "offline",
    "prompt": "consent",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
EXCHANGE = {
    "grant_type": "authorization_code",
    "client_id": DEFAULT_CLIENT_ID,
    "client_secret": DEFAULT_CLIENT_SECRET,
    "redirect_uri": LOOPBACK,
    "code_verifier": VERIFIER,
}


def link(google: SimulatedGoogle, **changes) -> str:
    asked = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
    return f"{google.base}{AUTHORIZE}?{urlencode(asked)}"


def answer_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def code_for(google: SimulatedGoogle, **changes) -> str:
    return answer_of(google.do.approve(link(google, **changes)))["code"]


async def token(wire: Wire, **form) -> Answer:
    sent = {name: value for name, value in form.items() if value is not None}
    return await wire("POST", "/token", data=sent, token=None)


async def exchange(wire: Wire, code: str, **changes) -> Answer:
    return await token(wire, **{**EXCHANGE, "code": code, **changes})


async def test_consent_page_is_a_plain_form_that_leads_to_a_code(wire: Wire, google: SimulatedGoogle):
    google.do.add_account("second@example.com", "Second Person")
    page = await wire("GET", AUTHORIZE + "?" + urlencode(REQUEST), token=None)
    assert page.status == 200
    assert b"<script" not in page.body
    form, text = read(page.body.decode())
    assert "SIMULATOR \u2013 NOT GOOGLE" in text
    assert "Meeting gateway wants access" in text
    assert form is not None
    assert form.boxes == [OWNED, FREEBUSY]
    assert form.radios == [DEFAULT_ACCOUNT, "second@example.com"]
    assert (form.method, form.action) == ("POST", AUTHORIZE)
    body = form.pressed("Allow", without=(FREEBUSY,), account="second@example.com")
    answer = await wire("POST", form.action, data=body, token=None)
    assert answer.status == 302
    assert answer.headers["Location"].startswith(LOOPBACK + "?state=")
    given = answer_of(answer.headers["Location"])
    assert given["state"] == REQUEST["state"]
    assert given["code"].startswith("4/0A")
    assert given["scope"].split() == ["openid", EMAIL, OWNED]
    tokens = (await exchange(wire, given["code"])).json
    who = await wire("GET", "/v1/userinfo", token=tokens["access_token"])
    assert who.json["email"] == "second@example.com"
    again = await wire("POST", form.action, data=body, token=None)
    assert again.status == 400


async def test_cancel_goes_back_with_access_denied(wire: Wire):
    page = await wire("GET", AUTHORIZE + "?" + urlencode(REQUEST), token=None)
    form, _ = read(page.body.decode())
    assert form is not None
    answer = await wire("POST", form.action, data=form.pressed("Cancel"), token=None)
    assert answer_of(answer.headers["Location"]) == {"state": REQUEST["state"], "error": "access_denied"}


async def test_login_hint_chooses_the_account(wire: Wire, google: SimulatedGoogle):
    second = google.do.add_account("second@example.com")
    for hint in (second.email, second.sub):
        page = await wire("GET", AUTHORIZE + "?" + urlencode({**REQUEST, "login_hint": hint}), token=None)
        form, _ = read(page.body.decode())
        assert form is not None
        assert ("account", second.email) in form.fields


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": None}, 400, "invalid_request"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"redirect_uri": "urn:ietf:wg:oauth:2.0:oob"}, 400, "invalid_request"),
        ({"redirect_uri": "http://192.168.1.5/callback"}, 400, "invalid_request"),
        ({"redirect_uri": "https://gateway.example.com/callback"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://127.0.0.1/callback"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1:99999/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1.example.com/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1/#part"}, 400, "redirect_uri_mismatch"),
        ({"response_type": None}, 400, "invalid_request"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": None}, 400, "invalid_request"),
        ({"scope": "openid calendar.events"}, 400, "invalid_scope"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, 400, "invalid_scope"),
        ({"prompt": "login"}, 400, "invalid_request"),
        ({"prompt": "none consent"}, 400, "invalid_request"),
        ({"access_type": "forever"}, 400, "invalid_request"),
        ({"code_challenge": "short"}, 400, "invalid_request"),
        ({"code_challenge": None}, 400, "invalid_request"),
        ({"code_challenge_method": "S512"}, 400, "invalid_request"),
    ],
)
async def test_wrong_requests_show_an_error_page(
    wire: Wire, google: SimulatedGoogle, changes: dict, status: int, error: str
):
    page = await wire("GET", link(google, **changes).removeprefix(google.base), token=None)
    _, text = read(page.body.decode())
    assert page.status == status
    assert f"Error {status}: {error}" in text
    refused = await wire("POST", "/_sim/approve", json={"url": link(google, **changes)}, token=None)
    assert refused.status == 400
    assert refused.json["error"] == error
    with pytest.raises(ConsentError) as raised:
        google.do.approve(link(google, **changes))
    assert raised.value.error == error


async def test_repeated_parameter_is_refused(wire: Wire, google: SimulatedGoogle):
    page = await wire("GET", link(google).removeprefix(google.base) + "&state=two", token=None)
    assert page.status == 400
    assert "single value" in page.body.decode()


@pytest.mark.parametrize(
    "redirect", ["http://127.0.0.1:1/", "http://localhost:8080/any/path?x=1", "http://[::1]:5000/", "http://127.0.0.1"]
)
def test_desktop_client_takes_every_loopback_address(google_state: SimulatedGoogle, redirect: str):
    address = google_state.do.approve(link(google_state, redirect_uri=redirect))
    assert address.startswith(redirect + ("&" if "?" in redirect else "?"))


@pytest.fixture
def google_state() -> SimulatedGoogle:
    """A simulated Google that is not served."""
    return SimulatedGoogle(seed=3)


def test_web_client_takes_registered_addresses_only(google_state: SimulatedGoogle):
    for allowed in WEB_REDIRECT_URIS:
        google_state.do.approve(link(google_state, client_id=WEB_CLIENT_ID, redirect_uri=allowed))
    for near in (
        WEB_REDIRECT_URIS[0] + "/",
        WEB_REDIRECT_URIS[0].upper(),
        "http://127.0.0.1:9999/oauth/google/callback",
    ):
        with pytest.raises(ConsentError, match="redirect_uri_mismatch"):
            google_state.do.approve(link(google_state, client_id=WEB_CLIENT_ID, redirect_uri=near))


async def test_code_becomes_tokens_and_identity(wire: Wire, google: SimulatedGoogle):
    answer = await exchange(wire, code_for(google))
    tokens = answer.json
    assert answer.status == 200
    assert answer.headers["Cache-Control"].startswith("no-cache")
    assert tokens["access_token"].startswith("ya29.")
    assert tokens["refresh_token"].startswith("1//0")
    assert (tokens["expires_in"], tokens["token_type"]) == (3599, "Bearer")
    assert tokens["scope"].split() == ["openid", EMAIL, OWNED, FREEBUSY]
    assert len(tokens["access_token"]) <= 2048
    assert len(tokens["refresh_token"]) <= 512
    packed = tokens["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert claims["iss"] == "https://accounts.google.com"
    assert claims["aud"] == DEFAULT_CLIENT_ID
    assert (claims["email"], claims["email_verified"]) == (DEFAULT_ACCOUNT, True)
    assert claims["exp"] - claims["iat"] == 3600
    who = await wire("GET", "/v1/userinfo", token=tokens["access_token"])
    assert who.json == {
        "sub": claims["sub"],
        "email": DEFAULT_ACCOUNT,
        "email_verified": True,
        "hd": "mycompanyabc.com",
    }


async def test_userinfo_tells_as_much_as_the_scopes(wire: Wire, google: SimulatedGoogle):
    only_calendar = google.do.issue_tokens([OWNED])["access_token"]
    assert (await wire("GET", "/v1/userinfo", token=only_calendar)).status == 403
    profile = google.do.issue_tokens(["profile"])["access_token"]
    assert (await wire("GET", "/v1/userinfo", token=profile)).json["given_name"] == "Arthur"
    refused = await wire("GET", "/v1/userinfo", token="ya29.no")
    assert (refused.status, refused.json["error_description"]) == (401, "Invalid Credentials")


@pytest.mark.parametrize(
    ("request_changes", "exchange_changes", "description"),
    [
        ({}, {}, None),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, {}, None),
        ({"code_challenge": VERIFIER, "code_challenge_method": None}, {}, None),
        ({"code_challenge": None, "code_challenge_method": None}, {"code_verifier": None}, None),
        ({}, {"code_verifier": None}, "Missing code verifier."),
        ({}, {"code_verifier": ""}, "Missing code verifier."),
        ({}, {"code_verifier": "w" * 43}, "Invalid code verifier."),
        ({}, {"code_verifier": CHALLENGE}, "Invalid code verifier."),
        (
            {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
            {"code_verifier": "w" * 43},
            "Invalid code verifier.",
        ),
        (
            {"code_challenge": None, "code_challenge_method": None},
            {},
            "code_verifier or verifier is not needed.",
        ),
    ],
)
async def test_pkce_is_enforced(
    wire: Wire, google: SimulatedGoogle, request_changes: dict, exchange_changes: dict, description: str | None
):
    answer = await exchange(wire, code_for(google, **request_changes), **exchange_changes)
    if description is None:
        assert answer.status == 200
    else:
        assert answer.status == 400
        assert answer.json == {"error": "invalid_grant", "error_description": description}


@pytest.mark.parametrize(
    ("changes", "status", "error", "description"),
    [
        ({"grant_type": None}, 400, "invalid_request", "Missing required parameter: grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "Invalid grant_type: password"),
        ({"client_id": None}, 400, "invalid_request", "Could not determine client ID from request."),
        ({"client_id": "nobody"}, 401, "invalid_client", "The OAuth client was not found."),
        ({"client_secret": None}, 400, "invalid_request", "client_secret is missing."),
        ({"client_secret": "GOCSPX-wrong"}, 401, "invalid_client", "Unauthorized"),
        ({"code": None}, 400, "invalid_request", "Missing required parameter: code"),
        ({"code": "junk"}, 400, "invalid_grant", "Malformed auth code."),
        ({"code": "4/0A" + "x" * 20}, 400, "invalid_grant", "Malformed auth code."),
        ({"code": "4%2F0A" + "x" * 69}, 400, "invalid_grant", "Malformed auth code."),
        ({"code": "4/0A" + "x" * 69}, 400, "invalid_grant", "Bad Request"),
        ({"redirect_uri": None}, 400, "invalid_request", "Missing parameter: redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:8765/"}, 400, "redirect_uri_mismatch", "Bad Request"),
        (
            {"client_id": WEB_CLIENT_ID, "client_secret": WEB_CLIENT_SECRET},
            400,
            "invalid_grant",
            "Bad Request",
        ),
    ],
)
async def test_refused_exchanges(
    wire: Wire, google: SimulatedGoogle, changes: dict, status: int, error: str, description: str
):
    answer = await token(wire, **{**EXCHANGE, "code": code_for(google), **changes})
    assert answer.status == status
    assert answer.json == {"error": error, "error_description": description}


async def test_code_works_once_and_for_ten_minutes(wire: Wire, google: SimulatedGoogle):
    code = code_for(google)
    assert (await exchange(wire, code)).status == 200
    assert (await exchange(wire, code)).json == {"error": "invalid_grant", "error_description": "Bad Request"}
    code = code_for(google)
    google.do.set_clock(advance_s=599)
    late = code_for(google)
    assert (await exchange(wire, code)).status == 200
    google.do.set_clock(advance_s=601)
    assert (await exchange(wire, late)).json["error_description"] == "Bad Request"


async def test_client_may_authenticate_with_a_header(wire: Wire, google: SimulatedGoogle):
    packed = base64.b64encode(f"{DEFAULT_CLIENT_ID}:{DEFAULT_CLIENT_SECRET}".encode()).decode()
    form = {**EXCHANGE, "code": code_for(google)}
    del form["client_id"], form["client_secret"]
    answer = await wire("POST", "/token", data=form, headers={"Authorization": f"Basic {packed}"}, token=None)
    assert answer.status == 200


async def test_token_endpoint_takes_forms_only(wire: Wire, google: SimulatedGoogle):
    answer = await wire("POST", "/token", json={**EXCHANGE, "code": code_for(google)}, token=None)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    twice = "grant_type=refresh_token&grant_type=refresh_token"
    answer = await wire(
        "POST", "/token", data=twice, headers={"Content-Type": "application/x-www-form-urlencoded"}, token=None
    )
    assert "single value" in answer.json["error_description"]


async def test_secrets_are_masked_in_the_record(wire: Wire, google: SimulatedGoogle):
    await exchange(wire, code_for(google))
    record = google.state.requests_of("token")[0]
    assert record.body["grant_type"] == "authorization_code"
    assert {record.body[name] for name in ("client_secret", "code", "code_verifier")} == {"***"}


async def test_when_a_refresh_token_is_given(wire: Wire, google: SimulatedGoogle):
    web = {"client_id": WEB_CLIENT_ID, "redirect_uri": WEB_REDIRECT_URIS[0]}
    secret = {"client_secret": WEB_CLIENT_SECRET, **web}

    async def gives_one(**changes) -> bool:
        answer = await exchange(wire, code_for(google, **web, **changes), **secret)
        return "refresh_token" in answer.json

    assert await gives_one(access_type=None, prompt=None) is False
    google.do.revoke()
    assert await gives_one(prompt=None) is True
    assert await gives_one(prompt=None) is False
    assert await gives_one(prompt="select_account consent") is True
    assert await gives_one(access_type="online") is False
    google.do.revoke()
    assert await gives_one(prompt=None) is True


def refresher(google: SimulatedGoogle, refresh_token: str, **changes) -> Credentials:
    given = {"client_id": DEFAULT_CLIENT_ID, "client_secret": DEFAULT_CLIENT_SECRET, **changes}
    return Credentials(None, refresh_token=refresh_token, token_uri=google.base + "/token", **given)


async def refreshed(credentials: Credentials) -> None:
    def refresh() -> None:
        with requests.Session() as session:
            credentials.refresh(google.auth.transport.requests.Request(session))

    await asyncio.to_thread(refresh)


async def test_googles_own_library_refreshes(wire: Wire, google: SimulatedGoogle):
    tokens = (await exchange(wire, code_for(google))).json
    credentials = refresher(google, tokens["refresh_token"])
    await refreshed(credentials)
    assert credentials.token != tokens["access_token"]
    assert credentials.refresh_token == tokens["refresh_token"]
    assert credentials.id_token is not None
    assert (await wire("GET", "/v1/userinfo", token=credentials.token)).status == 200
    narrow = refresher(google, tokens["refresh_token"], scopes=[OWNED])
    await refreshed(narrow)
    assert narrow.granted_scopes == [OWNED]


@pytest.mark.parametrize(
    ("spoil", "changes", "error", "description"),
    [
        (lambda google: google.do.revoke(), {}, "invalid_grant", "Token has been expired or revoked."),
        (lambda google: google.do.expire("refresh_tokens"), {}, "invalid_grant", "Token has been expired or revoked."),
        (
            lambda google: google.do.set_clock(advance_s=184 * 86400),
            {},
            "invalid_grant",
            "Token has been expired or revoked.",
        ),
        (lambda google: None, {"client_secret": "wrong"}, "invalid_client", "Unauthorized"),
        (
            lambda google: None,
            {"client_id": WEB_CLIENT_ID, "client_secret": WEB_CLIENT_SECRET},
            "unauthorized_client",
            "Unauthorized",
        ),
        (
            lambda google: google.do.set_client(deleted=True),
            {},
            "deleted_client",
            "The OAuth client was deleted.",
        ),
        (
            lambda google: None,
            {"scopes": ["https://www.googleapis.com/auth/calendar"]},
            "invalid_scope",
            "Bad Request",
        ),
    ],
)
async def test_refused_refreshes_as_googles_library_reports_them(
    wire: Wire, google: SimulatedGoogle, spoil, changes: dict, error: str, description: str
):
    tokens = (await exchange(wire, code_for(google))).json
    spoil(google)
    with pytest.raises(RefreshError) as raised:
        await refreshed(refresher(google, tokens["refresh_token"], **changes))
    assert raised.value.args[1] == {"error": error, "error_description": description}


async def test_session_control_asks_for_a_new_sign_in(wire: Wire, google: SimulatedGoogle):
    tokens = (await exchange(wire, code_for(google))).json
    google.do.require_reauth()
    answer = await token(
        wire,
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        client_id=DEFAULT_CLIENT_ID,
        client_secret=DEFAULT_CLIENT_SECRET,
    )
    assert (answer.status, answer.json["error"], answer.json["error_subtype"]) == (400, "invalid_grant", "invalid_rapt")
    google.do.require_reauth(needed=False)
    await refreshed(refresher(google, tokens["refresh_token"]))


async def test_unknown_refresh_token(wire: Wire):
    form = {"grant_type": "refresh_token", "client_id": DEFAULT_CLIENT_ID, "client_secret": DEFAULT_CLIENT_SECRET}
    assert (await token(wire, **form)).json["error"] == "invalid_request"
    answer = await token(wire, **form, refresh_token="1//0nonsense")
    assert answer.json == {"error": "invalid_grant", "error_description": "Bad Request"}


async def test_time_limited_access_and_testing_clients_end(wire: Wire, google: SimulatedGoogle):
    google.do.set_consent("time_limited")
    limited = (await exchange(wire, code_for(google))).json
    assert 3590 <= limited["refresh_token_expires_in"] <= 3600
    google.do.set_client(publishing="testing")
    testing = (await exchange(wire, code_for(google))).json
    assert 604790 <= testing["refresh_token_expires_in"] <= 604800
    assert "refresh_token_expires_in" not in (await exchange(wire, code_for(google, scope="openid email"))).json
    google.do.set_clock(advance_s=3601)
    with pytest.raises(RefreshError):
        await refreshed(refresher(google, limited["refresh_token"]))
    await refreshed(refresher(google, testing["refresh_token"]))
    google.do.set_clock(advance_s=7 * 86400)
    with pytest.raises(RefreshError):
        await refreshed(refresher(google, testing["refresh_token"]))


async def test_hundred_and_first_refresh_token_ends_the_oldest(wire: Wire, google: SimulatedGoogle):
    given = [(await exchange(wire, code_for(google))).json["refresh_token"] for _ in range(101)]
    with pytest.raises(RefreshError):
        await refreshed(refresher(google, given[0]))
    await refreshed(refresher(google, given[1]))


async def test_access_token_ends_after_an_hour(wire: Wire, google: SimulatedGoogle):
    access = (await exchange(wire, code_for(google))).json["access_token"]
    google.do.set_clock(advance_s=3600)
    assert (await wire("GET", "/v1/userinfo", token=access)).status == 401


async def test_revoking_one_token_ends_everything_of_the_project(wire: Wire, google: SimulatedGoogle):
    other = google.do.add_account("second@example.com")
    kept = google.do.issue_tokens(account=other.email)["access_token"]
    elsewhere = google.do.issue_tokens(client_id=WEB_CLIENT_ID)["access_token"]
    tokens = (await exchange(wire, code_for(google))).json
    assert (await wire("POST", "/revoke", data={"token": tokens["access_token"]}, token=None)).status == 200
    for ended in (tokens["access_token"], elsewhere):
        assert (await wire("GET", "/v1/userinfo", token=ended)).status == 401
    assert (await wire("GET", "/v1/userinfo", token=kept)).status == 200
    with pytest.raises(RefreshError):
        await refreshed(refresher(google, tokens["refresh_token"]))
    again = await wire("POST", "/revoke", data={"token": tokens["refresh_token"]}, token=None)
    assert (again.status, again.json["error"]) == (400, "invalid_token")
    assert (await wire("POST", "/revoke", token=None)).json["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        ("deny", {"state": REQUEST["state"], "error": "access_denied"}),
        ("server_error", {"state": REQUEST["state"], "error": "server_error"}),
    ],
)
async def test_outcomes_that_go_back_with_an_error(wire: Wire, google: SimulatedGoogle, outcome: str, answer: dict):
    google.do.set_consent(outcome, auto=True)
    page = await wire("GET", AUTHORIZE + "?" + urlencode(REQUEST), token=None)
    assert page.status == 302
    assert answer_of(page.headers["Location"]) == answer
    assert (await wire("GET", AUTHORIZE + "?" + urlencode(REQUEST), token=None)).status == 200


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        ("test_user_blocked", 403, "access_denied"),
        ("org_internal", 403, "org_internal"),
        ("admin_policy", 400, "admin_policy_enforced"),
        ("mismatch", 400, "redirect_uri_mismatch"),
        ("deleted_client", 401, "deleted_client"),
    ],
)
async def test_outcomes_that_end_on_googles_page(
    wire: Wire, google: SimulatedGoogle, outcome: str, status: int, error: str
):
    google.do.set_consent(outcome, auto=True)
    page = await wire("GET", AUTHORIZE + "?" + urlencode(REQUEST), token=None)
    assert page.status == status
    assert f"Error {status}: {error}" in read(page.body.decode())[1]


async def test_outcomes_that_change_what_is_granted(wire: Wire, google: SimulatedGoogle):
    google.do.set_consent("untick_calendar")
    assert (await exchange(wire, code_for(google))).json["scope"].split() == ["openid", EMAIL]
    google.do.set_consent("no_refresh_token")
    assert "refresh_token" not in (await exchange(wire, code_for(google))).json
    google.do.set_consent("wrong_account")
    access = (await exchange(wire, code_for(google))).json["access_token"]
    assert (await wire("GET", "/v1/userinfo", token=access)).json["email"] == "someone.else@example.com"
    google.do.set_consent("deny", times=None)
    for _ in range(2):
        assert "error" in answer_of(google.do.approve(link(google)))


async def test_approve_control_walks_the_page(wire: Wire, google: SimulatedGoogle):
    asked = {"url": link(google), "untick": [FREEBUSY]}
    answer = await wire("POST", "/_sim/approve", json=asked, token=None)
    assert answer.status == 200
    assert answer_of(answer.json["redirect"])["scope"].split() == ["openid", EMAIL, OWNED]
    unknown = await wire("POST", "/_sim/approve", json={**asked, "account": "nobody@example.com"}, token=None)
    assert (unknown.status, unknown.json["error"]) == (400, "invalid_request")


async def test_silent_request_needs_an_earlier_consent(wire: Wire, google: SimulatedGoogle):
    google.do.revoke()
    silent = link(google, prompt="none").removeprefix(google.base)
    page = await wire("GET", silent, token=None)
    assert answer_of(page.headers["Location"])["error"] == "interaction_required"
    google.do.approve(link(google))
    assert "code" in answer_of((await wire("GET", silent, token=None)).headers["Location"])


async def test_a_moved_clock_is_used_everywhere(wire: Wire, google: SimulatedGoogle):
    moment = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    google.do.set_clock(moment, stopped=True)
    packed = (await exchange(wire, code_for(google))).json["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert claims["iat"] == moment.timestamp()
    assert google.state.requests[-1].at == "2030-01-02T03:04:05.000+00:00"
