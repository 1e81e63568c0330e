"""The rows of the classification: what each answer of Google means for the job that asked."""

from __future__ import annotations

import email.utils
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.outcome import Outcome, Verdict
from gateway.google.failures import (
    LONGEST_WAIT_S,
    Operation,
    classify,
    classify_silence,
    classify_token,
    cleaned,
    retry_after_s,
    sign_in_error,
)
from gateway.google.wire import Answer, NoAnswer

NOW_S = 1_700_000_000.0
EVENT = {"id": "abc", "etag": '"1"', "status": "confirmed", "htmlLink": "https://calendar/abc"}
WRITES = (Operation.INSERT, Operation.REPLACE, Operation.DELETE)
ALL = (*WRITES, Operation.LOOK)


def error(status: int, *reasons: str, message: str = "Why not", details: str | None = None) -> bytes:
    said: dict[str, object] = {
        "code": status,
        "message": message,
        "errors": [{"domain": "global", "reason": reason, "message": message} for reason in reasons],
    }
    if details:
        said["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": details}]
    return json.dumps({"error": said}).encode()


def ask(operation: Operation, status: int, body: bytes = b"", *, cancelled: bool = False) -> Outcome:
    return classify(operation, Answer(status=status, body=body), now_s=NOW_S, cancelled=cancelled)


