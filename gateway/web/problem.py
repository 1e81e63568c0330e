"""How an error looks on HTTP: status, RFC 9457 problem JSON, Retry-After; what went wrong is decided elsewhere."""

from __future__ import annotations

import json
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
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> web.Response:
    """Return a problem document: `code` is stable, `detail` a sentence with the remedy, `errors` names fields."""
    body: dict[str, object] = {
        "type": f"about:blank#{code}",
        "title": _TITLES.get(code) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": item.field, "reason": item.reason} for item in errors or []],
    }
    return web.Response(
        status=status,
        body=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        content_type=PROBLEM_TYPE,
        headers={"Server": SERVER, "Cache-Control": "no-store", **(headers or {})},
    )


def from_error(error: GatewayError) -> web.Response:
    """Return the answer to a call that ended in one of our own errors."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = _HEADERS.get(status)
    errors: list[FieldProblem] = []
    if isinstance(error, BadPayload):
        errors = error.problems
    elif isinstance(error, Unreadable):
        errors = [error.problem]
    elif isinstance(error, KeyReused):
        errors = [FieldProblem("Idempotency-Key", str(error))]
    elif isinstance(error, NotAuthorized):
        errors = [FieldProblem("Authorization", str(error))]
    elif isinstance(error, Conflict | NotFound):
        errors = [FieldProblem("external_id", str(error))]
    return problem(status, error.code, str(error), errors=errors, headers=headers)
