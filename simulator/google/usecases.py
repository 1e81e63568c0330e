"""What people and circumstances do to the simulated Google; who and what there is in its project: `project_verbs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from simulator.google.authorize import AuthorizationEndpoint
from simulator.google.calendars import Calendar
from simulator.google.consent import SLOW_S, ConsentPlan, Decision
from simulator.google.event_json import rendered
from simulator.google.faults import BadRule, Rule
from simulator.google.identities import DEFAULT_CLIENT_ID, AccessToken, RefreshToken
from simulator.google.outcomes import OUTCOMES
from simulator.google.portal import Interception, effect
from simulator.google.project_verbs import CannotDo, ProjectVerbs
from simulator.google.scopes import PREFIX, is_identity, settled
from simulator.google.state import GoogleState, fresh_state
from simulator.google.tokens import ACCESS_LIFETIME_S, TokenEndpoint
from simulator.google.writing import EventWriter

Expiring = Literal["access_tokens", "refresh_tokens", "sync_tokens", "codes"]
EXPIRING: tuple[Expiring, ...] = ("access_tokens", "refresh_tokens", "sync_tokens", "codes")
ROLES = ("owner", "writer", "reader", "freeBusyReader")
RESPONSES = ("needsAction", "declined", "tentative", "accepted")

USUAL_SCOPES = (
    "openid",
    "email",
    PREFIX + "calendar.events.owned",
    PREFIX + "calendar.events.freebusy",
    PREFIX + "calendar.calendarlist.readonly",
)


class UseCases(ProjectVerbs):
    """The verbs. `calendar_id` is `primary` (the first account's main calendar) unless given."""

    def __init__(self, state: GoogleState, authorization: AuthorizationEndpoint, tokens: TokenEndpoint) -> None:
        super().__init__(state)
        self._authorization = authorization
        self._tokens = tokens
        self._writer = EventWriter(state)

    def create_event(self, body: Mapping[str, Any], calendar_id: str = "primary") -> dict[str, Any]:
        """A person makes an event; gives it as the API answers it. Raises `ApiError` when it breaks a rule."""
        calendar = self._calendar(calendar_id)
        event = self._writer.insert(calendar, body, {}, by=calendar.owner)
        return rendered(event, calendar, self._state.base)

    def edit_event(self, event_id: str, changes: Mapping[str, Any], calendar_id: str = "primary") -> dict[str, Any]:
        """A person changes an event: `changes` are laid over it as by PATCH."""
        calendar = self._calendar(calendar_id)
        event = self._writer.patch(calendar, event_id, changes, {})
        return rendered(event, calendar, self._state.base)

    def delete_event(self, event_id: str, calendar_id: str = "primary") -> None:
        """A person deletes an event (or one occurrence, by its own id); it stays behind as cancelled."""
        self._writer.delete(self._calendar(calendar_id), event_id, {})

    def burn_event(self, event_id: str, calendar_id: str = "primary") -> None:
        """Make the id vanish and stay burned: 404 when asked for, 409 when inserted. The event need not exist."""
        calendar = self._calendar(calendar_id)
        calendar.events.pop(event_id, None)
        calendar.burned.add(event_id)

    def reply(
        self, event_id: str, email: str, response: str, comment: str | None = None, calendar_id: str = "primary"
    ) -> None:
        """A guest answers an invitation: `accepted`, `declined`, `tentative` or `needsAction`."""
        calendar = self._calendar(calendar_id)
        event = calendar.events.get(event_id)
        guests = [dict(guest) for guest in event.fields.get("attendees", ())] if event else []
        answering = [guest for guest in guests if guest["email"].lower() == email.lower()]
        if not answering or response not in RESPONSES:
            raise CannotDo(f"Nobody with the address {email} is a guest of {event_id}, or the response is not known.")
        answering[0] |= {"responseStatus": response, **({} if comment is None else {"comment": comment})}
        self._writer.patch(calendar, event_id, {"attendees": guests}, {})

    def add_calendar(
        self,
        summary: str,
        account: str | None = None,
        calendar_id: str | None = None,
        time_zone: str = "Europe/Berlin",
        role: str = "owner",
    ) -> Calendar:
        """A secondary calendar the account sees in the given role; with another role than owner somebody else's."""
        person = self._account(account)
        calendar = Calendar(
            calendar_id=calendar_id or self._state.minter.calendar_id(),
            summary=summary,
            owner=person.email if role == "owner" else "somebody.else@example.com",
            time_zone=time_zone,
        )
        self._state.calendars[calendar.calendar_id] = calendar
        person.access[calendar.calendar_id] = self._role(role)
        return calendar

    def set_access(self, calendar_id: str, role: str | None, account: str | None = None) -> None:
        """Share a calendar with an account in another role, or not at all (None: it answers 404)."""
        person, calendar = self._account(account), self._calendar(calendar_id)
        if role is None:
            person.access.pop(calendar.calendar_id, None)
        else:
            person.access[calendar.calendar_id] = self._role(role)

    def delete_calendar(self, calendar_id: str) -> None:
        """A calendar goes away with all its events."""
        calendar = self._calendar(calendar_id)
        del self._state.calendars[calendar.calendar_id]
        for account in self._state.accounts.values():
            account.access.pop(calendar.calendar_id, None)

    def set_time_zone(self, time_zone: str, calendar_id: str = "primary") -> None:
        """Change the zone in which a calendar answers."""
        self._calendar(calendar_id).time_zone = time_zone

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
        return self._state.faults.add([{**rule, "do": dict(do)}])[0]

    def faults(self, rules: Sequence[Mapping[str, Any]]) -> list[Rule]:
        """Stack several fault rules, of which the first is asked first."""
        return self._state.faults.add(rules)

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

    def _calendar(self, calendar_id: str) -> Calendar:
        try:
            return self._state.calendar(calendar_id)
        except KeyError:
            raise CannotDo(f"There is no calendar {calendar_id}.") from None

    def _role(self, role: str) -> str:
        if role not in ROLES:
            raise CannotDo(f"The role must be one of {', '.join(ROLES)}.")
        return role
