"""What the gateway was told to do with a device's meetings; how a device talks is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.meeting import Invitations, Join
from gateway.domain.reminders import Reminder
from gateway.domain.wording import Words

NO_JOIN = Join()
"""Nothing is said about how to get in."""


class Wins(StrEnum):
    """Whose word counts when a person changes an event in the calendar.

    `DEVICE`: the event is put back. `CALENDAR`: the change is kept and the device is told. `ASK`: nothing is written
    to that event until an admin has decided.
    """

    DEVICE = "device"
    CALENDAR = "google"
    ASK = "ask"


class ConflictRule(StrEnum):
    """What becomes of a call whose time is taken: accepted, accepted with a warning, or refused."""

    ALLOW = "allow"
    WARN = "warn"
    REFUSE = "refuse"


class Transparency(StrEnum):
    """Whether an event blocks time (RFC 5545 TRANSP)."""

    OPAQUE = "opaque"
    TRANSPARENT = "transparent"


class Visibility(StrEnum):
    """Who may read an event (RFC 5545 CLASS); `DEFAULT` leaves it to the calendar."""

    DEFAULT = "default"
    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePolicy:
    """The choices for one device: its name for people, the calendar it is mirrored into, who invites the guests.

    `account` is the e-mail address of the account whose calendar that is, None for the main one. `join` is how people
    get into its meetings where a meeting does not say so itself; `{room}` in it stands for the meeting's room.
    `show_pins` lets passwords reach the invitation text, which every guest reads. `meet` asks for a video conference
    of the calendar's own kind. `room_address` is the calendar's own address of the room, invited as a resource.
    `words` are those of its events, None for the usual ones; `reminders` hold for meetings that say nothing about it,
    None leaves it to the calendar.
    """

    name: str
    calendar_id: str
    invitations: Invitations
    join: Join = NO_JOIN
    show_pins: bool = False
    account: str | None = None
    wins: Wins = Wins.DEVICE
    conflict: ConflictRule = ConflictRule.ALLOW
    meet: bool = False
    transparency: Transparency = Transparency.OPAQUE
    visibility: Visibility = Visibility.DEFAULT
    room_address: str | None = None
    words: Words | None = None
    reminders: tuple[Reminder, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingDefaults:
    """What holds for the meetings of all devices, where a device has no choice of its own; as in `DevicePolicy`."""

    show_pins: bool = False
    visibility: Visibility = Visibility.DEFAULT
    words: Words | None = None
    reminders: tuple[Reminder, ...] | None = None
