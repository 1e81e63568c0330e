"""What comes next in the calendars of an account, as Google has it, and which of it is ours; nothing is mirrored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from gateway import messages
from gateway.accounts.accounts import Accounts
from gateway.accounts.calendar_desk import UpcomingEvent
from gateway.clock import Clock
from gateway.errors import SignInError
from gateway.messages import Message
from gateway.mirror.inbound.inbound import Inbound
from gateway.store import meeting_times, mirrored, reading
from gateway.store.database import Database
from gateway.store.installation import installation_id

DAYS = 14
MOST_EVENTS = 200
PATIENCE_S = 8.0
"""A page waits no longer than this for Google."""

KEPT_MS = 60_000
"""So long the same answer is shown again."""

_MOST_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingEvent:
    """An event of the calendar; `ours` says that this gateway wrote it, `meeting_id` for which meeting if known."""

    event: UpcomingEvent
    ours: bool
    meeting_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What comes next in one account: at most `MOST_EVENTS`, `more` when there are others; times are ms UTC.

    `asked_at` is when Google said so, `problem` why it did not. `read_at` is when the calendars of this account were
    last read for changes of our events, None when they never were.
    """

    account: str
    accounts: tuple[str, ...]
    events: tuple[ComingEvent, ...]
    more: bool
    asked_at: int | None
    read_at: int | None
    problem: Message | None


@dataclass(frozen=True, slots=True)
class _Kept:
    asked_at: int
    events: tuple[UpcomingEvent, ...]


class GoogleDesk:
    """Asks Google when somebody looks, at most once a minute for each account."""

    def __init__(self, *, database: Database, clock: Clock, accounts: Accounts, inbound: Inbound) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._inbound = inbound
        self._kept: dict[str, _Kept] = {}

    async def coming(self, account: str = "") -> Coming:
        """Return what comes next in an account, the main one when it is not among those in use."""
        statuses = self._accounts.statuses()
        emails = tuple(each.email for each in statuses)
        main = next((each.email for each in statuses if each.main), emails[0] if emails else "")
        chosen = account if account in emails else main
        problem: Message | None = None
        if not emails:
            problem = messages.text("G-215")
        else:
            problem = await self._ask(chosen)
        kept = self._kept.get(chosen)
        shown = () if kept is None else kept.events[:MOST_EVENTS]
        ids = {each.email: each.id for each in statuses}
        return Coming(
            account=chosen,
            accounts=emails,
            events=await self._database.read(lambda conn: _known(conn, shown)),
            more=kept is not None and len(kept.events) > MOST_EVENTS,
            asked_at=None if kept is None else kept.asked_at,
            read_at=await self._database.read(_last_read(ids.get(chosen, 0))),
            problem=problem,
        )

    def update(self) -> None:
        """Ask anew the next time, and read what people changed in all calendars now."""
        self._kept.clear()
        self._inbound.wake()

    async def _ask(self, account: str) -> Message | None:
        kept = self._kept.get(account)
        if kept is not None and 0 <= self._clock.now_ms() - kept.asked_at < KEPT_MS:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                events = await self._accounts.upcoming(email=account, days=DAYS)
        except SignInError as error:
            return messages.text(error.code, **error.values)
        except TimeoutError:
            return messages.text("G-506")
        while len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[account] = _Kept(self._clock.now_ms(), events)
        return None


def _last_read(account_id: int) -> Callable[[sqlite3.Connection], int | None]:
    def read(conn: sqlite3.Connection) -> int | None:
        return max((each.read_at for each in reading.every(conn) if each.account_id == account_id), default=None)

    return read


def _known(conn: sqlite3.Connection, events: tuple[UpcomingEvent, ...]) -> tuple[ComingEvent, ...]:
    """Find the meetings of our events among those that begin at the same time."""
    own = installation_id(conn)
    found = []
    for event in events:
        ours = event.installation == own
        meeting_id = None
        if ours and event.start_utc_s is not None:
            meeting_id = _meeting_at(conn, event.start_utc_s, event.id.partition("_")[0])
        found.append(ComingEvent(event=event, ours=ours, meeting_id=meeting_id))
    return tuple(found)


def _meeting_at(conn: sqlite3.Connection, start_s: int, remote_id: str) -> int | None:
    for begin in meeting_times.begins(conn, start_s, start_s + 1):
        row = mirrored.get(conn, begin.meeting_id)
        if row is not None and row.remote_id == remote_id:
            return begin.meeting_id
    return None
