"""The table `throttle`: how often a source or an account failed lately; how often is too often is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """How often, and the first and the last time (ms UTC)."""

    count: int
    first_at: int
    last_at: int


def read(conn: sqlite3.Connection, subject: str) -> Failures | None:
    """Return what is noted of a subject."""
    raw = conn.execute("SELECT failures, first_at, last_at FROM throttle WHERE subject = ?", (subject,)).fetchone()
    return Failures(count=raw[0], first_at=raw[1], last_at=raw[2]) if raw is not None else None


def put(conn: sqlite3.Connection, subject: str, failures: Failures) -> None:
    """Note it, over what was noted before."""
    conn.execute(
        "INSERT INTO throttle (subject, failures, first_at, last_at) VALUES (?, ?, ?, ?) ON CONFLICT (subject) "
        "DO UPDATE SET failures = excluded.failures, first_at = excluded.first_at, last_at = excluded.last_at",
        (subject, failures.count, failures.first_at, failures.last_at),
    )


def take_back(conn: sqlite3.Connection, subject: str) -> None:
    """One of the failures was none."""
    conn.execute("UPDATE throttle SET failures = failures - 1 WHERE subject = ?", (subject,))
    conn.execute("DELETE FROM throttle WHERE subject = ? AND failures <= 0", (subject,))


def forget(conn: sqlite3.Connection, subject: str) -> None:
    """Let the subject begin anew."""
    conn.execute("DELETE FROM throttle WHERE subject = ?", (subject,))


def forget_old(conn: sqlite3.Connection, before: int) -> int:
    """Forget the subjects that did not fail since; return how many."""
    return conn.execute("DELETE FROM throttle WHERE last_at <= ?", (before,)).rowcount


def any_old(conn: sqlite3.Connection, before: int) -> bool:
    """Whether there is something for `forget_old` to do."""
    return conn.execute("SELECT 1 FROM throttle WHERE last_at <= ? LIMIT 1", (before,)).fetchone() is not None
