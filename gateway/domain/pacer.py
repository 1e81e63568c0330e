"""Which limits a call to a calendar counts against, and what each answer teaches them; nothing waits here.

Three limits apply to every call: the project's and the account's (a sliding minute each) and the calendar's (a pace
that is felt out). Google tells none of them and may refuse below them, so the ones it shows are learned
(Calendar API, "Manage quotas"). `now_ms` is steady time, as in `domain.pacing`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from gateway.domain.contact import Contact
from gateway.domain.outcome import Outcome, Quota, Verdict
from gateway.domain.pacing import MANY, WINDOW_MS, Gait, Rest, Spacing, Window

UNKNOWN_FLOOR = 60
"""While nobody knows whose limit was met, none is taken to be lower than this many calls a minute."""

_YOUNG_FLOOR = 10
"""Within the first minute after a start the calls made before it count at the calendar, and nobody here knows them."""

_NOT_A_MINUTE_S = 2 * WINDOW_MS / 1000
"""Who asks to wait longer than this does not mean the limit of calls in a minute."""

_MOST_CALENDARS = 4096
_MOST_PROBES = 12
_SMOOTH_MS = 50.0
_CLEARED_FOR_MS = 3_600_000.0
_GOOD = frozenset({Verdict.DONE, Verdict.GONE, Verdict.EXISTS, Verdict.CHANGED, Verdict.REFUSED})
_SILENT = frozenset({Verdict.LATER, Verdict.IN_DOUBT})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """The limits to start with: calls a minute of a project and of an account, calls a second of a calendar."""

    project_per_min: int = 10_000
    account_per_min: int = 600
    calendar_per_s: float = 1.0


class Place(NamedTuple):
    """Where a call goes: it counts for the project, the account and, unless it is about none, the calendar."""

    project: str
    account_id: int
    calendar_id: str | None


class Usage(NamedTuple):
    """How one limit stands: `limit` calls a minute, `used` of them now, `per_s` (None: not spaced), when it rests."""

    limit: int
    used: int
    per_s: float | None
    rests_until_ms: float


class _Scope:
    """One limit: a window, a spacing and a rest. `stale` counts calls that were under way at the last refusal."""

    def __init__(self, window: Window, spacing: Spacing) -> None:
        self.window = window
        self.spacing = spacing
        self.rest = Rest()
        self.stale = 0

    def free(self, now_ms: float) -> int:
        return min(self.window.free(now_ms), self.spacing.free(now_ms)) if self.rest.over(now_ms) else 0

    def next_free_ms(self, now_ms: float) -> float | None:
        at_ms = self.window.next_free_ms(now_ms)
        return None if at_ms is None else max(at_ms, self.spacing.next_free_ms(now_ms), self.rest.until_ms)

    def enter(self, now_ms: float) -> None:
        self.window.enter(now_ms)
        self.spacing.enter(now_ms)

    def give_back(self) -> None:
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
        del now_ms
        self.rest.went_well()

    def refused(self, now_ms: float, *, named_s: float | None, floor: int) -> None:
        self.stale = self.window.in_flight
        self.rest.refused(now_ms, named_s)
        if named_s is None or named_s <= _NOT_A_MINUTE_S:
            self.window.learn(now_ms, floor=floor)

    def usage(self, now_ms: float) -> Usage:
        return Usage(self.window.limit, self.window.used(now_ms), None, self.rest.until_ms)


class _Calendar(_Scope):
    """The limit of one calendar; its window binds only once something was learned.

    A backlog goes into an unknown calendar in single file: all that are under way when the limit is met are refused.
    """

    FEW = 20
    KNOWN = 90

    def __init__(self, limits: PaceLimits) -> None:
        self.gait = Gait(limits.calendar_per_s)
        self._answers = self.KNOWN if self.gait.unlimited else 0
        super().__init__(Window(limits.account_per_min), self.gait.spacing)

    def free(self, now_ms: float) -> int:
        free = super().free(now_ms)
        if free > 0 and self._answers < self.KNOWN and not self.window.learned:
            side_by_side = Gait.BURST if self.window.used(now_ms) < self.FEW else 1
            return max(0, min(free, side_by_side - self.window.in_flight))
        return free

    def next_free_ms(self, now_ms: float) -> float | None:
        return None if super().free(now_ms) > 0 and self.free(now_ms) == 0 else super().next_free_ms(now_ms)

    def went_well(self, now_ms: float) -> None:
        super().went_well(now_ms)
        self.gait.went_well(now_ms)
        self._answers += 1

    def refused(self, now_ms: float, *, named_s: float | None, floor: int) -> None:
        super().refused(now_ms, named_s=named_s, floor=floor)
        self.gait.refused(now_ms)

    def usage(self, now_ms: float) -> Usage:
        per_s = None if self.gait.unlimited else self.gait.per_s
        return super().usage(now_ms)._replace(per_s=per_s)


class _Account(_Scope):
    """The limit of one account, and whether it is the one that a refusal of unknown cause was about.

    That is found out by probing: while its window counts as full for that reason alone, calendars that were not refused
    yet may each try one call. One that goes well shows that the refusal was about a calendar.
    """

    def __init__(self, limits: PaceLimits) -> None:
        super().__init__(Window(limits.account_per_min), _smooth(limits.account_per_min))
        self.contact = Contact()
        self._before: int | None = None
        self._suspected_ms = -math.inf
        self._cleared_ms = -math.inf
        self._refused: set[str] = set()
        self._probe: str | None = None

    def suspect(self, calendar_id: str | None, now_ms: float, *, named_s: float | None) -> None:
        """A call was refused, and this account's limit may be why."""
        if not self._suspected(now_ms):
            self._before, self._suspected_ms = self.window.limit, now_ms
            self._refused.clear()
            self.rest.went_well()
        elif self._refused:
            self.rest.went_well()  # refused probes follow one another closely, or the minute is over before the last
        if calendar_id is not None:
            self._refused.add(calendar_id)
        self.refused(now_ms, named_s=named_s, floor=UNKNOWN_FLOOR)

    def _suspected(self, now_ms: float) -> bool:
        return self._before is not None and now_ms - self._suspected_ms < WINDOW_MS

    def may_probe(self, calendar_id: str | None, calendar_in_flight: int, now_ms: float) -> bool:
        """Whether a call beyond the learned limit may find out whose limit it is."""
        return (
            calendar_id is not None
            and calendar_in_flight == 0
            and self._suspected(now_ms)
            and self._probe is None
            and calendar_id not in self._refused
            and len(self._refused) < _MOST_PROBES
            and self.rest.over(now_ms)
            and self.spacing.free(now_ms) > 0
            and self.window.used(now_ms) < (self._before or 0)
        )

    def probes(self, calendar_id: str | None) -> None:
        """A call is made beyond the learned limit."""
        self._probe = calendar_id

    def answered(self, calendar_id: str | None, now_ms: float, *, good: bool) -> None:
        """A call ended; when it was the probe and went well, this account was suspected wrongly."""
        if self._probe is None or calendar_id != self._probe:
            return
        self._probe = None
        if good and self._before is not None and self.window.still_full(now_ms):
            self.window.forget(self._before)
            self._before = None
            self._cleared_ms = now_ms

    def was_cleared(self, now_ms: float) -> bool:
        """Whether a suspicion proved wrong lately: then it is calendars whose limit refuses without saying so."""
        return now_ms - self._cleared_ms < _CLEARED_FOR_MS


