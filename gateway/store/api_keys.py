"""The table `api_key`: what scripts may read, by the hash of their key; who gets one is decided elsewhere."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRow:
    """One key without the key: times are ms UTC, `ends_at` is None for one without an end."""

    id: int
    name: str
    key_hash: bytes
    scopes: tuple[str, ...]
    created_at: int
    created_by: str
    ends_at: int | None
    used_at: int | None


_EVERY = "SELECT id, name, key_hash, scopes, created_at, created_by, ends_at, used_at FROM api_key"


def count(conn: sqlite3.Connection) -> int:
    """Return how many keys there are, those that ended too."""
    return int(conn.execute("SELECT count(*) FROM api_key").fetchone()[0])


def everything(conn: sqlite3.Connection) -> list[ApiKeyRow]:
    """Return all keys by name."""
    return [_row(raw) for raw in conn.execute(f"{_EVERY} ORDER BY name")]


def by_hash(conn: sqlite3.Connection, key_hash: bytes) -> ApiKeyRow | None:
    """Return the key that has this SHA-256."""
    raw = conn.execute(f"{_EVERY} WHERE key_hash = ?", (key_hash,)).fetchone()
    return _row(raw) if raw is not None else None


def by_name(conn: sqlite3.Connection, name: str) -> ApiKeyRow | None:
    """Return the key of that name, in capital or small letters."""
    raw = conn.execute(f"{_EVERY} WHERE name = ?", (name,)).fetchone()
    return _row(raw) if raw is not None else None


def add(
    conn: sqlite3.Connection,
    *,
    name: str,
    key_hash: bytes,
    scopes: tuple[str, ...],
    created_at: int,
    created_by: str,
    ends_at: int | None,
) -> int:
    """Add a key and return its id. Raises IntegrityError when the name is taken."""
    done = conn.execute(
        "INSERT INTO api_key (name, key_hash, scopes, created_at, created_by, ends_at) VALUES (?, ?, ?, ?, ?, ?)",
        (name, key_hash, " ".join(scopes), created_at, created_by, ends_at),
    )
    return int(done.lastrowid or 0)


def used(conn: sqlite3.Connection, key_id: int, now_ms: int) -> None:
    """Note when the key was last used."""
    conn.execute("UPDATE api_key SET used_at = ? WHERE id = ?", (now_ms, key_id))


def remove(conn: sqlite3.Connection, key_id: int) -> None:
    """Forget a key."""
    conn.execute("DELETE FROM api_key WHERE id = ?", (key_id,))


def _row(raw: tuple[int, str, bytes, str, int, str, int | None, int | None]) -> ApiKeyRow:
    return ApiKeyRow(
        id=raw[0],
        name=raw[1],
        key_hash=raw[2],
        scopes=tuple(raw[3].split()),
        created_at=raw[4],
        created_by=raw[5],
        ends_at=raw[6],
        used_at=raw[7],
    )
