"""Classifies every answer of Google once: what it means for the job, the account or the sign-in that asked."""

from __future__ import annotations

import email.utils
import html
import math
import re
from dataclasses import dataclass
from enum import StrEnum

from gateway import messages
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.errors import SignInError
from gateway.google.event_json import remote_event
from gateway.google.wire import Answer, NoAnswer, json_object

LONGEST_WAIT_S = 24 * 3600.0
"""A `Retry-After` beyond this is cut: no limit of the Calendar API lasts longer than a day (quota guide)."""

_INVITATION_LIMIT_WAIT_S = 15 * 60.0
"""Calendar usage limits recover in hours, not seconds (Google Workspace help, "Avoid Calendar use limits")."""


class Operation(StrEnum):
    """What was asked; the same status means different things for different questions."""

    INSERT = "insert"
    LOOK = "look"
    REPLACE = "replace"
    DELETE = "delete"
    TOKEN = "token"  # noqa: S105 - the name of an operation

    @property
    def writes(self) -> bool:
        """Whether the call may have had an effect that nobody saw."""
        return self in (Operation.INSERT, Operation.REPLACE, Operation.DELETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the error body of a Calendar answer says: every reason it names, and its message, cleaned."""

    reasons: frozenset[str]
    message: str


def classify(operation: Operation, answer: Answer, *, now_s: float, cancelled: bool = False) -> Outcome:
    """Return what an answer of the Calendar API means for the job.

    Rows: Calendar API error guide (`error.errors[].reason` and `error.details[].reason`). `cancelled` says that the
    event was seen as cancelled before; then 403 on an update means that it cannot be brought back. An answer without
    Google's error body does not come from the Calendar API: it decides nothing about the event.
    """
    wait_s = retry_after_s(answer.retry_after, now_s)
    if answer.status == 429:
        return _outcome(Verdict.SLOW_DOWN, "G-505", wait_s=wait_s, whole_account=True)
    if answer.status == 408 or answer.status >= 500:
        return _outcome(_unclear(operation), "G-506", wait_s=wait_s)
    if 200 <= answer.status < 300:
        return _success(operation, answer)
    said = _said(answer.body)
    if said is None:
        return _somebody_else(answer)
    if answer.status == 401:
        return _outcome(Verdict.AUTHORIZATION, "G-503", whole_account=True)
    if answer.status == 403:
        return _forbidden(operation, said, wait_s, cancelled=cancelled)
    by_status = _BY_STATUS.get((answer.status, operation))
    if by_status is not None:
        return _outcome(*by_status)
    return _refused(said)


def classify_token(answer: Answer, *, now_s: float) -> Outcome:
    """Return what a refused refresh means for the account (RFC 6749 section 5.2 and Google's own error names).

    Only an error that Google itself named, with a status of 4xx, is ever held against the authorization.
    """
    wait_s = retry_after_s(answer.retry_after, now_s)
    if answer.status == 429:
        return _outcome(Verdict.SLOW_DOWN, "G-505", wait_s=wait_s, whole_account=True)
    if answer.status == 408 or answer.status >= 500:
        return _outcome(Verdict.LATER, "G-506", wait_s=wait_s, whole_account=True)
    error, description = _token_error(answer)
    if error is None or not 400 <= answer.status < 500:
        return _somebody_else(answer)
    if error in _PASSING:
        return _outcome(Verdict.LATER, "G-506", wait_s=wait_s, whole_account=True)
    if error == "invalid_grant":
        if "jwt" in description.lower():  # a signed request whose times Google does not believe
            return _outcome(Verdict.LATER, "N-05", whole_account=True)
        code = "G-502" if "revoked" in description.lower() else "G-503"
        return _outcome(Verdict.AUTHORIZATION, code, whole_account=True)
    code = _REFRESH_CODES.get(error, "G-319")
    return _outcome(Verdict.CONFIGURATION, code, whole_account=True, message=_told(error, description))


def unreadable_token() -> Outcome:
    """Return what a 200 of the token endpoint without a usable token means."""
    return _outcome(Verdict.LATER, "G-412", whole_account=True)


def classify_silence(operation: Operation, silence: NoAnswer) -> Outcome:
    """Return what it means that no whole answer came."""
    verdict = _unclear(operation) if silence.sent else Verdict.LATER
    text = str(messages.text(silence.code, **silence.values))
    return Outcome(verdict=verdict, code=silence.code, text=text, values=silence.values)


def sign_in_error(answer: Answer, *, redirect_uri: str, now_s: float) -> SignInError:
    """Return why the exchange of a code (or the question who signed in) failed, for the person who pasted it."""
    error, description = _token_error(answer)
    if answer.status in (408, 429) or answer.status >= 500 or error in _PASSING:
        code = "G-312"
    elif error is None:
        code = "N-04" if answer.status == 407 else "G-412"
    elif error == "invalid_client" and "not found" in description:
        code = "G-306"
    elif error == "invalid_request" and "client_secret" in description:
        code = "G-104"
    else:
        code = _EXCHANGE_CODES.get(error, "G-319")
    return refusal(
        code,
        redirect=redirect_uri,
        message=_told(error or "", description),
        clock=_clock_difference(answer.date, now_s),
        snippet=snippet(answer.body) if error is None else "",
    )


def client_refusal(answer: Answer, *, now_s: float) -> SignInError | None:
    """Return what is wrong with a client that sent a code which is none; None when Google blamed only the code."""
    error, _ = _token_error(answer)
    if answer.status == 400 and error in _BLAMES_THE_CODE:
        return None
    refused = sign_in_error(answer, redirect_uri="", now_s=now_s)
    refused.field = _CLIENT_FIELDS.get(refused.code, "")
    return refused


def sign_in_silence(silence: NoAnswer) -> SignInError:
    """Return the same for an exchange that got no answer."""
    return refusal(silence.code, **silence.values)


def refusal(code: str, *, field: str = "", **values: str) -> SignInError:
    """Make the error of a sign-in, or of one `field` of the client for it, from the catalogue."""
    return SignInError(code, str(messages.text(code, **values)), values=values, field=field)


def retry_after_s(header: str | None, now_s: float) -> float | None:
    """Read a `Retry-After` (RFC 9110 section 10.2.3: seconds, or a date), as seconds from `now_s`, 0 to a day."""
    if header is None:
        return None
    header = header.strip()
    if re.fullmatch(r"[0-9]{1,12}", header):
        return min(float(header), LONGEST_WAIT_S)
    at_s = _http_date_s(header)
    return None if at_s is None else min(max(at_s - now_s, 0.0), LONGEST_WAIT_S)


def cleaned(text: str, most: int = 200) -> str:
    """Cut somebody else's text down to one printable line without mail addresses."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = re.sub(r"[^\s<>\"']+@[^\s<>\"']+", "(address)", line)
    return line if len(line) <= most else line[: most - 1] + "…"


def snippet(body: bytes) -> str:
    """Return the first words of a page that somebody else than Google sent, as plain text.

    Long words are cut: a page may quote what it was sent, and a code or a token is one long word.
    """
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1>|$)|<[^>]*(>|$)", " ", body[:4096].decode("utf-8", "replace"))
    words = (word if len(word) <= _LONGEST_WORD else "…" for word in html.unescape(text).split())
    return cleaned(" ".join(words), 80).replace('"', "'")


