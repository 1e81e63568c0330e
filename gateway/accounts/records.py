"""What is written about sign-ins and wiped after them: lines of the audit log, and the database's files themselves."""

from __future__ import annotations

import asyncio
import logging
import sqlite3

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.errors import StoreError
from gateway.store import accounts, audit, scrub, sign_ins
from gateway.store.database import Database

_log = logging.getLogger(__name__)


class Records:
    """`log_is_dirty` says that the database's log may still hold what was wiped from its tables."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.log_is_dirty = False
        self._copies_are_dirty = False

    def add(self, conn: sqlite3.Connection, by: Actor, action: str, object_: str, detail: str = "") -> None:
        """Write a line in a transaction that is under way; nothing that anybody pasted is ever in it."""
        audit.write(
            conn,
            at_ms=self._clock.now_ms(),
            actor=by.name,
            source=by.source,
            action=action,
            object_=object_,
            detail=detail,
        )

    async def write(self, by: Actor, action: str, object_: str, detail: str = "") -> None:
        """Write a line on its own. A disk that refuses does not undo what the line is about."""
        try:
            await self._database.write(lambda conn: self.add(conn, by, action, object_, detail))
        except StoreError as error:
            _log.warning("%s %s could not be put on record: %s", action, object_, error)

    @staticmethod
    def wipe(conn: sqlite3.Connection, now_ms: int) -> None:
        """Wipe every authorization and every link."""
        accounts.forget(conn, now_ms)
        sign_ins.withdraw(conn)

    async def scrub(self, *, copies: bool = False) -> None:
        """Empty the database's log, which holds older states; with `copies` wipe the copies of migrations as well.

        What cannot be done now, because the disk fails or somebody reads, is tried again with the next cleaning.
        """
        path, now_ms = self._database.path, self._clock.now_ms()
        self._copies_are_dirty = copies = copies or self._copies_are_dirty

        def work() -> bool:
            emptied = scrub.empty_log(path)
            if copies:
                scrub.wipe_copies(path, lambda conn: self.wipe(conn, now_ms))
                self._copies_are_dirty = False
            return emptied

        try:
            self.log_is_dirty = not await asyncio.to_thread(work)
        except (sqlite3.Error, OSError) as error:
            self.log_is_dirty = True
            _log.warning("the database's log could not be emptied yet: %s", error)
