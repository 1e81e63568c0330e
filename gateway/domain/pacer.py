"""Which limits a call to a calendar counts against, and what each answer teaches them; nothing waits here.

Three limits apply to every call: the project's and the account's (a sliding minute each) and the calendar's (a pace
that is felt out). Google tells none of them and may refuse below them, so the ones it shows are learned
(Calendar API, "Manage quotas"). `now_ms` is steady time, as in `domain.pacing`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from gateway.domain.contact import Contact
from gateway.domain.outcome import Outcome, Quota, Verdict
from gateway.domain.pacing import MANY, WINDOW_MS
from gateway.domain.scopes import AccountScope, CalendarScope, PaceLimits, ProjectScope, Usage

__all__ = ["PaceLimits", "Pacer", "Place", "Usage"]

_YOUNG_FLOOR = 10
"""Within the first minute after a start the calls made before it count at Google, and nobody here knows them.

A calendar doubts a limit that is too low for that reason by itself (`CalendarScope.may_doubt`).
"""

_MOST_CALENDARS = 4096
_GOOD = frozenset({Verdict.DONE, Verdict.GONE, Verdict.EXISTS, Verdict.CHANGED, Verdict.REFUSED})
_SILENT = frozenset({Verdict.LATER, Verdict.IN_DOUBT})


_Any = ProjectScope | AccountScope | CalendarScope


class Place(NamedTuple):
    """Where a call goes: it counts for the project, the account and, unless it is about none, the calendar."""

    project: str
    account_id: int
    calendar_id: str | None


class Pacer:
    """All limits of one gateway."""

    def __init__(self, limits: PaceLimits, *, now_ms: float) -> None:
        self._limits = limits
        self._began_ms = now_ms
        self._projects: dict[str, ProjectScope] = {}
        self._accounts: dict[int, AccountScope] = {}
        self._calendars: dict[tuple[int, str], CalendarScope] = {}

    def free(self, place: Place, now_ms: float) -> int:
        """How many calls to that place may be made now."""
        account = self._account(place)
        calendar = self._calendar(place, now_ms)
        most = self._project(place).free(now_ms)
        most = min(most, account.contact.free(now_ms, account.window.in_flight))
        if calendar is not None:
            most = min(most, calendar.free(now_ms) or int(calendar.may_doubt(account, now_ms)))
        if most <= 0:
            return 0
        free = account.free(now_ms)
        if free == 0 and calendar is not None:
            rested = account.rested_ms(now_ms) <= now_ms
            return int(rested and account.may_probe(place.calendar_id, calendar.window, now_ms))
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
        calendar = self._calendar(place, now_ms)
        times = [self._project(place).next_free_ms(now_ms), account.next_free_ms(now_ms)]
        if calendar is not None:
            times.append(calendar.next_free_ms(now_ms))
            if account.window.free(now_ms) == 0 and account.may_probe(place.calendar_id, calendar.window, now_ms):
                times[1] = account.rested_ms(now_ms)
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
        calendar = self._calendar(place, now_ms)
        if calendar is not None and calendar.free(now_ms) == 0 and calendar.may_doubt(account, now_ms):
            calendar.doubt()
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
        calendar = self._calendar(place, now_ms)
        if good and calendar is not None and calendar.window.shows_length(now_ms):
            calendar.shows_length(account, now_ms)
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
        elif quota is Quota.UNKNOWN and calendar is not None and account.was_cleared(now_ms):
            if not stale[id(calendar)] and calendar.kept_its_limit(account, now_ms):
                if not stale[id(account)]:
                    account.suspect(place.calendar_id, now_ms, named_s=named_s, kept=True)
                return
            quota = Quota.CALENDAR
        scopes: dict[Quota, list[_Any | None]] = {
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
                scope.refused(now_ms, named_s=named_s, floor=1 if scope is calendar else floor)

    def _scopes(self, place: Place, now_ms: float) -> list[_Any]:
        calendar = self._calendar(place, now_ms)
        both: list[_Any] = [self._project(place), self._account(place)]
        return both if calendar is None else [*both, calendar]

    def _project(self, place: Place) -> ProjectScope:
        scope = self._projects.get(place.project)
        if scope is None:
            scope = self._projects[place.project] = ProjectScope(self._limits)
        return scope

    def _account(self, place: Place) -> AccountScope:
        account = self._accounts.get(place.account_id)
        if account is None:
            account = self._accounts[place.account_id] = AccountScope(self._limits)
        return account

    def _calendar(self, place: Place, now_ms: float) -> CalendarScope | None:
        if place.calendar_id is None:
            return None
        key = (place.account_id, place.calendar_id)
        calendar = self._calendars.get(key)
        if calendar is None:
            if len(self._calendars) >= _MOST_CALENDARS:
                self._calendars = {k: c for k, c in self._calendars.items() if not c.window.is_idle(now_ms)}
            calendar = self._calendars[key] = CalendarScope(
                self._limits, self._account(place).lengths, place.calendar_id
            )
        return calendar
