"""A list is whole only when nothing speaks against it; whatever a PBX answers, reading it ends and is bounded."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.pbx.listing import MOST_ITEMS, MOST_PAGES, Pages, UnexpectedForm, items_of


@dataclass(frozen=True)
class Words:
    id_parameter: str = "bookid"
    items: str = "bookid"
    page_parameter: str = "page"
    page_size: int = 2
    total_pages: str = "total_page"
    total_items: str = "total_item"


WORDS = Words()


def page(*numbers: int, **totals: object) -> dict[str, object]:
    return {"bookid": [{"bookid": str(number)} for number in numbers], **totals}


def read(pages: list[dict[str, object]], words: Words = WORDS):
    reading = Pages(words)
    for response in pages:
        reading.add(response)
    return reading


def test_pages_are_read_until_the_last_one_that_is_named():
    reading = read([page(1, 2, total_page=2, total_item="3"), page(3, total_page="2", total_item=3)])
    assert reading.done
    assert reading.listing().complete
    assert [item["bookid"] for item in reading.listing().items] == ["1", "2", "3"]


def test_without_totals_a_short_page_is_the_last():
    words = Words(total_pages="", total_items="")
    assert not read([page(1, 2)], words).done
    assert read([page(1, 2), page(3)], words).listing().complete
    assert read([page(1, 2), page()], words).listing().complete
    assert read([page(1, 2, 3)], replace(words, page_parameter="")).listing().complete


def test_only_the_number_of_meetings_is_told():
    words = Words(total_pages="")
    assert not read([page(1, 2, total_item=3)], words).done
    assert read([page(1, 2, total_item=3), page(3, total_item=3)], words).listing().complete
    cut = read([page(1, 2, total_item=4), page(total_item=4)], words)
    assert cut.done
    assert not cut.listing().complete


def test_a_list_that_changes_while_it_is_read_proves_nothing():
    shifting = [page(1, 2, total_page=2, total_item=3), page(4, total_page=2, total_item=4)]
    assert not read(shifting).listing().complete
    short = [page(1, 2, total_page=2, total_item=4), page(3, total_page=2, total_item=4)]
    assert not read(short).listing().complete
    assert not read([page(1, total_page=3, total_item=1)]).listing().complete


def test_a_meeting_that_moved_to_the_next_page_counts_once():
    reading = read([page(1, 2, total_page=2), page(2, 3, total_page=2)])
    assert [item["bookid"] for item in reading.items] == ["1", "2", "3"]


def test_the_same_page_again_is_refused():
    reading = read([page(1, 2, total_page=9)])
    with pytest.raises(UnexpectedForm, match="same as an earlier"):
        reading.add(page(1, 2, total_page=9))


def test_endless_lists_end():
    reading = Pages(WORDS)
    for number in range(MOST_PAGES - 1):
        reading.add(page(number, total_page=10**8))
    with pytest.raises(UnexpectedForm, match=f"{MOST_PAGES} pages"):
        reading.add(page(MOST_PAGES, total_page=10**8))
    with pytest.raises(UnexpectedForm, match=f"{MOST_ITEMS} meetings"):
        Pages(WORDS).add(page(*range(MOST_ITEMS + 1)))


def test_lists_by_room_and_by_id():
    by_room = {"6300": [{"bookid": "1"}, {"bookid": "2"}], "6301": [{"bookid": "3"}]}
    assert [item["bookid"] for item in items_of(by_room, WORDS)] == ["1", "2", "3"]
    by_id = {"bookid": {"1": {"confname": "A"}, "2": {"confname": "B", "bookid": "2"}}}
    assert [item["bookid"] for item in items_of(by_id, WORDS)] == ["1", "2"]
    assert items_of({"a": {"b": [{"x": 1}]}}, Words(items="a.b")) == [{"x": 1}]
    assert items_of({"bookid": []}, WORDS) == []


@pytest.mark.parametrize(
    "response",
    [
        {}, {"bookid": 3}, {"bookid": "x"}, {"bookid": [3]}, {"bookid": [[]]}, {"bookid": {"1": 2}}, {"page": 1},
        {"meetings": [["a"], ["b"]]}, {"bookid": None, "total": 5},
    ],
)  # fmt: skip
def test_what_is_no_list(response: dict[str, object]):
    with pytest.raises(UnexpectedForm):
        items_of(response, WORDS)


LONG = bool(os.environ.get("LONG"))
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["bookid", "a", "page"]), inner),
    max_leaves=8,
)
NUMBER = ANY | st.integers(0, 5) | st.sampled_from(["1", "3", "x"])
RESPONSE = st.fixed_dictionaries({}, optional={"bookid": ANY, "total_page": NUMBER, "total_item": NUMBER, "6300": ANY})


@given(st.lists(RESPONSE, min_size=1, max_size=6))
@settings(max_examples=2000 if LONG else 25, deadline=None)
def test_whatever_is_answered_is_read_or_refused(responses: list[dict[str, object]]):
    reading = Pages(WORDS)
    try:
        for response in responses:
            reading.add(response)
            if reading.done:
                break
    except UnexpectedForm:
        assert not reading.listing().complete or reading.done
        return
    assert reading.listing().complete <= reading.done
