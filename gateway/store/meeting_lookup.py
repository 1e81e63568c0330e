"""Looks through a device's meetings in the table `meeting`: in order of their start, or by time; changes nothing."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class FoundMeeting(NamedTuple):
    """One scheduled meeting: its own id, its wire shape and the form of `domain.change`."""

    external_id: str
    shape: str
    body: str


_SCHEDULED = "FROM meeting WHERE device_id = ? AND state = 'scheduled'"


def count(conn: sqlite3.Connection, device_id: int) -> int:
    """Return how many meetings of the device are scheduled."""
    return int(conn.execute(f"SELECT count(*) {_SCHEDULED}", (device_id,)).fetchone()[0])


def page(conn: sqlite3.Connection, device_id: int, *, skip: int, most: int, descending: bool) -> list[FoundMeeting]:
    """Return at most `most` scheduled meetings in order of their start, after the first `skip`."""
    order = "DESC" if descending else "ASC"
    rows = conn.execute(
        f"SELECT external_id, shape, body {_SCHEDULED} "
        f"ORDER BY json_extract(body, '$.s') {order}, id {order} LIMIT ? OFFSET ?",
        (device_id, most, skip),
    )
    return [FoundMeeting(*raw) for raw in rows]


def between(conn: sqlite3.Connection, device_id: int, *, start_utc_s: int, end_utc_s: int) -> list[FoundMeeting]:
    """Return the scheduled meetings that have some time in common with this span (seconds since 1970, end excluded).

    Of a series the first occurrence counts.
    """
    rows = conn.execute(
        f"SELECT external_id, shape, body {_SCHEDULED} "
        "AND json_extract(body, '$.s') < ? AND json_extract(body, '$.e') > ? ORDER BY json_extract(body, '$.s'), id",
        (device_id, end_utc_s, start_utc_s),
    )
    return [FoundMeeting(*raw) for raw in rows]
