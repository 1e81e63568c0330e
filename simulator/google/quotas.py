"""Quotas as sliding windows: how many calls, guests, calendars and events get through; who counts them: elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import ceil
from typing import Any, Literal, get_args

from simulator.google.errors import CALENDAR_SERVICE, PROJECT_NUMBER, ApiError, ErrorItem, error_info

QuotaScope = Literal["project", "account", "calendar", "guests", "calendars", "events"]
QuotaShape = Literal["errors", "details", "both"]
QuotaPreset = Literal["google", "none"]
SCOPES: tuple[QuotaScope, ...] = get_args(QuotaScope)
ANTI_SPAM: tuple[QuotaScope, ...] = ("guests", "calendars", "events")
"""Not about calls: limits against abuse, which end in `quotaExceeded`."""

HISTORY_S = 4 * 3600
"""How many seconds with calls in them are kept for each window."""

GOOGLE: Mapping[QuotaScope, tuple[int, float]] = {
    "project": (10_000, 60.0),
    "account": (600, 60.0),
    "calendar": (10, 10.0),
    "guests": (10_000, 86_400.0),
    "calendars": (60, 86_400.0),
    "events": (100_000, 86_400.0),
}
"""Limits as Google documents them (Manage quotas; Avoid Calendar use limits); that of a calendar is observed."""

_LIMITS: Mapping[QuotaScope, tuple[str, str]] = {
    "project": ("Queries per minute", "defaultPerMinutePerProject"),
    "account": ("Queries per minute per user", "defaultPerMinutePerUser"),
}


@dataclass(slots=True, kw_only=True)
class Quota:
    """A limit of `limit` within every `per_s` seconds, and how it is told when there is no more.

    `status` is 403 or 429; `retry_after` adds that header. `shape` says whether only the calendar's own body is used
    (`errors`), only the front door's details, or both. With `rest_s` nothing more is let through for so long once a
    call was refused, as when Google makes an account's calendar read-only. `refused_count` also counts refused calls.
    """

    scope: QuotaScope
    limit: int
    per_s: float = 60.0
    status: int = 403
    reason: str | None = None
    retry_after: bool = False
    shape: QuotaShape = "both"
    rest_s: float = 0.0
    refused_count: bool = False


@dataclass(slots=True, kw_only=True)
class Window:
    """What one account (project, calendar) has used of a quota: `allowed` and `refused` since the quota was set."""

    calls: deque[tuple[float, int]] = field(default_factory=deque)
    used: int = 0
    allowed: int = 0
    refused: int = 0
    rests_until_s: float = 0.0
    history: dict[int, list[int]] = field(default_factory=dict)
    """Per second: how many were let through and how many refused."""

    def settle(self, now_s: float, per_s: float) -> None:
        """Forget what lies before the window."""
        while self.calls and self.calls[0][0] <= now_s - per_s:
            self.used -= self.calls.popleft()[1]

    def count(self, now_s: float, units: int, *, allowed: bool) -> None:
        """Write a call down in the history."""
        second = self.history.setdefault(int(now_s), [0, 0])
        second[0 if allowed else 1] += units
        if allowed:
            self.allowed += units
        else:
            self.refused += units
        if len(self.history) > HISTORY_S:
            del self.history[next(iter(self.history))]


class QuotaBook:
    """The quotas in force and what was used of them."""

    def __init__(self) -> None:
        self.quotas: dict[QuotaScope, Quota] = {}
        self.windows: dict[tuple[QuotaScope, str], Window] = {}

    def set(self, quota: Quota) -> None:
        """Put a quota in force; what was used before does not count."""
        self.remove(quota.scope)
        self.quotas[quota.scope] = quota

    def remove(self, scope: QuotaScope) -> None:
        """Take a quota away."""
        self.quotas.pop(scope, None)
        for key in [key for key in self.windows if key[0] == scope]:
            del self.windows[key]

    def charge(self, wanted: Iterable[tuple[QuotaScope, str, int]], now_s: float) -> None:
        """Count calls, all or none: each by scope, whose it is, and units. Raises Google's refusal."""
        found = [(self.quotas[scope], key, units) for scope, key, units in wanted if units and scope in self.quotas]
        windows = [self._window(quota, key, now_s) for quota, key, _ in found]
        for (quota, _, units), window in zip(found, windows, strict=True):
            if window.rests_until_s > now_s or window.used + units > quota.limit:
                self._refuse(quota, window, units, now_s)
        for (_, _, units), window in zip(found, windows, strict=True):
            window.calls.append((now_s, units))
            window.used += units
            window.count(now_s, units, allowed=True)

    def _window(self, quota: Quota, key: str, now_s: float) -> Window:
        window = self.windows.setdefault((quota.scope, key), Window())
        window.settle(now_s, quota.per_s)
        return window

    def _refuse(self, quota: Quota, window: Window, units: int, now_s: float) -> None:
        window.count(now_s, units, allowed=False)
        if quota.refused_count:
            window.calls.append((now_s, units))
            window.used += units
        if quota.rest_s and window.rests_until_s <= now_s:
            window.rests_until_s = now_s + quota.rest_s
        free_s = max(window.rests_until_s, window.calls[0][0] + quota.per_s if window.calls else now_s)
        raise refusal(quota, max(1, ceil(free_s - now_s)))

    def report(self, now_s: float) -> list[dict[str, Any]]:
        """Each window that was used: its limit, what is used of it now, and what went through in every second."""
        listed = []
        for (scope, key), window in self.windows.items():
            quota = self.quotas[scope]
            window.settle(now_s, quota.per_s)
            listed.append(
                {
                    "scope": scope,
                    "of": key,
                    "limit": quota.limit,
                    "per_s": quota.per_s,
                    "used": window.used,
                    "allowed": window.allowed,
                    "refused": window.refused,
                    "rests_for_s": max(0.0, window.rests_until_s - now_s),
                    "history": [[second, *counts] for second, counts in window.history.items()],
                }
            )
        return listed

    def listed(self) -> list[dict[str, Any]]:
        """The quotas in force."""
        return [{one.name: getattr(quota, one.name) for one in fields(Quota)} for quota in self.quotas.values()]


