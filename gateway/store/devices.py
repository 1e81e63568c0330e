"""The table `device`: which devices this gateway knows, and the hash of each one's key."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A known device; `name` is its id in the configuration, `key_hash` the SHA-256 of its key."""

    id: int
    name: str
    profile: str
    key_hash: bytes
    active: bool


def put(conn: sqlite3.Connection, *, name: str, profile: str, key_hash: bytes, now_ms: int) -> None:
    """Enrol a device, or give a known one its current profile and key; unchanged devices cost no write."""
    conn.execute(
        "INSERT INTO device (name, profile, key_hash, active, changed_at) VALUES (?, ?, ?, 1, ?) "
        "ON CONFLICT (name) DO UPDATE SET profile = excluded.profile, key_hash = excluded.key_hash, active = 1, "
        "changed_at = excluded.changed_at "
        "WHERE profile != excluded.profile OR key_hash != excluded.key_hash OR active = 0",
        (name, profile, key_hash, now_ms),
    )


def deactivate_others(conn: sqlite3.Connection, names: list[str], now_ms: int) -> None:
    """Mark every device that is not named as no longer served; its meetings stay."""
    for (name,) in conn.execute("SELECT name FROM device WHERE active = 1").fetchall():
        if name not in names:
            conn.execute("UPDATE device SET active = 0, changed_at = ? WHERE name = ?", (now_ms, name))


def everything(conn: sqlite3.Connection) -> list[DeviceRow]:
    """Return all devices ever enrolled."""
    rows = conn.execute("SELECT id, name, profile, key_hash, active FROM device ORDER BY id")
    return [DeviceRow(id=r[0], name=r[1], profile=r[2], key_hash=r[3], active=bool(r[4])) for r in rows]
