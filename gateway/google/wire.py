"""The one way out to Google: the shared session and bounded calls on it; what an answer means is not decided here."""

from __future__ import annotations

import functools
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from gateway import __version__
from gateway.google import network
from gateway.google.network import PresentedIssuers
from gateway.google.way_out import Hop, WayOut

if TYPE_CHECKING:
    from gateway.config import GoogleEndpoints

LARGEST_BODY_BYTES = 1024 * 1024
"""No answer that we ask for is near this size; a larger one does not come from Google."""

USER_AGENT = f"meeting-gateway/{__version__} (gzip)"
"""Google compresses only for clients whose User-Agent says gzip as well (Calendar API performance tips)."""

_CONNECT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. `retry_after` and `date` are the headers of those names; `body` may hold secrets."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    date: str | None = None


class NoAnswer(Exception):
    """No whole answer came from `host`.

    `code` is the catalogue code of the reason, `values` what its entry needs. `sent` is False only when the request
    certainly never left this machine (no address, no connection, no trusted TLS).
    """

    def __init__(self, code: str, host: str, *, sent: bool, values: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code} {host}")
        self.code = code
        self.host = host
        self.sent = sent
        self.values = {"host": host, **(values or {})}


class _AnswerLost(aiohttp.ClientConnectionError):
    """The connection broke after the request had been written."""


def google_session(endpoints: GoogleEndpoints, timeout_s: float, way: WayOut | None = None) -> aiohttp.ClientSession:
    """Make the session for all calls to Google, each limited to `timeout_s` in all; the caller closes it.

    It has one TLS context, that of the `way` or one that is made here, and only when some endpoint needs one: loading
    the CA store costs time and memory. It keeps no cookies and ignores proxies and credentials of the environment.
    """
    addresses = (endpoints.authorize, endpoints.token, endpoints.revoke, endpoints.userinfo, endpoints.calendar)
    secure = any(address.startswith("https:") for address in addresses)
    context = way.context if way is not None else None
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=(context or ssl.create_default_context()) if secure else True,
            limit=32,
            limit_per_host=16,
            keepalive_timeout=60.0,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        timeout=_limits(timeout_s),
        middlewares=(_once,),
        trust_env=False,
    )


class Wire:
    """Calls with a time limit and a size limit on a session that belongs to somebody else, by the `way` out."""

    def __init__(self, session: aiohttp.ClientSession, timeout_s: float, way: WayOut | None = None) -> None:
        self.timeout_s = timeout_s
        self._way = way or WayOut()
        self._session = session
        self._limits = _limits(timeout_s)
        self._presented = PresentedIssuers(timeout_s)

    async def call(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request once and return the whole answer, whatever its status. Raises NoAnswer.

        `address` is used as it is: its parts are percent-encoded by the caller. Redirects are not followed.
        """
        url = _url(address, tuple(query.items()) if query else ())
        host = url.host or ""
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=self._limits,
                **self._way.options(url),
            ) as response:
                content = await _bounded(response)
                if content is None:
                    raise NoAnswer("G-412", host, sent=True)
                return Answer(
                    status=response.status,
                    body=content,
                    retry_after=response.headers.get("Retry-After"),
                    date=response.headers.get("Date"),
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise await self._silence(error, url) from error

    async def _silence(self, error: Exception, url: URL) -> NoAnswer:
        """Name the reason why there was no answer, as closely as this machine can tell."""
        host, port = url.host or "", url.port or 443
        hop = self._way.hop(url)
        if hop is not None and (at_the_proxy := _at_the_proxy(error, host, hop)) is not None:
            return at_the_proxy
        match error:
            case aiohttp.ClientConnectorDNSError():
                # Without a way out no name server can be reached either: that is not the name's fault.
                if not network.has_way_out():
                    return NoAnswer("N-06", host, sent=False)
                return NoAnswer("N-01", host, sent=False, values={"servers": network.name_servers()})
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
                issuer = await self._presented.issuer(host, port, hop)
                return NoAnswer("N-03", host, sent=False, values={"issuer": issuer})
            case aiohttp.ClientConnectorError() if network.is_offline(error.os_error):
                return NoAnswer("N-06", host, sent=False)
            case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
                return NoAnswer("N-02", host, sent=False, values={"port": str(port)})
        return NoAnswer("N-02", host, sent=True, values={"port": str(port)})


def _at_the_proxy(error: Exception, host: str, hop: Hop) -> NoAnswer | None:
    """Return why a call to `host` did not get beyond the proxy; None when something else went wrong."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return NoAnswer("N-01", hop.host, sent=False, values={"servers": network.name_servers()})
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return None
        case aiohttp.ClientHttpProxyError(status=407):
            return NoAnswer("N-04", host, sent=False, values={"user": hop.user} if hop.user else {})
        case aiohttp.ClientHttpProxyError():
            values = {"proxy": hop.shown, "status": str(error.status)}
            return NoAnswer("N-09", host, sent=False, values=values)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return NoAnswer("N-08", hop.host, sent=False, values={"port": str(hop.port)})
        case TimeoutError():  # who was slow, the proxy or Google, cannot be told
            return None
    return NoAnswer("N-09", host, sent=True, values={"proxy": hop.shown})


def json_object(body: bytes) -> dict[str, object] | None:
    """Read a JSON object; None for anything else, such as the page of a captive portal."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@functools.lru_cache(maxsize=32)  # writes to one calendar go to one address, which takes long to put together
def _url(address: str, query: tuple[tuple[str, str], ...]) -> URL:
    url = URL(address, encoded=True)
    return url.with_query(query) if query else url


def _limits(timeout_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(_CONNECT_TIMEOUT_S, timeout_s))


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again by itself.

    aiohttp repeats GET, PUT and DELETE once when the connection breaks before the answer (RFC 9112 section 9.3.1), on
    new connections too. A repeat that nobody sees would turn "applied, answer lost" into 412 or 410 and hide it from
    the outbox, which looks before it repeats. aiohttp repeats on two exception classes only; the one raised here is
    neither.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _AnswerLost(type(error).__name__) from error


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """Read a body up to the limit, counted after decompression; None when there is more."""
    content = bytearray()
    while chunk := await response.content.readany():
        content += chunk
        if len(content) > LARGEST_BODY_BYTES:
            response.close()
            return None
    return bytes(content)