_LONGEST_WORD = 16

_SLOW_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})

_FORBIDDEN: tuple[tuple[frozenset[str], Verdict, str, bool], ...] = (
    (frozenset({"accessNotConfigured", "SERVICE_DISABLED"}), Verdict.CONFIGURATION, "G-512", True),
    (frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}), Verdict.AUTHORIZATION, "G-403", True),
    (frozenset({"notACalendarUser"}), Verdict.CONFIGURATION, "G-408", True),
    (frozenset({"requiredAccessLevel"}), Verdict.CONFIGURATION, "G-507", False),
)

_BY_STATUS: dict[tuple[int, Operation], tuple[Verdict, str]] = {
    # 404 never says whether the event or its calendar is missing. An insert names no event: there it is the calendar.
    (404, Operation.INSERT): (Verdict.CONFIGURATION, "G-507"),
    (404, Operation.LOOK): (Verdict.GONE, ""),
    (404, Operation.REPLACE): (Verdict.GONE, ""),
    (404, Operation.DELETE): (Verdict.GONE, ""),
    (409, Operation.INSERT): (Verdict.EXISTS, ""),
    (409, Operation.LOOK): (Verdict.LATER, "G-506"),
    (409, Operation.REPLACE): (Verdict.CHANGED, ""),
    (409, Operation.DELETE): (Verdict.LATER, "G-506"),
    (410, Operation.INSERT): (Verdict.EXISTS, ""),
    (410, Operation.LOOK): (Verdict.GONE, ""),
    (410, Operation.REPLACE): (Verdict.GONE, ""),
    (410, Operation.DELETE): (Verdict.GONE, ""),
    (412, Operation.INSERT): (Verdict.CHANGED, ""),
    (412, Operation.LOOK): (Verdict.CHANGED, ""),
    (412, Operation.REPLACE): (Verdict.CHANGED, ""),
    (412, Operation.DELETE): (Verdict.CHANGED, ""),
}

_PASSING = frozenset({"server_error", "temporarily_unavailable", "internal_failure", "backend_error"})

_REFRESH_CODES = {
    "invalid_client": "G-504",
    "deleted_client": "G-307",
    "unauthorized_client": "G-406",
    "admin_policy_enforced": "G-513",
    "access_denied": "G-513",
    "invalid_scope": "G-310",
}

