"""The page Network: another address is tried beside the old one, a certificate of one's own is used at once."""

from __future__ import annotations

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.config import Address, Config, GatewaySection
from gateway.config.saved import FILE_NAME, SAVED
from gateway.operations.settings.address import TRIAL_S
from tests.journey.door_office import LOCAL, Door, Visitor
from tests.journey.plain_browser import PlainBrowser
from tests.journey.test_settings_pages import office, signed_in
from tests.ports import free_port, is_open
from tests.unit.web.test_tls import shown
from tests.unit.web.test_tls_upload import ordered

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEPT = "Open this address within 3 minutes and press Keep. Otherwise the old one stays."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """One gateway for the tests of this file."""
    async with office(tmp_path_factory.mktemp("network")) as (made, _):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def browser(door: Door) -> AsyncIterator[PlainBrowser]:
    """Anna has just signed in, and looks at the page."""
    async with signed_in(door.http) as made:
        await made.open("/settings/network")
        yield made


async def test_nobody_comes_and_the_old_address_stays(door: Door, browser: PlainBrowser) -> None:
    new = free_port()
    page = await browser.press("Try this address", listen=f"127.0.0.1:{new}")
    assert KEPT in page.text
    assert "Keep" not in page.buttons()
    assert is_open(new)
    door.clock.ahead_ms += int(TRIAL_S * 1000)
    async with asyncio.timeout(60):
        while is_open(new):
            await asyncio.sleep(0.05)
    page = await browser.open("/settings/network")
    assert "Try this address" in page.buttons()
    assert is_open(door.gateway.listener.port)
    assert not (door.folder / FILE_NAME).exists()


async def test_the_way_back_is_one_press(door: Door, browser: PlainBrowser) -> None:
    new = free_port()
    await browser.press("Try this address", listen=f"127.0.0.1:{new}")
    page = await browser.post("/settings/network/keep", [("csrf", _token(browser)), ("word", "guessed")])
    assert "The old address stays." in page.text
    assert not (door.folder / FILE_NAME).exists()
    page = await browser.press("Stay with the old address")
    assert "The old address stays." in page.text
    assert not is_open(new)
    assert is_open(door.gateway.listener.port)


async def test_who_comes_to_the_new_address_keeps_it(door: Door, browser: PlainBrowser) -> None:
    old, new = door.gateway.listener.tls_port or 0, free_port()
    page = await browser.press("Try this address", listen_tls=f"127.0.0.1:{new}")
    link = page.link(next(each.text for each in page.elements if each.tag == "a" and "tried=" in each.text))
    origin, _, path = link.partition("/settings")
    assert origin == f"https://127.0.0.1:{new}"
    async with Visitor(origin) as visitor:
        await visitor.sign_in()
        answer = await visitor.get(f"/settings{path}")
        assert "Press Keep" in answer.text
        word = html.unescape(re.findall(r'name="word" value="([^"]+)"', answer.text)[0])
        answer = await visitor.post("/settings/network/keep", word=word)
        assert answer.place == "/settings/network?moved"
        answer = await visitor.get(answer.place)
        assert "The new address counts now" in answer.text
    assert (is_open(old), is_open(new)) == (False, True)
    assert f'gateway.listen_tls: "127.0.0.1:{new}"' in (door.folder / FILE_NAME).read_text()
    assert ("admin:anna", "settings.saved", "settings") in {line[:3] for line in door.audit()}
    page = await browser.open("/settings/network")
    assert page.labelled("Address for https (browsers and devices)").value == f"127.0.0.1:{new}"
    async with door.visitor() as other:  # whoever opens the http port from elsewhere is led to the new one
        answer = await other.get("/settings", {"Host": "192.0.2.5"})
        assert answer.place == f"https://192.0.2.5:{new}/settings"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("127.0.0.1", "must be an IP address and a port"),
        ("", "Type an IP address and a port"),
        ("127.0.0.1:0", "Choose a port from 1 to 65535"),
        ("192.0.2.77:18765", "This machine does not have the address 192.0.2.77"),
    ],
)
async def test_what_cannot_be_opened_is_told_at_its_field(browser: PlainBrowser, typed: str, says: str) -> None:
    page = await browser.press("Try this address", listen_tls=typed)
    assert (page.status, page.codes()) == (422, ["C-14"])
    assert says.lower() in page.text.lower()
    field = page.labelled("Address for https (browsers and devices)")
    assert (field.value, field.attributes["aria-invalid"]) == (typed, "true")


