"""The page that resets parts of the gateway; what is lost and how it is done is decided elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway import messages
from gateway.admin.backups.page import HOME, Fault, Office
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.errors import AccessError, CatalogueError
from gateway.operations.backup.losses import losses
from gateway.operations.backup.reset import CHOICES, EVERYTHING, GOOGLE

PATH = f"{HOME}/reset"
Revoke = Callable[[web.Request], Awaitable[None]]
"""Ends every authorization at Google, as far as Google can be reached."""


class ResetPage:
    """GET and POST /settings/backup/reset."""

    def __init__(self, office: Office, revoke: Revoke) -> None:
        self._office = office
        self._revoke = revoke

    def add(self, app: web.Application) -> None:
        """Add the page to `app`."""
        add = self._office.shell.add
        add(app, "GET", PATH, self.ask)
        add(app, "POST", PATH, self.reset)
        add(app, "POST", f"{PATH}/forget", self.forget)

    async def ask(self, request: web.Request) -> web.Response:
        """Say what is lost and what stays, and ask."""
        return await self._ask(request)

    async def reset(self, request: web.Request) -> web.Response:
        """Write down what is reset, and start the gateway again, which does it."""
        form, office = await form_of(request), self._office
        chosen = [each for each in CHOICES if form.get(each) == "yes"]
        if not chosen:
            return await self._ask(request, Fault(message=messages.text("C-17"), field="choices"), status=422)
        if len(chosen) == len(CHOICES) and form.get("word", "").strip().casefold() != EVERYTHING:
            return await self._ask(request, Fault(message=messages.text("C-18"), field="word"), status=422)
        try:
            await office.shell.prove_again(request)
            planned = await office.resetting.plan(chosen, actor_of(request))
        except AccessError as error:
            return await self._ask(request, Fault.of(error, "password"), status=422)
        except CatalogueError as error:
            return await self._ask(request, Fault.of(error), status=507)
        await office.backups.note(office.database, "gateway.reset_planned", ", ".join(chosen), actor_of(request))
        if GOOGLE in chosen and form.get("revoke") == "yes":
            await self._revoke(request)
        if office.restart is None:
            return redirect(f"{HOME}#reset-waits")
        response = await office.shell.render(request, "backups/resetting.html", planned=planned)
        asyncio.get_running_loop().call_later(0.5, office.restart)  # when this answer is on its way
        return response

    async def forget(self, request: web.Request) -> web.Response:
        """Do not reset what is planned."""
        if await self._office.resetting.drop():
            await self._office.backups.note(self._office.database, "gateway.reset_dropped", "all", actor_of(request))
        return redirect(HOME)

    async def _ask(self, request: web.Request, fault: Fault | None = None, *, status: int = 200) -> web.Response:
        form = await form_of(request) if request.method == "POST" else {}
        return await self._office.shell.render(
            request,
            "backups/reset.html",
            status=status,
            fault=fault,
            losses=losses(),
            ticked=[name for name, value in form.items() if value == "yes"],
            staged=self._office.restoring.staged(),
            everything=EVERYTHING,
            asks_password=not session_of(request).proved,
        )
