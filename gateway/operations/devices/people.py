"""The extensions of a device as an admin looks at them: pages, a list before it is taken, people without an address."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from gateway.clock import Clock
from gateway.devices.people_list import BadList, read_list, written
from gateway.devices.roster import Roster
from gateway.store import device_list, directory
from gateway.store.database import Database
from gateway.store.directory import Entry

PAGE = 20
MOST_MEETINGS = 100
"""So many coming meetings are looked through for people without an address."""
MOST_MISSING = 50


class PeoplePage(NamedTuple):
    """Some entries, how many there are in all, and the extension behind which the next page begins; "" for none."""

    entries: list[Entry]
    number: int
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a list would do. `problems` name bad lines, and then nothing can be taken of it.

    `encoding` and `delimiter` are how it was read.
    """

    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""


class Missing(NamedTuple):
    """Somebody who is invited by extension and has no e-mail address; `meetings` is how many are coming, at least."""

    extension: str
    name: str
    meetings: int


class DevicePeople:
    """Reads the directory of one device. Every word about a device that is not there raises NotFound."""

    def __init__(self, *, database: Database, clock: Clock, roster: Roster) -> None:
        self._database = database
        self._clock = clock
        self._roster = roster

    async def page(self, name: str, text: str = "", after: str = "") -> PeoplePage:
        """Return the next entries that have `text` in one of their columns."""
        known = await self._roster.one(name)
        entries = await self._database.read(
            lambda conn: directory.page(conn, known.row.id, text, after, PAGE + 1),
        )
        more = len(entries) > PAGE
        return PeoplePage(entries[:PAGE], known.directory, entries[PAGE - 1].extension if more else "")

    async def missing(self, name: str) -> list[Missing]:
        """Return who is invited to coming meetings by an extension without e-mail address, the most invited first."""
        known = await self._roster.one(name)
        now_s = self._clock.now_ms() // 1000

        def read(conn: sqlite3.Connection) -> list[Missing]:
            found = device_list.without_email(conn, known.row.id, now_s, MOST_MEETINGS)
            have = set(directory.known(conn, known.row.id, [extension for extension, _, _ in found]))
            return [Missing(*each) for each in found if each[0] not in have][:MOST_MISSING]

        return await self._database.read(read)

    async def exported(self, name: str) -> str:
        """Return the whole directory as a list (CSV)."""
        return written(await self._roster.directory(name))


def preview(data: bytes) -> Preview:
    """Read a list without taking it."""
    try:
        people = read_list(data)
    except BadList as bad:
        return Preview(problems=tuple(bad.problems))
    return Preview(entries=people.entries, notes=people.notes, encoding=people.encoding, delimiter=people.delimiter)
