"""The words of a text: the same however they are written, and found by their beginnings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.search_words import LONGEST_WORD, MOST_WORDS, begins, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Weekly_Meeting", ("weekly", "meeting")),
        ("anna.smith@example.com", ("anna", "smith", "example", "com")),
        ("Stand-up Stand-up", ("stand", "up")),
        ("Straße nach Łódź", ("strasse", "nach", "łodz")),
        ("Müller, MÜLLER", ("muller",)),
        ("ﬁnance ①", ("finance", "1")),
        ("Совещание 5", ("совещание", "5")),
        ("會議室 三", ("會", "議", "室", "三")),
        ("ミーティング", ("ミ", "ー", "テ", "ィ", "ン", "ク")),
        ('"a" OR NOT b*', ("a", "or", "not", "b")),
        ("%_\\ \x00 …", ()),
        ("", ()),
    ],
)
def test_words(text: str, found: tuple[str, ...]) -> None:
    assert words([text]) == found


@given(st.lists(st.text(), max_size=4))
def test_words_stay_as_they_are_and_have_nothing_that_could_mean_something_else(texts: list[str]) -> None:
    found = words(texts)
    assert words([" ".join(found)]) == found
    assert len(set(found)) == len(found) <= MOST_WORDS
    for each in found:
        assert 0 < len(each) <= LONGEST_WORD
        assert all(letter.isalnum() for letter in each)


@given(st.lists(st.text(alphabet="ab c", min_size=1), max_size=5), st.text(alphabet="ab c"))
def test_a_text_is_found_where_each_of_its_words_begins_one(texts: list[str], text: str) -> None:
    said, wanted = words(texts), words([text])
    assert begins(said, wanted) == all(any(each.startswith(one) for each in said) for one in wanted)


def test_a_very_long_text_costs_little() -> None:
    assert len(words(["x" * 10**6])[0]) == LONGEST_WORD
    assert len(words([" ".join(map(str, range(10**4)))])) == MOST_WORDS
