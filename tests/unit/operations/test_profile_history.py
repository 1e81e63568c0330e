"""Where two texts of a profile differ: each place with its line, few and short whatever the texts are."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.operations.profiles.history import MOST_DIFFERENCES, Changed, differences

LINES = st.lists(st.sampled_from(["a: 1", "b: 2", "", "  - c", "# d"]), max_size=12)


def test_each_place_is_told_with_its_line():
    found = differences("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n")
    assert found == [Changed(line=2, stored="b", typed="B"), Changed(line=5, stored="", typed="e")]
    assert differences("a\r\nb\n", "a\nb\n") == []


@settings(max_examples=60, deadline=None)
@given(stored=LINES, typed=LINES)
def test_there_is_a_difference_when_and_only_when_lines_differ(stored: list[str], typed: list[str]):
    found = differences("\n".join(stored), "\n".join(typed))
    assert bool(found) == ("\n".join(stored).splitlines() != "\n".join(typed).splitlines())


def test_much_is_told_in_few_words_and_in_time():
    stored, typed = (
        "\n".join(f"{number}" if number % 2 else f"{word}{number}" + "x" * 999 for number in range(10_000))
        for word in "ab"
    )
    began_s = time.process_time()
    found = differences(stored, typed)
    assert time.process_time() - began_s < 3
    assert len(found) == MOST_DIFFERENCES
    assert all(len(each.stored) < 500 and len(each.typed) < 500 for each in found)
    assert len(differences("", "\n".join("y" * 999 for _ in range(5_000)))[0].typed) < 500
