"""Which calendars a device can be given: those of its account that may be written to; which one it has is not here."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from gateway.accounts.accounts import Accounts
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.clock import Clock

LOOK_S = 2.0
"""So long does a page wait for Google, then it does without the list."""
FRESH_S = 600.0
AGAIN_S = 30.0
"""After a look that found nothing."""
MOST_ACCOUNTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Calendars as id and name, the account's main one first; none when Google does not tell.

    `usual` is the one that devices have which name none, in words for people.
    """

    usual: str
    calendars: tuple[tuple[str, str], ...]


class DeviceCalendars:
    """Asks Google when somebody looks, and remembers the answer for some minutes."""

    def __init__(self, *, accounts: Accounts, choice: CalendarChoice, clock: Clock) -> None:
        self._accounts = accounts
        self._choice = choice
        self._clock = clock
        self._found: OrderedDict[str, tuple[float, tuple[tuple[str, str], ...]]] = OrderedDict()

    async def of(self, email: str) -> Offered:
        """Return what can be chosen for a device of that account, "" for the main one."""
        usual = "" if email else self._choice.current().shown
        until_s, calendars = self._found.get(email, (0.0, ()))
        if self._clock.monotonic_s() >= until_s:
            calendars = await self._look(email)
            life_s = FRESH_S if calendars else AGAIN_S
            self._found.pop(email, None)
            while len(self._found) >= MOST_ACCOUNTS:
                self._found.popitem(last=False)
            self._found[email] = (self._clock.monotonic_s() + life_s, calendars)
        return Offered(usual=usual, calendars=calendars)

    async def _look(self, email: str) -> tuple[tuple[str, str], ...]:
        known = {each.email for each in self._accounts.statuses()}
        if not known or (email and email not in known):
            return ()
        try:
            async with asyncio.timeout(LOOK_S):
                found = await self._accounts.check(email or None)
        except TimeoutError:
            return ()
        return tuple((each.id, each.name) for each in found.calendars)
