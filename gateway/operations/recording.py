"""Everything that happens for some minutes, whole but within bounds, in memory alone; files are made elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.devices.call_log import CallLog, HeardCall
from gateway.log import RAISED, Line, RaisedLevel, Ring
from gateway.messages.languages import apart

LASTS_S = 600.0
"""How long a recording takes unless somebody says otherwise; then it ends by itself."""
KEPT_S = 24 * 3600.0
"""How long a recording that ended is kept."""
MOST_LINES = 10_000
MOST_LOG_BYTES = 2_000_000
MOST_CALLS = 500
MOST_CALL_BYTES = 4_000_000
MOST_MEGABYTES = (MOST_LOG_BYTES + MOST_CALL_BYTES) // 1_000_000
"""Of memory, for the texts; nothing is written to the disk."""
_WHOM = "recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What was recorded, oldest first: lines of the log at every level, and calls without secrets.

    Times are ms UTC. `lost` is how many calls at its beginning had to make room.
    """

    begun_ms: int
    ended_ms: int
    lines: tuple[Line, ...]
    calls: tuple[HeardCall, ...]
    lost: int


class _Lines(Ring):
    """The lines of a recording, until it is over."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__(MOST_LINES, MOST_LOG_BYTES)
        self._is_over = is_over

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filterer.filter`."""
        return not self._is_over() and bool(super().filter(record))


class Recorder:
    """Records what a gateway logs and the calls that it gets: one recording at a time, in place of the one before.

    `clean` returns a call without secrets. It is used inside a running event loop; a recording ends with the process.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        log: CallLog,
        clean: Callable[[HeardCall], HeardCall],
        raised: RaisedLevel = RAISED,
    ) -> None:
        self._clock = clock
        self._log = log
        self._clean = clean
        self._raised = raised
        self._until_s = 0.0
        self._begun_ms = 0
        self._lines: _Lines | None = None
        self._calls: deque[HeardCall] = deque()
        self._bytes = 0
        self._lost = 0
        self._done: Recording | None = None
        self._forget_s = 0.0
        self._later: asyncio.TimerHandle | None = None

    @property
    def left_s(self) -> float:
        """For how many seconds more is recorded, 0 when nothing is."""
        self._look()
        return self._left_s() if self._lines is not None else 0.0

    @property
    def done(self) -> Recording | None:
        """The recording that ended last, until it is forgotten."""
        self._look()
        return self._done

    def start(self, lasts_s: float = LASTS_S) -> None:
        """Record from now on; what was recorded before is forgotten. While one is under way it goes on as it is."""
        self._look()
        if self._lines is not None:
            return
        self.forget()
        self._until_s, self._begun_ms = self._clock.monotonic_s() + lasts_s, self._clock.now_ms()
        self._lines = _Lines(lambda: self._left_s() <= 0)
        logging.getLogger().addHandler(self._lines)
        self._raised.raise_to(logging.DEBUG, lasts_s, _WHOM)
        self._log.copy_to(self._take)
        self._look_in(lasts_s)

    def stop(self) -> None:
        """End the recording that is under way, and keep it for a day."""
        if self._lines is None:
            return
        lines, self._lines = self._lines, None
        logging.getLogger().removeHandler(lines)
        self._raised.raise_to(logging.DEBUG, 0.0, _WHOM)
        self._log.copy_to(None)
        over_ms = max(0, round(-self._left_s() * 1000))
        self._done = Recording(
            begun_ms=self._begun_ms,
            ended_ms=self._clock.now_ms() - over_ms,
            lines=tuple(lines.lines()),
            calls=tuple(self._calls),
            lost=self._lost,
        )
        self._calls.clear()
        self._forget_s = self._clock.monotonic_s() + KEPT_S
        self._look_in(KEPT_S)

    def forget(self) -> None:
        """Keep nothing of the recording that ended."""
        self._done = None
        self._bytes = self._lost = 0
        if self._lines is None and self._later is not None:
            self._later.cancel()

    def close(self) -> None:
        """End and forget everything, before the gateway ends."""
        self.stop()
        self.forget()

    def _take(self, call: HeardCall) -> None:
        if self._left_s() <= 0:
            return
        kept = self._clean(call)
        self._calls.append(kept)
        self._bytes += kept.weight
        while len(self._calls) > MOST_CALLS or self._bytes > MOST_CALL_BYTES:
            self._bytes -= self._calls.popleft().weight
            self._lost += 1

    def _left_s(self) -> float:
        return self._until_s - self._clock.monotonic_s()

    def _look(self) -> None:
        """End what is over, forget what is old."""
        if self._lines is not None and self._left_s() <= 0:
            self.stop()
        if self._done is not None and self._clock.monotonic_s() >= self._forget_s:
            self.forget()

    def _look_in(self, seconds: float) -> None:
        if self._later is not None:
            self._later.cancel()
        self._later = asyncio.get_running_loop().call_later(seconds + 1.0, self._look, context=apart())