_EXCHANGE_CODES = {
    "invalid_grant": "G-401",
    # That the address is registered was asked before Google gave the code: here it is another one than the link's.
    "redirect_uri_mismatch": "G-402",
    "invalid_client": "G-405",
    "deleted_client": "G-307",
    "unauthorized_client": "G-406",
    "invalid_scope": "G-310",
    "admin_policy_enforced": "G-304",
    "org_internal": "G-303",
    "access_denied": "G-301",
}

_BLAMES_THE_CODE = frozenset({"invalid_grant", "redirect_uri_mismatch"})

_CLIENT_FIELDS = {
    "G-104": "client_secret",
    "G-306": "client_id",
    "G-307": "client_id",
    "G-405": "client_secret",
    "G-406": "client_id",
}
"""The field of the client that an answer is about."""


def _success(operation: Operation, answer: Answer) -> Outcome:
    if operation is Operation.DELETE and not answer.body:
        return Outcome(verdict=Verdict.DONE)
    event: RemoteEvent | None = None
    raw = json_object(answer.body)
    if operation is not Operation.DELETE and answer.status == 200 and raw is not None:
        event = remote_event(raw)
    if event is None:
        return _outcome(_unclear(operation), "G-412", whole_account=True)
    gone = operation is Operation.LOOK and event.cancelled
    return Outcome(verdict=Verdict.GONE if gone else Verdict.DONE, event=event)


def _forbidden(operation: Operation, said: _Said, wait_s: float | None, *, cancelled: bool) -> Outcome:
    for reasons, verdict, code, whole_account in _FORBIDDEN:
        if reasons & said.reasons:
            return _outcome(verdict, code, whole_account=whole_account)
    if said.reasons & _SLOW_REASONS:
        return _outcome(Verdict.SLOW_DOWN, "G-505", wait_s=wait_s, whole_account=True)
    if "dailyLimitExceeded" in said.reasons:
        return _outcome(Verdict.SLOW_DOWN, "G-505", wait_s=LONGEST_WAIT_S, whole_account=True)
    if said.reasons & {"quotaExceeded", "calendarUsageLimits"}:
        return _outcome(Verdict.LATER, "G-510", wait_s=max(wait_s or 0.0, _INVITATION_LIMIT_WAIT_S))
    if operation is Operation.REPLACE and cancelled and "forbiddenForNonOrganizer" not in said.reasons:
        return Outcome(verdict=Verdict.GONE)
    return _refused(said)


def _refused(said: _Said) -> Outcome:
    return _outcome(Verdict.REFUSED, "G-516", message=said.message)


def _somebody_else(answer: Answer) -> Outcome:
    """An answer that does not come from Google says nothing about the account."""
    code = "N-04" if answer.status == 407 else "G-412"
    return _outcome(Verdict.LATER, code, whole_account=True, snippet=snippet(answer.body))


def _unclear(operation: Operation) -> Verdict:
    return Verdict.IN_DOUBT if operation.writes else Verdict.LATER


def _outcome(
    verdict: Verdict, code: str, *, wait_s: float | None = None, whole_account: bool = False, **values: str
) -> Outcome:
    text = str(messages.text(code, **values)) if code else ""
    return Outcome(
        verdict=verdict, code=code, text=text, retry_after_s=wait_s, whole_account=whole_account, values=values
    )


def _said(body: bytes) -> _Said | None:
    """Read the error body that every Google API shares; None when it is not there."""
    error = (json_object(body) or {}).get("error")
    if not isinstance(error, dict):
        return None
    entries = [entry for part in ("errors", "details") for entry in _listed(error.get(part)) if isinstance(entry, dict)]
    reasons = frozenset(reason for entry in entries if isinstance(reason := entry.get("reason"), str))
    message = error.get("message")
    told = message if isinstance(message, str) else ", ".join(sorted(reasons))
    return _Said(reasons=reasons, message=cleaned(told))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _token_error(answer: Answer) -> tuple[str | None, str]:
    """Return the error name and description of an OAuth answer (RFC 6749 section 5.2)."""
    said = json_object(answer.body) or {}
    error, description = said.get("error"), said.get("error_description")
    return (error if isinstance(error, str) else None), (description if isinstance(description, str) else "")


def _told(error: str, description: str) -> str:
    return cleaned(f"{error}: {description}" if description else error)


def clock_difference_s(date: str | None, now_s: float) -> float | None:
    """Return how far our clock is ahead of the `Date` of an answer, in seconds; None when it told none."""
    at_s = None if date is None else _http_date_s(date)
    return None if at_s is None else now_s - at_s


def _clock_difference(date: str | None, now_s: float) -> str:
    difference_s = clock_difference_s(date, now_s)
    return "unknown" if difference_s is None else f"{math.floor(difference_s)} s"


def _http_date_s(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
