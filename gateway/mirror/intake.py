"""A device said something: one transaction keeps meeting, outbox row and audit row; no HTTP, no calendar."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.domain import change
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange
from gateway.errors import Conflict, KeyReused
from gateway.mirror.occurrence_intake import change_occurrence
from gateway.mirror.receipts import (
    Caller,
    Receipt,
    StoredMeeting,
    existing,
    is_older,
    newer,
    note,
    receipt_of,
    state_of,
)
from gateway.mirror.series import Exceptions, Plan
from gateway.store import idempotency, meetings, mirrored, occurrences, outbox
from gateway.store.database import Database
from gateway.store.idempotency import KeptAnswer
from gateway.store.meetings import MeetingContents, MeetingRow, MeetingState

__all__ = ["Caller", "Intake", "Receipt", "RepeatGuard", "StoredMeeting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatGuard:
    """An Idempotency-Key and the hash of the call that carries it."""

    key: str
    request_hash: bytes


class Intake:
    """The one way in for meetings, whatever dialect they came in."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        fingerprint_key: bytes,
        seal: Callable[[str], str],
        unseal: Callable[[str], str],
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._fingerprint_key = fingerprint_key
        self._seal = seal
        self._wake = wake
        self._exceptions = Exceptions(key=fingerprint_key, seal=seal, unseal=unseal)

    async def accept(
        self,
        caller: Caller,
        meeting: Meeting,
        *,
        shape: str,
        warnings: tuple[str, ...] = (),
        guard: RepeatGuard | None = None,
        occurrences: Sequence[OccurrenceChange] | None = None,
    ) -> Receipt:
        """Keep a meeting that was created or changed; when this returns it is on disk.

        `occurrences` are the exceptions of a series, all of them; None keeps those stored that still fit
        (`mirror.series` has the rule). The same again changes nothing. Raises Conflict when the meeting was cancelled
        before and this is not a repeat of what was cancelled, BadPayload when one of `occurrences` is none of the
        series, KeyReused when the guard's key belongs to another call, StoreError when the disk fails.
        """
        body, fingerprint = change.stored(meeting, self._fingerprint_key, self._seal)
        contents = MeetingContents(
            sync=meeting.sync_to_calendar,
            shape=shape,
            sequence=meeting.sequence,
            fingerprint=fingerprint,
            body=body,
        )
        now_ms = self._clock.now_ms()

        def plan(conn: sqlite3.Connection, row: MeetingRow | None) -> Plan:
            return self._plan(conn, row, meeting, fingerprint, occurrences)

        def work(conn: sqlite3.Connection) -> Receipt:
            if guard is None:
                return _accept(conn, caller, meeting, contents, now_ms, plan)
            return _guarded(conn, caller, guard, now_ms, lambda: _accept(conn, caller, meeting, contents, now_ms, plan))

        return self._told(await self._database.write(work), warnings)

    async def change_occurrence(
        self,
        caller: Caller,
        external_id: str,
        change: OccurrenceChange,
        *,
        shape: str,
        warnings: tuple[str, ...] = (),
        guard: RepeatGuard | None = None,
    ) -> Receipt:
        """Keep that one occurrence of a series was moved, changed or cancelled; the series itself stays as it is.

        The receipt has the times of that occurrence. The same again changes nothing; what is older than what is
        stored is left aside. `shape` is not kept: one occurrence is not read back alone. Raises NotFound without the
        series, BadPayload naming `original_start` when the series has no occurrence then, Conflict when the series
        was cancelled, and as `accept`.
        """
        del shape
        now_ms = self._clock.now_ms()

        def apply(conn: sqlite3.Connection) -> Receipt:
            return change_occurrence(conn, caller, external_id, change, now_ms, self._exceptions)

        def work(conn: sqlite3.Connection) -> Receipt:
            return apply(conn) if guard is None else _guarded(conn, caller, guard, now_ms, lambda: apply(conn))

        return self._told(await self._database.write(work), warnings)

    async def cancel(self, caller: Caller, external_id: str, *, sequence: int | None = None) -> Receipt:
        """Cancel a meeting, a series with all its exceptions; again, it changes nothing.

        A `sequence` older than the stored one is left aside. Raises NotFound when the device never scheduled it.
        """
        now_ms = self._clock.now_ms()
        return self._told(
            await self._database.write(
                lambda conn: _cancel(conn, caller, external_id, now_ms, self._exceptions, sequence)
            ),
            (),
        )

    async def find(self, caller: Caller, external_id: str) -> StoredMeeting:
        """Return a meeting of this device as it stands. Raises NotFound."""
        return await self._database.read(lambda conn: _find(conn, caller, external_id, self._exceptions))

    async def series(self, caller: Caller, external_id: str) -> StoredMeeting:
        """Return the series whose occurrence a call is about; as `find`."""
        return await self.find(caller, external_id)

    def _plan(
        self,
        conn: sqlite3.Connection,
        row: MeetingRow | None,
        meeting: Meeting,
        fingerprint: str,
        said: Sequence[OccurrenceChange] | None,
    ) -> Plan:
        """Plan for the exceptions of a meeting that is new (no `row`) or changes."""
        if said is None and (row is None or not row.exceptions or row.fingerprint == fingerprint):
            return _NOTHING
        stored = occurrences.of(conn, row.id) if row is not None and row.exceptions else ()
        held = row is not None and mirrored.get(conn, row.id) is not None
        if said is not None:
            return self._exceptions.given(meeting, said, stored, held=held)
        if row is None:
            return _NOTHING
        return self._exceptions.refitted(self._exceptions.series(row), meeting, stored, held=held)

    def _told(self, receipt: Receipt, warnings: tuple[str, ...]) -> Receipt:
        if receipt.fresh:
            self._wake()
        return receipt._replace(warnings=warnings + receipt.warnings) if warnings else receipt


