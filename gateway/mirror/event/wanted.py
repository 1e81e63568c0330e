"""What the event of a meeting shall say: its content and the fingerprint of it; nothing is written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

from gateway.domain.device import DevicePolicy, Transparency, Visibility
from gateway.domain.facts import Part
from gateway.domain.joining import join_mark, join_of
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.reminders import said_reminders
from gateway.domain.target import EventContent
from gateway.domain.wording import Words
from gateway.mirror.event.lacks import Lacks

EVENT_FORMAT = 1
"""Rises when the body made from a meeting changes, so that events written before are seen to differ."""

_LEAST_DOTS = 2
_KINDS = "slt"
"""What marks begin with that say something else than how people join, which is a number of 16 digits."""


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
        marks = (join_mark(meeting, policy), self._settings_mark(), _short("l", lacks.mark()), self._words_mark)
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
            words=policy.words,
            reminders=policy.reminders,
        )

    def as_written(self, fingerprint: str | None, words_of: Callable[[str], Words | None]) -> Wanted:
        """Return it with the words, and with the rule about passwords, that an event of this fingerprint was made from.

        Events are not written again because these were changed, so that an event is judged by what it was made from.
        `words_of` knows the words of a mark, None when it does not; what is not known stays as it is now.
        """
        if not fingerprint or fingerprint.count(".") < _LEAST_DOTS:
            return self
        marks, policy = fingerprint.split(".")[3:], self.policy
        word_mark = next((each for each in marks if each.startswith("t")), "")
        if word_mark != self._words_mark:
            words = words_of(word_mark) if word_mark else None
            if words is not None or not word_mark:
                policy = replace(policy, words=words)
        joined = next((each for each in marks if each[0] not in _KINDS), "")
        if joined != join_mark(self.meeting, policy):
            other = replace(policy, show_pins=not policy.show_pins)
            policy = other if joined == join_mark(self.meeting, other) else policy
        return self if policy is self.policy else replace(self, policy=policy)

    @property
    def _words_mark(self) -> str:
        words = self.policy.words
        return "" if words is None else words.mark

    def _settings_mark(self) -> str:
        policy = self.policy
        said = [
            policy.transparency.value if policy.transparency is not Transparency.OPAQUE else "",
            policy.visibility.value if policy.visibility is not Visibility.DEFAULT else "",
            policy.room_address or "",
            # What a meeting says itself is part of its own fingerprint.
            "meet" if policy.meet and self.meeting.meet is None else "",
        ]
        if reminders := self._reminders_mark():
            said.append(reminders)
        return _short("s", "\n".join(said)) if any(said) else ""

    def _reminders_mark(self) -> str:
        reminders = self.policy.reminders
        if reminders is None or self.meeting.reminder_minutes is not None:
            return ""
        return said_reminders(reminders)


def _short(kind: str, text: str) -> str:
    return kind + blake2b(text.encode(), digest_size=6).hexdigest() if text else ""
