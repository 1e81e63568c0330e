"""The Google page as it stands at the moment: gathers what it shows; what its forms do is in the cards' modules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from aiohttp import web

from gateway import messages
from gateway.access.admins import Admins, Session
from gateway.accounts import console
from gateway.accounts.accounts import Accounts
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.candidate import Candidate
from gateway.accounts.checked import Checked
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.test_meeting import TestMeeting
from gateway.admin.buttons import Pressing, pressing
from gateway.admin.google import view as google_view
from gateway.admin.google.app_form import Draft, audiences
from gateway.admin.google.shelf import Shelf
from gateway.admin.google.view import CalendarCard, Fault, Told
from gateway.admin.google.way_back import Returns, origin_of, returns
from gateway.admin.shell import Shell, actor_of, is_loopback, session_of
from gateway.clock import Clock
from gateway.errors import AccessError

LOOK_FOR_CALENDARS_S = 5.0
"""How long a page waits for the list of calendars, which it can do without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the Google pages work with. `own` are the origins under which everybody reaches this gateway."""

    shell: Shell
    admins: Admins
    accounts: Accounts
    apps: GoogleApps
    choice: CalendarChoice
    meeting: TestMeeting
    clock: Clock
    zone_now: Callable[[], str | None]
    own: frozenset[str] = frozenset()

    @property
    def zone(self) -> str | None:
        """The zone of times that are shown, which may be changed on the page."""
        return self.zone_now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a form did, for the page that comes after it."""

    told: Told | None = None
    fault: Fault | None = None


class GooglePage:
    """Shows the page, and keeps in memory what each session has under way."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.drafts: Shelf[Draft] = Shelf(office.clock)
        self.tickets: Shelf[str] = Shelf(office.clock)
        self._outcomes: Shelf[Outcome] = Shelf(office.clock)
        self._looked: Shelf[Checked] = Shelf(office.clock, most=1)
        office.admins.follow(self._forget)

    async def get(self, request: web.Request) -> web.Response:
        """GET /google."""
        key = session_of(request).key
        outcome = (self._outcomes.get(key) if "told" in request.query else None) or Outcome()
        draft = self.drafts.get(key) if outcome.fault is not None else None
        return await self.show(request, outcome.fault, told=outcome.told, draft=draft)

    async def standing(self, request: web.Request) -> web.Response:
        """GET /google/standing: the status alone, for a page that is already open."""
        view = google_view.view(await self._seen(request, None, None, None))
        return await self.office.shell.render(request, "google/standing_again.html", view=view)

    def later(self, request: web.Request, outcome: Outcome, at: str) -> web.Response:
        """Answer a form with the page, which then shows `outcome` and begins at the element `at`."""
        self._outcomes.put(session_of(request).key, outcome)
        return web.Response(status=303, headers={"Location": f"/google?told#{at}"})

    async def show(
        self,
        request: web.Request,
        fault: Fault | None = None,
        *,
        told: Told | None = None,
        draft: Draft | None = None,
        status: int = 200,
        proved: bool | None = None,
    ) -> web.Response:
        """Return the page, with `fault` at its field and `draft` in card 1; `proved` overrules the session."""
        office = self.office
        seen = await self._seen(request, fault, told, draft)
        if proved is not None:
            seen = replace(seen, proved=proved)
        view = google_view.view(seen)
        meeting = await office.meeting.sent() if view.connected else None
        return await office.shell.render(
            request,
            "google/page.html",
            status=status,
            view=view,
            app=seen.app,
            candidate=seen.candidate,
            fault=fault,
            told=told,
            audiences=audiences(),
            returns=self._returns(request),
            pressed=self.pressed(fault.redirect if fault is not None else ""),
            choice=await self._calendars() if view.connected else None,
            meeting=meeting,
            meeting_link=google_view.web_link(meeting.link) if meeting is not None else "",
            others=google_view.others(office.accounts.statuses(), office.zone),
            warnings=[each for each in office.accounts.warnings() if not each.email or each.email != view.email],
        )

    async def _calendars(self) -> CalendarCard:
        """Return card 4, with the calendars of a look at Google that was made lately, or is made now if it is quick."""
        office, chosen = self.office, self.office.choice.current()
        found = self._looked.get("")
        if found is None and office.accounts.calendar() is not None:
            try:
                async with asyncio.timeout(LOOK_FOR_CALENDARS_S):
                    found = await office.accounts.check()
            except TimeoutError:
                found = Checked()
            self.looked(found)
        return google_view.calendar_card(chosen, found)

    def pressed(self, redirect: str = "") -> Pressing:
        """Return what the catalogue's buttons are for somebody who is signed in.

        `redirect` is the address to copy when it is another one than the gateway uses.
        """
        app = self.office.apps.current()
        return pressing(
            signed_in=True,
            known={"copy-redirect": redirect or app.redirect_uri, "copy-client-id": app.client_id},
            consoles=console.links(app.project_id),
        )

    def looked(self, found: Checked) -> None:
        """Remember what a look at Google found, for the list of calendars."""
        self._looked.put("", found)

    def calendar_name(self, calendar_id: str) -> str:
        """Return the name of a calendar that the last look at Google found, empty when it did not."""
        found = self._looked.get("")
        calendars = found.calendars if found is not None else ()
        return next((each.name for each in calendars if each.id == calendar_id), "")

    def forget_look(self) -> None:
        """The next page asks Google again which calendars there are."""
        self._looked.take("")

    async def _forget(self, key: str) -> None:
        """The session of that key ended."""
        self.drafts.take(key)
        self._outcomes.take(key)

    async def _seen(
        self, request: web.Request, fault: Fault | None, told: Told | None, draft: Draft | None
    ) -> google_view.Seen:
        office, session = self.office, session_of(request)
        status = office.accounts.status()
        return google_view.Seen(
            standing=await office.accounts.standing(origins_of(session)),
            app=office.apps.current(),
            candidate=held(office.accounts, session),
            draft=draft,
            fault=fault,
            told=told,
            change=request.query.get("change", ""),
            authorized_at_ms=status.authorized_at_ms if status is not None else None,
            proved=session.proved,
            zone=office.zone,
        )

    def _returns(self, request: web.Request) -> Returns:
        app = self.office.apps.current()
        port = urlsplit(app.default_redirect).port
        local = (f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]"))
        return returns(
            app.redirect_uri,
            page=f"{request.scheme}://{request.host}",
            from_loopback=is_loopback(request),
            own=frozenset(map(origin_of, (*self.office.own, *local))),
        )


def origins_of(session: Session) -> tuple[str, str]:
    """Return whose sign-in links count for this session: its own, and the long-lived ones of its user."""
    return session_origin(session), f"user:{session.user_id}"


def session_origin(session: Session) -> str:
    """Return the origin of what belongs to this session alone."""
    return f"session:{session.key}"


def held(accounts: Accounts, session: Session) -> Candidate | None:
    """Return the account that waits for a word of this session."""
    return accounts.held(session_origin(session))


async def prove_again(admins: Admins, request: web.Request, form: Mapping[str, str]) -> None:
    """Make sure that the password was entered lately, here or before. Raises AccessError with its field."""
    session = session_of(request)
    if session.proved:
        return
    password = form.get("password", "")
    if not password:
        raise AccessError("A-12", str(messages.text("A-12")), field="password")
    await admins.prove(session, password, actor_of(request).source)
