"""What stands between a gateway and Google in other people's networks: a proxy, and a firewall that opens TLS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import functools
import ipaddress
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LONGEST_HEAD = 8192
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Company:
    """A root certificate (PEM), one below it, and a server's with its key, signed by the root."""

    root: str
    below: str
    server: str
    server_key: str

    def context(self) -> ssl.SSLContext:
        """TLS of a server for 127.0.0.1 and localhost that the company's own root vouches for."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(self.server_key + self.server)
            file.flush()
            context.load_cert_chain(file.name)
        return context


@functools.cache
def company(name: str = "Inspection CA 7", days: int = 90, begins: int = -1) -> Company:
    """Make one; its certificates begin and end that many days from now."""
    root_key, below_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _signed(name, root_key, name, root_key, True, begins, days)
    below = _signed("Branch CA", below_key, name, root_key, True, begins, days)
    server = _signed("127.0.0.1", server_key, name, root_key, False, begins, days)
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Company(root, below, server, key.decode())


def _signed(name: str, key: Key, by: str, by_key: Key, ca: bool, begins: int, days: int) -> str:
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=begins))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by_key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(by_key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Proxy:
    """A proxy that speaks CONNECT; what it was asked, and what it does instead of connecting, if anything.

    `says` is a whole answer in place of its own; with `goes` it ends the connection without one. `user` and `password`
    are asked for when they are set. `leads` maps a target (`host:port`) to another port of this machine.
    """

    port: int = 0
    user: str = ""
    password: str = ""
    says: bytes = b""
    goes: bool = False
    leads: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    through: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.asked.append(head)
                if not await self._refused(head, writer):
                    await self._joined(head.split()[1], reader, writer)
            finally:
                writer.close()

    async def _refused(self, head: str, writer: asyncio.StreamWriter) -> bool:
        answer = self.says
        if self.user:
            word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            if f"proxy-authorization: basic {word}".lower() not in head.lower():
                answer = b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n'
                answer += b"Content-Length: 0\r\n\r\n"
        writer.write(answer)
        await writer.drain()
        return bool(answer) or self.goes

    async def _joined(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        led = self.leads.get(target)
        there, to = await asyncio.open_connection(*(("127.0.0.1", led) if led else (host.strip("[]"), int(port))))
        self.through += 1
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        try:
            await asyncio.gather(_poured(reader, to), _poured(there, writer))
        finally:
            to.close()


async def _poured(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy(**words: object) -> AsyncIterator[Proxy]:
    """A proxy on this machine until the block ends."""
    made = Proxy(**words)  # type: ignore[arg-type]
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await made.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def tls_before(port: int) -> AsyncIterator[int]:
    """The server at a port once more, behind the company's TLS; the port of that."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with contextlib.suppress(OSError):
            there, to = await asyncio.open_connection("127.0.0.1", port)
            try:
                await asyncio.gather(_poured(reader, to), _poured(there, writer))
            finally:
                to.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=company().context())
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
