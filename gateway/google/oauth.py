"""Google's side of a sign-in: the consent address, the exchange of a code, who signed in, revoke; nothing is kept."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard
from urllib.parse import quote, urlencode

from gateway.google.failures import client_refusal, refusal, sign_in_error, sign_in_silence
from gateway.google.scopes import Feature, allows
from gateway.google.wire import NoAnswer, Wire, json_object

if TYPE_CHECKING:
    from gateway.config import GoogleEndpoints, Secret

CONSENT_HOST = "accounts.google.com"
ISSUER = f"https://{CONSENT_HOST}"
"""Who sends the code (`iss` of the redirect, RFC 9207)."""

_NO_CODE = "4/0"
"""Has the beginning of a code and nothing else: no code that Google ever gave, and no secret."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the token endpoint gave for a code; instants are ms UTC, None when Google named none."""

    access_token: str = field(repr=False)
    expires_at_ms: int | None
    refresh_token: str = field(repr=False)
    access_ends_at_ms: int | None
    scopes: tuple[str, ...]
    id_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who signed in. `subject` never changes for an account, `email` may; `verified` is Google's word on `email`."""

    subject: str
    email: str
    verified: bool


def new_state() -> str:
    """Return a fresh `state`: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_verifier() -> str:
    """Return a fresh PKCE verifier of 86 characters (RFC 7636 section 4.1)."""
    return secrets.token_urlsafe(64)


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def consent_url(
    endpoint: str, *, client_id: str, redirect_uri: str, state: str, verifier: str, scopes: Sequence[str]
) -> str:
    """Return the address that a person opens in a browser.

    `access_type=offline` and `prompt=consent` together make Google give a refresh token every time; without the
    second it comes only at the first consent (OAuth 2.0 for web server applications). `include_granted_scopes` is not
    sent: it is not for installed applications, and would bring in what other clients of the project were granted.
    """
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
        },
        quote_via=quote,
    )
    return f"{endpoint}?{query}"


class OAuth:
    """Calls to the OAuth endpoints of the configuration, and to no others, for one client."""

    def __init__(self, *, wire: Wire, endpoints: GoogleEndpoints, client_id: str, client_secret: Secret) -> None:
        self._wire = wire
        self._endpoints = endpoints
        self._client_id = client_id
        self._client_secret = client_secret

    async def exchange(
        self, code: str, *, verifier: str, redirect_uri: str, asked: Sequence[str], least: Feature, now_ms: int
    ) -> Tokens:
        """Trade a code for tokens; `asked` are the scopes of the link.

        Raises SignInError, also when what was granted is not enough for the feature `least`.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        try:
            answer = await self._wire.call("POST", self._endpoints.token, headers=_FORM, body=urlencode(form).encode())
        except NoAnswer as silence:
            raise sign_in_silence(silence) from silence
        given = json_object(answer.body) if answer.status == 200 else None
        if given is None:
            raise sign_in_error(answer, redirect_uri=redirect_uri, now_s=now_ms / 1000)
        return _tokens(given, asked, least, now_ms)

    async def identity(self, tokens: Tokens) -> Identity:
        """Return whose tokens these are, from the id_token, or from the userinfo endpoint without a usable one.

        The id_token's signature is not checked: it came straight from the token endpoint (OpenID Connect Core
        section 3.1.3.7). Raises SignInError.
        """
        claims = _claims(tokens.id_token)
        if claims.get("aud") == self._client_id and (found := _identity(claims)):
            return found
        try:
            answer = await self._wire.call(
                "GET", self._endpoints.userinfo, headers={"Authorization": f"Bearer {tokens.access_token}"}
            )
        except NoAnswer as silence:
            raise sign_in_silence(silence) from silence
        found = _identity(json_object(answer.body) or {}) if answer.status == 200 else None
        if found is None:
            raise refusal("G-312" if answer.status >= 500 else "G-412")
        return found


async def preflight(
    wire: Wire, endpoints: GoogleEndpoints, *, client_id: str, client_secret: Secret, now_ms: int
) -> None:
    """Ask the token endpoint about a client without anybody signing in; return when ID and secret belong together.

    It is sent a code that is none. Google looks at the client first: `invalid_grant` ("Malformed auth code.") or
    `redirect_uri_mismatch` come only after ID and secret were right. Raises SignInError with its `field`: G-306 and
    G-307 (the ID), G-104 and G-405 (the secret), G-406 (the type of the client), or why there was no usable answer.
    """
    form = {
        "grant_type": "authorization_code",
        "code": _NO_CODE,
        "client_id": client_id,
        "client_secret": client_secret.reveal(),
        "redirect_uri": "http://127.0.0.1/",
        "code_verifier": new_verifier(),
    }
    try:
        answer = await wire.call("POST", endpoints.token, headers=_FORM, body=urlencode(form).encode())
    except NoAnswer as silence:
        raise sign_in_silence(silence) from silence
    refused = client_refusal(answer, now_s=now_ms / 1000)
    if refused is not None:
        raise refused


async def revoke(wire: Wire, endpoints: GoogleEndpoints, token: str) -> bool:
    """End a token and its grant at Google; False when that could not be done now.

    This ends the access of every client of the same Google project (OAuth 2.0 for installed applications).
    """
    try:
        answer = await wire.call("POST", endpoints.revoke, headers=_FORM, body=urlencode({"token": token}).encode())
    except NoAnswer:
        return False
    # 400 with invalid_token: it was no longer valid, which is what was wanted.
    said = json_object(answer.body) or {}
    return answer.status == 200 or (answer.status == 400 and said.get("error") == "invalid_token")


def _tokens(given: dict[str, object], asked: Sequence[str], least: Feature, now_ms: int) -> Tokens:
    access, refresh, id_token = given.get("access_token"), given.get("refresh_token"), given.get("id_token")
    if not _is_token(access):
        raise refusal("G-412")
    scope = given.get("scope")
    # Left out means "as asked for" (RFC 6749 section 5.1).
    scopes = tuple(scope.split()) if isinstance(scope, str) else tuple(asked)
    if not allows(scopes, least):
        raise refusal("G-403")
    if not _is_token(refresh):
        raise refusal("G-404")
    return Tokens(
        access_token=access,
        expires_at_ms=_later(given.get("expires_in"), now_ms),
        refresh_token=refresh,
        access_ends_at_ms=_later(given.get("refresh_token_expires_in"), now_ms),
        scopes=scopes,
        id_token=id_token if isinstance(id_token, str) else None,
    )


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]{1,4096}", value) is not None


def _later(seconds: object, now_ms: int) -> int | None:
    if isinstance(seconds, str) and re.fullmatch(r"[0-9]{1,10}", seconds):
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds < 10**10:
        return None
    return now_ms + seconds * 1000


def _claims(id_token: str | None) -> dict[str, object]:
    parts = (id_token or "").split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except ValueError:
        return {}
    return json_object(payload) or {}


def _identity(claims: dict[str, object]) -> Identity | None:
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not isinstance(email, str) or not subject or not email:
        return None
    return Identity(subject=subject, email=email, verified=claims.get("email_verified") not in (False, "false"))
