"""The token, revoke and userinfo endpoints' rules; how they travel over HTTP is elsewhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from simulator.google.errors import OAuthError
from simulator.google.identities import AccessToken, Account, AuthorizationCode, Client, RefreshToken
from simulator.google.minting import CODE_LENGTH
from simulator.google.scopes import is_identity, is_known, settled
from simulator.google.service_accounts import JWT_BEARER, ServiceGrant
from simulator.google.state import GoogleState

ACCESS_LIFETIME_S = 3599.0
TESTING_LIFETIME_S = 7 * 86400.0
UNUSED_LIFETIME_S = 183 * 86400.0
TOKENS_PER_ACCOUNT = 100
"""Refresh tokens per account and client; one more silently ends the oldest."""

_REFUSALS: Mapping[str | None, tuple[int, str, str]] = {
    "token_unavailable": (503, "internal_failure", "Backend Error"),
    "unauthorized_client": (401, "unauthorized_client", "Unauthorized"),
    "redirect_changed": (400, "redirect_uri_mismatch", "Bad Request"),
}
"""What the token endpoint says to a code whose sign-in was planned to end so; the code stays unused."""

_CODE = re.compile(rf"4/0A[A-Za-z0-9_-]{{{CODE_LENGTH - 4}}}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class TokenEndpoint:
    """Turns codes and refresh tokens into access tokens, and takes them away again."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state
        self._service = ServiceGrant(state)

    def token(self, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> dict[str, Any]:
        """Answer a form sent to the token endpoint; `basic` are client id and secret of an Authorization header."""
        grant = form.get("grant_type")
        if not grant:
            raise _invalid_request("Missing required parameter: grant_type")
        if grant == JWT_BEARER:
            return self._service.token(form)
        if grant not in ("authorization_code", "refresh_token"):
            raise OAuthError(400, "unsupported_grant_type", f"Invalid grant_type: {grant}")
        client = self._client(form, basic)
        return self._exchange(client, form) if grant == "authorization_code" else self._refresh(client, form)

    def _client(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> Client:
        client_id, secret = basic or (form.get("client_id"), form.get("client_secret"))
        if not client_id:
            raise _invalid_request("Could not determine client ID from request.")
        client = self._state.clients.get(client_id)
        if client is None:
            raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
        if client.deleted:
            raise OAuthError(401, "deleted_client", "The OAuth client was deleted.")
        if not secret:
            raise _invalid_request("client_secret is missing.")
        if not client.knows(secret):
            raise OAuthError(401, "invalid_client", self._state.settings.wrong_secret)
        return client

    def _exchange(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._code(client, form)
        if "redirect_uri" not in form:
            raise _invalid_request("Missing parameter: redirect_uri")
        if form["redirect_uri"] != code.redirect_uri:
            raise OAuthError(400, "redirect_uri_mismatch", "Bad Request")
        _check_verifier(code, form.get("code_verifier"))
        if code.ending in _REFUSALS:
            raise OAuthError(*_REFUSALS[code.ending])
        if code.ending == "wrong_secret":
            raise OAuthError(401, "invalid_client", self._state.settings.wrong_secret)
        code.used = True
        answer = self._access(client, code.account, code.scopes)
        if code.gives_refresh_token:
            refresh = self._refresh_token(client, code)
            answer["refresh_token"] = refresh.token
            self._add_end(answer, refresh)
        return answer

    def _code(self, client: Client, form: Mapping[str, str]) -> AuthorizationCode:
        given = form.get("code")
        if not given:
            raise _invalid_request("Missing required parameter: code")
        if not _CODE.fullmatch(given):
            raise _invalid_grant("Malformed auth code.")
        code = self._state.codes.get(given)
        unusable = code is None or code.used or code.expires_s <= self._state.clock.now_s()
        if code is None or unusable or code.client_id != client.client_id:
            raise _invalid_grant("Bad Request")
        return code

    def _refresh_token(self, client: Client, code: AuthorizationCode) -> RefreshToken:
        now_s = self._state.clock.now_s()
        lifetime_s = code.lifetime_s
        if lifetime_s is None and client.publishing == "testing" and not all(map(is_identity, code.scopes)):
            lifetime_s = TESTING_LIFETIME_S
        refresh = RefreshToken(
            token=self._state.minter.refresh_token(),
            client_id=client.client_id,
            account=code.account,
            scopes=code.scopes,
            last_used_s=now_s,
            ends_s=None if lifetime_s is None else now_s + lifetime_s,
        )
        self._state.refresh_tokens[refresh.token] = refresh
        alive = [
            token
            for token in self._state.refresh_tokens.values()
            if (token.client_id, token.account, token.revoked) == (client.client_id, code.account, False)
        ]
        for oldest in alive[:-TOKENS_PER_ACCOUNT]:
            oldest.revoked = True
        return refresh

    def _refresh(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        given = form.get("refresh_token")
        if not given:
            raise _invalid_request("Missing required parameter: refresh_token")
        refresh = self._state.refresh_tokens.get(given)
        if refresh is None:
            raise _invalid_grant("Bad Request")
        if refresh.client_id != client.client_id:
            raise OAuthError(401, "unauthorized_client", "Unauthorized")
        now_s = self._state.clock.now_s()
        ended = refresh.ends_s is not None and refresh.ends_s <= now_s
        if refresh.revoked or ended or now_s - refresh.last_used_s > UNUSED_LIFETIME_S:
            raise _invalid_grant("Token has been expired or revoked.")
        if self._state.accounts[refresh.account].needs_reauth:
            raise OAuthError(400, "invalid_grant", "reauth related error (invalid_rapt)", error_subtype="invalid_rapt")
        scopes = self._narrowed(refresh, form.get("scope"))
        refresh.last_used_s = now_s
        answer = self._access(client, refresh.account, scopes)
        self._add_end(answer, refresh)
        return answer

    def _narrowed(self, refresh: RefreshToken, asked: str | None) -> tuple[str, ...]:
        if not asked:
            return refresh.scopes
        names = asked.split()
        if not all(map(is_known, names)) or not set(settled(names)) <= {*refresh.scopes, "openid"}:
            raise OAuthError(400, "invalid_scope", "Bad Request")
        return tuple(scope for scope in settled(names) if scope in refresh.scopes)

    def _access(self, client: Client, email: str, scopes: tuple[str, ...]) -> dict[str, Any]:
        now_s = self._state.clock.now_s()
        access = AccessToken(
            token=self._state.minter.access_token(),
            client_id=client.client_id,
            account=email,
            scopes=scopes,
            expires_s=now_s + ACCESS_LIFETIME_S,
        )
        self._state.access_tokens[access.token] = access
        answer: dict[str, Any] = {
            "access_token": access.token,
            "expires_in": int(ACCESS_LIFETIME_S),
            "scope": " ".join(scopes),
            "token_type": "Bearer",
        }
        if "openid" in scopes:
            answer["id_token"] = _id_token(self._state.accounts[email], client, scopes, now_s)
        return answer

    def _add_end(self, answer: dict[str, Any], refresh: RefreshToken) -> None:
        if refresh.ends_s is not None:
            answer["refresh_token_expires_in"] = max(0, int(refresh.ends_s - self._state.clock.now_s()) - 1)

    def revoke(self, given: str | None) -> None:
        """Take away everything the account behind this token allowed the project, for every client of the project."""
        if not given:
            raise _invalid_request("Missing required parameter: token")
        found = self._state.refresh_tokens.get(given) or self._state.access_tokens.get(given)
        if found is None or found.revoked:
            raise OAuthError(400, "invalid_token", "Token expired or revoked")
        self.revoke_account(found.account)

    def revoke_account(self, email: str) -> None:
        """The same, as when the person removes the application in the account's security settings."""
        tokens: list[AccessToken | RefreshToken] = [*self._state.refresh_tokens.values()]
        for token in [*tokens, *self._state.access_tokens.values()]:
            if token.account == email:
                token.revoked = True
        self._state.granted.pop(email, None)

    def bearer(self, token: str | None) -> AccessToken | None:
        """The access token behind a bearer value, None when it opens nothing (any more)."""
        found = self._state.access_tokens.get(token or "")
        if found is None or found.revoked or found.expires_s <= self._state.clock.now_s():
            return None
        return found

    def userinfo(self, token: str | None) -> dict[str, Any]:
        """Who the token's account is, as far as its scopes tell."""
        access = self.bearer(token)
        if access is None:
            raise OAuthError(401, "invalid_request", "Invalid Credentials")
        if not any(map(is_identity, access.scopes)):
            raise OAuthError(403, "insufficient_scope", "Request had insufficient authentication scopes.")
        return _claims(self._state.accounts[access.account], access.scopes)


def _invalid_request(description: str) -> OAuthError:
    return OAuthError(400, "invalid_request", description)


def _invalid_grant(description: str) -> OAuthError:
    return OAuthError(400, "invalid_grant", description)


def _check_verifier(code: AuthorizationCode, verifier: str | None) -> None:
    """PKCE (RFC 7636), with the texts Google answers."""
    if code.challenge is None:
        if verifier:
            raise _invalid_grant("code_verifier or verifier is not needed.")
        return
    if not verifier:
        raise _invalid_grant("Missing code verifier.")
    derived = verifier
    if code.challenge_method == "S256":
        derived = _base64url(hashlib.sha256(verifier.encode()).digest())
    if not _VERIFIER.fullmatch(verifier) or derived != code.challenge:
        raise _invalid_grant("Invalid code verifier.")


def _claims(account: Account, scopes: tuple[str, ...]) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": account.sub}
    if any(scope.endswith("userinfo.profile") for scope in scopes):
        given, _, family = account.name.partition(" ")
        claims |= {"name": account.name, "given_name": given} | ({"family_name": family} if family else {})
    if any(scope.endswith("userinfo.email") for scope in scopes):
        claims |= {"email": account.email, "email_verified": True}
    if account.hosted_domain is not None:
        claims["hd"] = account.hosted_domain
    return claims


def _id_token(account: Account, client: Client, scopes: tuple[str, ...], now_s: float) -> str:
    """A JWT of the right shape; it is signed with the client secret (HS256), not with a key of Google's."""
    header = {"alg": "HS256", "kid": "simulated", "typ": "JWT"}
    claims = {
        "iss": "https://accounts.google.com",
        "azp": client.client_id,
        "aud": client.client_id,
        **_claims(account, scopes),
        "iat": int(now_s),
        "exp": int(now_s) + 3600,
    }
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(client.secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(signature)}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
