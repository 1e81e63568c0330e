"""Clocks that a test can move."""

from __future__ import annotations

import time


class MovedClock:
    """The machine's clock plus `ahead_ms`."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self.ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def monotonic_s(self) -> float:
        return time.monotonic() + self.ahead_ms / 1000


class StoppedClock(MovedClock):
    """One that goes no further by itself: nothing depends on how long a test takes."""

    def __init__(self, ahead_ms: int = 0) -> None:
        super().__init__(ahead_ms)
        self._now_ms, self._monotonic_s = time.time_ns() // 1_000_000, time.monotonic()

    def now_ms(self) -> int:
        return self._now_ms + self.ahead_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s + self.ahead_ms / 1000
