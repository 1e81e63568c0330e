"""Reads the changelog that comes with the gateway: headings, paragraphs and lists; what they look like is not here."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gateway

_NAME = "CHANGELOG.md"
_HEADING = re.compile(r"(#{1,4}) +(.*)")
_ITEM = re.compile(r"[-*] +(.*)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")

Kind = Literal["text", "code", "strong", "em"]
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*")
_KINDS: tuple[Kind, ...] = ("code", "strong", "em")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, and what they are."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (`h1` to `h4`) or paragraph (`p`) with one line, or a list (`ul`) with one for each item."""

    kind: str
    lines: tuple[tuple[Piece, ...], ...]


def changelog() -> tuple[Block, ...]:
    """Return the changelog of this version; empty where the file is not there. Blocks when called first."""
    return _read()


@functools.cache
def _read() -> tuple[Block, ...]:
    package = Path(gateway.__file__).parent
    for path in (package / _NAME, package.parent / _NAME):  # as installed, as in the repository
        if path.is_file():
            return blocks(path.read_text("utf-8"))
    return ()


def blocks(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text in the little Markdown that a changelog is written in; anything else stays words."""
    found: list[tuple[str, list[str]]] = []
    fresh = True
    for raw in text.splitlines():
        line = raw.strip()
        heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        if heading is not None:
            found.append((f"h{len(heading[1])}", [heading[2]]))
        elif item is not None and found and found[-1][0] == "ul":
            found[-1][1].append(item[1])
        elif item is not None:
            found.append(("ul", [item[1]]))
        elif line and not fresh and found:
            found[-1][1][-1] += f" {line}"
        elif line:
            found.append(("p", [line]))
        fresh = not line or heading is not None
    return tuple(Block(kind, tuple(_pieces(line) for line in lines)) for kind, lines in found)


def _pieces(line: str) -> tuple[Piece, ...]:
    plain = _LINK.sub(r"\1", line)
    made: list[Piece] = []
    end = 0
    for match in _INLINE.finditer(plain):
        kind, said = next((kind, said) for kind, said in zip(_KINDS, match.groups(), strict=True) if said is not None)
        made += [Piece("text", plain[end : match.start()]), Piece(kind, said)]
        end = match.end()
    made.append(Piece("text", plain[end:]))
    return tuple(piece for piece in made if piece.text)
