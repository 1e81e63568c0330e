"""Whether a form was sent by a page of ours, and whether an address is one; who is signed in does not matter here."""

from __future__ import annotations

from aiohttp import web


def comes_from_us(request: web.Request, public_origin: str = "") -> bool:
    """Judge by `Sec-Fetch-Site` (W3C Fetch Metadata), and by `Origin` (RFC 6454) where a browser does not send it.

    `public_origin` counts as ours when the request was addressed to its host: a proxy before us may speak TLS.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "").lower()
    host = request.host.lower()
    return bool(origin) and (
        origin == f"{request.scheme}://{host}" or (origin == public_origin and public_origin.endswith(f"://{host}"))
    )


def local_path(goal: str, otherwise: str) -> str:
    """Return `goal` when it is the path of a page here (as our pages write it), whatever an address asked for."""
    ours = goal.startswith("/") and not goal.startswith("//") and "\\" not in goal
    return goal if ours and goal.isascii() and goal.isprintable() and len(goal) <= 500 else otherwise
