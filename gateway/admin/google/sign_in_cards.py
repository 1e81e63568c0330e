"""Cards 2 and 3 of the Google page: the link to Google, what comes back from it, and a word on whose account it is."""

from __future__ import annotations

from aiohttp import web

from gateway import messages
from gateway.accounts.attempt import SignInLink
from gateway.accounts.candidate import Candidate
from gateway.accounts.checked import Checked
from gateway.accounts.credentials_file import read_credentials
from gateway.accounts.google_app import AppEntry
from gateway.admin.google.app_form import Draft
from gateway.admin.google.page import GooglePage, Outcome, held, origins_of, session_origin
from gateway.admin.google.view import Fault, Told, at_time
from gateway.admin.qr import qr_svg
from gateway.admin.shell import actor_of, form_of, redirect, session_of
from gateway.errors import SignInError
from gateway.messages.languages import tr, trn

SECRETS = ("G-205", "G-206")
"""What was pasted is a secret: it does not stay in the box."""


class SignInCards:
    """The forms of cards 2 and 3. A code is never shown again, and nothing is written to a calendar here."""

    def __init__(self, page: GooglePage) -> None:
        self._page = page
        self._office = page.office
        self._accounts = page.office.accounts

    async def start(self, request: web.Request) -> web.Response:
        """POST /google/start, in a new tab: a page of ours that goes on to Google.

        A redirect would be forbidden by `form-action` of our own policy.
        """
        session = session_of(request)
        try:
            link = await self._accounts.start(session_origin(session), by=actor_of(request))
        except SignInError as error:
            fault = Fault.of(error)
            return await self._render(request, "google/going.html", link="", fault=fault, status=422)
        return await self._render(request, "google/going.html", link=link.url, fault=None)

    async def make_link(self, request: web.Request) -> web.Response:
        """POST /google/link: a link to copy; the one that is under way, unless it shall be good for longer."""
        form, session = await form_of(request), session_of(request)
        long = form.get("long") == "yes"
        pending = await self._accounts.pending(origins_of(session))
        try:
            if long:
                await self._accounts.start(f"user:{session.user_id}", long=True, by=actor_of(request))
            elif pending is None or form.get("new") == "yes":
                await self._accounts.start(session_origin(session), by=actor_of(request))
        except SignInError as error:
            return await self._page.show(request, Fault.of(error, "client_id"), status=422)
        return redirect("/google/link#qr" if form.get("show") == "qr" else "/google/link")

    async def link(self, request: web.Request) -> web.Response:
        """GET /google/link: the link that is under way, as text and as a picture."""
        pending = await self._accounts.pending(origins_of(session_of(request)))
        if pending is None:
            return redirect("/google#step-2")
        return await self._render(
            request,
            "google/link.html",
            link=pending.url,
            until=at_time(pending.expires_at_ms, self._office.zone),
            long=_is_long(pending),
            qr=qr_svg(pending.url),
            mail=mail_text(pending.url, self._account_hint()),
        )

    async def recognise(self, request: web.Request) -> web.Response:
        """POST /google/recognise: what the box of card 3 holds, while it is being filled; nothing is sent or kept."""
        pasted = (await form_of(request)).get("code", "")
        problem = self._accounts.recognise(pasted) if pasted.strip() else None
        return await self._render(
            request,
            "google/recognised.html",
            found=problem or ("code" if pasted.strip() else None),
            clear=problem is not None and problem.code in SECRETS,
        )

    async def finish(self, request: web.Request) -> web.Response:
        """POST /google/code: what was pasted, or what the browser brought by itself (`ticket`)."""
        form, session = await form_of(request), session_of(request)
        pasted = form.get("code", "")
        if "ticket" in form:
            brought = self._page.tickets.take(form["ticket"])
            if brought is None:
                return await self._page.show(request, Fault(message=messages.text("G-213"), field="code"), status=422)
            pasted = brought
        try:
            candidate = await self._accounts.finish(pasted, origins=origins_of(session), by=actor_of(request))
        except SignInError as error:
            self._keep_for_step_1(error, pasted, session.key)
            return await self._page.show(request, Fault.of(error, "code"), status=422)
        self._accounts.hold(session_origin(session), candidate)
        return redirect("/google#step-3")

    async def use(self, request: web.Request) -> web.Response:
        """POST /google/use: the account that was shown is the right one."""
        form, session = await form_of(request), session_of(request)
        candidate = held(self._accounts, session)
        if candidate is None:
            return self._page.later(
                request, Outcome(fault=Fault(message=messages.text("G-214"), field="code")), "problem"
            )
        try:
            await self._accounts.store(candidate, replace=form.get("replace") == "yes", by=actor_of(request))
        except SignInError as error:
            return await self._page.show(request, Fault.of(error), status=422)
        found = await self._accounts.check()
        self._page.looked(found)
        return self._page.later(request, checked_outcome(found, candidate), "problem" if found.problem else "step-4")

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /google/cancel: no; what waits for a word of this session is forgotten."""
        session = session_of(request)
        self._page.drafts.take(session.key)
        await self._accounts.cancel(session_origin(session), by=actor_of(request))
        return redirect("/google")

    def _keep_for_step_1(self, error: SignInError, pasted: str, key: str) -> None:
        """The credentials file was pasted: keep it, so that a button can use it where it belongs."""
        if error.code != "G-209":
            return
        app = self._office.apps.current()
        own = "" if app.redirect_uri == app.default_redirect else app.redirect_uri
        try:
            found = read_credentials(pasted.strip().encode("utf-8", "replace"))
        except SignInError:
            return
        entry = AppEntry(redirect_uri=own, audience=app.audience, credentials=found)
        self._page.drafts.put(key, Draft(id="pasted", entry=entry))

    def _account_hint(self) -> str:
        status = self._accounts.status()
        return status.email if status is not None else ""

    async def _render(
        self, request: web.Request, template: str, *, status: int = 200, **context: object
    ) -> web.Response:
        return await self._office.shell.render(
            request, template, status=status, pressed=self._page.pressed(), **context
        )


def checked_outcome(found: Checked, candidate: Candidate | None = None) -> Outcome:
    """Return what a look at Google is told as; with `candidate` after an authorization."""
    lines = [] if candidate is None else [tr("Granted: see and edit calendar events.")]
    lines.append(_checked_line(found))
    told = Told(
        at=4,
        headline=tr("Authorization successful!") if candidate is not None else tr("Checked."),
        account=candidate.email if candidate is not None else "",
        lines=tuple(line for line in lines if line),
        notes=(*(candidate.notes if candidate is not None else ()), *found.notes),
    )
    return Outcome(told=told if candidate is not None or found.problem is None else None, fault=_fault(found))


def _fault(found: Checked) -> Fault | None:
    return Fault(message=found.problem, field="calendar") if found.problem is not None else None


def _checked_line(found: Checked) -> str:
    if found.problem is not None:
        return ""
    number, difference_s = len(found.calendars), found.clock_difference_s
    if difference_s is None:
        return trn(
            "Checked just now: Calendar API is on, %(num)s calendar found.",
            "Checked just now: Calendar API is on, %(num)s calendars found.",
            number,
        )
    return trn(
        "Checked just now: Calendar API is on, %(num)s calendar found, clock difference %(seconds)s s.",
        "Checked just now: Calendar API is on, %(num)s calendars found, clock difference %(seconds)s s.",
        number,
        seconds=abs(round(difference_s)),
    )


def mail_text(link: str, account: str) -> str:
    """Return an e-mail for whoever has the password of the Google account."""
    if account:
        words = tr(
            "Please open this link, sign in with %(account)s, click Allow, then send me the complete address of the "
            "page that can't be reached.",
            account=account,
        )
    else:
        words = tr(
            "Please open this link, sign in with the Google account whose calendar shall be used, click Allow, then "
            "send me the complete address of the page that can't be reached."
        )
    return f"{words}\n\n{link}\n"


def _is_long(link: SignInLink) -> bool:
    return link.expires_at_ms - link.started_at_ms > 3600 * 1000
