"""The table of the Calendar API's refusals: (operation, status, reason or message) → one meaning; nothing is read here.

The rows stand in the order of the Calendar API error guide; the first that fits is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.outcome import Quota, Remedy, Verdict
from gateway.google.answers import LONGEST_WAIT_S, Said


class Operation(StrEnum):
    """What was asked; the same status means different things for different questions."""

    INSERT = "insert"
    LOOK = "look"
    LOOK_CALENDAR = "look-calendar"
    REPLACE = "replace"
    DELETE = "delete"
    TOKEN = "token"  # noqa: S105 - the name of an operation

    @property
    def writes(self) -> bool:
        """Whether the call may have had an effect that nobody saw."""
        return self in (Operation.INSERT, Operation.REPLACE, Operation.DELETE)


_ALL = frozenset(Operation)
_INSERT = frozenset({Operation.INSERT})
_REPLACE = frozenset({Operation.REPLACE})
_LOOK_CALENDAR = frozenset({Operation.LOOK_CALENDAR})
_NAMING_NO_EVENT = _INSERT | _LOOK_CALENDAR
_SAYING = _INSERT | _REPLACE
"""The calls that tell the calendar what an event shall say."""

_INVITATION_LIMIT_WAIT_S = 15 * 60.0
"""Calendar usage limits recover in hours, not seconds (Google Workspace help, "Avoid Calendar use limits")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. Without `reasons` and `words` it fits whatever was said; with both, one of them is enough.

    `words` are looked for in the message, for the answers that name no reason of their own. `cancelled` asks that the
    event was seen as cancelled before. `wait_s` is the least wait. `code` is the catalogue's, empty when nobody needs
    to hear of it.
    """

    status: int
    on: frozenset[Operation] = _ALL
    reasons: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    cancelled: bool = False
    verdict: Verdict
    code: str = ""
    whole_account: bool = False
    wait_s: float = 0.0
    remedy: Remedy | None = None
    quota: Quota | None = None

    def fits(self, operation: Operation, status: int, said: Said, *, cancelled: bool) -> bool:
        """Whether this row is about that answer."""
        if status != self.status or operation not in self.on or (self.cancelled and not cancelled):
            return False
        if not self.reasons and self.words is None:
            return True
        return bool(self.reasons & said.reasons) or (self.words is not None and bool(self.words.search(said.message)))


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _reasons(*reasons: str) -> frozenset[str]:
    return frozenset(reasons)


_G516 = "G-516"
_REFUSED = Verdict.REFUSED

ROWS: tuple[Row, ...] = (
    # 400: "Invalid value" in many words. The reasons say nothing more exact than the message.
    Row(
        status=400,
        on=_SAYING,
        words=_words(r"invalid time ?zone|(missing|invalid) time zone definition|unknown time ?zone"),
        verdict=_REFUSED,
        code=_G516,
        remedy=Remedy.OTHER_ZONE,
    ),
    Row(
        status=400,
        on=_SAYING,
        words=_words(r"invalid recurrence"),
        verdict=_REFUSED,
        code=_G516,
        remedy=Remedy.OTHER_RULE,
    ),
    Row(
        status=400,
        on=_SAYING,
        words=_words(r"invalid conference|conference type|conferencedata"),
        verdict=_REFUSED,
        code="G-517",
        remedy=Remedy.WITHOUT_CONFERENCE,
    ),
    Row(
        status=400,
        on=_SAYING,
        words=_words(r"invalid sequence value"),
        verdict=_REFUSED,
        code=_G516,
        remedy=Remedy.LOOK_AGAIN,
    ),
    Row(
        status=400,
        on=_SAYING,
        reasons=_reasons("invalidAttendee", "invalidAttendeeEmail"),
        words=_words(r"attendee|invalid (?:guest|e-?mail)"),
        verdict=_REFUSED,
        code="G-511",
        remedy=Remedy.WITHOUT_GUEST,
    ),
    # timeRangeEmpty, invalid, required, badRequest, parseError and whatever else: it stays refused.
    Row(status=400, verdict=_REFUSED, code=_G516),
    # 401: a new token was tried before this is asked.
    Row(status=401, verdict=Verdict.AUTHORIZATION, code="G-503", whole_account=True),
    # 403: what an admin must mend. Before the limits: their domain may read "usageLimits" too.
    Row(
        status=403,
        reasons=_reasons("accessNotConfigured", "SERVICE_DISABLED"),
        words=_words(r"has not been used in project|api .{0,40}is disabled|access not configured"),
        verdict=Verdict.CONFIGURATION,
        code="G-512",
        whole_account=True,
    ),
    Row(
        status=403,
        reasons=_reasons("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        words=_words(r"insufficient authentication scopes"),
        verdict=Verdict.AUTHORIZATION,
        code="G-403",
        whole_account=True,
    ),
    Row(
        status=403,
        reasons=_reasons("notACalendarUser"),
        verdict=Verdict.CONFIGURATION,
        code="G-408",
        whole_account=True,
    ),
    Row(
        status=403,
        reasons=_reasons("requiredAccessLevel"),
        words=_words(r"you need to have (?:writer|owner|reader) access"),
        verdict=Verdict.CONFIGURATION,
        code="G-507",
    ),
    # 403: limits.
    Row(
        status=403,
        reasons=_reasons("userRateLimitExceeded"),
        words=_words(r"user rate limit exceeded"),
        verdict=Verdict.SLOW_DOWN,
        code="G-505",
        whole_account=True,
        quota=Quota.ACCOUNT,
    ),
    Row(
        status=403,
        reasons=_reasons("rateLimitExceeded", "RATE_LIMIT_EXCEEDED"),
        words=_words(r"^rate limit exceeded|quota exceeded for quota metric"),
        verdict=Verdict.SLOW_DOWN,
        code="G-505",
        whole_account=True,
        quota=Quota.UNKNOWN,
    ),
    Row(
        status=403,
        reasons=_reasons("dailyLimitExceeded", "dailyLimitExceededUnreg"),
        words=_words(r"daily limit exceeded"),
        verdict=Verdict.SLOW_DOWN,
        code="G-505",
        whole_account=True,
        wait_s=LONGEST_WAIT_S,
        quota=Quota.UNKNOWN,
    ),
    Row(
        status=403,
        on=_SAYING,
        reasons=_reasons("quotaExceeded", "calendarUsageLimits"),
        words=_words(r"calendar usage limits exceeded"),
        verdict=Verdict.LATER,
        code="G-510",
        wait_s=_INVITATION_LIMIT_WAIT_S,
        remedy=Remedy.WITHOUT_GUESTS,
    ),
    Row(
        status=403,
        reasons=_reasons("quotaExceeded", "calendarUsageLimits"),
        words=_words(r"calendar usage limits exceeded"),
        verdict=Verdict.LATER,
        code="G-510",
        wait_s=_INVITATION_LIMIT_WAIT_S,
    ),
    Row(
        status=403,
        on=_REPLACE,
        reasons=_reasons("forbiddenForNonOrganizer"),
        words=_words(r"shared properties can only be changed by the organizer"),
        verdict=_REFUSED,
        code="G-519",
        remedy=Remedy.OWN_FIELDS_ONLY,
    ),
    # The event cannot be brought back: its id is burned.
    Row(status=403, on=_REPLACE, cancelled=True, verdict=Verdict.GONE, remedy=Remedy.NEW_ID),
    Row(status=403, on=_LOOK_CALENDAR, verdict=Verdict.CONFIGURATION, code="G-507"),
    Row(status=403, verdict=_REFUSED, code=_G516, remedy=Remedy.LOOK_AGAIN),
    # 404 never says whether the event or its calendar is missing. Where no event is named, it is the calendar.
    Row(status=404, on=_NAMING_NO_EVENT, verdict=Verdict.CONFIGURATION, code="G-507"),
    Row(status=404, verdict=Verdict.GONE),
    # 409: for an insert the id is taken, whatever the reason; `conflict` is what overlapping calls meet.
    Row(status=409, on=_INSERT, reasons=_reasons("conflict"), verdict=Verdict.LATER, code="G-506"),
    Row(status=409, on=_INSERT, verdict=Verdict.EXISTS),
    Row(status=409, on=_REPLACE, verdict=Verdict.CHANGED),
    Row(status=409, verdict=Verdict.LATER, code="G-506"),
    # 410: deleted. Of a list (`fullSyncRequired`, `updatedMinTooLongAgo`) its reader knows before it asks here.
    Row(status=410, on=_INSERT, verdict=Verdict.EXISTS),
    Row(status=410, on=_LOOK_CALENDAR, verdict=Verdict.CONFIGURATION, code="G-507"),
    Row(status=410, verdict=Verdict.GONE),
    Row(status=412, verdict=Verdict.CHANGED),
)
"""What is not among them is refused for good (4xx), or says nothing about the event (everything else)."""


def quota_of(row: Quota | None, said: Said) -> Quota | None:
    """Return whose limit was reached, more exactly where Google tells (ErrorInfo `quota_limit`, or in words)."""
    if row is None:
        return None
    named = said.metadata.get("quota_limit", "").casefold()
    told = said.message.casefold()
    if "percalendar" in named:
        return Quota.CALENDAR
    if "peruser" in named or "per minute per user" in told or "per user" in told:
        return Quota.ACCOUNT
    if "perproject" in named or ("quota exceeded for quota metric" in told and "per minute" in told):
        return Quota.PROJECT
    return row
