"""Writes down what was read of a calendar, a few events at a time, so that no device waits long for its answer."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.clock import Clock
from gateway.domain.feed import SeenEvent
from gateway.domain.outcome import RemoteEvent
from gateway.domain.target import AccountTarget
from gateway.mirror.inbound.calendar_reader import Reading
from gateway.mirror.inbound.settling import Policies, Settling
from gateway.store import deletions, foreign_events, mirrored, mirrored_calendars, reading, second_looks
from gateway.store.database import Database
from gateway.store.foreign_events import ForeignEvent
from gateway.store.reading import CalendarReading
from gateway.store.second_looks import SecondLook

_T = TypeVar("_T")

_LOGGER = logging.getLogger(__name__)

BATCH = 25
"""Events that one transaction settles: about as long as accepting a few meetings takes."""

NOTED_EVERY_MS = 10 * 60 * 1000
"""How often at least it is written down that a calendar was read, though nothing was new in it."""

FEW_DELETED = 5
SHARE_DELETED = 0.2
"""More deletions within a day than both of these are taken for an accident until somebody decides."""


@dataclass(slots=True, kw_only=True)
class Written:
    """What came of a reading: devices with news, whether events of ours were seen and something is to be written."""

    told: set[int] = field(default_factory=set)
    wrote: bool = False
    saw_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was known of an account when its calendars were about to be read.

    `meetings` are its events' meetings by the events' ids; `live` the events that the calendar was known to hold,
    `quiet` the versions of those about which nothing is outstanding.
    """

    meetings: Mapping[str, int]
    live: frozenset[int]
    quiet: Mapping[str, str]


class Knowledge:
    """What is known of one calendar (`calendar_reader.Known`); of its events only when somebody asks."""

    def __init__(self, database: Database, account_id: int, calendar_id: str, noted: CalendarReading | None) -> None:
        self._database = database
        self._account_id = account_id
        self._calendar_id = calendar_id
        self._noted = noted
        self._before: Before | None = None

    @property
    def token(self) -> str | None:
        """See `Known.token`."""
        return None if self._noted is None else self._noted.token

    @property
    def was_gone(self) -> bool:
        """Whether something was wrong with the calendar when it was last read."""
        return self._noted is not None and bool(self._noted.code)

    @property
    def noted_at(self) -> int | None:
        """When it was last written down how far it was read (ms UTC); None when that has to be written anew."""
        return None if self._noted is None or self.was_gone or self.token is None else self._noted.read_at

    async def ours(self) -> frozenset[str]:
        """See `Known.ours`."""
        return frozenset((await self.before()).meetings)

    async def before(self) -> Before:
        """Return what was known when this was first asked."""
        if self._before is None:
            self._before = await self._database.read(lambda conn: before_of(conn, self._account_id, self._calendar_id))
        return self._before


