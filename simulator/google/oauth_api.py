"""The OAuth endpoints from request to answer; their rules are in `authorize` and `tokens`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from simulator.google.authorize import AuthorizationEndpoint
from simulator.google.consent import AuthorizationRequest, Decision
from simulator.google.consent_pages import consent_page, error_page
from simulator.google.errors import ConsentError, OAuthError
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
        try:
            if call.method == "POST":
                return redirect_reply(self._answered(call))
            request = self._authorization.check(call.query)
            address = self._authorization.automatic(request)
            return self._consent(request) if address is None else redirect_reply(address)
        except ConsentError as error:
            return html_reply(error_page(error), status=error.status)

    def _consent(self, request: AuthorizationRequest) -> Reply:
        key = self._authorization.begin(request)
        chosen = self._authorization.everything(request).account
        client = self._state.clients[request.client_id]
        return html_reply(consent_page(request, key, client, self._state.accounts.values(), chosen))

    def _answered(self, call: Call) -> str:
        """Where the browser goes after a button of the consent page was pressed."""
        form = parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True)
        request = self._authorization.pending(form.get("consent", [""])[0])
        ticked = set(form.get("scope", ()))
        everything = settled(request.scopes)
        decision = Decision(
            allowed=form.get("decision", ["cancel"])[0] == "allow",
            account=form.get("account", [""])[0],
            scopes=tuple(scope for scope in everything if is_identity(scope) or scope in ticked),
        )
        return self._authorization.decide(request, decision)

    def _token(self, call: Call) -> Reply:
        try:
            return _fresh(self._tokens.token(_form(call), _basic(call)))
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
