"""Who there is at the simulated Google: accounts, OAuth clients, and the codes and tokens they were given."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

ClientKind = Literal["installed", "web"]
Publishing = Literal["production", "testing", "internal"]

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

ROLES = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
"""What an account may do in a calendar, from nothing to everything."""

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
    has_calendar: bool = True
    """Without it every Calendar call is 403 `notACalendarUser`."""
    is_service: bool = False
    """A service account acting for itself: no guests, no Meet."""
    tells_colleagues: bool = True
    """Accounts of the same organisation see when its main calendar is busy."""
    unlisted: set[str] = field(default_factory=set)
    """Calendars it has access to but took out of its list."""
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What it changed in entries of its list: colours, own names, reminders."""
    listed_at: dict[str, int] = field(default_factory=dict)
    """When each entry of its list changed last, as a number of the state's counter."""

    @property
    def hosted_domain(self) -> str | None:
        """The Workspace domain, None for a gmail.com account."""
        domain = self.email.rpartition("@")[2]
        return None if domain == "gmail.com" else domain


@dataclass(slots=True, kw_only=True)
class Client:
    """An OAuth client of the one simulated Cloud project.

    `kind` is `installed` (Desktop app: any loopback redirect) or `web` (exactly the registered `redirect_uris`).
    `publishing` says who may use it: with `testing` refresh tokens die after seven days, and only `test_users` get in
    when there are any; with `internal` only accounts of the project's organisation do. `deleted` clients answer
    `deleted_client`; `trusted` ones are not blocked by the Workspace administrator; for clients that are not
    `verified` Google warns before the consent page.
    """

    client_id: str
    secret: str
    """The newest secret."""
    older_secret: str | None = None
    """A second secret that still works; Google keeps two at most."""
    kind: ClientKind = "installed"
    name: str = "Meeting gateway"
    redirect_uris: tuple[str, ...] = ()
    publishing: Publishing = "production"
    test_users: tuple[str, ...] = ()
    deleted: bool = False
    trusted: bool = True
    verified: bool = True

    def knows(self, secret: str) -> bool:
        """Whether this is one of its secrets."""
        known = [one for one in (self.secret, self.older_secret) if one is not None]
        return any(hmac.compare_digest(secret.encode(), one.encode()) for one in known)

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


_PRIVATE_ENDINGS = ("local", "lan", "home", "internal", "intranet", "corp", "localdomain")


def redirect_problem(uri: str) -> str | None:
    """What the console says against registering `uri` for a Web client (rules of "Manage OAuth clients"); or None."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "Invalid Redirect: must be a valid address."
    if parts.scheme not in ("http", "https") or not host:
        return "Invalid Redirect: must start with https:// or http:// and have a domain."
    if parts.fragment or parts.username or "*" in uri or ".." in parts.path or any(map(str.isspace, uri)):
        return "Invalid Redirect: must not contain a fragment, user information, wildcards, spaces or path traversal."
    if host in _LOOPBACK:
        return None
    if is_address(host) or "." not in host or host.rpartition(".")[2] in _PRIVATE_ENDINGS:
        return "Invalid Redirect: must end with a public top-level domain (such as .com or .org)."
    return None if parts.scheme == "https" else "Invalid Redirect: must use https unless the domain is localhost."


def is_address(host: str) -> bool:
    """Whether the host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


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
    ending: str | None = None
    """The outcome that waits for this code at the token endpoint, if any."""
    delay_s: float = 0.0
    """How late the tokens for it come."""


@dataclass(slots=True, kw_only=True)
class AccessToken:
    """A bearer token and what it opens."""

    token: str
    client_id: str
    account: str
    scopes: tuple[str, ...]
    expires_s: float
    revoked: bool = False
    charged_to: str | None = None
    """The service account whose quota its calls use up, None for the account itself."""


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
