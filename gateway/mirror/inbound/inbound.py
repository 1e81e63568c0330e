"""Reads what people and guests did in the calendars, at the right times; what it means is settled elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gateway.clock import Clock
from gateway.domain.feed import AccountFeed
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import StoreError
from gateway.mirror.inbound.calendar_reader import CalendarReader, Reading
from gateway.mirror.inbound.one_by_one import OneByOne
from gateway.mirror.inbound.reading_times import READ_EVERY_S, CallsCounted, ReadingTimes
from gateway.mirror.inbound.settling import Policies
from gateway.mirror.inbound.write_down import Knowledge, WriteDown, Written
from gateway.mirror.paced import Pace
from gateway.store import mirrored_calendars, reading
from gateway.store.database import Database

_LOGGER = logging.getLogger(__name__)

_KEEP_CALLS_EVERY = 10


class FeedSource(Protocol):
    """Where the accounts come from, and how the changes of their calendars are read."""

    def feeds(self) -> tuple[AccountFeed, ...]:
        """Every account that may be called now, the main one first."""

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """Remember that the account needs an admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarStatus:
    """How one calendar stands: `email` of its account, what is wrong (`code`, `text`; empty while nothing is)."""

    email: str
    calendar_id: str
    read_at_ms: int | None
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatus:
    """How it stands with the reading.

    `read_at_ms` is when all calendars were last read without trouble (ms UTC), `calls` how many calls were made since
    the start, `calls_today` on this day (UTC), `calls_per_day` what a day will take by estimate. `code` and `text` say
    what is wrong, if anything.
    """

    read_at_ms: int | None
    calls: int
    code: str = ""
    text: str = ""
    calls_today: int = 0
    calls_per_day: int = 0
    calendars: tuple[CalendarStatus, ...] = ()


