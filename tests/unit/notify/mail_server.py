"""A mail server that a test looks into: SMTP on a free port, with faults that can be chosen."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """What came, and how it answers: `refuses` maps a command, or the first word of one, to an answer."""

    port: int = 0
    letters: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    silent: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self.silent:
                await self._talk(reader, writer)
            else:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "220 mail.test ESMTP")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            word = line.split()[0].upper()
            if refused := self.refuses.get(line.upper(), self.refuses.get(word)):
                await _say(writer, refused)
            elif word == "EHLO":
                self.greeted.append(line)
                offered = ["AUTH PLAIN LOGIN"]
                if self.context is not None and writer.get_extra_info("ssl_object") is None:
                    offered.insert(0, "STARTTLS")
                await _say(writer, *(f"250-{each}" for each in ("mail.test", *offered)), "250 8BITMIME")
            elif word == "STARTTLS":
                await _say(writer, "220 go on")
                await writer.start_tls(self.context)  # type: ignore[arg-type]
            elif word == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.logins.append((user, password))
                await _say(writer, "235 welcome")
            elif word == "DATA":
                await self._data(reader, writer)
            elif word == "QUIT":
                await _say(writer, "221 bye")
                return
            else:
                await _say(writer, "250 ok")

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "354 go on")
        letter = []
        while (line := (await reader.readline()).decode()) != ".\r\n":
            letter.append(line.removeprefix("."))
        self.letters.append("".join(letter))
        self.encrypted.append(writer.get_extra_info("ssl_object") is not None)
        await _say(writer, self.refuses.get(".", "250 taken"))


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


@asynccontextmanager
async def mail_server(*, tls: bool = False, context: ssl.SSLContext | None = None) -> AsyncIterator[MailServer]:
    """Serve until the block ends; with `tls` the whole connection is encrypted with `context`."""
    mail = MailServer(context=None if tls else context)
    server = await asyncio.start_server(mail.serve, "127.0.0.1", 0, ssl=context if tls else None)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        server.close()


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the settings of a server called 127.0.0.1, and those of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)
