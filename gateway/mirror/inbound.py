"""Reads what people and guests did to our events and writes it down for the devices; it never writes to a calendar."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.clock import Clock
from gateway.domain.change import from_json
from gateway.domain.feed import CalendarFeed, FeedPage, SeenEvent, TokenExpired
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceState, Slot, by_the_rule
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.domain.zones import to_local
from gateway.errors import StoreError
from gateway.mirror.teller import Teller
from gateway.store import changes, meetings, mirrored_calendars, occurrences
from gateway.store.database import Database
from gateway.store.meetings import MeetingRow

_LOGGER = logging.getLogger(__name__)

READ_EVERY_S = 60.0
"""How often each calendar is read: 1,440 calls a day, one in 600 of what a project may make."""

LONGEST_WAIT_S = 900.0
_MOST_PAGES = 400


class FeedSource(Protocol):
    """Where the calendar account comes from, and how its changes are read."""

    def current(self) -> AccountTarget | None:
        """The account in use, None while nobody is authorized."""

    def feed(self) -> CalendarFeed | None:
        """Its changes, None while nobody is authorized."""

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """Remember that the account needs an admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatus:
    """How it stands with the reading: when the last one went well (ms UTC), how many calls were made, what is wrong."""

    read_at_ms: int | None
    calls: int
    code: str = ""
    text: str = ""


