"""Which addresses may be asked at all: what a name leads to is judged once, before anything is sent."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence

PORTS = frozenset({443, 8089, 8443})
"""Ports on which appliances serve their API: HTTPS, the UCM, the CloudUCM."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host name; OSError when there are none."""

_IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_HIDDEN_IN_V6 = tuple(
    ipaddress.ip_network(text)
    # IPv4-compatible, mapped, translated (RFC 6145), NAT64 (RFC 6052, RFC 8215), Teredo, 6to4: each leads to an IPv4
    # address that would have to be judged, and no PBX on a LAN is reached so.
    for text in (
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
    )
)
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")


class AddressRefused(Exception):
    """The gateway does not connect there; the text says why, as the end of a sentence."""


async def system_resolve(name: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def vetted(
    address: str, port: int, *, resolve: Resolve, ports: Collection[int] = (), allow_loopback: bool = False
) -> list[str]:
    """The IP addresses at which the device may be asked; the only ones to connect to from now on.

    `ports` are allowed beside `PORTS`; on a loopback address that is allowed, any port is. Raises AddressRefused when
    none may be asked, OSError when the name leads nowhere.
    """
    text = address.removesuffix(".").lower()
    literal = _literal(text)
    if literal is None and not _is_name(text):
        raise AddressRefused("that is no host name and no IP address")
    answers = [text] if literal is not None else await resolve(text, port)
    good, reason = [], "the name leads to no address"
    for answer in answers:
        found = _literal(answer)
        why = "that is no IP address" if found is None else _objection(found, allow_loopback=allow_loopback)
        if found is not None and not why:
            good.append(found)
        reason = why or reason
    if not good:
        raise AddressRefused(reason)
    if port not in PORTS | set(ports) and not all(each.is_loopback for each in good):
        allowed = ", ".join(str(each) for each in sorted(PORTS | set(ports)))
        raise AddressRefused(f"port {port} is not one of those that PBXs use ({allowed})")
    return [str(each) for each in good]


def way_to(ip: str) -> str:
    """The address of this machine from which it would call `ip`; empty when there is no way. Nothing is sent."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((ip, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def _literal(text: str) -> _IpAddress | None:
    """Only the usual ways to write an address: `127.1`, `0x7f.1` and `2130706433` are none of them."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_name(text: str) -> bool:
    # A last label of digits makes a number of the whole to many programs (WHATWG URL §4.4: "ends in a number").
    last = text.rpartition(".")[2]
    numeric = last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None
    return len(text) <= 253 and _NAME.fullmatch(text) is not None and not numeric


def _objection(ip: _IpAddress, *, allow_loopback: bool) -> str:
    """Why this address is not asked; empty when it may be."""
    if ip.is_loopback:
        return "" if allow_loopback else "that is the gateway's own machine"
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or any(ip in net for net in _HIDDEN_IN_V6)):
        return "that form of an IPv6 address hides another one"
    if ip.is_unspecified or ip in _THIS_NETWORK:
        return "that address stands for no machine"
    if ip.is_link_local or (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local):
        return "that is a link-local address, which no PBX keeps"
    if ip.is_multicast or ip.is_reserved:
        return "that is no address of a single machine"
    if way_to(str(ip)) == str(ip):  # the machine calls itself from the address it calls
        return "that is the gateway's own machine"
    return ""
