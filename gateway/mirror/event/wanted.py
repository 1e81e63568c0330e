"""What the event of a meeting shall say: its content and the fingerprint of it; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from gateway.domain.device import DevicePolicy, Transparency, Visibility
from gateway.domain.facts import Part
from gateway.domain.joining import join_mark, join_of
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.target import EventContent
from gateway.mirror.event.lacks import Lacks

EVENT_FORMAT = 1
"""Rises when the body made from a meeting changes, so that events written before are seen to differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A meeting with the choices for its device."""

    meeting: Meeting
    fingerprint: str
    policy: DevicePolicy

    @property
    def meet(self) -> bool:
        """Whether it is to have a conference of the calendar's own: as the meeting says, else as its device has it."""
        return self.policy.meet if self.meeting.meet is None else self.meeting.meet

    @property
    def invites(self) -> bool:
        """Whether anybody, or a room, is invited to the event."""
        people = (*self.meeting.invitees, *((self.meeting.host,) if self.meeting.host else ()))
        by_mail = self.policy.invitations is not Invitations.OFF and any(person.email for person in people)
        return by_mail or self.policy.room_address is not None

    def content(self, lacks: Lacks, *, keep: frozenset[Part] = frozenset(), meet_request: str = "") -> EventContent:
        """Return what the event shall say, without what it lacks.

        Its fingerprint names the device's settings and what is lacking only where they change something, so that an
        event that was written before any of this was known still counts as written.
        """
        policy, meeting = self.policy, self.meeting
        marks = (join_mark(meeting, policy), self._settings_mark(), _short("l", lacks.mark()))
        added = "".join(f".{mark}" for mark in marks if mark)
        return EventContent(
            meeting=meeting,
            invitations=policy.invitations,
            fingerprint=f"{EVENT_FORMAT}.{policy.invitations}.{self.fingerprint}{added}",
            device_name=policy.name,
            join=join_of(meeting, policy),
            show_pins=policy.show_pins,
            keep=keep,
            meet=self.meet,
            meet_request=meet_request,
            transparency=policy.transparency,
            visibility=policy.visibility,
            room_address=policy.room_address,
            remedies=lacks.remedies,
            without=lacks.guests,
        )

    def _settings_mark(self) -> str:
        policy = self.policy
        said = [
            policy.transparency.value if policy.transparency is not Transparency.OPAQUE else "",
            policy.visibility.value if policy.visibility is not Visibility.DEFAULT else "",
            policy.room_address or "",
            # What a meeting says itself is part of its own fingerprint.
            "meet" if policy.meet and self.meeting.meet is None else "",
        ]
        return _short("s", "\n".join(said)) if any(said) else ""


def _short(kind: str, text: str) -> str:
    return kind + blake2b(text.encode(), digest_size=6).hexdigest() if text else ""
