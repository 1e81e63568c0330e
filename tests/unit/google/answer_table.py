"""The rows of the Calendar API error guide, in its order, with what people recorded beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.outcome import Outcome, Quota, Remedy, Verdict
from gateway.google.failures import Operation

NOW_S = 1_700_000_000.0
INSERT, LOOK, REPLACE, DELETE = Operation.INSERT, Operation.LOOK, Operation.REPLACE, Operation.DELETE
CALENDAR_LOOK = Operation.LOOK_CALENDAR
SAYING, WRITES, LOOKS = (INSERT, REPLACE), (INSERT, REPLACE, DELETE), (LOOK, CALENDAR_LOOK)
ALL = (*WRITES, *LOOKS)
HOUR_S = 3600.0


class Meaning(StrEnum):
    NOW = "go on now"
    LATER = "retry later"
    AUTHORIZATION = "hold for authorization"
    CONFIGURATION = "hold for configuration"
    FIX = "fix up and retry once"
    PERMANENT = "permanent"


_MEANINGS = {
    Verdict.DONE: Meaning.NOW,
    Verdict.GONE: Meaning.NOW,
    Verdict.EXISTS: Meaning.NOW,
    Verdict.CHANGED: Meaning.NOW,
    Verdict.LATER: Meaning.LATER,
    Verdict.SLOW_DOWN: Meaning.LATER,
    Verdict.IN_DOUBT: Meaning.LATER,
    Verdict.AUTHORIZATION: Meaning.AUTHORIZATION,
    Verdict.CONFIGURATION: Meaning.CONFIGURATION,
    Verdict.REFUSED: Meaning.PERMANENT,
}


def meaning(outcome: Outcome) -> Meaning:
    return Meaning.FIX if outcome.remedy is not None else _MEANINGS[outcome.verdict]


def body(status: int, *reasons: str, message: str = "", details: str = "", **metadata: str) -> bytes:
    said: dict[str, object] = {
        "code": status,
        "message": message,
        "errors": [{"domain": "usageLimits", "reason": reason, "message": message} for reason in reasons],
    }
    if details:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": details, "metadata": metadata}
        said["details"] = [info]
    return json.dumps({"error": said}).encode()


@dataclass(frozen=True)
class Row:
    """One row of the tables: what is answered to which questions, and what that means."""

    on: tuple[Operation, ...]
    status: int
    said: bytes
    meaning: Meaning
    verdict: Verdict
    code: str = ""
    remedy: Remedy | None = None
    quota: Quota | None = None
    least_s: float | None = None
    cancelled: bool = False


INVALID = [
    ("timeRangeEmpty", "The specified time range is empty."),
    ("invalid", "Invalid value"),
    ("required", "Missing end time."),
    ("badRequest", "Bad Request"),
    ("parseError", "Parse Error"),
]
ZONES = [
    "Missing time zone definition for start time.",
    "Invalid time zone definition for start time.",
    "Invalid time zone definition for end time.",
]
N = Meaning
V = Verdict

CALENDAR: list[Row] = [
    # 400
    *[Row(ALL, 400, body(400, reason, message=text), N.PERMANENT, V.REFUSED, "G-516") for reason, text in INVALID],
    *[
        Row(SAYING, 400, body(400, "invalid", message=text), N.FIX, V.REFUSED, "G-516", Remedy.OTHER_ZONE)
        for text in ZONES
    ],
    Row(
        SAYING,
        400,
        body(400, "invalid", message="Invalid recurrence rule."),
        N.FIX,
        V.REFUSED,
        "G-516",
        Remedy.OTHER_RULE,
    ),
    Row(
        SAYING,
        400,
        body(400, "invalid", message="Invalid conference type value."),
        N.FIX,
        V.REFUSED,
        "G-517",
        Remedy.WITHOUT_CONFERENCE,
    ),
    Row(
        SAYING,
        400,
        body(400, "invalid", message="Invalid sequence value. The specified sequence number is below the current."),
        N.FIX,
        V.REFUSED,
        "G-516",
        Remedy.LOOK_AGAIN,
    ),
    Row(
        SAYING,
        400,
        body(400, "invalid", message="Invalid attendee email."),
        N.FIX,
        V.REFUSED,
        "G-511",
        Remedy.WITHOUT_GUEST,
    ),
    # The same words about a look or a removal mend nothing there.
    *[Row((LOOK, DELETE), 400, body(400, "invalid", message=text), N.PERMANENT, V.REFUSED, "G-516") for text in ZONES],
    # 401: the second one, after a new token
    Row(ALL, 401, body(401, "authError", message="Invalid Credentials"), N.AUTHORIZATION, V.AUTHORIZATION, "G-503"),
    # 403
    Row(
        ALL,
        403,
        body(403, "userRateLimitExceeded", message="User Rate Limit Exceeded"),
        N.LATER,
        V.SLOW_DOWN,
        "G-505",
        quota=Quota.ACCOUNT,
    ),
    Row(
        ALL,
        403,
        body(403, "rateLimitExceeded", message="Rate Limit Exceeded"),
        N.LATER,
        V.SLOW_DOWN,
        "G-505",
        quota=Quota.UNKNOWN,
    ),
    *[
        Row(
            ALL,
            status,
            body(status, "rateLimitExceeded", details="RATE_LIMIT_EXCEEDED", quota_limit=limit),
            N.LATER,
            V.SLOW_DOWN,
            "G-505",
            quota=quota,
        )
        for status in (403, 429)
        for limit, quota in (
            ("defaultPerMinutePerProject", Quota.PROJECT),
            ("defaultPerMinutePerUser", Quota.ACCOUNT),
            ("defaultPerMinutePerProjectPerUser", Quota.ACCOUNT),
            ("writesPerCalendar", Quota.CALENDAR),
            ("somethingNew", Quota.UNKNOWN),
        )
    ],
    Row(
        ALL,
        403,
        body(
            403,
            "rateLimitExceeded",
            message="Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'calendar-"
            "json.googleapis.com' for consumer 'project_number:1'.",
        ),
        N.LATER,
        V.SLOW_DOWN,
        "G-505",
        quota=Quota.PROJECT,
    ),
    Row(
        SAYING,
        403,
        body(403, "quotaExceeded", message="Calendar usage limits exceeded."),
        N.FIX,
        V.LATER,
        "G-510",
        Remedy.WITHOUT_GUESTS,
        least_s=HOUR_S / 4,
    ),
    Row(
        (LOOK, DELETE),
        403,
        body(403, "quotaExceeded", message="Calendar usage limits exceeded."),
        N.LATER,
        V.LATER,
        "G-510",
        least_s=HOUR_S / 4,
    ),
    Row(
        ALL,
        403,
        body(403, "dailyLimitExceeded", message="Daily Limit Exceeded"),
        N.LATER,
        V.SLOW_DOWN,
        "G-505",
        quota=Quota.UNKNOWN,
        least_s=24 * HOUR_S,
    ),
    Row(ALL, 403, body(403, "insufficientPermissions"), N.AUTHORIZATION, V.AUTHORIZATION, "G-403"),
    Row(
        ALL,
        403,
        body(403, message="Request had insufficient authentication scopes.", details="ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        N.AUTHORIZATION,
        V.AUTHORIZATION,
        "G-403",
    ),
    Row(ALL, 403, body(403, "accessNotConfigured"), N.CONFIGURATION, V.CONFIGURATION, "G-512"),
    Row(
        ALL,
        403,
        body(403, details="SERVICE_DISABLED", consumer="projects/123456789"),
        N.CONFIGURATION,
        V.CONFIGURATION,
        "G-512",
    ),
    Row(
        ALL,
        403,
        # Recorded with a reason of the limits: the words tell.
        body(
            403,
            "usageLimits",
            message="Google Calendar API has not been used in project 123456789 before or it is disabled.",
        ),
        N.CONFIGURATION,
        V.CONFIGURATION,
        "G-512",
    ),
    Row(
        ALL,
        403,
        body(403, "requiredAccessLevel", message="You need to have writer access to this calendar."),
        N.CONFIGURATION,
        V.CONFIGURATION,
        "G-507",
    ),
    Row(ALL, 403, body(403, "notACalendarUser"), N.CONFIGURATION, V.CONFIGURATION, "G-408"),
    Row(
        (REPLACE,),
        403,
        body(403, "forbiddenForNonOrganizer", message="Shared properties can only be changed by the organizer."),
        N.FIX,
        V.REFUSED,
        "G-519",
        Remedy.OWN_FIELDS_ONLY,
    ),
    Row((REPLACE,), 403, body(403, "forbidden"), N.FIX, V.GONE, "", Remedy.NEW_ID, cancelled=True),
    *[
        # Only the second one in an attempt is believed.
        Row((*WRITES, LOOK), 403, body(403, reason), N.FIX, V.REFUSED, "G-516", Remedy.LOOK_AGAIN)
        for reason in ("forbidden", "somethingNew")
    ],
    Row((CALENDAR_LOOK,), 403, body(403, "forbidden"), N.CONFIGURATION, V.CONFIGURATION, "G-507"),
    # 404
    Row(
        (INSERT, CALENDAR_LOOK),
        404,
        body(404, "notFound", message="Not Found"),
        N.CONFIGURATION,
        V.CONFIGURATION,
        "G-507",
    ),
    Row((LOOK, REPLACE, DELETE), 404, body(404, "notFound", message="Not Found"), N.NOW, V.GONE),
    # 409
    Row((INSERT,), 409, body(409, "duplicate", message="The requested identifier already exists."), N.NOW, V.EXISTS),
    Row((INSERT,), 409, body(409, "conflict", message="Conflict"), N.LATER, V.LATER, "G-506"),
    Row((REPLACE,), 409, body(409, "conflict", message="Conflict"), N.NOW, V.CHANGED),
    Row((LOOK, DELETE), 409, body(409, "conflict", message="Conflict"), N.LATER, V.LATER, "G-506"),
    # 410
    Row((LOOK, REPLACE, DELETE), 410, body(410, "deleted", message="Resource has been deleted"), N.NOW, V.GONE),
    Row((INSERT,), 410, body(410, "deleted", message="Resource has been deleted"), N.NOW, V.EXISTS),
    Row((CALENDAR_LOOK,), 410, body(410, "deleted"), N.CONFIGURATION, V.CONFIGURATION, "G-507"),
    # 412
    Row(ALL, 412, body(412, "conditionNotMet", message="Precondition Failed"), N.NOW, V.CHANGED),
    # 429
    Row(ALL, 429, body(429, "rateLimitExceeded"), N.LATER, V.SLOW_DOWN, "G-505", quota=Quota.UNKNOWN),
    Row(ALL, 429, b"<html>", N.LATER, V.SLOW_DOWN, "G-505", quota=Quota.UNKNOWN),
    # 500 and its like, with Google's words and without
    *[
        Row(on, status, said, N.LATER, verdict, "G-506")
        for status in (408, 500, 502, 503, 504)
        for said in (body(status, "backendError", message="Backend Error"), b"<html>", b"")
        for on, verdict in ((WRITES, V.IN_DOUBT), ((LOOK,), V.LATER))
    ],
    # Not Google: it decides nothing.
    *[
        Row(ALL, status, said, N.LATER, V.LATER, "G-412")
        for status in (301, 302, 400, 401, 403, 404, 409, 410, 412, 418)
        for said in (b"<html>Welcome to our guest network", b"", b'{"error":"invalid_grant"}', b"[]")
    ],
    Row(ALL, 407, b"", N.LATER, V.LATER, "N-04"),
    Row(WRITES, 200, b"<html>Welcome", N.LATER, V.IN_DOUBT, "G-412"),
    Row((LOOK,), 200, b"<html>Welcome", N.LATER, V.LATER, "G-412"),
    # An empty answer means that the event was removed only where Google says it with the status of its own.
    Row((DELETE,), 204, b"", N.NOW, V.DONE),
    Row((DELETE,), 200, b"", N.LATER, V.IN_DOUBT, "G-412"),
]
