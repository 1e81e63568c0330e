"""The way of every call to the UCM's API: read, let in or not, hit by a fault or not, carried out, answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulator.google import breaking
from simulator.google.wire import Reply
from simulator.pbx.api.actions import Actions
from simulator.pbx.api.codes import Code, Refused, refusal
from simulator.pbx.api.faults import Rule
from simulator.pbx.api.listing import odd_form
from simulator.pbx.api.login import COOKIE_LIFE_S
from simulator.pbx.api.state import UcmState

JSON_TYPE = "application/json;charset=UTF-8"
SESSION_COOKIE = "session-identify"
"""Name of the web interface's cookie; not confirmed for every firmware."""

_HTML = b"<!DOCTYPE html><html><head><title>Login</title></head><body><div id='app'></div></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call as read: `cookie` is that of the body or, on the web interface's way, that of HTTP."""

    source: str
    action: str
    said: Mapping[str, Any]
    cookie: object


class Front:
    """The handlers of `/api` (JSON in an envelope) and `/cgi` (a form)."""

    def __init__(self, state: UcmState) -> None:
        self._state = state
        self._actions = Actions(state)

    async def api(self, request: web.Request) -> web.StreamResponse:
        """POST /api: `{"request": {"action": …}}`."""
        said = _envelope(await request.read())
        return await self._answer(request, said, said.get("cookie") if said else None)

    async def cgi(self, request: web.Request) -> web.StreamResponse:
        """POST /cgi: `action=…&…`, as the web interface calls."""
        text = (await request.read()).decode("utf-8", "replace")
        said = dict(parse_qsl(text, keep_blank_values=True))
        return await self._answer(request, said, said.get("cookie") or request.cookies.get(SESSION_COOKIE))

    async def _answer(self, request: web.Request, said: Mapping[str, Any] | None, cookie: object) -> web.StreamResponse:
        source = request.remote or "?"
        if self._state.switches.ban_drops and self._state.login.is_banned(source):
            await breaking.reset(request)
        action = said.get("action") if said is not None else None
        call = _Call(source=source, action=action if isinstance(action, str) else "", said=said or {}, cookie=cookie)
        rule = self._state.faults.pick(call.action)
        document = self._early(rule) if rule is not None and not rule.late else None
        if document is None:
            document = self._carried_out(call)
        else:
            self._state.record(source, call.action, call.said, document.get("status"), "a fault")
        wait_s = self._state.switches.slow_s + (rule.delay_s if rule is not None else 0.0)
        if wait_s:
            await asyncio.sleep(wait_s)
        return await self._sent(request, call, document, rule)

    def _early(self, rule: Rule) -> dict[str, Any] | None:
        """What is said instead of carrying out the call; None when the call still has its effect."""
        if rule.kind == "code":
            return refusal(rule.value)
        return {} if rule.kind in ("http", "html", "reset", "hang", "body") else None

    def _carried_out(self, call: _Call) -> dict[str, Any]:
        try:
            response = self._let_in(call)
        except Refused as error:
            self._state.record(call.source, call.action, call.said, error.code, error.why)
            return refusal(error.code)
        self._state.record(call.source, call.action, call.said, Code.OK)
        return {"response": response, "status": 0}

    def _let_in(self, call: _Call) -> dict[str, Any]:
        login = self._state.login
        login.admit(call.source, self._state.switches.hurry)
        if not call.action:
            raise Refused(Code.INVALID_PARAMETERS, "the call names no action")
        if call.action == "challenge":
            return {"challenge": login.challenge(call.source, call.said.get("user"))}
        if call.action == "login":
            return {"cookie": login.log_in(call.source, call.said.get("user"), call.said.get("token"))}
        login.check(call.cookie)
        return self._actions.run(call.action, call.said)

    async def _sent(
        self, request: web.Request, call: _Call, document: dict[str, Any], rule: Rule | None
    ) -> web.StreamResponse:
        kind = rule.kind if rule is not None else None
        if kind == "code" and rule is not None:
            document = refusal(rule.value)
        switches, is_list = self._state.switches, self._actions.is_list(call.action)
        if kind is None and is_list and document.get("status") == 0:
            kind = "cut" if switches.cut else switches.garbled or None
        if kind == "form":
            document = odd_form()
        if kind == "hang":
            await breaking.hang()
        if kind == "reset":
            await breaking.reset(request)
        body = json.dumps(document, ensure_ascii=False).encode()
        if kind == "cut":
            await breaking.truncate(request, Reply(body=body, content_type=JSON_TYPE))
        return self._response(kind, body, rule, document)

    def _response(self, kind: str | None, body: bytes, rule: Rule | None, document: Mapping[str, Any]) -> web.Response:
        if kind == "html":
            return web.Response(body=_HTML, content_type="text/html")
        if kind == "http" and rule is not None:
            return web.Response(status=rule.value, body=_HTML, content_type="text/html")
        if kind == "body" and rule is not None:
            body = str(rule.value).encode()
        if kind == "truncated":
            body = body[: len(body) // 2]
        response = web.Response(body=body, headers={"Content-Type": JSON_TYPE})
        cookie = document["response"].get("cookie") if isinstance(document.get("response"), dict) else None
        if isinstance(cookie, str):
            age_s = int(COOKIE_LIFE_S)
            response.set_cookie(SESSION_COOKIE, cookie, max_age=age_s, secure=True, httponly=True)
        return response


def _envelope(body: bytes) -> Mapping[str, Any] | None:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    said = read.get("request") if isinstance(read, dict) else None
    return said if isinstance(said, dict) else None
