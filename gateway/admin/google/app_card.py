"""Card 1 of the Google page: what is done with an upload, with typed values and with the buttons of their messages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from gateway import messages
from gateway.accounts.credentials_file import Credentials, read_credentials
from gateway.accounts.google_app import AppEntry, Audience
from gateway.admin.google.app_form import Draft, swapped
from gateway.admin.google.page import GooglePage, Outcome, prove_again
from gateway.admin.google.view import Fault, Told
from gateway.admin.shell import actor_of, form_of, session_of
from gateway.config import Secret
from gateway.errors import AccessError, SignInError
from gateway.messages.languages import tr


class AppCard:
    """The forms of card 1. What could not be saved waits in memory, so that nobody types a secret twice."""

    def __init__(self, page: GooglePage) -> None:
        self._page = page
        self._office = page.office

    async def save(self, request: web.Request) -> web.Response:
        """POST /google/app."""
        form, session = await form_of(request), session_of(request)
        before = self._page.drafts.get(session.key)
        if before is not None and (before.reset or before.id != form.get("draft")):
            before = None
        typed = _typed(form, before)
        try:
            entry = replace(typed, credentials=_credentials(form, before))
        except SignInError as error:
            return await self._refused(request, Fault.of(error), _draft(typed))
        return await self._save(request, entry, form, confirmed=form.get("address") == "mine")

    async def reset(self, request: web.Request) -> web.Response:
        """POST /google/app/reset."""
        return await self._reset(request, await form_of(request), confirmed=False)

    async def again(self, request: web.Request) -> web.Response:
        """POST /google/app/again: the button of a message about what was entered a moment ago."""
        form, session = await form_of(request), session_of(request)
        draft, how = self._page.drafts.get(session.key), form.get("how", "")
        if how == "default-redirect":
            entry = draft.entry if draft is not None and not draft.reset else self._saved()
            return await self._save(request, replace(entry, redirect_uri=""), form, confirmed=False)
        if draft is None:
            fault = Fault(message=messages.text("A-05"))
            return self._page.later(request, Outcome(fault=fault), "problem")
        if how == "swap":
            return await self._save(request, swapped(draft.entry), form, confirmed=False)
        if draft.reset:
            return await self._reset(request, form, confirmed=True)
        return await self._save(request, draft.entry, form, confirmed=True)

    async def pasted(self, request: web.Request) -> web.Response:
        """POST /google/app/pasted: the credentials file was pasted into the box of card 3 and belongs here."""
        form, session = await form_of(request), session_of(request)
        text = form.get("code", "").strip()
        waiting = self._page.drafts.get(session.key)
        if not text and waiting is not None and not waiting.reset:
            return await self._save(request, waiting.entry, form, confirmed=False)
        entry = replace(self._saved(), client_id="")
        try:
            entry = replace(entry, credentials=read_credentials(text.encode("utf-8", "replace")))
        except SignInError as error:
            return await self._refused(request, Fault.of(error), _draft(entry))
        return await self._save(request, entry, form, confirmed=False)

    async def _save(
        self, request: web.Request, entry: AppEntry, form: Mapping[str, str], *, confirmed: bool
    ) -> web.Response:
        draft = _draft(entry)
        asked = await self._proved(request, form, draft)
        if asked is not None:
            return asked
        try:
            notes = await self._office.apps.save(entry, actor_of(request), confirmed=confirmed)
        except SignInError as error:
            addresses = tuple(error.values.get("addresses", "").split())
            return await self._refused(request, Fault.of(error), replace(draft, addresses=addresses))
        self._page.drafts.take(session_of(request).key)
        self._page.forget_look()
        told = Told(at=2, headline=tr("Saved. Next: Get Authorization Code."), notes=notes)
        try:
            await self._office.accounts.check_client()
        except SignInError as error:
            told = Told(at=1, headline=tr("Saved, but Google does not accept it yet."), notes=notes)
            return self._page.later(request, Outcome(told=told, fault=Fault.of(error, "client_id")), "problem")
        return self._page.later(request, Outcome(told=told), "step-2")

    async def _reset(self, request: web.Request, form: Mapping[str, str], *, confirmed: bool) -> web.Response:
        draft = Draft(id=_new_id(), entry=AppEntry(), reset=True)
        asked = await self._proved(request, form, draft)
        if asked is not None:
            return asked
        try:
            await self._office.apps.reset(actor_of(request), confirmed=confirmed)
        except SignInError as error:
            return await self._refused(request, Fault.of(error), draft)
        self._page.drafts.take(session_of(request).key)
        told = Told(at=1, headline=tr("The saved Google app was forgotten."))
        return self._page.later(request, Outcome(told=told), "step-1")

    async def _proved(self, request: web.Request, form: Mapping[str, str], draft: Draft) -> web.Response | None:
        """Ask for the password again unless it was entered a moment ago; None when all is well."""
        try:
            await prove_again(self._office.admins, request, form)
        except AccessError as error:
            return await self._refused(request, Fault.of(error, "password"), draft, proved=False)
        return None

    async def _refused(
        self, request: web.Request, fault: Fault, draft: Draft, *, proved: bool | None = None
    ) -> web.Response:
        draft = _without_what_is_wrong(draft, fault)
        self._page.drafts.put(session_of(request).key, draft)
        return await self._page.show(request, fault, draft=draft, status=422, proved=proved)

    def _saved(self) -> AppEntry:
        """Return the app in effect as an entry that changes nothing."""
        app = self._office.apps.current()
        own = "" if app.redirect_uri == app.default_redirect else app.redirect_uri
        return AppEntry(client_id=app.client_id, redirect_uri=own, audience=app.audience)


def _typed(form: Mapping[str, str], before: Draft | None) -> AppEntry:
    """Return what was typed, with the secret that was typed before if there is no new one."""
    secret = form.get("client_secret", "")
    kept = before.entry.client_secret if before is not None else None
    chosen = form.get("address", "")
    return AppEntry(
        client_id=form.get("client_id", ""),
        client_secret=Secret(secret) if secret.strip() else kept,
        redirect_uri=form.get("redirect_uri", "") if chosen in ("", "mine") else chosen,
        audience=next((each for each in Audience if each == form.get("audience")), Audience.UNKNOWN),
    )


def _credentials(form: Mapping[str, str], before: Draft | None) -> Credentials | None:
    """Return what the chosen file or the pasted text says, else what was chosen before. Raises SignInError."""
    for name in ("file", "file_text"):
        if form.get(name, "").strip():
            return read_credentials(form[name].encode("utf-8", "replace"))
    return before.entry.credentials if before is not None else None


def _without_what_is_wrong(draft: Draft, fault: Fault) -> Draft:
    """A secret or a file that is refused for itself is not offered again."""
    code, entry = fault.message.code, draft.entry
    if code in ("G-104", "G-105"):
        entry = replace(entry, client_secret=None)
    if fault.field == "file" and code not in ("G-114", "G-116"):
        entry = replace(entry, credentials=None)
    return replace(draft, entry=entry)


def _draft(entry: AppEntry) -> Draft:
    return Draft(id=_new_id(), entry=entry)


def _new_id() -> str:
    return secrets.token_urlsafe(12)
