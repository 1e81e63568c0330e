"""The table `device_call`: when each device last called and what was wrong; which calls are noted is not known here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class CallRow(NamedTuple):
    """The last calls of one device; times are ms UTC, None when there was no such call."""

    device_id: int
    called_at: int | None
    refused_at: int | None
    refused_code: str
    refused_text: str


def put(conn: sqlite3.Connection, rows: Iterable[CallRow]) -> None:
    """Keep what is newer than what is there, part by part."""
    conn.executemany(
        "INSERT INTO device_call (device_id, called_at, refused_at, refused_code, refused_text) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (device_id) DO UPDATE SET called_at = coalesce(excluded.called_at, called_at), "
        "refused_code = CASE WHEN excluded.refused_at IS NULL THEN refused_code ELSE excluded.refused_code END, "
        "refused_text = CASE WHEN excluded.refused_at IS NULL THEN refused_text ELSE excluded.refused_text END, "
        "refused_at = coalesce(excluded.refused_at, refused_at)",
        rows,
    )


def everything(conn: sqlite3.Connection) -> dict[int, CallRow]:
    """Return the last calls of all devices, by the id of their row."""
    rows = conn.execute("SELECT device_id, called_at, refused_at, refused_code, refused_text FROM device_call")
    return {raw[0]: CallRow(*raw) for raw in rows}


def one(conn: sqlite3.Connection, device_id: int) -> CallRow:
    """Return the last calls of one device."""
    raw = conn.execute(
        "SELECT device_id, called_at, refused_at, refused_code, refused_text FROM device_call WHERE device_id = ?",
        (device_id,),
    ).fetchone()
    return CallRow(device_id, None, None, "", "") if raw is None else CallRow(*raw)
