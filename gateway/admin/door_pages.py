"""Set-up, sign-in, sign-out and the change of a password as pages; what is right is decided in `access`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from gateway import messages
from gateway.admin import cookies
from gateway.admin.shell import Shell, form_of, redirect, session_of, session_or_none, source_of
from gateway.errors import AccessError, NotFound
from gateway.messages import Message

FIRST_PAGE = "/"
"""Which leads on: to the step of the first run that is open, else to the dashboard."""
LED_TO: web.AppKey[Callable[[], Awaitable[str]]] = web.AppKey("led to")
_STATUS = {"A-01": 401, "A-02": 429, "A-04": 403}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A message with the id of the field it is about, if it is about one."""

    message: Message
    field: str = ""
    status: int = 422

    @classmethod
    def of(cls, error: AccessError) -> Fault:
        """Return the error as the pages show it."""
        message = messages.text(error.code, **error.values)
        return cls(message=message, field=error.field, status=_STATUS.get(error.code, 422))


class DoorPages:
    """GET and POST of /set-up, /sign-in, /sign-out and /password, and / which leads to the right one.

    An application that has `LED_TO` says by it which page of the first run is open, empty when there is none.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._admins = shell.admins

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._shell
        shell.add(app, "GET", "/", self.first, public=True)
        shell.add(app, "GET", "/set-up", self.set_up_page, public=True)
        shell.add(app, "POST", "/set-up", self.set_up, public=True)
        shell.add(app, "GET", "/sign-in", self.sign_in_page, public=True)
        shell.add(app, "POST", "/sign-in", self.sign_in, public=True)
        shell.add(app, "POST", "/sign-out", self.sign_out)
        shell.add(app, "GET", "/password", self.password_page)
        shell.add(app, "POST", "/password", self.change_password)
        shell.add(app, "GET", "/static/{name}", shell.static.get, public=True)

    async def first(self, request: web.Request) -> web.Response:
        """GET /."""
        if session_or_none(request) is not None:
            led_to = request.app.get(LED_TO)
            return redirect((await led_to() if led_to is not None else "") or _home(request.app))
        state = await self._admins.set_up_state()
        if state == "closed":
            return await self._closed(request)
        return redirect("/welcome" if state == "open" else "/sign-in")

    async def set_up_page(self, request: web.Request) -> web.Response:
        """GET /set-up: once there was an administrator, this page does not exist."""
        state = await self._admins.set_up_state()
        if state == "closed":
            return await self._closed(request)
        if state == "done":
            raise web.HTTPNotFound
        return await self._shell.render(request, "door/set_up.html", name="admin", fault=None)

    async def set_up(self, request: web.Request) -> web.Response:
        """POST /set-up."""
        state = await self._admins.set_up_state()
        if state == "closed":
            return await self._closed(request)
        form = await form_of(request)
        name = form.get("name", "")
        try:
            cookie = await self._admins.set_up(form.get("code", ""), name, form.get("password", ""), source_of(request))
        except NotFound:
            raise web.HTTPNotFound from None
        except AccessError as error:
            return await self._refused(request, "door/set_up.html", error, name=name)
        return self._in(request, cookie, FIRST_PAGE)

    async def sign_in_page(self, request: web.Request) -> web.Response:
        """GET /sign-in."""
        goal = _local(request.query.get("next", ""))
        if session_or_none(request) is not None:
            return redirect(goal)
        state = await self._admins.set_up_state()
        if state == "closed":
            return await self._closed(request)
        if state == "open":
            return redirect("/welcome")
        ended = messages.text("A-03") if "ended" in request.query else None
        return await self._shell.render(request, "door/sign_in.html", name="", next=goal, ended=ended, fault=None)

    async def sign_in(self, request: web.Request) -> web.Response:
        """POST /sign-in."""
        form = await form_of(request)
        name, goal = form.get("name", ""), _local(form.get("next", ""))
        if await self._admins.set_up_state() == "closed":
            return await self._closed(request)
        try:
            cookie = await self._admins.sign_in(name, form.get("password", ""), source_of(request))
        except AccessError as error:
            return await self._refused(request, "door/sign_in.html", error, name=name[:63], next=goal, ended=None)
        return self._in(request, cookie, goal)

    async def sign_out(self, request: web.Request) -> web.Response:
        """POST /sign-out."""
        await self._admins.sign_out(session_of(request), source_of(request))
        response = redirect("/sign-in")
        cookies.drop(request, response, cookies.SESSION)
        return response

    async def password_page(self, request: web.Request) -> web.Response:
        """GET /password."""
        return await self._shell.render(request, "door/password.html", fault=None, done="done" in request.query)

    async def change_password(self, request: web.Request) -> web.Response:
        """POST /password."""
        form = await form_of(request)
        if form.get("new") != form.get("again"):
            differ = AccessError("A-08", str(messages.text("A-08")), field="again")
            return await self._refused(request, "door/password.html", differ, done=False)
        try:
            await self._admins.change_password(
                session_of(request), form.get("old", ""), form.get("new", ""), source_of(request)
            )
        except AccessError as error:
            return await self._refused(request, "door/password.html", error, done=False)
        return redirect("/password?done")

    async def _refused(
        self, request: web.Request, template: str, error: AccessError, **context: object
    ) -> web.Response:
        fault = Fault.of(error)
        response = await self._shell.render(request, template, status=fault.status, fault=fault, **context)
        if "retry_after_s" in error.values:
            response.headers["Retry-After"] = error.values["retry_after_s"]
        return response

    async def _closed(self, request: web.Request) -> web.Response:
        return await self._shell.render(request, "door/closed.html", status=503, message=messages.text("A-11"))

    def _in(self, request: web.Request, cookie: str, goal: str) -> web.Response:
        response = redirect(goal)
        cookies.put(request, response, cookies.SESSION, cookie)
        cookies.drop(request, response, cookies.VISITOR)
        return response


def _home(app: web.Application) -> str:
    """Return the page of those who are signed in."""
    pages = {resource.canonical for resource in app.router.resources()}
    return "/dashboard" if "/dashboard" in pages else "/google"


def _local(goal: str) -> str:
    """Return where to go after the sign-in: a page of this gateway, whatever the address asked for."""
    ours = goal.startswith("/") and not goal.startswith(("//", "/sign-", "/set-up")) and "\\" not in goal
    return goal if ours and goal.isascii() and goal.isprintable() and len(goal) <= 500 else FIRST_PAGE
