"""Plain texts, which take a shorter way through cleaning, come out as all others do."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from gateway.google.event_text import one_line, paragraphs

ANY_ASCII = st.text(st.characters(max_codepoint=127), max_size=200)


def cleaned(text: str, kept: str = "") -> str:
    """By the rule itself: what has the category of a control character is taken out."""
    return "".join(c for c in text if c in kept or unicodedata.category(c) != "Cc")


@given(ANY_ASCII)
def test_one_line(text: str) -> None:
    spaced = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    assert one_line(text, 500) == " ".join(spaced.split())


@given(ANY_ASCII)
def test_many_lines(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert paragraphs(text) == cleaned(lines, "\n\t").strip()
