"""A device said something: one transaction keeps meeting, outbox row and audit row; no HTTP, no calendar."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gateway.clock import Clock
from gateway.domain import change
from gateway.domain.meeting import Meeting
from gateway.domain.retry import Hold
from gateway.errors import Conflict, KeyReused, NotFound
from gateway.store import audit, idempotency, meetings, mirrored, outbox
from gateway.store.database import Database
from gateway.store.idempotency import KeptAnswer
from gateway.store.meetings import MeetingContents, MeetingRow, MeetingState


class Caller(NamedTuple):
    """The device that calls: its row id and the id it has in the configuration."""

    device_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatGuard:
    """An Idempotency-Key and the hash of the call that carries it."""

    key: str
    request_hash: bytes


class Receipt(NamedTuple):
    """What the device is told. `fresh` is False when the call changed nothing.

    `state` is one of `queued` (will be written to the calendar), `mirrored`, `held` (waits for an admin), `refused`
    (the calendar will not take it), `stored` (not to be mirrored) and `cancelled`.
    """

    meeting_id: int
    external_id: str
    revision: int
    state: str
    fresh: bool
    start_utc_s: int
    end_utc_s: int
    zone: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMeeting:
    """A meeting as it stands: its receipt, what the device said, in which shape, and its event if it has one."""

    receipt: Receipt
    meeting: Meeting
    shape: str
    event_link: str | None
    last_code: str
    last_text: str


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
        self._unseal = unseal
        self._wake = wake

    async def accept(
        self,
        caller: Caller,
        meeting: Meeting,
        *,
        shape: str,
        warnings: tuple[str, ...] = (),
        guard: RepeatGuard | None = None,
    ) -> Receipt:
        """Keep a meeting that was created or changed; when this returns it is on disk.

        The same meeting again changes nothing. Raises Conflict when the meeting was cancelled before and this is
        not a repeat of what was cancelled, KeyReused when the guard's key belongs to another call, StoreError when
        the disk fails.
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

        def work(conn: sqlite3.Connection) -> Receipt:
            if guard is None:
                return _accept(conn, caller, meeting, contents, now_ms)
            return _guarded(conn, caller, guard, now_ms, lambda: _accept(conn, caller, meeting, contents, now_ms))

        receipt = await self._database.write(work)
        if receipt.fresh:
            self._wake()
        return receipt._replace(warnings=warnings + receipt.warnings) if warnings else receipt

    async def cancel(self, caller: Caller, external_id: str) -> Receipt:
        """Cancel a meeting; again, it changes nothing. Raises NotFound when the device never scheduled it."""
        now_ms = self._clock.now_ms()
        receipt = await self._database.write(lambda conn: _cancel(conn, caller, external_id, now_ms, self._unseal))
        if receipt.fresh:
            self._wake()
        return receipt

    async def find(self, caller: Caller, external_id: str) -> StoredMeeting:
        """Return a meeting of this device as it stands. Raises NotFound."""
        return await self._database.read(lambda conn: _find(conn, caller, external_id, self._unseal))


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
    conn: sqlite3.Connection, caller: Caller, meeting: Meeting, contents: MeetingContents, now_ms: int
) -> Receipt:
    action, revision = "meeting.scheduled", 1
    meeting_id = meetings.insert(
        conn, device_id=caller.device_id, external_id=meeting.external_id, contents=contents, now_ms=now_ms
    )
    to_mirror = contents.sync
    if meeting_id is None:
        row = _existing(conn, caller, meeting.external_id)
        unchanged = _unchanged(conn, row, meeting, contents)
        if unchanged is not None:
            return unchanged
        action, revision = "meeting.changed", meetings.revise(conn, row, contents, now_ms)
        meeting_id = row.id
        # No longer to be mirrored: an event that is there, or may be, has to go.
        to_mirror = contents.sync or mirrored.get(conn, meeting_id) is not None
    if to_mirror:
        outbox.put(conn, kind=outbox.MIRROR, subject_id=meeting_id, revision=revision, now_ms=now_ms)
    _note(conn, caller, action, meeting_id, revision, now_ms)
    state = "queued" if contents.sync else "stored"
    return _receipt(meeting, meeting_id, revision, state, fresh=True)


