"""Backups as pages: made, listed, downloaded, laid ready to be restored; all of that is done elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from gateway import messages
from gateway.admin.settings.tabs import settings_tabs
from gateway.admin.shell import Shell, actor_of, form_of, redirect, session_of
from gateway.errors import AccessError, CatalogueError, NotFound
from gateway.messages import Message
from gateway.messages.languages import tr
from gateway.operations.backup.backup import Backups, Kept
from gateway.operations.backup.losses import names
from gateway.operations.backup.reset import Resetting
from gateway.operations.backup.restore import Restoring
from gateway.store.database import Database

HOME = "/settings/backup"
SHORTEST_PASSPHRASE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, at the field it is about."""

    message: Message
    field: str = ""

    @classmethod
    def of(cls, error: CatalogueError, field: str = "") -> Fault:
        """Return the error as the pages show it."""
        return cls(message=messages.text(error.code, **error.values), field=error.field or field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the pages work with; `restart` starts the gateway again, None where that is not possible."""

    shell: Shell
    backups: Backups
    restoring: Restoring
    resetting: Resetting
    database: Database
    restart: Callable[[], None] | None
    zone: Callable[[], str]


class BackupPages:
    """GET and POST of /settings/backup and what is below it, but for what takes a file."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def add(self, app: web.Application) -> None:
        """Add the pages to `app`."""
        add = self._office.shell.add
        add(app, "GET", HOME, self.page)
        add(app, "POST", HOME, self.create)
        add(app, "GET", f"{HOME}/file/{{name}}", self.download)
        add(app, "GET", f"{HOME}/restore/{{name}}", self.ask)
        add(app, "POST", f"{HOME}/restore/{{name}}", self.restore)
        add(app, "GET", f"{HOME}/remove/{{name}}", self.ask_remove)
        add(app, "POST", f"{HOME}/remove/{{name}}", self.remove)
        add(app, "POST", f"{HOME}/forget", self.forget)
        add(app, "POST", f"{HOME}/restart", self.restart)

    async def page(self, request: web.Request) -> web.Response:
        """The backups there are."""
        return await self.show(request)

    async def show(self, request: web.Request, fault: Fault | None = None, *, status: int = 200) -> web.Response:
        """Return the page, with `fault` at its field."""
        office, planned = self._office, self._office.resetting.planned()
        return await office.shell.render(
            request,
            "backups/page.html",
            status=status,
            fault=fault,
            kept=await office.backups.every(),
            made=request.query.get("made", ""),
            staged=office.restoring.staged(),
            note=messages.text("C-09"),
            waits=planned and messages.text("C-16", what=names(planned.choices), name=planned.saved_as),
            can_restart=office.restart is not None,
            asks_password=not session_of(request).proved,
            kind=_kind,
            size=_size,
            zone=office.zone(),
            tabs=settings_tabs(),
            here=HOME,
        )

    async def create(self, request: web.Request) -> web.Response:
        """Make a backup."""
        form = await form_of(request)
        passphrase = form.get("passphrase", "")
        if passphrase != form.get("again", ""):
            return await self.show(request, Fault(message=messages.text("A-08"), field="again"), status=422)
        if passphrase and len(passphrase) < SHORTEST_PASSPHRASE:
            return await self.show(request, Fault(message=messages.text("C-12"), field="passphrase"), status=422)
        try:
            made = await self._office.backups.create(passphrase, database=self._office.database, by=actor_of(request))
        except CatalogueError as error:
            return await self.show(request, Fault.of(error), status=507)
        return redirect(f"{HOME}?made={quote(made.name)}#backups")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The file of a backup, for who entered the password lately: the keys of everything are in it."""
        path = self._found(request)
        refused = await self._office.shell.proved(request)
        if refused is not None:
            return refused
        await self._office.backups.note(self._office.database, "backup.downloaded", path.name, actor_of(request))
        headers = {"Content-Disposition": f'attachment; filename="meeting-gateway-{path.name}"'}
        return web.FileResponse(path, headers={**headers, "Content-Type": "application/octet-stream"})

    async def ask(self, request: web.Request) -> web.Response:
        """Ask before a backup of the list is laid ready."""
        return await self._ask(request)

    async def restore(self, request: web.Request) -> web.Response:
        """Lay a backup of the list ready."""
        form, path = await form_of(request), self._found(request)
        try:
            await self._office.shell.prove_again(request)
            await self._office.restoring.stage(path, form.get("passphrase", ""), actor_of(request))
        except AccessError as error:
            return await self._ask(request, Fault.of(error, "password"), status=422)
        except CatalogueError as error:
            return await self._ask(request, Fault.of(error, _field_of(error)), status=422)
        return redirect(f"{HOME}#staged")

    async def ask_remove(self, request: web.Request) -> web.Response:
        """Ask before a backup is deleted."""
        path = self._found(request)
        return await self._office.shell.render(request, "backups/remove.html", name=path.name)

    async def remove(self, request: web.Request) -> web.Response:
        """Delete a backup."""
        await self._office.backups.remove(self._found(request).name, self._office.database, actor_of(request))
        return redirect(f"{HOME}#backups")

    async def forget(self, request: web.Request) -> web.Response:
        """Do not restore what lies ready."""
        if await self._office.restoring.drop():
            await self._office.backups.note(self._office.database, "backup.forgotten", "ready", actor_of(request))
        return redirect(HOME)

    async def restart(self, request: web.Request) -> web.Response:
        """Start the gateway again, which does what lies ready."""
        office = self._office
        staged, planned = office.restoring.staged(), office.resetting.planned()
        if office.restart is None or (staged is None and planned is None):
            return redirect(HOME)
        why, page = ("to reset", "resetting") if staged is None else ("to restore", "restarting")
        await office.backups.note(office.database, "gateway.restarted", why, actor_of(request))
        response = await office.shell.render(request, f"backups/{page}.html", planned=planned)
        asyncio.get_running_loop().call_later(0.5, office.restart)  # when this answer is on its way
        return response

    async def _ask(self, request: web.Request, fault: Fault | None = None, *, status: int = 200) -> web.Response:
        path = self._found(request)
        kept = next((each for each in await self._office.backups.every() if each.name == path.name), None)
        return await self._office.shell.render(
            request,
            "backups/restore.html",
            status=status,
            fault=fault,
            kept=kept,
            name=path.name,
            asks_password=not session_of(request).proved,
            zone=self._office.zone(),
        )

    def _found(self, request: web.Request) -> Path:
        try:
            return self._office.backups.file(request.match_info["name"])
        except NotFound:
            raise web.HTTPNotFound from None


def _field_of(error: CatalogueError) -> str:
    return "passphrase" if error.code in ("C-05", "C-06") else ""


def _kind(kept: Kept) -> str:
    return {
        "manual": tr("Made by hand"),
        "daily": tr("Daily"),
        "before-restore": tr("Before a restore"),
        "before-reset": tr("Before a reset"),
    }[kept.kind]


def _size(size: int) -> str:
    if size < 1_000_000:
        return tr("%(size)s kB", size=f"{size / 1000:.0f}")
    return tr("%(size)s MB", size=f"{size / 1_000_000:.1f}")
