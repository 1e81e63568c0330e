"""Pages beside the Google page: disconnecting, and the helper for what Google's own error page says."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from gateway import messages
from gateway.admin.google.page import GooglePage, Outcome, prove_again
from gateway.admin.google.view import Fault, Told
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.errors import AccessError
from gateway.messages import Message
from gateway.messages.languages import tr

_NOT_ON_A_PAGE = "something else"
_MOST_SAID = 4000


class Disconnect:
    """GET and POST /google/disconnect."""

    def __init__(self, page: GooglePage) -> None:
        self._page = page
        self._office = page.office

    async def get(self, request: web.Request) -> web.Response:
        """Ask before anything ends."""
        return await self._show(request)

    async def post(self, request: web.Request) -> web.Response:
        """End the authorization here, and at Google when that was chosen."""
        form, accounts = await form_of(request), self._office.accounts
        try:
            await prove_again(self._office.admins, request, form)
        except AccessError as error:
            return await self._show(request, Fault.of(error, "password"), end=form.get("end", ""), status=422)
        confirmed = await accounts.forget(revoke=form.get("end") == "google", by=actor_of(request))
        self._page.forget_look()
        notes = (messages.text("G-420"),) if confirmed is False else ()
        told = Told(at=2, headline=tr("Disconnected. New meetings wait here until you connect again."), notes=notes)
        return self._page.later(request, Outcome(told=told), "step-2")

    async def _show(
        self, request: web.Request, fault: Fault | None = None, *, end: str = "", status: int = 200
    ) -> web.Response:
        used = self._office.accounts.status()
        if used is None:
            return redirect("/google")
        return await self._office.shell.render(
            request,
            "google/disconnect.html",
            status=status,
            email=used.email,
            fault=fault,
            end=end or "here",
            asks_password=not session_of(request).proved,
            pressed=self._page.pressed(),
        )


class ErrorPageHelper:
    """GET and POST /google/error-page: what Google printed, and what it means. Nothing of it is kept."""

    def __init__(self, page: GooglePage) -> None:
        self._page = page
        self._office = page.office

    async def get(self, request: web.Request) -> web.Response:
        """The list of everything that Google prints."""
        return await self._show(request, None, None)

    async def post(self, request: web.Request) -> web.Response:
        """Explain what was chosen, or what was pasted from Google's page."""
        form = await form_of(request)
        said, chosen = form.get("said", "")[:_MOST_SAID], form.get("printed", "")
        listed = messages.printed()
        if said.strip():
            return await self._show(request, self._explained(code_for(said)), None)
        if not (chosen.isascii() and chosen.isdigit() and int(chosen) < len(listed)):
            return await self._show(request, None, None)
        return await self._show(request, self._explained(listed[int(chosen)][0]), int(chosen))

    async def _show(self, request: web.Request, found: Message | None, chosen: int | None) -> web.Response:
        return await self._office.shell.render(
            request,
            "google/error_page.html",
            printed=[words.replace("{app}", tr("(your app)")) for _, words in messages.printed()],
            found=found,
            chosen=chosen,
            pressed=self._page.pressed(),
        )

    def _explained(self, code: str) -> Message:
        parts = urlsplit(self._office.apps.current().redirect_uri)
        return messages.text(code, redirect=parts.geturl(), port=str(parts.port or ""))


def code_for(said: str) -> str:
    """Return the code of what somebody copied from Google's page: the longest text of the list that is in it.

    A line such as "Error 400: invalid_request" counts before all sentences, which several pages share.
    """
    plain = _plain(said)
    found = [
        (words.startswith("error "), len(words), code)
        for code, printed in messages.printed()
        for words in [_plain(printed.rpartition("}")[2])]
        if words and words in plain and printed != _NOT_ON_A_PAGE
    ]
    return max(found)[2] if found else "G-319"


def _plain(text: str) -> str:
    return " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower().split())
