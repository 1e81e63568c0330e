"""The words of invitations: title and description with placeholders, read and filled in; their values are not here.

There are no expressions. A placeholder is a name in braces; a line whose placeholders are all empty is left out, and so
is the space around it. A text in which something is wrong is refused with a `WordingFault`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

USUAL_TITLE = "{subject}"
USUAL_DESCRIPTION = """\
{agenda}

{join}

Host: {organizer}
Not on the guest list, because Google takes no more guests: {left_out}
Invitees: {invitees}
{details}

Scheduled on {device}. Change or cancel it there, not in this calendar."""

IN_TITLES = ("subject", "organizer", "room", "device")
IN_DESCRIPTIONS = (
    *IN_TITLES,
    "agenda",
    "join",
    "sip",
    "dial_in",
    "web_link",
    "pin",
    "invitees",
    "left_out",
    "details",
)
"""There is none for times: a calendar shows them in the zone of whoever reads, and each occurrence has its own."""

_ALONE = frozenset({"join", "pin"})
"""What may hold a password: it is always a line of its own, by which it is known when an event is read back."""

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 4000
MOST_LINES = 100

_NAME = re.compile(r"\{([^{}\n]{0,60})\}")
_SIGNS = re.compile(r"^[^\w\s]+|^\W+")


class Mistake(StrEnum):
    """What can be wrong with a text."""

    UNKNOWN = "unknown"
    BRACE = "brace"
    ALONE = "alone"
    LONG = "long"
    LINES = "lines"
    EMPTY = "empty"
    SIGNS = "signs"


class WordingFault(ValueError):
    """A text that cannot be used: the `mistake`, the `name` or limit it is about, and the `line` (1 is the first)."""

    def __init__(self, mistake: Mistake, *, name: str = "", line: int = 0) -> None:
        super().__init__(f"{mistake} {name} {line}")
        self.mistake = mistake
        self.name = name
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Title and description of events. Both were read once without a fault."""

    title: str = USUAL_TITLE
    description: str = USUAL_DESCRIPTION

    @property
    def mark(self) -> str:
        """What the fingerprint of an event says about them; the same for equal words on every gateway."""
        return _mark(self.title, self.description)


def words_of(title: str, description: str) -> Words | None:
    """Return the words, None for the usual ones. Raises WordingFault."""
    parse_title(title)
    parse_description(description)
    title, description = title.strip(), _plain(description)
    if (title, description) == (USUAL_TITLE, USUAL_DESCRIPTION):
        return None
    return Words(title=title, description=description)


@functools.lru_cache(maxsize=16)  # the same words fill all events
def parse_title(text: str) -> tuple[str, ...]:
    """Return text, name, text, name, …, text. Raises WordingFault."""
    line = text.strip()
    if len(line) > LONGEST_TITLE:
        raise WordingFault(Mistake.LONG, name=str(LONGEST_TITLE))
    if not line.isprintable():
        raise WordingFault(Mistake.SIGNS, line=1)
    pieces = _pieces(line, IN_TITLES, 1)
    if len(pieces) == 1:
        raise WordingFault(Mistake.EMPTY, name="subject")
    return pieces


@functools.lru_cache(maxsize=16)
def parse_description(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the lines, each as text, name, text, …, text. Raises WordingFault."""
    if len(text) > LONGEST_DESCRIPTION:
        raise WordingFault(Mistake.LONG, name=str(LONGEST_DESCRIPTION))
    lines = _plain(text).split("\n")
    if len(lines) > MOST_LINES:
        raise WordingFault(Mistake.LINES, name=str(MOST_LINES))
    read = tuple(_line(line, number) for number, line in enumerate(lines, 1))
    if not any(any(each) for each in read):
        raise WordingFault(Mistake.EMPTY, name="agenda")
    return read


def filled_title(words: Words, values: Mapping[str, str]) -> str:
    """Return the title; signs that stood between two things go when one of the two is empty. It may be empty itself."""
    pieces, title, dropped = parse_title(words.title), "", False
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            title += _SIGNS.sub("", piece) if dropped else piece
            continue
        dropped = not values[piece]
        title = title.rstrip("([{<\"'«„“ ") + (" " if title.endswith(" ") else "") if dropped else title + values[piece]
    if dropped and not pieces[-1]:
        title = re.sub(r"[^\w)\]}.!?\"'»”]+$", "", title)
    return title.strip()


def filled_description(words: Words, values: Mapping[str, str]) -> str:
    """Return the description: blocks of lines with one empty line between two of them."""
    blocks: list[list[str]] = [[]]
    for pieces in parse_description(words.description):
        if len(pieces) == 1:
            blocks[-1].append(pieces[0]) if pieces[0] else blocks.append([])
            continue
        said = [values[name] for name in pieces[1::2]]
        if any(said):
            line = "".join(text + value for text, value in zip(pieces[::2], (*said, ""), strict=True))
            blocks[-1].append(line.strip(" "))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def names_in(words: Words) -> frozenset[str]:
    """Return the placeholders that words have."""
    lines = (parse_title(words.title), *parse_description(words.description))
    return frozenset(name for pieces in lines for name in pieces[1::2])


def _line(line: str, number: int) -> tuple[str, ...]:
    if not line.replace("\t", " ").isprintable():
        raise WordingFault(Mistake.SIGNS, line=number)
    pieces = _pieces(line, IN_DESCRIPTIONS, number)
    alone = next((name for name in pieces[1::2] if name in _ALONE), "")
    if alone and line != f"{{{alone}}}":
        raise WordingFault(Mistake.ALONE, name=alone, line=number)
    return pieces


def _pieces(line: str, known: tuple[str, ...], number: int) -> tuple[str, ...]:
    pieces = tuple(_NAME.split(line))
    for place, piece in enumerate(pieces):
        if place % 2 and piece not in known:
            raise WordingFault(Mistake.UNKNOWN, name=piece, line=number)
        if place % 2 == 0 and ("{" in piece or "}" in piece):
            raise WordingFault(Mistake.BRACE, line=number)
    return pieces


def _plain(text: str) -> str:
    """Return a text with one kind of line break and without spaces around its lines, as a browser may send it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.strip() for line in lines).strip("\n")


@functools.lru_cache(maxsize=64)
def _mark(title: str, description: str) -> str:
    return "t" + blake2b(f"{title}\n{description}".encode(), digest_size=6).hexdigest()
