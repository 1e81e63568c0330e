"""A service account that acts for a person of its Workspace: its key file, its tokens, what refusals of it mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway import messages
from gateway.domain.outcome import Outcome, Verdict
from gateway.google.failures import classify_token, refusal
from gateway.google.wire import Answer, json_object

if TYPE_CHECKING:
    from gateway.google.tokens import Bridge

LARGEST_FILE_BYTES = 64 * 1024
_PEM = re.compile(
    r"\s*-----BEGIN (RSA )?PRIVATE KEY-----\s[A-Za-z0-9+/=\s]{100,20000}-----END (RSA )?PRIVATE KEY-----\s*"
)
_LINE = re.compile(r"[!-~]{1,254}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey:
    """What a key file says. `client_id` is the numeric one that a Workspace administrator authorises."""

    client_email: str
    client_id: str
    project_id: str
    private_key_id: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impersonation:
    """A key, for whom it acts (`user`, an e-mail address), and with which scopes."""

    key: ServiceKey
    user: str
    scopes: tuple[str, ...]


class _Credentials(Protocol):
    """What is used of `google.oauth2.service_account.Credentials`, which has no types."""

    token: str | None
    expiry: datetime | None

    def refresh(self, request: Bridge) -> None: ...


def read_key(data: bytes) -> ServiceKey:
    """Read a key file in JSON as Google Cloud Console offers it. Raises SignInError G-530; the key is never quoted."""
    if len(data) > LARGEST_FILE_BYTES:
        raise refusal("G-530", field="file", reason="it is too large")
    said = json_object(data)
    if said is None:
        raise refusal("G-530", field="file", reason="it is not JSON")
    if said.get("type") != "service_account":
        raise refusal("G-530", field="file", reason='its "type" is not "service_account"')
    texts = {name: said.get(name) for name in ("client_email", "client_id", "private_key_id", "private_key")}
    missing = [name for name, value in texts.items() if not isinstance(value, str) or not value]
    if missing:
        raise refusal("G-530", field="file", reason=f"{', '.join(missing)} is missing in it")
    project = said.get("project_id")
    key = ServiceKey(project_id=project if isinstance(project, str) else "", **{k: str(v) for k, v in texts.items()})
    for name in ("client_email", "client_id", "private_key_id"):
        if not _LINE.fullmatch(getattr(key, name)):
            raise refusal("G-530", field="file", reason=f"{name} in it is not one word")
    if not _PEM.fullmatch(key.private_key):
        raise refusal("G-530", field="file", reason="its private_key is not a key in PEM form")
    return key


def check_key(key: ServiceKey) -> None:
    """Make sure that something can be signed with the key; blocks. Raises SignInError G-530, without the key."""
    from google.auth import crypt

    make: Callable[[str], object] = crypt.RSASigner.from_string
    try:
        make(key.private_key)
    except Exception:  # noqa: BLE001 - whatever the parsers raise; their texts may quote the key
        raise refusal("G-530", field="file", reason="its private_key is damaged") from None


def renewed(acting: Impersonation, endpoint: str, bridge: Bridge) -> tuple[str | None, datetime | None]:
    """Get an access token in a worker thread; google-auth's part for service accounts is imported here.

    Returns the token and when it ends (naive UTC, as google-auth has it). Raises what google-auth and `bridge` raise;
    ValueError for a key that is none.
    """
    from google.oauth2 import service_account

    key = acting.key
    info = {
        "client_email": key.client_email,
        "private_key": key.private_key,
        "private_key_id": key.private_key_id,
        "token_uri": endpoint,
    }
    make: Callable[..., _Credentials] = service_account.Credentials.from_service_account_info
    credentials = make(info, scopes=acting.scopes, subject=acting.user)
    credentials.refresh(bridge)
    return credentials.token, credentials.expiry


def classify(answer: Answer, acting: Impersonation, *, now_s: float) -> Outcome:
    """Return what a refusal of a signed request means (OAuth 2.0 for server to server applications, error codes)."""
    said = json_object(answer.body) or {}
    error, description = said.get("error"), str(said.get("error_description") or "").lower()
    if 400 <= answer.status < 500:
        if error in ("unauthorized_client", "access_denied", "invalid_scope"):
            return _needs_admin("G-531", client_id=acting.key.client_id, scopes=",".join(acting.scopes))
        if error == "invalid_grant":
            return _invalid_grant(description, acting)
        if error in ("invalid_client", "deleted_client", "disabled_client"):
            return _needs_admin("G-532", account=acting.key.client_email)
    return classify_token(answer, now_s=now_s)


def _invalid_grant(description: str, acting: Impersonation) -> Outcome:
    words = re.findall("[a-z]+", description)
    if "timeframe" in words or "iat" in words or "exp" in words:  # this machine's clock is off
        text = str(messages.text("N-05"))
        return Outcome(verdict=Verdict.LATER, code="N-05", text=text, whole_account=True)
    if "email" in words or "user" in words:
        return _needs_admin("G-533", user=acting.user)
    return _needs_admin("G-532", account=acting.key.client_email)  # the key or the service account is gone


def _needs_admin(code: str, **values: str) -> Outcome:
    text = str(messages.text(code, **values))
    return Outcome(verdict=Verdict.CONFIGURATION, code=code, text=text, whole_account=True, values=values)
