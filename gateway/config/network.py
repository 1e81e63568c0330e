"""What the settings of the way in and out accept: a proxy and its user, proxies before us; nothing is called."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from gateway.config.values import Refused, device_address
from gateway.messages.languages import tr

MOST_PROXIES = 20


def proxy_address(text: str) -> str:
    """The address of a proxy that is asked with CONNECT: `http://host:port`; returned with scheme, without a slash."""
    found = re.fullmatch(r"(?:http://)?(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\s]+):([0-9]{1,5})/?", text)
    if found is not None and 0 < int(found[2]) <= 65_535:
        try:
            host = device_address(found[1])
        except Refused:
            pass
        else:
            return f"http://[{host}]:{found[2]}" if ":" in host else f"http://{host}:{found[2]}"
    if "@" in text:
        raise Refused(tr(": User name and password have fields of their own. Enter the address without them."))
    if text.lower().startswith("https://"):
        raise Refused(
            tr(": The gateway speaks plain http with a proxy. What it says to Google is encrypted all the same.")
        )
    raise Refused(tr("must be an address and a port such as http://proxy.example.com:3128"))


def proxy_user(text: str) -> str:
    """The user name that a proxy asks for; a colon would end it (RFC 7617 §2)."""
    if 1 <= len(text) <= 254 and text.isprintable() and text == text.strip() and ":" not in text:
        return text
    raise Refused(tr("must be one line of 1 to 254 characters without a colon"))


def networks(text: str) -> str:
    """1 to 20 IP addresses or networks with commas between them; returned in their usual form."""
    every = [each.strip() for each in text.split(",")]
    if not 1 <= len(every) <= MOST_PROXIES:
        raise Refused(tr("must be 1 to 20 IP addresses or networks with commas between them"))
    return ", ".join(
        str(each.network_address) if each.num_addresses == 1 else str(each) for each in map(_network, every)
    )


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        expected = tr("must be IP addresses or networks with commas between them, such as 192.0.2.10, 10.1.0.0/16")
        raise Refused(expected) from None
    if found.prefixlen == 0:
        raise Refused(
            tr(
                ": %(network)s is everybody. Name the proxies only: anybody else could write what they say.",
                network=text,
            )
        )
    return found
