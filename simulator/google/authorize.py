"""The authorization endpoint's rules: is the request right, where does the answer go; pages are elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from simulator.google.consent import TIME_LIMIT_S, AuthorizationRequest, Decision, PendingConsent
from simulator.google.errors import ConsentError
from simulator.google.identities import AuthorizationCode, Client, is_private_address
from simulator.google.outcomes import OUTCOMES
from simulator.google.scopes import is_identity, is_known, settled, written
from simulator.google.state import GoogleState

CODE_LIFETIME_S = 600.0
CUT_OFF = 10
"""How many characters the code of `cut_code` lacks."""

_CHALLENGE = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_PROMPTS = frozenset({"none", "consent", "select_account"})


class AuthorizationEndpoint:
    """Checks requests, carries out what the person decides, and says where the browser goes next."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def check(self, query: Mapping[str, list[str]]) -> AuthorizationRequest:
        """The request in `query` (all values of each parameter); raises `ConsentError` as Google's page says it."""
        for name, values in query.items():
            if len(values) > 1:
                raise _invalid(f"OAuth 2 parameters can only have a single value: {name}")
        given = {name: values[0] for name, values in query.items() if values[0]}
        client = self._client(given)
        redirect_uri = self._redirect(client, given)
        _check_response_type(given)
        prompt = frozenset(given.get("prompt", "").split())
        if not prompt <= _PROMPTS or ("none" in prompt and len(prompt) > 1):
            raise _invalid(f"Invalid parameter value for prompt: Invalid prompt: {given['prompt']}")
        if given.get("access_type", "online") not in ("online", "offline"):
            raise _invalid(f"Invalid parameter value for access_type: {given['access_type']}")
        challenge, method = _challenge(given)
        return AuthorizationRequest(
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            scopes=_scopes(given),
            state=given.get("state"),
            offline=given.get("access_type") == "offline",
            prompt=prompt,
            challenge=challenge,
            challenge_method=method,
            login_hint=given.get("login_hint"),
        )

    def begin(self, request: AuthorizationRequest, query: str = "", *, warned: bool = False) -> str:
        """Remember a page that is shown; the key goes into its form."""
        key = self._state.minter.opaque()
        self._state.pending[key] = PendingConsent(request=request, query=query, warned=warned)
        return key

    def pending(self, key: str) -> PendingConsent:
        """The page behind a form that came back."""
        found = self._state.pending.pop(key, None)
        if found is None:
            raise _invalid("This page was answered already or has expired. Start again at the application.")
        return found

    def warns(self, request: AuthorizationRequest) -> bool:
        """Whether Google says first that it has not verified the application."""
        client = self._state.clients[request.client_id]
        return self._state.consent.outcome == "unverified" or not (client.verified or client.publishing == "internal")

    def automatic(self, request: AuthorizationRequest) -> str | None:
        """Where the browser goes when no page is to be shown (`auto` consent, `prompt=none`), else None."""
        if self._state.consent.auto:
            return self.decide(request, self.everything(request))
        if "none" not in request.prompt:
            return None
        decision = self.everything(request)
        if set(decision.scopes) <= self._state.granted.get(decision.account, set()):
            return self.decide(request, decision)
        return _back(request, {"error": "interaction_required"})

    def everything(self, request: AuthorizationRequest, account: str | None = None) -> Decision:
        """The decision of a person who allows all that was asked for."""
        chosen = account or self._state.consent.account or self._hinted(request)
        return Decision(allowed=True, account=chosen, scopes=settled(request.scopes))

    def decide(self, request: AuthorizationRequest, decision: Decision) -> str:
        """Carry out a decision, as changed by the planned outcome; gives the address the browser is sent to."""
        plan = self._state.consent
        outcome = decision.outcome or plan.outcome or "allow"
        delay_s = plan.delay_s if decision.delay_s is None else decision.delay_s
        plan.spend()
        if decision.account not in self._state.accounts:
            raise _invalid(f"Couldn't find your Google Account: {decision.account}")
        self._end(request, outcome)
        back = OUTCOMES[outcome].back or (None if decision.allowed else "access_denied")
        if back is not None:
            return _back(request, {"error": back})
        account, scopes = decision.account, decision.scopes
        if outcome == "wrong_account":
            account = self._another(account)
        if outcome == "untick_calendar":
            scopes = tuple(scope for scope in scopes if is_identity(scope))
        self._let_in(request, account)
        self._spoil_calendar(account, outcome)
        return self._allow(request, account, scopes, outcome, delay_s)

    def _end(self, request: AuthorizationRequest, outcome: str) -> None:
        """Raise Google's page for an outcome that has one."""
        said = OUTCOMES[outcome].page
        if said is None:
            return
        app = self._state.clients[request.client_id].name
        words = {"app": app, "redirect": request.redirect_uri, "scope": request.scopes[-1]}
        raise ConsentError(said.status, said.error, said.text.format(**words), title=said.title.format(**words))

    def _let_in(self, request: AuthorizationRequest, account: str) -> None:
        """Raise Google's page for an account that may not use the client as it is set up."""
        client, person = self._state.clients[request.client_id], self._state.accounts[account]
        domain, ours = person.hosted_domain, self._state.organisation
        if client.publishing == "internal" and (domain is None or domain != ours):
            self._end(request, "org_internal")
        if client.publishing == "testing" and client.test_users and account not in client.test_users:
            self._end(request, "test_user_blocked")
        if not client.trusted and domain is not None:
            self._end(request, "admin_policy")

    def _spoil_calendar(self, account: str, outcome: str) -> None:
        person = self._state.accounts[account]
        if outcome == "api_off":
            self._state.settings.api_enabled = False
        if outcome == "no_calendar":
            person.has_calendar = False
        if outcome == "read_only":
            person.access = dict.fromkeys(person.access, "reader")

    def _allow(
        self, request: AuthorizationRequest, account: str, scopes: tuple[str, ...], outcome: str, delay_s: float
    ) -> str:
        state = self._state
        client = state.clients[request.client_id]
        first = not set(scopes) <= state.granted.get(account, set())
        lasting = client.kind == "installed" or request.offline
        wanted = lasting and (first or "consent" in request.prompt)
        state.granted.setdefault(account, set()).update(scopes)
        code = AuthorizationCode(
            code=state.minter.code(),
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            account=account,
            scopes=scopes,
            challenge=request.challenge,
            challenge_method=request.challenge_method,
            gives_refresh_token=wanted and outcome != "no_refresh_token",
            lifetime_s=TIME_LIMIT_S if outcome == "time_limited" else None,
            expires_s=state.clock.now_s() + CODE_LIFETIME_S,
            used=outcome == "spent_code",
            ending=outcome if OUTCOMES[outcome].group == "token" else None,
            delay_s=delay_s if outcome == "slow" else 0.0,
        )
        state.codes[code.code] = code
        return self._handed_out(request, code, outcome)

    def _handed_out(self, request: AuthorizationRequest, code: AuthorizationCode, outcome: str) -> str:
        """The address that carries the code."""
        shown = code.code[:-CUT_OFF] if outcome == "cut_code" else code.code
        answer = {"code": shown, "scope": " ".join(code.scopes), "authuser": "0"}
        domain = self._state.accounts[code.account].hosted_domain
        if outcome == "tampered_state":
            request = replace(request, state=self._state.minter.opaque())
        return _back(request, {**answer, **({"hd": domain} if domain else {}), "prompt": "consent"})

    def _hinted(self, request: AuthorizationRequest) -> str:
        for account in self._state.accounts.values():
            if request.login_hint in (account.email, account.sub):
                return account.email
        return next(iter(self._state.accounts))

    def _another(self, account: str) -> str:
        others = [email for email in self._state.accounts if email != account]
        return others[0] if others else self._state.add_account("someone.else@example.com").email

    def _client(self, given: Mapping[str, str]) -> Client:
        if "client_id" not in given:
            raise _invalid("Missing required parameter: client_id")
        client = self._state.clients.get(given["client_id"])
        if client is None:
            raise ConsentError(401, "invalid_client", "The OAuth client was not found.")
        if client.deleted:
            raise ConsentError(401, "deleted_client", "The OAuth client was deleted.")
        return client

    def _redirect(self, client: Client, given: Mapping[str, str]) -> str:
        uri = given.get("redirect_uri")
        if uri is None:
            raise _invalid("Missing required parameter: redirect_uri")
        if client.accepts_redirect(uri):
            return uri
        kind = "private_address" if is_private_address(uri) else "mismatch"
        said = OUTCOMES["invalid_request" if uri.startswith("urn:ietf:wg:oauth:2.0:oob") else kind].page
        if said is None:
            raise AssertionError("these outcomes have pages")
        raise ConsentError(said.status, said.error, said.text.format(redirect=uri), title=said.title)


