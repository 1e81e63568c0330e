"""Whether anybody between could read what is said on a connection; who is at its other end is not judged here."""

from __future__ import annotations

import ipaddress

from aiohttp import web

from gateway.web.forwarded import is_for_others, says_plain_http


def is_private(request: web.Request, *, proxy_has_tls: bool) -> bool:
    """Whether the request came over TLS, or never left this machine.

    What a proxy on this machine hands on comes from elsewhere: over TLS, where the public address says so
    (`proxy_has_tls`) and the proxy does not say otherwise.
    """
    if request.secure or not both_ends_here(request):
        return request.secure
    return not is_for_others(request) or (proxy_has_tls and not says_plain_http(request))


def both_ends_here(request: web.Request) -> bool:
    """Whether both ends of the connection are this machine's own."""
    transport = request.transport
    if transport is None:
        return False
    ends = (transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
    return all(isinstance(end, tuple) and is_loopback(end[0]) for end in ends)


def is_loopback(address: str) -> bool:
    """Whether an IP address, maybe in brackets, is one of loopback; a name is none."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.is_loopback
    return parsed.is_loopback
