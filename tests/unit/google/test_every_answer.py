"""Every answer that Google's guides name, row by row, has one meaning; and so has every other answer.

The rows stand in the order of the Calendar API error guide; those of the token endpoint follow OAuth 2.0 for web
server applications. What is in no guide is what people recorded.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.google.failures import Operation, classify, classify_silence, classify_token
from gateway.google.wire import Answer, NoAnswer
from tests.unit.google.answer_table import (
    ALL,
    CALENDAR,
    DELETE,
    INSERT,
    NOW_S,
    WRITES,
    ZONES,
    Meaning,
    N,
    Row,
    V,
    body,
    meaning,
)


@pytest.mark.parametrize("row", CALENDAR, ids=lambda row: f"{row.status}-{row.verdict}-{row.code}")
def test_a_row_of_the_calendar_api(row: Row) -> None:
    for operation in row.on:
        outcome = classify(operation, Answer(status=row.status, body=row.said), now_s=NOW_S, cancelled=row.cancelled)
        assert (meaning(outcome), outcome.verdict, outcome.code) == (row.meaning, row.verdict, row.code)
        assert (outcome.remedy, outcome.quota, outcome.retry_after_s) == (row.remedy, row.quota, row.least_s)
        assert bool(outcome.text) == bool(row.code)


TOKEN = [
    (400, "invalid_grant", "Token has been expired or revoked.", N.AUTHORIZATION, "G-502"),
    (400, "invalid_grant", "Bad Request", N.AUTHORIZATION, "G-503"),
    (400, "invalid_grant", "Malformed auth code.", N.AUTHORIZATION, "G-503"),
    (400, "invalid_grant", "", N.AUTHORIZATION, "G-503"),  # with error_subtype invalid_rapt
    (400, "redirect_uri_mismatch", "Bad Request", N.CONFIGURATION, "G-319"),
    (400, "invalid_request", "client_secret is missing.", N.CONFIGURATION, "G-319"),
    (400, "invalid_scope", "", N.CONFIGURATION, "G-310"),
    (401, "invalid_client", "The OAuth client was not found.", N.CONFIGURATION, "G-504"),
    (401, "invalid_client", "The provided client secret is invalid.", N.CONFIGURATION, "G-504"),
    (401, "invalid_client", "Unauthorized", N.CONFIGURATION, "G-504"),
    (401, "deleted_client", "The OAuth client was deleted.", N.CONFIGURATION, "G-307"),
    (401, "unauthorized_client", "", N.CONFIGURATION, "G-406"),
    (400, "admin_policy_enforced", "", N.CONFIGURATION, "G-513"),
    (403, "access_denied", "", N.CONFIGURATION, "G-513"),
    *[(status, "", "", N.LATER, "G-505" if status == 429 else "G-506") for status in (408, 429, 500, 503, 504)],
    (200, "", "", N.LATER, "G-412"),
    (302, "", "", N.LATER, "G-412"),
    (407, "", "", N.LATER, "N-04"),
]


@pytest.mark.parametrize(("status", "error", "description", "meant", "code"), TOKEN)
def test_a_row_of_the_token_endpoint(status: int, error: str, description: str, meant: Meaning, code: str) -> None:
    said = json.dumps({"error": error, "error_description": description}) if error else "<html>Welcome"
    outcome = classify_token(Answer(status=status, body=said.encode()), now_s=NOW_S)
    assert (meaning(outcome), outcome.code, outcome.whole_account) == (meant, code, True)


REASONS = sorted(
    {
        *("accessNotConfigured", "authError", "backendError", "badRequest", "calendarUsageLimits", "conditionNotMet"),
        *("conflict", "dailyLimitExceeded", "deleted", "duplicate", "forbidden", "forbiddenForNonOrganizer"),
        *("fullSyncRequired", "insufficientPermissions", "invalid", "notACalendarUser", "notFound", "quotaExceeded"),
        *("rateLimitExceeded", "required", "requiredAccessLevel", "timeRangeEmpty", "updatedMinTooLongAgo"),
        *("userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "SERVICE_DISABLED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
    }
)
MESSAGES = ["", "Invalid attendee email.", "Rate Limit Exceeded", "Invalid recurrence rule.", "Quota exceeded", *ZONES]
statuses = st.sampled_from([*range(200, 206), *range(300, 309), *range(400, 432), *range(500, 505)]) | st.integers(
    100, 999
)


@given(
    status=statuses,
    operation=st.sampled_from(ALL),
    reasons=st.lists(st.sampled_from(REASONS) | st.text(max_size=12), max_size=3),
    details=st.sampled_from(["", *REASONS]),
    message=st.sampled_from(MESSAGES) | st.text(max_size=40),
    cancelled=st.booleans(),
    google=st.booleans(),
)
def test_every_answer_whatsoever_has_one_meaning(
    status: int,
    operation: Operation,
    reasons: list[str],
    details: str,
    message: str,
    cancelled: bool,
    google: bool,
) -> None:
    said = body(status, *reasons, message=message, details=details) if google else message.encode()
    outcome = classify(operation, Answer(status=status, body=said), now_s=NOW_S, cancelled=cancelled)
    assert meaning(outcome) in Meaning
    if (operation, status, said) == (DELETE, 204, b""):
        assert outcome.verdict is V.DONE
        return
    if not 400 <= status < 500 or status in (408, 429) or not google:
        # Nothing that did not come from Google itself, or says only that Google is unwell, is a decision.
        assert outcome.verdict in (V.LATER, V.SLOW_DOWN, V.IN_DOUBT)
        assert outcome.remedy is None
    assert outcome.verdict is not V.IN_DOUBT or operation in WRITES
    assert outcome.text.isprintable()


@given(operation=st.sampled_from(ALL), code=st.sampled_from(["N-01", "N-02", "N-03", "N-06"]), sent=st.booleans())
def test_silence_decides_nothing(operation: Operation, code: str, sent: bool) -> None:
    outcome = classify_silence(operation, NoAnswer(code, "www.googleapis.com", sent=sent))
    assert outcome.verdict is (V.IN_DOUBT if sent and operation in WRITES else V.LATER)


def test_the_guest_and_the_project_that_google_names_are_told() -> None:
    said = body(400, "invalid", message="Invalid attendee email: bob@nowhere.")
    assert classify(INSERT, Answer(status=400, body=said), now_s=NOW_S).values["guest"] == "bob@nowhere"
    said = body(403, details="SERVICE_DISABLED", consumer="projects/123456789")
    assert "123456789" in classify(INSERT, Answer(status=403, body=said), now_s=NOW_S).text