def preset(name: QuotaPreset) -> list[Quota]:
    """The quotas of a name: Google's documented ones, or none."""
    if name == "none":
        return []
    return [Quota(scope=scope, limit=limit, per_s=per_s) for scope, (limit, per_s) in GOOGLE.items()]


def refusal(quota: Quota, wait_s: int) -> ApiError:
    """What Google says when a quota is used up."""
    headers = {"Retry-After": str(wait_s)} if quota.retry_after else {}
    if quota.scope in ANTI_SPAM:
        reason, message = quota.reason or "quotaExceeded", "Calendar usage limits exceeded."
        return _plain(quota.status, reason, message, headers)
    if quota.scope in _LIMITS and quota.shape != "errors":
        return _detailed(quota, headers)
    by_user = quota.scope == "account"
    reason = quota.reason or ("userRateLimitExceeded" if by_user else "rateLimitExceeded")
    text = "User Rate Limit Exceeded" if reason == "userRateLimitExceeded" else "Rate Limit Exceeded"
    return _plain(quota.status, reason, text, headers)


def _plain(status: int, reason: str, message: str, headers: Mapping[str, str]) -> ApiError:
    return ApiError(status, [ErrorItem(reason=reason, message=message, domain="usageLimits")], headers=headers)


def _detailed(quota: Quota, headers: Mapping[str, str]) -> ApiError:
    name, limit_id = _LIMITS[quota.scope]
    message = (
        f"Quota exceeded for quota metric 'Queries' and limit '{name}' of service '{CALENDAR_SERVICE}' for consumer "
        f"'project_number:{PROJECT_NUMBER}'."
    )
    metadata = {
        "service": CALENDAR_SERVICE,
        "consumer": f"projects/{PROJECT_NUMBER}",
        "quota_metric": f"{CALENDAR_SERVICE}/default",
        "quota_limit": limit_id,
        "quota_limit_value": str(quota.limit),
        "quota_location": "global",
    }
    item = ErrorItem(reason=quota.reason or "rateLimitExceeded", message=message, domain="usageLimits")
    return ApiError(
        quota.status,
        [] if quota.shape == "details" else [item],
        message=message,
        rpc_status="RESOURCE_EXHAUSTED" if quota.status == 429 else "PERMISSION_DENIED",
        details=error_info("RATE_LIMIT_EXCEEDED", metadata),
        headers=headers,
    )
