"""How the mirror stands, for any process that opens the database; what only the gateway knows is kept for that."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.mirror.inbound.decisions import guard_status
from gateway.mirror.inbound.reading_times import calls_per_day
from gateway.mirror.paced import Budget
from gateway.store import accounts, alerts, kept, meeting_list, pace_notes, reading, second_looks
from gateway.store.database import Database
from gateway.store.reading import CalendarReading
from gateway.store.second_looks import Doubles, Guarded

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

    `calls_today` and `calls_yesterday` are those that reading the calendars took, by days of UTC; `calls_per_day` is
    what a whole day takes by estimate. `unread` are the accounts whose calendars cannot be read now. `asks` are events
    that people changed and that are to be decided about, `fought` meetings among them that are changed again each time
    that they were put back. `vanished` are calendars in which many events vanished within a day, `doubles` those that
    still hold events of ours that no meeting needs, `lists` devices whose list lost many meetings (by name). `budgets`
    are the limits as the gateway saw them at `budgets_at`.
    """

    queued: tuple[Queued, ...]
    accounts: tuple[AccountStanding, ...]
    calendars: tuple[CalendarReading, ...]
    calls_today: int
    calls_yesterday: int
    calls_per_day: int
    unread: frozenset[int]
    asks: int
    fought: int
    vanished: tuple[Guarded, ...]
    doubles: tuple[Doubles, ...]
    lists: tuple[tuple[str, int], ...]
    alerts_waiting: int
    budgets: tuple[Budget, ...]
    budgets_at: int | None


def mirror_status(conn: sqlite3.Connection, now_ms: int, *, every_s: float, chosen: Mapping[str, str]) -> MirrorStatus:
    """Return how the mirror stands; calendars are read every `every_s`.

    `chosen` are the accounts that the settings name for devices, by their ids.
    """
    budgets_at, budgets = pace_notes.last(conn)
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    calendars, rows = reading.every(conn), accounts.every(conn)
    readable = {row.id for row in rows if row.state is not accounts.AccountState.AUTHORIZATION_LOST}
    unread = frozenset(each.account_id for each in calendars) - readable
    calls_today = reading.calls(conn, today.isoformat())
    read = sum(each.account_id in readable for each in calendars)
    return MirrorStatus(
        queued=tuple(
            Queued(state=state, code=code, number=number, next_try=next_try if state == "waiting" else None, oldest=at)
            for state, code, number, next_try, at in meeting_list.waiting(conn, chosen)
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
            for row in rows
        ),
        calendars=calendars,
        calls_today=calls_today,
        calls_yesterday=reading.calls(conn, (today - timedelta(days=1)).isoformat()),
        calls_per_day=calls_per_day(calls_today, read, every_s, now_ms),
        unread=unread,
        asks=len(kept.asking(conn)),
        fought=kept.fought(conn),
        vanished=guard_status(conn),
        doubles=second_looks.doubles(conn),
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
