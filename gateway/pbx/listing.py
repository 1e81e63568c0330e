"""The meetings in a UCM's list, page by page: where they stand, when a list is whole; what they mean is not here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gateway.pbx.failure import PbxFailure

MOST_PAGES = 200
MOST_ITEMS = 5000

Item: TypeAlias = "dict[str, object]"


class ListWords(Protocol):
    """The words of a list, from the device's profile."""

    @property
    def id_parameter(self) -> str:
        """The field that names a meeting."""

    @property
    def items(self) -> str:
        """Where in the response the meetings stand, with dots between."""

    @property
    def page_parameter(self) -> str:
        """The parameter for the page's number; "" when lists have no pages."""

    @property
    def page_size(self) -> int:
        """Meetings on one page."""

    @property
    def total_pages(self) -> str:
        """The key for the number of pages, or ""."""

    @property
    def total_items(self) -> str:
        """The key for the number of meetings, or ""."""


class UnexpectedForm(Exception):
    """A page is no list of meetings; the text is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list showed; only a `complete` one tells what is not there. `failure` is what cut it short, if known."""

    items: tuple[Item, ...]
    complete: bool
    failure: PbxFailure | None = None


class Pages:
    """Collects the pages of one list."""

    def __init__(self, words: ListWords) -> None:
        self._words = words
        self._seen_pages: set[bytes] = set()
        self._seen_items: set[bytes] = set()
        self._totals: set[int] = set()
        self.items: list[Item] = []
        self.number = 1
        self.done = False
        self._rows = 0

    def add(self, response: Mapping[str, object]) -> None:
        """Take the page that was asked for (`number`). Raises UnexpectedForm."""
        found = items_of(response, self._words)
        mark = _mark(found)
        if found and mark in self._seen_pages:
            raise UnexpectedForm(f"Page {self.number} is the same as an earlier one.")
        self._seen_pages.add(mark)
        self._rows += len(found)
        if self._rows > MOST_ITEMS:
            raise UnexpectedForm(f"It has more than {MOST_ITEMS} meetings.")
        for item in found:  # a meeting that moved to the next page while we turned it comes twice
            mark = _mark(item)
            if mark not in self._seen_items:
                self._seen_items.add(mark)
                self.items.append(item)
        self.done = self._is_last(response, len(found))
        self.number += 1
        if not self.done and self.number > MOST_PAGES:
            raise UnexpectedForm(f"It has more than {MOST_PAGES} pages.")

    def listing(self, failure: PbxFailure | None = None) -> Listing:
        """What there is so far."""
        # A total that changes while pages are turned, or is not reached, means that rows were pushed past us.
        steady = len(self._totals) <= 1 and all(len(self.items) >= total for total in self._totals)
        return Listing(items=tuple(self.items), complete=self.done and failure is None and steady, failure=failure)

    def _is_last(self, response: Mapping[str, object], found: int) -> bool:
        words = self._words
        items = _number(response.get(words.total_items)) if words.total_items else None
        if items is not None:
            self._totals.add(items)
        if not words.page_parameter:
            return True
        pages = _number(response.get(words.total_pages)) if words.total_pages else None
        if pages is not None:
            return self.number >= pages
        if items is not None:
            return self._rows >= items or found == 0
        return found < max(1, words.page_size)


def items_of(response: Mapping[str, object], words: ListWords) -> list[Item]:
    """The meetings of one page: a list of objects, or a mapping of objects (or lists of them) by id or by room.

    Raises UnexpectedForm.
    """
    place = at_path(response, words.items)
    if isinstance(place, list):
        return [_object(item) for item in place]
    if place is None and words.items:
        place = response  # some lists are keyed by room at the top, without the name
    if not isinstance(place, dict) or (not place and place is response):
        raise UnexpectedForm(f'It has no meetings under "{words.items}".')
    found: list[Item] = []
    for key, value in place.items():
        if isinstance(value, dict):
            found.append({words.id_parameter: key, **value})
        elif isinstance(value, list):
            found += [_object(item) for item in value]
        else:
            raise UnexpectedForm(f'It has no meetings under "{words.items}".')
    return found


def at_path(value: object, path: str) -> object:
    """What stands at the end of the path (with dots between); None when it leads nowhere."""
    for step in path.split(".") if path else ():
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _object(value: object) -> Item:
    if not isinstance(value, dict):
        raise UnexpectedForm("Something in it is not a meeting.")
    return value


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _mark(value: Sequence[Item] | Item) -> bytes:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
