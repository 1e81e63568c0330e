"""What a Google event says to people, whether it was read or is about to be written, and the notes about it; pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from hashlib import blake2b

from gateway.domain.facts import EventFacts, Part
from gateway.google.event_text import one_line
from gateway.google.event_times import instant_s

_PIN_LINE = re.compile(r"(?m)^PIN: .*\n?")
_SHORT = 80
_PARTS = (Part.SUBJECT, Part.TIME, Part.LOCATION, Part.DESCRIPTION, Part.REPEAT, Part.GUESTS)


def facts_of(event: Mapping[str, object]) -> EventFacts | None:
    """Return what an event resource says; None when its times cannot be read, as of one that was deleted.

    Made so that writing and reading come to the same: a rule does not depend on the order of its parts, nor a
    description on the spaces around it. A password in the description does not count, for facts are stored.
    """
    start_s, end_s = instant_s(event.get("start")), instant_s(event.get("end"))
    if start_s is None or end_s is None:
        return None
    start = event.get("start")
    lines = event.get("recurrence")
    guests, organizer = _guests(event.get("attendees"))
    return EventFacts(
        subject=one_line(_text(event.get("summary")), 255),
        start_utc_s=start_s,
        end_utc_s=end_s,
        all_day=isinstance(start, dict) and not start.get("dateTime"),
        location=one_line(_text(event.get("location")), 1024),
        description=_description(_text(event.get("description"))),
        repeat=tuple(sorted(_rule(line) for line in lines if isinstance(line, str))) if isinstance(lines, list) else (),
        guests=guests,
        organizer=organizer,
    )


def notes_of(facts: EventFacts) -> str:
    """Return a note of what was written, part by part, to be stored on the event itself (40 letters and more)."""
    return ";".join(f"{part}={_digest(_said(facts, part))}" for part in _PARTS)


def edited_since(facts: EventFacts | None, notes: str | None) -> frozenset[Part] | None:
    """Return in which parts an event no longer says what its notes say was written; None without notes."""
    if facts is None or not notes:
        return None
    written = dict(entry.partition("=")[::2] for entry in notes.split(";"))
    return frozenset(part for part in _PARTS if part in written and written[part] not in _digests(facts, part))


def _digests(facts: EventFacts, part: Part) -> set[str]:
    if part is not Part.GUESTS or not facts.organizer:
        return {_digest(_said(facts, part))}
    # Google adds the organizer to the guests of an event now and then, and takes no notice of who was sent.
    lists = (facts.guests | {facts.organizer}, facts.guests - {facts.organizer})
    return {_digest(repr(sorted(each))) for each in lists}


def _said(facts: EventFacts, part: Part) -> str:
    if part is Part.TIME:
        return repr((facts.start_utc_s, facts.end_utc_s, facts.all_day))
    if part is Part.GUESTS:
        return repr(sorted(facts.guests))
    return repr(getattr(facts, part.value))


def _guests(attendees: object) -> tuple[frozenset[str], str]:
    guests, organizer = set(), ""
    for entry in attendees if isinstance(attendees, list) else ():
        if not isinstance(entry, dict) or entry.get("resource") is True:
            continue
        email = entry.get("email")
        if not isinstance(email, str) or not email:
            continue
        guests.add(email.casefold())
        if entry.get("organizer") is True:
            organizer = email.casefold()
    return frozenset(guests), organizer


@functools.lru_cache(maxsize=64)  # what is written comes back in the answer
def _description(text: str) -> str:
    plain = _PIN_LINE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return _digest(plain, 8) if plain else ""


def _rule(line: str) -> str:
    name, colon, value = line.strip().partition(":")
    if name.upper() != "RRULE" or not colon:
        return line.strip()
    parts = []
    for part in value.upper().split(";"):
        key, _, said = part.partition("=")
        if not part or key == "WKST" or part == "INTERVAL=1":
            continue
        parts.append(f"{key}={','.join(sorted(said.split(',')))}")
    return "RRULE:" + ";".join(sorted(parts))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _digest(text: str, size: int = 4) -> str:
    return _short_digest(text, size) if len(text) < _SHORT else _any_digest(text, size)


def _any_digest(text: str, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


_short_digest = functools.lru_cache(maxsize=512)(_any_digest)  # most rooms, rules and subjects come again and again
