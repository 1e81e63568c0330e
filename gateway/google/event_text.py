"""The words of an event: titles, people and the description, made safe for Google; structure is not decided here."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Sequence

from gateway.domain.meeting import Invitee, Meeting

LONGEST_DESCRIPTION_BYTES = 8 * 1024

# Bidirectional overrides and isolates can make a title read as something else; zero-width characters hide in it.
_DECEIVING = dict.fromkeys(
    (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0x200B, 0x200E), 0x2060, 0xFEFF), None
)

_ASCII_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), 127), None)


@functools.lru_cache(maxsize=512)  # the same people and rooms come again and again, several times in one event
def one_line(text: str, most: int) -> str:
    """Return `text` as one line of at most `most` characters: NFC, without control and deceiving characters."""
    if text.isascii() and text.isprintable():  # most are, and there is nothing in them to take out
        line = " ".join(text.split())
        return line if len(line) <= most else line[: most - 1].rstrip() + "…"
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text.translate(_DECEIVING))
    line = " ".join(unicodedata.normalize("NFC", _seen(shown)).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def description(meeting: Meeting, *, device_name: str, left_out: list[str], joining: Sequence[str] = ()) -> str:
    """Return the description: the agenda, how to get in (`joining`), what the meeting is, and where to change it.

    Google renders a subset of HTML here, so every text of a device is escaped. When all of it does not fit into
    8 KiB, the agenda is cut first and then the lists of people; no password is part of it but one in `joining`.
    """
    note = f"Scheduled on {one_line(device_name, 100)}. Change or cancel it there, not in this calendar."
    host = [f"Host: {listed_person(meeting.host)}"] if meeting.host is not None else []
    facts, lists, agenda = said_facts(meeting), _lists(meeting, left_out), paragraphs(meeting.agenda)
    whole = escaped(_joined(agenda, joining, [*host, *lists, *facts], note))
    if size_of(whole) <= LONGEST_DESCRIPTION_BYTES:
        return whole
    return _shortened(agenda, joining, host, lists, facts, note)


def _shortened(
    agenda: str, joining: Sequence[str], host: list[str], lists: list[str], facts: list[str], note: str
) -> str:
    note = escaped(note)
    host, facts, ways = ([escaped(line) for line in lines] for lines in (host, facts, joining))
    free = LONGEST_DESCRIPTION_BYTES - size_of("\n".join([*ways, *host, *facts, note])) - 4 - 2 * bool(ways)
    kept: list[str] = []
    for line in lists:
        kept.append(cut(escaped(line), free))
        free -= size_of(kept[-1]) + 1
    return _joined(cut(escaped(agenda), max(free, 0)), ways, [*host, *kept, *facts], note)


def _joined(agenda: str, ways: Sequence[str], lines: list[str], note: str) -> str:
    blocks = (agenda, "\n".join(ways), "\n".join([line for line in lines if line]), note)
    return "\n\n".join([block for block in blocks if block])


def listed_person(person: Invitee) -> str:
    """Return a person for a list: extension, name, and the address or that there is none."""
    known = " ".join(one_line(part, 100) for part in (person.extension, person.name) if part)
    address = one_line(person.email or "", 254)
    if not known:
        return address
    return f"{known} ({address})" if address else f"{known} (no e-mail)"


def said_facts(meeting: Meeting) -> list[str]:
    """Return what else the device said of a meeting, a line each: its room, calls to everybody, recording."""
    facts = []
    if room := one_line(meeting.room or "", 200):
        facts.append(f"{'Public meeting room' if meeting.public_room else 'Meeting room'}: {room}")
    if meeting.call_participants:
        facts.append("Call participants: the device calls everybody when the meeting starts.")
    recording = one_line(meeting.auto_record, 50)
    if recording and recording.casefold() != "none":
        facts.append(f"Recording: {recording}")
    return facts


def _lists(meeting: Meeting, left_out: list[str]) -> list[str]:
    lists = []
    if left_out:
        lists.append(f"Not on the guest list, because Google takes no more guests: {', '.join(left_out)}")
    if meeting.invitees:
        lists.append(f"Invitees: {', '.join(listed_person(person) for person in meeting.invitees)}")
    return lists


def paragraphs(text: str) -> str:
    """Return a text of many lines: NFC, without control characters other than line breaks and tabs."""
    if text.isascii():
        return text.replace("\r\n", "\n").replace("\r", "\n").translate(_ASCII_CONTROLS).strip()
    lines = text.translate(dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None))
    lines = lines.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", "".join(c if c in "\n\t" else _seen(c) for c in lines)).strip()


def _seen(text: str) -> str:
    # Unassigned code points stay: they may be letters or pictures newer than this Python.
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs"))


def escaped(text: str) -> str:
    """Return a text as it has to stand in HTML."""
    return html.escape(text, quote=False)


def size_of(text: str) -> int:
    """Return how many bytes a text takes."""
    return len(text.encode("utf-8"))


def cut(text: str, most_bytes: int) -> str:
    """Cut escaped text to a number of bytes without splitting a character, a letter from its accents, or an entity."""
    if size_of(text) <= most_bytes:
        return text
    kept = text.encode("utf-8")[: max(most_bytes - len("…".encode()), 0)].decode("utf-8", "ignore")
    if len(kept) < len(text):
        while kept and unicodedata.combining(text[len(kept)]):
            kept = kept[:-1]
    kept = re.sub(r"&[a-z]{0,4}$", "", kept)
    return f"{kept}…" if kept else ""
