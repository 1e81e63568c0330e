"""The table `mirrored`: which event stands for which meeting; what an event says is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

_COLUMNS = "meeting_id, account_id, calendar_id, remote_id, generation, state, revision, etag, link"


class MirrorState(StrEnum):
    """What is known of the event."""

    CLAIMED = "claimed"
    """Its id is chosen; it has not been seen in the calendar yet."""
    LIVE = "live"
    GONE = "gone"
    """It was removed on purpose; its id is burned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredRow:
    """The event of a meeting; `revision` is the last one the calendar is known to have."""

    meeting_id: int
    account_id: int
    calendar_id: str
    remote_id: str
    generation: int
    state: MirrorState
    revision: int | None
    etag: str | None
    link: str | None


def get(conn: sqlite3.Connection, meeting_id: int) -> MirroredRow | None:
    """Return the meeting's event, if one was ever claimed."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM mirrored WHERE meeting_id = ?",  # noqa: S608 - constant columns
        (meeting_id,),
    ).fetchone()
    if raw is None:
        return None
    return MirroredRow(
        meeting_id=raw[0],
        account_id=raw[1],
        calendar_id=raw[2],
        remote_id=raw[3],
        generation=raw[4],
        state=MirrorState(raw[5]),
        revision=raw[6],
        etag=raw[7],
        link=raw[8],
    )


def last_success_ms(conn: sqlite3.Connection) -> int | None:
    """Return when a calendar last took or gave back an event (ms UTC), None when none ever did."""
    raw = conn.execute("SELECT max(changed_at) FROM mirrored WHERE state IN ('live', 'gone')").fetchone()
    return None if raw[0] is None else int(raw[0])


def claim(
    conn: sqlite3.Connection,
    *,
    meeting_id: int,
    account_id: int,
    calendar_id: str,
    remote_id: str,
    generation: int,
    now_ms: int,
) -> MirroredRow:
    """Choose the event of a meeting, or its next generation; durable before the first call that names it."""
    conn.execute(
        "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, changed_at) "
        "VALUES (?, ?, ?, ?, ?, 'claimed', ?) "
        "ON CONFLICT (meeting_id) DO UPDATE SET account_id = excluded.account_id, calendar_id = excluded.calendar_id, "
        "remote_id = excluded.remote_id, generation = excluded.generation, state = 'claimed', revision = NULL, "
        "etag = NULL, link = NULL, changed_at = excluded.changed_at",
        (meeting_id, account_id, calendar_id, remote_id, generation, now_ms),
    )
    return MirroredRow(
        meeting_id=meeting_id,
        account_id=account_id,
        calendar_id=calendar_id,
        remote_id=remote_id,
        generation=generation,
        state=MirrorState.CLAIMED,
        revision=None,
        etag=None,
        link=None,
    )


def live(conn: sqlite3.Connection, *, meeting_id: int, revision: int, etag: str, link: str | None, now_ms: int) -> None:
    """Remember that the calendar has this revision."""
    conn.execute(
        "UPDATE mirrored SET state = 'live', revision = ?, etag = ?, link = ?, changed_at = ? WHERE meeting_id = ?",
        (revision, etag, link, now_ms, meeting_id),
    )


def gone(conn: sqlite3.Connection, *, meeting_id: int, revision: int, now_ms: int) -> None:
    """Remember that the event was removed."""
    conn.execute(
        "UPDATE mirrored SET state = 'gone', revision = ?, etag = NULL, link = NULL, changed_at = ? "
        "WHERE meeting_id = ?",
        (revision, now_ms, meeting_id),
    )
