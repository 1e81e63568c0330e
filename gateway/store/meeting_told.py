"""What is kept about one meeting beside the meeting itself: answers of guests, what its device was told; read only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

_NEWEST = 5_000
"""So many entries of a device's feed are looked through for one of its meetings."""


class Told(NamedTuple):
    """Something that the device of a meeting was told; `at` is ms UTC."""

    at: int
    type: str
    data: Mapping[str, object]


class Reply(NamedTuple):
    """What a guest answered last; `email` in small letters, `at` is ms UTC."""

    email: str
    answer: str
    comment: str
    at: int


def feed(conn: sqlite3.Connection, device_id: int, meeting_id: int, most: int) -> tuple[Told, ...]:
    """Return what the device was told about the meeting, the newest entries, oldest first."""
    rows = conn.execute(
        "SELECT at, type, data FROM (SELECT id, meeting_id, at, type, data FROM change_feed WHERE device_id = ? "
        "ORDER BY id DESC LIMIT ?) WHERE meeting_id = ? ORDER BY id DESC LIMIT ?",
        (device_id, _NEWEST, meeting_id, most),
    ).fetchall()
    return tuple(Told(at, kind, json.loads(data)) for at, kind, data in reversed(rows))


def replies(conn: sqlite3.Connection, meeting_id: int) -> dict[str, Reply]:
    """Return the answers to the meeting as a whole, by e-mail address in small letters."""
    rows = conn.execute(
        "SELECT email, answer, comment, changed_at FROM reply WHERE meeting_id = ? AND original_start_utc_s = 0",
        (meeting_id,),
    )
    return {str(raw[0]).casefold(): Reply(str(raw[0]).casefold(), raw[1], raw[2], raw[3]) for raw in rows}


def event_changed_at(conn: sqlite3.Connection, meeting_id: int) -> int | None:
    """Return when the event of a meeting was written or removed last, or its id chosen (ms UTC); None without one."""
    raw = conn.execute("SELECT changed_at FROM mirrored WHERE meeting_id = ?", (meeting_id,)).fetchone()
    return None if raw is None else int(raw[0])


def others_begin_at(conn: sqlite3.Connection, start_s: int) -> bool:
    """Whether an event of somebody else in the calendars that are read begins then (seconds since 1970)."""
    return conn.execute("SELECT 1 FROM foreign_event WHERE start_utc_s = ? LIMIT 1", (start_s,)).fetchone() is not None
