"""The limits of one project, one account, one calendar, each learning from answers; `domain.pacer` joins them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from gateway.domain.contact import Contact
from gateway.domain.counting import CalendarWindow, Lengths
from gateway.domain.pacing import WINDOW_MS, Gait, Rest, Spacing, Window

UNKNOWN_FLOOR = 60
"""While nobody knows whose limit was met, the account's is not taken to be lower than this many calls a minute."""

_DOUBTED = 30
"""A calendar's limit that seems to be lower than this many calls a minute is tried once more."""

_NOT_A_MINUTE_S = 2 * WINDOW_MS / 1000
"""Who asks to wait longer than this does not mean the limit of calls in a minute."""

_MOST_PROBES = 12
_ENOUGH_KEPT = 3
_SMOOTH_MS = 50.0
_CLEARED_FOR_MS = 3_600_000.0

_W = TypeVar("_W", Window, CalendarWindow)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """The limits to start with: calls a minute of a project and of an account, calls a second of a calendar."""

    project_per_min: int = 10_000
    account_per_min: int = 600
    calendar_per_s: float = 1.0


class Usage(NamedTuple):
    """How one limit stands: `limit` calls a minute, `used` of them now, `per_s` (None: not spaced), when it rests."""

    limit: int
    used: int
    per_s: float | None
    rests_until_ms: float


class Scope(Generic[_W]):
    """One limit: a window, a spacing and a rest. `stale` counts calls that were under way at the last refusal."""

    def __init__(self, window: _W, spacing: Spacing) -> None:
        self.window: _W = window
        self.spacing = spacing
        self.rest = Rest()
        self.stale = 0

    def free(self, now_ms: float) -> int:
        """How many calls may be made now."""
        return min(self.window.free(now_ms), self.spacing.free(now_ms)) if self.rest.over(now_ms) else 0

    def next_free_ms(self, now_ms: float) -> float | None:
        """When a call may be made; None while only the end of one that is under way decides that."""
        at_ms = self.window.next_free_ms(now_ms)
        return None if at_ms is None else max(at_ms, self.spacing.next_free_ms(now_ms), self.rest.until_ms)

    def enter(self, now_ms: float) -> None:
        """A call is made."""
        self.window.enter(now_ms)
        self.spacing.enter(now_ms)

    def give_back(self) -> None:
        """The newest call was not made after all."""
        self.window.give_back()
        self.spacing.give_back()

    def ended(self, now_ms: float, *, good: bool) -> bool:
        """Count the end of a call; return whether it was made before the last refusal was known."""
        self.window.ended(now_ms, good=good)
        stale = self.stale > 0
        self.stale = max(0, self.stale - 1)
        if good and not stale:
            self.went_well(now_ms)
        return stale

    def went_well(self, now_ms: float) -> None:
        """An answer came that was no refusal."""
        del now_ms
        self.rest.went_well()

    def refused(self, now_ms: float, *, named_s: float | None, floor: int) -> None:
        """A call was one too many; what is learned from that is not below `floor` calls a minute."""
        self.stale = self.window.in_flight
        self.rest.refused(now_ms, named_s)
        if named_s is None or named_s <= _NOT_A_MINUTE_S:
            self.window.learn(now_ms, floor=floor)

    def usage(self, now_ms: float) -> Usage:
        """How it stands."""
        return Usage(self.window.limit, self.window.used(now_ms), None, self.rest.until_ms)


class ProjectScope(Scope[Window]):
    """The limit of one project."""

    def __init__(self, limits: PaceLimits) -> None:
        super().__init__(Window(limits.project_per_min), _smooth(limits.project_per_min))


class CalendarScope(Scope[CalendarWindow]):
    """The limit of one calendar; its window binds only once something was learned.

    A backlog goes into an unknown calendar in single file: all that are under way when the limit is met are refused.
    A low limit may have been learned wrongly: from calls made before the gateway started, or while it was the
    account's. So, a minute later, one call doubts it.
    """

    FEW = 6
    KNOWN = 90

    def __init__(self, limits: PaceLimits, lengths: Lengths, name: str) -> None:
        self.gait = Gait(limits.calendar_per_s)
        self._answers = self.KNOWN if self.gait.unlimited else 0
        self._unsure_ms = math.inf
        self._kept_ms = -math.inf
        self._doubting = self._doubted = False
        window = CalendarWindow(limits.account_per_min, lengths, name, limits.calendar_per_s)
        super().__init__(window, self.gait.spacing)

    def free(self, now_ms: float) -> int:
        """See `Scope.free`."""
        free = super().free(now_ms)
        if free > 0 and self._answers < self.KNOWN and not self.window.learned:
            side_by_side = Gait.BURST if self.window.used(now_ms) < self.FEW else 1
            return max(0, min(free, side_by_side - self.window.in_flight))
        return free

    def next_free_ms(self, now_ms: float) -> float | None:
        """See `Scope.next_free_ms`."""
        return None if super().free(now_ms) > 0 and self.free(now_ms) == 0 else super().next_free_ms(now_ms)

    def ended(self, now_ms: float, *, good: bool) -> bool:
        """See `Scope.ended`."""
        self._doubted, self._doubting = self._doubting, False
        if self._doubted and good and self.window.still_full(now_ms):
            self.forget()
        return super().ended(now_ms, good=good)

    def went_well(self, now_ms: float) -> None:
        """See `Scope.went_well`."""
        super().went_well(now_ms)
        self.gait.went_well(now_ms)
        self._answers += 1

    def refused(self, now_ms: float, *, named_s: float | None, floor: int) -> None:
        """See `Scope.refused`."""
        super().refused(now_ms, named_s=named_s, floor=floor)
        self.gait.refused(now_ms)
        # Refused a second time at the same limit, it is the calendar's.
        self._unsure_ms = math.inf if self._unsure_ms <= now_ms - WINDOW_MS else now_ms

    def shows_length(self, account: AccountScope, now_ms: float) -> None:
        """A call went well that the longer windows do not allow: it shows what the refusal was about."""
        if account.went_beyond(now_ms):
            account.lengths.is_found()
            account.clear(now_ms)
        else:
            account.lengths.is_unknown()
            self.forget()

    def may_doubt(self, account: AccountScope, now_ms: float) -> bool:
        """Whether a call beyond the learned limit may find out whether there is one."""
        idle = account.is_blamed and account.window.used(now_ms) * 2 < account.window.limit
        return (
            now_ms - self._unsure_ms >= WINDOW_MS
            and self.window.learned
            and self.window.limit < (UNKNOWN_FLOOR if idle else _DOUBTED)
            and self.window.in_flight == 0
            and self.rest.over(now_ms)
            and self.spacing.free(now_ms) > 0
        )

    def kept_its_limit(self, account: AccountScope, now_ms: float) -> bool:
        """Whether a refusal is about something else, because this calendar's limit is known and was kept.

        When that happens again within a minute, the limit is not known well enough.
        """
        if self._doubted or not self.window.learned or not account.lengths.found:
            return False
        before_ms, self._kept_ms = self._kept_ms, now_ms
        return now_ms - before_ms >= WINDOW_MS

    def forget(self) -> None:
        """What was learned is not this calendar's limit."""
        self.window.forget()
        self._unsure_ms = math.inf
        self._answers = 0

    def doubt(self) -> None:
        """A call is made beyond the learned limit."""
        self._doubting = True

    def usage(self, now_ms: float) -> Usage:
        """See `Scope.usage`."""
        per_s = None if self.gait.unlimited else self.gait.per_s
        return super().usage(now_ms)._replace(per_s=per_s)


