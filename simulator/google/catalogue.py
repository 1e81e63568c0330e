"""Google's error answers by the name of their reason, for faults that a tester asks for; the shapes are in `errors`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.google.errors import (
    ApiError,
    api_disabled,
    insufficient_scope,
    invalid_credentials,
    refused,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRefusal:
    """What Google says for one reason, and with which status it usually says it."""

    status: int
    message: str
    domain: str = "global"
    location: tuple[str, str] | None = None


REFUSALS: Mapping[str, KnownRefusal] = {
    "badRequest": KnownRefusal(status=400, message="Bad Request"),
    "invalid": KnownRefusal(status=400, message="Invalid Value"),
    "parseError": KnownRefusal(status=400, message="Parse Error"),
    "required": KnownRefusal(status=400, message="Required"),
    "timeRangeEmpty": KnownRefusal(
        status=400,
        message="The specified time range is empty.",
        domain="calendar",
        location=("parameter", "timeMax"),
    ),
    "rateLimitExceeded": KnownRefusal(status=403, message="Rate Limit Exceeded", domain="usageLimits"),
    "userRateLimitExceeded": KnownRefusal(status=403, message="User Rate Limit Exceeded", domain="usageLimits"),
    "quotaExceeded": KnownRefusal(status=403, message="Calendar usage limits exceeded.", domain="usageLimits"),
    "dailyLimitExceeded": KnownRefusal(status=403, message="Daily Limit Exceeded", domain="usageLimits"),
    "forbidden": KnownRefusal(status=403, message="Forbidden"),
    "forbiddenForNonOrganizer": KnownRefusal(
        status=403,
        message="Shared properties can only be changed by the organizer of the event.",
        domain="calendar",
    ),
    "requiredAccessLevel": KnownRefusal(
        status=403, message="You need to have writer access to this calendar.", domain="calendar"
    ),
    "forbiddenForServiceAccounts": KnownRefusal(
        status=403,
        message="Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.",
        domain="calendar",
    ),
    "notACalendarUser": KnownRefusal(
        status=403, message="The user must be signed up for Google Calendar.", domain="calendar"
    ),
    "notFound": KnownRefusal(status=404, message="Not Found"),
    "conflict": KnownRefusal(status=409, message="Conflict"),
    "duplicate": KnownRefusal(status=409, message="The requested identifier already exists."),
    "deleted": KnownRefusal(status=410, message="Resource has been deleted"),
    "fullSyncRequired": KnownRefusal(
        status=410,
        message="Sync token is no longer valid, a full sync is required.",
        domain="calendar",
        location=("parameter", "syncToken"),
    ),
    "updatedMinTooLongAgo": KnownRefusal(
        status=410,
        message="The requested minimum modification time lies too far in the past.",
        domain="calendar",
        location=("parameter", "updatedMin"),
    ),
    "conditionNotMet": KnownRefusal(status=412, message="Precondition Failed", location=("header", "If-Match")),
    "backendError": KnownRefusal(status=500, message="Backend Error"),
}
"""Plain refusals (Calendar API error guide)."""

SPECIAL = ("authError", "insufficientPermissions", "accessNotConfigured")
"""Reasons whose bodies have the front door's shape."""

_REASON_OF_STATUS = {
    400: "badRequest",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    410: "deleted",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
}


def known_reasons() -> list[str]:
    """Every reason that can be asked for by name."""
    return sorted([*REFUSALS, *SPECIAL])


def refusal(status: int | None, reason: str | None) -> ApiError:
    """Google's answer for a status, a reason, or both; an unknown reason gets a body of the plain shape."""
    if reason is None:
        reason = _REASON_OF_STATUS.get(status or 500, "backendError")
    if reason == "authError":
        return invalid_credentials()
    if reason == "insufficientPermissions":
        return insufficient_scope("calendar.v3.Events.Insert", ["https://www.googleapis.com/auth/calendar"])
    if reason == "accessNotConfigured":
        return api_disabled()
    known = REFUSALS.get(reason)
    if known is None:
        return refused(status or 500, reason, reason)
    return refused(status or known.status, reason, known.message, domain=known.domain, location=known.location)
