"""Every way in which the way to Google can be broken, met with real sockets, and what an admin is told about it."""

from __future__ import annotations

import asyncio
import datetime
import json
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import messages
from gateway.config import GoogleEndpoints
from gateway.google import network
from gateway.google.failures import (
    Operation,
    classify,
    classify_silence,
    classify_token,
    sign_in_error,
    sign_in_silence,
)
from gateway.google.network import PresentedIssuers
from gateway.google.wire import NoAnswer, Wire, google_session
from tests.unit.google.raw_google import RawGoogle, answer

ROOT = Path(__file__).parents[3]


async def silence_of(address: str, timeout_s: float = 5.0) -> NoAnswer:
    async with google_session(GoogleEndpoints(), timeout_s) as session:
        with pytest.raises(NoAnswer) as caught:
            await Wire(session, timeout_s).call("POST", address, body=b"")
    return caught.value


def said(silence: NoAnswer) -> str:
    """The sentence for people; the outbox and the sign-in say the same."""
    error = sign_in_silence(silence)
    assert (error.code, str(error)) == (silence.code, classify_silence(Operation.LOOK, silence).text)
    assert str(messages.text(error.code, **error.values)) == str(error), "a page can show the whole entry"
    return str(error)


async def test_a_refused_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        silence = await silence_of(f"http://127.0.0.1:{port}/token")
    assert (silence.code, silence.sent) == ("N-02", False)
    assert said(silence).startswith(f"127.0.0.1 does not answer on port {port}.")


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full, so the kernel drops every packet."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(3):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
            waiting.append(caller)
        yield full.getsockname()[1]
        for caller in waiting:
            caller.close()


async def test_a_port_that_swallows_everything() -> None:
    with black_hole() as port:
        silence = await silence_of(f"http://127.0.0.1:{port}/token", timeout_s=0.3)
    assert silence.code == "N-02"
    assert "does not answer on port" in said(silence)


def certificate(folder: Path, issuer: str) -> ssl.SSLContext:
    """A server's TLS, with a certificate that nobody here trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]))
        .issuer_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "MyCompany"),
                    *([x509.NameAttribute(NameOID.COMMON_NAME, issuer)] if issuer else []),
                ]
            )
        )
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@asynccontextmanager
async def tls_server(context: ssl.SSLContext) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server behind that TLS, and what it was sent inside of it."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], got


@pytest.mark.parametrize(("issuer", "shown"), [("Inspection CA 7", "Inspection CA 7"), ("", "MyCompany")])
async def test_a_certificate_of_a_company_that_inspects(tmp_path: Path, issuer: str, shown: str) -> None:
    async with tls_server(certificate(tmp_path, issuer)) as (port, got):
        silence = await silence_of(f"https://127.0.0.1:{port}/token")
    assert (silence.code, silence.sent) == ("N-03", False)
    assert f"The certificate of 127.0.0.1 is not trusted. Issuer: {shown}." in said(silence)
    assert b"".join(got) == b"", "nothing but the handshake reaches a server that is not trusted"


async def test_the_issuer_is_asked_for_once(tmp_path: Path) -> None:
    presented = PresentedIssuers(5.0)
    async with tls_server(certificate(tmp_path, "Inspection CA")) as (port, _):
        assert await presented.issuer("127.0.0.1", port) == "Inspection CA"
    assert await presented.issuer("127.0.0.1", port) == "Inspection CA", "the server is gone by now"
    assert await presented.issuer("127.0.0.1", 1) == ""


async def test_no_tls_at_all_is_no_certificate(raw_google: RawGoogle) -> None:
    silence = await silence_of(raw_google.base.replace("http:", "https:"))
    assert silence.code == "N-03"
    assert "Issuer" not in said(silence)


@pytest.mark.parametrize("body", ["<html><h1>Proxy Authentication Required</h1></html>", "", '{"a": 1}'])
async def test_a_proxy_that_wants_a_password(raw_google: RawGoogle, session: aiohttp.ClientSession, body: str) -> None:
    raw_google.will(answer(407, body, {"Proxy-Authenticate": "Basic"}))
    got = await Wire(session, 5.0).call("POST", raw_google.base)
    assert sign_in_error(got, redirect_uri="", now_s=0).code == "N-04"
    assert classify(Operation.INSERT, got, now_s=0).code == "N-04"
    assert classify_token(got, now_s=0).code == "N-04"


async def test_a_page_in_between_is_quoted_without_what_it_repeats(
    raw_google: RawGoogle, session: aiohttp.ClientSession
) -> None:
    code = "4/0AVMBsJhq7-xYz_0123456789abcdefghij"
    page = (
        "<html><head><title>Hotel &amp; Guests</title><style>p{}</style><script>alert(1)</script></head>"
        f'<body onload="x()"><p>Sign in to use "the network", you sent {code}<p>' + "word " * 99
    )
    raw_google.will(answer(200, page))
    got = await Wire(session, 5.0).call("POST", raw_google.base)
    error = sign_in_error(got, redirect_uri="", now_s=0)
    assert error.code == "G-412"
    assert "First words: \"Hotel & Guests Sign in to use 'the network', you sent … word" in str(error)
    for never in (code, "<", "alert", "p{}"):
        assert never not in str(error)
    assert len(error.values["snippet"]) <= 80


async def test_a_name_that_cannot_be_resolved() -> None:
    silence = await silence_of("http://google.invalid/token")
    assert (silence.code, silence.sent) == ("N-01", False)
    servers = network.name_servers()
    assert said(silence).startswith("The name google.invalid can't be resolved.")
    assert servers in said(silence)


OFFLINE = """\
import asyncio, json
from gateway.config import GoogleEndpoints
from gateway.google.wire import NoAnswer, Wire, google_session

