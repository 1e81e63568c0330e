"""The words by which people find a meeting, written in one way whatever their letters; pure, nothing is looked up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST_WORD = 40
MOST_WORDS = 80
"""Of one meeting; the rest cannot be looked for."""

_ASCII = re.compile(r"[0-9a-z]+")
_WIDE = ("CJK ", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC")


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words of texts, each once, in their order: small letters and digits, without accents.

    Where writing has no spaces between words (Chinese, Japanese) each character is a word.
    """
    found: dict[str, None] = {}
    for text in texts:
        small = text.lower() if text.isascii() else _plain(text)
        for word in _ASCII.findall(small) if small.isascii() else small.split():
            found[word[:LONGEST_WORD]] = None
    return tuple(found)[:MOST_WORDS]


def begins(said: Iterable[str], looked_for: Iterable[str]) -> bool:
    """Tell whether for each word that is looked for one of the words said begins with it."""
    line = f" {' '.join(said)}"
    return all(f" {word}" in line for word in looked_for)


def _plain(text: str) -> str:
    """Return a text with its words apart: what is neither letter nor digit becomes a space."""
    pieces = []
    for each in unicodedata.normalize("NFKD", text.casefold()).casefold():
        if each.isascii():
            pieces.append(each if each.isalnum() else " ")
        elif each.isalnum():
            pieces.append(f" {each} " if unicodedata.name(each, "").startswith(_WIDE) else each)
        elif not unicodedata.combining(each):
            pieces.append(" ")
    return "".join(pieces)
