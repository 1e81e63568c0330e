"""What the buttons of a meeting's page do: each asks `operations` or `mirror`, and leads back to the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.admin.meetings.one import MeetingPages
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.domain.device import Wins
from gateway.errors import Conflict, NotFound
from gateway.operations.meetings.desk import MeetingDesk


class MeetingDeeds:
    """The forms under /meetings/{id}."""

    def __init__(self, pages: MeetingPages) -> None:
        self._pages = pages
        self._office = pages.office

    async def send(self, request: web.Request) -> web.Response:
        """Bring the meeting to Google again, now."""
        return await self._do(request, lambda desk, name: desk.resend(name), "sent")

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel the meeting here; its device does not hear of it."""
        return await self._do(request, lambda desk, name: desk.cancel(name), "cancelled")

    async def decide(self, request: web.Request) -> web.Response:
        """Say whose version counts, for the meeting or for one occurrence."""
        form = await form_of(request)
        wins = Wins.DEVICE if form.get("wins") == "device" else Wins.CALENDAR
        said = form.get("occurrence", "")
        occurrence = int(said) if said.isascii() and said.isdigit() and len(said) < 15 else None
        done = "device" if wins is Wins.DEVICE else "google"
        return await self._do(request, lambda desk, name: desk.resolve(name, wins, occurrence), done)

    async def vanished(self, request: web.Request) -> web.Response:
        """Answer for all events that vanished from the calendar at once."""
        restore = (await form_of(request)).get("restore") == "yes"
        return await self._do(
            request, lambda desk, name: desk.vanished(name, restore=restore), "back" if restore else "left"
        )

    async def adopt(self, request: web.Request) -> web.Response:
        """Take an event that is there already for this meeting, or never offer it again."""
        form = await form_of(request)
        event, accept = form.get("event") or None, form.get("accept") == "yes"
        adoption = self._office.adoption(actor_of(request))

        async def work(desk: MeetingDesk, name: str) -> None:
            line = await desk.one(name)
            if accept:
                await adoption.accept(line.id, event)
            else:
                await adoption.reject(line.id, event)

        return await self._do(request, work, "adopted" if accept else "rejected")

    async def password(self, request: web.Request) -> web.Response:
        """Show a password to somebody who proved who they are."""
        refused = await self._office.shell.proved(request)
        if refused is not None:
            return refused
        which = "host" if (await form_of(request)).get("which") == "host" else "password"
        desk = self._office.desk(actor_of(request))
        try:
            said = await desk.password(request.match_info["id"], host=which == "host")
        except NotFound:
            return await self._pages.show(request)
        return await self._pages.show(request, passwords={which: said})

    async def back(self, request: web.Request) -> web.Response:
        """Lead whoever reloads the answer to a form to the page itself."""
        return redirect(f"/meetings/{request.match_info['id']}")

    async def _do(
        self, request: web.Request, work: Callable[[MeetingDesk, str], Awaitable[object]], done: str
    ) -> web.Response:
        name = request.match_info["id"]
        try:
            await work(self._office.desk(actor_of(request)), name)
        except Conflict:
            done = "conflict"
        except NotFound:
            return await self._pages.show(request)
        await self._office.changed()
        return redirect(f"/meetings/{name}?done={done}")
