"""The table `sign_in`: consent links that were handed out; what the sealed part holds is decided by `accounts`."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

REMEMBERED_MS = 24 * 3600 * 1000
"""How long the hash of a finished link is known, so that a late paste is told why it is refused."""

_COLUMNS = "state_hash, sealed, started_at, used_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """A link. `sealed` is empty once it was used or became too old; times are ms UTC."""

    state_hash: bytes
    sealed: bytes = field(repr=False)
    started_at: int
    used_at: int | None


def add(conn: sqlite3.Connection, *, state_hash: bytes, sealed: bytes, now_ms: int) -> None:
    """Remember a link that is about to be handed out."""
    conn.execute("INSERT INTO sign_in (state_hash, sealed, started_at) VALUES (?, ?, ?)", (state_hash, sealed, now_ms))


def find(conn: sqlite3.Connection, state_hash: bytes) -> SignInRow | None:
    """Return the link with that state."""
    return _row(
        conn.execute(f"SELECT {_COLUMNS} FROM sign_in WHERE state_hash = ?", (state_hash,)).fetchone()  # noqa: S608 - constant columns
    )


def newest(conn: sqlite3.Connection) -> SignInRow | None:
    """Return the link that a code without a state goes with: the newest unused one, else the newest of all."""
    return _row(
        conn.execute(
            f"SELECT {_COLUMNS} FROM sign_in ORDER BY used_at IS NOT NULL, started_at DESC, rowid DESC LIMIT 1"  # noqa: S608 - constant columns
        ).fetchone()
    )


def use(conn: sqlite3.Connection, state_hash: bytes, now_ms: int) -> bool:
    """Spend a link and wipe its sealed part; False when it was spent before."""
    return bool(
        conn.execute(
            "UPDATE sign_in SET used_at = ?, sealed = X'' WHERE state_hash = ? AND used_at IS NULL",
            (now_ms, state_hash),
        ).rowcount
    )


def purge(conn: sqlite3.Connection, *, now_ms: int, life_ms: int) -> None:
    """Wipe what links older than `life_ms` sealed; forget those altogether that nobody asks about any more.

    A start in the future was stamped by a clock that was wrong and counts as too old.
    """
    conn.execute(
        "UPDATE sign_in SET sealed = X'' WHERE length(sealed) > 0 AND (started_at <= ? OR started_at > ?)",
        (now_ms - life_ms, now_ms + life_ms),
    )
    conn.execute(
        "DELETE FROM sign_in WHERE started_at <= ? OR started_at > ?", (now_ms - REMEMBERED_MS, now_ms + REMEMBERED_MS)
    )


def _row(raw: tuple[bytes, bytes, int, int | None] | None) -> SignInRow | None:
    if raw is None:
        return None
    return SignInRow(state_hash=raw[0], sealed=raw[1], started_at=raw[2], used_at=raw[3])
