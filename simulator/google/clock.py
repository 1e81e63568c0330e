"""The simulated Google's own time, which a tester can set, stop and move; the machine is asked for it nowhere else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime


class SimulatedClock:
    """Wall-clock time that follows the machine until somebody changes it."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._stopped_at_s: float | None = None
        self.skew_s = 0.0
        """How far the `Date` header of answers is off from this clock, and nothing else."""

    def now_s(self) -> float:
        """Seconds since 1970-01-01T00:00Z, as the simulated Google sees it."""
        if self._stopped_at_s is not None:
            return self._stopped_at_s
        return time.time() + self._offset_s

    def now(self) -> datetime:
        """The same as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now_s(), UTC)

    @property
    def stopped(self) -> bool:
        """Whether time stands still until it is moved."""
        return self._stopped_at_s is not None

    @property
    def is_moved(self) -> bool:
        """Whether it is not the machine's time any more."""
        return self.stopped or self._offset_s != 0.0

    def set(self, moment: datetime, *, stopped: bool = False) -> None:
        """Make it `moment` (aware); time then runs on from there unless `stopped`."""
        target_s = moment.timestamp()
        self._stopped_at_s = target_s if stopped else None
        self._offset_s = target_s - time.time()

    def advance(self, seconds: float) -> None:
        """Move time forward (or back, when negative)."""
        if self._stopped_at_s is not None:
            self._stopped_at_s += seconds
        self._offset_s += seconds

    def follow_machine(self) -> None:
        """Go back to the machine's time."""
        self._offset_s = self.skew_s = 0.0
        self._stopped_at_s = None

    def saved(self) -> dict[str, float | None]:
        """What `restore` needs to go on from here."""
        return {"offset_s": self._offset_s, "stopped_at_s": self._stopped_at_s, "skew_s": self.skew_s}

    def restore(self, saved: Mapping[str, float | None]) -> None:
        """Go on as it was when it was saved: at the same distance from the machine's time, or stopped at that time."""
        self._offset_s = saved["offset_s"] or 0.0
        self._stopped_at_s = saved["stopped_at_s"]
        self.skew_s = saved["skew_s"] or 0.0
