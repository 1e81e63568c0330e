"""Writing one's own profiles: copy one, edit it, draft a new one from captured calls; what is checked is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from gateway.admin.conflicts import Difference, conflict
from gateway.admin.profiles.office import ProfileOffice
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.domain.actor import Actor
from gateway.errors import NotFound, ProfileError
from gateway.messages.languages import tr
from gateway.operations.profiles.columns import Call
from gateway.operations.profiles.desk import Changed, Mistake, NotSaved, mark
from gateway.operations.profiles.draft import DraftError
from gateway.operations.profiles.files import is_profile_id
from gateway.operations.profiles.history import differences

_CALL = "call-"
_LONGEST_ID = 80


class WritePages:
    """The handlers of /profiles/new, /profiles/…/…/copy and /profiles/…/…/edit."""

    def __init__(self, office: ProfileOffice) -> None:
        self._office = office

    async def copy(self, request: web.Request) -> web.Response:
        """POST /profiles/…/…/copy: make an own profile of it under another id (or the same, which then wins)."""
        shelved = self._office.wanted(request)
        profile_id = (await form_of(request)).get("id", "").strip()[:_LONGEST_ID]
        fault = await self._created(profile_id, self._office.desk.text(shelved.id), actor_of(request))
        if fault:
            return await self._office.shell.render(
                request, "profiles/copy.html", status=422, shelved=shelved, id=profile_id, fault=fault
            )
        return redirect(f"/profiles/{profile_id}/edit")

    async def copy_form(self, request: web.Request) -> web.Response:
        """GET /profiles/…/…/copy: the id of the copy."""
        shelved = self._office.wanted(request)
        _, _, model = shelved.id.partition("/")
        return await self._office.shell.render(
            request, "profiles/copy.html", shelved=shelved, id=f"own/{model}", fault=""
        )

    async def _created(self, profile_id: str, text: str, by: Actor) -> str:
        """Write a new own profile; return why not."""
        try:
            await self._office.desk.save(profile_id, text, create=True)
        except NotSaved as error:
            return str(error)
        except FileExistsError:
            return tr("You have a profile %(id)s already. Choose another id.", id=profile_id)
        except OSError as error:
            return tr("The file cannot be written: %(reason)s.", reason=error.strerror or "")
        await self._office.history.saved(profile_id, text, by, new=True)
        return ""

    async def edit(self, request: web.Request) -> web.Response:
        """GET /profiles/…/…/edit: the text of an own profile."""
        shelved = self._office.wanted(request)
        if not shelved.own:
            return redirect(f"/profiles/{shelved.id}/copy")
        text = self._office.desk.text(shelved.id)
        mistakes = self._office.desk.check(shelved.id, text)
        return await self._show(
            request, shelved.id, text, version=mark(text), mistakes=mistakes, saved="saved" in request.query
        )

    async def save(self, request: web.Request) -> web.Response:
        """POST /profiles/…/…/edit: check it, write it, use it."""
        shelved, form = self._office.wanted(request), await form_of(request)
        if not shelved.own:
            return redirect(f"/profiles/{shelved.id}/copy")
        text, version = _lines(form.get("text", "")), form.get("version", "")
        try:
            await self._office.desk.save(shelved.id, text, seen=version)
        except NotSaved as error:
            return await self._show(request, shelved.id, text, version=version, mistakes=error.mistakes, status=422)
        except Changed:
            return await self._clash(request, shelved.id, text) or redirect(f"/profiles/{shelved.id}/edit")
        except OSError as error:
            fault = tr("The file cannot be written: %(reason)s.", reason=error.strerror or "")
            return await self._show(request, shelved.id, text, version=version, fault=fault, status=503)
        await self._office.history.saved(shelved.id, text, actor_of(request), new=False)
        return redirect(f"/profiles/{shelved.id}/edit?saved")

    async def _clash(self, request: web.Request, profile_id: str, typed: str) -> web.Response | None:
        """Return the page that tells who saved it meanwhile; None when the form was made from what is stored."""
        stored = self._office.desk.text(profile_id)
        by, at_ms = await self._office.history.last(profile_id, stored)
        found = [
            Difference(tr("Line %(line)s", line=each.line), each.stored, each.typed)
            for each in differences(stored, typed)
        ]
        return await conflict(self._office.shell, request, stored=mark(stored), by=by, at_ms=at_ms, differences=found)

    async def check(self, request: web.Request) -> web.Response:
        """POST /profiles/…/…/check: what is wrong with a text that is not saved; a part of the page."""
        shelved, form = self._office.wanted(request), await form_of(request)
        mistakes = self._office.desk.check(shelved.id, _lines(form.get("text", "")))
        return await self._office.shell.render(request, "profiles/mistakes.html", mistakes=mistakes)

    async def to_the_page(self, request: web.Request) -> web.Response:
        """GET of what was a form: the profile itself."""
        return redirect(f"/profiles/{self._office.wanted(request).id}")

    async def _show(
        self,
        request: web.Request,
        profile_id: str,
        text: str,
        *,
        version: str,
        mistakes: Sequence[Mistake] = (),
        fault: str = "",
        saved: bool = False,
        status: int = 200,
    ) -> web.Response:
        return await self._office.shell.render(
            request,
            "profiles/edit.html",
            status=status,
            id=profile_id,
            at=f"/profiles/{profile_id}",
            text=text,
            version=version,
            mistakes=mistakes,
            fault=fault,
            saved=saved,
            users=self._office.users(profile_id),
        )

    async def new_form(self, request: web.Request) -> web.Response:
        """GET /profiles/new: which calls to make a profile of."""
        chosen = request.query.get("call", "")
        return await self._new(request, {"id": "own/device", "zone": "", "lines": "", f"{_CALL}{chosen}": "yes"})

    async def new(self, request: web.Request) -> web.Response:
        """POST /profiles/new: draft it, write it, and go on editing."""
        form = dict(await form_of(request))
        profile_id = form.get("id", "").strip()[:_LONGEST_ID]
        if not is_profile_id(profile_id):
            fault = tr("The id is VENDOR/MODEL in small letters, digits, '-' and '_'.")
            return await self._new(request, form, fault=fault)
        calls, fault = await self._calls(form)
        if not fault:
            try:
                drafted = self._office.desk.draft(profile_id, calls, time_zone=form.get("zone", "").strip() or None)
            except (DraftError, ProfileError) as error:
                fault = str(error)
            else:
                fault = await self._created(profile_id, drafted.text, actor_of(request))
        if fault:
            return await self._new(request, form, fault=fault)
        return redirect(f"/profiles/{profile_id}/edit")

    async def _calls(self, form: dict[str, str]) -> tuple[list[Call], str]:
        found: list[Call] = []
        for name in form:
            number = name.removeprefix(_CALL)
            if name == number or not number.isdigit():
                continue
            try:
                opened, fault = self._office.opened(await self._office.calls.raw(int(number[:18])))
            except NotFound:
                return [], tr("One of the calls is no longer kept. Choose again.")
            if fault:
                return [], fault
            found += [call for call, _ in opened]
        try:
            found += self._office.captured(_lines(form.get("lines", "")))
        except ValueError as error:
            return [], str(error)
        return found, "" if found else tr("Choose at least one call, or paste some.")

    async def _new(self, request: web.Request, typed: dict[str, str], *, fault: str = "") -> web.Response:
        calls = self._office.recent()
        return await self._office.shell.render(
            request,
            "profiles/new.html",
            status=422 if fault else 200,
            calls=calls,
            typed=typed,
            chosen={each.number for each in calls if f"{_CALL}{each.number}" in typed},
            fault=fault,
            zone=self._office.zone(),
        )


def _lines(text: str) -> str:
    """A text of a form with the line ends of files."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
