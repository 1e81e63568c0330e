"""The week and the day by device, as tables that need no script, and the same as JSON for the calendar picture."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.admin.meetings import words
from gateway.admin.meetings.agenda import RowView, row_view
from gateway.admin.meetings.office import MeetingOffice
from gateway.messages.times import first_weekday, has_12_hours, week_of
from gateway.operations.meetings import agenda as meeting_agenda
from gateway.operations.meetings.agenda import AgendaRow

MOST_IN_WEEK = 84
MOST_IN_DAY = 80
MOST_EVENTS = 150
LONGEST_DAYS = 62
"""The calendar picture asks for no more days than this at once."""


class WeekDay(NamedTuple):
    """One day of the week and what begins on it."""

    title: str
    iso: str
    today: bool
    rows: list[RowView]


class DeviceDay(NamedTuple):
    """One device and what begins on the day."""

    device: str
    rows: list[RowView]


class WeekPages:
    """GET /meetings/week, /meetings/rooms and /meetings/events.json."""

    def __init__(self, office: MeetingOffice) -> None:
        self._office = office

    async def week(self, request: web.Request) -> web.Response:
        """GET /meetings/week?day=: the week with that day, from the day on that weeks begin with here."""
        return await self._week(request, "meetings/week.html")

    async def week_part(self, request: web.Request) -> web.Response:
        """GET /meetings/week/part: the table alone."""
        return await self._week(request, "meetings/week_table.html")

    async def rooms(self, request: web.Request) -> web.Response:
        """GET /meetings/rooms?day=: the day, one row for each device."""
        return await self._rooms(request, "meetings/rooms.html")

    async def rooms_part(self, request: web.Request) -> web.Response:
        """GET /meetings/rooms/part: the table alone."""
        return await self._rooms(request, "meetings/rooms_table.html")

    async def _week(self, request: web.Request, template: str) -> web.Response:
        office = self._office
        asked, device = self._asked_day(request), request.query.get("device", "").strip()[:100]
        begins = week_of(asked)
        rows = await self._between(begins, 7, device, MOST_IN_WEEK + 1)
        by_day: dict[date, list[RowView]] = defaultdict(list)
        for row in rows[:MOST_IN_WEEK]:
            by_day[max(begins, meeting_agenda.day_of(row.start_s, office.zone))].append(row_view(row, office.zone))
        today = office.today()
        days = [begins + timedelta(days=number) for number in range(7)]
        return await office.shell.render(
            request,
            template,
            tab="week",
            device=device,
            title=words.week(begins),
            days=[WeekDay(words.day(each), each.isoformat(), each == today, by_day[each]) for each in days],
            more=len(rows) > MOST_IN_WEEK,
            most=MOST_IN_WEEK,
            before=_address("week", begins - timedelta(days=7), device),
            after=_address("week", begins + timedelta(days=7), device),
            now=_address("week", None, device),
            part=_address("week/part", begins, device),
            first_day=(first_weekday() + 1) % 7,  # in the picture a week is counted from Sunday
            has_12_hours=has_12_hours(),
            first=begins.isoformat(),
            zone=office.zone,
            zone_shown=words.zone_shown(office.zone, office.now_s()),
        )

    async def _rooms(self, request: web.Request, template: str) -> web.Response:
        office = self._office
        day, device = self._asked_day(request), request.query.get("device", "").strip()[:100]
        rows = await self._between(day, 1, device, MOST_IN_DAY + 1)
        by_device: dict[str, list[RowView]] = defaultdict(list)
        for row in rows[:MOST_IN_DAY]:
            by_device[row.line.device].append(row_view(row, office.zone))
        return await office.shell.render(
            request,
            template,
            tab="rooms",
            device=device,
            title=words.day(day),
            devices_of_day=[DeviceDay(name, by_device[name]) for name in sorted(by_device)],
            more=len(rows) > MOST_IN_DAY,
            most=MOST_IN_DAY,
            before=_address("rooms", day - timedelta(days=1), device),
            after=_address("rooms", day + timedelta(days=1), device),
            now=_address("rooms", None, device),
            part=_address("rooms/part", day, device),
            first_day=0,
            has_12_hours=has_12_hours(),
            first=day.isoformat(),
            zone=office.zone,
            zone_shown=words.zone_shown(office.zone, office.now_s()),
        )

    async def events(self, request: web.Request) -> web.Response:
        """GET /meetings/events.json?from=&to=&device=: what begins from one day until before another; bounded."""
        first, last = _day(request.query.get("from", "")), _day(request.query.get("to", ""))
        if first is None or last is None or not 0 < (last - first).days <= LONGEST_DAYS:
            return web.json_response({"events": [], "resources": [], "more": False}, status=400)
        device = request.query.get("device", "").strip()[:100]
        rows = await self._between(first, (last - first).days, device, MOST_EVENTS + 1)
        zone = ZoneInfo(self._office.zone)
        shown = rows[:MOST_EVENTS]
        return web.json_response(
            {
                "events": [_event(row, zone) for row in shown],
                "resources": [{"id": each, "title": each} for each in sorted({row.line.device for row in shown})],
                "more": len(rows) > MOST_EVENTS,
            },
            headers={"Cache-Control": "no-store"},
        )

    async def _between(self, first: date, days: int, device: str, most: int) -> tuple[AgendaRow, ...]:
        office = self._office
        from_s = meeting_agenda.midnight_s(first, office.zone)
        to_s = meeting_agenda.midnight_s(first + timedelta(days=days), office.zone)

        def read(conn: sqlite3.Connection) -> tuple[AgendaRow, ...]:
            return meeting_agenda.between(conn, from_s, to_s, office.chosen, most, device)

        return await office.database.read(read)

    def _asked_day(self, request: web.Request) -> date:
        return _day(request.query.get("day", "")) or self._office.today()


def _event(row: AgendaRow, zone: ZoneInfo) -> dict[str, object]:
    """Return an event of the picture, on the clocks of the gateway's zone: the browser may be in another one."""
    start, end = (datetime.fromtimestamp(at_s, zone).replace(tzinfo=None) for at_s in (row.start_s, row.end_s))
    badge = words.badge(row.word)
    return {
        "id": f"{row.line.id}.{row.begin.original_s}",
        "title": row.line.subject,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "allDay": row.aside.all_day,
        "resourceIds": [row.line.device],
        "classNames": [f"is-{badge.kind}"],
        "extendedProps": {"meeting": row.line.id, "state": badge.word, "device": row.line.device},
    }


def _address(page: str, day: date | None, device: str) -> str:
    said = urlencode([(name, each) for name, each in (("day", str(day or "")), ("device", device)) if each])
    return f"/meetings/{page}?{said}" if said else f"/meetings/{page}"


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None
    return day if 1971 <= day.year < 9000 else None
