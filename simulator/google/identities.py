"""Who there is at the simulated Google: accounts, OAuth clients, and the codes and tokens they were given."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

ClientKind = Literal["installed", "web"]

DEFAULT_ACCOUNT = "arthur.morgan@mycompanyabc.com"
DEFAULT_CLIENT_ID = "sim-client.apps.googleusercontent.com"
DEFAULT_CLIENT_SECRET = "GOCSPX-simulated-secret"  # noqa: S105  (opens nothing but this simulator)
WEB_CLIENT_ID = "sim-web-client.apps.googleusercontent.com"
WEB_CLIENT_SECRET = "GOCSPX-simulated-web-secret"  # noqa: S105  (opens nothing but this simulator)
WEB_REDIRECT_URIS = (
    "http://127.0.0.1:8765/oauth/google/callback",
    "http://localhost:8765/oauth/google/callback",
    "https://gateway.example.com/oauth/google/callback",
)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True, kw_only=True)
class Account:
    """A person's Google account. `access` says which calendars it sees and in which role (`owner`, `writer`, …)."""

    email: str
    name: str
    sub: str
    access: dict[str, str] = field(default_factory=dict)
    needs_reauth: bool = False
    """Refreshing is refused with `invalid_rapt`, as Workspace session control does."""

    @property
    def hosted_domain(self) -> str | None:
        """The Workspace domain, None for a gmail.com account."""
        domain = self.email.rpartition("@")[2]
        return None if domain == "gmail.com" else domain


@dataclass(slots=True, kw_only=True)
class Client:
    """An OAuth client of the one simulated Cloud project.

    `kind` is `installed` (Desktop app: any loopback redirect) or `web` (exactly the registered `redirect_uris`).
    With `publishing="testing"` refresh tokens die after seven days. `deleted` clients answer `deleted_client`.
    """

    client_id: str
    secret: str
    kind: ClientKind = "installed"
    name: str = "Meeting gateway"
    redirect_uris: tuple[str, ...] = ()
    publishing: Literal["production", "testing"] = "production"
    deleted: bool = False

    def accepts_redirect(self, uri: str) -> bool:
        """Whether Google would send a code to `uri` (rules of "Using OAuth 2.0 for Web Server / Desktop Apps")."""
        if self.kind == "web":
            return uri in self.redirect_uris
        try:
            parts = urlsplit(uri)
            port_is_readable = parts.port is None or parts.port > 0
        except ValueError:
            return False
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.fragment and port_is_readable


def is_private_address(uri: str) -> bool:
    """Whether the redirect points at a LAN address, which Google refuses with a text of its own."""
    try:
        address = ipaddress.ip_address(urlsplit(uri).hostname or "")
    except ValueError:
        return False
    return address.is_private and not address.is_loopback


@dataclass(slots=True, kw_only=True)
class AuthorizationCode:
    """A code that was handed out on the consent page; it works once, for ten minutes."""

    code: str
    client_id: str
    redirect_uri: str
    account: str
    scopes: tuple[str, ...]
    challenge: str | None
    challenge_method: str
    gives_refresh_token: bool
    lifetime_s: float | None
    """Set when the person allowed access for a limited time only."""
    expires_s: float
    used: bool = False


@dataclass(slots=True, kw_only=True)
class AccessToken:
    """A bearer token and what it opens."""

    token: str
    client_id: str
    account: str
    scopes: tuple[str, ...]
    expires_s: float
    revoked: bool = False


@dataclass(slots=True, kw_only=True)
class RefreshToken:
    """A long-lived grant. `ends_s` is set for time-limited access and for clients in Testing."""

    token: str
    client_id: str
    account: str
    scopes: tuple[str, ...]
    last_used_s: float
    ends_s: float | None = None
    revoked: bool = False
