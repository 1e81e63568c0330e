"""The way of every request to Google's own paths: recorded, hit by a fault or not, carried out, answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulator.google import breaking, catalogue
from simulator.google.consent_pages import trouble_page
from simulator.google.errors import OAuthError
from simulator.google.faults import Effect, Hit, Rule, Target
from simulator.google.state import GoogleState, RequestRecord
from simulator.google.wire import HTML_TYPE, Call, Logic, Reply, html_reply, json_reply

_SECRET_FIELDS = frozenset(
    {"client_secret", "code", "code_verifier", "refresh_token", "token", "access_token", "oauth_token", "assertion"}
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
            hit = self._state.faults.pick(self._target(call), self._state.minter.random)
            if hit is None:
                reply, skew_s = _carry_out(call, record, logic), 0.0
            else:
                record.fault, skew_s = hit.number, hit.skew_s
                reply = await self._hit(request, call, record, hit, logic)
            if reply.delay_s:
                await asyncio.sleep(reply.delay_s)
            record.status = reply.status
            return self._response(reply, skew_s)

        return handle

    def _target(self, call: Call) -> Target:
        """The request as fault rules see it."""
        state = self._state

        def account() -> str | None:
            found = state.access_tokens.get(call.bearer or "")
            return _signing_in(state, call) if found is None else found.account

        def calendar() -> str | None:
            asked = call.place.get("calendar_id")
            return account() if asked == "primary" else asked

        now_s = state.clock.now_s()
        return Target(
            operation=call.operation,
            method=call.method,
            path=call.path,
            now_s=now_s,
            account=account,
            calendar=calendar,
        )

    async def _hit(self, request: web.Request, call: Call, record: RequestRecord, hit: Hit, logic: Logic) -> Reply:
        """What adds up comes first, then the one ending."""
        if hit.overwrites:
            call = replace(call, collision_unseen=True)
        await asyncio.sleep(hit.late_s("before"))
        if hit.ending is None:
            reply = _carry_out(call, record, logic)
        else:
            reply = await self._faulty(request, call, record, hit.ending, logic)
        await asyncio.sleep(hit.late_s("after"))
        return reply

    def _response(self, reply: Reply, skew_s: float) -> web.Response:
        date = formatdate(self._state.clock.now_s() + self._state.clock.skew_s + skew_s, usegmt=True)
        headers = {"Server": "simulated-google", "Date": date, "Content-Type": reply.content_type, **reply.headers}
        if reply.status in (204, 304):
            del headers["Content-Type"]
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    async def _faulty(self, request: web.Request, call: Call, record: RequestRecord, rule: Rule, logic: Logic) -> Reply:
        effect = rule.effect
        commits = effect.when == "after" or effect.kind == "truncate"
        reply = _carry_out(call, record, logic) if commits else None
        late_s = effect.late_s(rule.random or self._state.minter.random)
        if late_s:
            await asyncio.sleep(late_s)
        if effect.kind == "reset":
            await breaking.reset(request)
        if effect.kind == "hang":
            await breaking.hang()
        if effect.kind == "truncate" and reply is not None:
            await breaking.truncate(request, reply)
        return _answer(call.operation, effect)

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


def _signing_in(state: GoogleState, call: Call) -> str | None:
    """Whose sign-in a request to the token endpoint is about."""
    if call.operation != "token":
        return None
    form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    found = state.refresh_tokens.get(form.get("refresh_token", "")) or state.codes.get(form.get("code", ""))
    return None if found is None else found.account


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
