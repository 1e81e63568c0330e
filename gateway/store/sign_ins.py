"""The table `sign_in`: consent links that were handed out, and to whom; what is sealed is decided by `accounts`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.store.scrub import thoroughly

REMEMBERED_MS = 24 * 3600 * 1000
"""How long the hash of a finished link is known after its life, so that a late paste is told why it is refused."""

CLOCK_PLAY_MS = 10 * 60 * 1000
"""A start further in the future was stamped by a clock that was wrong: the age of that link is not known."""

_COLUMNS = "state_hash, sealed, started_at, used_at, origin, life_ms"
_OLD = "(started_at <= :now - life_ms OR started_at > :now + :play)"
_LONG_OVER = "(started_at <= :now - life_ms - :remembered OR started_at > :now + life_ms + :remembered)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """A link. `sealed` is empty once it was used, withdrawn or too old; times are ms UTC, `life_ms` a duration."""

    state_hash: bytes
    sealed: bytes = field(repr=False)
    started_at: int
    used_at: int | None
    origin: str
    life_ms: int

    def is_alive(self, now_ms: int) -> bool:
        """Whether what comes of the link may still be used."""
        young = now_ms - self.life_ms < self.started_at <= now_ms + CLOCK_PLAY_MS
        return bool(self.sealed) and self.used_at is None and young


def add(conn: sqlite3.Connection, *, state_hash: bytes, sealed: bytes, origin: str, life_ms: int, now_ms: int) -> None:
    """Remember a link that is about to be handed out."""
    conn.execute(
        "INSERT INTO sign_in (state_hash, sealed, started_at, origin, life_ms) VALUES (?, ?, ?, ?, ?)",
        (state_hash, sealed, now_ms, origin, life_ms),
    )


def find(conn: sqlite3.Connection, state_hash: bytes, origins: Collection[str]) -> SignInRow | None:
    """Return the link with that state, if it was handed out to one of these origins."""
    return _row(
        conn.execute(
            f"SELECT {_COLUMNS} FROM sign_in WHERE state_hash = ? "  # noqa: S608 - constant columns
            "AND origin IN (SELECT value FROM json_each(?))",
            (state_hash, json.dumps(list(origins))),
        ).fetchone()
    )


def newest(conn: sqlite3.Connection, origins: Collection[str], now_ms: int) -> SignInRow | None:
    """Return the link of these origins that a code without a state goes with.

    That is the newest that can still be used, else the newest that was not, else the newest of all.
    """
    return _row(
        conn.execute(
            f"SELECT {_COLUMNS} FROM sign_in WHERE origin IN (SELECT value FROM json_each(:origins)) "  # noqa: S608 - constant columns
            f"ORDER BY used_at IS NOT NULL, length(sealed) = 0 OR {_OLD}, started_at DESC, rowid DESC LIMIT 1",
            {"origins": json.dumps(list(origins)), "now": now_ms, "play": CLOCK_PLAY_MS},
        ).fetchone()
    )


def any_known(conn: sqlite3.Connection) -> bool:
    """Whether any link is remembered at all, whoever it was for."""
    return bool(conn.execute("SELECT EXISTS (SELECT 1 FROM sign_in)").fetchone()[0])


def use(conn: sqlite3.Connection, state_hash: bytes, now_ms: int) -> bool:
    """Spend a link and wipe its sealed part; False when it was spent before."""
    with thoroughly(conn):
        return bool(
            conn.execute(
                "UPDATE sign_in SET used_at = ?, sealed = X'' WHERE state_hash = ? AND used_at IS NULL",
                (now_ms, state_hash),
            ).rowcount
        )


def withdraw(conn: sqlite3.Connection, origin: str | None = None) -> int:
    """Wipe what the links of an origin (None: of all) sealed; nothing that comes of them is accepted any more."""
    with thoroughly(conn):
        return conn.execute(
            "UPDATE sign_in SET sealed = X'' WHERE length(sealed) > 0 AND coalesce(origin = ?, 1)", (origin,)
        ).rowcount


def anything_old(conn: sqlite3.Connection, now_ms: int) -> bool:
    """Whether `purge` would change anything."""
    found = conn.execute(
        f"SELECT EXISTS (SELECT 1 FROM sign_in WHERE (length(sealed) > 0 AND {_OLD}) OR {_LONG_OVER})",  # noqa: S608 - constant
        {"now": now_ms, "play": CLOCK_PLAY_MS, "remembered": REMEMBERED_MS},
    ).fetchone()
    return bool(found[0])


def purge(conn: sqlite3.Connection, now_ms: int) -> int:
    """Wipe what links beyond their life sealed, forget those that nobody asks about any more; return how many wiped."""
    times = {"now": now_ms, "play": CLOCK_PLAY_MS, "remembered": REMEMBERED_MS}
    with thoroughly(conn):
        wiped = conn.execute(f"UPDATE sign_in SET sealed = X'' WHERE length(sealed) > 0 AND {_OLD}", times).rowcount  # noqa: S608 - constant
        conn.execute(f"DELETE FROM sign_in WHERE {_LONG_OVER}", times)  # noqa: S608 - constant
    return wiped


def _row(raw: tuple[bytes, bytes, int, int | None, str, int] | None) -> SignInRow | None:
    if raw is None:
        return None
    return SignInRow(state_hash=raw[0], sealed=raw[1], started_at=raw[2], used_at=raw[3], origin=raw[4], life_ms=raw[5])
