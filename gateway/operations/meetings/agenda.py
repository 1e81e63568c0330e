"""The agenda of all devices, a page at a time: what takes place when and how it stands; how it looks is not here."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.store import devices, kept, meeting_list, meeting_times
from gateway.store.meeting_list import Aside, MeetingLine
from gateway.store.meeting_search import Search
from gateway.store.meeting_times import Begin

Word = Literal["synced", "waiting", "failed", "cancelled", "changed", "deleted", "off"]
WORDS: tuple[Word, ...] = ("synced", "waiting", "failed", "cancelled", "changed", "deleted", "off")
"""How a meeting stands, for people: in the calendar, on its way, refused, cancelled, changed or deleted by people
there, not to be mirrored."""

MOST_ROWS = 30
HORIZON_DAYS = 62
"""So far ahead is looked, unless a last day is asked for."""

MOST_LOOKED_AT = 1_500
"""After so many that do not match, a page ends and leads on."""

_FIRST_SPAN_S = 3600
_LONGEST_SPAN_S = 4 * 86_400
_DAY_S = 86_400
_BATCH = 32
_FEW = 500
_FEW_SERIES = 120
"""With no more series each is worked out; else the days are gone through, and what falls on them is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which part of the agenda: instants in seconds since 1970; None for `to_s` means `HORIZON_DAYS` on.

    `device` is a device's id. `after` is the start, meeting and original start of the last row of the page before.
    With `every` a series is shown with each occurrence, else with its first one in the range.
    """

    from_s: int
    to_s: int | None = None
    device: str = ""
    state: Word | None = None
    text: str = ""
    every: bool = False
    after: tuple[int, int, int] | None = None

    @property
    def end_s(self) -> int:
        """Where the range ends."""
        return self.from_s + HORIZON_DAYS * _DAY_S if self.to_s is None else self.to_s


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRow:
    """One meeting or occurrence; `start_s` and `end_s` are seconds since 1970."""

    begin: Begin
    line: MeetingLine
    aside: Aside
    word: Word
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaPage:
    """Some rows in order; `after` leads to the next page, None at the end.

    `looked_until_s` says up to where there is nothing more, when the page ended before it was full.
    """

    rows: tuple[AgendaRow, ...]
    after: tuple[int, int, int] | None
    looked_until_s: int | None = None


def midnight_s(day: date, zone: str) -> int:
    """Return when a day begins in a zone."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def day_of(at_s: int, zone: str) -> date:
    """Return the day of an instant in a zone."""
    return datetime.fromtimestamp(at_s, ZoneInfo(zone)).date()


def word_of(conn: sqlite3.Connection, line: MeetingLine) -> Word:
    """Return how a meeting stands."""
    state = line.state
    if state == "asks":
        return "deleted" if line.guarded or any(edit.deleted for edit in kept.of(conn, line.id)) else "changed"
    if state == "mirrored" and line.kept:
        return "changed"
    return _SAID[state]


_SAID: Mapping[str, Word] = {
    "queued": "waiting",
    "held": "waiting",
    "refused": "failed",
    "left": "deleted",
    "stored": "off",
    "cancelled": "cancelled",
    "mirrored": "synced",
}


def agenda(conn: sqlite3.Connection, asked: Asked, chosen: Mapping[str, str], most: int = MOST_ROWS) -> AgendaPage:
    """Return at most `most` rows; costs the same however many meetings are stored. `chosen` as for `meeting_list`."""
    device = devices.find(conn, asked.device) if asked.device else None
    if asked.device and device is None:
        return AgendaPage(rows=(), after=None)
    search = Search(conn, asked.text) if asked.text else None
    stream = _Stream(conn, asked, None if device is None else device.id, search)
    rows: list[AgendaRow] = []
    looked = 0
    for batch in _batches(stream.begins()):
        for row in _matching(conn, asked, batch, chosen, search):
            rows.append(row)
            if len(rows) > most:
                return AgendaPage(rows=tuple(rows[:most]), after=_place(rows[most - 1].begin))
        looked += len(batch)
        if looked >= MOST_LOOKED_AT:
            return AgendaPage(rows=tuple(rows), after=_place(batch[-1]), looked_until_s=batch[-1].start_s)
    if stream.ended_s is not None and stream.ended_s < asked.end_s:
        return AgendaPage(rows=tuple(rows), after=(stream.ended_s, 0, 0), looked_until_s=stream.ended_s)
    return AgendaPage(rows=tuple(rows), after=None)


def between(
    conn: sqlite3.Connection,
    from_s: int,
    to_s: int,
    chosen: Mapping[str, str],
    most: int,
    device: str = "",
) -> tuple[AgendaRow, ...]:
    """Return every occurrence in a range, those of meetings that go on at its beginning too; at most `most`."""
    page = agenda(conn, Asked(from_s=from_s, to_s=to_s, device=device, every=True), chosen, most)
    return page.rows