ROWS = [
    *[(op, 400, error(400, "invalid"), Verdict.REFUSED, "G-516", False) for op in ALL],
    *[(op, 400, error(400, "timeRangeEmpty"), Verdict.REFUSED, "G-516", False) for op in WRITES],
    *[(op, 401, error(401, "authError"), Verdict.AUTHORIZATION, "G-503", True) for op in ALL],
    *[(op, 403, error(403, "rateLimitExceeded"), Verdict.SLOW_DOWN, "G-505", True) for op in ALL],
    *[(op, 403, error(403, "userRateLimitExceeded"), Verdict.SLOW_DOWN, "G-505", True) for op in ALL],
    *[(op, 403, error(403, "dailyLimitExceeded"), Verdict.SLOW_DOWN, "G-505", True) for op in ALL],
    *[(op, 403, error(403, "quotaExceeded"), Verdict.LATER, "G-510", False) for op in WRITES],
    *[(op, 403, error(403, "insufficientPermissions"), Verdict.AUTHORIZATION, "G-403", True) for op in ALL],
    *[
        (op, 403, error(403, details="ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Verdict.AUTHORIZATION, "G-403", True)
        for op in ALL
    ],
    *[(op, 403, error(403, "accessNotConfigured"), Verdict.CONFIGURATION, "G-512", True) for op in ALL],
    *[(op, 403, error(403, details="SERVICE_DISABLED"), Verdict.CONFIGURATION, "G-512", True) for op in ALL],
    *[(op, 403, error(403, "notACalendarUser"), Verdict.CONFIGURATION, "G-408", True) for op in ALL],
    *[(op, 403, error(403, "requiredAccessLevel"), Verdict.CONFIGURATION, "G-507", False) for op in WRITES],
    *[(op, 403, error(403, "forbidden"), Verdict.REFUSED, "G-516", False) for op in ALL],
    *[(op, 403, error(403, "somethingNew"), Verdict.REFUSED, "G-516", False) for op in ALL],
    (Operation.INSERT, 404, error(404, "notFound"), Verdict.CONFIGURATION, "G-507", False),
    (Operation.LOOK, 404, error(404, "notFound"), Verdict.GONE, "", False),
    (Operation.REPLACE, 404, error(404, "notFound"), Verdict.GONE, "", False),
    (Operation.DELETE, 404, error(404, "notFound"), Verdict.GONE, "", False),
    (Operation.INSERT, 409, error(409, "duplicate"), Verdict.EXISTS, "", False),
    (Operation.REPLACE, 409, error(409, "conflict"), Verdict.CHANGED, "", False),
    (Operation.DELETE, 409, error(409, "conflict"), Verdict.LATER, "G-506", False),
    (Operation.DELETE, 410, error(410, "deleted"), Verdict.GONE, "", False),
    (Operation.LOOK, 410, error(410, "deleted"), Verdict.GONE, "", False),
    (Operation.REPLACE, 410, error(410, "deleted"), Verdict.GONE, "", False),
    (Operation.INSERT, 410, error(410, "deleted"), Verdict.EXISTS, "", False),
    (Operation.REPLACE, 412, error(412, "conditionNotMet"), Verdict.CHANGED, "", False),
    *[(op, 429, error(429, "rateLimitExceeded"), Verdict.SLOW_DOWN, "G-505", True) for op in ALL],
    *[(op, 429, b"<html>", Verdict.SLOW_DOWN, "G-505", True) for op in ALL],
    *[
        (op, status, b"<html>", Verdict.IN_DOUBT, "G-506", False)
        for op in WRITES
        for status in (408, 500, 502, 503, 504)
    ],
    *[(Operation.LOOK, status, b"", Verdict.LATER, "G-506", False) for status in (408, 500, 502, 503, 504)],
    *[(op, 500, error(500, "backendError"), Verdict.IN_DOUBT, "G-506", False) for op in WRITES],
    # Not Google's words: a portal or a proxy. It proves nothing about the event, the calendar or the authorization.
    *[(op, 200, b"<html>Welcome to our guest network", Verdict.IN_DOUBT, "G-412", True) for op in WRITES],
    *[(op, 200, b'{"kind": "calendar#event"', Verdict.IN_DOUBT, "G-412", True) for op in WRITES],
    (Operation.INSERT, 200, b'{"id": 5, "etag": null}', Verdict.IN_DOUBT, "G-412", True),
    (Operation.LOOK, 200, b"<html>", Verdict.LATER, "G-412", True),
    *[(op, 204, b"", Verdict.IN_DOUBT, "G-412", True) for op in (Operation.INSERT, Operation.REPLACE)],
    *[
        (op, status, b"<html>Not here", Verdict.LATER, "G-412", True)
        for op in ALL
        for status in (301, 302, 400, 401, 403, 404, 409, 410, 412)
    ],
    *[(op, 407, b"", Verdict.LATER, "N-04", True) for op in ALL],
    (Operation.DELETE, 204, b"", Verdict.DONE, "", False),
    *[
        (op, 200, json.dumps(EVENT).encode(), Verdict.DONE, "", False)
        for op in (Operation.INSERT, Operation.REPLACE, Operation.LOOK)
    ],
    (Operation.LOOK, 200, json.dumps({**EVENT, "status": "cancelled"}).encode(), Verdict.GONE, "", False),
]


@pytest.mark.parametrize(("operation", "status", "body", "verdict", "code", "whole_account"), ROWS)
def test_every_row_has_its_verdict(
    operation: Operation, status: int, body: bytes, verdict: Verdict, code: str, whole_account: bool
) -> None:
    outcome = ask(operation, status, body)
    assert (outcome.verdict, outcome.code, outcome.whole_account) == (verdict, code, whole_account)
    assert bool(outcome.text) == bool(code)


def test_an_update_that_cannot_bring_a_cancelled_event_back_finds_it_gone() -> None:
    body = error(403, "forbidden")
    assert ask(Operation.REPLACE, 403, body, cancelled=True).verdict is Verdict.GONE
    assert ask(Operation.REPLACE, 403, body).verdict is Verdict.REFUSED
    assert ask(Operation.REPLACE, 403, error(403, "rateLimitExceeded"), cancelled=True).verdict is Verdict.SLOW_DOWN


def test_an_event_in_the_answer_is_handed_on() -> None:
    body = {**EVENT, "extendedProperties": {"private": {"gateway": "g", "meeting": "7", "content": "f", "other": "x"}}}
    event = ask(Operation.INSERT, 200, json.dumps(body).encode()).event
    assert event is not None
    assert (event.remote_id, event.etag, event.link) == ("abc", '"1"', "https://calendar/abc")
    assert (event.marks, event.content) == ({"gateway": "g", "meeting": "7"}, "f")
    cancelled = ask(Operation.LOOK, 200, json.dumps({**body, "status": "cancelled"}).encode()).event
    assert cancelled is not None
    assert cancelled.cancelled


@pytest.mark.parametrize("operation", ALL)
def test_retry_after_is_kept_with_every_refusal_that_passes(operation: Operation) -> None:
    for status, body in ((429, b""), (503, b""), (403, error(403, "rateLimitExceeded"))):
        said = Answer(status=status, body=body, retry_after="7")
        assert classify(operation, said, now_s=NOW_S).retry_after_s == 7.0


def test_googles_own_words_are_told_without_addresses_or_control_characters() -> None:
    outcome = ask(Operation.INSERT, 400, error(400, "invalid", message="Invalid colour\x1b[31m\r\nof: eve@x.org"))
    assert "Invalid colour" in outcome.text
    assert "eve@x.org" not in outcome.text
    assert outcome.text.isprintable()


@given(st.text())
def test_cleaned_text_is_one_short_printable_line(text: str) -> None:
    line = cleaned(text)
    assert len(line) <= 200
    assert line.isprintable()


@given(st.integers(100, 599), st.binary(max_size=200), st.sampled_from(ALL), st.text(max_size=20))
def test_no_answer_whatsoever_breaks_the_classification(
    status: int, body: bytes, operation: Operation, retry_after: str
) -> None:
    said = Answer(status=status, body=body, retry_after=retry_after, date=retry_after)
    outcome = classify(operation, said, now_s=NOW_S)
    if outcome.verdict in (Verdict.AUTHORIZATION, Verdict.CONFIGURATION, Verdict.GONE, Verdict.EXISTS):
        assert b'"error"' in body
    assert classify_token(said, now_s=NOW_S).verdict in (
        (Verdict.LATER, Verdict.SLOW_DOWN) if b'"error"' not in body else tuple(Verdict)
    )
    assert sign_in_error(said, redirect_uri="http://127.0.0.1/", now_s=NOW_S).code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.integers(200, 599), st.sampled_from(ALL), json_values, json_values, json_values)
def test_no_shape_of_error_body_breaks_the_classification(
    status: int, operation: Operation, errors: object, details: object, message: object
) -> None:
    body = json.dumps({"error": {"errors": errors, "details": details, "message": message}}).encode()
    assert ask(operation, status, body).verdict in Verdict


@pytest.mark.parametrize("operation", ALL)
def test_no_answer_is_in_doubt_only_for_writes_that_left(operation: Operation) -> None:
    lost = classify_silence(operation, NoAnswer("N-02", "host", sent=True))
    assert lost.verdict is (Verdict.IN_DOUBT if operation in WRITES else Verdict.LATER)
    for code in ("N-01", "N-02", "N-03"):
        unsent = classify_silence(operation, NoAnswer(code, "host", sent=False))
        assert (unsent.verdict, unsent.code) == (Verdict.LATER, code)


@given(st.integers(0, 10**11))
def test_retry_after_in_seconds(seconds: int) -> None:
    assert retry_after_s(str(seconds), NOW_S) == min(float(seconds), LONGEST_WAIT_S)


@given(st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date(ahead_s: int) -> None:
    header = email.utils.formatdate(NOW_S + ahead_s, usegmt=True)
    assert retry_after_s(header, NOW_S) == min(max(float(ahead_s), 0.0), LONGEST_WAIT_S)


@given(st.text())
def test_retry_after_of_any_text_is_none_or_within_bounds(text: str) -> None:
    wait_s = retry_after_s(text, NOW_S)
    assert wait_s is None or 0.0 <= wait_s <= LONGEST_WAIT_S


@pytest.mark.parametrize("header", ["", "-5", "1.5", "soon", "٣", "Mon, 99 Foo 2026 00:00:00 GMT", "9" * 40])
def test_retry_after_that_says_nothing(header: str) -> None:
    assert retry_after_s(header, NOW_S) is None


TOKEN_ROWS = [
    (
        400,
        '{"error":"invalid_grant","error_description":"Token has been expired or revoked."}',
        "authorization",
        "G-502",
    ),
    (400, '{"error":"invalid_grant","error_description":"Bad Request"}', "authorization", "G-503"),
    (400, '{"error":"invalid_grant","error_subtype":"invalid_rapt"}', "authorization", "G-503"),
    (401, '{"error":"invalid_client","error_description":"Unauthorized"}', "configuration", "G-504"),
    (401, '{"error":"deleted_client","error_description":"The OAuth client was deleted."}', "configuration", "G-307"),
    (401, '{"error":"unauthorized_client"}', "configuration", "G-406"),
    (400, '{"error":"admin_policy_enforced"}', "configuration", "G-513"),
    (403, '{"error":"access_denied"}', "configuration", "G-513"),
    (400, '{"error":"invalid_scope"}', "configuration", "G-310"),
    (400, '{"error":"invalid_request","error_description":"client_secret is missing."}', "configuration", "G-319"),
    # Never held against the authorization:
    (400, '{"error":"invalid_grant","error_description":"Invalid JWT: Token must be short-lived"}', "later", "N-05"),
    (400, '{"error":"server_error"}', "later", "G-506"),
    (400, '{"error":"temporarily_unavailable"}', "later", "G-506"),
    (500, '{"error":"internal_failure"}', "later", "G-506"),
    (500, '{"error":"invalid_grant"}', "later", "G-506"),
    (503, "<html>Service Unavailable</html>", "later", "G-506"),
    (408, "", "later", "G-506"),
    (429, '{"error":"rate_limit_exceeded"}', "slow-down", "G-505"),
    (407, "Proxy says no", "later", "N-04"),
    (302, "", "later", "G-412"),
    (400, "<html>invalid_grant</html>", "later", "G-412"),
    (403, "<html>Blocked by the firewall</html>", "later", "G-412"),
    (400, '{"error": {"code": 400}}', "later", "G-412"),
    (400, '["invalid_grant"]', "later", "G-412"),
    (200, '{"error":"invalid_grant"}', "later", "G-412"),
]


@pytest.mark.parametrize(("status", "body", "verdict", "code"), TOKEN_ROWS)
def test_a_refused_refresh_has_its_verdict(status: int, body: str, verdict: str, code: str) -> None:
    outcome = classify_token(Answer(status=status, body=body.encode()), now_s=NOW_S)
    assert (outcome.verdict.value, outcome.code) == (verdict, code)
    assert outcome.whole_account


EXCHANGE_ROWS = [
    (400, '{"error":"invalid_grant","error_description":"Malformed auth code."}', "G-401"),
    (400, '{"error":"invalid_grant","error_description":"Missing code verifier."}', "G-401"),
    (400, '{"error":"redirect_uri_mismatch","error_description":"Bad Request"}', "G-402"),
    (400, '{"error":"invalid_request","error_description":"client_secret is missing."}', "G-104"),
    (401, '{"error":"invalid_client","error_description":"The OAuth client was not found."}', "G-306"),
    (401, '{"error":"invalid_client","error_description":"The provided client secret is invalid."}', "G-405"),
    (401, '{"error":"invalid_client","error_description":"Unauthorized"}', "G-405"),
    (401, '{"error":"deleted_client"}', "G-307"),
    (401, '{"error":"unauthorized_client"}', "G-406"),
    (400, '{"error":"invalid_scope"}', "G-310"),
    (400, '{"error":"admin_policy_enforced"}', "G-304"),
    (400, '{"error":"org_internal"}', "G-303"),
    (400, '{"error":"access_denied"}', "G-301"),
    (400, '{"error":"brand_new"}', "G-319"),
    (503, "<html>", "G-312"),
    (429, "", "G-312"),
    (200, "<html>Welcome", "G-412"),
    (302, "", "G-412"),
    (407, "", "N-04"),
]


@pytest.mark.parametrize(("status", "body", "code"), EXCHANGE_ROWS)
def test_a_failed_exchange_has_its_code(status: int, body: str, code: str) -> None:
    failure = sign_in_error(
        Answer(status=status, body=body.encode()), redirect_uri="http://127.0.0.1:1/callback", now_s=NOW_S
    )
    assert failure.code == code
    if code == "G-305":
        assert "http://127.0.0.1:1/callback" in str(failure)


def test_a_refused_code_tells_how_far_the_clock_is_off() -> None:
    said = Answer(status=400, body=b'{"error":"invalid_grant"}', date=email.utils.formatdate(NOW_S - 600, usegmt=True))
    assert "600 s" in str(sign_in_error(said, redirect_uri="", now_s=NOW_S))
