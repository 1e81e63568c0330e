"""The table `call`: calls of devices that went wrong, for some days; what is kept of one is not known here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

KEPT_MS = 7 * 24 * 3600 * 1000
"""How long a call is kept."""
MOST_OF_A_DEVICE = 200
MOST_ON_A_PAGE = 400


class KeptRow(NamedTuple):
    """One call: `id` grows with time, `at` is ms UTC, `document` is JSON without secrets."""

    id: int
    device_id: int
    at: int
    result: str
    document: str


def put(conn: sqlite3.Connection, rows: Iterable[KeptRow], now_ms: int) -> None:
    """Keep these; of each device only the newest calls stay, and none that is over."""
    kept = list(rows)
    conn.executemany("INSERT OR IGNORE INTO call (id, device_id, at, result, document) VALUES (?, ?, ?, ?, ?)", kept)
    for device_id in {row.device_id for row in kept}:
        conn.execute(
            "DELETE FROM call WHERE device_id = ? AND id <= "
            "(SELECT id FROM call WHERE device_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (device_id, device_id, MOST_OF_A_DEVICE),
        )
    purge(conn, now_ms)


def purge(conn: sqlite3.Connection, now_ms: int) -> int:
    """Forget calls that are over; return how many."""
    return conn.execute("DELETE FROM call WHERE at < ?", (now_ms - KEPT_MS,)).rowcount


def page(
    conn: sqlite3.Connection, *, device_id: int | None, before: int | None, most: int, since_ms: int
) -> list[KeptRow]:
    """Return up to `most` calls (of one device, or of all) with an id below `before`, the newest first."""
    where, values = ["at >= ?"], [since_ms]
    if device_id is not None:
        where.append("device_id = ?")
        values.append(device_id)
    if before is not None:
        where.append("id < ?")
        values.append(before)
    found = conn.execute(
        f"SELECT id, device_id, at, result, document FROM call WHERE {' AND '.join(where)} "  # noqa: S608 - constants
        "ORDER BY id DESC LIMIT ?",
        (*values, min(most, MOST_ON_A_PAGE)),
    )
    return [KeptRow(*raw) for raw in found]


def get(conn: sqlite3.Connection, number: int) -> KeptRow | None:
    """Return one call, None when it is not there or no longer."""
    raw = conn.execute("SELECT id, device_id, at, result, document FROM call WHERE id = ?", (number,)).fetchone()
    return None if raw is None else KeptRow(*raw)
