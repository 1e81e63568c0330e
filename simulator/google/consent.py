"""What a sign-in asked for and what the person at the consent page shall do; the pages and the codes are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

TIME_LIMIT_S = 3600.0
"""How long `time_limited` access lasts."""
SLOW_S = 10.0
"""How late the token answer of `slow` comes unless it is said."""


@dataclass(slots=True, kw_only=True)
class ConsentPlan:
    """What the next sign-ins do by themselves.

    `outcome` overrides Allow and Cancel; with `auto` no page is shown at all. `times` counts down the sign-ins it
    still holds for, None means until it is changed. `delay_s` is for the outcome `slow`.
    """

    outcome: str | None = None
    auto: bool = False
    account: str | None = None
    times: int | None = 1
    delay_s: float = SLOW_S

    def spend(self) -> None:
        """Count one finished sign-in."""
        if self.times is not None:
            self.times -= 1
            if self.times <= 0:
                self.outcome, self.auto, self.account, self.times = None, False, None, 1
                self.delay_s = SLOW_S


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
    """A page that waits for its answer: the consent page or, until `warned`, the warning before it.

    `query` is the request as it came, to begin anew.
    """

    request: AuthorizationRequest
    query: str = ""
    warned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the person did: allowed `scopes` for `account`, or refused.

    `outcome` is a button of the simulator's own list that was pressed instead; `delay_s` goes with `slow`.
    """

    allowed: bool
    account: str
    scopes: tuple[str, ...] = ()
    outcome: str | None = None
    delay_s: float | None = None
