"""Reads one calendar to its end, page by page, within the pace; what was read is settled elsewhere."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.domain.feed import AccountFeed, FeedPage, SeenEvent, TokenExpired
from gateway.domain.outcome import Outcome, Verdict
from gateway.mirror.paced import Pace
from gateway.store.foreign_events import MOST_PER_CALENDAR, ForeignEvent

MOST_PAGES = 4_000
"""Pages after which a list counts as endless; no calendar holds the events of so many."""

PATIENCE_S = 30.0
"""How long one call waits for its turn, so that one account that rests does not keep others from being read."""

_ENDLESS = Outcome(
    verdict=Verdict.LATER,
    code="endless-list",
    text="The calendar's list of changes has no end. It is read again later.",
)
_NOT_NOW = Outcome(verdict=Verdict.LATER, code="paced", text="The calendar allows no more calls for the moment.")


@dataclass(slots=True, kw_only=True)
class Reading:
    """What one calendar showed: events that are ours or may be, and coming ones of others with their subjects.

    `whole` says that everything was listed, and not only what changed; `gone` are ids of events that are not there any
    more, ours or not.
    """

    calendar_id: str
    whole: bool
    ours: list[SeenEvent] = field(default_factory=list)
    foreign: dict[str, tuple[ForeignEvent, str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    next_token: str | None = None


class Known(Protocol):
    """What is known of a calendar that is about to be read."""

    @property
    def token(self) -> str | None:
        """Up to where it was read; None when it has to be read from the beginning."""

    async def ours(self) -> frozenset[str]:
        """Return the ids of our events in the account; asked for only when that is needed, for they may be many."""


class CalendarReader:
    """Reads calendars for one installation; `counted` hears of every call."""

    def __init__(
        self, *, pace: Pace, installation_id: str, now_s: Callable[[], int], counted: Callable[[], None]
    ) -> None:
        self._pace = pace
        self._installation_id = installation_id
        self._now_s = now_s
        self._counted = counted

    @property
    def installation_id(self) -> str:
        """Whose marks count."""
        return self._installation_id

    async def read(self, account: AccountFeed, calendar_id: str, known: Known) -> Reading | Outcome:
        """Read what changed, or everything when the calendar's memory of changes has ended; or say why not."""
        if known.token is not None:
            try:
                return await self._pages(account, calendar_id, known.token, known)
            except TokenExpired:
                pass
        try:
            return await self._pages(account, calendar_id, None, known)
        except TokenExpired:
            return _ENDLESS

    async def _pages(
        self, account: AccountFeed, calendar_id: str, token: str | None, known: Known
    ) -> Reading | Outcome:
        reading = Reading(calendar_id=calendar_id, whole=token is None)
        if reading.whole:
            # What is written while the list is on its way is not in it, and must not be missed.
            await known.ours()
        page: str | None = None
        seen_pages: set[str] = set()
        while len(seen_pages) < MOST_PAGES:
            got = await self._page(account, calendar_id, token, page)
            if isinstance(got, Outcome):
                return got
            if got.events:
                self._take(reading, got, await known.ours(), account.account.account_id)
            page = got.next_page
            if page is None:
                reading.next_token = got.next_token
                return reading
            if page in seen_pages:
                return _ENDLESS
            seen_pages.add(page)
        return _ENDLESS

    async def _page(
        self, account: AccountFeed, calendar_id: str, token: str | None, page: str | None
    ) -> FeedPage | Outcome:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._pace.enter(account.account)
        except TimeoutError:
            return _NOT_NOW
        self._counted()
        outcome: Outcome | None = None
        try:
            got = await account.feed.page(calendar_id, token=token, page=page)
            outcome = got if isinstance(got, Outcome) else Outcome(verdict=Verdict.DONE)
        except TokenExpired:
            outcome = Outcome(verdict=Verdict.DONE)
            raise
        finally:
            self._pace.ended(account.account, None, outcome, subject=calendar_id)
        return got

    def _take(self, reading: Reading, page: FeedPage, ours: frozenset[str], account_id: int) -> None:
        """Keep of a page what is ours, and the soonest of what is not; a deleted event may have lost its marks."""
        for seen in page.events:
            event = seen.event
            if event.cancelled:
                self._forget(reading, event.remote_id)
            if event.marks.get("gateway") == self._installation_id or seen.whole_id in ours:
                # The calendar's own form of an event is large, and nobody asks for it here.
                reading.ours.append(replace(seen, event=replace(event, raw={})))
            elif not event.cancelled:
                self._note(reading, seen, account_id)
        if len(reading.foreign) > 2 * MOST_PER_CALENDAR:
            soonest = heapq.nsmallest(
                MOST_PER_CALENDAR, reading.foreign.items(), key=lambda item: item[1][0].start_utc_s
            )
            reading.foreign = dict(soonest)

    def _note(self, reading: Reading, seen: SeenEvent, account_id: int) -> None:
        facts = seen.event.facts
        if facts is None or facts.end_utc_s < self._now_s():
            self._forget(reading, seen.event.remote_id)
            return
        noted = ForeignEvent(
            account_id=account_id,
            calendar_id=reading.calendar_id,
            remote_id=seen.event.remote_id,
            start_utc_s=facts.start_utc_s,
            end_utc_s=facts.end_utc_s,
            organiser=(seen.who or facts.organizer)[:254],
        )
        reading.foreign[noted.remote_id] = (noted, facts.subject)

    def _forget(self, reading: Reading, remote_id: str) -> None:
        """Of a calendar that is listed as a whole nothing is remembered that would have to be forgotten."""
        if not reading.whole:
            reading.gone.add(remote_id)