class Inbound:
    """Reads every calendar that holds events of ours, or that a device has chosen, at intervals and when asked to.

    `policy` gives the choices for a device by its row id, `chosen` the account (None: the main one) and calendar of
    every device. `told` hears which devices have news, `wake` that something is to be written.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        source: FeedSource,
        installation_id: str,
        unseal: Callable[[str], str],
        told: Callable[[frozenset[int]], Awaitable[None]],
        policy: Policies,
        pace: Pace,
        chosen: Callable[[], Collection[tuple[str | None, str]]],
        wake: Callable[[], None],
        every_s: float = READ_EVERY_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._told = told
        self._chosen = chosen
        self._wake_outbound = wake
        self._times = ReadingTimes(every_s=every_s, chance=chance)
        self._calls = CallsCounted(now_ms=clock.now_ms)
        self._write_down = WriteDown(
            database=database, clock=clock, installation_id=installation_id, policy=policy, unseal=unseal
        )
        self._reader = CalendarReader(
            pace=pace, installation_id=installation_id, now_s=lambda: clock.now_ms() // 1000, counted=self._calls.count
        )
        self._one_by_one = OneByOne(
            database=database,
            clock=clock,
            pace=pace,
            installation_id=installation_id,
            unseal=unseal,
            write_down=self._write_down,
            counted=self._calls.count,
        )
        self._woken = asyncio.Event()
        self._one = asyncio.Lock()
        self._read_at_ms: int | None = None
        self._calendars: dict[tuple[int, str], CalendarStatus] = {}
        self._trouble: Outcome | None = None
        self._begun = False
        self._asked = False

    @property
    def status(self) -> ReadStatus:
        """How it stands with the reading."""
        problem = self._trouble
        return ReadStatus(
            read_at_ms=self._read_at_ms,
            calls=self._calls.ever,
            code="" if problem is None else problem.code,
            text="" if problem is None else problem.text,
            calls_today=self._calls.today,
            calls_per_day=self._calls.per_day(len(self._calendars), self._times.every_s),
            calendars=tuple(self._calendars.values()),
        )

    def wake(self) -> None:
        """Read everything now."""
        self._asked = True
        self._woken.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            everything, self._asked = self._asked, False
            try:
                await self._round(everything=everything)
            except StoreError as error:
                _LOGGER.error("what changed in the calendar cannot be written down: %s", error)  # noqa: TRY400 - the disk
                self._trouble = _DISK
            wait_s = max(1.0, self._times.wait_s(self._clock.monotonic_s()))
            if self._trouble is _DISK:
                wait_s = self._times.every_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
            self._woken.clear()

    async def read(self) -> Outcome | None:
        """Read all calendars once; return what was in the way first, None when nothing was. Raises StoreError."""
        return await self._round(everything=True)

    async def _round(self, *, everything: bool) -> Outcome | None:
        async with self._one:
            await self._begin()
            accounts = self._source.feeds()
            wanted = await self._wanted(accounts)
            self._times.keep(frozenset((feed.account.account_id, name) for feed, names in wanted for name in names))
            self._calendars = {key: status for key, status in self._calendars.items() if self._is_among(key, wanted)}
            trouble: Outcome | None = None
            for feed, names in wanted:
                problem = await self._read_account(feed, names, everything=everything)
                trouble = trouble or problem
            known = [status for status in self._calendars.values() if status.code]
            if trouble is None and known:
                trouble = Outcome(verdict=Verdict.LATER, code=known[0].code, text=known[0].text)
            self._trouble = trouble
            if trouble is None and wanted:
                self._read_at_ms = self._clock.now_ms()
            await self._keep_calls()
            return trouble

    @staticmethod
    def _is_among(key: tuple[int, str], wanted: list[tuple[AccountFeed, list[str]]]) -> bool:
        return any(feed.account.account_id == key[0] and key[1] in names for feed, names in wanted)

    async def _wanted(self, accounts: tuple[AccountFeed, ...]) -> list[tuple[AccountFeed, list[str]]]:
        """Return each account with its calendars: those that hold events of ours, and those that devices chose."""
        chosen = self._chosen()
        wanted = []
        for number, feed in enumerate(accounts):
            email, calendar = feed.account.email.casefold(), feed.account.calendar
            names = await self._holding(feed.account)
            theirs = {
                calendar(name)
                for who, name in chosen
                if (number == 0 if who is None else bool(email) and who.casefold() == email)
            }
            wanted.append((feed, [*names, *sorted(theirs - set(names))]))
        return [(feed, names) for feed, names in wanted if names]

    async def _holding(self, account: AccountTarget) -> list[str]:
        """Return the calendars that hold events of ours, each under one name; one noted under two is noted anew."""
        account_id = account.account_id
        names = await self._database.read(partial(mirrored_calendars.live_calendars, account_id=account_id))
        other = [name for name in names if account.calendar(name) != name]
        if not other:
            return names

        def rename(conn: sqlite3.Connection) -> list[str]:
            for name in other:
                mirrored_calendars.rename(conn, account_id, name, account.calendar(name))
            return mirrored_calendars.live_calendars(conn, account_id)

        return await self._database.write(rename)

    async def _read_account(self, feed: AccountFeed, names: list[str], *, everything: bool) -> Outcome | None:
        """Read an account's calendars, then settle them: an event that left one of them may be in another."""
        account = feed.account
        now_s = self._clock.monotonic_s()
        due = [name for name in names if everything or self._times.due((account.account_id, name), now_s)]
        trouble: Outcome | None = None
        readings: list[tuple[Reading, Knowledge]] = []
        for name in due:
            noted = await self._database.read(partial(reading.get, account_id=account.account_id, calendar_id=name))
            known = Knowledge(self._database, account.account_id, name, noted)
            read = await self._reader.read(feed, name, known)
            if isinstance(read, Reading):
                if known.was_gone:
                    await self._back_again(feed, name)
                readings.append((read, known))
                continue
            trouble = trouble or read
            await self._failed(feed, name, read)
            if read.whole_account:
                break
        written = Written()
        for read, known in sorted(readings, key=_arrivals_first):
            mine = await self._write_down.write(account, read, known)
            self._went_well(feed, read, mine)
            written.told |= mine.told
            written.wrote |= mine.wrote
        if trouble is None or not trouble.whole_account:
            await self._one_by_one.work(account, written)
        if written.wrote:
            self._wake_outbound()
        if written.told:
            await self._told(frozenset(written.told))
        return trouble

    def _went_well(self, feed: AccountFeed, read: Reading, written: Written) -> None:
        key = (feed.account.account_id, read.calendar_id)
        self._times.went_well(key, self._clock.monotonic_s(), news=written.saw_ours)
        self._calendars[key] = CalendarStatus(
            email=feed.account.email, calendar_id=read.calendar_id, read_at_ms=self._clock.now_ms()
        )

    async def _failed(self, feed: AccountFeed, calendar_id: str, problem: Outcome) -> None:
        """Note that a calendar cannot be read; the others go on."""
        key = (feed.account.account_id, calendar_id)
        before = self._calendars.get(key)
        self._calendars[key] = CalendarStatus(
            email=feed.account.email,
            calendar_id=calendar_id,
            read_at_ms=before.read_at_ms if before is not None else None,
            code=problem.code,
            text=problem.text,
        )
        self._times.failed(key, self._clock.monotonic_s(), problem.retry_after_s or 0.0)
        level = logging.DEBUG if before is not None and before.code == problem.code else logging.WARNING
        _LOGGER.log(level, "the calendar cannot be read: %s", problem.text, extra={"problem": problem.code})
        if problem.whole_account and problem.verdict in (Verdict.AUTHORIZATION, Verdict.CONFIGURATION):
            await self._source.lost(feed.account, problem)
        elif problem.verdict is Verdict.CONFIGURATION:
            now_ms = self._clock.now_ms()
            await self._database.write(
                lambda conn: reading.failed(
                    conn,
                    account_id=feed.account.account_id,
                    calendar_id=calendar_id,
                    code=problem.code,
                    text=problem.text,
                    now_ms=now_ms,
                )
            )

    async def _back_again(self, feed: AccountFeed, calendar_id: str) -> None:
        """A calendar that was gone can be read: what was held for it is taken up again."""
        now_ms = self._clock.now_ms()
        freed = await self._database.write(
            lambda conn: mirrored_calendars.release_holds(conn, feed.account.account_id, calendar_id, now_ms)
        )
        _LOGGER.info("a calendar that was gone is back", extra={"taken_up": freed})
        if freed:
            self._wake_outbound()

    async def _begin(self) -> None:
        if not self._begun:
            kept = await self._database.read(lambda conn: reading.calls(conn, self._calls.day))
            self._calls.begin(kept)
            self._begun = True

    async def _keep_calls(self) -> None:
        """Write the number of calls down now and then, for those who ask from outside."""
        calls = self._calls
        if calls.today - calls.kept >= _KEEP_CALLS_EVERY:
            await self._database.write(lambda conn: reading.keep_calls(conn, calls.day, calls.today))
            calls.kept = calls.today


def _arrivals_first(item: tuple[Reading, Knowledge]) -> bool:
    """Order readings so that an event is seen where it is before it is missed where it was."""
    return any(seen.event.cancelled for seen in item[0].ours)


_DISK = Outcome(verdict=Verdict.LATER, code="store", text="The disk could not be written.")
