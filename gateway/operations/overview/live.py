"""What is new since a moment ago, for pages that are open: lines of the audit table, and what changed without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gateway.store import api_keys, audit, pulse, sessions
from gateway.store.audit import AuditRow
from gateway.store.database import Database
from gateway.store.sessions import SessionRow


class Since(NamedTuple):
    """Lines after one that was named, oldest first; id and time (ms UTC) of the newest of all, 0 when there is none."""

    rows: list[AuditRow]
    newest: int
    newest_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is new: the lines, oldest first; the nouns (`meeting`, `device`, `google`) that changed without a line.

    `sessions` are those of the sessions asked about that still stand in the database; `revoked` are the hashes of those
    API keys asked about that do not any more. `newest` is the id of the newest line of all.
    """

    rows: tuple[AuditRow, ...]
    moved: tuple[str, ...]
    sessions: Mapping[bytes, SessionRow]
    revoked: frozenset[bytes]
    newest: int


class LiveFeed:
    """Looks when it is asked to, and reads nothing while nothing was written. Raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = -1
        self._keys: frozenset[bytes] = frozenset()
        self._pulses: dict[str, tuple[object, ...]] = {}

    def begin(self) -> None:
        """What was before now is not news."""
        self._version, self._keys, self._pulses = -1, frozenset(), {}

    async def since(self, audit_id: int, most: int) -> Since:
        """Return the first lines after that id, oldest first, and which line is the newest of all."""

        def read(conn: sqlite3.Connection) -> Since:
            newest = audit.newest(conn, 1)
            last = newest[0] if newest else None
            rows = audit.after(conn, audit_id, most)
            return Since(rows, last.id if last is not None else 0, last.at if last is not None else 0)

        return await self._database.read(read)

    async def look(
        self, audit_id: int, most: int, keys: Collection[bytes], programs: Collection[bytes] = ()
    ) -> News | None:
        """Return what is new after that line, None when nothing was written since the last look.

        `keys` are the hashes of the sessions to look after, `programs` those of API keys; another one among them is
        looked for at once.
        """
        asked = frozenset((*keys, *programs))

        def read(conn: sqlite3.Connection) -> News | None:
            version = pulse.version(conn)
            if version == self._version and self._keys >= asked:
                return None
            found = {key: sessions.find(conn, key) for key in keys}
            moved = self._moved(pulse.pulses(conn))
            news = News(
                rows=tuple(audit.after(conn, audit_id, most)),
                moved=moved,
                sessions={key: row for key, row in found.items() if row is not None},
                revoked=frozenset(key for key in programs if api_keys.by_hash(conn, key) is None),
                newest=audit.newest_id(conn),
            )
            self._version, self._keys = version, asked
            return news

        return await self._database.read(read)

    def _moved(self, pulses: dict[str, tuple[object, ...]]) -> tuple[str, ...]:
        before, self._pulses = self._pulses, pulses
        return tuple(noun for noun, value in pulses.items() if before.get(noun, value) != value)