class WriteDown:
    """Settles readings for one installation."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        installation_id: str,
        policy: Policies,
        unseal: Callable[[str], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._installation_id = installation_id
        self._policy = policy
        self._unseal = unseal

    async def write(self, account: AccountTarget, read: Reading, known: Knowledge) -> Written:
        """Settle everything of a reading, and at the very end remember up to where was read. Raises StoreError."""
        written = Written()
        if read.whole or read.ours:
            await self._ours(account, read, await known.before(), written)
        await self._foreign(account, read)
        await self._keep_place(account, read, known)
        return written

    async def _ours(self, account: AccountTarget, read: Reading, before: Before, written: Written) -> None:
        news = [(seen, meeting_id) for seen, meeting_id in self._of_meetings(read, before) if _is_news(seen, before)]
        written.saw_ours = bool(read.ours) and not read.whole
        held_back = await self._hold_back(account, read, before, news)
        for batch in _batches(news):
            chosen = [
                (seen, meeting_id)
                for seen, meeting_id in batch
                if not (seen.event.cancelled and meeting_id in held_back)
            ]
            await self.settle(account, read.calendar_id, chosen, written)

    async def _keep_place(self, account: AccountTarget, read: Reading, known: Knowledge) -> None:
        """Remember up to where was read. While a calendar rests that is not written each minute: memory cards wear."""
        now_ms = self._clock.now_ms()
        nothing_new = not (read.whole or read.ours or read.foreign or read.gone)
        if nothing_new and known.noted_at is not None and 0 <= now_ms - known.noted_at < NOTED_EVERY_MS:
            return
        await self._database.write(
            lambda conn: reading.keep(
                conn,
                account_id=account.account_id,
                calendar_id=read.calendar_id,
                token=read.next_token,
                now_ms=now_ms,
            )
        )

    async def settle(
        self, account: AccountTarget, calendar_id: str, batch: Sequence[tuple[SeenEvent, int]], written: Written
    ) -> None:
        """Settle a few events in one transaction; one that cannot be settled does not keep the others from it."""
        if not batch:
            return

        def work(conn: sqlite3.Connection) -> Settling:
            settling = self._settling(conn, account, calendar_id)
            for seen, meeting_id in batch:
                conn.execute("SAVEPOINT one_event")
                try:
                    settling.settle(seen, meeting_id)
                except (ValueError, KeyError, OverflowError, ArithmeticError) as error:
                    conn.execute("ROLLBACK TO one_event")
                    _LOGGER.warning(
                        "an event could not be settled and is left as it is: %s",
                        type(error).__name__,
                        extra={"meeting": meeting_id},
                    )
                conn.execute("RELEASE one_event")
            return settling

        settled = await self._database.write(work)
        written.told |= settled.told
        written.wrote |= settled.wrote

    def _settling(self, conn: sqlite3.Connection, account: AccountTarget, calendar_id: str) -> Settling:
        return Settling(
            conn=conn,
            account=account,
            calendar_id=calendar_id,
            installation_id=self._installation_id,
            policy=self._policy,
            unseal=self._unseal,
            now_ms=self._clock.now_ms(),
        )

    def _of_meetings(self, read: Reading, before: Before) -> Iterator[tuple[SeenEvent, int]]:
        for seen in read.ours:
            meeting_id = before.meetings.get(seen.whole_id) or _marked(seen.event)
            if meeting_id is not None:
                yield seen, meeting_id

    async def _hold_back(
        self, account: AccountTarget, read: Reading, before: Before, news: Sequence[tuple[SeenEvent, int]]
    ) -> frozenset[int]:
        """Hold back deletions that are too many at once, and have a look taken at what a whole list does not name."""
        deleted = [each for each in news if each[0].event.cancelled and each[0].series_id is None]
        present = {meeting_id for seen, meeting_id in self._of_meetings(read, before)}
        missing = before.live - present if read.whole else frozenset()
        if not deleted and not missing:
            return frozenset()
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> frozenset[int]:
            settling = self._settling(conn, account, read.calendar_id)
            gone = settling.deletions(_of_current(conn, deleted))
            still = missing & settling.live()
            for meeting_id in still:
                second_looks.look_later(conn, SecondLook(meeting_id=meeting_id), now_ms)
            return self._guard(conn, account, read.calendar_id, gone, still)

        return await self._database.write(work)

    def _guard(
        self,
        conn: sqlite3.Connection,
        account: AccountTarget,
        calendar_id: str,
        gone: frozenset[int],
        missing: frozenset[int],
    ) -> frozenset[int]:
        now_ms = self._clock.now_ms()
        asked = second_looks.guarded_in(conn, account.account_id, calendar_id)
        if not asked:
            earlier = deletions.recent(conn, account.account_id, calendar_id, now_ms)
            if len(gone | missing | earlier) <= FEW_DELETED:
                return frozenset()
            coming = mirrored_calendars.coming(conn, account.account_id, calendar_id, now_ms // 1000)
            now = (gone | missing) & coming
            if not now or len(now | earlier) <= max(FEW_DELETED, SHARE_DELETED * len(coming | earlier)):
                return frozenset()
            _LOGGER.warning(
                "%d events vanished from a calendar within a day, %d of them now: nothing is done about these until "
                "somebody decides. Next: meeting-gateway mirror status",
                len(now | earlier),
                len(now),
            )
        second_looks.guard(conn, account.account_id, calendar_id, gone | missing, now_ms)
        return gone | missing

    async def _foreign(self, account: AccountTarget, read: Reading) -> None:
        """Remember coming events of others, so that one that already stands for a meeting is found."""
        if not (read.foreign or read.gone or read.whole):
            return
        account_id, now_s = account.account_id, self._clock.now_ms() // 1000

        def begin(conn: sqlite3.Connection) -> None:
            if read.whole:
                foreign_events.forget_calendar(conn, account_id, read.calendar_id)
            foreign_events.forget(conn, account_id, read.calendar_id, read.gone)

        def note(batch: Sequence[tuple[ForeignEvent, str]]) -> Callable[[sqlite3.Connection], None]:
            def work(conn: sqlite3.Connection) -> None:
                for event, subject in batch:
                    foreign_events.note(conn, event, subject)

            return work

        await self._database.write(begin)
        for batch in _batches(list(read.foreign.values()), 4 * BATCH):
            await self._database.write(note(batch))
        await self._database.write(lambda conn: foreign_events.prune(conn, account_id, read.calendar_id, now_s))


def before_of(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> Before:
    """Return what is known of a calendar now."""
    return Before(
        meetings=mirrored_calendars.meetings_by_event(conn, account_id),
        live=frozenset(mirrored_calendars.live_in(conn, account_id, calendar_id).values()),
        quiet=mirrored_calendars.quiet_versions(conn, account_id, calendar_id),
    )


def _of_current(conn: sqlite3.Connection, deleted: Sequence[tuple[SeenEvent, int]]) -> dict[int, SeenEvent]:
    """Leave out events that were no meeting's own any more, such as those that the gateway removed itself."""
    return {
        meeting_id: seen
        for seen, meeting_id in deleted
        if (event := mirrored.get(conn, meeting_id)) is not None and event.remote_id == seen.whole_id
    }


def _is_news(seen: SeenEvent, before: Before) -> bool:
    """Leave out what the gateway itself wrote and nobody answered: after many writes that is nearly everything."""
    if seen.series_id is not None or seen.event.cancelled:
        return True
    answered = any(guest.answer != "needsAction" or guest.comment for guest in seen.guests)
    return answered or before.quiet.get(seen.event.remote_id) != seen.event.etag


def _marked(event: RemoteEvent) -> int | None:
    said = event.marks.get("meeting", "")
    return int(said) if said.isdecimal() and len(said) < 18 else None


def _batches(items: Sequence[_T], size: int = BATCH) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
