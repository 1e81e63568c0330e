"""After a restored backup: nothing is written to a calendar before it was compared with what the backup knows of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from gateway.clock import Clock
from gateway.domain.device import DevicePolicy, Wins
from gateway.domain.event_id import event_id
from gateway.domain.feed import AccountFeed, SeenEvent
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import StoreError
from gateway.mirror.event.ownership import is_nobodys, marked_meeting
from gateway.mirror.inbound.calendar_reader import CalendarReader, Reading
from gateway.mirror.inbound.settling import Settling
from gateway.mirror.paced import Pace
from gateway.store import meetings, mirrored, mirrored_calendars, outbox, restored, verifying
from gateway.store.database import Database
from gateway.store.mirrored import MirrorState
from gateway.store.restored import LeftEvent

_LOGGER = logging.getLogger(__name__)
_T = TypeVar("_T")

AGAIN_S = 15.0
"""How often is looked whether an account can be used, and the calendars be read, until they are."""
BATCH = 25


class Accounts(Protocol):
    """Where the accounts come from: what `mirror` asks of them, for writing and for reading."""

    def usable(self) -> tuple[AccountTarget, ...]:
        """See `domain.target.TargetSource`."""

    def account(self, account_id: int) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""

    def chosen(self, email: str | None) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""

    def feeds(self) -> tuple[AccountFeed, ...]:
        """See `mirror.inbound.inbound.FeedSource`."""

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """See `domain.target.TargetSource`."""


@dataclass(slots=True, kw_only=True)
class _Stock:
    """What the calendars showed: each event of ours by its id, and the accounts that were read."""

    events: dict[str, SeenEvent] = field(default_factory=dict)
    accounts: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The events that are ours whatever marks they carry (`mirror.inbound.calendar_reader.Known`)."""

    ids: frozenset[str]
    token: str | None = None

    async def ours(self) -> frozenset[str]:
        return self.ids


