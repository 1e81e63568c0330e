"""The calendar of an account for what an admin tries with it: what that meets is held against the account at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway import messages
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget, EventContent, EventRef


class WatchedCalendar:
    """Calls that no outbox makes; `lost` is told when one of them shows that the account needs an admin."""

    def __init__(self, account: AccountTarget, lost: Callable[[AccountTarget, Outcome], Awaitable[None]]) -> None:
        self._account = account
        self._lost = lost

    async def look(self, ref: EventRef) -> Outcome:
        """See `domain.target.CalendarTarget`."""
        return await self._met(await self._account.target.look(ref))

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        """See `domain.target.CalendarTarget`; REFUSED with G-528 where nothing may be written."""
        if self._account.read_only:
            return Outcome(verdict=Verdict.REFUSED, code="G-528", text=str(messages.text("G-528")))
        return await self._met(await self._account.target.insert(ref, content))

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        """See `domain.target.CalendarTarget`."""
        return await self._met(await self._account.target.delete(ref, invitations))

    async def _met(self, outcome: Outcome) -> Outcome:
        if outcome.whole_account and outcome.verdict in (Verdict.AUTHORIZATION, Verdict.CONFIGURATION):
            await self._lost(self._account, outcome)
        return outcome
