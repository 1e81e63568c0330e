"""The table `mirrored` seen from the calendars: which hold events of ours, and which event is which meeting's."""

from __future__ import annotations

import sqlite3


def live_calendars(conn: sqlite3.Connection, account_id: int) -> list[str]:
    """Return the calendars of an account that hold an event of ours, or are about to."""
    found = conn.execute(
        "SELECT DISTINCT calendar_id FROM mirrored WHERE account_id = ? AND state IN ('live', 'claimed') ORDER BY 1",
        (account_id,),
    )
    return [str(calendar_id) for (calendar_id,) in found]


def rename(conn: sqlite3.Connection, account_id: int, old: str, new: str) -> None:
    """Two names were used for one calendar of an account: from now on only `new` is."""
    where = (account_id, old)
    for table in ("mirrored", "guarded_deletion"):
        conn.execute(
            f"UPDATE {table} SET calendar_id = ? WHERE account_id = ? AND calendar_id = ?",  # noqa: S608 - constant names
            (new, *where),
        )
    # What was noted under the old name is found again under the new one.
    for table in ("stray_event", "foreign_event", "calendar_reading"):
        conn.execute(f"DELETE FROM {table} WHERE account_id = ? AND calendar_id = ?", where)  # noqa: S608 - constant names


def carry_over(conn: sqlite3.Connection, old: int, new: int) -> int:
    """The account `new` is the same person's as `old`, signed in another way: its events go on; return how many."""
    moved = conn.execute("UPDATE mirrored SET account_id = ? WHERE account_id = ?", (new, old)).rowcount
    conn.execute("UPDATE guarded_deletion SET account_id = ? WHERE account_id = ?", (new, old))
    conn.execute("UPDATE outbox SET account_id = ? WHERE account_id = ?", (new, old))
    # Calendars are read from the beginning by the new one, and say again what they said to the old one.
    for table in ("stray_event", "foreign_event", "calendar_reading"):
        conn.execute(f"DELETE FROM {table} WHERE account_id = ?", (old,))  # noqa: S608 - constant names
    return moved


def live_in(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> dict[str, int]:
    """Return the meeting of each live event in a calendar, by the event's id."""
    found = conn.execute(
        "SELECT remote_id, meeting_id FROM mirrored WHERE account_id = ? AND calendar_id = ? AND state = 'live'",
        (account_id, calendar_id),
    )
    return {str(remote_id): int(meeting_id) for remote_id, meeting_id in found}


def meetings_by_event(conn: sqlite3.Connection, account_id: int) -> dict[str, int]:
    """Return the meeting of each event of an account, whatever calendar it is in and however it stands."""
    found = conn.execute("SELECT remote_id, meeting_id FROM mirrored WHERE account_id = ?", (account_id,))
    return {str(remote_id): int(meeting_id) for remote_id, meeting_id in found}


def quiet_versions(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> dict[str, str]:
    """Return the version that was written last of each live event about which nothing is outstanding, by its id.

    Nothing is outstanding when no device was told of a difference, nobody changed it, and no guest has answered.
    """
    found = conn.execute(
        "SELECT remote_id, etag FROM mirrored WHERE account_id = ? AND calendar_id = ? AND state = 'live' "
        "AND etag IS NOT NULL AND NOT EXISTS (SELECT 1 FROM edit WHERE edit.meeting_id = mirrored.meeting_id) "
        "AND NOT EXISTS (SELECT 1 FROM kept_edit WHERE kept_edit.meeting_id = mirrored.meeting_id) "
        "AND NOT EXISTS (SELECT 1 FROM reply WHERE reply.meeting_id = mirrored.meeting_id) "
        "AND NOT EXISTS (SELECT 1 FROM guarded_deletion WHERE guarded_deletion.meeting_id = mirrored.meeting_id)",
        (account_id, calendar_id),
    )
    return {str(remote_id): str(etag) for remote_id, etag in found}


def coming(conn: sqlite3.Connection, account_id: int, calendar_id: str, now_s: int) -> frozenset[int]:
    """Return the meetings with a live event in a calendar that are not over; a series counts unless its end is past."""
    found = conn.execute(
        "SELECT m.id FROM mirrored AS r JOIN meeting AS m ON m.id = r.meeting_id WHERE r.account_id = ? "
        "AND r.calendar_id = ? AND r.state = 'live' AND m.state = 'scheduled' AND m.sync = 1 AND "
        "CASE WHEN json_extract(m.body, '$.rp') IS NULL THEN json_extract(m.body, '$.e') > ? "
        "ELSE coalesce(json_extract(m.body, '$.rp.u'), ?) >= ? END",
        (account_id, calendar_id, now_s, now_s, now_s),
    )
    return frozenset(int(meeting_id) for (meeting_id,) in found)


def release_holds(conn: sqlite3.Connection, account_id: int, calendar_id: str, now_ms: int) -> int:
    """Make due what was held because a calendar was gone, now that it is back; return how many rows."""
    return conn.execute(
        "UPDATE outbox SET hold = NULL, not_before = ?, attempts = 0 WHERE hold = 'configuration' AND subject_id IN "
        "(SELECT meeting_id FROM mirrored WHERE account_id = ? AND calendar_id = ?)",
        (now_ms, account_id, calendar_id),
    ).rowcount
