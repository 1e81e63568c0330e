"""Takes a backup that somebody sends: from an administrator, or on the first run from whoever has the set-up code."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins
from gateway.access.tokens import same
from gateway.admin.backups.page import HOME, BackupPages, Fault, Office
from gateway.admin.backups.upload import Allowed, receive, remove
from gateway.admin.shell import redirect, session_of, source_of, token_of
from gateway.domain.actor import Actor
from gateway.errors import AccessError, CatalogueError, NotFound

WELCOME = "/welcome/restore"


class RestorePages:
    """POST /settings/backup/restore, GET and POST /welcome/restore."""

    def __init__(self, office: Office, pages: BackupPages, admins: Admins) -> None:
        self._office = office
        self._pages = pages
        self._admins = admins

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`. What takes a file looks at the token itself, before it reads the file."""
        shell = self._office.shell
        shell.add(app, "GET", f"{HOME}/restore", self.home)
        shell.add(app, "GET", WELCOME, self.welcome_page, public=True)
        for path, handler, public in (
            (f"{HOME}/restore", self.restore, False),
            (WELCOME, self.welcome, True),
        ):
            shell.add(app, "POST", path, handler, public=public, body="own")

    async def home(self, request: web.Request) -> web.Response:
        """Who reloads the answer to the form gets the page itself."""
        del request
        return redirect(f"{HOME}#restore")

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """Lay the backup ready that an administrator sends."""
        shell = self._office.shell
        session = session_of(request)

        async def allowed(fields: Mapping[str, str]) -> None:
            _check_token(fields, token_of(request))
            if not session.proved:
                await self._prove(request, fields.get("password", ""))

        by = Actor(name=f"admin:{session.user}", source=source_of(request))
        fault = await self._take(request, allowed, by)
        if fault is None:
            return redirect(f"{HOME}#staged")
        if fault.message.code == "A-05":
            return await shell.tell(request, fault.message, 403)
        return await self._pages.show(request, fault, status=422)

    async def welcome_page(self, request: web.Request) -> web.Response:
        """GET /welcome/restore: only while nobody was ever an administrator."""
        await self._first_run_only()
        return await self._welcome(request)

    async def welcome(self, request: web.Request) -> web.StreamResponse:
        """Lay the backup ready that somebody with the set-up code sends."""
        if request.content_type != "multipart/form-data":
            raise web.HTTPUnsupportedMediaType
        await self._first_run_only()
        browser = token_of(request)

        async def allowed(fields: Mapping[str, str]) -> None:
            _check_token(fields, browser)
            if not self._admins.knows_code(browser):
                await self._admins.enter_code(fields.get("code", ""), browser, source_of(request))

        try:
            fault = await self._take(request, allowed, Actor(name="set-up", source=source_of(request)))
        except NotFound:
            raise web.HTTPNotFound from None
        if fault is not None and fault.message.code == "A-05":
            return await self._office.shell.tell(request, fault.message, 403)
        return await self._welcome(request, fault, status=200 if fault is None else 422)

    async def _take(self, request: web.Request, allowed: Allowed, by: Actor) -> Fault | None:
        """Take the file and lay it ready; return what is wrong with it or with who sends it."""
        restoring, folder = self._office.restoring, self._office.backups.folder()
        try:
            received = await receive(request, folder, allowed)
        except CatalogueError as error:
            return Fault.of(error)
        try:
            if received.file is None:
                return Fault(message=messages.text("C-13"), field="file")
            await restoring.stage(received.file, received.fields.get("passphrase", ""), by)
        except CatalogueError as error:
            return Fault.of(error, "passphrase" if error.code in ("C-05", "C-06") else "file")
        finally:
            remove(received)
        return None

    async def _prove(self, request: web.Request, password: str) -> None:
        if not password:
            raise AccessError("A-12", str(messages.text("A-12")), field="password")
        await self._admins.prove(session_of(request), password, source_of(request))

    async def _first_run_only(self) -> None:
        if await self._admins.set_up_state() != "open":
            raise web.HTTPNotFound

    async def _welcome(self, request: web.Request, fault: Fault | None = None, *, status: int = 200) -> web.Response:
        browser = token_of(request)
        return await self._office.shell.render(
            request,
            "backups/welcome.html",
            status=status,
            fault=fault,
            staged=self._office.restoring.staged(),
            note=messages.text("C-09"),
            asks_code=not (browser and self._admins.knows_code(browser)),
            zone=self._office.zone(),
        )


def _check_token(fields: Mapping[str, str], expected: str) -> None:
    if not expected or not same(fields.get("csrf", ""), expected):
        raise AccessError("A-05", str(messages.text("A-05")))
