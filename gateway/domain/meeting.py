"""The one vocabulary: what a scheduled meeting is, whatever device said it; no device words, no calendar words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class Frequency(StrEnum):
    """How a series repeats (RFC 5545 FREQ)."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class Weekday(StrEnum):
    """A day of the week, in RFC 5545's two letters."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The rule of a series; never expanded on the way to a calendar.

    `until_utc_s` (inclusive, seconds since 1970) and `count` exclude each other; neither means without end.
    `weekdays` is empty unless the device named days other than the first occurrence's own.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until_utc_s: int | None = None
    weekdays: tuple[Weekday, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitee:
    """Somebody invited: by extension, by e-mail address, or both; at least one is set."""

    extension: str | None = None
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How people get into a meeting: a SIP URI to dial, a telephone number with its pauses, an `https` address."""

    sip_uri: str | None = None
    dial_in: str | None = None
    web_link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A meeting as a device scheduled it.

    `start_local` and `end_local` are wall-clock times without tzinfo in `zone`, an IANA name; `start_utc_s` and
    `end_utc_s` are the same instants in seconds since 1970 (of the first occurrence, for a series). `zone_text` is
    what the device sent for the zone, kept beside the resolved name. An `all_day` meeting starts at 00:00 of its first
    day and ends at 00:00 of the day after its last, both in `zone`. `join` is what the device itself said about getting
    in, `meet` whether the meeting gets a conference of the calendar's own; None leaves both to what was set for the
    device. `password` and `host_password` are secrets: they are left out of `repr` and sealed before they reach a disk.
    """

    external_id: str
    subject: str
    start_local: datetime
    end_local: datetime
    zone: str
    start_utc_s: int
    end_utc_s: int
    zone_text: str | None = None
    repeat: Repeat | None = None
    agenda: str = ""
    host: Invitee | None = None
    invitees: tuple[Invitee, ...] = ()
    room: str | None = None
    public_room: bool = False
    password: str | None = field(default=None, repr=False)
    host_password: str | None = field(default=None, repr=False)
    reminder_minutes: int | None = None
    allow_user_invite: bool = False
    call_participants: bool = False
    override_host_mute: bool = False
    auto_record: str = "none"
    sync_to_calendar: bool = True
    sequence: int | None = None
    all_day: bool = False
    join: Join | None = None
    meet: bool | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Make a meeting of its fields by name, at a tenth of the usual cost: a frozen class sets them one by one.

        All that have no default must be there.
        """
        meeting = cls.__new__(cls)
        meeting.__dict__.update(values)
        return meeting


class Invitations(StrEnum):
    """Who invites the guests of a device's meetings.

    `DEVICE`: guests are attendees, Google mails nobody, because the PBX mails its own invitations. `GOOGLE`: Google
    mails them. `OFF`: no attendees at all.
    """

    DEVICE = "device"
    GOOGLE = "google"
    OFF = "off"
