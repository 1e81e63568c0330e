"""The time that meetings take up in a room: compared with what is taken, and written down, inside the intake's work."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.domain.busy import (
    HORIZON_S,
    Span,
    covered,
    first_overlap,
    merged,
    span_of,
    takes_up,
    without,
)
from gateway.domain.device import ConflictRule
from gateway.domain.facts import Part
from gateway.domain.meeting import Meeting
from gateway.domain.zones import to_local
from gateway.errors import TakenTime, TimeTaken
from gateway.mirror.intake.receipts import Caller
from gateway.mirror.intake.series import Exceptions, Plan
from gateway.store import busy, kept, occurrences
from gateway.store.busy import KeptRoom
from gateway.store.kept import KeptState
from gateway.store.meetings import MeetingRow
from gateway.store.occurrences import OccurrenceRow

MOST_TOLD = 5
"""So many times that are taken are named; the others are counted."""

EXTEND_AFTER_S = 30 * 86_400
"""After so long a series that goes on is expanded again; until then its horizon comes nearer by as much."""

_DAY_S = 86_400
_ELSEWHERE = frozenset({Part.TIME, Part.REPEAT, Part.EVENT})
"""What people may have changed in the calendar so that a meeting no longer is where the device put it."""


class OutsideView(NamedTuple):
    """What a room's calendar said of the time that our meetings do not take up.

    `as_of_ms` (UTC) is when the oldest part of it was asked, None when some part never was. `stale` says that it should
    be newer; `code` and `text` say why it is not.
    """

    spans: tuple[Span, ...] = ()
    as_of_ms: int | None = None
    stale: bool = False
    code: str = ""
    text: str = ""


class RoomBefore(NamedTuple):
    """A meeting in its room before it is changed: the time it had (`held`) is free for it in any case."""

    room: KeptRoom | None
    row: MeetingRow | None = None
    meeting: Meeting | None = None
    stored: tuple[OccurrenceRow, ...] = ()
    held: tuple[Span, ...] = ()


NOWHERE = RoomBefore(room=None)
"""Nobody asks when this device's room is taken."""


