"""The changelog as the pages show it: no word of it is lost, and no text breaks it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.operations.settings.changelog import Block, Piece, blocks, changelog

ROOT = Path(__file__).parents[3]


def words(found: tuple[Block, ...]) -> list[str]:
    lines = (" ".join("".join(piece.text for piece in line) for line in each.lines) for each in found)
    return " ".join(lines).split()


def test_the_changelog_of_this_version_is_there_word_for_word():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    shown = changelog()
    plain = re.sub(r"(?m)^(#{1,4}|[-*]) +", "", text)
    assert words(shown) == re.sub(r"[`*]", "", plain).split()
    assert {each.kind for each in shown} <= {"h1", "h2", "h3", "p", "ul"}
    assert any(piece.kind == "code" for each in shown for line in each.lines for piece in line)


def test_it_comes_with_what_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert (
        project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["CHANGELOG.md"] == "gateway/CHANGELOG.md"
    )


def test_headings_lists_and_marks_are_told_apart():
    found = blocks("# A\nwords\nmore\n\n- one `x` **y**\n  and *z*\n- [two](https://example.com)\n\nend * of it")
    assert [each.kind for each in found] == ["h1", "p", "ul", "p"]
    assert found[1].lines == ((Piece("text", "words more"),),)
    assert [(piece.kind, piece.text) for piece in found[2].lines[0]] == [
        ("text", "one "),
        ("code", "x"),
        ("text", " "),
        ("strong", "y"),
        ("text", " and "),
        ("em", "z"),
    ]
    assert words(found[2:]) == ["one", "x", "y", "and", "z", "two", "end", "*", "of", "it"]


@given(st.text(st.sampled_from(list("#-*`[]() \n\tab<&")), max_size=60))
def test_no_text_breaks_it(text: str):
    found = blocks(text)
    assert "".join(words(found)).count("a") <= text.count("a")
    assert all(each.lines for each in found)