async def test_a_port_of_somebody_else_and_one_of_our_own(door: Door, browser: PlainBrowser) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        page = await browser.press("Try this address", listen=f"127.0.0.1:{port}")
        assert page.codes() == ["C-02"]
        assert f"Port {port} is already used." in page.text
    own = free_port()
    page = await browser.press("Try this address", listen=f"127.0.0.1:{own}", listen_tls=f"0.0.0.0:{own}")
    assert "need different ports" in page.text
    assert not is_open(own)
    assert is_open(door.gateway.listener.port)


async def test_a_certificate_of_ones_own(door: Door, browser: PlainBrowser) -> None:
    own, key, signer = ordered()
    page = await browser.press("Use this certificate", files={"chain_file": own.encode()})
    assert (page.status, page.codes()) == (422, ["C-14"])
    assert "There is no key in PEM form" in page.text
    files = {"chain_file": (own + signer).encode(), "key_file": key.encode()}
    page = await browser.press("Use this certificate", files=files)
    assert "Your certificate is in use." in page.text
    assert "pbx.lan" in page.text
    certificate = door.gateway.certificate
    assert await shown(door.gateway.listener.tls_port or 0) == certificate.fingerprint
    secret = key.splitlines()[1]
    assert secret not in page.source
    assert secret in certificate.key_file.read_text()
    page = await browser.press("Let the gateway make its own")
    assert "made by the gateway" in page.text
    actions = [line[1] for line in door.audit()]
    assert [each for each in actions if each.startswith("certificate.")] == [
        "certificate.uploaded",
        "certificate.made_here",
    ]


async def test_an_old_password_is_asked_before_a_certificate_is_taken(door: Door, browser: PlainBrowser) -> None:
    door.clock.ahead_ms += 11 * 60 * 1000
    own, key, _ = ordered()
    page = await browser.open("/settings/network")
    before = door.gateway.certificate.fingerprint
    page = await browser.press("Use this certificate", files={"chain_file": (own + key).encode()}, password="wrong")
    assert page.codes() == ["A-01"]
    assert door.gateway.certificate.fingerprint == before


async def test_addresses_that_are_set_elsewhere_are_locked(tmp_path: Path) -> None:
    section = GatewaySection(data_dir=tmp_path, listen=LOCAL, listen_tls=LOCAL)
    sources = {"gateway.listen": "config.yaml:3", "gateway.listen_tls": "environment GATEWAY_GATEWAY__LISTEN_TLS"}
    async with office(tmp_path, Config(gateway=section, sources=sources)) as (_, browser):
        page = await browser.open("/settings/network")
        assert "Set by config.yaml:3" in page.text
        assert "Set by environment variable GATEWAY_GATEWAY__LISTEN_TLS" in page.text
        assert "Try this address" not in page.buttons()
        new = free_port()
        fields = [("csrf", _token(browser)), ("listen", f"127.0.0.1:{new}"), ("listen_tls", f"127.0.0.1:{new}")]
        await browser.post("/settings/network/address", fields)
        assert not is_open(new)


async def test_a_saved_address_that_is_gone_shuts_nobody_out(tmp_path: Path) -> None:
    gone = Address(host="192.0.2.77", port=free_port())
    section = GatewaySection(data_dir=tmp_path, listen=gone, listen_tls=replace(gone, port=free_port()))
    config = Config(gateway=section, sources={"gateway.listen": SAVED, "gateway.listen_tls": SAVED})
    async with office(tmp_path, config) as (door, _):
        assert door.gateway.listener.host == "0.0.0.0"
        assert is_open(gone.port)


def _token(browser: PlainBrowser) -> str:
    return next(each.value for each in browser.page.controls if each.name == "csrf")
