"""What a reset removes from a copy of the database, table by table; which files go with it is not known here."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path

from gateway.domain.actor import Actor
from gateway.store import audit, restored

SETTINGS, GOOGLE, DEVICES, MEETINGS, ADMINS = "settings", "google", "devices", "meetings", "admins"
CHOICES = (SETTINGS, GOOGLE, DEVICES, MEETINGS, ADMINS)
"""What can be reset by itself; all of them together are everything."""

EMPTIED: dict[str, tuple[str, ...]] = {
    "admin_session": (ADMINS,),
    "admin_user": (ADMINS,),
    "adoption_rejected": (MEETINGS,),
    "api_key": (ADMINS,),
    "attempt": (MEETINGS,),
    "busy_again": (MEETINGS, DEVICES),
    "busy_outside": (DEVICES, GOOGLE),
    "busy_span": (MEETINGS, DEVICES),
    "calendar_feed": (DEVICES,),
    "call": (MEETINGS, DEVICES),
    "change_feed": (MEETINGS,),
    "device_call": (DEVICES,),
    "directory": (DEVICES,),
    "edit": (MEETINGS,),
    "foreign_event": (GOOGLE,),
    "found_device": (DEVICES,),
    "guarded_deletion": (MEETINGS,),
    "idempotency": (MEETINGS, DEVICES),
    "ignored_device": (DEVICES,),
    "kept_edit": (MEETINGS,),
    "meeting": (MEETINGS,),
    "meeting_words": (MEETINGS,),
    "mirrored": (MEETINGS,),
    "occurrence": (MEETINGS,),
    "pace_note": (GOOGLE,),
    "pending_device": (DEVICES,),
    "polled_meeting": (MEETINGS, DEVICES),
    "polling": (MEETINGS, DEVICES),
    "reading_calls": (GOOGLE,),
    "recent_deletion": (MEETINGS,),
    "reply": (MEETINGS,),
    "room": (DEVICES,),
    "room_device": (MEETINGS, DEVICES),
    "second_look": (MEETINGS,),
    "series_slot": (MEETINGS,),
    "sign_in": (GOOGLE,),
    "throttle": (ADMINS,),
    "webhook": (MEETINGS, DEVICES),
    "wording": (MEETINGS,),
}
"""Tables that lose all their rows, and with which of the choices."""

AT_LAST = ("alert_delivery", "alert", "alert_state", "audit")
"""Tables that lose all their rows only when everything is reset: they tell of all the others."""

IN_PARTS = ("account", "calendar_reading", "device", "meeting_index", "meeting_indexed", "outbox", "setting")
"""Tables that lose some of their rows, or of what stands in them."""

KEPT = ("installation", "left_event", "restored", "stray_event")
"""Tables that always stay: by them the gateway knows its own events in Google again, and writes none a second time."""

_KEYS = {
    GOOGLE: "key GLOB 'google.*'",
    ADMINS: "key GLOB 'first_run.*'",
    SETTINGS: "NOT (key GLOB 'google.*' OR key GLOB 'first_run.*')",
}
"""Which rows of the table `setting` go with a choice."""


def reset_in(path: Path, choices: Collection[str], *, by: Actor, now_ms: int) -> None:
    """Remove what was chosen from the database file, and every trace of it: the file is written anew.

    Nobody else has the file open. Blocks. Raises sqlite3.Error.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA secure_delete=ON")
        conn.execute("BEGIN IMMEDIATE")
        remove(conn, choices, by=by, now_ms=now_ms)
        conn.execute("COMMIT")
        conn.execute("VACUUM")


def remove(conn: sqlite3.Connection, choices: Collection[str], *, by: Actor, now_ms: int) -> None:
    """Remove what was chosen, and write down who wanted it."""
    chosen = set(choices)
    if MEETINGS in chosen:
        _remember_events(conn, now_ms)
    for table, reasons in EMPTIED.items():
        if chosen.intersection(reasons):
            conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constant names
    if MEETINGS in chosen:
        _without_meetings(conn)
    if GOOGLE in chosen:
        _without_accounts(conn, now_ms)
    if DEVICES in chosen:
        _without_devices(conn, now_ms, rows=MEETINGS not in chosen)
    for choice, keys in _KEYS.items():
        if choice in chosen:
            conn.execute(f"DELETE FROM setting WHERE {keys}")  # noqa: S608 - constants
    if chosen.issuperset(CHOICES):
        _without_anything(conn)
    what = ", ".join(each for each in CHOICES if each in chosen)
    audit.write(conn, at_ms=now_ms, actor=by.name, action="gateway.reset", object_=what, source=by.source)


def _remember_events(conn: sqlite3.Connection, now_ms: int) -> None:
    """Keep of each event only by what its meeting is known again, should a device send it once more.

    Events of which it is not sure whether Google has them are found by comparing the calendars before anything is
    written (`stock_at`). Numbers of meetings are not given again: the ids of events are made of them.
    """
    restored.leave_all(conn)
    for table in ("mirrored", "stray_event"):  # calendars that were never read, but may hold an event
        conn.execute(
            f"INSERT OR IGNORE INTO calendar_reading (account_id, calendar_id, read_at) "  # noqa: S608 - constant names
            f"SELECT DISTINCT account_id, calendar_id, 0 FROM {table}"
        )
    newest, given = conn.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM meeting), (SELECT coalesce(max(next_meeting_id), 0) FROM restored)"
    ).fetchone()
    conn.execute(
        "INSERT OR REPLACE INTO restored (id, at, backup_at, next_meeting_id, stock_at) VALUES (1, ?1, ?1, ?2, NULL)",
        (now_ms, max(newest + 1, given)),
    )


def _without_meetings(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM outbox WHERE kind <> 'alert'")
    conn.execute("INSERT INTO meeting_index (meeting_index) VALUES ('delete-all')")
    conn.execute("UPDATE meeting_indexed SET next_meeting_id = (SELECT next_meeting_id FROM restored)")
    conn.execute("UPDATE calendar_reading SET sync_token = NULL, read_at = 0")


def _without_accounts(conn: sqlite3.Connection, now_ms: int) -> None:
    """Who signs in again as the same account finds its events again: only its lasting name stays."""
    conn.execute(
        "UPDATE account SET sealed = X'', email = '', scopes = '', client_id = '', state = 'authorization-lost', "
        "state_code = '', state_text = '', access_ends_at = NULL, main = 0, audience = '', used_at = NULL, told = '', "
        "warned_for = NULL, changed_at = ?",
        (now_ms,),
    )
    conn.execute("UPDATE calendar_reading SET sync_token = NULL, read_at = 0, code = '', text = '', since = NULL")


def _without_devices(conn: sqlite3.Connection, now_ms: int, *, rows: bool) -> None:
    """With `rows` the names stay, because meetings refer to them; such devices count as removed."""
    conn.execute("DELETE FROM outbox WHERE kind NOT IN ('mirror', 'alert')")
    if not rows:
        conn.execute("DELETE FROM device")
        return
    conn.execute(
        "UPDATE device SET active = 0, paused = 0, key_hash = X'', key_sealed = NULL, old_key_hash = NULL, "
        "old_key_sealed = NULL, old_key_until = NULL, password_sealed = NULL, settings = '{}', firmware = '', "
        "changed_at = ?",
        (now_ms,),
    )


def _without_anything(conn: sqlite3.Connection) -> None:
    for table in (*AT_LAST, "outbox"):
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constant names
    conn.execute("UPDATE meeting_indexed SET audit_id = 0")
