"""What the intake does inside its one transaction: keep, change or cancel a meeting; who calls it is the intake."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.domain.device import ConflictRule
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange
from gateway.errors import Conflict, KeyReused
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
from gateway.mirror.intake.room_time import RoomPlan, RoomTime
from gateway.mirror.intake.series import Exceptions, Plan
from gateway.store import idempotency, kept, meetings, mirrored, occurrences, outbox
from gateway.store.idempotency import KeptAnswer
from gateway.store.meetings import MeetingContents, MeetingRow, MeetingState


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatGuard:
    """An Idempotency-Key and the hash of the call that carries it."""

    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a device said of a meeting; `occurrences` are all the exceptions of a series, None when it said none."""

    caller: Caller
    meeting: Meeting
    contents: MeetingContents
    occurrences: Sequence[OccurrenceChange] | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Keeps, changes and cancels meetings on a connection that is in a transaction."""

    exceptions: Exceptions
    rooms: RoomTime

    def accept(self, conn: sqlite3.Connection, said: Said, now_ms: int) -> Receipt:
        """Keep a meeting that was created or changed; see `Intake.accept`."""
        caller, meeting, contents = said.caller, said.meeting, said.contents
        time = self.rooms.free(conn, caller, meeting, now_ms)
        sure = time is not None or caller.conflict is not ConflictRule.REFUSE
        meeting_id, row = _new_or_known(conn, said, now_ms, sure=sure)
        if row is not None and (unchanged := _left_aside(conn, caller, row, meeting, contents)) is not None:
            return unchanged
        planned = self._planned(conn, row, said)
        if row is not None and row.fingerprint == contents.fingerprint and not planned:
            state = state_of(conn, row, trouble_of(conn, caller, row))
            return receipt_of(meeting, row.id, row.revision, state, fresh=False, warnings=planned.warnings)
        if row is not None or time is None:
            time = self._time(conn, row, said, planned, now_ms)
        action, revision, to_mirror = "meeting.scheduled", 1, contents.sync
        if row is not None:
            action, revision = "meeting.changed", meetings.revise(conn, row, contents, now_ms)
            # No longer to be mirrored: an event that is there, or may be, has to go.
            to_mirror = contents.sync or mirrored.get(conn, row.id) is not None
        meeting_id = meeting_id or _insert(conn, said, now_ms)
        if planned:
            planned.carry_out(conn, meeting_id, now_ms)
        time.carry_out(conn, meeting_id)
        if to_mirror:
            enqueue(
                conn,
                meeting_id=meeting_id,
                device_id=caller.device_id,
                revision=revision,
                meeting=meeting,
                now_ms=now_ms,
            )
        note(conn, caller, action, meeting_id, revision, now_ms)
        state = "queued" if contents.sync else "stored"
        warnings = planned.warnings + time.warnings
        return receipt_of(meeting, meeting_id, revision, state, fresh=True, warnings=warnings)

    def cancel(
        self, conn: sqlite3.Connection, caller: Caller, external_id: str, now_ms: int, sequence: int | None
    ) -> Receipt:
        """Cancel a meeting; see `Intake.cancel`."""
        row = existing(conn, caller, external_id)
        meeting = self.exceptions.series(row)
        if row.state is MeetingState.CANCELLED:
            return receipt_of(meeting, row.id, row.revision, state_of(conn, row), fresh=False)
        if is_older(sequence, row.sequence):
            state, warnings = state_of(conn, row, trouble_of(conn, caller, row)), (newer(row.sequence),)
            return receipt_of(meeting, row.id, row.revision, state, fresh=False, warnings=warnings)
        revision = meetings.cancel(conn, row, now_ms)
        self.rooms.release(conn, row)
        if row.kept_edits:
            kept.forget(conn, row.id)
        waiting = outbox.get(conn, outbox.MIRROR, row.id) is not None
        if waiting or mirrored.get(conn, row.id) is not None:
            enqueue(conn, meeting_id=row.id, device_id=row.device_id, revision=revision, meeting=meeting, now_ms=now_ms)
        note(conn, caller, "meeting.cancelled", row.id, revision, now_ms)
        return receipt_of(meeting, row.id, revision, "cancelled", fresh=True)

    def _time(
        self, conn: sqlite3.Connection, row: MeetingRow | None, said: Said, planned: Plan, now_ms: int
    ) -> RoomPlan:
        """Plan for the time of a meeting that is new (no `row`) or changes. Raises TimeTaken."""
        before = self.rooms.before(conn, said.caller, row, now_ms)
        if row is not None and row.kept_edits:
            kept.device_changed(conn, row.id, self.exceptions.series(row), said.meeting, now_ms)
        return self.rooms.plan(conn, said.caller, before, said.meeting, planned, now_ms)

    def _planned(self, conn: sqlite3.Connection, row: MeetingRow | None, said: Said) -> Plan:
        """Plan for the exceptions of a meeting that is new (no `row`) or changes."""
        if said.occurrences is None and (
            row is None or not row.exceptions or row.fingerprint == said.contents.fingerprint
        ):
            return _NOTHING
        stored = occurrences.of(conn, row.id) if row is not None and row.exceptions else ()
        held = row is not None and mirrored.get(conn, row.id) is not None
        if said.occurrences is not None:
            return self.exceptions.given(said.meeting, said.occurrences, stored, held=held)
        if row is None:
            return _NOTHING
        return self.exceptions.refitted(self.exceptions.series(row), said.meeting, stored, held=held)


_NOTHING = Plan()


def guarded(
    conn: sqlite3.Connection, caller: Caller, guard: RepeatGuard, now_ms: int, work: Callable[[], Receipt]
) -> Receipt:
    """Do the work once per Idempotency-Key: a repeat gets the first answer, another call with the key is refused."""
    first = idempotency.find(conn, caller.device_id, guard.key)
    if first is None:
        receipt = work()
        answer = json.dumps(receipt._asdict(), separators=(",", ":"))
        first = KeptAnswer(request_hash=guard.request_hash, status=202 if receipt.fresh else 200, answer=answer)
        idempotency.keep(conn, caller.device_id, guard.key, first, now_ms)
        return receipt
    if first.request_hash != guard.request_hash:
        raise KeyReused("This Idempotency-Key was used for another call. Use a new key for every change.")
    told = json.loads(first.answer)
    return Receipt(**{**told, "fresh": False, "warnings": tuple(told["warnings"])})


def _new_or_known(conn: sqlite3.Connection, said: Said, now_ms: int, *, sure: bool) -> tuple[int, MeetingRow | None]:
    """Return the id of a meeting and its row if it is known; one that may be refused (not `sure`) is not stored (id 0).

    Most meetings are new, so that asking first would be one statement more; but what was done already would have to
    be undone, for all callers of the same moment.
    """
    caller, external_id = said.caller, said.meeting.external_id
    if sure:
        meeting_id = meetings.insert(
            conn, device_id=caller.device_id, external_id=external_id, contents=said.contents, now_ms=now_ms
        )
        if meeting_id is not None:
            return meeting_id, None
    row = meetings.find(conn, caller.device_id, external_id)
    return (0, None) if row is None else (row.id, row)


def _insert(conn: sqlite3.Connection, said: Said, now_ms: int) -> int:
    meeting_id = meetings.insert(
        conn,
        device_id=said.caller.device_id,
        external_id=said.meeting.external_id,
        contents=said.contents,
        now_ms=now_ms,
    )
    if meeting_id is None:
        raise sqlite3.IntegrityError("a meeting that was not there a moment ago is there")
    return meeting_id


def _left_aside(
    conn: sqlite3.Connection, caller: Caller, row: MeetingRow, meeting: Meeting, contents: MeetingContents
) -> Receipt | None:
    """Return the answer to a call that must not change the stored meeting, or None when it may."""
    same = row.fingerprint == contents.fingerprint
    warnings: tuple[str, ...] = ()
    if row.state is MeetingState.CANCELLED:
        if not same:
            raise Conflict("This meeting was cancelled. Schedule it again under a new id.")
        warnings = ("This meeting was cancelled; a late repeat does not bring it back.",)
    elif not is_older(meeting.sequence, row.sequence):
        return None
    elif not same:
        warnings = (newer(row.sequence),)
    state = state_of(conn, row, trouble_of(conn, caller, row))
    return receipt_of(meeting, row.id, row.revision, state, fresh=False, warnings=warnings)
