"""Whether the servers of the calendar can be reached from here, signed in or not; what that means is told elsewhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from yarl import URL

from gateway.clock import Clock
from gateway.config import GoogleEndpoints, NetworkSection
from gateway.google.answers import clock_difference_s
from gateway.google.network import name_servers
from gateway.google.way_out import WayOut
from gateway.google.wire import NoAnswer, Wire, google_session

CALL_S = 8.0
UNTRUSTED = "N-03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What became of a call to a server (host and port); `code` and `values` say why it did not answer, if so.

    `secure` says that the call was one over TLS, `clock_difference_s` how far our clock is ahead of the server's, None
    when it told no time.
    """

    server: str
    secure: bool
    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    clock_difference_s: float | None = None


async def reached(
    endpoints: GoogleEndpoints, clock: Clock, network: NetworkSection | None = None
) -> tuple[Reached, ...]:
    """Ask every server for anything, side by side: whatever it answers, it was reached. Raises nothing.

    `network` says how calls leave; without it they go directly.
    """
    way = WayOut(network)
    session = google_session(endpoints, CALL_S, way)

    async def one(server: str, address: str) -> Reached:
        secure = address.startswith("https:")
        try:
            answer = await Wire(session, CALL_S, way).call("GET", address)
        except NoAnswer as silence:
            return Reached(server=server, secure=secure, code=silence.code, values=silence.values)
        difference_s = clock_difference_s(answer.date, clock.now_ms() / 1000)
        return Reached(server=server, secure=secure, clock_difference_s=difference_s)

    try:
        return tuple(await asyncio.gather(*(one(*each) for each in _addresses(endpoints).items())))
    finally:
        await session.close()


async def unknown_name(endpoints: GoogleEndpoints, network: NetworkSection | None = None) -> tuple[str, str]:
    """Return the first server's name that cannot be resolved, and the DNS servers asked; both empty when all can."""
    loop = asyncio.get_running_loop()
    for host in names(endpoints, network):
        try:
            async with asyncio.timeout(CALL_S):
                await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            return host, name_servers()
    return "", ""


def names(endpoints: GoogleEndpoints, network: NetworkSection | None = None) -> list[str]:
    """Return the names that this machine has to know: those of the servers, or that of the proxy, which knows them."""
    way = WayOut(network)
    hops = [(URL(each), way.hop(URL(each))) for each in _addresses(endpoints).values()]
    return sorted({url.host or "" if hop is None else hop.host for url, hop in hops})


def _addresses(endpoints: GoogleEndpoints) -> dict[str, str]:
    """One address for each host and port that meetings and sign-ins need."""
    every = (endpoints.authorize, endpoints.token, endpoints.calendar)
    return {urlsplit(each).netloc: each for each in every}
