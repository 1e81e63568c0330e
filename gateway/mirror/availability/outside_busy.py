"""What the calendars of watched rooms say about their busy times: asked, kept, and how old it is; nothing is judged."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from gateway import messages
from gateway.clock import Clock
from gateway.domain.busy import AccountBusy, BusyAnswer, Room, Span, merged, within, without
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.messages.languages import tr
from gateway.mirror.availability.room_shown import RoomShown, Shown
from gateway.mirror.intake.room_time import OutsideView
from gateway.mirror.paced import Pace
from gateway.store import busy
from gateway.store.busy import PART_S, Outside
from gateway.store.database import Database

NEAR_STALE_MS = 10 * 60 * 1000
"""What was asked longer ago is stale, for the time that is asked about every minute or few."""

FAR_STALE_MS = 3 * 3600 * 1000
"""The same for what lies farther ahead and is asked about every hour."""

NEAR_PARTS = 2
"""How many parts of time are near: the one that goes on, and the next."""

PARTS_AT_ONCE = 2
"""60 days: as much as one call to a calendar service may ask about."""

ROOMS_AT_ONCE = 25
"""Calendars in one call."""

WRITE_AGAIN_MS = 15 * 60 * 1000
"""That nothing changed is written to the disk no more often than this."""

PATIENCE_S = 5.0
"""So long a question waits for its turn among the other calls to the account."""


class BusyAccounts(Protocol):
    """Where the accounts come from."""

    def busy_sources(self) -> tuple[AccountBusy, ...]:
        """Every account that may be called now, with its busy times where they may be looked up."""

    def chosen(self, email: str | None) -> AccountTarget | None:
        """The account of that address, or with None the main one, if it may be called now."""


def part_of(instant_s: int) -> int:
    """Return the number of the part of time in which an instant lies."""
    return instant_s // PART_S


class OutsideBusy:
    """Asks room by room and part by part; what was heard last stays good when nothing can be heard."""

    def __init__(
        self, *, database: Database, clock: Clock, accounts: BusyAccounts, pace: Pace, shown: RoomShown
    ) -> None:
        self._database = database
        self._shown = shown
        self._clock = clock
        self._accounts = accounts
        self._pace = pace
        self._said: dict[int, dict[int, Outside]] = {}
        self._all: dict[int, tuple[Span, ...]] = {}
        self._written_ms: dict[tuple[int, int], int] = {}
        self._problems: dict[int, Outcome] = {}
        self._unsettled: set[tuple[int, int]] = set()
        self._one = asyncio.Lock()

    async def load(self) -> None:
        """Read what was heard before the gateway was started. Raises StoreError."""
        self._said = await self._database.read(busy.outside)
        self._written_ms = {
            (room_id, part): said.asked_at_ms for room_id, parts in self._said.items() for part, said in parts.items()
        }
        for room_id in self._said:
            self._sum_up(room_id)

    def view(self, room_id: int, wanted: Span, now_ms: int) -> OutsideView:
        """Return what is known of a room in the parts of time that `wanted` touches; may be called from any thread."""
        as_of_ms, stale = self._age(room_id, wanted, now_ms)
        problem = self._problems.get(room_id)
        return OutsideView(
            spans=self._all.get(room_id, ()),
            as_of_ms=as_of_ms,
            stale=stale,
            code=problem.code if problem is not None and stale else "",
            text=problem.text if problem is not None and stale else "",
        )

    def asked_ms(self, room_ids: Sequence[int], part: int) -> int | None:
        """Return when the one of these rooms that waits longest was asked about a part of time; None: one never was."""
        found = [self._said.get(room_id, {}).get(part) for room_id in room_ids]
        return min((said.asked_at_ms for said in found if said is not None), default=None) if all(found) else None

    def unsettled(self, room_ids: Collection[int], parts: Collection[int]) -> bool:
        """Whether a calendar, when it was asked, showed a meeting of ours that was about to be changed there."""
        return any(room_id in room_ids and part in parts for room_id, part in self._unsettled)

    def problem(self, room_ids: Sequence[int]) -> Outcome | None:
        """Return what was in the way when one of these rooms was asked about last."""
        return next((self._problems[room_id] for room_id in room_ids if room_id in self._problems), None)

    async def ask(self, rooms: Mapping[int, Room], first: int, parts: int = PARTS_AT_ONCE) -> None:
        """Ask about some parts of time, from `first` on; what goes wrong is a room's problem. Raises StoreError."""
        async with self._one:
            for account, group in self._by_account(rooms).items():
                numbers = list(group)
                for start in range(0, len(numbers), ROOMS_AT_ONCE):
                    some = {number: group[number] for number in numbers[start : start + ROOMS_AT_ONCE]}
                    await self._ask(account, some, first, parts)

    def forget(self, watched: Mapping[int, Room]) -> None:
        """Forget in memory what was said about rooms that are not watched any more."""
        for room_id in self._said.keys() - watched.keys():
            self._said.pop(room_id, None)
            self._all.pop(room_id, None)
        for room_id in self._problems.keys() - watched.keys():
            self._problems.pop(room_id, None)
        self._unsettled = {key for key in self._unsettled if key[0] in watched}

    def _by_account(self, rooms: Mapping[int, Room]) -> dict[str | None, dict[int, Room]]:
        found: dict[str | None, dict[int, Room]] = {}
        for room_id, room in rooms.items():
            found.setdefault(room.account, {})[room_id] = room
        return found

    async def _ask(self, email: str | None, rooms: Mapping[int, Room], first: int, parts: int) -> None:
        chosen = self._accounts.chosen(email)
        source = next(
            (
                each
                for each in self._accounts.busy_sources()
                if chosen is not None and each.account.account_id == chosen.account_id
            ),
            None,
        )
        if source is None or source.source is None:
            problem = _NO_ACCOUNT if source is None else _not_allowed()
            self._problems.update(dict.fromkeys(rooms, problem))
            return
        names = sorted({room.calendar_id for room in rooms.values()})
        if not await self._entered(source.account):
            self._problems.update(dict.fromkeys(rooms, self._not_now(source.account)))
            return
        whole = Span(first * PART_S, (first + parts) * PART_S)
        said: BusyAnswer | Outcome | None = None
        try:
            before = await self._own(rooms, whole)
            said = await source.source.busy(names, *whole)
        finally:
            outcome = Outcome(verdict=Verdict.DONE) if isinstance(said, BusyAnswer) else said
            self._pace.ended(source.account, None, outcome, subject="busy times")
        if isinstance(said, BusyAnswer):
            await self._heard(rooms, said, range(first, first + parts), before)
        else:
            self._problems.update(dict.fromkeys(rooms, said))

    async def _entered(self, account: AccountTarget) -> bool:
        """Enter the gate if that is possible soon: a question about busy times can always be asked later."""
        if self._pace.free(account, None) <= 0:
            wait_ms = self._pace.next_free_ms(account, None)
            if self._pace.rests_ms(account) > 0 or (wait_ms or 0.0) > PATIENCE_S * 1000:
                return False
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._pace.enter(account)
        except TimeoutError:
            return False
        return True

    def _not_now(self, account: AccountTarget) -> Outcome:
        wait_ms = self._pace.next_free_ms(account, None)
        text = "The calendar allows no more calls for the moment."
        wait_s = None if wait_ms is None else wait_ms / 1000
        return Outcome(verdict=Verdict.LATER, code="paced", text=text, retry_after_s=wait_s)

    async def _own(self, rooms: Collection[int], whole: Span) -> dict[int, Shown]:
        return await self._database.read(lambda conn: self._shown.read(conn, tuple(rooms), whole))

    async def _heard(
        self, rooms: Mapping[int, Room], said: BusyAnswer, parts: range, before: Mapping[int, Shown]
    ) -> None:
        """Keep what is not ours; `before` is what was when the calendar was asked, for it may have changed since."""
        news: list[tuple[int, int, Outside]] = []
        after = await self._own(rooms, Span(parts.start * PART_S, parts.stop * PART_S))
        for room_id, room in rooms.items():
            problem = said.problems.get(room.calendar_id)
            if problem is not None or room.calendar_id not in said.spans:
                self._problems[room_id] = problem or _UNSAID
                continue
            self._problems.pop(room_id, None)
            spans, was, is_now = said.spans[room.calendar_id], before[room_id], after[room_id]
            changing = merged((*was.now, *was.soon, *is_now.soon))
            foreign = without(spans, merged((*is_now.now, *changing, *was.held, *is_now.held)))
            hidden = without(without(spans, is_now.now), without(spans, merged((*is_now.now, *changing))))
            for part in parts:
                began_s, ends_s = part * PART_S, (part + 1) * PART_S
                heard = Outside(said.asked_at_ms, within(foreign, began_s, ends_s))
                if self._is_news(room_id, part, heard):
                    news.append((room_id, part, heard))
                self._said.setdefault(room_id, {})[part] = heard
                self._unsettled.discard((room_id, part))
                if within(hidden, began_s, ends_s):
                    self._unsettled.add((room_id, part))
            self._sum_up(room_id)
        if news:
            await self._database.write(lambda conn: _write(conn, news))
            self._written_ms |= {(room_id, part): heard.asked_at_ms for room_id, part, heard in news}

    def _is_news(self, room_id: int, part: int, heard: Outside) -> bool:
        before = self._said.get(room_id, {}).get(part)
        age_ms = heard.asked_at_ms - self._written_ms.get((room_id, part), 0)
        return before is None or before.spans != heard.spans or not 0 <= age_ms < WRITE_AGAIN_MS

    def _sum_up(self, room_id: int) -> None:
        self._all[room_id] = merged(span for said in self._said[room_id].values() for span in said.spans)

    def _age(self, room_id: int, wanted: Span, now_ms: int) -> tuple[int | None, bool]:
        """Return when the oldest part was asked about, and whether that is too long ago for one of them."""
        said, near = self._said.get(room_id, {}), part_of(now_ms // 1000) + NEAR_PARTS
        oldest_ms: int | None = None
        stale = False
        for part in range(part_of(wanted.start_s), part_of(max(wanted.start_s, wanted.end_s - 1)) + 1):
            heard = said.get(part)
            if heard is None:
                return None, True
            age_ms = now_ms - heard.asked_at_ms
            stale = stale or age_ms > (NEAR_STALE_MS if part < near else FAR_STALE_MS)
            oldest_ms = heard.asked_at_ms if oldest_ms is None else min(oldest_ms, heard.asked_at_ms)
        return oldest_ms, stale


def _write(conn: sqlite3.Connection, news: Sequence[tuple[int, int, Outside]]) -> None:
    for room_id, part, heard in news:
        busy.keep_outside(conn, room_id, part, heard)


def _not_allowed() -> Outcome:
    text = str(messages.text("G-416", feature=tr("looking up busy times")))
    return Outcome(verdict=Verdict.CONFIGURATION, code="G-416", text=text)


_NO_ACCOUNT = Outcome(
    verdict=Verdict.AUTHORIZATION, code="no-account", text="The room's calendar account is not connected now."
)
_UNSAID = Outcome(verdict=Verdict.LATER, code="G-412", text="The calendar was left out of the answer.")
