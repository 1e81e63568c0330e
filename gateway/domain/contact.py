"""Whether an account's calendars can be reached, by what was heard from them last; no call is made here."""

from __future__ import annotations

import math

from gateway.domain.pacing import MANY


class Contact:
    """Whether an account's calendars can be reached at all; while they cannot, one call at a time tries.

    One thing that fails may be a fault of its own. When `ENOUGH` different ones failed and nothing was heard since,
    only probes are let through, at growing distances that stay below half a minute: with the longest call added,
    somebody tries at least once a minute.
    """

    ENOUGH = 3
    FIRST_MS = 1000.0
    LONGEST_MS = 25_000.0

    def __init__(self) -> None:
        self._failed: set[str] = set()
        self._wait_ms = 0.0
        self.probe_ms = -math.inf

    @property
    def failing(self) -> bool:
        """Whether the last that was heard is a failure."""
        return bool(self._failed)

    @property
    def lost(self) -> bool:
        """Whether only probes are let through."""
        return len(self._failed) >= self.ENOUGH

    def heard(self) -> bool:
        """An answer came; return whether that is news."""
        was_failing = self.failing
        self._failed.clear()
        self._wait_ms = 0.0
        self.probe_ms = -math.inf
        return was_failing

    def failed(self, subject: str, now_ms: float) -> None:
        """Nothing that counts as an answer came about `subject`."""
        if len(self._failed) < self.ENOUGH:
            self._failed.add(subject)
        if self.lost and now_ms >= self.probe_ms:
            self._wait_ms = min(self.LONGEST_MS, max(self.FIRST_MS, self._wait_ms * 2))
            self.probe_ms = now_ms + self._wait_ms

    def free(self, now_ms: float, in_flight: int) -> int:
        """How many calls may be made now."""
        if not self.lost:
            return MANY
        return 1 if now_ms >= self.probe_ms and in_flight == 0 else 0
