"""What an event says to people, in words all kinds of calendar share, and in what two of them differ; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

_LONGEST_SHOWN = 300


class Part(StrEnum):
    """A part of an event that a person may change; EVENT is the event as a whole (it was deleted)."""

    SUBJECT = "subject"
    TIME = "time"
    LOCATION = "location"
    DESCRIPTION = "description"
    REPEAT = "repeat"
    GUESTS = "guests"
    EVENT = "event"


_FIELDS: Mapping[Part, tuple[str, ...]] = {
    Part.SUBJECT: ("subject",),
    Part.TIME: ("start_utc_s", "end_utc_s", "all_day"),
    Part.LOCATION: ("location",),
    Part.DESCRIPTION: ("description",),
    Part.REPEAT: ("repeat",),
    Part.GUESTS: ("guests", "organizer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What an event says.

    Instants are seconds since 1970. Those of an `all_day` event are 00:00 UTC of its first day and of the first day
    that is free again: a date has no zone. `description` stands for the text (equal for equal texts, a password in it
    does not count) and cannot be read. `repeat` are the lines of RFC 5545 in a form that does not depend on how they
    were written. `guests` are addresses in lower case, without booked rooms. `organizer` may or may not be among them;
    it is never counted.
    """

    subject: str
    start_utc_s: int
    end_utc_s: int
    all_day: bool = False
    location: str = ""
    description: str = ""
    repeat: tuple[str, ...] = ()
    guests: frozenset[str] = frozenset()
    organizer: str = field(default="", compare=False)


def differences(expected: EventFacts, seen: EventFacts) -> dict[Part, dict[str, str]]:
    """Return in what `seen` is not as `expected`: part → `device` and `calendar` values, in the order of `Part`.

    Times are RFC 3339 in UTC, two with a slash between them; days are dates. Of a description only that it is another.
    """
    found: dict[Part, dict[str, str]] = {}
    if expected.subject != seen.subject:
        found[Part.SUBJECT] = _pair(expected.subject, seen.subject)
    if _time(expected) != _time(seen):
        found[Part.TIME] = _pair(_span(expected), _span(seen))
    if expected.location != seen.location:
        found[Part.LOCATION] = _pair(expected.location, seen.location)
    if expected.description != seen.description:
        found[Part.DESCRIPTION] = _pair("as scheduled", "changed")
    if expected.repeat != seen.repeat:
        found[Part.REPEAT] = _pair("\n".join(expected.repeat), "\n".join(seen.repeat))
    not_counted = {expected.organizer, seen.organizer}
    ours, theirs = expected.guests - not_counted, seen.guests - not_counted
    if ours != theirs:
        found[Part.GUESTS] = _pair(", ".join(sorted(ours)), ", ".join(sorted(theirs)))
    return found


def with_parts(facts: EventFacts, parts: frozenset[Part], other: EventFacts) -> EventFacts:
    """Return `facts` with some parts as `other` has them."""
    taken = {name: getattr(other, name) for part in parts for name in _FIELDS.get(part, ())}
    return replace(facts, **taken)


def to_json(facts: EventFacts) -> str:
    """Return the stored form."""
    data: dict[str, object] = {"su": facts.subject, "s": facts.start_utc_s, "e": facts.end_utc_s}
    if facts.all_day:
        data["ad"] = True
    if facts.repeat:
        data["rp"] = list(facts.repeat)
    if facts.guests:
        data["g"] = sorted(facts.guests)
    plain = (("lo", facts.location), ("de", facts.description), ("o", facts.organizer))
    data.update({key: value for key, value in plain if value})
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> EventFacts:
    """Return the facts again; ValueError when the text is not a stored form."""
    data = json.loads(text)
    try:
        return EventFacts(
            subject=data["su"],
            start_utc_s=data["s"],
            end_utc_s=data["e"],
            all_day=data.get("ad", False),
            location=data.get("lo", ""),
            description=data.get("de", ""),
            repeat=tuple(data.get("rp", ())),
            guests=frozenset(data.get("g", ())),
            organizer=data.get("o", ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("stored facts of an event are damaged") from error


def _time(facts: EventFacts) -> tuple[int, int, bool]:
    return facts.start_utc_s, facts.end_utc_s, facts.all_day


def _span(facts: EventFacts) -> str:
    form = "%Y-%m-%d" if facts.all_day else "%Y-%m-%dT%H:%M:%SZ"
    return "/".join(
        datetime.fromtimestamp(moment, UTC).strftime(form) for moment in (facts.start_utc_s, facts.end_utc_s)
    )


def _pair(device: str, calendar: str) -> dict[str, str]:
    return {"device": _short(device), "calendar": _short(calendar)}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