def _invalid(description: str) -> ConsentError:
    return ConsentError(400, "invalid_request", description)


def _check_response_type(given: Mapping[str, str]) -> None:
    response_type = given.get("response_type")
    if response_type is None:
        raise _invalid("Required parameter is missing: response_type")
    if response_type != "code":
        raise ConsentError(400, "unsupported_response_type", f"Invalid response_type: {response_type}")


def _scopes(given: Mapping[str, str]) -> tuple[str, ...]:
    asked = given.get("scope", "").split()
    if not asked:
        raise _invalid("Missing required parameter: scope")
    return tuple(asked) if all(map(is_known, asked)) else _refuse_scopes(asked)


def _refuse_scopes(asked: Iterable[str]) -> tuple[str, ...]:
    valid = [scope for scope in asked if is_known(scope)]
    invalid = [scope for scope in asked if not is_known(scope)]
    listed = f"{{valid=[{', '.join(map(written, valid))}], invalid=[{', '.join(invalid)}]}}"
    raise ConsentError(400, "invalid_scope", f"Some requested scopes were invalid. {listed}")


def _challenge(given: Mapping[str, str]) -> tuple[str | None, str]:
    challenge = given.get("code_challenge")
    method = given.get("code_challenge_method", "plain")
    if challenge is None:
        if "code_challenge_method" in given:
            raise _invalid("Missing required parameter: code_challenge")
        return None, method
    if method not in ("plain", "S256"):
        raise _invalid(f"Invalid parameter value for code_challenge_method: {method}")
    if not _CHALLENGE.fullmatch(challenge):
        raise _invalid("Invalid parameter value for code_challenge")
    return challenge, method


def _back(request: AuthorizationRequest, answer: Mapping[str, str]) -> str:
    """The redirect address with the answer in its query; `state` comes back exactly as it was sent."""
    fields = {**({} if request.state is None else {"state": request.state}), **answer}
    joint = "&" if urlsplit(request.redirect_uri).query else "?"
    return f"{request.redirect_uri}{joint}{urlencode(fields, safe='/:')}"
