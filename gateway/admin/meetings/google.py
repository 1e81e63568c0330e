"""What comes next in Google, and the button that reads it anew; Google is asked in `operations`."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web

from gateway.admin.meetings import words
from gateway.admin.meetings.office import MeetingOffice
from gateway.admin.shell import form_of, redirect
from gateway.messages.languages import tr
from gateway.operations.meetings import agenda as meeting_agenda
from gateway.operations.meetings.google import DAYS, ComingEvent


class EventView(NamedTuple):
    """One event of the calendar."""

    time: str
    machine: str
    subject: str
    location: str
    organizer: str
    ours: bool
    meeting: str
    link: str


class EventDay(NamedTuple):
    """One day and what is on it."""

    id: str
    title: str
    rows: list[EventView]


class GooglePages:
    """GET /meetings/google and POST /meetings/google/update."""

    def __init__(self, office: MeetingOffice) -> None:
        self._office = office

    async def get(self, request: web.Request) -> web.Response:
        """GET /meetings/google."""
        return await self._answer(request, "meetings/google.html")

    async def table(self, request: web.Request) -> web.Response:
        """GET /meetings/google/part: the list alone, for a page that is open."""
        return await self._answer(request, "meetings/google_table.html")

    async def update(self, request: web.Request) -> web.Response:
        """POST /meetings/google/update: ask Google again, and read what people changed."""
        self._office.google.update()
        account = (await form_of(request)).get("account", "")
        return redirect(f"/meetings/google?account={quote(account)}" if account else "/meetings/google")

    async def _answer(self, request: web.Request, template: str) -> web.Response:
        office = self._office
        coming = await office.google.coming(request.query.get("account", ""))
        return await office.shell.render(
            request,
            template,
            tab="google",
            coming=coming,
            accounts=[(each, each) for each in coming.accounts],
            days=_days(coming.events, office.zone),
            number=DAYS,
            zone=office.zone,
            zone_shown=words.zone_shown(office.zone, office.now_s()),
            part=f"/meetings/google/part?account={quote(coming.account)}",
        )


def _days(events: tuple[ComingEvent, ...], zone: str) -> list[EventDay]:
    def day(each: ComingEvent) -> date:
        event = each.event
        if event.start_utc_s is None:
            return event.first_day or date(1970, 1, 1)
        return meeting_agenda.day_of(event.start_utc_s, zone)

    ordered = sorted(events, key=lambda each: (day(each), each.event.start_utc_s or 0))
    return [
        EventDay(f"day-{at.isoformat()}", words.day(at), [_view(each, zone) for each in group])
        for at, group in groupby(ordered, day)
    ]


def _view(each: ComingEvent, zone: str) -> EventView:
    event = each.event
    if event.start_utc_s is None:
        text, machine = tr("All day"), str(event.first_day)
    else:
        text, machine, _ = words.span(event.start_utc_s, event.end_utc_s or event.start_utc_s, zone)
    return EventView(
        time=text,
        machine=machine,
        subject=event.subject,
        location=event.location,
        organizer=event.organizer,
        ours=each.ours,
        meeting="" if each.meeting_id is None else f"/meetings/{each.meeting_id}",
        link=event.link if event.link.startswith("https://") or event.link.startswith("http://127.") else "",
    )
