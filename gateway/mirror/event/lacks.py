"""What an event has to do without, because the calendar refused it: found, remembered, told; no call is made here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.domain.meeting import Meeting
from gateway.domain.outcome import Outcome, Remedy

_WORDS = {
    "guests": Remedy.WITHOUT_GUESTS,
    "guest": Remedy.WITHOUT_GUEST,
    "conference": Remedy.WITHOUT_CONFERENCE,
    "zone": Remedy.OTHER_ZONE,
    "rule": Remedy.OTHER_RULE,
    "own": Remedy.OWN_FIELDS_ONLY,
}
_NAMES = {remedy: word for word, remedy in _WORDS.items()}
_GUEST = "guest:"
_REVISION = "revision:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacks:
    """The ways around refusals that one revision of a meeting needs.

    `guests` are the addresses (lower case) of guests that the calendar does not take. Another revision begins without
    any: what was refused may have been mended.
    """

    revision: int
    remedies: frozenset[Remedy] = frozenset()
    guests: frozenset[str] = frozenset()

    @classmethod
    def remembered(cls, words: Iterable[str], revision: int) -> Lacks:
        """Return what was remembered for that revision."""
        kept = frozenset(words)
        if f"{_REVISION}{revision}" not in kept:
            return cls(revision=revision)
        return cls(
            revision=revision,
            remedies=frozenset(remedy for word, remedy in _WORDS.items() if word in kept),
            guests=frozenset(word.removeprefix(_GUEST) for word in kept if word.startswith(_GUEST)),
        )

    def words(self) -> frozenset[str]:
        """Return the form in which they are remembered; empty when nothing is lacking."""
        if not self.remedies and not self.guests:
            return frozenset()
        named = {_NAMES[remedy] for remedy in self.remedies} | {f"{_GUEST}{guest}" for guest in self.guests}
        return frozenset({*named, f"{_REVISION}{self.revision}"})

    def having(self, remedy: Remedy) -> Lacks:
        """Return them with one more."""
        return replace(self, remedies=self.remedies | {remedy})

    def not_having(self, remedy: Remedy) -> Lacks:
        """Return them with one less."""
        return replace(self, remedies=self.remedies - {remedy})

    def after(self, outcome: Outcome, meeting: Meeting) -> Lacks | None:
        """Return what to do without after a refusal; None when there is no way around it, or it was tried already."""
        remedy = outcome.remedy
        if remedy is Remedy.WITHOUT_GUEST:
            return self._without_one(outcome.values.get("guest", "").casefold(), meeting)
        if remedy not in _NAMES or remedy in self.remedies:
            return None
        if remedy is Remedy.OTHER_RULE and meeting.repeat is None:
            return None
        return self.having(remedy)

    def _without_one(self, guest: str, meeting: Meeting) -> Lacks | None:
        if Remedy.WITHOUT_GUEST in self.remedies:
            return None
        if guest in _addresses(meeting) and guest not in self.guests:
            return replace(self, guests=self.guests | {guest})
        return self.having(Remedy.WITHOUT_GUEST) if _addresses(meeting) else None

    def mark(self) -> str:
        """Return what an event's fingerprint says about them; whether a conference was made is no part of it."""
        named = sorted(_NAMES[remedy] for remedy in self.remedies - {Remedy.WITHOUT_CONFERENCE})
        return "+".join([*named, *sorted(self.guests)])


def refused_guests(lacking: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses of guests that the calendar did not take, of what is stored with an event."""
    return tuple(sorted(word.removeprefix(_GUEST) for word in lacking if word.startswith(_GUEST)))


def _addresses(meeting: Meeting) -> frozenset[str]:
    people = (*meeting.invitees, *((meeting.host,) if meeting.host else ()))
    return frozenset(person.email.casefold() for person in people if person.email)
