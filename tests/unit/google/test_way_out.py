"""The way out to Google through a real proxy and past a firewall that opens TLS, and what is told when it fails."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway import messages
from gateway.config import GoogleEndpoints, NetworkSection, ProxySection, Secret
from gateway.config.root_certificate import RootCertificate
from gateway.google.way_out import WayOut
from gateway.google.wire import NoAnswer, Wire, google_session
from tests.ports import free_port
from tests.unit.google.raw_google import RawGoogle, answer
from tests.way_out import Proxy, company, proxy, tls_before

TRUSTED = RootCertificate(pem=company().root)
HOSTS = GoogleEndpoints()


def network(address: str = "", *, user: str = "", password: str = "", trusts: bool = True) -> NetworkSection:
    section = (
        ProxySection(address=address, user=user or None, password=Secret(password) if password else None)
        if address
        else None
    )
    return NetworkSection(proxy=section, root_certificate=TRUSTED if trusts else None)


@asynccontextmanager
async def wire(said: NetworkSection, timeout_s: float = 20.0) -> AsyncIterator[tuple[Wire, WayOut]]:
    way = WayOut(said)
    async with google_session(HOSTS, timeout_s, way) as session:
        yield Wire(session, timeout_s, way), way


async def silence(said: NetworkSection, address: str, timeout_s: float = 20.0) -> NoAnswer:
    async with wire(said, timeout_s) as (made, _):
        with pytest.raises(NoAnswer) as caught:
            await made.call("POST", address, body=b"")
    return caught.value


@pytest.fixture
async def secure(raw_google: RawGoogle) -> AsyncIterator[str]:
    """The address of the raw server over TLS."""
    async with tls_before(int(raw_google.base.rpartition(":")[2])) as port:
        yield f"https://127.0.0.1:{port}"


@pytest.fixture
async def hop() -> AsyncIterator[Proxy]:
    async with proxy() as made:
        yield made


async def test_a_call_goes_through_the_proxy_and_the_proxy_reads_nothing(
    raw_google: RawGoogle, secure: str, hop: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "*")
    hop.user, hop.password = "meetings", "canary-pässword"
    async with wire(network(hop.address, user="meetings", password="canary-pässword")) as (made, _):
        for _ in range(3):
            raw_google.will(answer(200, '{"a": 1}'))
            got = await made.call("POST", f"{secure}/token", headers={"Authorization": "Bearer canary"}, body=b"canary")
            assert (got.status, got.body) == (200, b'{"a": 1}')
    assert hop.through == 1, "one connection is used again"
    assert len(hop.asked) == 1
    assert hop.asked[0].startswith(f"CONNECT {secure.removeprefix('https://')} HTTP/1.1\r\n")
    assert "canary" not in hop.asked[0]
    assert "Bearer" not in hop.asked[0]
    assert len(raw_google.seen) == 3
    assert all("Proxy-Authorization" not in each.headers for each in raw_google.seen)


async def test_without_a_proxy_the_environment_names_none(
    raw_google: RawGoogle, secure: str, hop: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, hop.address)
    raw_google.will(answer(200, "{}"))
    async with wire(network()) as (made, _):
        assert (await made.call("POST", f"{secure}/token")).status == 200
    assert hop.asked == []


async def test_plain_http_on_this_machine_never_takes_the_proxy(raw_google: RawGoogle, hop: Proxy) -> None:
    raw_google.will(answer(200, "{}"))
    async with wire(network(hop.address)) as (made, _):
        assert (await made.call("POST", raw_google.base)).status == 200
    assert hop.asked == []


async def test_the_way_changes_from_the_next_call_on(raw_google: RawGoogle, secure: str, hop: Proxy) -> None:
    async with wire(network(trusts=False)) as (made, way):
        with pytest.raises(NoAnswer) as caught:
            await made.call("POST", secure)
        assert caught.value.code == "N-03"
        for said, through in ((network(), 0), (network(hop.address), 1), (network(), 1)):
            way.use(said)
            raw_google.will(answer(200, "{}"))
            assert (await made.call("POST", secure)).status == 200
            assert hop.through == through
        way.use(network(trusts=False))
        with pytest.raises(NoAnswer) as caught:
            await made.call("POST", secure)
        assert caught.value.code == "N-03", "nor is a connection used that was opened while it was trusted"


async def test_one_context_of_tls_is_shared_and_made_once() -> None:
    way = WayOut(network())
    before = way.context
    way.use(network("http://proxy.example.com:3128"))
    assert way.context is before is not None
    assert before.verify_mode.name == "CERT_REQUIRED"
    assert before.check_hostname
    assert before.cert_store_stats()["x509_ca"] > 1, "beside the usual ones"


async def test_who_issued_a_certificate_is_seen_through_the_proxy(secure: str, hop: Proxy) -> None:
    hop.user, hop.password = "meetings", "secret"
    met = await silence(network(hop.address, user="meetings", password="secret", trusts=False), secure)
    assert (met.code, met.sent, met.values["issuer"]) == ("N-03", False, "Inspection CA 7")
    assert all("CONNECT" in each for each in hop.asked)


@pytest.mark.parametrize("user", ["", "meetings"])
async def test_a_proxy_that_wants_another_password(secure: str, hop: Proxy, user: str) -> None:
    hop.user, hop.password = "meetings", "right"
    met = await silence(network(hop.address, user=user, password="wrong" if user else ""), secure)
    assert (met.code, met.sent) == ("N-04", False)
    text = str(messages.text(met.code, **met.values))
    assert ("The user name meetings and its password were not accepted." in text) == bool(user)
    assert "wrong" not in text


@pytest.mark.parametrize("status", [403, 502, 503, 400, 302, 200_1])
async def test_a_proxy_that_does_not_connect_us(secure: str, hop: Proxy, status: int) -> None:
    hop.says = f"HTTP/1.1 {str(status)[:3]} No\r\nContent-Length: 0\r\n\r\n".encode()
    if status == 200_1:
        hop.says = b"SSH-2.0-OpenSSH_9.2\r\n"
    met = await silence(network(hop.address), secure)
    assert met.code == "N-09"
    text = str(messages.text(met.code, **met.values))
    assert f"The proxy 127.0.0.1:{hop.port} does not let the gateway through to 127.0.0.1." in text
    assert (f"It answered with status {status}." in text) == (status != 200_1)
    assert met.sent == (status == 200_1)


async def test_a_proxy_that_hangs_up(secure: str, hop: Proxy) -> None:
    hop.goes = True
    assert (await silence(network(hop.address), secure)).code == "N-09"


async def test_a_proxy_that_is_not_there(secure: str) -> None:
    port = free_port()
    met = await silence(network(f"http://127.0.0.1:{port}"), secure)
    assert (met.code, met.sent) == ("N-08", False)
    assert f"The proxy 127.0.0.1 does not answer on port {port}." in str(messages.text(met.code, **met.values))


async def test_a_proxy_whose_name_nobody_knows(secure: str) -> None:
    met = await silence(network("http://proxy.invalid:3128"), secure)
    assert (met.code, met.host, met.sent) == ("N-01", "proxy.invalid", False)


async def test_a_proxy_that_never_answers_ends_with_the_time(secure: str) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        met = await silence(network(f"http://127.0.0.1:{port}"), secure, 0.3)
    # On a machine that is very slow the time may end before the connection is there.
    assert met.code in ("N-02", "N-08")


def test_the_password_is_in_no_text_of_the_way() -> None:
    way = WayOut(network("http://proxy.example.com:3128", user="meetings", password="canary"))
    word = base64.b64encode(b"meetings:canary").decode()
    shown = repr(vars(way)["_hop"])
    assert "canary" not in shown
    assert word not in shown