class Pacer:
    """All limits of one gateway."""

    def __init__(self, limits: PaceLimits, *, now_ms: float) -> None:
        self._limits = limits
        self._began_ms = now_ms
        self._projects: dict[str, _Scope] = {}
        self._accounts: dict[int, _Account] = {}
        self._calendars: dict[tuple[int, str], _Calendar] = {}

    def free(self, place: Place, now_ms: float) -> int:
        """How many calls to that place may be made now."""
        account = self._account(place)
        calendar = self._calendar(place, now_ms)
        most = self._project(place).free(now_ms)
        most = min(most, account.contact.free(now_ms, account.window.in_flight))
        if calendar is not None:
            most = min(most, calendar.free(now_ms))
        if most <= 0:
            return 0
        free = account.free(now_ms)
        if free == 0 and calendar is not None:
            return int(account.may_probe(place.calendar_id, calendar.window.in_flight, now_ms))
        return min(most, free)

    def calendar_free(self, place: Place, now_ms: float) -> int:
        """How many calls the calendar alone would allow now."""
        calendar = self._calendar(place, now_ms)
        return MANY if calendar is None else calendar.free(now_ms)

    def next_free_ms(self, place: Place, now_ms: float) -> float | None:
        """When a call to that place may be made at the soonest; None while only the end of another decides that."""
        if self.free(place, now_ms) > 0:
            return now_ms
        account = self._account(place)
        scopes = [self._project(place), account, self._calendar(place, now_ms)]
        times = [scope.next_free_ms(now_ms) for scope in scopes if scope is not None]
        if account.contact.lost:
            times.append(account.contact.probe_ms if account.window.in_flight == 0 else None)
        known = [at_ms for at_ms in times if at_ms is not None]
        # Never "now": what was rounded is looked at again a moment later.
        return max(*known, now_ms + 1.0) if len(known) == len(times) else None

    def enter(self, place: Place, now_ms: float) -> None:
        """A call is made; it counts whether or not it was free."""
        account = self._account(place)
        if account.window.free(now_ms) == 0:
            account.probes(place.calendar_id)
        for scope in self._scopes(place, now_ms):
            scope.enter(now_ms)

    def give_back(self, place: Place, now_ms: float) -> None:
        """The newest call that was entered there was not made after all."""
        self._account(place).answered(place.calendar_id, now_ms, good=False)
        for scope in self._scopes(place, now_ms):
            scope.give_back()

    def ended(self, place: Place, outcome: Outcome | None, now_ms: float, *, subject: str = "") -> bool:
        """A call ended with `outcome`, None when nobody saw how; return whether the account is in touch again.

        `subject` tells apart what calls are about (one event, one list), so that one that always fails is not taken
        for all.
        """
        good = outcome is not None and outcome.verdict in _GOOD
        account = self._account(place)
        account.answered(place.calendar_id, now_ms, good=good)
        stale = {id(scope): scope.ended(now_ms, good=good) for scope in self._scopes(place, now_ms)}
        if outcome is None:
            return False
        if outcome.verdict is Verdict.SLOW_DOWN:
            self._refused(place, outcome, now_ms, stale)
        if outcome.verdict in _SILENT and outcome.remedy is None:
            account.contact.failed(subject or f"{place.calendar_id}", now_ms)
            return False
        return account.contact.heard()

    def contact(self, account_id: int) -> Contact:
        """How it stands with reaching an account's calendars."""
        account = self._accounts.get(account_id)
        return Contact() if account is None else account.contact

    def account_rests_until_ms(self, account_id: int, project: str) -> float:
        """Until when no call at all is made for an account; in the past when there is no such rest."""
        scope, account = self._projects.get(project), self._accounts.get(account_id)
        rests = [each.rest.until_ms for each in (scope, account) if each is not None]
        if account is not None and account.contact.lost:
            rests.append(account.contact.probe_ms)
        return max(rests, default=-math.inf)

    def usages(self, now_ms: float) -> list[tuple[Place, Usage]]:
        """Return how every limit stands that was ever used: projects, accounts, calendars."""
        found = [(Place(project, 0, None), scope.usage(now_ms)) for project, scope in self._projects.items()]
        found += [(Place("", number, None), account.usage(now_ms)) for number, account in self._accounts.items()]
        return found + [(Place("", *key), calendar.usage(now_ms)) for key, calendar in self._calendars.items()]

    def _refused(self, place: Place, outcome: Outcome, now_ms: float, stale: dict[int, bool]) -> None:
        """Let the limit learn that was met; calls made before it knew teach nothing new."""
        quota, named_s = outcome.quota or Quota.UNKNOWN, outcome.retry_after_s
        account, calendar = self._account(place), self._calendar(place, now_ms)
        floor = _YOUNG_FLOOR if now_ms - self._began_ms < WINDOW_MS else 1
        if quota is Quota.CALENDAR and calendar is None:
            quota = Quota.ACCOUNT
        elif (
            quota is Quota.UNKNOWN
            and calendar is not None
            and account.was_cleared(now_ms)
            # A second time, in a calendar whose limit is kept, it is not the calendar's.
            and (stale[id(calendar)] or not calendar.window.learned)
        ):
            quota, floor = Quota.CALENDAR, UNKNOWN_FLOOR
        scopes: dict[Quota, list[_Scope | None]] = {
            Quota.PROJECT: [self._project(place)],
            Quota.ACCOUNT: [account],
            Quota.CALENDAR: [calendar],
            Quota.UNKNOWN: [calendar, account],
        }
        for scope in scopes[quota]:
            if scope is None:
                continue
            if stale[id(scope)]:
                if named_s is not None:
                    scope.rest.refused(now_ms, named_s)
            elif scope is account and quota is Quota.UNKNOWN:
                account.suspect(place.calendar_id, now_ms, named_s=named_s)
            else:
                scope.refused(now_ms, named_s=named_s, floor=UNKNOWN_FLOOR if quota is Quota.UNKNOWN else floor)

    def _scopes(self, place: Place, now_ms: float) -> list[_Scope]:
        calendar = self._calendar(place, now_ms)
        both: list[_Scope] = [self._project(place), self._account(place)]
        return both if calendar is None else [*both, calendar]

    def _project(self, place: Place) -> _Scope:
        scope = self._projects.get(place.project)
        if scope is None:
            per_min = self._limits.project_per_min
            scope = self._projects[place.project] = _Scope(Window(per_min), _smooth(per_min))
        return scope

    def _account(self, place: Place) -> _Account:
        account = self._accounts.get(place.account_id)
        if account is None:
            account = self._accounts[place.account_id] = _Account(self._limits)
        return account

    def _calendar(self, place: Place, now_ms: float) -> _Calendar | None:
        if place.calendar_id is None:
            return None
        key = (place.account_id, place.calendar_id)
        calendar = self._calendars.get(key)
        if calendar is None:
            if len(self._calendars) >= _MOST_CALENDARS:
                self._calendars = {k: c for k, c in self._calendars.items() if not c.window.is_idle(now_ms)}
            calendar = self._calendars[key] = _Calendar(self._limits)
        return calendar


def _smooth(per_min: int) -> Spacing:
    """Spread a burst over a tenth of the minute, so that it leaves the processor to others."""
    interval_ms = WINDOW_MS / (per_min * 10)
    return Spacing(interval_ms, max(1, int(_SMOOTH_MS / interval_ms)))
