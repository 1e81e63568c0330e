"""When calendars are read next, and how many calls that makes a day; pure, no call is made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

READ_EVERY_S = 60.0
"""How often each calendar is read unless something else is set."""

PHASE = 0.25
"""By how much that differs from time to time, as the quota guide of the Calendar API asks for."""

SOON_S = 20.0
"""How often while something happens in a calendar, if that is sooner."""

SOON_FOR = 6
"""How many readings in a row without news end that."""

LONGEST_WAIT_S = 900.0
_DAY_S = 86_400.0
_FEWEST_FOR_FIGURE_S = 600.0


@dataclass(slots=True)
class _Pace:
    """How one calendar is read: when next (steady seconds), failures in a row, how many more readings come soon."""

    due_s: float = 0.0
    failures: int = 0
    soon: int = 0


class ReadingTimes:
    """The times of every calendar, by account and calendar; `chance` returns numbers from 0 up to 1."""

    def __init__(self, *, every_s: float, chance: Callable[[], float]) -> None:
        self.every_s = every_s
        self._chance = chance
        self._paces: dict[tuple[int, str], _Pace] = {}

    def keep(self, calendars: frozenset[tuple[int, str]]) -> None:
        """These are the calendars there are: forget others, and read new ones at once."""
        self._paces = {key: self._paces.get(key) or _Pace() for key in calendars}

    def due(self, key: tuple[int, str], now_s: float) -> bool:
        """Whether a calendar is to be read now."""
        pace = self._paces.get(key)
        return pace is None or pace.due_s <= now_s

    def went_well(self, key: tuple[int, str], now_s: float, *, news: bool) -> None:
        """A calendar was read; `news` says that something of ours was seen in it."""
        pace = self._paces.setdefault(key, _Pace())
        pace.failures = 0
        pace.soon = SOON_FOR if news else max(0, pace.soon - 1)
        every_s = min(self.every_s, SOON_S) if pace.soon else self.every_s
        pace.due_s = now_s + every_s * (1 - PHASE + 2 * PHASE * self._chance())

    def failed(self, key: tuple[int, str], now_s: float, retry_after_s: float) -> None:
        """A calendar could not be read: each time the wait doubles, up to a quarter of an hour."""
        pace = self._paces.setdefault(key, _Pace())
        pace.failures += 1
        wait_s = min(max(LONGEST_WAIT_S, self.every_s), self.every_s * 2 ** min(pace.failures - 1, 8))
        pace.due_s = now_s + max(wait_s, retry_after_s)

    def wait_s(self, now_s: float) -> float:
        """How long until some calendar is due; as long as usual when there is none."""
        if not self._paces:
            return self.every_s
        return min(max(0.0, min(pace.due_s for pace in self._paces.values()) - now_s), self.every_s * (1 + PHASE))


class CallsCounted:
    """How many calls the reading makes: today, and by estimate in a whole day."""

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.day = self._today()
        self.today = 0
        self.ever = 0
        self.kept = 0

    def begin(self, kept_today: int) -> None:
        """Go on from what was counted today before the gateway was started."""
        self.today = self.kept = kept_today

    def count(self) -> None:
        """One more call."""
        today = self._today()
        if today != self.day:
            self.day, self.today, self.kept = today, 0, 0
        self.today += 1
        self.ever += 1

    def per_day(self, calendars: int, every_s: float) -> int:
        """Return what a whole day takes by estimate."""
        return calls_per_day(self.today if self.day == self._today() else 0, calendars, every_s, self._now_ms())

    def _today(self) -> str:
        return f"{datetime.fromtimestamp(self._now_ms() / 1000, UTC):%Y-%m-%d}"


def calls_per_day(today: int, calendars: int, every_s: float, now_ms: int) -> int:
    """Return what a quiet day takes, or what `today` comes to at its present rate when that is more."""
    if not calendars:
        return 0
    quiet = round(calendars * _DAY_S / every_s)
    passed_s = (now_ms / 1000) % _DAY_S
    return quiet if passed_s < _FEWEST_FOR_FIGURE_S else max(quiet, round(today * _DAY_S / passed_s))
