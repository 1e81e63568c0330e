"""The way of every request to Google's own paths: recorded, hit by a fault or not, carried out, answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulator.google import breaking, catalogue
from simulator.google.consent_pages import trouble_page
from simulator.google.errors import OAuthError
from simulator.google.faults import Effect
from simulator.google.state import GoogleState, RequestRecord
from simulator.google.wire import HTML_TYPE, Call, Logic, Reply, html_reply, json_reply

_SECRET_FIELDS = frozenset(
    {"client_secret", "code", "code_verifier", "refresh_token", "token", "access_token", "oauth_token"}
)
_SECRET_HEADERS = frozenset({"authorization", "cookie"})
_OAUTH_ERRORS = {400: "invalid_request", 401: "invalid_client", 403: "access_denied", 429: "rate_limit_exceeded"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Front:
    """Makes aiohttp handlers out of the rules of single operations."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def door(self, operation: str, logic: Logic) -> Handler:
        """The handler of one operation."""

        async def handle(request: web.Request) -> web.StreamResponse:
            call = await _read(request, operation)
            record = self._record(call)
            rule = self._state.faults.pick(operation, call.method, call.path, self._state.minter.random)
            if rule is None:
                reply = _carry_out(call, record, logic)
            else:
                record.fault = rule.number
                reply = await self._faulty(request, call, record, rule.effect, logic)
            if reply.delay_s:
                await asyncio.sleep(reply.delay_s)
            record.status = reply.status
            return self._response(reply)

        return handle

    def _response(self, reply: Reply) -> web.Response:
        date = formatdate(self._state.clock.now_s() + self._state.clock.skew_s, usegmt=True)
        headers = {"Server": "simulated-google", "Date": date, "Content-Type": reply.content_type, **reply.headers}
        if reply.status in (204, 304):
            del headers["Content-Type"]
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    async def _faulty(
        self, request: web.Request, call: Call, record: RequestRecord, effect: Effect, logic: Logic
    ) -> Reply:
        commits = effect.when == "after" or effect.kind == "truncate"
        reply = _carry_out(call, record, logic) if commits else None
        if effect.delay_s:
            await asyncio.sleep(effect.delay_s)
        if effect.kind == "delay" and reply is None:
            reply = _carry_out(call, record, logic)
        if effect.kind == "reset":
            await breaking.reset(request)
        if effect.kind == "hang":
            await breaking.hang()
        if effect.kind == "truncate" and reply is not None:
            await breaking.truncate(request, reply)
        return reply if effect.kind == "delay" and reply is not None else _answer(call.operation, effect)

    def _record(self, call: Call) -> RequestRecord:
        state = self._state
        state.request_count += 1
        record = RequestRecord(
            number=state.request_count,
            operation=call.operation,
            method=call.method,
            path=call.path,
            query={name: _masked(name, values) for name, values in call.query.items()},
            headers={name: value for name, value in call.headers.items() if name not in _SECRET_HEADERS},
            body=_readable(call),
            at=state.clock.now().isoformat(timespec="milliseconds"),
            arrived_s=time.monotonic(),
        )
        state.remember(record)
        return record


def _carry_out(call: Call, record: RequestRecord, logic: Logic) -> Reply:
    reply = logic(call)
    record.committed = reply.status < 400
    return reply


async def _read(request: web.Request, operation: str) -> Call:
    query: dict[str, list[str]] = {}
    for name, value in request.query.items():
        query.setdefault(name, []).append(value)
    return Call(
        operation=operation,
        method=request.method,
        path=request.path,
        place=request.match_info,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.read() if request.can_read_body else b"",
    )


def _masked(name: str, values: list[str]) -> list[str]:
    return ["***" for _ in values] if name in _SECRET_FIELDS else values


def _readable(call: Call) -> Any:
    """The body for the record: parsed JSON, the fields of a form without its secrets, else the text."""
    if not call.body:
        return None
    kind = call.headers.get("content-type", "")
    text = call.body.decode("utf-8", "replace")
    if kind.startswith("application/x-www-form-urlencoded"):
        return {name: _masked(name, [value])[0] for name, value in parse_qsl(text, keep_blank_values=True)}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _answer(operation: str, effect: Effect) -> Reply:
    """What a fault says instead of the truth, in the shape of the operation it hits."""
    if effect.has_body:
        return _given_body(effect)
    if operation in ("token", "revoke", "userinfo"):
        status = effect.status or 400
        error = effect.error or effect.reason or _OAUTH_ERRORS.get(status, "internal_failure")
        return json_reply(
            OAuthError(status, error, effect.error_description).body(), status=status, headers=effect.headers
        )
    if operation == "authorize":
        return html_reply(trouble_page(), status=effect.status or 500)
    refusal = catalogue.refusal(effect.status, effect.reason or effect.error)
    headers: Mapping[str, str] = {**refusal.headers, **effect.headers}
    return json_reply(refusal.body(), status=refusal.status, headers=headers)


def _given_body(effect: Effect) -> Reply:
    status, body = effect.status or 200, effect.body
    if isinstance(body, bytes):
        return Reply(status=status, body=body, headers=effect.headers)
    if isinstance(body, str):
        return Reply(status=status, body=body.encode(), content_type=HTML_TYPE, headers=effect.headers)
    return json_reply(body, status=status, headers=effect.headers)
