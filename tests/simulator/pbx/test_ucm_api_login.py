"""Who the simulated UCM lets in over its API: challenge, token, cookie and its life, bans, permitted addresses."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl

import aiohttp
import pytest

from simulator.pbx.api import SimulatedUcm
from tests.simulator.pbx.api_client import LIST, ApiClient


@pytest.fixture
async def ucm():
    async with SimulatedUcm(seed=3) as ucm:
        yield ucm


@pytest.fixture
async def client(ucm):
    async with ApiClient(ucm.base, ucm.user, ucm.password, ucm.fingerprint) as client:
        yield client


async def test_challenge_login_cookie(ucm, client):
    asked = await client.call("challenge", user=ucm.user, version="1.2")
    assert asked["status"] == 0
    assert re.fullmatch(r"\d{16}", asked["response"]["challenge"])
    assert client.content_type == "application/json;charset=UTF-8"
    assert await client.log_in() == 0
    assert re.fullmatch(r"sid\d+-\d+", client.cookie)
    assert (await client.do(LIST))["status"] == 0
    assert ucm.state.actions == ["challenge", "challenge", "login", LIST]


async def test_a_cookie_lives_ten_minutes_of_the_pbxs_own_clock(ucm, client):
    await client.log_in()
    ucm.state.clock.advance(599)
    assert (await client.do(LIST))["status"] == 0
    ucm.state.clock.advance(1)
    assert await client.do(LIST) == {"response": {}, "status": -6}
    assert await client.log_in() == 0
    assert (await client.do(LIST))["status"] == 0


async def test_no_cookie_and_a_wrong_one(client):
    assert (await client.call(LIST))["status"] == -5
    assert (await client.call(LIST, cookie="sid1-1"))["status"] == -6
    assert (await client.call(LIST, cookie=["sid1-1"]))["status"] == -6


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"request": []}', b'{"request": {}}', b'{"request": {"action": 7}}', b"[" * 100_000],
)
async def test_what_is_no_call_is_answered_like_the_device_does(client, body):
    status, text = await client.post("/api", body, "application/json")
    assert status == 200
    assert text == '{"response": {"error_msg": "Invalid parameters!"}, "status": -1}'


async def test_a_token_works_once_and_only_for_a_challenge_that_was_given(ucm, client):
    assert await client.log_in(password="wrong") == -37
    client.user = "nobody"
    assert await client.log_in() == -37
    client.user = ucm.user
    reply = await client.call("login", user=ucm.user, token="0" * 32)
    assert reply["status"] == -37
    assert (await client.call("login", user=ucm.user))["status"] == -1
    challenge = (await client.call("challenge", user=ucm.user))["response"]["challenge"]
    token = hashlib.md5((challenge + ucm.password).encode()).hexdigest()
    assert [(await client.call("login", user=ucm.user, token=token))["status"] for _ in range(2)] == [0, -37]


async def test_five_failures_in_ten_minutes_ban_the_address(ucm, client):
    assert [await client.log_in(password="wrong") for _ in range(4)] == [-37] * 4
    assert await client.log_in(password="wrong") == -68
    assert (await client.call("challenge", user=ucm.user))["status"] == -70
    ucm.state.clock.advance(599)
    assert (await client.call("challenge", user=ucm.user))["status"] == -70
    ucm.state.clock.advance(1)
    assert await client.log_in() == 0


async def test_slow_failures_do_not_ban(ucm, client):
    for _ in range(12):
        assert await client.log_in(password="wrong") == -37
        ucm.state.clock.advance(151)


async def test_a_banned_address_can_be_cut_off_instead(ucm, client):
    ucm.state.switches.ban_drops = True
    for _ in range(5):
        await client.log_in(password="wrong")
    with pytest.raises(aiohttp.ClientError):
        await client.call("challenge", user=ucm.user)


async def test_only_permitted_addresses_are_answered(ucm, client):
    ucm.state.login.permitted = ["192.0.2.0/24"]
    assert (await client.call("challenge", user=ucm.user))["status"] == -47
    ucm.state.login.permitted = ["127.0.0.1/32"]
    assert await client.log_in() == 0


async def test_who_hurries_is_told_to_wait_and_who_goes_on_waits_longer(ucm, client):
    await client.log_in()
    ucm.state.switches.hurry = 3
    assert [(await client.do(LIST))["status"] for _ in range(4)] == [0, 0, 0, -45]
    assert (await client.do(LIST))["status"] == -57
    ucm.state.clock.advance(59)
    assert (await client.do(LIST))["status"] == -57
    ucm.state.clock.advance(60)
    assert (await client.do(LIST))["status"] == 0


async def test_the_certificate_is_the_devices_own_and_may_change(ucm, client):
    async with ApiClient(ucm.base, ucm.user, ucm.password) as trusting:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await trusting.log_in()
    assert re.fullmatch(r"[0-9a-f]{64}", ucm.fingerprint)
    assert await client.log_in() == 0
    before = ucm.fingerprint
    assert ucm.change_certificate() == ucm.fingerprint != before
    with pytest.raises(aiohttp.ServerFingerprintMismatch):
        await client.do(LIST)
    async with ApiClient(ucm.base, ucm.user, ucm.password, ucm.fingerprint) as pinned:
        assert await pinned.log_in() == 0


async def test_a_changed_certificate_ends_the_connections_there_are(ucm, client):
    assert await client.log_in() == 0
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(ucm.address, ucm.port, ssl=trusting)
    writer.write(b"POST /api HTTP/1.1\r\nHost: ucm\r\nContent-Length: 0\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    ucm.change_certificate()
    await asyncio.wait_for(reader.read(), 60)  # to its end
    writer.close()


async def test_it_does_not_speak_plain_http(ucm, client):
    async with ApiClient(ucm.base.replace("https", "http"), ucm.user, ucm.password) as plain:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await plain.log_in()


async def test_the_record_has_no_secret(ucm, client):
    await client.log_in()
    await client.do(LIST)
    text = repr(list(ucm.state.calls)) + repr(ucm.state.login)
    assert client.cookie not in text
    assert ucm.password not in text
    assert '"token": "' not in text
    assert all(call.said.get("token", "****") == "****" for call in ucm.state.calls)
