"""What this machine can tell about a way to Google that does not work; nothing of a request is ever sent here."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import ssl
from pathlib import Path

from gateway.google.way_out import Hop

RESOLVER_FILE = Path("/etc/resolv.conf")
ROUTE_FILES = (Path("/proc/net/route"), Path("/proc/net/ipv6_route"))

_OFFLINE = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
_REMEMBERED_S = 600.0


def name_servers(file: Path = RESOLVER_FILE) -> str:
    """Return the DNS servers of this machine, separated by commas; empty when they are not known."""
    try:
        text = file.read_text("ascii", "replace")
    except OSError:
        return ""
    return ", ".join(re.findall(r"^\s*nameserver\s+(\S{1,64})", text, re.MULTILINE)[:3])


def has_way_out(files: tuple[Path, ...] = ROUTE_FILES) -> bool:
    """Whether this machine has a default route (`/proc/net`); True when that cannot be told."""
    known = False
    for file in files:
        with contextlib.suppress(OSError):
            lines = file.read_text("ascii", "replace").splitlines()
            known = True
            if any(_is_default(line.split()) for line in lines):
                return True
    return not known


def is_offline(error: OSError) -> bool:
    """Whether a connection failed because this machine has no way to the network at all."""
    return error.errno in _OFFLINE


def _is_default(fields: list[str]) -> bool:
    """Read a line of `route` (destination, gateway, and mask in hex) or of `ipv6_route` (ends with the device)."""
    if len(fields) >= 11:  # route: Iface Destination Gateway Flags RefCnt Use Metric Mask …
        return fields[1] == "00000000" and fields[7] == "00000000"
    return len(fields) == 10 and fields[0] == "0" * 32 and fields[1] == "00" and fields[9] != "lo"


class PresentedIssuers:
    """Who issued the certificate that a host presents, for telling an admin which one is not trusted.

    One handshake without a request, at most one for each host in ten minutes; nothing is trusted because of it.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = min(timeout_s, 5.0)
        self._known: dict[tuple[str, int], tuple[float, str]] = {}

    async def issuer(self, host: str, port: int, hop: Hop | None = None) -> str:
        """Return the issuer's name, seen through the proxy if there is one; empty when it cannot be had."""
        loop = asyncio.get_running_loop()
        known = self._known.get((host, port))
        if known is not None and loop.time() - known[0] < _REMEMBERED_S:
            return known[1]
        found = ""
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(self._timeout_s):
                found = _issuer(await _presented(host, port, hop))
        self._known[host, port] = (loop.time(), found)
        return found


async def _presented(host: str, port: int, hop: Hop | None) -> bytes:
    """Return the certificate (DER) that is presented, whoever made it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(*((hop.host, hop.port) if hop is not None else (host, port)))
    try:
        if hop is not None:
            await _connect(reader, writer, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", hop)
        await writer.start_tls(context, server_hostname=host)
        connection = writer.get_extra_info("ssl_object")
        return connection.getpeercert(binary_form=True) or b""
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await writer.wait_closed()


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, hop: Hop) -> None:
    """Have a proxy connect us (RFC 9110 section 9.3.6). Raises OSError or ValueError when it does not."""
    word = f"Proxy-Authorization: Basic {hop.word.reveal()}\r\n" if hop.word is not None else ""
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{word}\r\n".encode("ascii"))
    await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ConnectionError("the proxy gave no answer") from error
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionError("the proxy does not connect us")


def _issuer(certificate: bytes) -> str:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = x509.load_der_x509_certificate(certificate).issuer
    for wanted in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for found in name.get_attributes_for_oid(wanted):
            text = "".join(c for c in str(found.value) if c.isprintable())
            return text[:80]
    return name.rfc4514_string()[:80]
