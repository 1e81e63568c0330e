"""The way out to Google on the page Network: tried before it is saved, used at once, told apart when it fails."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from yarl import URL

from gateway.app.diagnosing import made_doctor
from gateway.config import Config, GatewaySection, GoogleEndpoints, GoogleSection, ProxySection
from gateway.config.root_certificate import RootCertificate
from gateway.config.saved import FILE_NAME, PARTS
from gateway.domain.actor import Actor
from gateway.operations.doctor.google import NETWORK
from simulator.google import SimulatedGoogle
from tests.journey.door_office import LOCAL, Door
from tests.journey.page_office import CLIENT_ID, SECRET
from tests.journey.plain_browser import Page, PlainBrowser
from tests.journey.test_settings_pages import office, signed_in
from tests.ports import free_port
from tests.way_out import Proxy, company, proxy, tls_before

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "canary-proxy-password"
HOME = "/settings/network"


@dataclass
class Away:
    """A gateway whose Google stands behind a firewall that opens TLS, and a proxy that is not in use yet."""

    door: Door
    google: SimulatedGoogle
    hop: Proxy
    front: int

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.front}"

    async def forget(self) -> None:
        """Nothing is saved, and the proxy lets everybody through."""
        await self.door.gateway.settings.save({}, Actor(name="test"), without=PARTS)
        self.hop.user = self.hop.password = ""
        self.hop.says, self.hop.goes, self.hop.through = b"", False, 0
        self.hop.asked.clear()

    async def trust(self) -> None:
        root = {"network.root_certificate": company().root}
        await self.door.gateway.settings.save(root, Actor(name="test"))

    async def checks(self) -> dict[str, tuple[str, str]]:
        """What the checks of the network say with the settings as they are."""
        gateway = self.door.gateway
        config = gateway.settings.config

        async def nowhere() -> str:
            return ""

        doctor = made_doctor(config, self.door.clock, gateway.stored, nowhere)
        return {each.id: (each.state, each.code) for each in await doctor.run(NETWORK)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def away(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Away]:
    async with AsyncExitStack() as stack:
        google = await stack.enter_async_context(SimulatedGoogle(port=0))
        front = await stack.enter_async_context(tls_before(URL(google.base).port or 0))
        hop = await stack.enter_async_context(proxy())
        secure = {
            name: each.replace(google.base, f"https://127.0.0.1:{front}") for name, each in google.endpoints().items()
        }
        folder = tmp_path_factory.mktemp("away")
        config = Config(
            gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL),
            google=GoogleSection(endpoints=GoogleEndpoints(**secure)),
        )
        door, _ = await stack.enter_async_context(office(folder, config))
        yield Away(door, google, hop, front)


@pytest_asyncio.fixture(loop_scope="module")
async def browser(away: Away) -> AsyncIterator[PlainBrowser]:
    """Anna has just signed in, and looks at the page."""
    await away.forget()
    async with signed_in(away.door.http) as made:
        await made.open(HOME)
        yield made


async def test_from_a_closed_network_to_google(away: Away, browser: PlainBrowser) -> None:
    page = await browser.press("Try it")
    assert page.codes() == ["N-03"]
    assert "Google cannot be reached this way." in page.text
    assert "Issuer: Inspection CA 7." in page.text

    page = await browser.press("Trust this certificate", files={"root_file": company().root.encode()})
    assert "Trusted from now on, on the way to Google only." in page.text
    assert "Inspection CA 7" in page.text
    away.hop.user, away.hop.password = "meetings", CANARY
    page = await browser.press("Try it", proxy_address=away.hop.address.removeprefix("http://"))
    assert page.codes() == ["N-04"]
    assert "Enter it under Settings > Network > Proxy." in page.text
    page = await browser.press("Try it", proxy_user="meetings", proxy_password=CANARY)
    assert page.codes() == []
    assert "Google can be reached this way." in page.text
    assert "Nothing is saved yet." in page.text
    assert CANARY not in page.source
    assert away.door.gateway.settings.config.network.proxy is None

    page = await browser.press("Use this proxy", proxy_password=CANARY)
    assert "Saved. Calls to Google go through the proxy from now on." in page.text
    assert f"Calls to Google go through {away.hop.address} as meetings" in page.text
    assert page.labelled("Address of the proxy").value == away.hop.address
    kept = (away.door.folder / FILE_NAME).read_text()
    assert "network.proxy.password" in kept
    assert CANARY not in kept + page.source
    assert ("admin:anna", "settings.saved", "settings") in {line[:3] for line in away.door.audit()}

    asked, through = len(away.google.state.requests), len(away.hop.asked)
    await browser.open("/google")
    page = await browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert "Saved" in page.text
    assert page.codes() == []
    assert len(away.google.state.requests) > asked
    assert len(away.hop.asked) > through
    assert f"CONNECT {away.target} " in away.hop.asked[-1]
    assert set((await away.checks()).values()) <= {("ok", ""), ("skip", "")}

    await browser.open(HOME)
    page = await browser.press("Go without a proxy")
    assert "Calls to Google go directly from now on." in page.text
    assert "network.proxy" not in (away.door.folder / FILE_NAME).read_text()
    page = await browser.press("Trust it no more")
    assert "Only the usual certificates are trusted from now on." in page.text
    assert (await away.checks())["trust"] == ("fail", "N-03")


async def tried(browser: PlainBrowser, **typed: str) -> Page:
    page = await browser.press("Try it", **typed)
    assert page.status == 200
    assert "Google cannot be reached this way." in page.text
    assert "What does this mean?" in page.text
    return page


async def test_every_way_to_fail_is_told_with_what_to_do(away: Away, browser: PlainBrowser) -> None:
    port = free_port()
    page = await tried(browser, proxy_address=f"http://127.0.0.1:{port}")
    assert page.codes() == ["N-08"], "once, though three servers were asked for"
    assert f"The proxy 127.0.0.1 does not answer on port {port}." in page.text
    page = await tried(browser, proxy_address="proxy.invalid:3128")
    assert page.codes() == ["N-01"]
    away.hop.says = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    page = await tried(browser, proxy_address=away.hop.address)
    assert page.codes() == ["N-09"]
    assert "It answered with status 403." in page.text
    away.hop.user, away.hop.password = "meetings", "right"
    page = await tried(browser, proxy_user="meetings", proxy_password="wrong")
    assert page.codes() == ["N-04"]
    assert "The user name meetings and its password were not accepted." in page.text


async def test_the_checks_go_the_same_way(away: Away, browser: PlainBrowser) -> None:
    await away.trust()
    port = free_port()
    await browser.press("Use this proxy", proxy_address=f"http://127.0.0.1:{port}")
    found = await away.checks()
    assert (found["proxy"], found["https"]) == (("ok", ""), ("fail", "N-08"))
    page = await browser.open("/diagnostics")
    assert page.status == 200
    await browser.open(HOME)
    await browser.press("Use this proxy", proxy_address="http://proxy.invalid:3128")
    assert (await away.checks())["dns"] == ("fail", "N-01")


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        (
            "proxy.example.com",
            "Address of the proxy",
            "must be an address and a port such as http://proxy.example.com:3128",
        ),
        ("https://proxy.example.com:3128", "Address of the proxy", "plain http with a proxy"),
        ("http://anna:geheim@proxy:1", "Address of the proxy", "User name and password have fields of their own"),
        ("http://proxy.example.com:0", "Address of the proxy", "must be an address and a port"),
        ("http://proxy.example.com:3128/x", "Address of the proxy", "must be an address and a port"),
    ],
)
@pytest.mark.parametrize("button", ["Use this proxy", "Try it"])
async def test_what_is_no_proxy_is_told_at_its_field(
    browser: PlainBrowser, button: str, typed: str, field: str, says: str
) -> None:
    page = await browser.press(button, proxy_address=typed)
    assert (page.status, page.codes()) == (422, ["C-14"])
    assert says.lower() in page.text.lower()
    assert page.labelled(field).attributes["aria-invalid"] == "true"
    assert page.labelled(field).value == typed
    assert "geheim" not in page.text


async def test_a_saved_password_goes_to_its_own_proxy_only(away: Away, browser: PlainBrowser) -> None:
    await away.trust()
    words = {"proxy_address": away.hop.address, "proxy_user": "meetings"}
    page = await browser.press("Use this proxy", **words)
    assert "Enter the password of this user at this proxy." in page.text
    away.hop.user, away.hop.password = "meetings", CANARY
    await browser.press("Use this proxy", **words, proxy_password=CANARY)
    page = await browser.press("Try it")
    assert "Google can be reached this way." in page.text, "the saved one is used"
    async with proxy() as other:
        page = await browser.press("Try it", proxy_address=other.address)
        assert page.status == 422
        assert "Enter the password of this user at this proxy." in page.text
        assert other.asked == []
    await browser.open(HOME)
    await browser.press("Use this proxy", proxy_user="")
    assert "network.proxy.password" not in (away.door.folder / FILE_NAME).read_text()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "There is no certificate in the file"),
        (b"\x00\xff" * 500, "There is no certificate in the file"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "A certificate in the file is damaged."),
        (company().server_key.encode(), "There is a private key in the file."),
        ((company().root + company().server_key).encode(), "There is a private key in the file."),
        (company().server.encode(), "It is the certificate of a server"),
        (company().below.encode(), "It was signed by Inspection CA 7."),
        (company("Old CA", days=-1, begins=-9).root.encode(), "Old CA is no longer valid."),
        (company("New CA", days=90, begins=9).root.encode(), "New CA is not valid yet."),
        (company().root.encode() * 11, "There are more than 10 certificates"),
        (company().root.encode() + b"#" * 70_000, "The file is larger than 64 kB."),
    ],
    ids=["empty", "garbage", "damaged", "key", "with key", "server", "below", "ended", "not yet", "many", "huge"],
)
async def test_what_is_no_root_certificate_is_refused_with_the_reason(
    away: Away, browser: PlainBrowser, file: bytes, says: str
) -> None:
    page = await browser.press("Trust this certificate", files={"root_file": file})
    assert (page.status, page.codes()) == (422, ["C-14"])
    assert says in page.text
    assert page.labelled("Root certificate").attributes["aria-invalid"] == "true"
    assert away.door.gateway.settings.config.network.root_certificate is None


async def test_the_certificate_as_windows_saves_it(browser: PlainBrowser) -> None:
    page = await browser.press("Trust this certificate", files={"root_file": ssl.PEM_cert_to_DER_cert(company().root)})
    assert "Trusted from now on" in page.text
    assert page.labelled("Root certificate") is not None


async def test_what_the_file_sets_is_locked_and_can_be_tried(away: Away, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text(company().root)
    network = replace(
        away.door.gateway.settings.config.network,
        root_certificate=RootCertificate.parse("root.pem").opened(tmp_path),
        proxy=ProxySection(address=away.hop.address),
    )
    config = Config(
        gateway=GatewaySection(data_dir=tmp_path / "data", listen=LOCAL, listen_tls=LOCAL),
        google=away.door.gateway.settings.config.google,
        network=network,
        sources={
            "network.proxy.address": "config.yaml:4",
            "network.root_certificate": "environment GATEWAY_NETWORK__ROOT_CERTIFICATE",
        },
    )
    async with office(tmp_path / "data", config) as (_, browser):
        page = await browser.open(HOME)
        assert "Set by config.yaml:4" in page.text
        assert "Set by environment variable GATEWAY_NETWORK__ROOT_CERTIFICATE" in page.text
        assert "Use this proxy" not in page.buttons()
        assert "Trust this certificate" not in page.buttons()
        assert str(tmp_path / "root.pem") in page.text
        page = await browser.press("Try it")
        assert "Google can be reached this way." in page.text
    assert away.hop.through > 0
