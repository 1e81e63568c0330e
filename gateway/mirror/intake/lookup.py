"""What a device scheduled, page by page or by room and time, for dialects that ask; nothing is changed here."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from gateway.domain import change
from gateway.domain.meeting import Meeting
from gateway.mirror.intake.receipts import Caller
from gateway.store import meeting_lookup
from gateway.store.database import Database
from gateway.store.meeting_lookup import FoundMeeting


class Listed(NamedTuple):
    """One scheduled meeting without its PINs, and the wire shape in which it came."""

    meeting: Meeting
    shape: str


class Page(NamedTuple):
    """Some of a device's scheduled meetings, and how many there are in all."""

    meetings: tuple[Listed, ...]
    total: int


class Lookup:
    """Reads from the database what is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, caller: Caller, *, skip: int, most: int, descending: bool = False) -> Page:
        """Return at most `most` scheduled meetings of a device in order of their start, after the first `skip`."""

        def work(conn: sqlite3.Connection) -> Page:
            found = meeting_lookup.page(conn, caller.device_id, skip=skip, most=most, descending=descending)
            return Page(tuple(map(_listed, found)), meeting_lookup.count(conn, caller.device_id))

        return await self._database.read(work)

    async def at(self, caller: Caller, subject: str, start_utc_s: int, end_utc_s: int) -> Listed | None:
        """Return the first scheduled meeting of that subject, in any case, that has time in common with this span."""

        def work(conn: sqlite3.Connection) -> Listed | None:
            found = meeting_lookup.between(conn, caller.device_id, start_utc_s=start_utc_s, end_utc_s=end_utc_s)
            listed = (_listed(each) for each in found)
            return next((each for each in listed if each.meeting.subject.casefold() == subject.casefold()), None)

        return await self._database.read(work)


def _listed(found: FoundMeeting) -> Listed:
    return Listed(change.from_json(found.body, _without_pin), found.shape)


def _without_pin(_sealed: str) -> str:
    """Stand in for a PIN: who lists meetings hears no PINs."""
    return ""
