"""Service accounts and their grant (RFC 7523): keys, delegation, tokens; the grants of people are in `tokens`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.google.errors import OAuthError
from simulator.google.identities import AccessToken
from simulator.google.scopes import is_known, settled

if TYPE_CHECKING:
    from simulator.google.state import GoogleState

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PROJECT_ID = "simulated-meeting-rooms"
LONGEST_LIFE_S = 3600
CLOCK_LEEWAY_S = 300
"""How far a caller's clock may be off before its assertions are refused."""
ACCESS_LIFETIME_S = 3599.0
_KEY_BITS = 2048

_TIMEFRAME = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
    "values in the JWT claim."
)
_UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
    "scopes requested."
)


@dataclass(slots=True, kw_only=True)
class ServiceAccount:
    """A service account: `unique_id` is the client id that an administrator delegates to.

    `keys` are its public keys (PEM) by id; private ones are handed out once and not kept. `delegated` are the scopes
    with which it may act for everybody of the organisation.
    """

    email: str
    unique_id: str
    keys: dict[str, str] = field(default_factory=dict)
    delegated: tuple[str, ...] = ()
    deleted: bool = False


def new_key(account: ServiceAccount, key_id: str, base: str) -> dict[str, str]:
    """Give an account another key; gives the credentials file with the private part, which is kept nowhere else."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    account.keys[key_id] = public.decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": PROJECT_ID,
        "private_key_id": key_id,
        "private_key": private.decode(),
        "client_email": account.email,
        "client_id": account.unique_id,
        "auth_uri": base + "/o/oauth2/v2/auth",
        "token_uri": base + "/token",
        "auth_provider_x509_cert_url": base + "/oauth2/v1/certs",
        "client_x509_cert_url": f"{base}/robot/v1/metadata/x509/{account.email.replace('@', '%40')}",
        "universe_domain": "googleapis.com",
    }


def address(name: str) -> str:
    """The e-mail address of a service account of the one simulated project."""
    return f"{name}@{PROJECT_ID}.iam.gserviceaccount.com"


class ServiceGrant:
    """Turns signed assertions into access tokens."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer an assertion; raises Google's refusal of it."""
        account, claims = self._verified(form.get("assertion", ""))
        self._check_times(claims)
        if claims.get("aud") not in (self._state.base + "/token", "https://oauth2.googleapis.com/token"):
            raise _invalid_grant("Invalid JWT: Failed audience check. The right audience is the token endpoint.")
        scopes = _scopes(claims)
        person = claims.get("sub") or account.email
        if person != account.email:
            self._check_delegated(account, person, scopes)
        elif account.email not in self._state.accounts:
            self._state.add_account(account.email, name=account.email, time_zone="UTC", is_service=True)
        access = AccessToken(
            token=self._state.minter.access_token(),
            client_id=account.unique_id,
            account=person,
            scopes=scopes,
            expires_s=self._state.clock.now_s() + ACCESS_LIFETIME_S,
            charged_to=account.email,
        )
        self._state.access_tokens[access.token] = access
        return {"access_token": access.token, "expires_in": int(ACCESS_LIFETIME_S), "token_type": "Bearer"}

    def _verified(self, assertion: str) -> tuple[ServiceAccount, dict[str, Any]]:
        """Whose assertion it is and what it says."""
        if not assertion:
            raise OAuthError(400, "invalid_request", "Missing required parameter: assertion")
        parts = assertion.split(".")
        header, claims = (_part(part) for part in parts[:2]) if len(parts) == 3 else (None, None)
        if header is None or claims is None:
            raise _invalid_grant("Invalid JWT: Failed to decode the assertion.")
        account = self._state.service_accounts.get(str(claims.get("iss")))
        if account is None or account.deleted:
            raise _invalid_grant("Invalid grant: account not found")
        public = account.keys.get(str(header.get("kid")))
        if header.get("alg") != "RS256" or public is None or not _is_signed(parts, public):
            raise _invalid_grant("Invalid JWT Signature.")
        return account, claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        issued_s, ends_s, now_s = claims.get("iat"), claims.get("exp"), self._state.clock.now_s()
        if not isinstance(issued_s, int | float) or not isinstance(ends_s, int | float):
            raise _invalid_grant("Invalid JWT: iat and exp are required.")
        is_timely = issued_s - CLOCK_LEEWAY_S <= now_s < ends_s + CLOCK_LEEWAY_S
        if not is_timely or not 0 < ends_s - issued_s <= LONGEST_LIFE_S:
            raise _invalid_grant(_TIMEFRAME)

    def _check_delegated(self, account: ServiceAccount, person: str, scopes: tuple[str, ...]) -> None:
        """Acting for somebody needs a delegation of every single scope, and somebody of the organisation."""
        domain = person.rpartition("@")[2]
        if domain != self._state.organisation or not set(scopes) <= set(account.delegated):
            raise OAuthError(401, "unauthorized_client", _UNAUTHORIZED)
        if person not in self._state.accounts:
            raise _invalid_grant("Invalid email or User ID")


def _scopes(claims: Mapping[str, Any]) -> tuple[str, ...]:
    names = str(claims.get("scope") or "").split()
    if not names:
        raise OAuthError(400, "invalid_scope", "Empty or missing scope not allowed.")
    if not all(map(is_known, names)):
        raise OAuthError(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return settled(names)


def _part(text: str) -> dict[str, Any] | None:
    """A header or the claims of an assertion, None when they cannot be read."""
    try:
        document = json.loads(_decoded(text))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_signed(parts: list[str], public: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_public_key(public.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        signature = _decoded(parts[2])
        key.verify(signature, ".".join(parts[:2]).encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _invalid_grant(description: str) -> OAuthError:
    return OAuthError(400, "invalid_grant", description)
