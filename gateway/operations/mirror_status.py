"""How the mirror stands, for any process that opens the database; what only the gateway knows is kept for that."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.mirror.decisions import guard_status
from gateway.mirror.paced import Budget
from gateway.store import accounts, alerts, kept, meeting_list, pace_notes, reading
from gateway.store.database import Database
from gateway.store.reading import CalendarReading
from gateway.store.second_looks import Guarded

NOTED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """Meetings that wait for the same reason; times are ms UTC. `state` is `waiting` or why they are held."""

    state: str
    code: str
    number: int
    next_try: int | None
    oldest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStanding:
    """An account and whether it works; `text` says what is wrong."""

    account_id: int
    email: str
    main: bool
    works: bool
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorStatus:
    """What waits and why, how accounts and calendars stand, what somebody has to decide.

    `calls_today` and `calls_yesterday` are those that reading the calendars took, by days of UTC. `asks` are meetings
    where people changed the event, `vanished` calendars in which many events vanished at once, `lists` devices whose
    list lost many meetings (by name). `budgets` are the limits as the gateway saw them at `budgets_at`.
    """

    queued: tuple[Queued, ...]
    accounts: tuple[AccountStanding, ...]
    calendars: tuple[CalendarReading, ...]
    calls_today: int
    calls_yesterday: int
    asks: int
    vanished: tuple[Guarded, ...]
    lists: tuple[tuple[str, int], ...]
    alerts_waiting: int
    budgets: tuple[Budget, ...]
    budgets_at: int | None


def mirror_status(conn: sqlite3.Connection, now_ms: int) -> MirrorStatus:
    """Return how the mirror stands."""
    budgets_at, budgets = pace_notes.last(conn)
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    return MirrorStatus(
        queued=tuple(
            Queued(state=state, code=code, number=number, next_try=next_try if state == "waiting" else None, oldest=at)
            for state, code, number, next_try, at in meeting_list.waiting(conn)
        ),
        accounts=tuple(
            AccountStanding(
                account_id=row.id,
                email=row.email,
                main=row.main,
                works=row.state is accounts.AccountState.CONNECTED,
                code=row.state_code,
                text=row.state_text,
            )
            for row in accounts.every(conn)
        ),
        calendars=reading.every(conn),
        calls_today=reading.calls(conn, today.isoformat()),
        calls_yesterday=reading.calls(conn, (today - timedelta(days=1)).isoformat()),
        asks=len(kept.asking(conn)),
        vanished=guard_status(conn),
        lists=tuple(alerts.vanished_lists(conn)),
        alerts_waiting=alerts.waiting(conn),
        budgets=tuple(Budget(*each) for each in budgets),
        budgets_at=budgets_at,
    )


class BudgetNotes:
    """Writes down how the limits stand, for commands that ask; not while nothing changes, to spare the disk."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        budgets: Callable[[], tuple[Budget, ...]],
        every_s: float = NOTED_EVERY_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._budgets = budgets
        self._every_s = every_s
        self._noted: tuple[Budget, ...] | None = None

    async def note(self) -> None:
        """Write it down if it changed. Raises StoreError."""
        seen = self._budgets()
        if seen == self._noted:
            return
        now_ms = self._clock.now_ms()
        await self._database.write(lambda conn: pace_notes.keep(conn, now_ms, [list(each) for each in seen]))
        self._noted = seen

    async def run(self) -> None:
        """Write it down now and then until cancelled."""
        while True:
            with contextlib.suppress(StoreError):  # a failing disk has others who tell of it
                await self.note()
            await asyncio.sleep(self._every_s)
