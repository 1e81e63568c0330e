"""What a proxy before us says about who is calling, and from which proxies that is believed; no page is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web
from aiohttp.http import HttpVersion11

_HEADERS = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Real-IP",
    "Forwarded",
    "Via",
)
_MOST_HOPS = 20
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(?::[0-9]{1,5})?")
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]{1,64}){1,5}")
_WITH_PORT = re.compile(r"\[(?P<six>[^\[\]]+)\](?::[0-9]{1,5})?|(?P<four>[0-9.]+):[0-9]{1,5}")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was believed of a request: the proxy that said it, and the path that it took away, empty without one."""

    proxy: str
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How somebody came: the address that counts, the one at the other end of the connection, the one that is claimed.

    `claimed` is empty without a header that claims one; `believed` says that it is the one that counts.
    """

    address: str
    peer: str
    claimed: str
    believed: bool


_HEARD: web.RequestKey[Heard] = web.RequestKey("heard", Heard)


class TrustedProxies:
    """The proxies whose word counts; `text` has addresses and networks with commas between them, none when empty.

    Only the X-Forwarded-* headers are read. `Forwarded` (RFC 7239) is not: a proxy that does not know it hands on what
    its visitor wrote.
    """

    def __init__(self, text: str = "") -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = ()
        self.use(text)

    def use(self, text: str) -> None:
        """Believe these from the next request on."""
        self._networks = tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())

    def __bool__(self) -> bool:
        return bool(self._networks)

    def heard(self, request: web.Request) -> web.Request:
        """Return the request as the visitor of a trusted proxy made it; any other as it is."""
        if not self._networks:
            return request
        peer = _address(peer_of(request))
        if peer is None or not self._has(peer):
            return request
        told = request.clone(
            remote=str(self._caller(request, peer)),
            scheme=_scheme(request) or request.scheme,
            host=_last(request, "X-Forwarded-Host", _HOST) or request.host,
        )
        told[_HEARD] = Heard(proxy=str(peer), prefix=_last(request, "X-Forwarded-Prefix", _PREFIX))
        return told

    def _caller(self, request: web.Request, peer: Address) -> Address:
        """Go back from proxy to proxy as far as each is trusted; what stands further left anybody may have written."""
        caller = peer
        for each in reversed(_values(request, "X-Forwarded-For")[-_MOST_HOPS:]):
            before = _address(each)
            if before is None:
                break
            caller = before
            if not self._has(before):
                break
        return caller

    def _has(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def peer_of(request: web.Request) -> str:
    """Return the address at the other end of the connection, whatever headers say."""
    name = request.transport.get_extra_info("peername") if request.transport is not None else None
    return str(name[0]).removeprefix("::ffff:") if isinstance(name, tuple) else ""


def is_heard(request: web.Request) -> Heard | None:
    """Return what was believed of a trusted proxy, None when the request came from nobody of the kind."""
    return request.get(_HEARD)


def is_for_others(request: web.Request) -> bool:
    """Whether a request shows that a program hands it on for somebody else; anybody may write such headers.

    A browser speaks HTTP/1.1 or later; proxies that are set up with two lines speak 1.0.
    """
    return request.version < HttpVersion11 or any(name in request.headers for name in _HEADERS)


def says_plain_http(request: web.Request) -> bool:
    """Whether whoever hands the request on says that it came to him without TLS."""
    return _scheme(request) == "http"


def visit_of(request: web.Request) -> Visit:
    """Return how somebody came, for telling it."""
    claimed = next((str(each) for each in map(_address, _values(request, "X-Forwarded-For")) if each is not None), "")
    peer = peer_of(request)
    address = (request.remote or "").removeprefix("::ffff:")
    return Visit(address=address, peer=peer, claimed=claimed, believed=is_heard(request) is not None)


def _values(request: web.Request, name: str) -> list[str]:
    """Return the values of a header, several of that name as one list (RFC 9110 section 5.3)."""
    return [each.strip() for line in request.headers.getall(name, []) for each in line.split(",")]


def _last(request: web.Request, name: str, pattern: re.Pattern[str]) -> str:
    """Return the last value of a header, which the nearest proxy wrote; empty when it is nothing of the kind."""
    value = (_values(request, name) or [""])[-1]
    return value.rstrip("/") if pattern.fullmatch(value.rstrip("/")) else ""


def _scheme(request: web.Request) -> str:
    value = (_values(request, "X-Forwarded-Proto") or [""])[-1].lower()
    return value if value in ("http", "https") else ""


def _address(text: str) -> Address | None:
    """Read an address as proxies write it: with or without port, IPv6 with or without brackets."""
    found = _WITH_PORT.fullmatch(text)
    bare = (found["six"] or found["four"]) if found is not None else text
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
