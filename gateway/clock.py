"""The gateway's only source of time, so that tests can move it; nothing else may ask the machine what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall-clock and steady time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z; may jump when the machine's clock is set."""

    def monotonic_s(self) -> float:
        """Seconds that never run backwards; only differences mean something."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """See `Clock.monotonic_s`."""
        return time.monotonic()
