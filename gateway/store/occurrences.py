"""The table `occurrence`: what of a series is not as its rule says; rules and calendars are not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.occurrence import OccurrenceState, Slot

_COLUMNS = "meeting_id, original_start_utc_s, original_local, state, sequence, fingerprint, body, delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRow:
    """One occurrence; the schema says what each column means. `body` is the form of `domain.change`."""

    meeting_id: int
    original_start_utc_s: int
    original_local: datetime
    state: OccurrenceState
    sequence: int | None
    fingerprint: str
    body: str | None
    delivered: str | None = None

    @property
    def slot(self) -> Slot:
        """Where the rule puts, or once put, it."""
        return Slot(self.original_local, self.original_start_utc_s)

    def says(self) -> tuple[object, ...]:
        """What a calendar has to hold, to compare two versions of a row; what was cancelled says nothing else."""
        shown = self.fingerprint if self.state is OccurrenceState.CHANGED else ""
        return (self.original_local, self.state, shown)


def of(conn: sqlite3.Connection, meeting_id: int) -> tuple[OccurrenceRow, ...]:
    """Return all rows of a series, earliest first."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM occurrence WHERE meeting_id = ? ORDER BY original_start_utc_s",  # noqa: S608 - constant columns
        (meeting_id,),
    )
    return tuple(map(_row, found))


def get(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int) -> OccurrenceRow | None:
    """Return the row of one occurrence, if it was ever changed."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM occurrence WHERE meeting_id = ? AND original_start_utc_s = ?",  # noqa: S608 - constant columns
        (meeting_id, original_start_utc_s),
    ).fetchone()
    return None if raw is None else _row(raw)


def put(conn: sqlite3.Connection, row: OccurrenceRow, now_ms: int) -> None:
    """Store what an occurrence shall be; what the calendar holds of it (`delivered`) stays as it is known."""
    conn.execute(
        "INSERT INTO occurrence (meeting_id, original_start_utc_s, original_local, state, sequence, fingerprint, body, "
        "changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (meeting_id, original_start_utc_s) DO UPDATE SET "
        "original_local = excluded.original_local, state = excluded.state, sequence = excluded.sequence, "
        "fingerprint = excluded.fingerprint, body = excluded.body, changed_at = excluded.changed_at",
        (
            row.meeting_id,
            row.original_start_utc_s,
            row.original_local.isoformat(),
            row.state,
            row.sequence,
            row.fingerprint,
            row.body,
            now_ms,
        ),
    )


def drop(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int) -> None:
    """Forget an occurrence that no calendar can hold."""
    conn.execute(
        "DELETE FROM occurrence WHERE meeting_id = ? AND original_start_utc_s = ?", (meeting_id, original_start_utc_s)
    )


def settle(conn: sqlite3.Connection, row: OccurrenceRow, delivered: str, *, unknown: bool = False) -> None:
    """Remember what the calendar holds now.

    An orphan that is `unknown` to the calendar is forgotten. One that it holds as cancelled is kept: it would be
    missing if the rule ever put an occurrence there again.
    """
    conn.execute(
        "UPDATE occurrence SET delivered = ? WHERE meeting_id = ? AND original_start_utc_s = ?",
        (delivered, row.meeting_id, row.original_start_utc_s),
    )
    if unknown and row.state is OccurrenceState.ORPHAN:
        conn.execute(
            "DELETE FROM occurrence WHERE meeting_id = ? AND original_start_utc_s = ? AND state = 'orphan'",
            (row.meeting_id, row.original_start_utc_s),
        )
        recount(conn, row.meeting_id)


def unsettle(conn: sqlite3.Connection, meeting_id: int) -> None:
    """What the calendar holds is not known any more: the series' event is about to be written.

    What the rule has no place for stays as it is, whatever the event says.
    """
    conn.execute("UPDATE occurrence SET delivered = NULL WHERE meeting_id = ? AND state != 'orphan'", (meeting_id,))


def forget_settled_orphans(conn: sqlite3.Connection, meeting_id: int) -> None:
    """Make room: forget where a calendar is known to hold nothing, and the rule has nothing either."""
    conn.execute(
        "DELETE FROM occurrence WHERE meeting_id = ? AND state = 'orphan' AND delivered IS NOT NULL", (meeting_id,)
    )


def count_said(conn: sqlite3.Connection, meeting_id: int) -> int:
    """Return how many occurrences of a series a device changed or cancelled."""
    return int(
        conn.execute(
            "SELECT count(*) FROM occurrence WHERE meeting_id = ? AND state IN ('changed', 'cancelled')", (meeting_id,)
        ).fetchone()[0]
    )


def recount(conn: sqlite3.Connection, meeting_id: int) -> int:
    """Bring the number that the meeting itself keeps in line with the rows, and return it."""
    conn.execute(
        "UPDATE meeting SET exceptions = (SELECT count(*) FROM occurrence WHERE meeting_id = meeting.id) WHERE id = ?",
        (meeting_id,),
    )
    return int(conn.execute("SELECT exceptions FROM meeting WHERE id = ?", (meeting_id,)).fetchone()[0])


def _row(raw: tuple[int, int, str, str, int | None, str, str | None, str | None]) -> OccurrenceRow:
    return OccurrenceRow(
        meeting_id=raw[0],
        original_start_utc_s=raw[1],
        original_local=datetime.fromisoformat(raw[2]),
        state=OccurrenceState(raw[3]),
        sequence=raw[4],
        fingerprint=raw[5],
        body=raw[6],
        delivered=raw[7],
    )
