"""The client is checked before anybody signs in: what each answer of the token endpoint says about ID and secret."""

from __future__ import annotations

import logging

import aiohttp
import pytest

from gateway.config import GoogleEndpoints, Secret
from gateway.errors import SignInError
from gateway.google import oauth
from gateway.google.wire import Wire, google_session
from simulator.google import SimulatedGoogle
from tests.contract.google_requests import assert_all_valid
from tests.unit.google.raw_google import RawGoogle, answer, cut

NOW_MS = 1_700_000_000_000
CANARY = "GOCSPX-canary-secret"


async def outcome(endpoints: GoogleEndpoints, session: aiohttp.ClientSession, client_id: str, secret: str) -> str:
    """The code and field of the refusal; empty when ID and secret belong together."""
    refused: SignInError | None = None
    try:
        await oauth.preflight(
            Wire(session, 5.0), endpoints, client_id=client_id, client_secret=Secret(secret), now_ms=NOW_MS
        )
    except SignInError as error:
        refused = error
    if refused is None:
        return ""
    assert CANARY not in f"{refused} {refused.values}"
    return f"{refused.code} {refused.field}".strip()


async def test_at_the_simulated_google() -> None:
    async with SimulatedGoogle() as google:
        endpoints = GoogleEndpoints(**google.endpoints())
        clients = list(google.state.clients.values())
        async with google_session(endpoints, 5.0) as session:
            for client in clients:
                assert await outcome(endpoints, session, client.client_id, client.secret) == ""
            right = clients[0]
            assert await outcome(endpoints, session, right.client_id, CANARY) == "G-405 client_secret"
            assert await outcome(endpoints, session, right.client_id, "") == "G-104 client_secret"
            assert await outcome(endpoints, session, "9-no.apps.googleusercontent.com", CANARY) == "G-306 client_id"
            right.deleted = True
            assert await outcome(endpoints, session, right.client_id, right.secret) == "G-307 client_id"
        assert assert_all_valid(google.state.requests) == len(clients) + 4
        for request in google.state.requests:
            assert (request.operation, request.body["grant_type"]) == ("token", "authorization_code")


def said(error: str, description: str = "") -> str:
    return f'{{"error": "{error}", "error_description": "{description}"}}'


ANSWERS = [
    (400, said("invalid_grant", "Malformed auth code."), ""),
    (400, said("invalid_grant", "Bad Request"), ""),
    (400, said("redirect_uri_mismatch", "Bad Request"), ""),
    (401, said("invalid_client", "The OAuth client was not found."), "G-306 client_id"),
    (401, said("invalid_client", "The provided client secret is invalid."), "G-405 client_secret"),
    (401, said("invalid_client", "Unauthorized"), "G-405 client_secret"),
    (400, said("invalid_request", "client_secret is missing."), "G-104 client_secret"),
    (401, said("deleted_client", "The OAuth client was deleted."), "G-307 client_id"),
    (401, said("unauthorized_client", "Unauthorized"), "G-406 client_id"),
    (400, said("something_new", CANARY[:3]), "G-319"),
    (503, said("internal_failure", "Backend Error"), "G-312"),
    (500, said("invalid_grant"), "G-312"),
    (429, "", "G-312"),
    (407, "<html>", "N-04"),
    (200, "<html>Welcome to the guest network</html>", "G-412"),
    (200, '{"access_token": "ya29.x"}', "G-412"),
    (400, '{"error": {"code": 400}}', "G-412"),
    (302, "", "G-412"),
]


@pytest.mark.parametrize(("status", "body", "expected"), ANSWERS)
async def test_every_answer(
    raw_google: RawGoogle, session: aiohttp.ClientSession, status: int, body: str, expected: str
) -> None:
    raw_google.will(answer(status, body))
    assert await outcome(raw_google.endpoints, session, "id", CANARY) == expected


async def test_no_answer_and_no_secret_in_the_log(
    raw_google: RawGoogle, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    raw_google.will(cut())
    with caplog.at_level(logging.DEBUG):
        assert await outcome(raw_google.endpoints, session, "id", CANARY) == "N-02"
    assert CANARY not in caplog.text


async def test_nobody_is_there(session: aiohttp.ClientSession) -> None:
    nobody = GoogleEndpoints(token="http://127.0.0.1:9/token")
    assert await outcome(nobody, session, "id", CANARY) == "N-02"
