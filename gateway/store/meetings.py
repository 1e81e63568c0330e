"""The table `meeting`: the last accepted revision of every meeting; nothing about calendars."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_COLUMNS = (
    "id, device_id, external_id, revision, state, sync, shape, sequence, fingerprint, body, changed_at, exceptions, "
    "kept_edits"
)


class MeetingState(StrEnum):
    """Whether a meeting takes place."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


class MeetingContents(NamedTuple):
    """What one revision says; see `MeetingRow` for the columns."""

    sync: bool
    shape: str
    sequence: int | None
    fingerprint: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRow:
    """A stored meeting; `body` is the form of `domain.change` with sealed PINs, `shape` the device's wire shape.

    `exceptions` is how many rows of its occurrences there are (`store.occurrences`), `kept_edits` how many things that
    people changed in the calendar are asked about or stay as they are (`store.kept`).
    """

    id: int
    device_id: int
    external_id: str
    revision: int
    state: MeetingState
    sync: bool
    shape: str
    sequence: int | None
    fingerprint: str
    body: str
    changed_at: int
    exceptions: int = 0
    kept_edits: int = 0

    @property
    def wanted(self) -> bool:
        """Whether a calendar should hold this meeting."""
        return self.sync and self.state is MeetingState.SCHEDULED


def find(conn: sqlite3.Connection, device_id: int, external_id: str) -> MeetingRow | None:
    """Return the device's meeting of that name."""
    return _row(
        conn.execute(
            f"SELECT {_COLUMNS} FROM meeting WHERE device_id = ? AND external_id = ?",  # noqa: S608 - constant columns
            (device_id, external_id),
        ).fetchone()
    )


def get(conn: sqlite3.Connection, meeting_id: int) -> MeetingRow | None:
    """Return the meeting with that internal id."""
    return _row(
        conn.execute(f"SELECT {_COLUMNS} FROM meeting WHERE id = ?", (meeting_id,)).fetchone()  # noqa: S608 - constant columns
    )


_NUMBER = "(SELECT next_meeting_id FROM restored WHERE next_meeting_id > (SELECT coalesce(max(id), 0) FROM meeting))"
"""The number of the first new meeting after a restored backup; NULL, as nearly always, takes the next one."""

_INSERT = (
    "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, sequence, fingerprint, body, "  # noqa: S608 - a constant
    f"changed_at) VALUES ({_NUMBER}, ?, ?, 1, 'scheduled', ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (device_id, external_id) DO NOTHING"
)


def insert(
    conn: sqlite3.Connection, *, device_id: int, external_id: str, contents: MeetingContents, now_ms: int
) -> int | None:
    """Store revision 1 of a new meeting and return its internal id; None when the device has one of that name.

    Most meetings that come in are new, so that asking first would be one statement more.
    """
    cursor = conn.execute(
        _INSERT,
        (
            device_id,
            external_id,
            contents.sync,
            contents.shape,
            contents.sequence,
            contents.fingerprint,
            contents.body,
            now_ms,
        ),
    )
    return cursor.lastrowid if cursor.rowcount else None


def revise(conn: sqlite3.Connection, row: MeetingRow, contents: MeetingContents, now_ms: int) -> int:
    """Replace what is stored of a meeting by its next revision and return that revision's number."""
    conn.execute(
        "UPDATE meeting SET revision = ?, sync = ?, shape = ?, sequence = ?, fingerprint = ?, body = ?, "
        "changed_at = ? WHERE id = ?",
        (
            row.revision + 1,
            contents.sync,
            contents.shape,
            contents.sequence,
            contents.fingerprint,
            contents.body,
            now_ms,
            row.id,
        ),
    )
    return row.revision + 1


def advance(conn: sqlite3.Connection, row: MeetingRow, now_ms: int) -> int:
    """Count a change of one of its occurrences as the meeting's next revision and return that revision's number."""
    conn.execute("UPDATE meeting SET revision = ?, changed_at = ? WHERE id = ?", (row.revision + 1, now_ms, row.id))
    return row.revision + 1


def cancel(conn: sqlite3.Connection, row: MeetingRow, now_ms: int) -> int:
    """Mark a meeting as cancelled and return the number of that revision."""
    conn.execute(
        "UPDATE meeting SET revision = ?, state = 'cancelled', changed_at = ? WHERE id = ?",
        (row.revision + 1, now_ms, row.id),
    )
    return row.revision + 1


def count(conn: sqlite3.Connection) -> int:
    """Return how many meetings are stored."""
    return int(conn.execute("SELECT count(*) FROM meeting").fetchone()[0])


def _row(
    raw: tuple[int, int, str, int, str, int, str, int | None, str, str, int, int, int] | None,
) -> MeetingRow | None:
    if raw is None:
        return None
    return MeetingRow(
        id=raw[0],
        device_id=raw[1],
        external_id=raw[2],
        revision=raw[3],
        state=MeetingState(raw[4]),
        sync=bool(raw[5]),
        shape=raw[6],
        sequence=raw[7],
        fingerprint=raw[8],
        body=raw[9],
        changed_at=raw[10],
        exceptions=raw[11],
        kept_edits=raw[12],
    )
