"""What each answer of the token endpoint means: for the account that is refreshed, for the person who signs in."""

from __future__ import annotations

import math

from gateway import messages
from gateway.domain.outcome import Outcome, Verdict
from gateway.errors import SignInError
from gateway.google.answers import cleaned, clock_difference_s, outcome, retry_after_s, snippet, somebody_else
from gateway.google.wire import Answer, NoAnswer, json_object

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


def classify_token(answer: Answer, *, now_s: float) -> Outcome:
    """Return what a refused refresh means for the account (RFC 6749 section 5.2 and Google's own error names).

    Only an error that Google itself named, with a status of 4xx, is ever held against the authorization.
    """
    wait_s = retry_after_s(answer.retry_after, now_s)
    if answer.status == 429:
        return outcome(Verdict.SLOW_DOWN, "G-505", wait_s=wait_s, whole_account=True)
    if answer.status == 408 or answer.status >= 500:
        return outcome(Verdict.LATER, "G-506", wait_s=wait_s, whole_account=True)
    error, description = _token_error(answer)
    if error is None or not 400 <= answer.status < 500:
        return somebody_else(answer)
    if error in _PASSING:
        return outcome(Verdict.LATER, "G-506", wait_s=wait_s, whole_account=True)
    if error == "invalid_grant":
        if "jwt" in description.lower():  # a signed request whose times Google does not believe
            return outcome(Verdict.LATER, "N-05", whole_account=True)
        code = "G-502" if "revoked" in description.lower() else "G-503"
        return outcome(Verdict.AUTHORIZATION, code, whole_account=True)
    code = _REFRESH_CODES.get(error, "G-319")
    return outcome(Verdict.CONFIGURATION, code, whole_account=True, message=_told(error, description))


def unreadable_token() -> Outcome:
    """Return what a 200 of the token endpoint without a usable token means."""
    return outcome(Verdict.LATER, "G-412", whole_account=True)


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


def _token_error(answer: Answer) -> tuple[str | None, str]:
    """Return the error name and description of an OAuth answer (RFC 6749 section 5.2)."""
    said = json_object(answer.body) or {}
    error, description = said.get("error"), said.get("error_description")
    return (error if isinstance(error, str) else None), (description if isinstance(description, str) else "")


def _told(error: str, description: str) -> str:
    return cleaned(f"{error}: {description}" if description else error)


def _clock_difference(date: str | None, now_s: float) -> str:
    difference_s = clock_difference_s(date, now_s)
    return "unknown" if difference_s is None else f"{math.floor(difference_s)} s"
