"""Card 4 of the Google page and what is checked with it: the calendar, who invites, the test meeting."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.google.page import GooglePage, Outcome
from gateway.admin.google.sign_in_cards import checked_outcome
from gateway.admin.google.view import Fault, Told
from gateway.admin.shell import actor_of, form_of
from gateway.domain.meeting import Invitations
from gateway.errors import SignInError
from gateway.messages.languages import tr


class CalendarForms:
    """The forms of card 4, and the button Check again."""

    def __init__(self, page: GooglePage) -> None:
        self._page = page
        self._office = page.office

    async def save(self, request: web.Request) -> web.Response:
        """POST /google/calendar."""
        form, choice = await form_of(request), self._office.choice
        before = choice.current()
        calendar_id = form.get("calendar") or before.calendar_id
        asked = form.get("invitations", "")
        try:
            saved = await choice.save(
                calendar_id,
                name=self._page.calendar_name(calendar_id)
                or (before.name if calendar_id == before.calendar_id else ""),
                invitations=next((each for each in Invitations if each == asked), before.invitations),
                by=actor_of(request),
            )
        except SignInError as error:
            return await self._page.show(request, Fault.of(error, "calendar"), status=422)
        told = Told(at=4, headline=tr("Saved. Meetings are written to %(calendar)s.", calendar=saved.shown))
        return self._page.later(request, Outcome(told=told), "step-4")

    async def check(self, request: web.Request) -> web.Response:
        """POST /google/check: ask Google again, with the account, or about the client while there is none."""
        accounts = self._office.accounts
        if accounts.status() is not None:
            found = await accounts.check()
            self._page.looked(found)
            return self._page.later(request, checked_outcome(found), "problem" if found.problem else "step-4")
        try:
            await accounts.check_client()
        except SignInError as error:
            return self._page.later(request, Outcome(fault=Fault.of(error, "client_id")), "problem")
        told = Told(at=2, headline=tr("Google answers and accepts the Client ID and the Client Secret."))
        return self._page.later(request, Outcome(told=told), "step-2")

    async def send(self, request: web.Request) -> web.Response:
        """POST /google/test-meeting."""
        try:
            await self._office.meeting.send(actor_of(request))
        except SignInError as error:
            return self._page.later(request, Outcome(fault=Fault.of(error, "calendar")), "problem")
        return self._page.later(
            request, Outcome(told=Told(at=4, headline=tr("The test meeting was written."))), "step-4"
        )

    async def delete(self, request: web.Request) -> web.Response:
        """POST /google/test-meeting/delete."""
        try:
            gone = await self._office.meeting.delete(actor_of(request))
        except SignInError as error:
            return self._page.later(request, Outcome(fault=Fault.of(error, "calendar")), "problem")
        headline = tr("The test meeting was deleted.") if gone else tr("There is no test meeting any more.")
        return self._page.later(request, Outcome(told=Told(at=4, headline=headline)), "step-4")
