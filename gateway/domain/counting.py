"""Over how long a calendar counts calls, and its calls counted so; what else limits a call is in `domain.scopes`."""

from __future__ import annotations

import math

from gateway.domain.pacing import WINDOW_MS, Window


class Lengths:
    """Over how long the calendars of an account count calls, which one of them finds out for all.

    It tries the shorter ones first: a refusal shows that they count for longer, and a call that goes well although the
    next longer window is full shows that they do not. Until then all others keep to the longest.
    """

    MS = (1_000.0, 5_000.0, 10_000.0, 30_000.0, WINDOW_MS)
    LAST = len(MS) - 1
    USUAL = 2
    """A limit of a few calls in ten seconds is as usual as one of many in a minute: neither is passed over."""

    _IDLE_MS = WINDOW_MS

    def __init__(self) -> None:
        self.found = False
        self._step = 0
        self._name: str | None = None
        self._at_ms = -math.inf

    def step(self, name: str, now_ms: float) -> int:
        """Which length binds a calendar that was refused."""
        return self._step if self.found or self.tries(name, now_ms) else self.LAST

    def tries(self, name: str, now_ms: float) -> bool:
        """Whether it is this calendar that finds it out."""
        if self.found or self._name is None:
            return False
        if self._name != name and now_ms - self._at_ms > self._IDLE_MS:
            self._name, self._at_ms = name, now_ms
        return self._name == name

    def called(self, name: str, now_ms: float) -> None:
        """A calendar is called."""
        if self._name == name:
            self._at_ms = now_ms

    def begin(self, name: str, step: int, now_ms: float) -> None:
        """A first calendar was refused; lengths before `step` are not worth a try."""
        if self._name is None:
            self._name, self._step, self._at_ms = name, step, now_ms
            self.found = step >= self.LAST

    def is_longer(self, step: int) -> None:
        """A call was refused that the length which is tried would have allowed; `step` is the next."""
        self._step = step
        self.found = step >= self.LAST

    def is_unknown(self) -> None:
        """The refusal was about something else."""
        self._name = None

    def is_found(self) -> None:
        """A call went well that only the length which is tried would have allowed."""
        self.found = True


class CalendarWindow:
    """The calls to one calendar, counted over each of `Lengths.MS`; the length that `lengths` knows of binds.

    It answers like a `Window`. `likely_per_s` is a pace that calendars are likely to allow.
    """

    def __init__(self, configured: int, lengths: Lengths, name: str, likely_per_s: float) -> None:
        self._each = tuple(Window(configured, length_ms) for length_ms in Lengths.MS)
        self._minute = self._each[-1]
        self._lengths = lengths
        self._name = name
        self._likely_per_s = likely_per_s
        self._steps: tuple[int, ...] = ()

    @property
    def in_flight(self) -> int:
        """See `Window.in_flight`."""
        return self._minute.in_flight

    @property
    def learned(self) -> bool:
        """See `Window.learned`."""
        return self._minute.learned

    @property
    def limit(self) -> int:
        """The limit as calls a minute, for people."""
        if not self._lengths.found:
            return self._minute.limit
        window = self._each[self._lengths.step(self._name, 0.0)]
        return min(self._minute.configured, int(window.limit * WINDOW_MS / window.length_ms))

    def tries(self, now_ms: float) -> bool:
        """Whether its calls show over how long they are counted."""
        return self.learned and self._lengths.tries(self._name, now_ms)

    def shows_length(self, now_ms: float) -> bool:
        """Whether a call that went well just now was allowed by the length that is tried and by no longer one."""
        return self.tries(now_ms) and self._each[self._next_step(now_ms)].still_full(now_ms)

    def used(self, now_ms: float) -> int:
        """See `Window.used`; over a minute."""
        return self._minute.used(now_ms)

    def free(self, now_ms: float) -> int:
        """See `Window.free`."""
        self._minute.grow(now_ms)
        free = self._binding(now_ms).free(now_ms)
        return max(0, min(free, 1 - self.in_flight)) if self._is_trial(now_ms) else free

    def next_free_ms(self, now_ms: float) -> float | None:
        """See `Window.next_free_ms`."""
        if self.in_flight and self._is_trial(now_ms):
            return None
        return self._binding(now_ms).next_free_ms(now_ms)

    def enter(self, now_ms: float) -> None:
        """See `Window.enter`."""
        self._lengths.called(self._name, now_ms)
        for window in self._each:
            window.enter(now_ms)

    def give_back(self) -> None:
        """See `Window.give_back`."""
        for window in self._each:
            window.give_back()

    def ended(self, now_ms: float, *, good: bool) -> None:
        """See `Window.ended`."""
        for window in self._each:
            window.ended(now_ms, good=good)

    def still_full(self, now_ms: float) -> bool:
        """See `Window.still_full`."""
        return self._binding(now_ms).still_full(now_ms)

    def learn(self, now_ms: float, *, floor: int) -> None:
        """See `Window.learn`; the lengths that were allowed by what binds are shown to be too short."""
        if not self.learned:
            # A length within which more calls went well before is not the one that counts.
            self._steps = tuple(n for n, each in enumerate(self._each) if not each.went_beyond(now_ms))
        elif self.tries(now_ms):
            self._lengths.is_longer(self._next_step(now_ms))
        first = self._step(now_ms) if self.learned else 0
        for window in self._each[first:]:
            window.learn(now_ms, floor=max(1, int(floor * window.length_ms / WINDOW_MS)))
        self._lengths.begin(self._name, self._first_step(), now_ms)

    def forget(self) -> None:
        """Go back to the configured limit."""
        for window in self._each:
            window.forget(window.configured)

    def is_idle(self, now_ms: float) -> bool:
        """See `Window.is_idle`."""
        return self._minute.is_idle(now_ms)

    def _step(self, now_ms: float) -> int:
        return self._lengths.step(self._name, now_ms)

    def _next_step(self, now_ms: float) -> int:
        step = self._step(now_ms)
        return next((each for each in self._steps if each > step), Lengths.LAST)

    def _is_trial(self, now_ms: float) -> bool:
        """Whether a call is allowed by the length that is tried alone; then one at a time is enough."""
        return self.tries(now_ms) and self._each[self._next_step(now_ms)].free(now_ms) == 0

    def _binding(self, now_ms: float) -> Window:
        return self._each[self._step(now_ms)] if self.learned else self._minute

    def _first_step(self) -> int:
        """Which length to try first: one for which what was learned is a likely pace."""
        for step in self._steps:
            window = self._each[step]
            if step >= Lengths.USUAL or window.limit * 1000.0 / window.length_ms <= 2 * self._likely_per_s:
                return step
        return Lengths.LAST