_NOTHING = Plan()
_Planner = Callable[[sqlite3.Connection, MeetingRow | None], Plan]


def _guarded(
    conn: sqlite3.Connection, caller: Caller, guard: RepeatGuard, now_ms: int, work: Callable[[], Receipt]
) -> Receipt:
    """Do the work once per Idempotency-Key: a repeat gets the first answer, another call with the key is refused."""
    kept = idempotency.find(conn, caller.device_id, guard.key)
    if kept is None:
        receipt = work()
        answer = json.dumps(receipt._asdict(), separators=(",", ":"))
        kept = KeptAnswer(request_hash=guard.request_hash, status=202 if receipt.fresh else 200, answer=answer)
        idempotency.keep(conn, caller.device_id, guard.key, kept, now_ms)
        return receipt
    if kept.request_hash != guard.request_hash:
        raise KeyReused("This Idempotency-Key was used for another call. Use a new key for every change.")
    first = json.loads(kept.answer)
    return Receipt(**{**first, "fresh": False, "warnings": tuple(first["warnings"])})


def _accept(
    conn: sqlite3.Connection, caller: Caller, meeting: Meeting, contents: MeetingContents, now_ms: int, plan: _Planner
) -> Receipt:
    action, revision, row = "meeting.scheduled", 1, None
    meeting_id = meetings.insert(
        conn, device_id=caller.device_id, external_id=meeting.external_id, contents=contents, now_ms=now_ms
    )
    to_mirror = contents.sync
    if meeting_id is None:
        row = existing(conn, caller, meeting.external_id)
        meeting_id = row.id
        unchanged = _left_aside(conn, row, meeting, contents)
        if unchanged is not None:
            return unchanged
    planned = plan(conn, row)
    if row is not None:
        if row.fingerprint == contents.fingerprint and not planned:
            state = state_of(conn, row)
            return receipt_of(meeting, row.id, row.revision, state, fresh=False, warnings=planned.warnings)
        action, revision = "meeting.changed", meetings.revise(conn, row, contents, now_ms)
        # No longer to be mirrored: an event that is there, or may be, has to go.
        to_mirror = contents.sync or mirrored.get(conn, meeting_id) is not None
    if planned:
        planned.carry_out(conn, meeting_id, now_ms)
    if to_mirror:
        outbox.put(conn, kind=outbox.MIRROR, subject_id=meeting_id, revision=revision, now_ms=now_ms)
    note(conn, caller, action, meeting_id, revision, now_ms)
    state = "queued" if contents.sync else "stored"
    return receipt_of(meeting, meeting_id, revision, state, fresh=True, warnings=planned.warnings)


def _left_aside(
    conn: sqlite3.Connection, row: MeetingRow, meeting: Meeting, contents: MeetingContents
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
    return receipt_of(meeting, row.id, row.revision, state_of(conn, row), fresh=False, warnings=warnings)


def _cancel(
    conn: sqlite3.Connection,
    caller: Caller,
    external_id: str,
    now_ms: int,
    exceptions: Exceptions,
    sequence: int | None,
) -> Receipt:
    row = existing(conn, caller, external_id)
    meeting = exceptions.series(row)
    if row.state is MeetingState.CANCELLED:
        return receipt_of(meeting, row.id, row.revision, state_of(conn, row), fresh=False)
    if is_older(sequence, row.sequence):
        warnings = (newer(row.sequence),)
        return receipt_of(meeting, row.id, row.revision, state_of(conn, row), fresh=False, warnings=warnings)
    revision = meetings.cancel(conn, row, now_ms)
    waiting = outbox.get(conn, outbox.MIRROR, row.id) is not None
    if waiting or mirrored.get(conn, row.id) is not None:
        outbox.put(conn, kind=outbox.MIRROR, subject_id=row.id, revision=revision, now_ms=now_ms)
    note(conn, caller, "meeting.cancelled", row.id, revision, now_ms)
    return receipt_of(meeting, row.id, revision, "cancelled", fresh=True)


def _find(conn: sqlite3.Connection, caller: Caller, external_id: str, exceptions: Exceptions) -> StoredMeeting:
    row = existing(conn, caller, external_id)
    meeting = exceptions.series(row)
    event = mirrored.get(conn, row.id)
    waiting = outbox.get(conn, outbox.MIRROR, row.id)
    return StoredMeeting(
        receipt=receipt_of(meeting, row.id, row.revision, state_of(conn, row), fresh=False),
        meeting=meeting,
        shape=row.shape,
        event_link=event.link if event else None,
        last_code=waiting.last_code if waiting else "",
        last_text=waiting.last_text if waiting else "",
        occurrences=exceptions.changes(occurrences.of(conn, row.id)) if row.exceptions else (),
    )
