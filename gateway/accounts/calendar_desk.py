"""What people ask of the calendars of an account: which there are, what is in them, one more; nothing is mirrored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway import messages
from gateway.accounts import checked
from gateway.accounts.checked import Checked
from gateway.accounts.in_use import InUse
from gateway.accounts.standing import told
from gateway.accounts.summary import command_for
from gateway.clock import Clock
from gateway.config import GoogleSection
from gateway.domain.outcome import Outcome
from gateway.errors import SignInError
from gateway.google.calendar_list import CalendarList
from gateway.google.calendars import Calendars, MadeCalendar
from gateway.google.failures import refusal
from gateway.google.scopes import PERMISSIONS, Feature, allows
from gateway.google.tokens import AccessTokens
from gateway.google.upcoming import Upcoming, UpcomingEvent
from gateway.google.wire import Wire
from gateway.store.accounts import AccountRow, AccountState

__all__ = ["CalendarDesk", "MadeCalendar", "UpcomingEvent"]

LONGEST_NAME = 100
MOST_DAYS = 366
_DAY_S = 86_400

Met = Callable[[AccountRow, Outcome | None], Awaitable[None]]


class CalendarDesk:
    """Asks Google with one account at a time; `met` hears what that was met with, None for an answer."""

    def __init__(self, *, wire: Wire, google: GoogleSection, clock: Clock, met: Met) -> None:
        self._wire = wire
        self._google = google
        self._endpoint = google.endpoints.calendar
        self._clock = clock
        self._met = met

    async def check(self, used: InUse | None, *, to_read: bool = False) -> Checked:
        """Look at Google: is the API on, which calendars are there, does the clock agree.

        With `to_read` calendars that can only be read are listed too. What an admin had to mend counts as mended when
        this succeeds, and an authorization that Google refuses is lost.
        """
        if used is None:
            return Checked(problem=messages.text("G-215"))
        if used.tokens is None or used.row.state is AccountState.AUTHORIZATION_LOST:
            return Checked(problem=used.why or told(used.row))
        row, calendars = used.row, self._list(used.tokens)
        to_read = to_read or self._google.read_only
        listing = await calendars.find(row.scopes.split(), row.email, to_read=to_read)
        if listing.outcome is not None and listing.problem is not None:
            said = listing.problem  # the state of the account is told in the words of the look
            await self._met(row, replace(listing.outcome, code=said.code, text=str(said)))
        elif listing.calendars:
            await self._met(row, None)
        return checked.judge(listing)

    async def create(self, used: InUse | None, name: str, time_zone: str) -> MadeCalendar:
        """Make a calendar of this name (`calendars.insert`) in the account; `time_zone` is an IANA name.

        Raises SignInError: G-529 for a name that is none, G-522 when the permission is missing, G-528 when nothing may
        be written, and for what Google has against it. When the answer was lost it may be there all the same.
        """
        name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
        if not 0 < len(name) <= LONGEST_NAME:
            raise refusal("G-529", field="name")
        if self._google.read_only:
            raise refusal("G-528")
        row, tokens = self._callable(used)
        if not allows(row.scopes.split(), Feature.CREATE):
            raise _no_permission(row)
        made = await self._calendars(tokens).create(name, time_zone)
        if isinstance(made, Outcome):
            if made.code == "G-403":  # only this permission is missing
                raise _no_permission(row)
            raise await self._failed(row, made)
        await self._met(row, None)
        return made

    async def upcoming(self, used: InUse | None, calendar_id: str, days: int) -> tuple[UpcomingEvent, ...]:
        """Return what is in a calendar from now on for `days` (1 to 366), soonest first. Raises SignInError."""
        row, tokens = self._callable(used)
        now_s = self._clock.now_ms() // 1000
        to_s = now_s + min(max(days, 1), MOST_DAYS) * _DAY_S
        found = await self._upcoming(tokens).events(calendar_id, from_s=now_s, to_s=to_s)
        if isinstance(found, Outcome):
            failed = await self._failed(row, found)
            raise refusal("G-507", name=calendar_id, email=row.email) if failed.code == "G-507" else failed
        await self._met(row, None)
        return found

    async def _failed(self, row: AccountRow, outcome: Outcome) -> SignInError:
        await self._met(row, outcome)
        code = outcome.code or "G-412"
        return SignInError(code, outcome.text or str(messages.text(code)), values=outcome.values)

    def _callable(self, used: InUse | None) -> tuple[AccountRow, AccessTokens]:
        if used is None:
            raise refusal("G-215")
        if used.tokens is None or used.row.state is AccountState.AUTHORIZATION_LOST:
            message = used.why or told(used.row)
            raise SignInError(message.code, str(message), values={"email": used.row.email})
        return used.row, used.tokens

    def _list(self, tokens: AccessTokens) -> CalendarList:
        return CalendarList(wire=self._wire, endpoint=self._endpoint, tokens=tokens, clock=self._clock)

    def _calendars(self, tokens: AccessTokens) -> Calendars:
        return Calendars(wire=self._wire, endpoint=self._endpoint, tokens=tokens, clock=self._clock)

    def _upcoming(self, tokens: AccessTokens) -> Upcoming:
        return Upcoming(wire=self._wire, endpoint=self._endpoint, tokens=tokens, clock=self._clock)


def _no_permission(row: AccountRow) -> SignInError:
    shown = PERMISSIONS[Feature.CREATE].shown
    command = command_for(row, Feature.CREATE)
    return refusal("G-522", feature=shown[:1].upper() + shown[1:], email=row.email, command=command)
