"""The table `mirrored` seen from the calendars: which hold events of ours, and which event is which meeting's."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection


def live_calendars(conn: sqlite3.Connection, account_id: int) -> list[str]:
    """Return the calendars of an account that hold an event of ours."""
    found = conn.execute(
        "SELECT DISTINCT calendar_id FROM mirrored WHERE account_id = ? AND state = 'live' ORDER BY 1", (account_id,)
    )
    return [str(calendar_id) for (calendar_id,) in found]


def live_in(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> dict[str, int]:
    """Return the meeting of each live event in a calendar, by the event's id."""
    found = conn.execute(
        "SELECT remote_id, meeting_id FROM mirrored WHERE account_id = ? AND calendar_id = ? AND state = 'live'",
        (account_id, calendar_id),
    )
    return {str(remote_id): int(meeting_id) for remote_id, meeting_id in found}


def live_among(
    conn: sqlite3.Connection, account_id: int, calendar_id: str, remote_ids: Collection[str]
) -> dict[str, int]:
    """As `live_in`, for some events only; without an index, because it is asked once a minute at most."""
    if not remote_ids:
        return {}
    return {
        remote_id: meeting_id
        for remote_id, meeting_id in live_in(conn, account_id, calendar_id).items()
        if remote_id in remote_ids
    }
