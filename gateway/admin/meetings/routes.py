"""Which address leads to which part of the meetings' pages; nothing happens here."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.meetings.agenda import AgendaPages
from gateway.admin.meetings.deeds import MeetingDeeds
from gateway.admin.meetings.google import GooglePages
from gateway.admin.meetings.office import MeetingOffice
from gateway.admin.meetings.one import MeetingPages
from gateway.admin.meetings.week import WeekPages


def add_meeting_pages(app: web.Application, office: MeetingOffice) -> None:
    """Add everything under /meetings to `app`."""
    shell = office.shell
    agenda, week, google, one = AgendaPages(office), WeekPages(office), GooglePages(office), MeetingPages(office)
    deeds = MeetingDeeds(one)
    pages = {
        "/meetings": agenda.get,
        "/meetings/part": agenda.table,
        "/meetings/week": week.week,
        "/meetings/week/part": week.week_part,
        "/meetings/rooms": week.rooms,
        "/meetings/rooms/part": week.rooms_part,
        "/meetings/events.json": week.events,
        "/meetings/google": google.get,
        "/meetings/google/part": google.table,
        "/meetings/{id:[0-9]+}": one.get,
        "/meetings/{id:[0-9]+}/part": one.part,
        "/meetings/{id:[0-9]+}/ladder": one.ladder,
        "/meetings/{id:[0-9]+}/meeting.ics": one.ics,
    }
    for path, handler in pages.items():
        shell.add(app, "GET", path, handler)
    shell.add(app, "POST", "/meetings/google/update", google.update)
    forms = {
        "send": deeds.send,
        "cancel": deeds.cancel,
        "decide": deeds.decide,
        "vanished": deeds.vanished,
        "adopt": deeds.adopt,
        "password": deeds.password,
    }
    for name, handler in forms.items():
        shell.add(app, "POST", f"/meetings/{{id:[0-9]+}}/{name}", handler)
        shell.add(app, "GET", f"/meetings/{{id:[0-9]+}}/{name}", deeds.back)
