"""Tokens: one refresh for all who ask, stored before used; what passes is never held against the authorization."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from gateway.domain.outcome import Verdict
from gateway.errors import StoreFull
from gateway.google.tokens import FRESH_MS, AccessTokens, Grant, TokenFailure
from gateway.google.wire import Wire
from tests.unit.google.moved_clock import MovedClock
from tests.unit.google.raw_google import RawGoogle, Reply, answer, cut, silent, torn

CANARY = "canary"


def given(token: object = "ya29.new", **more: object) -> str:
    return json.dumps({"access_token": token, "expires_in": 3599, "token_type": "Bearer", **more})


class Kept:
    """Where `save` puts grants."""

    def __init__(self) -> None:
        self.grants: list[Grant] = []

    async def save(self, grant: Grant) -> None:
        await asyncio.sleep(0)
        self.grants.append(grant)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def kept() -> Kept:
    return Kept()


Make = Callable[..., AccessTokens]


@pytest.fixture
def make(raw_google: RawGoogle, session: aiohttp.ClientSession, clock: MovedClock, kept: Kept) -> Make:
    def made(
        access_token: str | None = None, left_ms: int | None = None, endpoint: str | None = None, timeout_s: float = 5.0
    ) -> AccessTokens:
        grant = Grant(
            client_id="client",
            client_secret=f"GOCSPX-{CANARY}",
            refresh_token=f"1//{CANARY}",
            access_token=access_token,
            expires_at_ms=None if left_ms is None else clock.now_ms() + left_ms,
        )
        return AccessTokens(
            grant,
            endpoint=endpoint or raw_google.endpoints.token,
            wire=Wire(session, timeout_s),
            clock=clock,
            save=kept.save,
        )

    return made


async def test_a_fresh_token_costs_no_call(raw_google: RawGoogle, make: Make) -> None:
    assert await make("ya29.held", FRESH_MS + 60_000).token() == "ya29.held"
    assert await make("ya29.endless").token() == "ya29.endless"
    assert raw_google.seen == []


@pytest.mark.parametrize("left_ms", [FRESH_MS - 1000, 0, -1, -3_600_000])
async def test_a_token_about_to_end_is_renewed_as_google_wants_it(
    raw_google: RawGoogle, make: Make, kept: Kept, clock: MovedClock, left_ms: int
) -> None:
    raw_google.will(answer(200, given()))
    tokens = make("ya29.old", left_ms)
    assert await tokens.token() == "ya29.new"
    assert await tokens.token() == "ya29.new"
    [seen] = raw_google.seen
    assert (seen.method, seen.path) == ("POST", "/token")
    assert {name: values[0] for name, values in parse_qs(seen.body.decode()).items()} == {
        "grant_type": "refresh_token",
        "client_id": "client",
        "client_secret": f"GOCSPX-{CANARY}",
        "refresh_token": f"1//{CANARY}",
    }
    [saved] = kept.grants
    assert (saved.access_token, saved.refresh_token) == ("ya29.new", f"1//{CANARY}")
    assert saved.expires_at_ms is not None
    assert 3_500_000 < saved.expires_at_ms - clock.now_ms() <= 3_600_000


async def test_a_rotated_refresh_token_is_kept(raw_google: RawGoogle, make: Make, kept: Kept) -> None:
    raw_google.will(answer(200, given(refresh_token="1//rotated")), answer(200, given("ya29.third")))
    tokens = make()
    await tokens.token()
    assert kept.grants[-1].refresh_token == "1//rotated"
    assert await tokens.token(rejected="ya29.new") == "ya29.third"
    assert b"rotated" in raw_google.seen[-1].body


async def test_a_hundred_rejections_make_one_refresh(raw_google: RawGoogle, make: Make, kept: Kept) -> None:
    raw_google.will(answer(200, given()))
    tokens = make("ya29.old", 3_600_000)
    got = await asyncio.gather(*(tokens.token(rejected="ya29.old") for _ in range(100)))
    assert set(got) == {"ya29.new"}
    # Late ones, who still held the old token, get the new one without another call.
    assert await tokens.token(rejected="ya29.old") == "ya29.new"
    assert len(raw_google.seen) == 1
    assert len(kept.grants) == 1


async def test_a_caller_that_is_cancelled_takes_nothing_with_it(raw_google: RawGoogle, make: Make, kept: Kept) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        asked.set()
        await go.wait()
        return web.Response(text=given(refresh_token="1//rotated"))

    raw_google.will(slow)
    tokens = make()
    caller = asyncio.create_task(tokens.token())
    await asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go.set()
    await tokens.close()
    assert kept.grants[-1].refresh_token == "1//rotated"
    assert await tokens.token() == "ya29.new"
    assert len(raw_google.seen) == 1


async def test_a_token_is_stored_before_anybody_gets_it(
    raw_google: RawGoogle, session: aiohttp.ClientSession, clock: MovedClock
) -> None:
    raw_google.will(answer(200, given()))
    stored = asyncio.Event()
    saving = asyncio.Event()

    async def save(_grant: Grant) -> None:
        saving.set()
        await stored.wait()

    tokens = AccessTokens(
        Grant(client_id="c", client_secret="s", refresh_token="1//r"),
        endpoint=raw_google.endpoints.token,
        wire=Wire(session, 5.0),
        clock=clock,
        save=save,
    )
    asking = asyncio.create_task(tokens.token())
    await saving.wait()
    assert not asking.done()
    stored.set()
    assert await asking == "ya29.new"


async def test_a_token_that_cannot_be_stored_is_not_used(
    raw_google: RawGoogle, session: aiohttp.ClientSession, clock: MovedClock
) -> None:
    raw_google.will(answer(200, given()))

    async def save(_grant: Grant) -> None:
        raise StoreFull("The disk is full.")

    tokens = AccessTokens(
        Grant(client_id="c", client_secret="s", refresh_token="1//r"),
        endpoint=raw_google.endpoints.token,
        wire=Wire(session, 5.0),
        clock=clock,
        save=save,
    )
    with pytest.raises(TokenFailure) as caught:
        await tokens.token()
    assert (caught.value.outcome.verdict, caught.value.outcome.code) == (Verdict.LATER, "G-515")


TRUTH: list[tuple[str, Reply, str, str]] = [
    (
        "expired or revoked",
        answer(400, '{"error":"invalid_grant","error_description":"Token has been expired or revoked."}'),
        "authorization",
        "G-502",
    ),
    (
        "bad request",
        answer(400, '{"error":"invalid_grant","error_description":"Bad Request"}'),
        "authorization",
        "G-503",
    ),
    (
        "session control",
        answer(400, '{"error":"invalid_grant","error_subtype":"invalid_rapt"}'),
        "authorization",
        "G-503",
    ),
    ("wrong secret", answer(401, '{"error":"invalid_client"}'), "configuration", "G-504"),
    (
        "clock wrong",
        answer(400, '{"error":"invalid_grant","error_description":"Invalid JWT: iat and exp"}'),
        "later",
        "N-05",
    ),
    ("500", answer(500, '{"error":"internal_failure"}'), "later", "G-506"),
    ("503 page", answer(503, "<html>"), "later", "G-506"),
    ("504 that says invalid_grant", answer(504, '{"error":"invalid_grant"}'), "later", "G-506"),
    ("429", answer(429, '{"error":"rate_limit_exceeded"}', {"Retry-After": "9"}), "slow-down", "G-505"),
    ("400 passing", answer(400, '{"error":"temporarily_unavailable"}'), "later", "G-506"),
    ("portal page", answer(200, "<html>Welcome"), "later", "G-412"),
    ("portal redirect", answer(302, headers={"Location": "http://127.0.0.1/login"}), "later", "G-412"),
    ("proxy", answer(407, "<html>"), "later", "N-04"),
    ("400 page", answer(400, "<html>invalid_grant"), "later", "G-412"),
    ("200 list", answer(200, "[]"), "later", "G-412"),
    ("200 null", answer(200, "null"), "later", "G-412"),
    ("200 without token", answer(200, '{"expires_in": 3599}'), "later", "G-412"),
    ("200 number for token", answer(200, given(5)), "later", "G-412"),
    ("200 token with a line break", answer(200, given("ya29.a\r\nX: y")), "later", "G-412"),
    ("200 odd lifetime", answer(200, given(expires_in="soon")), "later", "G-412"),
    ("200 lifetime beyond years", answer(200, given(expires_in=10**18)), "later", "G-412"),
    ("200 not UTF-8", answer(200, b"\xff\xfe"), "later", "G-412"),
    ("200 deep", answer(200, b"[" * 100_000), "later", "G-412"),
    ("empty", answer(200, ""), "later", "G-412"),
    ("cut", cut(), "later", "N-02"),
    ("torn", torn(b'{"access_token":'), "later", "N-02"),
]


@pytest.mark.parametrize(("reply", "verdict", "code"), [row[1:] for row in TRUTH], ids=[row[0] for row in TRUTH])
async def test_what_a_failed_refresh_means(
    raw_google: RawGoogle, make: Make, kept: Kept, reply: Reply, verdict: str, code: str
) -> None:
    raw_google.will(reply)
    with pytest.raises(TokenFailure) as caught:
        await make("ya29.old", -1).token()
    outcome = caught.value.outcome
    assert (outcome.verdict.value, outcome.code) == (verdict, code)
    assert len(raw_google.seen) == 1, "google-auth's own repeats, which would sleep for seconds, are not made"
    assert kept.grants == []
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {outcome!r}"


async def test_no_connection_no_name_no_answer_are_passing(
    raw_google: RawGoogle, make: Make, session: aiohttp.ClientSession
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = make(endpoint=f"http://127.0.0.1:{free.getsockname()[1]}/token")
        with pytest.raises(TokenFailure) as refused:
            await closed.token()
    with pytest.raises(TokenFailure) as untrusted:
        await make(endpoint=raw_google.endpoints.token.replace("http:", "https:")).token()
    raw_google.will(silent())
    with pytest.raises(TokenFailure) as slow:
        await make(timeout_s=0.1).token()
    assert [failure.value.outcome.verdict for failure in (refused, untrusted, slow)] == [Verdict.LATER] * 3
    assert [failure.value.outcome.code for failure in (refused, untrusted, slow)] == ["N-02", "N-03", "N-02"]


async def test_after_a_failure_the_next_caller_asks_again(raw_google: RawGoogle, make: Make) -> None:
    raw_google.will(answer(503), answer(200, given()))
    tokens = make()
    with pytest.raises(TokenFailure):
        await tokens.token()
    assert await tokens.token() == "ya29.new"


async def test_secrets_are_in_no_repr_and_no_log_line(
    raw_google: RawGoogle, make: Make, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    raw_google.will(answer(200, given(f"ya29.{CANARY}")), answer(400, '{"error":"invalid_grant"}'))
    tokens = make()
    token = await tokens.token()
    with pytest.raises(TokenFailure):
        await tokens.token(rejected=token)
    assert CANARY not in caplog.text
    assert CANARY not in repr(kept.grants) + repr(tokens)


def test_google_auth_is_not_loaded_before_it_is_needed() -> None:
    script = (
        "import sys, gateway.accounts.accounts\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('google', 'cryptography', 'requests')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
