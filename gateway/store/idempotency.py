"""The table `idempotency`: answers already given to calls that carried an Idempotency-Key."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

KEPT_MS = 30 * 24 * 3600 * 1000
"""How long an answer is kept: far beyond the time in which a device repeats a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The answer to an earlier call and the hash of what that call said."""

    request_hash: bytes
    status: int
    answer: str


def find(conn: sqlite3.Connection, device_id: int, key: str) -> KeptAnswer | None:
    """Return the answer this device already got for this key."""
    raw = conn.execute(
        "SELECT request_hash, status, answer FROM idempotency WHERE device_id = ? AND key = ?", (device_id, key)
    ).fetchone()
    return None if raw is None else KeptAnswer(request_hash=raw[0], status=raw[1], answer=raw[2])


def keep(conn: sqlite3.Connection, device_id: int, key: str, kept: KeptAnswer, now_ms: int) -> None:
    """Keep an answer, in the transaction of the call that it answers."""
    conn.execute(
        "INSERT INTO idempotency (device_id, key, request_hash, status, answer, kept_at) VALUES (?, ?, ?, ?, ?, ?)",
        (device_id, key, kept.request_hash, kept.status, kept.answer, now_ms),
    )


def purge(conn: sqlite3.Connection, now_ms: int) -> int:
    """Forget answers older than `KEPT_MS`."""
    return conn.execute("DELETE FROM idempotency WHERE kept_at < ?", (now_ms - KEPT_MS,)).rowcount
