"""The OAuth endpoints from request to answer; their rules are in `authorize` and `tokens`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlencode

from simulator.google.authorize import AuthorizationEndpoint
from simulator.google.consent import AuthorizationRequest, Decision
from simulator.google.consent_pages import consent_page, error_page, warning_page
from simulator.google.errors import ConsentError, OAuthError
from simulator.google.outcomes import OUTCOMES
from simulator.google.portal import PORTAL_PATH, guest_network_page
from simulator.google.scopes import is_identity, settled
from simulator.google.state import GoogleState
from simulator.google.tokens import TokenEndpoint
from simulator.google.wire import Call, Logic, Reply, html_reply, json_reply, redirect_reply


class OAuthApi:
    """One method per endpoint."""

    def __init__(self, state: GoogleState, authorization: AuthorizationEndpoint, tokens: TokenEndpoint) -> None:
        self._state = state
        self._authorization = authorization
        self._tokens = tokens

    def logics(self) -> Mapping[str, Logic]:
        """What carries out each operation."""
        return {
            "authorize": self._authorize,
            "token": self._token,
            "revoke": self._revoke,
            "userinfo": self._userinfo,
        }

    def _authorize(self, call: Call) -> Reply:
        if call.method == "POST":
            return self._answered(call)
        query = urlencode(call.query, doseq=True)
        try:
            request = self._authorization.check(call.query)
            address = self._authorization.automatic(request)
        except ConsentError as error:
            return html_reply(error_page(error, query), status=error.status)
        if address is not None:
            return redirect_reply(address)
        if self._authorization.warns(request):
            return self._warning(request, query)
        return self._consent(request, query)

    def _warning(self, request: AuthorizationRequest, query: str) -> Reply:
        key = self._authorization.begin(request, query)
        return html_reply(warning_page(key, self._state.clients[request.client_id]))

    def _consent(self, request: AuthorizationRequest, query: str) -> Reply:
        key = self._authorization.begin(request, query, warned=True)
        chosen = self._authorization.everything(request).account
        client = self._state.clients[request.client_id]
        accounts = self._state.accounts.values()
        return html_reply(consent_page(request, key, client, accounts, chosen, self._state.consent))

    def _answered(self, call: Call) -> Reply:
        """What a button of the warning or of the consent page leads to."""
        form = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
        query = ""
        try:
            page = self._authorization.pending(form.get("consent", [""])[0])
            query = page.query
            decision = _decision(page.request, form)
            if decision.outcome == "unverified":
                return self._warning(page.request, query)
            if not page.warned:
                if form.get("decision") == ["continue"]:
                    return self._consent(page.request, query)
                decision = replace(self._authorization.everything(page.request), allowed=False)
            return redirect_reply(self._authorization.decide(page.request, decision))
        except ConsentError as error:
            return html_reply(error_page(error, query), status=error.status)

    def _token(self, call: Call) -> Reply:
        try:
            form = _form(call)
            code = self._state.codes.get(form.get("code", ""))
            if code is not None and code.ending == "html_instead_of_json":
                return html_reply(guest_network_page())
            if code is not None and code.ending == "captive_portal":
                return redirect_reply(self._state.base + PORTAL_PATH)
            reply = _fresh(self._tokens.token(form, _basic(call)))
            return replace(reply, delay_s=0.0 if code is None else code.delay_s)
        except OAuthError as error:
            return json_reply(error.body(), status=error.status)

    def _revoke(self, call: Call) -> Reply:
        try:
            self._tokens.revoke(_form(call).get("token") or call.first("token"))
        except OAuthError as error:
            return json_reply(error.body(), status=error.status)
        return json_reply({})

    def _userinfo(self, call: Call) -> Reply:
        try:
            return json_reply(self._tokens.userinfo(call.bearer))
        except OAuthError as error:
            challenge = 'Bearer realm="https://accounts.google.com/", error=invalid_token'
            return json_reply(error.body(), status=error.status, headers={"WWW-Authenticate": challenge})


def _decision(request: AuthorizationRequest, form: Mapping[str, list[str]]) -> Decision:
    """What the person did: the account, the boxes, and the button."""
    outcome = form.get("outcome", [""])[0]
    seconds = form.get("delay_s", [""])[0]
    if outcome and (outcome not in OUTCOMES or not seconds.isdecimal()):
        raise ConsentError(400, "invalid_request", "There is no such button on this page.")
    ticked = set(form.get("scope", ()))
    return Decision(
        allowed=bool(outcome) or form.get("decision") == ["allow"],
        account=form.get("account", [""])[0],
        scopes=tuple(scope for scope in settled(request.scopes) if is_identity(scope) or scope in ticked),
        outcome=outcome or None,
        delay_s=float(seconds) if outcome else None,
    )


def _fresh(document: Mapping[str, object]) -> Reply:
    headers = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate", "Pragma": "no-cache"}
    return json_reply(document, headers=headers)


def _form(call: Call) -> dict[str, str]:
    """The form fields of a request; a repeated one is refused as RFC 6749 §3.2 says."""
    kind = call.headers.get("content-type", "application/x-www-form-urlencoded")
    if call.body and not kind.lower().startswith("application/x-www-form-urlencoded"):
        raise OAuthError(400, "invalid_request", "Bad Request")
    fields = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    for name, values in fields.items():
        if len(values) > 1:
            raise OAuthError(400, "invalid_request", f"OAuth 2 parameters can only have a single value: {name}")
    return {name: values[0] for name, values in fields.items()}


def _basic(call: Call) -> tuple[str, str] | None:
    """Client id and secret out of an `Authorization: Basic` header (RFC 6749 §2.3.1)."""
    scheme, _, packed = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(packed).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)
