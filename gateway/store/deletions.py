"""The table of coming events that people deleted within the last day; how many are too many is not known here."""

from __future__ import annotations

import sqlite3

KEPT_MS = 24 * 3_600_000
"""How long a deletion counts."""


def note(conn: sqlite3.Connection, meeting_id: int, account_id: int, calendar_id: str, now_ms: int) -> None:
    """Remember that the event of a meeting was deleted; again, it is remembered once. What is old is forgotten."""
    # One row for each meeting, and what a clock that was ahead wrote is forgotten as well: this cannot grow.
    conn.execute("DELETE FROM recent_deletion WHERE at <= ? OR at > ?", (now_ms - KEPT_MS, now_ms))
    conn.execute(
        "INSERT OR REPLACE INTO recent_deletion (meeting_id, account_id, calendar_id, at) VALUES (?, ?, ?, ?)",
        (meeting_id, account_id, calendar_id, now_ms),
    )


def recent(conn: sqlite3.Connection, account_id: int, calendar_id: str, now_ms: int) -> frozenset[int]:
    """Return the meetings whose event was deleted from a calendar within the last day."""
    found = conn.execute(
        "SELECT meeting_id FROM recent_deletion WHERE account_id = ? AND calendar_id = ? AND at > ? AND at <= ?",
        (account_id, calendar_id, now_ms - KEPT_MS, now_ms),
    )
    return frozenset(int(meeting_id) for (meeting_id,) in found)


def taken_back(conn: sqlite3.Connection, meeting_id: int) -> None:
    """Somebody restored the event of a meeting: that deletion does not count."""
    conn.execute("DELETE FROM recent_deletion WHERE meeting_id = ?", (meeting_id,))


def forget(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> None:
    """Count anew in a calendar: an admin judged what was deleted from it."""
    conn.execute("DELETE FROM recent_deletion WHERE account_id = ? AND calendar_id = ?", (account_id, calendar_id))
