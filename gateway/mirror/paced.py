"""The one gate before every call to a calendar: it waits for the limits and tells them what came; it makes no call."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.clock import Clock
from gateway.domain.attempt import Call, call_of, remember
from gateway.domain.facts import EventFacts
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.domain.pacer import PaceLimits, Pacer, Place
from gateway.domain.target import AccountTarget, CalendarTarget, EventContent, EventRef, OccurrenceRef

__all__ = ["Budget", "Pace", "PaceLimits", "PacedTarget"]

NOT_NOW = "paced"
"""The code of a call that was not made because the limits do not allow it for longer than a job can wait."""

PATIENCE_S = 5.0
"""How long a job waits for a call; it is given back when that takes longer."""

BEGUN_PATIENCE_S = 70.0
"""How long one that made a call already waits for its next, so that a limit of one or two calls a minute is not used up
by first calls alone.
"""

MOST_BEGUN = 2
"""How many may wait that long at once: they hold places that meetings of other calendars could have."""


class Budget(NamedTuple):
    """How one limit stands, for people: `scope` is `project`, `account` or `calendar`.

    `limit` is calls a minute and `used` how many of them count now; `per_s` is the pace, None where calls are not
    spaced; `rests_until_ms` (ms UTC) is when a rest ends, None while there is none.
    """

    scope: str
    name: str
    limit: int
    used: int
    per_s: float | None
    rests_until_ms: int | None


@dataclass(eq=False, slots=True)
class _Waiter:
    place: Place


class Pace:
    """All limits of all accounts, in steady time; the methods that do not wait may be called from any thread."""

    def __init__(self, *, clock: Clock, limits: PaceLimits) -> None:
        self._clock = clock
        self._pacer = Pacer(limits, now_ms=self._now_ms())
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._changed = asyncio.Event()
        self._names: dict[int, str] = {}
        self._followers: list[Callable[[], None]] = []
        self._end_awaited = False

    def follow(self, told: Callable[[], None]) -> None:
        """Let `told` be called when calls became possible sooner than was known, or at a time that was not known."""
        self._followers.append(told)

    def free(self, account: AccountTarget, calendar_id: str | None) -> int:
        """How many calls may be made now, those left out for whom somebody waits already."""
        place = self._place(account, calendar_id)
        with self._lock:
            return self._free(place)

    def next_free_ms(self, account: AccountTarget, calendar_id: str | None) -> float | None:
        """In how many ms a call may be made; None while only the end of another decides; followers hear of it."""
        place, now_ms = self._place(account, calendar_id), self._now_ms()
        with self._lock:
            at_ms = self._pacer.next_free_ms(place, now_ms)
            self._end_awaited = self._end_awaited or at_ms is None
        return None if at_ms is None else max(0.0, at_ms - now_ms)

    def take(self, account: AccountTarget, calendar_id: str) -> bool:
        """Enter if that is possible without waiting."""
        place = self._place(account, calendar_id)
        with self._lock:
            if self._free(place) <= 0:
                return False
            self._pacer.enter(place, self._now_ms())
        return True

    def give_back(self, account: AccountTarget, calendar_id: str) -> None:
        """A call that was entered is not made."""
        with self._lock:
            self._pacer.give_back(self._place(account, calendar_id), self._now_ms())
            news, self._end_awaited = self._end_awaited, False
        self._pulse()
        self._tell(news)

    async def enter(self, account: AccountTarget, calendar_id: str | None = None) -> None:
        """Wait until a call may be made, and count it; `ended` must follow. Without a calendar it counts for none.

        Those who wait for the same calendar enter in the order in which they came.
        """
        waiter = _Waiter(self._place(account, calendar_id))
        self._waiters.append(waiter)
        try:
            while not self._enters(waiter):
                await self._pause(waiter)
        finally:
            self._waiters.remove(waiter)
            self._pulse()

    def ended(
        self, account: AccountTarget, calendar_id: str | None, outcome: Outcome | None, *, subject: str = ""
    ) -> None:
        """A call that was entered ended with `outcome`, or (None) nobody saw how.

        `subject` names what it was about (an event, a list), so that one that always fails is not taken for all.
        """
        place = self._place(account, calendar_id)
        self._names[account.account_id] = account.email
        with self._lock:
            news = self._pacer.ended(place, outcome, self._now_ms(), subject=subject) or self._end_awaited
            self._end_awaited = False
        self._pulse()
        self._tell(news)

    def times(self) -> tuple[int, float]:
        """Return what the clock says, and a time in ms by which to tell how long something takes."""
        return self._clock.now_ms(), self._now_ms()

    def waiting(self) -> int:
        """How many wait for a call now."""
        return len(self._waiters)

    def failing(self, account: AccountTarget) -> bool:
        """Whether the last that came from the account's calendars was no answer."""
        with self._lock:
            return self._pacer.contact(account.account_id).failing

    def out_of_reach(self, account: AccountTarget) -> bool:
        """Whether only single calls try whether the account's calendars can be reached again."""
        with self._lock:
            return self._pacer.contact(account.account_id).lost

    def rests_ms(self, account: AccountTarget) -> float:
        """For how many ms no call at all is made for this account; 0 when there is no rest."""
        now_ms = self._now_ms()
        with self._lock:
            until_ms = self._pacer.account_rests_until_ms(account.account_id, account.project)
        return max(0.0, until_ms - now_ms)

    def budgets(self) -> tuple[Budget, ...]:
        """Return how every limit stands that was ever used: projects first, then accounts, then calendars."""
        now_ms, wall_ms = self._now_ms(), self._clock.now_ms()
        with self._lock:
            usages = self._pacer.usages(now_ms)
        found = []
        for place, usage in usages:
            rests_ms = usage.rests_until_ms - now_ms
            scope, name = self._named(place)
            rests_until_ms = wall_ms + int(rests_ms) + 1 if rests_ms > 0 else None
            found.append(Budget(scope, name, usage.limit, usage.used, usage.per_s, rests_until_ms))
        return tuple(found)

    def _named(self, place: Place) -> tuple[str, str]:
        if place.calendar_id is not None:
            owner = self._names.get(place.account_id) or f"account {place.account_id}"
            return "calendar", f"{place.calendar_id} of {owner}"
        if place.account_id:
            return "account", self._names.get(place.account_id) or f"account {place.account_id}"
        return "project", place.project

    def _enters(self, waiter: _Waiter) -> bool:
        """Enter if it is this one's turn."""
        now_ms = self._now_ms()
        first = next(each for each in self._waiters if each.place == waiter.place)
        with self._lock:
            if first is not waiter or self._pacer.free(waiter.place, now_ms) <= 0:
                return False
            self._pacer.enter(waiter.place, now_ms)
        return True

    async def _pause(self, waiter: _Waiter) -> None:
        now_ms = self._now_ms()
        with self._lock:
            at_ms = self._pacer.next_free_ms(waiter.place, now_ms)
        wait_s = None if at_ms is None else max(0.001, (at_ms - now_ms) / 1000)
        changed = self._changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await changed.wait()

    def _pulse(self) -> None:
        """Let all who wait look again."""
        if self._waiters:
            self._changed.set()
            self._changed = asyncio.Event()

    def _tell(self, news: bool) -> None:
        for told in self._followers if news else ():
            told()

    def _free(self, place: Place) -> int:
        now_ms = self._now_ms()
        free = self._pacer.free(place, now_ms)
        if free <= 0 or not self._waiters:
            return free
        return free - sum(self._is_before(waiter.place, place, now_ms) for waiter in self._waiters)

    def _is_before(self, waiting: Place, place: Place, now_ms: float) -> bool:
        """Tell whether one who waits needs the same call: for the calendar, or only for the account."""
        if waiting.account_id != place.account_id:
            return False
        return waiting.calendar_id == place.calendar_id or self._pacer.calendar_free(waiting, now_ms) > 0

    def _now_ms(self) -> float:
        return self._clock.monotonic_s() * 1000

    @staticmethod
    def _place(account: AccountTarget, calendar_id: str | None) -> Place:
        return Place(account.project, account.account_id, calendar_id)


