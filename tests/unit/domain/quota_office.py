"""A calendar service with limits that it does not tell, and a backlog that is brought to it, in a time of their own."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, deque
from dataclasses import dataclass, field

from gateway.domain.outcome import Outcome, Quota, Verdict
from gateway.domain.pacer import PaceLimits, Pacer, Place

WINDOW_MS = 60_000.0
BUSY = Outcome(verdict=Verdict.LATER, code="busy")


@dataclass
class QuotaServer:
    """Takes so many calls within any window, for one account and for each calendar; refused ones do not count.

    An account's window is a minute, a calendar's is `calendar_ms`. `taken` counts calls that were made before, too.
    """

    per_account: int | None = None
    per_calendar: int | None = None
    tells: bool = False
    calendar_ms: float = WINDOW_MS
    taken: dict[str, deque[float]] = field(default_factory=dict)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def answer(self, calendar: str, at_ms: float) -> Outcome:
        limits = (
            (self.per_account, WINDOW_MS, "", Quota.ACCOUNT),
            (self.per_calendar, self.calendar_ms, calendar, Quota.CALENDAR),
        )
        for limit, window_ms, key, quota in limits:
            times = self.taken.setdefault(key, deque())
            while times and times[0] <= at_ms - window_ms:
                times.popleft()
            if limit is not None and len(times) >= limit:
                self.refused.append(at_ms)
                return Outcome(verdict=Verdict.SLOW_DOWN, quota=quota if self.tells else Quota.UNKNOWN)
        for _, _, key, _ in limits:
            self.taken[key].append(at_ms)
        self.accepted.append(at_ms)
        return Outcome(verdict=Verdict.DONE)


@dataclass
class Office:
    """Brings `meetings` of each calendar to the server with `in_flight` calls at a time; time is counted in ms."""

    server: QuotaServer
    waiting: Counter[str]
    limits: PaceLimits = field(default_factory=PaceLimits)
    in_flight: int = 5
    latency_ms: tuple[float, float] = (30.0, 300.0)
    faults: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    calls: list[tuple[float, float]] = field(default_factory=list)
    now_ms: float = 1_000_000.0

    def run(self, until_ms: float = math.inf) -> float:
        """Bring everything, or what can be brought in that time; return how long it took, in ms."""
        began_ms = self.now_ms
        self.pacer = Pacer(self.limits, now_ms=self.now_ms)
        under_way: list[tuple[float, float, str]] = []
        again: list[tuple[float, str]] = []
        while (self.waiting or under_way or again) and self.now_ms < began_ms + until_ms:
            while again and again[0][0] <= self.now_ms:
                self.waiting[heapq.heappop(again)[1]] += 1
            self._start(under_way)
            self.now_ms = self._next_ms(under_way, again)
            while under_way and under_way[0][0] <= self.now_ms:
                self._end(*heapq.heappop(under_way), again)
        return self.now_ms - began_ms

    def _start(self, under_way: list[tuple[float, float, str]]) -> None:
        """Begin calls while some are free, in the calendar with the most to do."""
        while len(under_way) < self.in_flight:
            free = [name for name in self.waiting if self.pacer.free(_place(name), self.now_ms) > 0]
            if not free:
                return
            calendar = max(free, key=lambda name: (self.waiting[name], name))
            self.pacer.enter(_place(calendar), self.now_ms)
            took_ms = self.chance.uniform(*self.latency_ms)
            heapq.heappush(under_way, (self.now_ms + took_ms, self.now_ms, calendar))
            self.waiting[calendar] -= 1
            if not self.waiting[calendar]:
                del self.waiting[calendar]

    def _next_ms(self, under_way: list[tuple[float, float, str]], again: list[tuple[float, str]]) -> float:
        times = [under_way[0][0]] if under_way else []
        times += [again[0][0]] if again else []
        if len(under_way) < self.in_flight:
            frees = [self.pacer.next_free_ms(_place(calendar), self.now_ms) for calendar in self.waiting]
            times += [max(at_ms, self.now_ms + 1.0) for at_ms in frees if at_ms is not None]
        assert times, "the pace is frozen"
        return max(self.now_ms, min(times))

    def _end(self, ended_ms: float, began_ms: float, calendar: str, again: list[tuple[float, str]]) -> None:
        arrived_ms = (began_ms + ended_ms) / 2
        outcome = BUSY if self.chance.random() < self.faults else self.server.answer(calendar, arrived_ms)
        self.calls.append((began_ms, ended_ms))
        self.pacer.ended(_place(calendar), outcome, ended_ms, subject=f"event {len(self.calls)}")
        if outcome.verdict is not Verdict.DONE:
            heapq.heappush(again, (ended_ms + 2_000, calendar))


def _place(calendar: str) -> Place:
    return Place("project", 1, calendar)
