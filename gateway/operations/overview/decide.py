"""Answers to what the gateway asks about a whole calendar: events that vanished together, and events too many."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.mirror.inbound.decisions import believe, guard_status, put_back_all
from gateway.store import audit, second_looks
from gateway.store.database import Database
from gateway.store.second_looks import Doubles, Guarded

Answer = Literal["believe", "restore", "remove"]
_ACTIONS: dict[Answer, str] = {
    "believe": "calendar.believed",
    "restore": "calendar.restored",
    "remove": "calendar.doubles-removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Calendars in which many events vanished together, and those in which many are one too many."""

    vanished: tuple[Guarded, ...]
    doubles: tuple[Doubles, ...]


class Decisions:
    """What is asked, and what somebody answers. Everything raises StoreError."""

    def __init__(self, *, database: Database, clock: Clock, unseal: Callable[[str], str]) -> None:
        self._database = database
        self._clock = clock
        self._unseal = unseal

    async def asked(self) -> Asked:
        """Return the open questions."""

        def read(conn: sqlite3.Connection) -> Asked:
            doubles = tuple(each for each in second_looks.doubles(conn) if each.asked)
            return Asked(vanished=guard_status(conn), doubles=doubles)

        return await self._database.read(read)

    async def answer(self, answer: Answer, account_id: int, calendar_id: str, by: Actor) -> int:
        """Answer the question about one calendar; return how many events that is, 0 when nothing was asked.

        `believe`: what vanished is really gone. `restore`: all of it is written again. `remove`: what is too many goes.
        """
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> int:
            if answer == "remove":
                number = second_looks.remove_asked(conn, account_id, calendar_id, now_ms)
            elif not any(
                (each.account_id, each.calendar_id) == (account_id, calendar_id) for each in guard_status(conn)
            ):
                return 0
            else:
                decide = believe if answer == "believe" else put_back_all
                number = decide(conn, account_id, calendar_id, now_ms, self._unseal)
            if number:
                audit.write(
                    conn,
                    at_ms=now_ms,
                    actor=by.name,
                    action=_ACTIONS[answer],
                    object_=f"calendar:{calendar_id}",
                    detail=str(number),
                    source=by.source,
                )
            return number

        return await self._database.write(work)
