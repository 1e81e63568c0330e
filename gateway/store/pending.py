"""The tables of strangers: callers nobody accepted, names to be ignored, what announced itself; nothing is trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class PendingRow(NamedTuple):
    """A caller with the id of no device; times are ms UTC. `profile` and `subject` are guesses, and may be empty."""

    name: str
    address: str
    first_at: int
    last_at: int
    seen: int
    profile: str
    subject: str


class FoundRow(NamedTuple):
    """Something that announced itself, in its own words; `last_at` is ms UTC, `port` 0 when it named none."""

    name: str
    address: str
    port: int
    product: str
    hostname: str
    mac: str
    last_at: int


def replace_pending(conn: sqlite3.Connection, rows: Iterable[PendingRow]) -> None:
    """Make these all the callers that wait."""
    conn.execute("DELETE FROM pending_device")
    conn.executemany("INSERT INTO pending_device VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def pending(conn: sqlite3.Connection) -> list[PendingRow]:
    """Return the callers that wait, the last one first."""
    rows = conn.execute(
        "SELECT name, address, first_at, last_at, seen, profile, subject FROM pending_device "
        "ORDER BY last_at DESC, name"
    )
    return [PendingRow(*raw) for raw in rows]


def drop_pending(conn: sqlite3.Connection, name: str) -> int:
    """Forget the callers of that name; return how many there were."""
    return conn.execute("DELETE FROM pending_device WHERE name = ?", (name,)).rowcount


def ignore(conn: sqlite3.Connection, name: str, now_ms: int) -> None:
    """Never ask about callers of that name again."""
    conn.execute("INSERT OR IGNORE INTO ignored_device VALUES (?, ?)", (name, now_ms))


def heed(conn: sqlite3.Connection, name: str) -> bool:
    """Ask about callers of that name again; False when they were not ignored."""
    return bool(conn.execute("DELETE FROM ignored_device WHERE name = ?", (name,)).rowcount)


def ignored(conn: sqlite3.Connection) -> list[str]:
    """Return the names that are ignored."""
    return [name for (name,) in conn.execute("SELECT name FROM ignored_device ORDER BY name")]


def replace_found(conn: sqlite3.Connection, rows: Iterable[FoundRow]) -> None:
    """Make these all that announced itself."""
    conn.execute("DELETE FROM found_device")
    conn.executemany("INSERT INTO found_device VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def found(conn: sqlite3.Connection) -> list[FoundRow]:
    """Return what announced itself, the last one first."""
    rows = conn.execute(
        "SELECT name, address, port, product, hostname, mac, last_at FROM found_device ORDER BY last_at DESC, name"
    )
    return [FoundRow(*raw) for raw in rows]
