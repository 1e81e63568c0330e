"""Service accounts: keys, delegation for a domain, and the grant with Google's refusals of bad assertions."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import google.auth.crypt
import google.auth.jwt
import httplib2
import pytest
from google.oauth2 import service_account
from google_auth_httplib2 import Request

from simulator.google import SimulatedGoogle
from simulator.google.scopes import PREFIX
from simulator.google.service_accounts import JWT_BEARER
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.html_form import read_all

ARTHUR = "arthur.morgan@mycompanyabc.com"
OWNED = PREFIX + "calendar.events.owned"
FREE_BUSY = PREFIX + "calendar.events.freebusy"
EVENT = timed("2026-11-23T10:00:00", "2026-11-23T11:00:00")


@pytest.fixture(scope="module")
def rsa_file() -> dict[str, str]:
    """One key for the whole module; making one costs a second."""
    return SimulatedGoogle(seed=3).do.create_service_account()


@pytest.fixture
def key_file(google: SimulatedGoogle, rsa_file: dict[str, str]) -> dict[str, str]:
    google.state.service_accounts[rsa_file["client_email"]] = account_of(rsa_file)
    return {**rsa_file, "token_uri": google.base + "/token"}


def account_of(content: Mapping[str, str]) -> Any:
    from cryptography.hazmat.primitives import serialization

    from simulator.google.service_accounts import ServiceAccount

    key = serialization.load_pem_private_key(content["private_key"].encode(), None)
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()
    return ServiceAccount(
        email=content["client_email"], unique_id=content["client_id"], keys={content["private_key_id"]: public}
    )


def assertion(content: Mapping[str, str], *, key_id: str | None = None, **claims: Any) -> str:
    now_s = int(claims.pop("now_s", time.time()) + claims.pop("ahead_s", 0))
    payload = {
        "iss": content["client_email"],
        "scope": OWNED,
        "aud": content["token_uri"],
        "iat": now_s,
        "exp": now_s + claims.pop("lasts_s", 3600),
        "sub": ARTHUR,
        **claims,
    }
    signer = google.auth.crypt.RSASigner.from_string(content["private_key"], key_id or content["private_key_id"])
    return google.auth.jwt.encode(signer, {k: v for k, v in payload.items() if v is not None}).decode()


async def granted(wire: Wire, given: str) -> tuple[int, dict[str, Any]]:
    answer = await wire("POST", "/token", data={"grant_type": JWT_BEARER, "assertion": given}, token=None)
    return answer.status, answer.json


async def test_a_delegated_token_acts_for_the_person(wire: Wire, google: SimulatedGoogle, key_file: dict[str, str]):
    google.do.delegate(key_file["client_email"], [OWNED])
    status, answer = await granted(wire, assertion(key_file))
    assert (status, set(answer)) == (200, {"access_token", "expires_in", "token_type"})
    made = await wire("POST", EVENTS, json={**EVENT, "attendees": [{"email": "a@b.de"}]}, token=answer["access_token"])
    assert made.json["organizer"] == {"email": ARTHUR, "self": True}
    google.do.set_clock(advance_s=3601)
    assert (await wire("GET", EVENTS, token=answer["access_token"])).status == 401
    assert google.state.requests_of("token")[-1].body["assertion"] == "***"


async def test_the_official_library_signs_in(google: SimulatedGoogle, key_file: dict[str, str]):
    google.do.delegate(key_file["client_email"], [OWNED, FREE_BUSY])
    credentials = service_account.Credentials.from_service_account_info(key_file, scopes=[OWNED, FREE_BUSY])
    person = credentials.with_subject(ARTHUR)
    http = httplib2.Http()
    await asyncio.to_thread(person.refresh, Request(http))
    http.close()
    token = google.state.access_tokens[person.token]
    assert (token.account, token.charged_to) == (ARTHUR, key_file["client_email"])


async def test_acting_for_itself(wire: Wire, google: SimulatedGoogle, key_file: dict[str, str]):
    status, answer = await granted(wire, assertion(key_file, sub=None))
    assert status == 200
    token = answer["access_token"]
    made = await wire("POST", EVENTS, json=EVENT, token=token)
    assert made.json["creator"] == {"email": key_file["client_email"], "self": True}
    guests = await wire("POST", EVENTS, json={**EVENT, "attendees": [{"email": "a@b.de"}]}, token=token)
    assert (guests.status, guests.json["error"]["errors"][0]["reason"]) == (403, "forbiddenForServiceAccounts")


@pytest.mark.parametrize(
    ("delegated", "claims", "error", "text"),
    [
        ([], {}, "unauthorized_client", "not authorized for any of the scopes"),
        ([OWNED], {"scope": f"{OWNED} {FREE_BUSY}"}, "unauthorized_client", "not authorized"),
        ([OWNED], {"sub": "anna@elsewhere.org"}, "unauthorized_client", "not authorized"),
        ([OWNED], {"sub": "nobody@mycompanyabc.com"}, "invalid_grant", "Invalid email or User ID"),
        ([OWNED], {"aud": "https://example.com/token"}, "invalid_grant", "audience"),
        ([OWNED], {"iss": "nobody@example.com"}, "invalid_grant", "account not found"),
        ([OWNED], {"scope": None}, "invalid_scope", "Empty or missing scope"),
        ([OWNED], {"scope": "calendar"}, "invalid_scope", "Invalid OAuth scope"),
        ([OWNED], {"iat": None}, "invalid_grant", "iat and exp"),
        ([OWNED], {"lasts_s": 7200}, "invalid_grant", "short-lived token"),
        ([OWNED], {"ahead_s": -4000}, "invalid_grant", "reasonable timeframe"),
        ([OWNED], {"ahead_s": 400}, "invalid_grant", "reasonable timeframe"),
        ([OWNED], {"key_id": "0" * 40}, "invalid_grant", "Invalid JWT Signature."),
    ],
)
async def test_refused_assertions(
    wire: Wire, google: SimulatedGoogle, key_file: dict[str, str], delegated: Any, claims: Any, error: str, text: str
):
    google.do.delegate(key_file["client_email"], delegated)
    status, answer = await granted(wire, assertion(key_file, **claims))
    assert (status, answer["error"]) == (401 if error == "unauthorized_client" else 400, error)
    assert text in answer["error_description"]


async def test_a_clock_that_is_a_little_off_is_forgiven(wire: Wire, google: SimulatedGoogle, key_file: dict[str, str]):
    google.do.delegate(key_file["client_email"], [OWNED])
    assert (await granted(wire, assertion(key_file, now_s=time.time() + 200)))[0] == 200
    google.do.set_clock(now=datetime(2027, 5, 1, tzinfo=UTC))
    status, answer = await granted(wire, assertion(key_file))
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert (await granted(wire, assertion(key_file, now_s=google.state.clock.now_s())))[0] == 200


async def test_broken_assertions(wire: Wire, google: SimulatedGoogle, key_file: dict[str, str]):
    google.do.delegate(key_file["client_email"], [OWNED])
    good = assertion(key_file)
    head, claims, signature = good.split(".")
    for broken in (
        "",
        "a.b.c",
        "a.b",
        head + "." + claims,
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature[:-4]}AAAA",
    ):
        status, answer = await granted(wire, broken)
        assert (status, answer["error"]) == (400, "invalid_grant" if broken else "invalid_request")


async def test_what_an_administrator_takes_away(wire: Wire, google: SimulatedGoogle, key_file: dict[str, str]):
    email = key_file["client_email"]
    google.do.delegate(email, [OWNED])
    google.do.set_service_account(email, deleted=True)
    assert (await granted(wire, assertion(key_file)))[1]["error_description"] == "Invalid grant: account not found"
    google.do.set_service_account(email, deleted=False)
    assert (await granted(wire, assertion(key_file)))[0] == 200
    google.do.delegate(email, [])
    assert (await granted(wire, assertion(key_file)))[0] == 401
    google.do.set_service_account(email, without_keys=True)
    assert (await granted(wire, assertion(key_file)))[1]["error_description"] == "Invalid JWT Signature."


async def test_the_console_makes_a_key_and_delegates(wire: Wire, google: SimulatedGoogle):
    forms = read_all((await wire("GET", "/_sim/console", token=None)).body.decode())[0]
    form = next(form for form in forms if ("do", "service_key") in form.fields)
    answer = await wire("POST", form.action, data=form.pressed("Create key and download it"), token=None)
    content = json.loads(answer.body)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert (content["type"], content["token_uri"]) == ("service_account", google.base + "/token")
    forms = read_all((await wire("GET", "/_sim/console", token=None)).body.decode())[0]
    form = next(form for form in forms if ("do", "delegate") in form.fields)
    await wire("POST", form.action, data=form.pressed("Authorize", scopes=f"{OWNED}\n{FREE_BUSY}"), token=None)
    assert google.state.service_accounts[content["client_email"]].delegated == (OWNED, FREE_BUSY)
    state = (await wire("GET", "/_sim/state", token=None)).body.decode()
    assert content["client_email"] in state
    assert "PRIVATE KEY" not in state
