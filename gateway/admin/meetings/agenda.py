"""The agenda: a table by day, with filters in its address; which meetings are in it is found in `operations`."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from aiohttp import web

from gateway.admin.meetings import words
from gateway.admin.meetings.office import MeetingOffice
from gateway.admin.meetings.words import Badge, Span
from gateway.messages.languages import tr
from gateway.operations.meetings import agenda as meeting_agenda
from gateway.operations.meetings.agenda import WORDS, AgendaPage, AgendaRow, Asked, Word

LONGEST_TEXT = 100
FEW_DEVICES = 60
"""More devices than this are not listed in the filter: their id is typed."""

_OLD_WORDS: Mapping[str, Word] = {"refused": "failed", "held": "waiting", "queued": "waiting", "asks": "changed"}
"""What commands call a state, for addresses that were made of that."""


class RowView(NamedTuple):
    """One line of the table."""

    href: str
    time: Span
    subject: str
    repeats: bool
    moved: bool
    host: str
    device: str
    guests: int
    state: Badge
    why: str


class DayView(NamedTuple):
    """One day and its lines."""

    id: str
    title: str
    rows: list[RowView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was asked for, as it stands in the address; dates are ISO 8601, empty where nothing was chosen."""

    device: str = ""
    first: str = ""
    last: str = ""
    state: str = ""
    text: str = ""
    every: bool = False
    after: str = ""
    wrong: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        """Read an address; what cannot be understood is left out, and named in `wrong`."""
        day, wrong = query.get("day", "").strip()[:10], ""
        first, last = day or query.get("from", "").strip()[:10], day or query.get("to", "").strip()[:10]
        if (first and not _is_day(first)) or (last and not _is_day(last)):
            wrong = first if first and not _is_day(first) else last
            first, last = "", ""
        said = query.get("state", "")
        state = _OLD_WORDS.get(said, said)
        return cls(
            device=query.get("device", "").strip()[:LONGEST_TEXT],
            first=first,
            last=last,
            state=state if state in WORDS else "",
            text=query.get("text", "").strip()[:LONGEST_TEXT],
            every=query.get("every", "") == "yes",
            after=query.get("after", "")[:60],
            wrong=wrong,
        )

    def address(self, after: str = "") -> str:
        """Return the address of the agenda with these filters."""
        named = (
            ("device", self.device),
            ("from", self.first),
            ("to", self.last),
            ("state", self.state),
            ("text", self.text),
            ("every", "yes" if self.every else ""),
            ("after", after),
        )
        said = urlencode([(name, value) for name, value in named if value])
        return f"/meetings?{said}" if said else "/meetings"

    def asked(self, office: MeetingOffice) -> Asked:
        """Return what to look for. Without a first day it begins today."""
        first = date.fromisoformat(self.first) if self.first else office.today()
        from_s = meeting_agenda.midnight_s(first, office.zone)
        to_s = None
        if self.last:
            to_s = meeting_agenda.midnight_s(date.fromisoformat(self.last) + timedelta(days=1), office.zone)
        state: Word | None = next((each for each in WORDS if each == self.state), None)
        return Asked(
            from_s=from_s,
            to_s=to_s,
            device=self.device,
            state=state,
            text=self.text,
            every=self.every,
            after=_place(self.after),
        )


class AgendaPages:
    """GET /meetings, whole and only the table."""

    def __init__(self, office: MeetingOffice) -> None:
        self._office = office

    async def get(self, request: web.Request) -> web.Response:
        """GET /meetings."""
        return await self._answer(request, "meetings/agenda.html")

    async def table(self, request: web.Request) -> web.Response:
        """GET /meetings/part: the table alone, for a page that is open."""
        return await self._answer(request, "meetings/agenda_table.html")

    async def _answer(self, request: web.Request, template: str) -> web.Response:
        office, filters = self._office, Filters.of(request.query)
        asked = filters.asked(office)

        def read(conn: sqlite3.Connection) -> AgendaPage:
            return meeting_agenda.agenda(conn, asked, office.chosen)

        page = await office.database.read(read)
        if asked.text:
            office.searched()
        after = "" if page.after is None else ".".join(map(str, page.after))
        devices = office.devices()
        return await office.shell.render(
            request,
            template,
            tab="agenda",
            filters=filters,
            devices=[(each, each) for each in devices] if len(devices) <= FEW_DEVICES else None,
            states=words.states(),
            days=days(page.rows, office.zone, office.today()),
            first_page=replace(filters, after="").address() if filters.after else "",
            next_page=filters.address(after) if after else "",
            looked_until=None if page.looked_until_s is None else words.clock(page.looked_until_s, office.zone),
            part=filters.address(filters.after).replace("/meetings", "/meetings/part", 1),
            zone=office.zone,
            zone_shown=words.zone_shown(office.zone, office.now_s()),
        )


def days(rows: Iterable[AgendaRow], zone: str, today: date) -> list[DayView]:
    """Return the rows by the day that they begin on in a zone; what began before is under that day."""
    found = []
    for at, group in itertools.groupby(rows, lambda row: meeting_agenda.day_of(row.start_s, zone)):
        title = words.day(at)
        if at == today:
            title = tr("Today, %(day)s", day=title)
        elif at == today + timedelta(days=1):
            title = tr("Tomorrow, %(day)s", day=title)
        found.append(DayView(f"day-{at.isoformat()}", title, [row_view(row, zone) for row in group]))
    return found


def row_view(row: AgendaRow, zone: str) -> RowView:
    """Return how one row is shown."""
    line = row.line
    return RowView(
        href=f"/meetings/{line.id}",
        time=words.span(row.start_s, row.end_s, zone, all_day=row.aside.all_day),
        subject=line.subject or tr("(no subject)"),
        repeats=line.series,
        moved=row.begin.state == "changed",
        host=row.aside.host,
        device=line.device,
        guests=row.aside.guests,
        state=words.badge(row.word),
        why=line.why[0] if row.word in ("failed", "waiting") else "",
    )


def _place(text: str) -> tuple[int, int, int] | None:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 15 for part in parts):
        return None
    start_s, meeting_id, original_s = map(int, parts)
    return start_s, meeting_id, original_s


def _is_day(text: str) -> bool:
    try:
        return 1971 <= date.fromisoformat(text).year < 9000
    except ValueError:
        return False
