"""What the calendars of rooms may show of our own meetings, as they are and as they were written; nothing is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.domain import facts as facts_of
from gateway.domain.busy import Span, merged, takes_up
from gateway.domain.facts import EventFacts
from gateway.domain.meeting import Meeting
from gateway.domain.zones import to_local, to_utc_s
from gateway.store import busy, meetings, mirrored
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import Behind

_MOST_OWN = 50_000
_MOST_BEHIND = 2_000
_MOST_EXPANDED = 200


class Shown(NamedTuple):
    """Time of our own meetings in a room: what they take up `now`, and what else the calendar may show of them.

    That is what was written before a change that is still to be written: `soon`, or (`held`) not before a person does
    something.
    """

    now: tuple[Span, ...] = ()
    soon: tuple[Span, ...] = ()
    held: tuple[Span, ...] = ()


class RoomShown:
    """Reads it; `series` makes a meeting of a stored row."""

    def __init__(self, *, series: Callable[[MeetingRow], Meeting]) -> None:
        self._series = series

    def read(self, conn: sqlite3.Connection, room_ids: Collection[int], whole: Span) -> dict[int, Shown]:
        """Return it for some rooms, as far as it lies within `whole`."""
        soon: dict[int, list[Span]] = {}
        held: dict[int, list[Span]] = {}
        expanded = 0
        for found in mirrored.behind(conn, room_ids, _MOST_BEHIND):
            into = (held if found.held else soon).setdefault(found.room_id, [])
            facts = _facts(found.written)
            if facts is not None and not facts.repeat and not facts.all_day:
                into.append(Span(facts.start_utc_s, facts.end_utc_s))
            elif expanded < _MOST_EXPANDED:
                expanded += 1
                into += self._expanded(conn, found, facts, whole)
        return {
            room_id: Shown(
                merged(own.span for own in busy.overlapping(conn, room_id, whole, most=_MOST_OWN)),
                merged(soon.get(room_id, ())),
                merged(held.get(room_id, ())),
            )
            for room_id in room_ids
        }

    def _expanded(
        self, conn: sqlite3.Connection, found: Behind, facts: EventFacts | None, whole: Span
    ) -> tuple[Span, ...]:
        """Return the time of a meeting where it was written last; of a series by the rule that it has now."""
        row = meetings.get(conn, found.meeting_id)
        if row is None:
            return ()
        meeting = self._series(row)
        if facts is not None:
            meeting = _moved(meeting, facts)
        return takes_up(meeting, {}, from_s=whole.start_s, to_s=whole.end_s)


def _facts(written: str | None) -> EventFacts | None:
    try:
        return None if written is None else facts_of.from_json(written)
    except ValueError:
        return None


def _moved(meeting: Meeting, facts: EventFacts) -> Meeting:
    if facts.all_day:
        start, end = (
            datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None) for at_s in (facts.start_utc_s, facts.end_utc_s)
        )
    else:
        start, end = (to_local(at_s, meeting.zone) for at_s in (facts.start_utc_s, facts.end_utc_s))
    return replace(
        meeting,
        start_local=start,
        end_local=end,
        start_utc_s=to_utc_s(start, meeting.zone)[0],
        end_utc_s=to_utc_s(end, meeting.zone)[0],
    )
