"""How an error looks on HTTP: status, RFC 9457 problem JSON, Retry-After; what went wrong is decided elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from gateway.errors import (
    BadPayload,
    Conflict,
    FieldProblem,
    GatewayError,
    KeyReused,
    NotAuthorized,
    NotFound,
    StoreError,
    StoreFull,
    Unreadable,
)

PROBLEM_TYPE = "application/problem+json"
SERVER = "meeting-gateway"
RETRY_AFTER_S = 5

_STATUS: tuple[tuple[type[GatewayError], int], ...] = (
    (BadPayload, 422),
    (KeyReused, 422),
    (Unreadable, 400),
    (NotAuthorized, 401),
    (NotFound, 404),
    (Conflict, 409),
    (StoreFull, 507),
    (StoreError, 503),
)

_HEADERS = {
    401: {"WWW-Authenticate": 'Bearer realm="device", Basic realm="device"'},
    429: {"Retry-After": str(RETRY_AFTER_S)},
    503: {"Retry-After": str(RETRY_AFTER_S)},
    507: {"Retry-After": str(RETRY_AFTER_S)},
}

_TITLES = {
    "bad-payload": "The meeting cannot be accepted",
    "idempotency-key-reused": "The Idempotency-Key belongs to another call",
    "unreadable": "The call cannot be read",
    "not-found": "There is no such meeting",
    "conflict": "The meeting was cancelled",
    "not-authorized": "The device is not known or its key is wrong",
    "store-full": "The gateway's disk is full",
    "store-unavailable": "The gateway cannot store the meeting now",
    "too-large": "The call is too large",
    "too-slow": "The call took too long to arrive",
    "internal": "The gateway failed",
    "device-paused": "The device is paused",
    "not-started": "The gateway did not start completely",
    "too-many-calls": "The device makes too many calls",
    "no-api-key": "An API key is needed",
    "wrong-api-key": "The API key does not count",
    "scope-missing": "The API key may not read this",
    "too-many-wrong-keys": "Too many wrong API keys",
    "https-only": "API keys count over https only",
    "too-many-streams": "Too many streams are open",
    "dialect-not-spoken": "This device's profile does not speak this way",
}


class HttpProblem(GatewayError):
    """A refusal that has a meaning on HTTP only; see `problem` for the fields.

    Handlers raise it where no other error says what a caller has to hear.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status
        self.errors = errors
        self.headers = headers


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Iterable[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a problem document: `code` is stable, `detail` a sentence with the remedy, `errors` names fields."""
    body: dict[str, object] = {
        "type": f"about:blank#{code}",
        "title": _TITLES.get(code) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": item.field, "reason": item.reason} for item in errors],
    }
    return web.Response(
        status=status,
        body=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        content_type=PROBLEM_TYPE,
        headers={"Server": SERVER, "Cache-Control": "no-store", **(headers or {})},
    )


def from_error(error: GatewayError) -> web.Response:
    """Return the answer to a call that ended in one of our own errors."""
    return problem(status_of(error), error.code, str(error), errors=blamed(error), headers=headers_of(error))


def headers_of(error: GatewayError) -> Mapping[str, str]:
    """Return the headers that belong to one of our own errors, such as when to try again."""
    if isinstance(error, HttpProblem) and error.headers is not None:
        return error.headers
    return _HEADERS.get(status_of(error), {})


def status_of(error: GatewayError) -> int:
    """Return the HTTP status of one of our own errors."""
    if isinstance(error, HttpProblem):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def blamed(error: GatewayError) -> Sequence[FieldProblem]:
    """Return the fields, or places of the call, that one of our own errors is about."""
    if isinstance(error, BadPayload):
        return error.problems
    if isinstance(error, Unreadable):
        return [error.problem]
    if isinstance(error, HttpProblem):
        return error.errors
    places: tuple[tuple[type[GatewayError], str], ...] = (
        (KeyReused, "Idempotency-Key"),
        (NotAuthorized, "Authorization"),
        (Conflict, "external_id"),
        (NotFound, "external_id"),
    )
    return [FieldProblem(place, str(error)) for kind, place in places if isinstance(error, kind)]