class AccountScope(Scope[Window]):
    """The limit of one account, and whether it is the one that a refusal of unknown cause was about.

    That is found out by probing: while its window counts as full for that reason alone, calendars that were not refused
    yet, or whose calls show over how long they are counted, may each try one call. One that goes well shows that the
    refusal was about a calendar.
    """

    def __init__(self, limits: PaceLimits) -> None:
        super().__init__(Window(limits.account_per_min), _smooth(limits.account_per_min))
        self.contact = Contact()
        self.lengths = Lengths()
        self._before: int | None = None
        self._suspected_ms = -math.inf
        self._cleared_ms = -math.inf
        self._met = self._kept = 0
        self._refused: set[str] = set()
        self._probe: str | None = None

    def suspect(self, calendar_id: str | None, now_ms: float, *, named_s: float | None, kept: bool = False) -> None:
        """A call was refused, and this account's limit may be why; a few that `kept` their calendars' make it sure."""
        if not self._suspected(now_ms):
            self._before, self._suspected_ms = self.window.limit, now_ms
            self._met = self.window.went_well(now_ms)
            self._refused.clear()
            self._kept = 0
            self.rest.went_well()
        elif self._refused:
            self.rest.went_well()  # refused probes follow one another closely, or the minute is over before the last
        if calendar_id is not None:
            self._refused.add(calendar_id)
        self._kept += kept
        self.refused(now_ms, named_s=named_s, floor=UNKNOWN_FLOOR)

    @property
    def is_blamed(self) -> bool:
        """Whether its limit was learned from a refusal of unknown cause."""
        return self._before is not None

    def went_beyond(self, now_ms: float) -> bool:
        """Whether as many calls as then went well now: then the refusal was not about this account's minute."""
        return self._before is None or self.window.went_well(now_ms) >= self._met

    def _suspected(self, now_ms: float) -> bool:
        return self._before is not None and now_ms - self._suspected_ms < WINDOW_MS

    def may_probe(self, calendar_id: str | None, calendar: CalendarWindow, now_ms: float) -> bool:
        """Whether a call beyond the learned limit may find out whose limit it is."""
        return (
            calendar_id is not None
            and calendar.in_flight == 0
            and self._suspected(now_ms)
            and self._probe is None
            and self._kept < _ENOUGH_KEPT
            and (calendar_id not in self._refused or calendar.tries(now_ms))
            and (len(self._refused) < _MOST_PROBES or calendar.tries(now_ms))
            and self.window.used(now_ms) < (self._before or 0)
        )

    def rested_ms(self, now_ms: float) -> float:
        """When a call beyond the learned limit may be made."""
        return max(now_ms, self.rest.until_ms, self.spacing.next_free_ms(now_ms))

    def probes(self, calendar_id: str | None) -> None:
        """A call is made beyond the learned limit."""
        self._probe = calendar_id

    def answered(self, calendar_id: str | None, now_ms: float, *, good: bool) -> None:
        """A call ended; when it was the probe and went well, this account was suspected wrongly."""
        if self._probe is None or calendar_id != self._probe:
            return
        self._probe = None
        if good and self.window.still_full(now_ms):
            self.clear(now_ms)

    def clear(self, now_ms: float) -> None:
        """A refusal of unknown cause proved to be about a calendar."""
        if self._before is not None:
            self.window.forget(self._before)
            self._before = None
            self._cleared_ms = now_ms

    def was_cleared(self, now_ms: float) -> bool:
        """Whether a suspicion proved wrong lately: then it is calendars whose limit refuses without saying so."""
        return now_ms - self._cleared_ms < _CLEARED_FOR_MS


def _smooth(per_min: int) -> Spacing:
    """Spread a burst over a tenth of the minute, so that it leaves the processor to others."""
    interval_ms = WINDOW_MS / (per_min * 10)
    return Spacing(interval_ms, max(1, int(_SMOOTH_MS / interval_ms)))
