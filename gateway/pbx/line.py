"""One POST after the other to one PBX over TLS: the vetted address, the trusted certificate, bounded answers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.domain.polling import PollSettings
from gateway.pbx import failure
from gateway.pbx.address import AddressRefused, Resolve, system_resolve, vetted, way_to

LARGEST_ANSWER_BYTES = 1024 * 1024
_HEADERS = {
    "Content-Type": "application/json;charset=UTF-8",
    "Accept-Encoding": "identity",
    "User-Agent": "meeting-gateway",
}
_OWN_MISTAKES: tuple[tuple[str, str], ...] = (
    (
        "DH_KEY_TOO_SMALL",
        "It offers only encryption that is too weak (a short Diffie-Hellman key): renew its firmware.",
    ),
    (
        "DH_KEY_TOO_SHORT",
        "It offers only encryption that is too weak (a short Diffie-Hellman key): renew its firmware.",
    ),
    ("UNSUPPORTED_PROTOCOL", "It offers only TLS versions that are no longer safe: renew its firmware."),
    ("WRONG_VERSION_NUMBER", "What answers there speaks plain HTTP, not HTTPS."),
    ("HTTP_REQUEST", "What answers there speaks plain HTTP, not HTTPS."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How PBXs are reached.

    `ports` are allowed beside the usual ones. `allow_loopback` is for simulated PBXs on this machine. `authorities` is
    a TLS context that knows other issuers than the machine's. `timeout_s` limits one call in all.
    """

    resolve: Resolve = system_resolve
    ports: frozenset[int] = frozenset()
    allow_loopback: bool = False
    authorities: ssl.SSLContext | None = None
    timeout_s: float = 10.0


class Line:
    """`async with Line(…) as line: await line.post(b"…")`; raises PbxFailure.

    The name is resolved once, when it is opened, and only what was judged then is connected to. The certificate is
    judged in the handshake: nothing of a request leaves before. `us` is the gateway's own address on this way.
    """

    def __init__(self, device: str, settings: PollSettings, path: str, network: Network, *, port: int) -> None:
        self._device = device
        self._settings = settings
        self._profile_port = port
        self._network = network
        host = settings.address.removesuffix(".")
        self._host = host
        self._url = URL.build(scheme="https", host=host, port=settings.port, path=path)
        self._addresses: list[str] = []
        self._session: aiohttp.ClientSession | None = None
        self.us = ""

    async def __aenter__(self) -> Self:
        await self._find()
        pin = self._settings.fingerprint
        trust: ssl.SSLContext | aiohttp.Fingerprint | bool = (
            aiohttp.Fingerprint(bytes.fromhex(pin)) if pin else self._network.authorities or True
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=trust, resolver=_Known(self._addresses), use_dns_cache=False, limit=1, keepalive_timeout=30.0
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=self._network.timeout_s),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, body: bytes) -> bytes:
        """The whole answer to one request with status 200. Redirects are not followed."""
        assert self._session is not None  # noqa: S101 - within the block only
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise self._no_answer(f"What answers there is not the API (HTTP status {answer.status}).")
                return await self._bounded(answer)
        except aiohttp.ServerFingerprintMismatch as error:
            raise failure.untrusted(self._device, error.got.hex(), instead_of=self._settings.fingerprint) from None
        except aiohttp.ClientConnectorCertificateError:
            raise await self._untrusted() from None
        except aiohttp.ClientConnectorError as error:
            raise self._no_answer(_reason(error)) from None
        except TimeoutError:
            raise self._no_answer(f"It was silent for {self._network.timeout_s:g} s.") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise self._no_answer("The connection broke before the answer was whole.") from None

    async def _find(self) -> None:
        settings = self._settings
        try:
            async with asyncio.timeout(self._network.timeout_s):
                self._addresses = await vetted(
                    settings.address,
                    settings.port,
                    resolve=self._network.resolve,
                    ports=self._network.ports | {self._profile_port},
                    allow_loopback=self._network.allow_loopback,
                )
        except AddressRefused as refused:
            raise failure.refused_address(self._device, settings.address, settings.port, str(refused)) from None
        except (OSError, TimeoutError, UnicodeError):
            raise self._no_answer("No name server knows that name.") from None
        self.us = way_to(self._addresses[0])

    async def _bounded(self, answer: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for chunk in answer.content.iter_chunked(64 * 1024):
            content += chunk
            if len(content) > LARGEST_ANSWER_BYTES:
                answer.close()
                raise self._no_answer("Its answer is larger than 1 MiB, which no list of meetings is.")
        return bytes(content)

    async def _untrusted(self) -> failure.PbxFailure:
        """Tell which certificate would have to be trusted."""
        for address in self._addresses:
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                async with asyncio.timeout(self._network.timeout_s):
                    return failure.untrusted(self._device, await presented(address, self._settings.port, self._host))
        return self._no_answer("Its certificate is not trusted, and it did not show it again.")

    def _no_answer(self, reason: str) -> failure.PbxFailure:
        return failure.no_answer(self._device, self._settings.address, self._settings.port, reason)


async def presented(ip: str, port: int, name: str) -> str:
    """The SHA-256 of the certificate that is shown, in hexadecimal digits: a handshake, after which nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(ip, port, ssl=context, server_hostname=name)
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return hashlib.sha256(certificate).hexdigest()
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await writer.wait_closed()


class _Known(AbstractResolver):
    """Answers every name with the addresses that were judged."""

    def __init__(self, addresses: Collection[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver`."""
        del family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def _reason(error: aiohttp.ClientConnectorError) -> str:
    said = str(error.os_error).upper().replace(" ", "_")
    return next((text for mark, text in _OWN_MISTAKES if mark in said), "")
