"""Whether a form was sent by a page of ours; who is signed in does not matter here."""

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
