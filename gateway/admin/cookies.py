"""The names and attributes of our cookies, over TLS and without it; what they stand for is known to `access`."""

from __future__ import annotations

from aiohttp import web

from gateway.access.tokens import is_cookie
from gateway.admin.below import base_of, over_tls

SESSION = ("__Host-gateway", "gateway_session")
VISITOR = ("__Host-gateway-visitor", "gateway_visitor")
"""Names over TLS and without it. A browser gives `__Host-` names only to cookies that this very host set over TLS."""


def read(request: web.Request, names: tuple[str, str]) -> str:
    """Return the value that this kind of connection may carry, or nothing."""
    value = request.cookies.get(names[0] if request.secure else names[1], "")
    return value if is_cookie(value) else ""


def put(request: web.Request, response: web.StreamResponse, names: tuple[str, str], value: str) -> None:
    """Set a cookie that ends with the browser, that no script reads and that no other site's request carries."""
    name = names[0] if request.secure else names[1]
    response.set_cookie(name, value, path=path_of(request), httponly=True, samesite="Strict", secure=over_tls(request))


def drop(request: web.Request, response: web.StreamResponse, names: tuple[str, str]) -> None:
    """Let the browser forget a cookie."""
    name = names[0] if request.secure else names[1]
    response.del_cookie(name, path=path_of(request), httponly=True, samesite="Strict", secure=over_tls(request))


def path_of(request: web.Request) -> str:
    """Return for which paths a cookie is: below a proxy's path ours only, but for `__Host-` names, which want all."""
    return "/" if request.secure else base_of(request) or "/"
