"""What happened last, as lines for the dashboard and for `events tail`: gathered and named; words are made beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from gateway.operations.overview.words import Happened, actor_shown, sentence
from gateway.store import audit, overview
from gateway.store.audit import AuditRow
from gateway.store.database import Database
from gateway.store.overview import News

MOST_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that happened at `at` (ms UTC). `id` is that of its line in the audit table, 0 for news from Google.

    `text` is a sentence in the language that is spoken. `meeting_id` and `device` lead to what it is about, 0 and empty
    when that is neither. `state` is how the meeting stands now, one of `store.overview.STATES`, empty for all others.
    `row` is what stands in the audit table, None for news from Google.
    """

    id: int
    at: int
    action: str
    text: str
    meeting_id: int = 0
    device: str = ""
    state: str = ""
    row: AuditRow | None = None


class Activity:
    """`titles` are the names of devices for people, by their ids. Everything raises StoreError."""

    def __init__(self, *, database: Database, titles: Callable[[], Mapping[str, str]]) -> None:
        self._database = database
        self._titles = titles

    async def last(self, most: int = MOST_LINES) -> list[Line]:
        """Return what happened last, newest first: what was done here, and what came from Google."""

        def read(conn: sqlite3.Connection) -> tuple[list[AuditRow], list[News], dict[int, overview.MeetingFacts]]:
            rows, news = audit.newest(conn, most), overview.news(conn, most)
            ids = {*_meetings(rows), *(each.meeting_id for each in news)}
            return rows, news, overview.meetings(conn, ids)

        rows, news, facts = await self._database.read(read)
        subjects = {number: each.subject for number, each in facts.items()}
        lines = lines_of(rows, subjects, self._titles())
        lines += [_news_line(each, subjects) for each in news]
        return _with_states(sorted(lines, key=lambda line: (line.at, line.id), reverse=True)[:most], facts)

    async def after(self, audit_id: int, most: int) -> list[Line]:
        """Return the first lines after that id, oldest first."""
        return await self._lines(lambda conn: audit.after(conn, audit_id, most))

    async def newest(self, most: int) -> list[Line]:
        """Return the newest lines, oldest first."""
        return await self._lines(lambda conn: audit.newest(conn, most)[::-1])

    async def _lines(self, find: Callable[[sqlite3.Connection], list[AuditRow]]) -> list[Line]:
        def read(conn: sqlite3.Connection) -> tuple[list[AuditRow], dict[int, str]]:
            rows = find(conn)
            return rows, overview.subjects(conn, _meetings(rows))

        rows, subjects = await self._database.read(read)
        return lines_of(rows, subjects, self._titles())


def lines_of(rows: Iterable[AuditRow], subjects: Mapping[int, str], titles: Mapping[str, str]) -> list[Line]:
    """Return lines of the audit table as people read them, in the language that is spoken.

    `subjects` are what meetings are called, by their ids, `titles` the names of devices.
    """
    return [_line(row, subjects, titles) for row in rows]


def meeting_in(object_: str) -> int:
    """Return the id of the meeting that a line of the audit table is about, 0 when it is about none."""
    kind, _, number = object_.partition(":")
    return int(number) if kind == "meeting" and number.isascii() and number.isdigit() and len(number) < 19 else 0


def object_shown(object_: str, subjects: Mapping[int, str], titles: Mapping[str, str]) -> str:
    """Return what a line of the audit table is about, as people read it."""
    number = meeting_in(object_)
    if number:
        return subjects.get(number) or str(number)
    kind, _, name = object_.partition(":")
    if kind == "device":
        return titles.get(name, name)
    return name if kind in ("calendar", "profile") else object_.removeprefix("user ")


def _line(row: AuditRow, subjects: Mapping[int, str], titles: Mapping[str, str]) -> Line:
    kind, _, name = row.object.partition(":")
    happened = Happened(
        action=row.action,
        who=actor_shown(row.actor, titles),
        what=object_shown(row.object, subjects, titles),
        detail=row.detail,
        where=row.source,
    )
    return Line(
        id=row.id,
        at=row.at,
        action=row.action,
        text=sentence(happened),
        meeting_id=meeting_in(row.object),
        device=name if kind == "device" else "",
        row=row,
    )


def _news_line(each: News, subjects: Mapping[int, str]) -> Line:
    what = subjects.get(each.meeting_id) or str(each.meeting_id)
    text = sentence(Happened(action=each.type, who="Google", what=what, decided=each.decided))
    return Line(id=0, at=each.at, action=each.type, text=text, meeting_id=each.meeting_id)


def _meetings(rows: Iterable[AuditRow]) -> set[int]:
    return {number for row in rows if (number := meeting_in(row.object))}


_WITH_STATE = frozenset({"meeting.scheduled", "meeting.changed", "meeting.sent_again", "occurrence.changed"})


def _with_states(lines: list[Line], facts: Mapping[int, overview.MeetingFacts]) -> list[Line]:
    """Say of the newest line about each meeting how that one stands; of older ones it would be no longer true."""
    seen: set[int] = set()
    shown = []
    for line in lines:
        known = facts.get(line.meeting_id) if line.meeting_id not in seen and line.action in _WITH_STATE else None
        shown.append(line if known is None else replace(line, state=known.state))
        seen.add(line.meeting_id)
    return shown