class StockTaking:
    """Stands between the mirror and the accounts: shows none of them until stock was taken.

    What Google has and the backup does not know stays as it is, and is remembered for the day on which its meeting
    comes again. What is gone or was changed by people since is asked about. What waited in the backup goes on where
    Google shows that it never arrived or that nothing came after it; else it stays parked for an admin.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        pace: Pace,
        policy: Callable[[int], DevicePolicy],
        calendars: Callable[[], Collection[tuple[str | None, str]]],
        installation_id: str,
        unseal: Callable[[str], str],
        again_s: float = AGAIN_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._policy = policy
        self._calendars = calendars
        self._installation_id = installation_id
        self._unseal = unseal
        self._followers: list[Callable[[], None]] = []
        self._again_s = again_s
        self._reader = CalendarReader(
            pace=pace, installation_id=installation_id, now_s=lambda: clock.now_ms() // 1000, counted=lambda: None
        )
        self.open = True

    def follow(self, woken: Callable[[], None]) -> None:
        """Call `woken` when stock was taken: the accounts can be used now."""
        self._followers.append(woken)

    def usable(self) -> tuple[AccountTarget, ...]:
        """See `domain.target.TargetSource`."""
        return self._accounts.usable() if self.open else ()

    def account(self, account_id: int) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""
        return self._accounts.account(account_id) if self.open else None

    def chosen(self, email: str | None) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""
        return self._accounts.chosen(email) if self.open else None

    def feeds(self) -> tuple[AccountFeed, ...]:
        """See `mirror.inbound.inbound.FeedSource`."""
        return self._accounts.feeds() if self.open else ()

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """See `domain.target.TargetSource`."""
        await self._accounts.lost(account, outcome)

    async def begin(self) -> None:
        """See whether stock is to be taken; before anything is written. Raises StoreError."""
        state = await self._database.read(restored.read)
        self.open = state is None or state.stock_at is not None

    async def run(self) -> None:
        """Take stock if it is to be taken, as soon as that is possible; then there is nothing more to do."""
        while not self.open:
            with contextlib.suppress(StoreError):
                if await self.take():
                    break
            await asyncio.sleep(self._again_s)
        await asyncio.Event().wait()

    async def take(self) -> bool:
        """Take stock once; False when no account can be used, or a calendar cannot be read now. Raises StoreError."""
        feeds = self._accounts.feeds()
        stock = _Stock()
        for feed in feeds:
            if not await self._account(feed, stock):
                return False
            stock.accounts.add(feed.account.account_id)
        if not feeds:
            return False
        waiting = await self._database.read(restored.parked)
        freed = 0
        for batch in _batches(waiting):
            freed += await self._database.write(lambda conn, some=batch: self._free(conn, some, stock))  # type: ignore[misc]
        now_ms = self._clock.now_ms()
        await self._database.write(lambda conn: restored.stock_taken(conn, now_ms))
        self.open = True
        for follower in self._followers:
            follower()
        left = len(waiting) - freed
        _LOGGER.warning("the calendars were compared with the backup", extra={"go_on": freed, "parked": left})
        return True

    async def _account(self, feed: AccountFeed, stock: _Stock) -> bool:
        account = feed.account
        known = await self._database.read(lambda conn: mirrored_calendars.meetings_by_event(conn, account.account_id))
        names = await self._database.read(lambda conn: verifying.calendars(conn, account.account_id))
        main = account.account_id == self._accounts.feeds()[0].account.account_id
        names += [name for who, name in self._calendars() if _is_of(account, who, main=main)]
        for calendar_id in sorted({account.calendar(name) for name in names}):
            got = await self._reader.read(feed, calendar_id, _Known(ids=frozenset(known)))
            if isinstance(got, Reading):
                await self._calendar(account, got, known, stock)
            elif got.whole_account or got.verdict is not Verdict.CONFIGURATION:
                _LOGGER.info("stock cannot be taken yet: %s", got.text, extra={"problem": got.code})
                return False
        return True

    async def _calendar(self, account: AccountTarget, read: Reading, known: dict[str, int], stock: _Stock) -> None:
        whole = [seen for seen in read.ours if seen.series_id is None]
        for seen in whole:
            there = stock.events.get(seen.event.remote_id)
            if there is None or there.event.cancelled:
                stock.events[seen.event.remote_id] = seen
        live = await self._database.read(
            lambda conn: mirrored_calendars.live_in(conn, account.account_id, read.calendar_id)
        )
        present = {seen.event.remote_id for seen in whole}
        missing = [_gone(remote_id) for remote_id in live if remote_id not in present]
        for batch in _batches([*read.ours, *missing]):
            await self._database.write(lambda conn, some=batch: self._compare(conn, account, read, some, known))  # type: ignore[misc]

    def _compare(
        self,
        conn: sqlite3.Connection,
        account: AccountTarget,
        read: Reading,
        seen: Sequence[SeenEvent],
        known: dict[str, int],
    ) -> None:
        settling = Settling(
            conn=conn,
            account=account,
            calendar_id=read.calendar_id,
            installation_id=self._installation_id,
            policy=self._asking,
            unseal=self._unseal,
            now_ms=self._clock.now_ms(),
        )
        for each in seen:
            meeting_id = known.get(each.whole_id)
            if meeting_id is not None:
                with contextlib.suppress(ValueError, KeyError, OverflowError):
                    settling.settle(each, meeting_id)
            elif each.series_id is None and not each.event.cancelled:
                self._note_left(conn, account, read.calendar_id, each)

    def _asking(self, device_id: int) -> DevicePolicy:
        """What happened since the backup was made was perhaps the gateway's own doing: nothing is put back unasked."""
        return replace(self._policy(device_id), wins=Wins.ASK)

    def _note_left(self, conn: sqlite3.Connection, account: AccountTarget, calendar_id: str, seen: SeenEvent) -> None:
        event = seen.event
        meeting_id = marked_meeting(event.marks)
        if meeting_id is None or not is_nobodys(self._installation_id, event.marks, event.remote_id):
            return
        if event.facts is None or meetings.get(conn, meeting_id) is not None:
            return
        left = LeftEvent(
            account_id=account.account_id,
            calendar_id=calendar_id,
            remote_id=event.remote_id,
            fingerprint=_fingerprint(event),
            start_utc_s=event.facts.start_utc_s,
            subject=event.facts.subject,
        )
        restored.note_left(conn, left)

    def _free(self, conn: sqlite3.Connection, waiting: Iterable[int], stock: _Stock) -> int:
        """Let those go on that can do no harm; return how many."""
        now_ms = self._clock.now_ms()
        free = [meeting_id for meeting_id in waiting if self._harmless(conn, meeting_id, stock)]
        return sum(outbox.unpark(conn, outbox.MIRROR, meeting_id, now_ms) for meeting_id in free)

    def _harmless(self, conn: sqlite3.Connection, meeting_id: int, stock: _Stock) -> bool:
        row, event = meetings.get(conn, meeting_id), mirrored.get(conn, meeting_id)
        if row is None or (event is not None and event.account_id not in stock.accounts):
            return False
        remote_id = event.remote_id if event is not None else event_id(self._installation_id, meeting_id, 0)
        seen = stock.events.get(remote_id)
        there = seen is not None and not seen.event.cancelled
        if not row.wanted and not there:
            return True  # it is gone, as it was to be
        if event is None or event.state is not MirrorState.LIVE:
            if seen is None:
                return True  # it never arrived
            return there and _fingerprint(seen.event) == row.fingerprint
        if seen is None or not there:
            return False
        return seen.event.etag == event.etag or (row.wanted and _fingerprint(seen.event) == row.fingerprint)


def _is_of(account: AccountTarget, who: str | None, *, main: bool) -> bool:
    return main if who is None else who.casefold() == account.email.casefold()


def _fingerprint(event: RemoteEvent) -> str:
    """Return the fingerprint of the meeting in that of the event: `format.invitations.fingerprint` and more."""
    parts = (event.content or "").split(".")
    return parts[2] if len(parts) > 2 else ""


def _gone(remote_id: str) -> SeenEvent:
    return SeenEvent(
        event=RemoteEvent(remote_id=remote_id, etag="", cancelled=True, marks={}, content=None, link=None, raw={})
    )


def _batches(items: Sequence[_T]) -> Iterable[Sequence[_T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
