"""One job of the mirror, how it ended and what is then written down; what happens in between is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from gateway.domain.facts import EventFacts, to_json
from gateway.domain.kept_edit import KeptEdit
from gateway.domain.outcome import Outcome, RemoteEvent
from gateway.store import mirrored
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import MirroredRow
from gateway.store.occurrences import OccurrenceRow
from gateway.store.outbox import OutboxRow

DOUBT_NONE = 0
DOUBT_CALL = 1
"""A call may have had an effect that nobody saw."""
DOUBT_ABSENCE = 2
"""As DOUBT_CALL, and one look found nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed outbox row with everything needed to carry it out; without `event` there is nothing to remove.

    `occurrences` are the exceptions of a series, as they were when the row was claimed; `kept` is what people changed
    in the calendar and was not put back.
    """

    row: OutboxRow
    meeting: MeetingRow
    event: MirroredRow | None
    occurrences: tuple[OccurrenceRow, ...] = ()
    kept: tuple[KeptEdit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The calendar is as wanted: it holds `event`, or (None) holds nothing of this meeting.

    With `again_at_ms` (ms UTC) the event is there but lacks something, told by `code` and `text`: the job stays, and is
    due again then. Without it they are a warning that needs nothing more to be done. `lacking` is what the event is
    without, `written` what it said after the last write. `untold` says that people changed the event in a way that the
    device has not heard of: whoever reads the calendar next must not take it for an echo.
    """

    event: RemoteEvent | None
    again_at_ms: int | None = None
    code: str = ""
    text: str = ""
    written: EventFacts | None = None
    lacking: frozenset[str] = frozenset()
    untold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Not done; `doubt` says what must be looked at first next time (`DOUBT_*`).

    `calendar_away` says that the whole calendar could not be seen: when it is read again, the job can be done.
    """

    outcome: Outcome
    doubt: int
    calendar_away: bool = False


Result = Delivered | Undelivered


def write_down(conn: sqlite3.Connection, job: Job, delivered: Delivered, now_ms: int) -> bool:
    """Write down what the calendar holds after a delivery.

    False when the event was marked as stale while it was delivered: the job has to be done once more, at once.
    """
    meeting_id, revision, event = job.meeting.id, job.meeting.revision, delivered.event
    if event is None:
        if job.event is not None:
            mirrored.gone(conn, meeting_id=meeting_id, revision=revision, now_ms=now_ms)
        return True
    return mirrored.live(
        conn,
        meeting_id=meeting_id,
        revision=revision,
        etag=None if delivered.untold else event.etag,
        link=event.link,
        now_ms=now_ms,
        written=None if delivered.written is None else to_json(delivered.written),
        content=event.content,
        lacking=delivered.lacking,
        plain=event.plain and not delivered.untold,
        meet_state=event.meet_state,
        meet_link=event.meet_link,
        stale=0 if job.event is None else job.event.stale,
    )
