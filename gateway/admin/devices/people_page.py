"""The extensions of one device: looked through, one added, a list taken after a look at it, written out again."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from gateway.admin.devices.office import Fault, Office, Said, fault
from gateway.admin.forms import FileText
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.devices.people_list import BadList
from gateway.messages.languages import tr, trn
from gateway.operations.devices.people import DevicePeople, preview

SHOWN_OF_LIST = 20


class PeoplePages:
    """Everything under /devices/{id}/directory."""

    def __init__(self, office: Office, people: DevicePeople) -> None:
        self._office = office
        self._people = people

    async def get(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/directory."""
        return await self._show(request, None, {})

    async def put(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/directory/put: one extension."""
        office, name, form = self._office, request.match_info["id"], await form_of(request)
        typed = {each: form.get(each, "").strip() for each in ("extension", "email", "name")}
        try:
            await office.roster(actor_of(request)).put_person(name, *typed.values())
        except BadList as bad:
            return await self._show(request, fault(bad.problems[0], field="email"), typed, status=422)
        await office.changed()
        headline = tr("Extension %(extension)s has an address now.", extension=typed["extension"])
        return self._later(request, Said(kind="ok", headline=headline))

    async def drop(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/directory/drop: one extension."""
        office, name, form = self._office, request.match_info["id"], await form_of(request)
        extension = form.get("extension", "")
        await office.roster(actor_of(request)).drop_person(name, extension)
        await office.changed()
        headline = tr("The address of extension %(extension)s is forgotten.", extension=extension)
        return self._later(request, Said(kind="ok", headline=headline))

    async def look(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/directory/look: a list before it is taken."""
        office, name, form = self._office, request.match_info["id"], await form_of(request)
        known = await office.roster(actor_of(request)).one(name)
        sent = form.get("file") or form.get("text") or ""
        data = sent.data if isinstance(sent, FileText) else sent.encode("utf-8", "replace")
        if not data.strip():
            return await self._show(
                request, fault(tr("Choose a file, or paste the list."), field="file"), {}, status=422
            )
        seen = preview(data)
        office.lists.put(self._place(request, name), data)
        return await office.render(
            request,
            "list_preview.html",
            status=422 if seen.problems else 200,
            known=known,
            seen=seen,
            shown=seen.entries[:SHOWN_OF_LIST],
            sign=tr("tab") if seen.delimiter == "\t" else seen.delimiter,
        )

    async def take(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/directory/take: the list that was looked at."""
        office, name = self._office, request.match_info["id"]
        data = office.lists.take(self._place(request, name))
        if data is None:
            return self._later(
                request, Said(kind="warn", headline=tr("Choose the list once more: it is no longer here."))
            )
        try:
            count, gone, notes = await office.roster(actor_of(request)).import_directory(name, data)
        except BadList as bad:
            said = Said(kind="bad", headline=tr("Nothing was imported."), lines=tuple(bad.problems))
            return self._later(request, said)
        await office.changed()
        headline = trn("%(num)s extension has an address now.", "%(num)s extensions have an address now.", count)
        lines = list(notes)
        if gone:
            lines.append(
                trn("%(num)s line of the list before is gone.", "%(num)s lines of the list before are gone.", gone)
            )
        return self._later(request, Said(kind="ok", headline=headline, lines=tuple(lines)))

    async def export(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/directory.csv."""
        name = request.match_info["id"]
        text = await self._people.exported(name)
        headers = {"Content-Disposition": f'attachment; filename="{name}-extensions.csv"'}
        return web.Response(body=text.encode("utf-8-sig"), content_type="text/csv", charset="utf-8", headers=headers)

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of a form's address: the page that the form stands on."""
        return redirect(f"/devices/{request.match_info['id']}/directory")

    async def _show(
        self, request: web.Request, wrong: Fault | None, typed: dict[str, str], status: int = 200
    ) -> web.Response:
        office, name = self._office, request.match_info["id"]
        known = await office.roster(actor_of(request)).one(name)
        text, after = request.query.get("search", "").strip()[:100], request.query.get("after", "")[:32]
        page = await self._people.page(name, text, after)
        line = await office.devices.state(name)
        older = {"search": text, "after": page.after}
        return await office.render(
            request,
            "people.html",
            status=status,
            known=known,
            line=line,
            page=page,
            text=text,
            first=f"/devices/{name}/directory" if after else "",
            next=f"/devices/{name}/directory?{urlencode(older)}" if page.after else "",
            missing=await self._people.missing(name) if not text and not after else [],
            extension=typed.get("extension") or request.query.get("extension", "")[:32],
            typed=typed,
            fault=wrong,
        )

    def _place(self, request: web.Request, name: str) -> str:
        return f"{session_of(request).key} {name}"

    def _later(self, request: web.Request, said: Said) -> web.Response:
        return self._office.later(request, said, f"/devices/{request.match_info['id']}/directory")
