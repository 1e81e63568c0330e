"""Whose an event is: which meeting's, of which generation, and may it be removed; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain import facts as facts_of
from gateway.domain.event_id import event_id
from gateway.domain.facts import EventFacts
from gateway.domain.outcome import RemoteEvent
from gateway.domain.target import EventRef
from gateway.store.mirrored import MirroredRow, MirrorState

MOST_GENERATIONS = 10_000
"""Ids of one meeting that are tried at most; marks are words that anybody can write, also with many digits."""

_MOST_DIGITS = 18
_SPLIT = "_R"


def ref_of(installation_id: str, event: MirroredRow) -> EventRef:
    """Return how the calendar knows an event, with the marks by which we know it again."""
    marks = {"gateway": installation_id, "meeting": str(event.meeting_id), "generation": str(event.generation)}
    return EventRef(calendar_id=event.calendar_id, remote_id=event.remote_id, marks=marks)


def is_of_meeting(event: RemoteEvent, ref: EventRef) -> bool:
    """Tell whether an event carries our marks; its generation does not matter, its meeting does."""
    return all(event.marks.get(name) == ref.marks[name] for name in ("gateway", "meeting"))


def written_facts(event: MirroredRow) -> EventFacts | None:
    """Return what the event said when it was written last, None when that is not known."""
    try:
        return None if event.written is None else facts_of.from_json(event.written)
    except ValueError:
        return None


def marked_meeting(marks: Mapping[str, str]) -> int | None:
    """Return the meeting that marks name, None when they name none; whether it is true they cannot say."""
    return _number(marks.get("meeting", ""))


def marked_generation(marks: Mapping[str, str]) -> int:
    """Return the generation that marks name, 0 when they name none."""
    return _number(marks.get("generation", "")) or 0


def is_current(event: MirroredRow, remote_id: str) -> bool:
    """Tell whether that is the meeting's event now, whatever account reads it, and by whatever name of its calendar."""
    return event.remote_id == remote_id and event.state is not MirrorState.GONE


def made_here(installation_id: str, meeting_id: int, remote_id: str, newest_generation: int) -> bool:
    """Tell whether the gateway chose this id for the meeting, up to that generation.

    Marks are copied with an event by whoever copies it; an id is not, for the calendar gives each copy its own.
    """
    newest = min(newest_generation, MOST_GENERATIONS)
    return any(event_id(installation_id, meeting_id, each) == remote_id for each in range(newest, -1, -1))


def is_removable(installation_id: str, event: MirroredRow, remote_id: str, split_from: str = "") -> bool:
    """Tell whether an event with our marks may be removed because its meeting does not need it.

    It must be one that the gateway made itself, and not the meeting's current one; or what the calendar made of such
    an event when somebody changed "this and following" occurrences: `split_from` then names that event.
    """
    base, cut, _ = remote_id.partition(_SPLIT)
    came_from = split_from or (base if cut else "")
    if came_from and came_from != remote_id:
        return came_from == event.remote_id or _made(installation_id, event, came_from)
    return not is_current(event, remote_id) and _made(installation_id, event, remote_id)


def is_nobodys(installation_id: str, marks: Mapping[str, str], remote_id: str) -> bool:
    """Tell whether the gateway made the event for a meeting that it knows no more, going by the event's marks."""
    meeting_id = marked_meeting(marks)
    if meeting_id is None or marks.get("gateway") != installation_id:
        return False
    return made_here(installation_id, meeting_id, remote_id.partition(_SPLIT)[0], marked_generation(marks))


def _made(installation_id: str, event: MirroredRow, remote_id: str) -> bool:
    return made_here(installation_id, event.meeting_id, remote_id, event.generation)


def _number(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < _MOST_DIGITS else None
