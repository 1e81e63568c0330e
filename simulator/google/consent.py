"""What a sign-in asked for and what the person at the consent page shall do; the pages and the codes are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

OUTCOMES = {
    "allow": "everything is allowed",
    "deny": "Cancel is pressed: back to the application with error=access_denied",
    "untick_calendar": "allowed, with every Calendar box unticked",
    "wrong_account": "allowed, but with another account than the first one",
    "no_refresh_token": "allowed, but the token answer has no refresh token",
    "time_limited": "allowed for one hour: the token answer has refresh_token_expires_in",
    "server_error": "back to the application with error=server_error",
    "test_user_blocked": "Google's page says Error 403: access_denied (the account is not a test user)",
    "org_internal": "Google's page says Error 403: org_internal",
    "admin_policy": "Google's page says Error 400: admin_policy_enforced",
    "mismatch": "Google's page says Error 400: redirect_uri_mismatch",
    "deleted_client": "Google's page says Error 401: deleted_client",
}
"""What can happen on the consent page, by name."""

TIME_LIMIT_S = 3600.0
"""How long `time_limited` access lasts."""


@dataclass(slots=True, kw_only=True)
class ConsentPlan:
    """What the next sign-ins do by themselves.

    `outcome` overrides what the person presses; with `auto` no page is shown at all. `times` counts down the
    sign-ins it still holds for, None means until it is changed.
    """

    outcome: str | None = None
    auto: bool = False
    account: str | None = None
    times: int | None = 1

    def spend(self) -> None:
        """Count one finished sign-in."""
        if self.times is not None:
            self.times -= 1
            if self.times <= 0:
                self.outcome, self.auto, self.account, self.times = None, False, None, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A valid request to the authorization endpoint."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    offline: bool
    prompt: frozenset[str]
    challenge: str | None
    challenge_method: str
    login_hint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConsent:
    """A consent page that waits for its answer."""

    request: AuthorizationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the person did: allowed `scopes` for `account`, or refused."""

    allowed: bool
    account: str
    scopes: tuple[str, ...] = ()
