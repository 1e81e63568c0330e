"""The protocol of a calendar that meetings are mirrored into; Google is one of them, and no vendor is named here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from gateway.domain.meeting import Invitations, Join, Meeting
from gateway.domain.outcome import Outcome, RemoteEvent


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
    """

    meeting: Meeting
    invitations: Invitations
    fingerprint: str
    device_name: str
    join: Join = field(default_factory=Join)
    show_pins: bool = False


class CalendarTarget(Protocol):
    """One account's calendars. Every method answers with an `Outcome`; none raises for what the network does."""

    async def look(self, ref: EventRef) -> Outcome:
        """Fetch the event: DONE with `event`, or GONE (with `event` when it is there as cancelled)."""

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        """Create the event under `ref.remote_id`: DONE with `event`, EXISTS, IN_DOUBT, and the rest."""

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """Make `current` say `content`, keeping what guests and people added; CHANGED when it is no longer current."""

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        """Remove the event: DONE, or GONE when it was not there."""

    async def look_occurrence(self, ref: OccurrenceRef) -> Outcome:
        """Fetch one occurrence of a series, changed or as the rule has it: as `look`."""

    async def replace_occurrence(self, ref: OccurrenceRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """Make one occurrence say `content`, one that was cancelled too: as `replace`; the series stays as it is."""

    async def cancel_occurrence(self, ref: OccurrenceRef, current: RemoteEvent, invitations: Invitations) -> Outcome:
        """Cancel one occurrence: DONE, GONE when it was not there, CHANGED when `current` is no longer current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTarget:
    """A connected account and the calendars reached through it; `authorized_at` tells its sign-ins apart (ms UTC)."""

    account_id: int
    target: CalendarTarget
    authorized_at: int = 0


class TargetSource(Protocol):
    """Where the mirror gets the calendar to write to, and where it says that the account no longer works."""

    def current(self) -> AccountTarget | None:
        """The account to write with, or None while nobody is authorized (jobs then wait)."""

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """Remember durably that this account needs an admin; `current` answers None from now on.

        Nothing happens when somebody signed in again since: what a call with the old authorization met is not about
        the new one.
        """
