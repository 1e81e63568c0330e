"""The audit log as people read and download it, a page at a time; its lines are never changed, here or elsewhere."""

from __future__ import annotations

import csv
import functools
import io
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.operations.overview.activity import lines_of, meeting_in
from gateway.operations.overview.words import actor_shown
from gateway.store import audit, overview
from gateway.store.audit import AuditRow, Found, Wanted
from gateway.store.database import Database

PAGE = 50
LOOK = 800
"""How many lines are looked at for one page: about as many as take as long as making the page."""
_LOOK_FOR_FILE = 2_000
MOST_DOWNLOADED = 10_000
_MOST_LOOKS = 100

NOUNS: Mapping[str, tuple[str, ...]] = {
    "sign-in": ("admin", "api-key"),
    "google": ("google", "account"),
    "devices": ("device", "directory"),
    "meetings": ("meeting", "meetings", "occurrence"),
    "calendars": ("calendar", "mirror"),
    "settings": (
        *("settings", "backup", "gateway", "certificate", "feed", "notify"),
        *("dashboard", "profile", "log", "logs", "support", "recording", "call"),
    ),
}
"""What can be asked for, and with which words the actions of each kind begin."""

ACTORS: Mapping[str, tuple[str, ...]] = {
    "people": ("admin", "command line"),
    "devices": ("device",),
    "gateway": ("gateway", "settings"),
    "nobody": ("nobody",),
}

COLUMNS = ("time", "who", "action", "object", "detail", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A line for people: `who` and `what` are words in the language that is spoken, the rest is as it was written."""

    id: int
    at: int
    who: str
    what: str
    object: str
    detail: str
    source: str
    meeting_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Some lines, newest first. `newer` and `older` are ids to go on from, 0 when there is nothing there."""

    lines: tuple[AuditLine, ...]
    newer: int
    older: int


class AuditLog:
    """Reads the table; `titles` are the names of devices for people, by their ids. Everything raises StoreError."""

    def __init__(self, *, database: Database, titles: Callable[[], Mapping[str, str]]) -> None:
        self._database = database
        self._titles = titles

    async def page(self, wanted: Wanted, *, before: int = 0, after: int = 0) -> AuditPage:
        """Return the newest lines that are wanted, those older than the line `before`, or those newer than `after`."""

        def read(conn: sqlite3.Connection) -> tuple[Found, dict[int, str], bool]:
            beyond = after or before or 2**62
            found = audit.find(conn, wanted, beyond=beyond, newer=bool(after), most=PAGE, look=LOOK)
            ids = {number for row in found.rows if (number := meeting_in(row.object))}
            newest = max((row.id for row in found.rows), default=0)
            return found, overview.subjects(conn, ids), newest < audit.newest_id(conn)

        found, subjects, more_above = await self._database.read(read)
        rows = sorted(found.rows, key=lambda row: row.id, reverse=True)
        lines = tuple(self._lines(rows, subjects))
        first, last = (lines[0].id, lines[-1].id) if lines else (before or after, before or after)
        if after:
            return AuditPage(lines=lines, newer=found.looked_to, older=last)
        return AuditPage(lines=lines, newer=first if before and more_above else 0, older=found.looked_to)

    async def csv(self, wanted: Wanted) -> str:
        """Return up to `MOST_DOWNLOADED` lines that are wanted, newest first, as CSV (RFC 4180) in UTF-8."""
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        beyond, left = 2**62, MOST_DOWNLOADED
        for _ in range(_MOST_LOOKS):
            look = functools.partial(
                audit.find, wanted=wanted, beyond=beyond, newer=False, most=left, look=_LOOK_FOR_FILE
            )
            found = await self._database.read(look)
            writer.writerows(map(_cells, found.rows))
            beyond, left = found.looked_to, left - len(found.rows)
            if not beyond or left <= 0:
                break
        return out.getvalue()

    def _lines(self, rows: list[AuditRow], subjects: Mapping[int, str]) -> list[AuditLine]:
        titles = self._titles()
        return [
            AuditLine(
                id=row.id,
                at=row.at,
                who=actor_shown(row.actor, titles),
                what=line.text,
                object=row.object,
                detail=row.detail,
                source=row.source,
                meeting_id=line.meeting_id,
            )
            for row, line in zip(rows, lines_of(rows, subjects, titles), strict=True)
        ]


def _cells(row: AuditRow) -> list[str]:
    at = f"{datetime.fromtimestamp(row.at / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    return [at, *(harmless(each) for each in (row.actor, row.action, row.object, row.detail, row.source))]


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV Injection): such a one begins with a quote."""
    evil = cell.startswith(("\t", "\r")) or cell.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{cell}" if evil else cell