class PacedTarget:
    """The calendars of an account behind the gate; implements `CalendarTarget`.

    `taken` is a calendar for which the first call was entered already, or None. A call that could not be made for
    longer than `PATIENCE_S` (`BEGUN_PATIENCE_S` after others were made), or at all while the account rests, is not
    made: its outcome is LATER. `close` gives back what was taken and not used. `calls` are those that were made.
    """

    def __init__(self, target: CalendarTarget, pace: Pace, account: AccountTarget, taken: str | None = None) -> None:
        self._target = target
        self._pace = pace
        self._account = account
        self._taken = taken
        self.calls: list[Call] = []

    def close(self) -> None:
        """No more calls are made."""
        if self._taken is not None:
            self._pace.give_back(self._account, self._taken)
            self._taken = None

    def facts(self, content: EventContent) -> EventFacts:
        """See `CalendarTarget.facts`."""
        return self._target.facts(content)

    async def look(self, ref: EventRef) -> Outcome:
        """See `CalendarTarget.look`."""
        return await self._through("look", ref, lambda: self._target.look(ref))

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        """See `CalendarTarget.insert`."""
        return await self._through("insert", ref, lambda: self._target.insert(ref, content))

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """See `CalendarTarget.replace`."""
        return await self._through("replace", ref, lambda: self._target.replace(ref, content, current))

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        """See `CalendarTarget.delete`."""
        return await self._through("delete", ref, lambda: self._target.delete(ref, invitations))

    async def look_occurrence(self, ref: OccurrenceRef) -> Outcome:
        """See `CalendarTarget.look_occurrence`."""
        return await self._through("look-occurrence", ref.series, lambda: self._target.look_occurrence(ref))

    async def replace_occurrence(self, ref: OccurrenceRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """See `CalendarTarget.replace_occurrence`."""
        return await self._through(
            "replace-occurrence", ref.series, lambda: self._target.replace_occurrence(ref, content, current)
        )

    async def cancel_occurrence(self, ref: OccurrenceRef, current: RemoteEvent, invitations: Invitations) -> Outcome:
        """See `CalendarTarget.cancel_occurrence`."""
        return await self._through(
            "cancel-occurrence", ref.series, lambda: self._target.cancel_occurrence(ref, current, invitations)
        )

    async def look_calendar(self, calendar_id: str) -> Outcome:
        """See `CalendarTarget.look_calendar`."""
        return await self._entering(
            "look-calendar", calendar_id, calendar_id, lambda: self._target.look_calendar(calendar_id)
        )

    async def _through(
        self, operation: str, ref: EventRef, call: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> Outcome:
        return await self._entering(operation, ref.calendar_id, ref.remote_id, call)

    async def _entering(
        self, operation: str, calendar_id: str, subject: str, call: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> Outcome:
        if self._taken == calendar_id:
            self._taken = None
        elif not await self._entered(calendar_id):
            return self._not_now(calendar_id)
        outcome: Outcome | None = None
        at, began_ms = self._pace.times()
        try:
            outcome = await call()
        finally:
            remember(self.calls, call_of(operation, at, self._pace.times()[1] - began_ms, outcome))
            self._pace.ended(self._account, calendar_id, outcome, subject=subject)
        return outcome

    async def _entered(self, calendar_id: str) -> bool:
        if self._pace.take(self._account, calendar_id):
            return True
        wait_ms = self._pace.next_free_ms(self._account, calendar_id)
        patience_s = BEGUN_PATIENCE_S if self.calls and self._pace.waiting() < MOST_BEGUN else PATIENCE_S
        if self._pace.rests_ms(self._account) > 0 or (wait_ms or 0.0) > patience_s * 1000:
            return False
        try:
            async with asyncio.timeout(patience_s):
                await self._pace.enter(self._account, calendar_id)
        except TimeoutError:
            return False
        return True

    def _not_now(self, calendar_id: str) -> Outcome:
        wait_ms = self._pace.next_free_ms(self._account, calendar_id)
        text = "The calendar allows no more calls for the moment."
        wait_s = None if wait_ms is None else wait_ms / 1000
        return Outcome(verdict=Verdict.LATER, code=NOT_NOW, text=text, retry_after_s=wait_s)
