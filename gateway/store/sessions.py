"""The table `admin_session`: which browsers are signed in, by cookie hash; how long that is good is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One browser of one administrator; times are ms UTC."""

    id_hash: bytes
    user_id: int
    user: str
    started_at: int
    seen_at: int
    proved_at: int


def add(conn: sqlite3.Connection, id_hash: bytes, user_id: int, now_ms: int) -> None:
    """Begin a session of somebody who has just entered the password."""
    conn.execute(
        "INSERT INTO admin_session (id_hash, user_id, started_at, seen_at, proved_at) VALUES (?, ?, ?, ?, ?)",
        (id_hash, user_id, now_ms, now_ms, now_ms),
    )


def find(conn: sqlite3.Connection, id_hash: bytes) -> SessionRow | None:
    """Return the session with the name of its user."""
    raw = conn.execute(
        "SELECT s.id_hash, s.user_id, u.name, s.started_at, s.seen_at, s.proved_at "
        "FROM admin_session AS s JOIN admin_user AS u ON u.id = s.user_id WHERE s.id_hash = ?",
        (id_hash,),
    ).fetchone()
    if raw is None:
        return None
    return SessionRow(id_hash=raw[0], user_id=raw[1], user=raw[2], started_at=raw[3], seen_at=raw[4], proved_at=raw[5])


def newest(conn: sqlite3.Connection, most: int) -> list[SessionRow]:
    """Return the sessions that were used last, newest first."""
    found = conn.execute(
        "SELECT s.id_hash, s.user_id, u.name, s.started_at, s.seen_at, s.proved_at "
        "FROM admin_session AS s JOIN admin_user AS u ON u.id = s.user_id ORDER BY s.seen_at DESC LIMIT ?",
        (most,),
    )
    return [
        SessionRow(id_hash=raw[0], user_id=raw[1], user=raw[2], started_at=raw[3], seen_at=raw[4], proved_at=raw[5])
        for raw in found
    ]


def seen(conn: sqlite3.Connection, id_hash: bytes, now_ms: int) -> None:
    """Note when the session was last used."""
    conn.execute("UPDATE admin_session SET seen_at = ? WHERE id_hash = ?", (now_ms, id_hash))


def proved(conn: sqlite3.Connection, id_hash: bytes, now_ms: int) -> None:
    """Note when the password was last entered."""
    conn.execute("UPDATE admin_session SET proved_at = ? WHERE id_hash = ?", (now_ms, id_hash))


def end(conn: sqlite3.Connection, id_hash: bytes) -> None:
    """End one session."""
    conn.execute("DELETE FROM admin_session WHERE id_hash = ?", (id_hash,))


def end_all(conn: sqlite3.Connection, user_id: int, *, but: bytes = b"") -> list[bytes]:
    """End every session of a user, except one; return which."""
    ended = conn.execute(
        "DELETE FROM admin_session WHERE user_id = ? AND id_hash <> ? RETURNING id_hash", (user_id, but)
    )
    return [row[0] for row in ended.fetchall()]


def end_old(conn: sqlite3.Connection, *, started_before: int, seen_before: int) -> list[bytes]:
    """End the sessions that are over by their age or by their last use; return which."""
    ended = conn.execute(
        "DELETE FROM admin_session WHERE started_at <= ? OR seen_at <= ? RETURNING id_hash",
        (started_before, seen_before),
    )
    return [row[0] for row in ended.fetchall()]


def any_old(conn: sqlite3.Connection, *, started_before: int, seen_before: int) -> bool:
    """Whether there is something for `end_old` to do."""
    found = conn.execute(
        "SELECT 1 FROM admin_session WHERE started_at <= ? OR seen_at <= ? LIMIT 1", (started_before, seen_before)
    )
    return found.fetchone() is not None
