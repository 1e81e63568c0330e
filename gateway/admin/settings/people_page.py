"""Who may sign in, and who is signed in, as a page; what is right is decided in `access`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins
from gateway.admin.door_pages import Fault
from gateway.admin.settings.page import Office
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.errors import AccessError, NotFound

PAGE = "/settings/sign-in"
_DONE = frozenset({"added", "changed", "removed", "ended", "created", "revoked"})


class PeoplePages:
    """GET /settings/sign-in, and the forms on it."""

    def __init__(self, office: Office, admins: Admins) -> None:
        self._office = office
        self._admins = admins
        self.beside: Callable[[web.Request], Awaitable[dict[str, object]]] | None = None
        """What further things on the page have to show."""

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        shell = self._office.shell
        shell.add(app, "GET", PAGE, self.get)
        forms = {"add": self.add_user, "password": self.new_password, "remove": self.remove, "end": self.end}
        for name, handler in forms.items():
            shell.add(app, "POST", f"{PAGE}/{name}", handler)
            shell.add(app, "GET", f"{PAGE}/{name}", self.to_the_page)

    async def get(self, request: web.Request) -> web.Response:
        """GET /settings/sign-in."""
        return await self.show(request)

    async def add_user(self, request: web.Request) -> web.Response:
        """POST /settings/sign-in/add."""
        form = await form_of(request)
        try:
            await self._office.shell.prove_again(request)
            await self._admins.add_user(form.get("name", ""), form.get("new", ""), actor_of(request))
        except AccessError as error:
            return await self.show(request, _at(error, {"password": "new"}), name=form.get("name", "")[:63])
        return redirect(f"{PAGE}?added")

    async def new_password(self, request: web.Request) -> web.Response:
        """POST /settings/sign-in/password."""
        form = await form_of(request)
        user = form.get("user", "")[:63]
        try:
            await self._office.shell.prove_again(request)
            await self._admins.set_password(user, form.get("new-of", ""), actor_of(request))
        except AccessError as error:
            return await self.show(request, _at(error, {"password": "new-of"}), user=user)
        except NotFound:
            return redirect(PAGE)
        return redirect(f"{PAGE}?changed")

    async def remove(self, request: web.Request) -> web.Response:
        """POST /settings/sign-in/remove."""
        form = await form_of(request)
        try:
            await self._office.shell.prove_again(request)
            await self._admins.remove_user(form.get("user", "")[:63], actor_of(request))
        except AccessError as error:
            return await self.show(request, _at(error, {}), user=form.get("user", "")[:63])
        except NotFound:
            return redirect(PAGE)
        return redirect(f"{PAGE}?removed")

    async def end(self, request: web.Request) -> web.Response:
        """POST /settings/sign-in/end: ends the session of one browser."""
        form = await form_of(request)
        await self._admins.end_session(form.get("session", ""), actor_of(request))
        return redirect(f"{PAGE}?ended")

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address: whoever reloads or bookmarks the answer."""
        del request
        return redirect(PAGE)

    async def show(
        self, request: web.Request, fault: Fault | None = None, *, name: str = "", user: str = ""
    ) -> web.Response:
        """Return the page; a `fault` in a form about one `user`, or about something else, is told there only."""
        session = session_of(request)
        proved = session.proved and (fault is None or fault.message.code not in ("A-01", "A-12"))
        return await self._office.render(
            request,
            "settings/people.html",
            status=200 if fault is None else fault.status,
            people=await self._admins.users(),
            sessions=await self._admins.sessions(),
            own=session.key,
            asks_password=not proved,
            fault=fault,
            name=name,
            about=user,
            **(await self.beside(request) if self.beside is not None else {}),
            done=next((each for each in _DONE if each in request.query), ""),
        )


def _at(error: AccessError, fields: dict[str, str]) -> Fault:
    """Return the error at the field of this page; what is wrong with a new password is not about one's own."""
    if error.code == "A-07":
        return Fault(message=messages.text(error.code, **error.values), field=fields.get("password", ""))
    return Fault.of(error)