async def told():
    async with google_session(GoogleEndpoints(), 20.0) as session:
        for address in ("http://198.51.100.7/token", "http://google.invalid/token"):
            try:
                await Wire(session, 20.0).call("POST", address)
            except NoAnswer as silence:
                yield silence.code, silence.sent

async def main():
    print(json.dumps([each async for each in told()]))

asyncio.run(main())
"""


@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run(["unshare", "-rn", "true"], check=False).returncode != 0,
    reason="needs a network namespace of its own",
)
def test_a_machine_without_any_network() -> None:
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", OFFLINE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [["N-06", False], ["N-06", False]]
    assert "No internet connection" in str(messages.text("N-06", host="x"))


ROUTE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
NEIGHBOURS = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
SIX = "{} 00 {} 00 {} 00000400 00000003 00000000 00000003 {}\n"


@pytest.mark.parametrize(
    ("four", "six", "out"),
    [
        (ROUTE + DEFAULT + NEIGHBOURS, "", True),
        (ROUTE + NEIGHBOURS, "", False),
        (ROUTE, SIX.format("0" * 32, "0" * 32, "fe80".ljust(32, "0"), "eth0"), True),
        (ROUTE, SIX.format("0" * 32, "0" * 32, "0" * 32, "lo"), False),
        (ROUTE, SIX.format("fe80".ljust(32, "0"), "0" * 32, "0" * 32, "eth0"), False),
        (None, None, True),
    ],
)
def test_a_way_out_is_a_default_route(tmp_path: Path, four: str | None, six: str | None, out: bool) -> None:
    files = (tmp_path / "route", tmp_path / "ipv6_route")
    for file, text in zip(files, (four, six), strict=True):
        if text is not None:
            file.write_text(text)
    assert network.has_way_out(files) is out


def test_name_servers_are_read_as_the_resolver_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    assert network.name_servers(file) == ""
    file.write_text("# nameserver 1.1.1.1\nsearch lan\nnameserver 192.168.1.1\n nameserver fe80::1%eth0\n")
    assert network.name_servers(file) == "192.168.1.1, fe80::1%eth0"
