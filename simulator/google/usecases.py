"""Everything a test may do to the simulated Google; events, calendars and the project have their own modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from simulator.google.authorize import AuthorizationEndpoint
from simulator.google.consent import SLOW_S, ConsentPlan, Decision
from simulator.google.event_verbs import EventVerbs
from simulator.google.fault_rules import BadRule
from simulator.google.faults import Rule
from simulator.google.identities import DEFAULT_CLIENT_ID, AccessToken, RefreshToken
from simulator.google.outcomes import OUTCOMES
from simulator.google.portal import Interception, effect
from simulator.google.project_verbs import CannotDo
from simulator.google.scopes import PREFIX, is_identity, settled
from simulator.google.state import GoogleState, fresh_state
from simulator.google.tokens import ACCESS_LIFETIME_S, TokenEndpoint

Expiring = Literal["access_tokens", "refresh_tokens", "sync_tokens", "codes"]
EXPIRING: tuple[Expiring, ...] = ("access_tokens", "refresh_tokens", "sync_tokens", "codes")

USUAL_SCOPES = (
    "openid",
    "email",
    PREFIX + "calendar.events.owned",
    PREFIX + "calendar.events.freebusy",
    PREFIX + "calendar.calendarlist.readonly",
)


class UseCases(EventVerbs):
    """The verbs. `calendar_id` is `primary` (the first account's main calendar) unless given."""

    def __init__(self, state: GoogleState, authorization: AuthorizationEndpoint, tokens: TokenEndpoint) -> None:
        super().__init__(state)
        self._authorization = authorization
        self._tokens = tokens

    def approve(self, url: str, account: str | None = None, untick: Sequence[str] = ()) -> str:
        """Walk the consent page of an authorization link without a browser; gives the whole redirect address.

        Every box but those of the scopes in `untick` is ticked, and the planned outcome applies. Raises
        `ConsentError` where Google would show an error page.
        """
        request = self._authorization.check(parse_qs(urlsplit(url).query, keep_blank_values=True))
        decision = self._authorization.everything(request, account)
        left = tuple(scope for scope in decision.scopes if is_identity(scope) or scope not in untick)
        return self._authorization.decide(request, Decision(allowed=True, account=decision.account, scopes=left))

    def set_consent(
        self,
        outcome: str | None,
        auto: bool = False,
        account: str | None = None,
        times: int | None = 1,
        delay_s: float = SLOW_S,
    ) -> None:
        """Plan what the next `times` sign-ins do (None: until changed); with `auto` without showing a page.

        `delay_s` is how late the token answer of the outcome `slow` comes.
        """
        if outcome is not None and outcome not in OUTCOMES:
            raise CannotDo(f"The outcome must be one of {', '.join(OUTCOMES)}.")
        if account is not None:
            self._account(account)
        self._state.consent = ConsentPlan(outcome=outcome, auto=auto, account=account, times=times, delay_s=delay_s)

    def issue_tokens(
        self, scopes: Sequence[str] = USUAL_SCOPES, account: str | None = None, client_id: str = DEFAULT_CLIENT_ID
    ) -> dict[str, str]:
        """Hand out an access and a refresh token without any sign-in, for tests that are not about signing in."""
        state, now_s = self._state, self._state.clock.now_s()
        email, granted = self._account(account).email, settled(scopes)
        access = AccessToken(
            token=state.minter.access_token(),
            client_id=client_id,
            account=email,
            scopes=granted,
            expires_s=now_s + ACCESS_LIFETIME_S,
        )
        refresh = RefreshToken(
            token=state.minter.refresh_token(), client_id=client_id, account=email, scopes=granted, last_used_s=now_s
        )
        state.access_tokens[access.token] = access
        state.refresh_tokens[refresh.token] = refresh
        state.granted.setdefault(email, set()).update(granted)
        return {"access_token": access.token, "refresh_token": refresh.token, "scope": " ".join(granted)}

    def revoke(self, account: str | None = None) -> None:
        """The person removes the application in the account's settings: all its tokens end, for the whole project."""
        self._tokens.revoke_account(self._account(account).email)

    def expire(self, what: Expiring) -> None:
        """Let every access token, refresh token, code or sync token there is run out now."""
        now_s = self._state.clock.now_s()
        if what == "access_tokens":
            for access in self._state.access_tokens.values():
                access.expires_s = min(access.expires_s, now_s)
        elif what == "refresh_tokens":
            for refresh in self._state.refresh_tokens.values():
                refresh.ends_s = now_s
        elif what == "codes":
            for code in self._state.codes.values():
                code.expires_s = min(code.expires_s, now_s)
        elif what == "sync_tokens":
            self._state.sync_epoch += 1
        else:
            raise CannotDo(f"'what' must be one of {', '.join(EXPIRING)}.")

    def expire_access_tokens(self) -> None:
        """An hour passes for every access token."""
        self.expire("access_tokens")

    def fault(self, do: Mapping[str, Any], **rule: Any) -> Rule:
        """Stack one fault rule on top; see docs/reference/simulated-google.md for `do`, `match`, `times`, `after`."""
        return self.faults([{**rule, "do": dict(do)}])[0]

    def faults(self, rules: Sequence[Any]) -> list[Rule]:
        """Stack several fault rules, of which the first is asked first; raises `BadRule` and takes none then."""
        return self._state.faults.add(rules, self._state.clock.now_s())

    def intercept(self, by: Interception, operation: str | None = None, times: int | None = None) -> Rule:
        """Let somebody else answer instead of Google: a guest network's page, a redirect to it, or a proxy (407)."""
        match = {} if operation is None else {"operation": operation}
        try:
            return self.fault(effect(by, self._state.base), match=match, times=times)
        except BadRule as error:
            raise CannotDo("; ".join(error.problems)) from None

    def clear_faults(self) -> None:
        """Take every fault rule away."""
        self._state.faults.clear()

    def set_clock(
        self,
        now: datetime | None = None,
        advance_s: float | None = None,
        real: bool = False,
        stopped: bool = False,
        skew_s: float | None = None,
    ) -> None:
        """Set the time (aware), move it, or go back to the machine's; `skew_s` sets only the `Date` header off."""
        clock = self._state.clock
        if real:
            clock.follow_machine()
        if now is not None:
            clock.set(now, stopped=stopped)
        if advance_s is not None:
            clock.advance(advance_s)
        if skew_s is not None:
            clock.skew_s = skew_s

    def reset(self) -> None:
        """Forget everything and begin anew, at the same address and with the first account.

        Numbers go on, so that nothing handed out before (etags, sync tokens) is taken for something new.
        """
        old = self._state
        first = next(iter(old.accounts))
        new = fresh_state(account=first, time_zone=old.calendars[first].time_zone, minter=old.minter)
        new.base, new.sync_epoch = old.base, old.sync_epoch + 1
        new.counter, new.last_write_us, new.request_count = old.counter, old.last_write_us, old.request_count
        for field in fields(GoogleState):
            setattr(old, field.name, getattr(new, field.name))
