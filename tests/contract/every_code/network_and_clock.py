"""Ways to the codes N-01 to N-09: real sockets that fail between the gateway and Google, and clocks that differ."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.domain.actor import Actor
from tests.contract.every_code.scene import Desk, Scene
from tests.contract.every_code.ways import reaches
from tests.journey.page_office import CLIENT_ID, SECRET
from tests.journey.plain_browser import Page
from tests.ports import free_port
from tests.way_out import proxy as a_proxy

NOT_A_NAME = "oauth2.googleapis.invalid"
"""No name server ever knows it (RFC 6761 section 6.4)."""

NOWHERE = "255.255.255.255"
"""The kernel has no way for a connection there, as for any address on a machine without a network."""

AHEAD_S = 300


async def saved(desk: Desk) -> Page:
    """Save a client; it is kept, and then Google is asked about it."""
    page = await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
    assert page.status == 200
    assert "Saved, but Google does not accept it yet." in page.text
    assert desk.gateway.stored.apps.current().complete
    return page


@reaches("N-01", "card 1: Save, with a token endpoint whose name is not known", f"The name {NOT_A_NAME} can't")
async def no_name(scene: Scene) -> Page:
    return await saved(await scene.open({"token": f"https://{NOT_A_NAME}/token"}))


@reaches("N-02", "card 1: Save, with a token endpoint whose port is closed", "127.0.0.1 does not answer on port")
async def closed(scene: Scene) -> Page:
    return await saved(await scene.open({"token": f"https://127.0.0.1:{free_port()}/token"}))


@reaches(
    "N-03",
    "card 1: Save, with a token endpoint whose certificate nobody trusts",
    "The certificate of 127.0.0.1 is not trusted. Issuer: Inspection CA 7.",
)
async def certificate(scene: Scene) -> Page:
    port, got = await scene.enter(tls_server(inspecting(scene.folder)))
    page = await saved(await scene.open({"token": f"https://127.0.0.1:{port}/token"}))
    assert b"".join(got) == b"", "nothing but the handshake reaches a server that is not trusted"
    return page


def let_through(desk: Desk) -> None:
    desk.google.do.clear_faults()


@reaches("N-04", "card 1: Save, through a proxy that answers 407", mend=let_through)
async def proxy(scene: Scene) -> Page:
    desk = await scene.open()
    desk.google.do.intercept("proxy", operation="token")
    return await saved(desk)


def right_clock(desk: Desk) -> None:
    desk.google.do.set_clock(skew_s=0)


@reaches("N-05", "card 3: Use this account, with a clock that is off", "The clock of this gateway is", mend=right_clock)
async def clock(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.save_client()
    await desk.authorize()
    desk.google.do.set_clock(skew_s=-AHEAD_S)
    page = await desk.browser.press("Use this account")
    assert any(f"{AHEAD_S + late} s ahead." in page.text for late in range(120)), page.text
    assert desk.account() is not None
    return page


@reaches("N-06", "card 1: Save, on a machine whose kernel knows no way there")
async def offline(scene: Scene) -> Page:
    return await saved(await scene.open({"token": f"https://{NOWHERE}/token"}))


async def behind(scene: Scene, proxy: str) -> Desk:
    """A gateway whose calls to Google go through a proxy; what they are about they never reach."""
    desk = await scene.open({"token": f"https://127.0.0.1:{free_port()}/token"})
    await desk.gateway.settings.save({"network.proxy.address": proxy}, Actor(name="test"))
    return desk


@reaches("N-08", "card 1: Save, with a proxy whose port is closed", "The proxy 127.0.0.1 does not answer on port")
async def no_proxy(scene: Scene) -> Page:
    return await saved(await behind(scene, f"http://127.0.0.1:{free_port()}"))


@reaches(
    "N-09",
    "card 1: Save, with a proxy whose rules forbid it",
    "does not let the gateway through to 127.0.0.1. It answered with status 403.",
)
async def forbidden(scene: Scene) -> Page:
    hop = await scene.enter(a_proxy(says=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))
    page = await saved(await behind(scene, hop.address))
    assert hop.asked[0].startswith("CONNECT 127.0.0.1:")
    return page


def inspecting(folder: Path) -> ssl.SSLContext:
    """TLS of a server that stands in for another one, as a company's inspection does."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inspection CA 7")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.public_bytes(serialization.Encoding.PEM)
    (folder / "inspecting.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "inspecting.pem")
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
