"""What stands between a gateway and Google on some networks: a guest network's page and a proxy, as answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from simulator.google.page_frame import page

PORTAL_PATH = "/_sim/portal"

Interception = Literal["guest_page", "guest_redirect", "proxy"]
INTERCEPTIONS: tuple[Interception, ...] = ("guest_page", "guest_redirect", "proxy")
"""Who answers instead of Google: a page (200), a redirect to a page (302), a proxy that wants a password (407)."""


def guest_network_page() -> str:
    """The page of a guest network that wants to be agreed with first."""
    return page("Welcome", "<h1>Please accept our terms</h1><p>You are on a guest network. Press OK to go online.</p>")


def proxy_page() -> str:
    """The page of a proxy that does not know the caller."""
    return page("407", "<h1>Proxy Authentication Required</h1><p>This proxy wants a user name and a password.</p>")


def effect(by: Interception, base: str) -> Mapping[str, Any]:
    """The `do` of a fault rule that lets somebody else answer."""
    if by == "proxy":
        return {"status": 407, "body": proxy_page(), "headers": {"Proxy-Authenticate": 'Basic realm="proxy"'}}
    if by == "guest_redirect":
        return {"status": 302, "body": "", "headers": {"Location": base + PORTAL_PATH}}
    return {"html": True}
