"""Limits of calls over time, each by itself: a sliding window, a spacing, a pace that is felt out; all given `now_ms`.

`now_ms` is steady time: milliseconds that never run backwards, of which only differences mean something. Which limits
a call counts against, and what an answer teaches them, is in `domain.pacer`.
"""

from __future__ import annotations

import math
from collections import deque

WINDOW_MS = 60_000.0
"""Google counts calls over a sliding minute (Calendar API, "Manage quotas")."""

_MARGIN_MS = 20.0
"""Two clocks that count the same minute differ by some milliseconds."""

_GROWS_EVERY_MS = 3_600_000.0
_GROWS_BY = 0.1

MANY = 1_000_000_000
"""More calls than anybody makes."""


class Window:
    """At most `limit` calls within any window, counted from each call's answer to the request of a later one.

    Whoever answers saw the request before it answered; so a slot that is freed one window after the answer can never
    be one too many, however long calls take. `limit` starts as `configured`; what is learned is never above that.
    """

    def __init__(self, configured: int, window_ms: float = WINDOW_MS) -> None:
        self.configured = configured
        self.limit = configured
        self.length_ms = window_ms
        self._window_ms = window_ms + _MARGIN_MS
        self._answered: deque[float] = deque()
        self._under_way: deque[float] = deque()
        self._good: deque[float] = deque()
        self._changed_ms = 0.0
        self._most = 0

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        return len(self._under_way)

    @property
    def learned(self) -> bool:
        """Whether the limit is below the configured one."""
        return self.limit < self.configured

    def used(self, now_ms: float) -> int:
        """How many calls count now, those under way among them."""
        _expire(self._answered, now_ms - self._window_ms)
        return len(self._answered) + len(self._under_way)

    def free(self, now_ms: float) -> int:
        """How many calls may be made now."""
        if self.limit < self.configured:
            self.grow(now_ms)
        return max(0, self.limit - self.used(now_ms))

    def next_free_ms(self, now_ms: float) -> float | None:
        """When a call may be made; None while only the end of one that is under way decides that."""
        over = self.used(now_ms) - self.limit
        if over < 0:
            return now_ms
        return self._answered[over] + self._window_ms if over < len(self._answered) else None

    def enter(self, now_ms: float) -> None:
        """A call is made."""
        self._under_way.append(now_ms)

    def give_back(self) -> None:
        """The newest call was not made after all."""
        if self._under_way:
            self._under_way.pop()

    def ended(self, now_ms: float, *, good: bool) -> None:
        """A call ended; of several under way the one made first, which is the careful reading."""
        # Said without the methods below: this is done seven times for every call.
        entered_ms = self._under_way.popleft() if self._under_way else now_ms
        over_ms = now_ms - self._window_ms
        self._answered.append(now_ms)
        if self._answered[0] <= over_ms:
            _expire(self._answered, over_ms)
        if good:
            self._good.append(entered_ms)
            if self._good[0] <= over_ms + _MARGIN_MS:
                _expire(self._good, over_ms + _MARGIN_MS)
            went_well = len(self._good)
            if went_well > self._most:
                self._most = went_well
            if went_well > self.limit:
                self.limit = min(self.configured, went_well)

    def still_full(self, now_ms: float) -> bool:
        """Whether calls that went well fill the learned limit even for one who counts them by their requests."""
        return self.went_well(now_ms) >= self.limit

    def went_beyond(self, now_ms: float) -> bool:
        """Whether more calls than now went well within one window before."""
        return self._most > self.went_well(now_ms)

    def learn(self, now_ms: float, *, floor: int) -> None:
        """A call was one too many: the limit is the number of calls that went well within the last window."""
        self.limit = min(self.limit, max(floor, self.went_well(now_ms)))
        self._changed_ms = now_ms

    def forget(self, limit: int) -> None:
        """Go back to a limit from before something was learned wrongly."""
        self.limit = min(self.configured, max(self.limit, limit))

    def is_idle(self, now_ms: float) -> bool:
        """Whether forgetting this window loses nothing."""
        return not self.learned and self.used(now_ms) == 0

    def went_well(self, now_ms: float) -> int:
        """Count what was asked within the last window and went well: at least that many are allowed."""
        _expire(self._good, now_ms - self._window_ms + _MARGIN_MS)
        return len(self._good)

    def grow(self, now_ms: float) -> None:
        """Give a learned limit back in steps: limits are often passing, and a step too many costs one refusal."""
        if self.learned and now_ms - self._changed_ms >= _GROWS_EVERY_MS:
            step = max(1, int(self.configured * _GROWS_BY * self.length_ms / WINDOW_MS))
            self.limit = min(self.configured, self.limit + step)
            self._changed_ms = now_ms


