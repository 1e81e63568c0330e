"""Text from a device made fit for a calendar: normal form, no control characters; lengths are checked elsewhere."""

from __future__ import annotations

import re
import unicodedata

# Line and paragraph separators and tabs part words, so they become a space; what follows cannot be seen, or turns the
# direction of the text around it, and is left out. U+200C and U+200D stay: they spell words in Persian and Hindi.
_PARTING = re.compile("[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MOST_MARKS = 30
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """The text in Unicode normal form C on one line, without control, direction and zero-width characters."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _UNSEEN.sub("", _PARTING.sub(" ", text))
    return _composed(_CONTROL.sub("", text)).strip()


def lines(text: str) -> str:
    """The text in Unicode normal form C, its lines ended by line feeds, without control characters but tabs."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _CONTROL_IN_LINES.sub("", _LINE_END.sub("\n", text))
    return _composed(text).strip()


def _composed(text: str) -> str:
    """Normal form C; of more marks on one letter than any script has, the first 30 (UAX #15, stream-safe text).

    Putting marks in order takes time that grows with the square of their number.
    """
    if any(map(unicodedata.combining, text)):
        kept, run = [], 0
        for character in text:
            run = run + 1 if unicodedata.combining(character) else 0
            if run <= _MOST_MARKS:
                kept.append(character)
        text = "".join(kept)
    return unicodedata.normalize("NFC", text)
