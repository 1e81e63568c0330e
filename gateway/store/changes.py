"""The tables of the way back: the feed of changes, guests' replies, what a device was told of people's edits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

WHOLE = 0
"""Stands for a meeting as a whole where else one occurrence is named by its original start."""

KEPT_MS = 90 * 24 * 3600 * 1000
"""How long a change stays in the feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the feed; `at` is ms UTC, `data` what else is told."""

    id: int
    meeting_id: int
    external_id: str
    at: int
    type: str
    data: Mapping[str, object]


def tell(
    conn: sqlite3.Connection,
    *,
    device_id: int,
    meeting_id: int,
    type_: str,
    data: Mapping[str, object],
    now_ms: int,
) -> int:
    """Add an entry and return its place in the feed."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    cursor = conn.execute(
        "INSERT INTO change_feed (device_id, meeting_id, at, type, data) VALUES (?, ?, ?, ?, ?)",
        (device_id, meeting_id, now_ms, type_, text),
    )
    return int(cursor.lastrowid or 0)


def after(conn: sqlite3.Connection, device_id: int, place: int, most: int) -> list[Change]:
    """Return up to `most` entries of a device after a place in the feed, oldest first."""
    rows = conn.execute(
        "SELECT f.id, f.meeting_id, m.external_id, f.at, f.type, f.data FROM change_feed AS f "
        "JOIN meeting AS m ON m.id = f.meeting_id WHERE f.device_id = ? AND f.id > ? ORDER BY f.id LIMIT ?",
        (device_id, place, most),
    )
    return [
        Change(id=row[0], meeting_id=row[1], external_id=row[2], at=row[3], type=row[4], data=json.loads(row[5]))
        for row in rows
    ]


def newest(conn: sqlite3.Connection, device_id: int) -> int:
    """Return the newest place in the feed of a device, 0 when nothing was ever told."""
    row = conn.execute("SELECT max(id) FROM change_feed WHERE device_id = ?", (device_id,)).fetchone()
    return int(row[0] or 0)


def purge(conn: sqlite3.Connection, now_ms: int) -> int:
    """Forget entries that nobody fetched for a long time; return how many."""
    return conn.execute("DELETE FROM change_feed WHERE at < ?", (now_ms - KEPT_MS,)).rowcount


def replies(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int = WHOLE) -> dict[str, tuple[str, str]]:
    """Return answer and comment of each guest, by e-mail address in small letters."""
    rows = conn.execute(
        "SELECT email, answer, comment FROM reply WHERE meeting_id = ? AND original_start_utc_s = ?",
        (meeting_id, original_start_utc_s),
    )
    return {str(email).casefold(): (answer, comment) for email, answer, comment in rows}


def keep_reply(
    conn: sqlite3.Connection,
    *,
    meeting_id: int,
    original_start_utc_s: int,
    email: str,
    answer: str,
    comment: str,
    now_ms: int,
) -> None:
    """Remember what a guest answered."""
    conn.execute(
        "INSERT INTO reply (meeting_id, original_start_utc_s, email, answer, comment, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (meeting_id, original_start_utc_s, email) DO UPDATE SET "
        "answer = excluded.answer, comment = excluded.comment, changed_at = excluded.changed_at",
        (meeting_id, original_start_utc_s, email, answer, comment, now_ms),
    )


def edit(conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int = WHOLE) -> str | None:
    """Return how the device was last told that people changed the event; None when it is as the device wants it."""
    row = conn.execute(
        "SELECT said FROM edit WHERE meeting_id = ? AND original_start_utc_s = ?", (meeting_id, original_start_utc_s)
    ).fetchone()
    return None if row is None else str(row[0])


def keep_edit(
    conn: sqlite3.Connection, meeting_id: int, original_start_utc_s: int, said: str | None, now_ms: int
) -> None:
    """Remember what the device was told, or (None) that the event is as the device wants it."""
    if said is None:
        conn.execute(
            "DELETE FROM edit WHERE meeting_id = ? AND original_start_utc_s = ?", (meeting_id, original_start_utc_s)
        )
        return
    conn.execute(
        "INSERT INTO edit (meeting_id, original_start_utc_s, said, changed_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (meeting_id, original_start_utc_s) DO UPDATE SET said = excluded.said, "
        "changed_at = excluded.changed_at",
        (meeting_id, original_start_utc_s, said, now_ms),
    )


def webhook_place(conn: sqlite3.Connection, device_id: int) -> tuple[int, int | None]:
    """Return the last place that a device's webhook took, and since when (ms UTC) it fails, None while it works."""
    row = conn.execute("SELECT delivered, since FROM webhook WHERE device_id = ?", (device_id,)).fetchone()
    return (0, None) if row is None else (int(row[0]), row[1])


def keep_webhook(conn: sqlite3.Connection, device_id: int, delivered: int, since: int | None) -> None:
    """Remember how far a device's webhook came."""
    conn.execute(
        "INSERT INTO webhook (device_id, delivered, since) VALUES (?, ?, ?) "
        "ON CONFLICT (device_id) DO UPDATE SET delivered = excluded.delivered, since = excluded.since",
        (device_id, delivered, since),
    )
