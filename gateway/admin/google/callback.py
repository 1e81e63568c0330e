"""The redirect address: takes what the browser brings from Google out of the address bar; nothing of it is logged.

A navigation that comes from Google carries no cookie of ours (`SameSite=Strict`), so that nobody is known here. Our own
answer leads on to a page of ours, and that navigation carries it.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from aiohttp import web

from gateway.admin.buttons import pressing
from gateway.admin.google.page import GooglePage
from gateway.admin.shell import session_or_none
from gateway.messages import Message, text

_LONGEST_QUERY = 8 * 1024


class Callback:
    """GET /oauth/google/callback and GET /google/returned/{ticket}."""

    def __init__(self, page: GooglePage) -> None:
        self._page = page
        self._office = page.office

    async def get(self, request: web.Request) -> web.Response:
        """Keep the query for ten minutes, and lead on to an address without it."""
        query = request.url.raw_query_string
        ticket = ""
        if len(query) <= _LONGEST_QUERY and parse_qs(query).keys() & {"code", "error"}:
            ticket = secrets.token_urlsafe(24)
            self._page.tickets.put(ticket, f"{self._office.apps.current().redirect_uri}?{query}")
        return await self._office.shell.render(request, "google/callback.html", ticket=ticket)

    async def returned(self, request: web.Request) -> web.Response:
        """Finish with one button for who is signed in here; show the code to be copied to everybody else."""
        ticket = request.match_info["ticket"]
        brought = self._page.tickets.get(ticket)
        session = session_or_none(request)
        problem: Message | None = text("G-213") if brought is None else self._office.accounts.recognise(brought)
        if session is None or problem is not None:
            self._page.tickets.take(ticket)
        return await self._office.shell.render(
            request,
            "google/returned.html",
            ticket=ticket,
            problem=problem,
            gone=brought is None,
            line=_to_copy(brought) if brought is not None and session is None and problem is None else "",
            signed_in=session is not None,
            pressed=self._page.pressed() if session is not None else pressing(signed_in=False),
        )


def _to_copy(address: str) -> str:
    """Return the parameters of the address that the paste box needs, without the rest."""
    parts = address.partition("?")[2].split("&")
    return "&".join(part for part in parts if part.partition("=")[0] in ("code", "state", "iss"))
