"""What the gateway was told to do with a device's meetings; how a device talks is not known here."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.meeting import Invitations


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePolicy:
    """The choices for one device: its name for people, the calendar it is mirrored into, who invites the guests."""

    name: str
    calendar_id: str
    invitations: Invitations