class Inbound:
    """Reads each calendar that holds an event of ours, at intervals and when asked to."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        source: FeedSource,
        installation_id: str,
        unseal: Callable[[str], str],
        told: Callable[[frozenset[int]], Awaitable[None]],
        every_s: float = READ_EVERY_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._source = source
        self._installation_id = installation_id
        self._unseal = unseal
        self._told = told
        self._every_s = every_s
        self._woken = asyncio.Event()
        self._one = asyncio.Lock()
        self._status = ReadStatus(read_at_ms=None, calls=0)
        self._failures = 0

    @property
    def status(self) -> ReadStatus:
        """How it stands with the reading."""
        return self._status

    def wake(self) -> None:
        """Read now."""
        self._woken.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            wait_s = self._every_s
            try:
                problem = await self.read()
            except StoreError as error:
                _LOGGER.error("what changed in the calendar cannot be written down: %s", error)  # noqa: TRY400 - the disk
                problem = _DISK
            self._failures = 0 if problem is None else self._failures + 1
            if self._failures:
                wait_s = min(LONGEST_WAIT_S, self._every_s * 2 ** min(self._failures, 8))
                wait_s = max(wait_s, problem.retry_after_s or 0.0) if problem is not None else wait_s
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    async def read(self) -> Outcome | None:
        """Read all calendars once; return what was in the way, None when nothing was. Raises StoreError."""
        async with self._one:
            account, feed = self._source.current(), self._source.feed()
            if account is None or feed is None:
                return None
            calendars = await self._database.read(
                lambda conn: mirrored_calendars.live_calendars(conn, account.account_id)
            )
            for calendar_id in calendars:
                problem = await self._read_calendar(account, feed, calendar_id)
                if problem is not None:
                    await self._failed(account, problem)
                    return problem
            self._status = ReadStatus(read_at_ms=self._clock.now_ms(), calls=self._status.calls)
            return None

    async def _failed(self, account: AccountTarget, problem: Outcome) -> None:
        before = self._status
        self._status = ReadStatus(
            read_at_ms=before.read_at_ms, calls=before.calls, code=problem.code, text=problem.text
        )
        level = logging.DEBUG if before.code == problem.code else logging.WARNING
        _LOGGER.log(level, "the calendar cannot be read: %s", problem.text, extra={"problem": problem.code})
        if problem.whole_account and problem.verdict in (Verdict.AUTHORIZATION, Verdict.CONFIGURATION):
            await self._source.lost(account, problem)

    async def _read_calendar(self, account: AccountTarget, feed: CalendarFeed, calendar_id: str) -> Outcome | None:
        token, live_before = await self._database.read(
            lambda conn: (
                changes.reading_token(conn, account.account_id, calendar_id),
                mirrored_calendars.live_in(conn, account.account_id, calendar_id),
            )
        )
        try:
            pages = await self._pages(feed, calendar_id, token)
        except TokenExpired:
            _LOGGER.info("the calendar is read from the beginning, because its memory of changes has ended")
            token = None
            pages = await self._pages(feed, calendar_id, None)
        if isinstance(pages, Outcome):
            return pages
        reading = _Reading(
            account_id=account.account_id,
            calendar_id=calendar_id,
            events=tuple(event for page in pages for event in page.events),
            next_token=pages[-1].next_token,
            whole=token is None,
            live_before=frozenset(live_before.values()),
        )
        now_ms = self._clock.now_ms()
        devices = await self._database.write(lambda conn: self._write_down(conn, feed, reading, now_ms))
        if devices:
            await self._told(devices)
        return None

    async def _pages(self, feed: CalendarFeed, calendar_id: str, token: str | None) -> list[FeedPage] | Outcome:
        pages: list[FeedPage] = []
        page: str | None = None
        while len(pages) < _MOST_PAGES:
            self._status = ReadStatus(
                read_at_ms=self._status.read_at_ms,
                calls=self._status.calls + 1,
                code=self._status.code,
                text=self._status.text,
            )
            got = await feed.page(calendar_id, token=token, page=page)
            if isinstance(got, Outcome):
                return got
            pages.append(_only_ours(got, self._installation_id))
            page = got.next_page
            if page is None:
                return pages
        return _ENDLESS

    def _write_down(
        self, conn: sqlite3.Connection, feed: CalendarFeed, reading: _Reading, now_ms: int
    ) -> frozenset[int]:
        """Tell the devices what changed, and remember up to where was read, all or nothing."""
        told: set[int] = set()
        present: set[int] = set()
        ids = {event.series_id or event.event.remote_id for event in reading.events}
        known = mirrored_calendars.live_among(conn, reading.account_id, reading.calendar_id, ids)
        for seen in reading.events:
            meeting_id = known.get(seen.series_id or seen.event.remote_id)
            meeting = None if meeting_id is None else meetings.get(conn, meeting_id)
            if meeting is None:
                continue
            present.add(meeting.id)
            if self._teller(conn, meeting, seen, now_ms).tell(feed, seen):
                told.add(meeting.device_id)
        if reading.whole:
            told |= self._missing(conn, reading, present, now_ms)
        changes.keep_reading(
            conn,
            account_id=reading.account_id,
            calendar_id=reading.calendar_id,
            token=reading.next_token,
            now_ms=now_ms,
        )
        return frozenset(told)

    def _missing(self, conn: sqlite3.Connection, reading: _Reading, present: set[int], now_ms: int) -> set[int]:
        """A list of everything has no deleted events of long ago: what it does not name is not there any more."""
        told: set[int] = set()
        live = mirrored_calendars.live_in(conn, reading.account_id, reading.calendar_id)
        # What was written while the list was on its way is not in it.
        for meeting_id in (reading.live_before & set(live.values())) - present:
            meeting = meetings.get(conn, meeting_id)
            if meeting is None:
                continue
            series = from_json(meeting.body, self._unseal)
            if Teller(conn=conn, row=meeting, expected=series, now_ms=now_ms).deleted():
                told.add(meeting.device_id)
        return told

    def _teller(self, conn: sqlite3.Connection, row: MeetingRow, seen: SeenEvent, now_ms: int) -> Teller:
        """Return what tells about a meeting, or about one occurrence of it, by what the device wants there."""
        series = from_json(row.body, self._unseal)
        if seen.series_id is None or seen.original_start_utc_s is None:
            return Teller(conn=conn, row=row, expected=series, now_ms=now_ms)
        original = seen.original_start_utc_s
        own = occurrences.get(conn, row.id, original)
        expected: Meeting | None = None
        if own is None or own.state is OccurrenceState.PLAIN:
            expected = by_the_rule(series, Slot(to_local(original, series.zone), original))
        elif own.state is OccurrenceState.CHANGED and own.body is not None:
            expected = from_json(own.body, self._unseal)
        return Teller(conn=conn, row=row, expected=expected, now_ms=now_ms, original_start_utc_s=original)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    account_id: int
    calendar_id: str
    events: tuple[SeenEvent, ...]
    next_token: str | None
    whole: bool
    live_before: frozenset[int]


def _only_ours(page: FeedPage, installation_id: str) -> FeedPage:
    """Leave out what certainly is not ours; a deleted event may have lost its marks."""
    kept = tuple(
        seen for seen in page.events if seen.event.cancelled or seen.event.marks.get("gateway") == installation_id
    )
    return FeedPage(events=kept, next_page=page.next_page, next_token=page.next_token)


_ENDLESS = Outcome(
    verdict=Verdict.LATER, code="endless-list", text=f"The calendar has more than {_MOST_PAGES} pages of changes."
)
_DISK = Outcome(verdict=Verdict.LATER, code="store", text="The disk could not be written.")
