"""The page of a gateway that did not start completely; what is wrong and what can be done is known to `operations`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from gateway import messages
from gateway.access.admins import SetUpState
from gateway.admin.again import Again
from gateway.admin.door_pages import DoorPages
from gateway.admin.help_pages import HelpPages
from gateway.admin.look_page import LookPage
from gateway.admin.shell import Handler, Shell, actor_of, is_loopback, redirect, session_or_none
from gateway.errors import CatalogueError
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.operations.safe_start import SafeStart

_ELSEWHERE = "dashboard|meetings|devices|google|calls|profiles|logs|diagnostics|settings|welcome"
"""Pages of a gateway that started, where somebody may still be who had one of them open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the page works with.

    `locked` says that nobody can sign in, because the list of administrators cannot be read: then whoever sits at this
    machine may use the page, unless it is `behind_proxy`, where everybody would seem to. `start` has the gateway
    started again; `zone` is the IANA zone of the times on the page.
    """

    shell: Shell
    safe: SafeStart
    start: Callable[[], None]
    locked: bool = False
    behind_proxy: bool = False
    zone: str = "UTC"


class SafePages:
    """GET of / and /file, POST of /check and /restore, and the door's own pages."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._shell = office.shell

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell, office = self._shell, self._office
        shell.add(app, "GET", "/", self.first, public=True)
        for method, path, handler in (
            ("GET", "/file", self.file),
            ("POST", "/check", self.check),
            ("POST", "/restore", self.restore),
        ):
            shell.add(app, method, path, self._only_here(handler) if office.locked else handler, public=office.locked)
        if not office.locked:
            self._add_door(app)
        LookPage(shell).add(app)
        help_pages = HelpPages(shell)
        shell.add(app, "GET", "/static/{name}", shell.static.get, public=True)
        shell.add(app, "GET", "/help", help_pages.index, public=True)
        shell.add(app, "GET", "/help/guide", help_pages.guide, public=True)
        shell.add(app, "GET", "/help/{code}", help_pages.code, public=True)
        shell.add(app, "GET", f"/{{place:(?:{_ELSEWHERE})}}{{rest:(?:/.*)?}}", self.elsewhere, public=True)

    def _add_door(self, app: web.Application) -> None:
        shell, door = self._shell, DoorPages(self._shell)
        shell.add(app, "GET", "/set-up", door.set_up_page, public=True)
        shell.add(app, "POST", "/set-up", door.set_up, public=True)
        shell.add(app, "GET", "/sign-in", door.sign_in_page, public=True)
        shell.add(app, "POST", "/sign-in", door.sign_in, public=True)
        shell.add(app, "POST", "/sign-out", door.sign_out)
        shell.add(app, "GET", "/password", door.password_page)
        shell.add(app, "POST", "/password", door.change_password)
        Again(shell).add(app)

    async def first(self, request: web.Request) -> web.Response:
        """GET /: what is wrong, for those who may know it."""
        if self._may_know(request):
            back = "restored" if "restored" in request.query else ""
            return await self._show(request, done=back or ("checked" if "checked" in request.query else ""))
        state: SetUpState = "closed" if self._office.locked else await self._shell.admins.set_up_state()
        return await self._shell.render(
            request, "safe/gate.html", way={"open": "/set-up", "done": "/sign-in"}.get(state, "")
        )

    async def elsewhere(self, request: web.Request) -> web.Response:
        """GET of a page that is not there now."""
        del request
        return redirect("/")

    async def check(self, request: web.Request) -> web.Response:
        """POST /check: start when everything is right."""
        if await self._office.safe.check():
            return await self._starting(request)
        return redirect("/?checked")

    async def restore(self, request: web.Request) -> web.Response:
        """POST /restore: put the last working file back, and start with it."""
        safe = self._office.safe
        if not await safe.can_go_back():
            return redirect("/")
        try:
            await safe.go_back(actor_of(request) if session_or_none(request) is not None else None)
        except CatalogueError as error:
            return await self._show(request, status=422, fault=messages.text(error.code, **error.values))
        if await safe.check():
            return await self._starting(request)
        return redirect("/?restored")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """GET /file: the settings file as it is."""
        safe = self._office.safe
        text = await safe.text()
        if text is None:
            fault = messages.text("C-01", file=str(safe.file), reason=tr("the file is not there or cannot be read"))
            return await self._show(request, status=404, fault=fault)
        name = quote(safe.file.name, safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return web.Response(body=text, content_type="application/yaml", headers=headers)

    async def _starting(self, request: web.Request) -> web.Response:
        response = await self._shell.render(request, "safe/starting.html")
        self._office.start()
        return response

    async def _show(
        self, request: web.Request, *, status: int = 200, done: str = "", fault: Message | None = None
    ) -> web.Response:
        safe = self._office.safe
        return await self._shell.render(
            request,
            "safe/page.html",
            status=status,
            mistakes=await safe.mistakes(),
            file=str(safe.file.absolute()),
            has_file=await safe.text() is not None,
            back_ms=safe.copy.kept_at_ms if safe.copy is not None and await safe.can_go_back() else None,
            is_last_good=safe.copy is not None and not await safe.can_go_back(),
            zone=self._office.zone,
            locked=self._office.locked,
            done=done,
            fault=fault,
        )

    def _may_know(self, request: web.Request) -> bool:
        return self._is_here(request) if self._office.locked else session_or_none(request) is not None

    def _is_here(self, request: web.Request) -> bool:
        """Whether somebody at this machine asks, and no proxy on it for others."""
        return is_loopback(request) and not self._office.behind_proxy

    def _only_here(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(request) if self._is_here(request) else redirect("/")

        return guarded
