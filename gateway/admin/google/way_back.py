"""What a browser will show after Allow at Google: this gateway, or the error page that means success; pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """What happens in the browser after Allow.

    `way` is `automatic` (back to this very page), `shown` (to a page of ours that shows the code) or `unreachable`.
    """

    way: str
    host: str
    port: str
    loopback: str
    shown: str


def returns(redirect: str, *, page: str, from_loopback: bool, own: frozenset[str]) -> Returns:
    """Judge what a browser that shows this gateway at `page` will see at the `redirect` address.

    `own` are the origins under which this gateway is reached by everybody, and on the machine itself.
    """
    parts = urlsplit(redirect)
    origin = origin_of(redirect)
    if origin == origin_of(page):
        way = "automatic"
    elif origin in own and (not _is_loopback(parts.hostname or "") or from_loopback):
        way = "shown"
    else:
        way = "unreachable"
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    host = parts.hostname or ""
    return Returns(
        way=way,
        host=host,
        port=port,
        loopback=host if _is_loopback(host) else "localhost",
        shown=f"{parts.netloc[:24]}/oauth/...",
    )


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, with the port always named."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
