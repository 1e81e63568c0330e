"""Behind a reverse proxy: who is calling, whether over TLS, under which name and path; asked with real sockets."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.domain.actor import Actor
from tests.journey.door_office import PASSWORD, Answer, Door, Visitor, opened_door, raw
from tests.journey.test_settings_pages import signed_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLIC = "https://pbx.example.com"
NAMED = {"Host": "pbx.example.com"}
CLIENT = "203.0.113.9"
TLS = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}
PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
"""Addresses of this machine that stand for two others."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """One gateway for the tests of this file; each says whom it trusts."""
    folder = tmp_path_factory.mktemp("trusted")
    async with opened_door(folder, anna=True, public_url=PUBLIC) as made:
        yield made


async def trust(door: Door, text: str) -> None:
    changes = {"network.trusted_proxies": text} if text else {}
    await door.gateway.settings.save(changes, Actor(name="test"), without=("network.trusted_proxies",))


async def sign_in(visitor: Visitor, headers: dict[str, str], password: str = PASSWORD) -> Answer:
    page = await visitor.get("/sign-in", headers)
    assert page.status == 200, page.text
    cookies = "; ".join(text.partition(";")[0] for text in page.cookies.values())  # a jar would ask who speaks TLS
    same = {"Sec-Fetch-Site": "same-origin", "Cookie": cookies, **headers}
    return await visitor.post("/sign-in", same, name="anna", password=password)


async def test_the_visitor_of_a_trusted_proxy_is_the_one_who_is_written_down(door: Door) -> None:
    await trust(door, PROXY)
    async with door.visitor(PROXY) as visitor:
        answer = await sign_in(visitor, {**NAMED, **TLS, "X-Forwarded-For": f"10.9.9.9, {CLIENT}"})
        assert answer.status == 303
        [cookie] = [text for name, text in answer.cookies.items() if name == "__Host-gateway"]
        assert "Secure" in cookie
        assert ("admin:anna", "admin.sign-in", "", CLIENT) in [
            (actor, action, "", source) for actor, action, _, source in door.audit()
        ]


async def test_wrong_passwords_are_counted_for_the_visitor_and_not_for_the_proxy(door: Door) -> None:
    await trust(door, PROXY)
    door.clock.ahead_ms += 3_600_000
    async with door.visitor(PROXY) as visitor:
        bad, good = {**NAMED, **TLS, "X-Forwarded-For": "203.0.113.66"}, {**NAMED, **TLS}
        for number in range(5):
            assert (await sign_in(visitor, bad, f"guess number {number}")).status == 401
        for forged in ("203.0.113.66", "9.9.9.9, 203.0.113.66", f"{CLIENT},203.0.113.66"):
            assert (await sign_in(visitor, {**bad, "X-Forwarded-For": forged})).status == 429
        assert (await sign_in(visitor, good)).status == 303


@pytest.mark.parametrize(
    "headers", [{}, TLS, {**TLS, "X-Forwarded-Host": "pbx.example.com", "X-Forwarded-Prefix": "/x"}]
)
async def test_from_a_stranger_the_headers_change_nothing(door: Door, headers: dict[str, str]) -> None:
    await trust(door, "192.0.2.10")
    port = door.gateway.listener.tls_port
    async with door.visitor(STRANGER) as plain, door.visitor(STRANGER, tls=True) as secure:
        answer = await plain.get("/sign-in", {"Host": "192.0.2.5", **headers})
        assert answer.status == (403 if headers else 307), "no page, in any case"
        assert "form" not in answer.text or "password" not in answer.text
        page = await secure.get("/sign-in", headers)
        assert page.status == 200
        assert 'href="/x/' not in page.text
        assert (
            await secure.post(
                "/sign-in", {"Sec-Fetch-Site": "same-origin", **headers}, name="anna", password="wrong password"
            )
        ).status == 401
    assert port is not None
    assert door.audit()[-1][3] == STRANGER


async def test_a_name_that_is_not_ours_is_refused_whoever_says_it(door: Door) -> None:
    await trust(door, PROXY)
    async with door.visitor(PROXY) as visitor:
        for headers in ({"Host": "evil.example"}, {**NAMED, "X-Forwarded-Host": "evil.example"}):
            answer = await visitor.get("/sign-in", {**headers, **TLS})
            assert answer.status == 421
        answer = await visitor.get("/sign-in", {"Host": "10.0.0.7:8765", **TLS, "X-Forwarded-Host": "pbx.example.com"})
        assert answer.status == 200


async def test_without_tls_before_the_proxy_there_is_no_page(door: Door) -> None:
    await trust(door, f"{PROXY}, 127.0.0.1")
    for source in (PROXY, "127.0.0.1"):
        for tls in (False, True):
            async with door.visitor(source, tls=tls) as visitor:
                plain = {**NAMED, "X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "http"}
                answer = await visitor.get("/sign-in", plain)
                assert (answer.status, "A-10" in answer.text) == (403, True), (source, tls)
                spoofed = {**plain, "X-Forwarded-Proto": "https, http"}
                assert (await visitor.get("/sign-in", spoofed)).status == 403


async def test_the_path_that_a_trusted_proxy_took_away_stands_before_every_address(door: Door) -> None:
    await trust(door, PROXY)
    headers = {**NAMED, **TLS, "X-Forwarded-Prefix": "/gw"}
    async with door.visitor(PROXY) as visitor:
        answer = await visitor.get("/google", headers)
        assert answer.place.startswith("/gw/sign-in")
        page = await visitor.get("/sign-in", headers)
        addresses = re.findall(r'\s(?:href|src|action)="(/[^"]*)"', page.text)
        assert len(addresses) > 3
        assert all(each.startswith("/gw/") for each in addresses), addresses
        page = await visitor.get("/sign-in", {**headers, "X-Forwarded-Prefix": '/"><script>'})
        assert "<script>" not in page.text


@pytest.mark.parametrize(
    "lines",
    [
        "GET /sign-in HTTP/1.0",
        "GET /sign-in HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9",
        "GET /sign-in HTTP/1.1\r\nVia: 1.1 proxy",
        "GET /sign-in HTTP/1.1\r\nX-Real-IP: 203.0.113.9",
        "GET /sign-in HTTP/1.1\r\nForwarded: for=203.0.113.9",
        "GET /sign-in HTTP/1.1\r\nX-Forwarded-Proto: https",
        "GET /sign-in HTTP/1.1\r\nX-Forwarded-Host: pbx.example.com",
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_proxy_on_this_machine_is_not_this_machine(door: Door, lines: str, host: str) -> None:
    """A proxy that is set up with two lines asks for 127.0.0.1, whoever its visitor is and however he speaks."""
    await trust(door, "")
    answer = await raw(door.http, f"{lines}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert b" 403 " in answer.split(b"\r\n")[0]
    assert b"Your own password" not in answer
    usual = await raw(door.http, f"GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert b" 200 " in usual.split(b"\r\n")[0]


async def test_a_proxy_on_this_machine_under_the_public_name_works_as_ever(door: Door) -> None:
    await trust(door, "")
    async with door.visitor() as visitor:
        for headers in ({}, TLS, {"Via": "1.1 x"}):
            answer = await visitor.get("/sign-in", {**NAMED, **headers})
            assert answer.status == 200
            assert all("Secure" in each for each in answer.cookies.values())
        assert (await visitor.get("/sign-in", {**NAMED, "X-Forwarded-Proto": "http"})).status == 403
        await sign_in(visitor, {**NAMED, **TLS}, "wrong password")
    assert door.audit()[-1][3] == "127.0.0.1", "nobody is believed"


async def test_devices_are_counted_by_their_own_address(door: Door) -> None:
    await trust(door, PROXY)
    headers = {"X-Forwarded-For": CLIENT, "Authorization": "Bearer " + "a" * 32}
    pending = door.gateway.mirroring.neighbourhood.visitors.pending
    async with door.visitor(PROXY) as proxy, door.visitor(STRANGER) as stranger:
        for visitor, name in ((proxy, "behind"), (stranger, "before")):
            place = f"{door.http}/api/v1/devices/{name}/meetings"
            async with visitor.session.post(place, json={}, headers=headers) as answer:
                assert answer.status == 401
    assert {each.name: each.address for each in pending.callers()} == {"behind": CLIENT, "before": STRANGER}


async def test_the_page_says_how_one_came(door: Door) -> None:
    await trust(door, "")
    async with signed_in(door.http) as browser:
        page = await browser.open("/settings/network")
        assert "You are calling from 127.0.0.1" in page.text
        page = await browser.press("Save", trusted_proxies="10.1.2.3/8, 192.0.2.10 ,::1")
        assert "Saved." in page.text
        assert page.labelled("Trusted proxies").value == "10.0.0.0/8, 192.0.2.10, ::1"
        for typed, says in (
            ("proxy.lan", "must be IP addresses or networks"),
            ("0.0.0.0/0", "0.0.0.0/0 is everybody."),
            ("10.0.0.0/33", "must be IP addresses or networks"),
            (", ".join(["10.0.0.1"] * 21), "must be 1 to 20"),
        ):
            page = await browser.press("Save", trusted_proxies=typed)
            assert page.status == 422
            assert says.lower() in page.text.lower()
    await trust(door, "")
