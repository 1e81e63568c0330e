"""A device said what became of one occurrence: its part of the intake's transaction; the series is not changed here."""

from __future__ import annotations

import sqlite3

from gateway.domain.expansion import Expansion
from gateway.domain.occurrence import OccurrenceChange, OccurrenceState, belonging, by_the_rule
from gateway.errors import Conflict
from gateway.mirror.intake.acceptance import Acceptance
from gateway.mirror.intake.queueing import enqueue
from gateway.mirror.intake.receipts import (
    Caller,
    Receipt,
    existing,
    is_older,
    newer,
    note,
    receipt_of,
    state_of,
    trouble_of,
)
from gateway.mirror.intake.series import Plan, not_an_occurrence
from gateway.store import kept, meetings, mirrored, occurrences
from gateway.store.kept import KeptState
from gateway.store.meetings import MeetingRow, MeetingState
from gateway.store.occurrences import OccurrenceRow


def change_occurrence(
    conn: sqlite3.Connection,
    caller: Caller,
    external_id: str,
    said: OccurrenceChange,
    now_ms: int,
    parts: Acceptance,
) -> Receipt:
    """Keep what became of one occurrence; see `Intake.change_occurrence`. Raises NotFound, BadPayload, Conflict."""
    exceptions = parts.exceptions
    row = existing(conn, caller, external_id)
    series = exceptions.series(row)
    slot = Expansion(series).at(said.original)
    if slot is None:
        raise not_an_occurrence(series)
    stored = occurrences.get(conn, row.id, slot.utc_s) if row.exceptions else None
    planned = _planned(row, exceptions.one(series, slot, said, stored), said, stored)
    told = belonging(series, said.meeting or by_the_rule(series, slot))
    if not planned:
        was_cancelled = stored is not None and stored.state is OccurrenceState.CANCELLED
        state = "cancelled" if was_cancelled else state_of(conn, row, trouble_of(conn, caller, row))
        return receipt_of(told, row.id, row.revision, state, fresh=False, warnings=planned.warnings)
    before = parts.rooms.before(conn, caller, row, now_ms)
    if row.kept_edits:
        _heard_last(conn, row, slot.utc_s)
    time = parts.rooms.plan(conn, caller, before, series, planned, now_ms)
    revision = meetings.advance(conn, row, now_ms)
    planned.carry_out(conn, row.id, now_ms)
    time.carry_out(conn, row.id)
    if row.sync or mirrored.get(conn, row.id) is not None:
        enqueue(conn, meeting_id=row.id, device_id=row.device_id, revision=revision, meeting=series, now_ms=now_ms)
    action = "occurrence.cancelled" if said.meeting is None else "occurrence.changed"
    note(conn, caller, action, row.id, revision, now_ms)
    state = "cancelled" if said.meeting is None else "queued" if row.sync else "stored"
    return receipt_of(told, row.id, revision, state, fresh=True, warnings=time.warnings)


def _heard_last(conn: sqlite3.Connection, row: MeetingRow, original_start_utc_s: int) -> None:
    """The device changed this occurrence: what people made of it in the calendar is no longer kept."""
    edit = kept.get(conn, row.id, original_start_utc_s)
    if edit is not None and edit.state is KeptState.KEPT:
        kept.drop(conn, row.id, original_start_utc_s)


def _planned(row: MeetingRow, plan: Plan, said: OccurrenceChange, stored: OccurrenceRow | None) -> Plan:
    """Leave aside what is older than what is stored, and what would change a series that was cancelled."""
    number = stored.sequence if stored is not None and stored.sequence is not None else row.sequence
    if is_older(said.number, number):
        return Plan(warnings=(newer(number),) if plan else ())
    if not plan or row.state is not MeetingState.CANCELLED:
        return plan
    if said.meeting is not None:
        raise Conflict("The series of this occurrence was cancelled. Schedule it again under a new id.")
    return Plan()