class RoomTime:
    """Compares and writes; `outside` tells what the calendar of a room said about a time (from, to, now in ms)."""

    def __init__(
        self, *, exceptions: Exceptions, outside: Callable[[int, Span, int], OutsideView] = lambda *_: OutsideView()
    ) -> None:
        self._exceptions = exceptions
        self._outside = outside

    def free(self, conn: sqlite3.Connection, caller: Caller, meeting: Meeting, now_ms: int) -> RoomPlan | None:
        """Plan for a meeting that is new and does not repeat, if nothing at all is in its way; else None.

        Most meetings are like this, and are then compared once, before it is known whether they are new.
        """
        room = busy.room_of(conn, caller.device_id)
        if room is None:
            return NO_ROOM
        if meeting.repeat is not None:
            return None
        span, now_s = span_of(meeting), now_ms // 1000
        warnings: tuple[str, ...] = ()
        if caller.conflict is not ConflictRule.ALLOW and span.end_s > now_s:
            view = self._outside(room.room_id, span, now_ms)
            if busy.overlapping(conn, room.room_id, span, most=1) or first_overlap(view.spans, span) is not None:
                return None
            warnings = _doubt(view)
        return RoomPlan(room, None, meeting, (span,), now_s, warnings)

    def before(self, conn: sqlite3.Connection, caller: Caller, row: MeetingRow | None, now_ms: int) -> RoomBefore:
        """Return how it stands with a meeting (`row`; None: a new one) before it is changed."""
        room = busy.room_of(conn, caller.device_id)
        if room is None or row is None:
            return RoomBefore(room) if room is not None else NOWHERE
        meeting = self._exceptions.series(row)
        stored = occurrences.of(conn, row.id) if row.exceptions else ()
        held: tuple[Span, ...] = ()
        if caller.conflict is not ConflictRule.ALLOW:
            held = merged(self._time(conn, row, meeting, stored, now_ms // 1000))
        return RoomBefore(room, row, meeting, stored, held)

    def plan(
        self,
        conn: sqlite3.Connection,
        caller: Caller,
        before: RoomBefore,
        meeting: Meeting,
        planned: Plan,
        now_ms: int,
    ) -> RoomPlan:
        """Plan for a meeting that becomes `meeting`, with what is `planned` of its occurrences.

        Raises TimeTaken when the device's rule is to refuse, and time that the meeting did not have before is taken.
        """
        room, now_s = before.room, now_ms // 1000
        if room is None:
            return NO_ROOM
        after = self._time(conn, before.row, meeting, planned.after(before.stored) if planned else before.stored, now_s)
        warnings: tuple[str, ...] = ()
        if caller.conflict is not ConflictRule.ALLOW:
            search = _Search(conn, room.room_id, None if before.row is None else before.row.id, before.held, now_s)
            warnings = self._judged(caller, search, meeting, after, now_ms)
        return RoomPlan(room, before.meeting, meeting, after, now_s, warnings)

    def store(self, conn: sqlite3.Connection, room: KeptRoom, row: MeetingRow, now_ms: int) -> None:
        """Write down anew what a stored meeting takes up."""
        meeting = self._exceptions.series(row)
        stored = occurrences.of(conn, row.id) if row.exceptions else ()
        after = self._time(conn, row, meeting, stored, now_ms // 1000)
        busy.forget_again(conn, row.id)
        RoomPlan(room, meeting, meeting, after, now_ms // 1000).carry_out(conn, row.id)

    def release(self, conn: sqlite3.Connection, row: MeetingRow) -> None:
        """A meeting was cancelled: its time is free."""
        room = busy.room_of(conn, row.device_id)
        if room is not None:
            meeting = self._exceptions.series(row)
            RoomPlan(room, meeting, meeting).carry_out(conn, row.id)

    def _time(
        self,
        conn: sqlite3.Connection,
        row: MeetingRow | None,
        meeting: Meeting,
        stored: Iterable[OccurrenceRow],
        now_s: int,
    ) -> tuple[Span, ...]:
        """Return what a meeting takes up, as far as it is where the device put it."""
        if meeting.repeat is None and (row is None or not row.kept_edits):
            return (span_of(meeting),)
        became = self._exceptions.became(stored) if meeting.repeat is not None else {}
        if row is not None and row.kept_edits:
            for edit in kept.of(conn, row.id):
                if edit.state is KeptState.KEPT and edit.parts & _ELSEWHERE:
                    if edit.original_start_utc_s == kept.WHOLE:
                        return ()
                    became[edit.original_start_utc_s] = None
        if meeting.repeat is None:
            return (span_of(meeting),)
        return takes_up(meeting, became, from_s=now_s - _DAY_S, to_s=now_s + HORIZON_S)

    def _judged(
        self, caller: Caller, search: _Search, meeting: Meeting, after: Sequence[Span], now_ms: int
    ) -> tuple[str, ...]:
        """Return what the device should hear about these times. Raises TimeTaken."""
        wanted = [span for span in after if search.counts(span)]
        if not wanted:
            return ()
        whole = wanted[0] if len(wanted) == 1 else Span(wanted[0].start_s, max(span.end_s for span in wanted))
        view = self._outside(search.room_id, whole, now_ms)
        taken: list[Span] = []
        occurrences_hit, most = 0, MOST_TOLD if meeting.repeat is None else 1
        for span in wanted:
            found = search.taken(span, view.spans, most)
            occurrences_hit += bool(found)
            taken += found[: MOST_TOLD - len(taken)]
        doubt = _doubt(view)
        if not taken:
            return doubt
        coming = 1 if meeting.repeat is None else sum(span.end_s > search.now_s for span in after)
        text = _told(taken, meeting.zone, occurrences_hit, of=coming)
        if caller.conflict is ConflictRule.REFUSE:
            told = " ".join((f"{text} Choose another time.", *doubt))
            raise TimeTaken(told, [TakenTime(*span) for span in taken], occurrences_hit, meeting.zone)
        return (f"{text} The meeting was accepted all the same.", *doubt)


class _Search(NamedTuple):
    """Looks for time that is taken, by others than the meeting itself and the time it had before."""

    conn: sqlite3.Connection
    room_id: int
    meeting_id: int | None
    held: tuple[Span, ...]
    now_s: int

    def counts(self, span: Span) -> bool:
        """Whether a time can be in conflict: it is not over, and the meeting did not have it already."""
        return span.end_s > self.now_s and not (self.held and covered(self.held, span))

    def taken(self, wanted: Span, outside: Sequence[Span], most: int) -> list[Span]:
        """Return at most `most` times that have some time in common with `wanted`, in order."""
        found = busy.overlapping(self.conn, self.room_id, wanted, but=self.meeting_id, most=most)
        if not found and not outside:
            return []
        spans = {each.span for each in found}
        rest, at = wanted, first_overlap(outside, wanted)
        while at is not None:
            # What the calendar shows may be what the meeting itself had there.
            spans.update(left for left in without((at,), self.held) if first_overlap((left,), wanted) is not None)
            rest = Span(at.end_s, wanted.end_s)
            at = first_overlap(outside, rest) if rest.start_s < rest.end_s else None
        return sorted(spans)[:most]


class RoomPlan(NamedTuple):
    """What is to be written about the time of a meeting; `warnings` are for its device."""

    room: KeptRoom | None
    before: Meeting | None = None
    meeting: Meeting | None = None
    after: tuple[Span, ...] = ()
    now_s: int = 0
    warnings: tuple[str, ...] = ()

    def carry_out(self, conn: sqlite3.Connection, meeting_id: int) -> None:
        """Write it."""
        if self.room is None or self.meeting is None or not self.room.blocks:
            return
        if self.before is None and self.meeting.repeat is None:
            busy.put(conn, self.room.room_id, meeting_id, self.after, series=False)
            return
        room_id, repeats = self.room.room_id, self.meeting.repeat is not None
        if self.before is not None and self.before.repeat is None:
            if not repeats and (span_of(self.before),) == self.after != ():
                busy.put(conn, room_id, meeting_id, self.after, series=False)
                return
            busy.drop_single(conn, room_id, meeting_id, span_of(self.before))
        if repeats or (self.before is not None and self.before.repeat is not None):
            busy.replace_series(conn, room_id, meeting_id, self.after if repeats else ())
            self._extend_later(conn, meeting_id)
        if not repeats:
            busy.put(conn, room_id, meeting_id, self.after, series=False)

    def _extend_later(self, conn: sqlite3.Connection, meeting_id: int) -> None:
        repeat = None if self.meeting is None else self.meeting.repeat
        ends = repeat is None or (repeat.until_utc_s is not None and repeat.until_utc_s < self.now_s + HORIZON_S)
        if ends or not self.after:
            busy.forget_again(conn, meeting_id)
        else:
            busy.make_again(conn, meeting_id, self.now_s + EXTEND_AFTER_S)


NO_ROOM = RoomPlan(room=None)


def _told(taken: Sequence[Span], zone: str, hit: int, *, of: int) -> str:
    """Name the times, on the clocks of the meeting and in UTC; never who has them."""
    times = "; ".join(_time_text(span, zone) for span in taken)
    if of == 1:
        return f"The room is taken then: {times}."
    more = "" if hit <= len(taken) else f"; and {hit - len(taken)} more"
    return f"{hit} of the next {of} occurrences are at times when the room is taken: {times}{more}."


def _time_text(span: Span, zone: str) -> str:
    start, end = (to_local(instant, zone) for instant in span)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {until} ({zone}; {utc_text(span.start_s)} to {utc_text(span.end_s)})"


def utc_text(instant_s: int) -> str:
    """Return an instant as RFC 3339 in UTC: `2026-11-30T09:00:00Z`."""
    return datetime.fromtimestamp(instant_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _doubt(view: OutsideView) -> tuple[str, ...]:
    """Say that the calendar itself could not be asked, if so."""
    if not view.stale:
        return ()
    reason = f" ({view.text})" if view.text else ""
    if view.as_of_ms is None:
        return (f"Only meetings of this gateway were looked at: the calendar's own busy times are not known{reason}.",)
    at = utc_text(view.as_of_ms // 1000)
    return (f"The calendar's busy times are as of {at}; what was entered there since is not known{reason}.",)