class _Stream:
    """What begins, in order, from the range's beginning or the last row of the page before.

    `ended_s` is where it ended though there may be more, because so many meetings there do not have the text.
    """

    def __init__(self, conn: sqlite3.Connection, asked: Asked, device_id: int | None, search: Search | None) -> None:
        self._conn = conn
        self._search = search
        self._looked = 0
        self.ended_s: int | None = None
        self._asked = asked
        self._device_id = device_id
        self._seen: set[int] = set()

    def begins(self) -> Iterator[Begin]:
        """Yield them."""
        asked = self._asked
        for each in self._all():
            if asked.after is not None and _place(each) <= asked.after:
                continue
            if asked.every or not each.original_s or self._is_first(each):
                yield each

    def _all(self) -> Iterator[Begin]:
        asked, conn = self._asked, self._conn
        from_s = asked.from_s if asked.after is None else max(asked.from_s, asked.after[0])
        ids = self._candidates()
        if ids is not None:
            yield from self._of(ids, from_s)
            return
        if from_s == asked.from_s:
            yield from meeting_times.running(conn, from_s, self._device_id)
        few = meeting_times.begins_if_few(conn, from_s, asked.end_s, self._device_id, _FEW_SERIES)
        yield from self._by_clock(from_s) if few is None else few

    def _candidates(self) -> Collection[int] | None:
        """Return the few meetings that can be meant; None when they are many, and the days are gone through."""
        asked, ids = self._asked, None
        if self._search is not None:
            ids = self._search.candidates(asked.from_s, asked.end_s, _FEW)
        if ids is None and asked.state:
            ids = meeting_list.candidates(self._conn, asked.state, asked.from_s, asked.end_s, _FEW)
        return ids

    def _by_clock(self, at_s: int) -> Iterator[Begin]:
        span_s, end_s = _FIRST_SPAN_S, self._asked.end_s
        while at_s < end_s:
            until_s = min(at_s + span_s, end_s)
            only, before = None if self._search is None else self._having, self._looked
            found = meeting_times.begins(self._conn, at_s, until_s, self._device_id, only)
            yield from found
            at_s = until_s
            if self._looked >= MOST_LOOKED_AT:
                self.ended_s = at_s
                return
            if len(found) < _BATCH and self._looked - before < 4 * _BATCH:
                span_s = min(span_s * 2, _LONGEST_SPAN_S)

    def _having(self, meeting_ids: Collection[int]) -> Collection[int]:
        self._looked += len(meeting_ids)
        return meeting_ids if self._search is None else self._search.among(meeting_ids)

    def _of(self, meeting_ids: Collection[int], from_s: int) -> Iterator[Begin]:
        wanted = set(meeting_ids)
        if from_s == self._asked.from_s:
            going_on = meeting_times.running(self._conn, from_s, self._device_id)
            yield from (each for each in going_on if each.meeting_id in wanted)
        if self._device_id is not None:
            wanted = meeting_list.of_device(self._conn, wanted, self._device_id)
        yield from meeting_times.begins_among(self._conn, wanted, from_s, self._asked.end_s)

    def _is_first(self, begin: Begin) -> bool:
        """Whether no occurrence of its series begins before it in the range."""
        if begin.meeting_id in self._seen:
            return False
        self._seen.add(begin.meeting_id)
        if self._asked.after is None:
            return True
        first = meeting_times.begins_of(self._conn, begin.meeting_id, self._asked.from_s, begin.start_s + 1, 1)
        return not first or first[0] == begin


def _place(begin: Begin) -> tuple[int, int, int]:
    return begin[:3]


def _batches(begins: Iterable[Begin]) -> Iterator[list[Begin]]:
    batch: list[Begin] = []
    for each in begins:
        batch.append(each)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _matching(
    conn: sqlite3.Connection, asked: Asked, batch: list[Begin], chosen: Mapping[str, str], search: Search | None
) -> Iterator[AgendaRow]:
    ids = {each.meeting_id for each in batch}
    if search is not None:
        ids = search.among(ids)
    if not ids:
        return
    lines, asides = meeting_list.lines(conn, ids, chosen), meeting_list.asides(conn, ids)
    for begin in batch:
        line = lines.get(begin.meeting_id)
        if line is not None and (row := _row(conn, begin, line, asides[line.id])).word in (asked.state or row.word,):
            yield row


def _row(conn: sqlite3.Connection, begin: Begin, line: MeetingLine, aside: Aside) -> AgendaRow:
    end_s = begin.start_s + line.end_utc_s - line.start_utc_s
    if begin.state == "changed":
        end_s = meeting_times.moved_end_s(conn, begin.meeting_id, begin.original_s) or end_s
    word: Word = "cancelled" if begin.state == "cancelled" else word_of(conn, line)
    return AgendaRow(begin=begin, line=line, aside=aside, word=word, start_s=begin.start_s, end_s=end_s)
