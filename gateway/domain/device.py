"""What the gateway was told to do with a device's meetings; how a device talks is not known here."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.meeting import Invitations, Join

NO_JOIN = Join()
"""Nothing is said about how to get in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePolicy:
    """The choices for one device: its name for people, the calendar it is mirrored into, who invites the guests.

    `join` is how people get into its meetings where a meeting does not say so itself; `{room}` in it stands for the
    meeting's room. `show_pins` lets passwords reach the invitation text, which every guest reads.
    """

    name: str
    calendar_id: str
    invitations: Invitations
    join: Join = NO_JOIN
    show_pins: bool = False
