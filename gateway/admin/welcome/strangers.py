"""The first run as long as nobody is an administrator: language, set-up code, name and password; pages only.

Who may become administrator is decided in `access`, by the same code and in the same tries as on /set-up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins
from gateway.access.tokens import form_token
from gateway.admin import cookies
from gateway.admin.door_pages import Fault
from gateway.admin.shell import Shell, form_of, redirect, session_or_none, source_of
from gateway.errors import AccessError, NotFound


class StrangerPages:
    """GET and POST of /welcome, /welcome/code and /welcome/administrator. `restore` is where a backup is restored."""

    def __init__(self, shell: Shell, *, restore: Callable[[], str]) -> None:
        self._shell = shell
        self._admins: Admins = shell.admins
        self._restore = restore

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._shell
        shell.add(app, "GET", "/welcome", self.welcome, public=True)
        shell.add(app, "GET", "/welcome/code", self.code_page, public=True)
        shell.add(app, "POST", "/welcome/code", self.code, public=True)
        shell.add(app, "GET", "/welcome/administrator", self.administrator_page, public=True)
        shell.add(app, "POST", "/welcome/administrator", self.administrator, public=True)

    async def welcome(self, request: web.Request) -> web.Response:
        """GET /welcome."""
        return await self._elsewhere(request) or await self._shell.render(
            request, "welcome/welcome.html", step=0, restore=self._restore(), fault=None
        )

    async def code_page(self, request: web.Request) -> web.Response:
        """GET /welcome/code."""
        elsewhere = await self._elsewhere(request)
        if elsewhere is not None:
            return elsewhere
        known = self._admins.knows_code(_browser(request))
        return await self._shell.render(request, "welcome/code.html", step=1, known=known, fault=None)

    async def code(self, request: web.Request) -> web.Response:
        """POST /welcome/code."""
        if await self._admins.set_up_state() == "closed":
            return await self._closed(request)
        try:
            await self._admins.enter_code(
                (await form_of(request)).get("code", ""), _browser(request), source_of(request)
            )
        except NotFound:
            raise web.HTTPNotFound from None
        except AccessError as error:
            return await self._refused(request, "welcome/code.html", error, {"step": 1, "known": False})
        return redirect("/welcome/administrator")

    async def administrator_page(self, request: web.Request) -> web.Response:
        """GET /welcome/administrator."""
        elsewhere = await self._elsewhere(request)
        if elsewhere is not None:
            return elsewhere
        if not self._admins.knows_code(_browser(request)):
            return redirect("/welcome/code")
        return await self._shell.render(request, "welcome/administrator.html", step=2, name="admin", fault=None)

    async def administrator(self, request: web.Request) -> web.Response:
        """POST /welcome/administrator."""
        if await self._admins.set_up_state() == "closed":
            return await self._closed(request)
        form, browser = await form_of(request), _browser(request)
        name = form.get("name", "")
        try:
            cookie = await self._admins.set_up("", name, form.get("password", ""), source_of(request), browser=browser)
        except NotFound:
            raise web.HTTPNotFound from None
        except AccessError as error:
            if error.code == "A-04":  # the code that this browser knew is good no more
                return await self._refused(request, "welcome/code.html", error, {"step": 1, "known": False})
            return await self._refused(request, "welcome/administrator.html", error, {"step": 2, "name": name[:63]})
        response = redirect("/welcome/name")
        cookies.put(request, response, cookies.SESSION, cookie)
        cookies.drop(request, response, cookies.VISITOR)
        return response

    async def _elsewhere(self, request: web.Request) -> web.Response | None:
        """Return where these pages lead once there is an administrator, or when nobody knows."""
        state = await self._admins.set_up_state()
        if state == "closed":
            return await self._closed(request)
        if state == "done":
            return redirect("/" if session_or_none(request) is not None else "/sign-in")
        return None

    async def _closed(self, request: web.Request) -> web.Response:
        return await self._shell.render(request, "door/closed.html", status=503, message=messages.text("A-11"))

    async def _refused(
        self, request: web.Request, template: str, error: AccessError, context: Mapping[str, object]
    ) -> web.Response:
        fault = Fault.of(error)
        response = await self._shell.render(request, template, status=fault.status, fault=fault, **context)
        if "retry_after_s" in error.values:
            response.headers["Retry-After"] = error.values["retry_after_s"]
        return response


def _browser(request: web.Request) -> str:
    """Return the word by which a browser without a session is known again; empty when it keeps no cookies."""
    visitor = cookies.read(request, cookies.VISITOR)
    return form_token(visitor) if visitor else ""