def _unchanged(
    conn: sqlite3.Connection, row: MeetingRow, meeting: Meeting, contents: MeetingContents
) -> Receipt | None:
    """Return the answer to a call that must not change the stored meeting, or None when it may."""
    if row.fingerprint == contents.fingerprint:
        warnings: tuple[str, ...] = ()
        if row.state is MeetingState.CANCELLED:
            warnings = ("This meeting was cancelled; a late repeat does not bring it back.",)
        return _receipt(meeting, row.id, row.revision, _state(conn, row), fresh=False, warnings=warnings)
    if row.state is MeetingState.CANCELLED:
        raise Conflict("This meeting was cancelled. Schedule it again under a new id.")
    if meeting.sequence is not None and row.sequence is not None and meeting.sequence < row.sequence:
        warnings = (f"A newer version (sequence {row.sequence}) is already here; this one was left aside.",)
        return _receipt(meeting, row.id, row.revision, _state(conn, row), fresh=False, warnings=warnings)
    return None


def _cancel(
    conn: sqlite3.Connection, caller: Caller, external_id: str, now_ms: int, unseal: Callable[[str], str]
) -> Receipt:
    row = _existing(conn, caller, external_id)
    meeting = change.from_json(row.body, unseal)
    if row.state is MeetingState.CANCELLED:
        return _receipt(meeting, row.id, row.revision, _state(conn, row), fresh=False)
    revision = meetings.cancel(conn, row, now_ms)
    waiting = outbox.get(conn, outbox.MIRROR, row.id) is not None
    if waiting or mirrored.get(conn, row.id) is not None:
        outbox.put(conn, kind=outbox.MIRROR, subject_id=row.id, revision=revision, now_ms=now_ms)
    _note(conn, caller, "meeting.cancelled", row.id, revision, now_ms)
    return _receipt(meeting, row.id, revision, "cancelled", fresh=True)


def _find(conn: sqlite3.Connection, caller: Caller, external_id: str, unseal: Callable[[str], str]) -> StoredMeeting:
    row = _existing(conn, caller, external_id)
    meeting = change.from_json(row.body, unseal)
    event = mirrored.get(conn, row.id)
    waiting = outbox.get(conn, outbox.MIRROR, row.id)
    return StoredMeeting(
        receipt=_receipt(meeting, row.id, row.revision, _state(conn, row), fresh=False),
        meeting=meeting,
        shape=row.shape,
        event_link=event.link if event else None,
        last_code=waiting.last_code if waiting else "",
        last_text=waiting.last_text if waiting else "",
    )


def _existing(conn: sqlite3.Connection, caller: Caller, external_id: str) -> MeetingRow:
    row = meetings.find(conn, caller.device_id, external_id)
    if row is None:
        raise NotFound("This device has no meeting with that id. Check the id, or schedule the meeting first.")
    return row


def _state(conn: sqlite3.Connection, row: MeetingRow) -> str:
    if row.state is MeetingState.CANCELLED:
        return "cancelled"
    if not row.sync:
        return "stored"
    waiting = outbox.get(conn, outbox.MIRROR, row.id)
    if waiting is None:
        return "mirrored"
    if waiting.hold is None:
        return "queued"
    return "refused" if waiting.hold is Hold.PARKED else "held"


def _note(conn: sqlite3.Connection, caller: Caller, action: str, meeting_id: int, revision: int, now_ms: int) -> None:
    audit.write(
        conn,
        at_ms=now_ms,
        actor=f"device:{caller.name}",
        action=action,
        object_=f"meeting:{meeting_id}",
        detail=f"revision {revision}",
    )


def _receipt(
    meeting: Meeting,
    meeting_id: int,
    revision: int,
    state: str,
    *,
    fresh: bool,
    warnings: tuple[str, ...] = (),
) -> Receipt:
    return Receipt(
        meeting_id=meeting_id,
        external_id=meeting.external_id,
        revision=revision,
        state=state,
        fresh=fresh,
        start_utc_s=meeting.start_utc_s,
        end_utc_s=meeting.end_utc_s,
        zone=meeting.zone,
        warnings=warnings,
    )
