"""What a device is told about a meeting, what that is made of, and the audit line of it; nothing is decided here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from gateway.domain.device import ConflictRule
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange
from gateway.domain.retry import Hold
from gateway.errors import NotFound
from gateway.store import audit, kept, meetings, mirrored, outbox
from gateway.store.account_use import AccountUse, Trouble
from gateway.store.meetings import MeetingRow, MeetingState
from gateway.store.mirrored import MirrorState


class Caller(NamedTuple):
    """The device that calls: its row id, the id it has in the configuration, and what to do when its time is taken.

    `account` is the address of the account that its meetings go to, None for the main one.
    """

    device_id: int
    name: str
    conflict: ConflictRule = ConflictRule.ALLOW
    account: str | None = None


class Receipt(NamedTuple):
    """What the device is told. `fresh` is False when the call changed nothing.

    `state` is one of `queued` (will be written to the calendar), `mirrored`, `held` (waits for an admin), `refused`
    (the calendar will not take it), `left` (people deleted the event, and their word counts), `stored` (not to be
    mirrored) and `cancelled`.
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
    """A meeting as it stands: its receipt, what the device said, in which shape, and its event if it has one.

    `occurrences` are those of a series that are not as its rule says. `meet_link` is the address of its conference at
    the calendar, once there is one; `notes` say what the event lacks that was asked for.
    """

    receipt: Receipt
    meeting: Meeting
    shape: str
    event_link: str | None
    last_code: str
    last_text: str
    occurrences: tuple[OccurrenceChange, ...] = ()
    meet_link: str | None = None
    notes: tuple[Note, ...] = ()


class Note(NamedTuple):
    """Something that the people of a device should know: a stable code, and a sentence."""

    code: str
    text: str


def existing(conn: sqlite3.Connection, caller: Caller, external_id: str) -> MeetingRow:
    """Return the device's meeting of that name. Raises NotFound."""
    row = meetings.find(conn, caller.device_id, external_id)
    if row is None:
        raise NotFound("This device has no meeting with that id. Check the id, or schedule the meeting first.")
    return row


def state_of(conn: sqlite3.Connection, row: MeetingRow, trouble: Trouble | None = None) -> str:
    """Return the state of a stored meeting as `Receipt.state` has it.

    An event that has this revision is `mirrored`, also while something is still to be added to it. `trouble` is why
    the account that it waits for cannot be used.
    """
    if row.state is MeetingState.CANCELLED:
        return "cancelled"
    if not row.sync:
        return "stored"
    if row.kept_edits and _is_left(kept.get(conn, row.id)):
        return "left"
    waiting = outbox.get(conn, outbox.MIRROR, row.id)
    if waiting is None:
        return "mirrored"
    event = mirrored.get(conn, row.id)
    if event is not None and event.state is MirrorState.LIVE and event.revision == row.revision and not event.stale:
        return "mirrored"
    if waiting.hold is None:
        return "held" if trouble is not None and trouble.held else "queued"
    return "refused" if waiting.hold is Hold.PARKED else "held"


def trouble_of(conn: sqlite3.Connection, caller: Caller, row: MeetingRow) -> Trouble | None:
    """Return why the account cannot be used that the meeting waits for; None while it can, or when nothing waits."""
    waiting = outbox.get(conn, outbox.MIRROR, row.id)
    if waiting is None or waiting.hold is not None:
        return None
    return AccountUse(conn).trouble(waiting.account_id, caller.account)


def _is_left(edit: KeptEdit | None) -> bool:
    return edit is not None and edit.state is KeptState.KEPT and edit.deleted


def note(conn: sqlite3.Connection, caller: Caller, action: str, meeting_id: int, revision: int, now_ms: int) -> None:
    """Write down who did what to which revision of a meeting."""
    audit.write(
        conn,
        at_ms=now_ms,
        actor=f"device:{caller.name}",
        action=action,
        object_=f"meeting:{meeting_id}",
        detail=f"revision {revision}",
    )


def receipt_of(
    meeting: Meeting,
    meeting_id: int,
    revision: int,
    state: str,
    *,
    fresh: bool,
    warnings: tuple[str, ...] = (),
) -> Receipt:
    """Return the receipt of a meeting, or of the occurrence that `meeting` is."""
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


def is_older(sequence: int | None, stored: int | None) -> bool:
    """Tell whether a call's sequence says that something newer is stored."""
    return sequence is not None and stored is not None and sequence < stored


def newer(sequence: int | None) -> str:
    """Return the warning for a call that was left aside as older than what is stored."""
    return f"A newer version (sequence {sequence}) is already here; this one was left aside."