class Spacing:
    """Calls no closer than `interval_ms` on average, with up to `burst` of them at once after a pause."""

    def __init__(self, interval_ms: float, burst: int) -> None:
        self.interval_ms = interval_ms
        self._burst = burst
        self._next_ms = -math.inf

    def free(self, now_ms: float) -> int:
        """How many calls may be made now."""
        if self.interval_ms <= 0:
            return MANY
        ahead_ms = max(self._next_ms - now_ms, 0.0)
        return max(0, int((self._burst * self.interval_ms - ahead_ms) / self.interval_ms + 1e-6))

    def next_free_ms(self, now_ms: float) -> float:
        """When a call may be made."""
        return max(now_ms, self._next_ms - (self._burst - 1) * self.interval_ms)

    def enter(self, now_ms: float) -> None:
        """A call is made."""
        self._next_ms = max(self._next_ms, now_ms) + self.interval_ms

    def give_back(self) -> None:
        """The newest call was not made after all."""
        self._next_ms -= self.interval_ms

    def set_interval(self, interval_ms: float, now_ms: float) -> None:
        """Go at another pace from now on; what is owed is owed at the new one."""
        owed = max(self._next_ms - now_ms, 0.0) / self.interval_ms if self.interval_ms > 0 else 0.0
        self.interval_ms = interval_ms
        self._next_ms = now_ms + owed * interval_ms


class Gait:
    """A pace that is felt out: it starts at `per_s` calls a second and doubles while nobody minds.

    It doubles after every three answers; a refusal takes it back to the pace before, which it keeps and raises slowly.
    """

    STEPS = 3
    BURST = 3
    UNLIMITED_PER_S = 512.0

    def __init__(self, per_s: float) -> None:
        self._first_per_s = per_s
        self.per_s = per_s
        self._most_per_s = math.inf
        self._since = 0
        self._changed_ms = 0.0
        self.spacing = Spacing(_interval_ms(per_s), self.BURST)

    @property
    def unlimited(self) -> bool:
        """Whether calls need not be spaced."""
        return self.per_s >= self.UNLIMITED_PER_S

    def went_well(self, now_ms: float) -> None:
        """An answer came that was no refusal."""
        if self.unlimited:
            return
        if self._most_per_s < math.inf and now_ms - self._changed_ms >= _GROWS_EVERY_MS:
            self._most_per_s *= 1 + _GROWS_BY
            self._changed_ms = now_ms
        self._since += 1
        if self._since < self.STEPS:
            return
        self._since = 0
        self._set(min(self.per_s * 2, self._most_per_s), now_ms)

    def refused(self, now_ms: float) -> None:
        """A call came too soon."""
        self._most_per_s = max(self._first_per_s, min(self.per_s, self.UNLIMITED_PER_S) / 2)
        self._changed_ms = now_ms
        self._since = 0
        self._set(self._most_per_s, now_ms)

    def _set(self, per_s: float, now_ms: float) -> None:
        self.per_s = per_s
        self.spacing.set_interval(_interval_ms(per_s), now_ms)


class Rest:
    """No calls for a while after a refusal, longer each time until one goes well."""

    LONGEST_MS = 64_000.0
    BELIEVED_MS = 6 * 3_600_000.0
    """A time that the calendar names is not believed beyond this."""

    def __init__(self) -> None:
        self.until_ms = -math.inf
        self._refusals = 0

    def refused(self, now_ms: float, named_s: float | None) -> None:
        """A call was refused; `named_s` is how long the calendar asked to wait, if it did."""
        wait_ms = min(self.LONGEST_MS, 1000.0 * 2 ** min(self._refusals, 16))
        if named_s is not None:
            wait_ms = max(wait_ms, min(named_s * 1000.0, self.BELIEVED_MS))
        self._refusals += 1
        # Rounded up: a millisecond early would still be early.
        self.until_ms = max(self.until_ms, now_ms + wait_ms + 1.0)

    def went_well(self) -> None:
        """An answer came that was no refusal."""
        self._refusals = 0

    def over(self, now_ms: float) -> bool:
        """Whether calls may be made."""
        return now_ms >= self.until_ms


def _interval_ms(per_s: float) -> float:
    return 0.0 if per_s >= Gait.UNLIMITED_PER_S else 1000.0 / per_s


def _expire(times: deque[float], before_ms: float) -> None:
    while times and times[0] <= before_ms:
        times.popleft()
