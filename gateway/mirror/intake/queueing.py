"""Asks for a meeting to be written to its calendar, in the order of urgency; how that is done is not known here."""

from __future__ import annotations

import sqlite3

from gateway.domain.meeting import Meeting
from gateway.domain.next_start import next_start_s
from gateway.store import outbox

LAST_MS = 253_402_300_799_000
"""Stands for the start of what is over (the end of the year 9999): it comes after all that lies ahead."""


def starts_at_ms(meeting: Meeting, now_ms: int) -> int:
    """Return when a meeting takes place next (ms UTC), by which the outbox is emptied."""
    start_s = next_start_s(meeting, now_ms // 1000)
    return LAST_MS if start_s is None else start_s * 1000


def enqueue(
    conn: sqlite3.Connection, *, meeting_id: int, device_id: int, revision: int, meeting: Meeting, now_ms: int
) -> None:
    """Let the calendar have this revision of a meeting as soon as those that begin earlier have theirs."""
    outbox.put(
        conn,
        kind=outbox.MIRROR,
        subject_id=meeting_id,
        revision=revision,
        now_ms=now_ms,
        lane=device_id,
        starts_at_ms=starts_at_ms(meeting, now_ms),
    )
