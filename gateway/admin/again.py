"""Asks people once more who they are: to go on after the session ended, and before secrets are shown or replaced."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from gateway import messages
from gateway.access.tokens import form_token
from gateway.admin import cookies
from gateway.admin.door_pages import FIRST_PAGE, Fault
from gateway.admin.kept import OURS, kept
from gateway.admin.origin import local_path
from gateway.admin.shell import Shell, csrf_input, form_of, redirect, session_of, source_of
from gateway.errors import AccessError

_NAME, _PASSWORD, _TO, _POST = f"{OURS}name", f"{OURS}password", f"{OURS}to", f"{OURS}post"


class Again:
    """GET and POST of /prove, POST of /sign-in/again and of /stay."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._shell
        shell.add(app, "GET", "/prove", self.prove_page)
        shell.add(app, "POST", "/prove", self.prove)
        shell.add(app, "POST", "/sign-in/again", self.sign_in, public=True, body="large form")
        shell.add(app, "POST", "/stay", self.stay)

    async def prove_page(self, request: web.Request) -> web.Response:
        """GET /prove?next=PATH: leads on at once when the password was entered lately."""
        goal = local_path(request.query.get("next", ""), FIRST_PAGE)
        if session_of(request).proved:
            return redirect(goal)
        return await self._shell.render(request, "prove.html", to=goal, fields={}, fault=None)

    async def prove(self, request: web.Request) -> web.Response:
        """POST /prove: opens the page again, or lets the browser send the form once more (307, RFC 9110 §15.4.8)."""
        form = await form_of(request)
        goal, again = local_path(form.get(_TO, ""), FIRST_PAGE), form.get(_POST) == "yes"
        try:
            await self._shell.admins.prove(session_of(request), form.get(_PASSWORD, ""), source_of(request))
        except AccessError as error:
            fields = kept(form) if again else {}
            return await self._refused(request, "prove.html", error, to=goal, fields=fields)
        return web.Response(status=307, headers={"Location": goal}) if again else redirect(goal)

    async def sign_in(self, request: web.Request) -> web.Response:
        """POST /sign-in/again: with what was typed before the session ended, which is sent when somebody says so."""
        form = await form_of(request)
        name, goal, fields = form.get(_NAME, ""), local_path(form.get(_TO, ""), FIRST_PAGE), kept(form)
        try:
            cookie = await self._shell.admins.sign_in(name, form.get(_PASSWORD, ""), source_of(request))
        except AccessError as error:
            message = messages.text("A-03")
            return await self._refused(
                request, "kept.html", error, to=goal, fields=fields, name=name[:63], message=message
            )
        token = form_token(cookie)
        response = await self._shell.render(
            request,
            "again.html",
            to=goal,
            fields=fields,
            user=name.strip(),
            csrf=token,
            csrf_field=lambda: csrf_input(token),
        )
        cookies.put(request, response, cookies.SESSION, cookie)
        cookies.drop(request, response, cookies.VISITOR)
        return response

    async def stay(self, request: web.Request) -> web.Response:
        """POST /stay: somebody is still there. The request itself was the use that keeps the session."""
        if "text/html" in request.headers.get("Accept", ""):
            return redirect("/")
        return web.Response(status=204)

    async def _refused(
        self, request: web.Request, template: str, error: AccessError, **context: object
    ) -> web.Response:
        fault = Fault.of(error)
        values: Mapping[str, str] = error.values
        at = Fault(message=fault.message, field=_PASSWORD, status=fault.status)
        response = await self._shell.render(request, template, status=at.status, fault=at, **context)
        if "retry_after_s" in values:
            response.headers["Retry-After"] = values["retry_after_s"]
        return response
