"""The protocol of a calendar that meetings are mirrored into; Google is one of them, and no vendor is named here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from gateway.domain.device import Transparency, Visibility
from gateway.domain.facts import EventFacts, Part
from gateway.domain.meeting import Invitations, Join, Meeting
from gateway.domain.outcome import Outcome, Remedy, RemoteEvent
from gateway.domain.reminders import Reminder
from gateway.domain.wording import Words

MAIN_CALENDAR = "primary"
"""An account's own calendar, whoever it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRef:
    """Which event, in which calendar.

    `remote_id` was chosen by the gateway and stored before the first call. `marks` are written onto the event so
    that it can be recognised as ours: `gateway` (installation id), `meeting` (internal id), `generation`.
    """

    calendar_id: str
    remote_id: str
    marks: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRef:
    """Which occurrence of which series: the one that the rule puts at `original_start_utc_s` (seconds since 1970).

    For a series of whole days, `original_day` is that day in the series' zone; None for all others.
    """

    series: EventRef
    original_start_utc_s: int
    original_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContent:
    """What the event shall say: the meeting, who invites its guests, how they get in, and the fingerprint of it all.

    `join` is filled in for this meeting (`domain.joining`); `show_pins` lets its password, never the host's, be told.
    `keep` are the parts that a replace leaves as the calendar has them. `meet_request` asks for a video conference
    under that fresh id; empty, none is asked for and one that is there stays. `room_address` is the calendar's own
    address of the room, invited as a resource. `remedies` are ways around what the calendar refused; `without` are the
    addresses (lower case) of guests that it does not take. `words` are None for the usual ones; `reminders` hold where
    the meeting names none, None leaves them to the calendar.
    """

    meeting: Meeting
    invitations: Invitations
    fingerprint: str
    device_name: str
    join: Join = field(default_factory=Join)
    show_pins: bool = False
    keep: frozenset[Part] = frozenset()
    meet: bool = False
    meet_request: str = ""
    transparency: Transparency = Transparency.OPAQUE
    visibility: Visibility = Visibility.DEFAULT
    room_address: str | None = None
    remedies: frozenset[Remedy] = frozenset()
    without: frozenset[str] = frozenset()
    words: Words | None = None
    reminders: tuple[Reminder, ...] | None = None


class CalendarTarget(Protocol):
    """One account's calendars. Every call answers with an `Outcome`; none raises for what the network does."""

    def facts(self, content: EventContent) -> EventFacts:
        """Return what the calendar would hold of it; no call is made."""

    async def look(self, ref: EventRef) -> Outcome:
        """Fetch the event: DONE with `event`, or GONE (with `event` when it is there as cancelled)."""

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        """Create the event under `ref.remote_id`: DONE with `event`, EXISTS, IN_DOUBT, and the rest."""

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """Make `current` say `content`, keeping what guests and people added; CHANGED when it is no longer current.

        `current.raw` may be empty when the event is known to be `plain`.
        """

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        """Remove the event: DONE, or GONE when it was not there."""

    async def look_occurrence(self, ref: OccurrenceRef) -> Outcome:
        """Fetch one occurrence of a series, changed or as the rule has it: as `look`."""

    async def replace_occurrence(self, ref: OccurrenceRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """Make one occurrence say `content`, one that was cancelled too: as `replace`; the series stays as it is."""

    async def cancel_occurrence(self, ref: OccurrenceRef, current: RemoteEvent, invitations: Invitations) -> Outcome:
        """Cancel one occurrence: DONE, GONE when it was not there, CHANGED when `current` is no longer current."""

    async def look_calendar(self, calendar_id: str) -> Outcome:
        """Ask whether the calendar itself is there: DONE without an event, CONFIGURATION when it cannot be seen.

        A calendar that cannot be seen answers for each of its events as if that were GONE.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTarget:
    """A connected account and the calendars reached through it; `authorized_at` tells its sign-ins apart (ms UTC).

    `project` names whose quota its calls count against, together with all accounts of the same project. Nothing is
    written with an account that is `read_only`.
    """

    account_id: int
    target: CalendarTarget
    authorized_at: int = 0
    email: str = ""
    project: str = ""
    read_only: bool = False

    def calendar(self, name: str) -> str:
        """Return the one name by which a calendar of this account is known, for its own calendar has two.

        That is `primary` and the account's address alike (Calendar API reference, `calendarId`).
        """
        return MAIN_CALENDAR if self.email and name.casefold() == self.email.casefold() else name


class TargetSource(Protocol):
    """Where the mirror gets the calendars to write to, and where it says that an account no longer works."""

    def usable(self) -> tuple[AccountTarget, ...]:
        """Every account that may be called now, the main one first; empty while nobody is authorized."""

    def account(self, account_id: int) -> AccountTarget | None:
        """The account of that row id if it may be called now."""

    def chosen(self, email: str | None) -> AccountTarget | None:
        """The account of that address, or with None the main one, if it may be called now (jobs wait otherwise)."""

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """Remember durably that this account needs an admin; it may not be called from now on.

        Nothing happens when somebody signed in again since: what a call with the old authorization met is not about
        the new one.
        """
