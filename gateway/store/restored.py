"""The tables `restored` and `left_event`: how a gateway goes on from a backup; nothing is decided here."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.actor import Actor
from gateway.store import audit, mirrored, users
from gateway.store.foreign_events import subject_digest

PARKED_CODE = "C-11"
"""What the outbox says of a change that waited when the backup was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """When the backup was restored and made (ms UTC), and when the calendars were compared with it, None: not yet."""

    at: int
    backup_at: int
    stock_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftEvent:
    """An event of ours in a calendar whose meeting is not known; `subject` is what it is called."""

    account_id: int
    calendar_id: str
    remote_id: str
    fingerprint: str
    start_utc_s: int
    subject: str


def begin(conn: sqlite3.Connection, *, backup_at: int, now_ms: int, text: str) -> None:
    """Make a database that comes from a backup fit to go on: nothing that happened since may happen twice.

    Sessions, sign-in links and failures of old are forgotten. What waited for a calendar is parked with `text`, because
    it may have been done long ago. Calendars are read from their beginning. Numbers that were given since are not given
    again: new ones begin at the seconds since 1970, which no gateway that takes less than one meeting a second reaches.
    """
    now_s = now_ms // 1000
    for table in ("admin_session", "sign_in", "throttle", "stray_event", "second_look", "guarded_deletion"):
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constant names
    for table in ("recent_deletion", "left_event"):
        conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constant names
    conn.execute("DELETE FROM outbox WHERE kind = 'alert'")
    conn.execute("UPDATE alert_delivery SET state = 'given-up', ended_at = ? WHERE state = 'waiting'", (now_ms,))
    conn.execute(
        "UPDATE outbox SET hold = 'parked', claimed_by = NULL, claimed_until = NULL, ready = 0, "
        "doubt = max(doubt, 1), last_code = ?, last_text = ? WHERE kind = 'mirror'",
        (PARKED_CODE, text),
    )
    conn.execute("UPDATE outbox SET claimed_by = NULL, claimed_until = NULL WHERE kind <> 'mirror'")
    conn.execute("UPDATE calendar_reading SET sync_token = NULL, read_at = 0")
    for table in ("change_feed", "alert", "alert_delivery"):
        changed = conn.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (now_s, table)).rowcount
        if not changed:
            conn.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, now_s))
    newest = conn.execute("SELECT coalesce(max(id), 0) FROM meeting").fetchone()[0]
    conn.execute(
        "INSERT OR REPLACE INTO restored (id, at, backup_at, next_meeting_id, stock_at) VALUES (1, ?, ?, ?, NULL)",
        (now_ms, backup_at, max(int(newest) + 1, now_s)),
    )


def go_on(path: Path, *, backup_at: int, now_ms: int, text: str, by: Actor, object_: str) -> bool:
    """Make the database file of a backup fit to go on, see `begin`; return whether it has administrators.

    Nobody else has it open. Blocks. Raises sqlite3.Error.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("BEGIN IMMEDIATE")
        begin(conn, backup_at=backup_at, now_ms=now_ms, text=text)
        audit.write(conn, at_ms=now_ms, actor=by.name, action="backup.restored", object_=object_, source=by.source)
        conn.execute("COMMIT")
        return users.count(conn) > 0


def read(conn: sqlite3.Connection) -> Restored | None:
    """Return when this database was restored, None when it never was."""
    raw = conn.execute("SELECT at, backup_at, stock_at FROM restored WHERE id = 1").fetchone()
    return None if raw is None else Restored(at=raw[0], backup_at=raw[1], stock_at=raw[2])


def stock_taken(conn: sqlite3.Connection, now_ms: int) -> None:
    """The calendars were compared: meetings may be written again."""
    conn.execute("UPDATE restored SET stock_at = ? WHERE id = 1", (now_ms,))


def parked(conn: sqlite3.Connection) -> list[int]:
    """Return the meetings whose changes waited when the backup was made and were not looked into yet."""
    found = conn.execute(
        "SELECT subject_id FROM outbox WHERE kind = 'mirror' AND hold = 'parked' AND last_code = ? ORDER BY subject_id",
        (PARKED_CODE,),
    )
    return [int(raw[0]) for raw in found]


def note_left(conn: sqlite3.Connection, event: LeftEvent) -> None:
    """Remember an event whose meeting is not known."""
    conn.execute(
        "INSERT INTO left_event (account_id, calendar_id, remote_id, fingerprint, start_utc_s, subject) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, calendar_id, remote_id) DO UPDATE SET "
        "fingerprint = excluded.fingerprint, start_utc_s = excluded.start_utc_s, subject = excluded.subject",
        (
            event.account_id,
            event.calendar_id,
            event.remote_id,
            event.fingerprint,
            event.start_utc_s,
            subject_digest(event.subject),
        ),
    )


def leave_all(conn: sqlite3.Connection) -> None:
    """Remember the live event of every meeting that was not cancelled, for the day on which its meeting comes again."""
    live = conn.execute(
        "SELECT e.account_id, e.calendar_id, e.remote_id, m.fingerprint, json_extract(m.body, '$.s'), "
        "json_extract(m.body, '$.su'), d.name, m.external_id "
        "FROM mirrored AS e JOIN meeting AS m ON m.id = e.meeting_id "
        "JOIN device AS d ON d.id = m.device_id WHERE e.state = 'live' AND m.state = 'scheduled'"
    ).fetchall()
    conn.executemany(
        "INSERT OR REPLACE INTO left_event (account_id, calendar_id, remote_id, fingerprint, start_utc_s, subject, "
        "source) VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((*raw[:5], subject_digest(str(raw[5])), _source(raw[6], raw[7])) for raw in live),
    )


def _source(device: str, external_id: str) -> bytes:
    """Return by what a meeting of a device is known again."""
    return hashlib.sha256(json.dumps([device, external_id]).encode()).digest()


def take_left(
    conn: sqlite3.Connection, account_id: int, *, source: bytes, fingerprint: str, start_utc_s: int, subject: str
) -> tuple[str, str] | None:
    """Return calendar and id of the event that is this meeting's, and forget it; None when there is none.

    The same device and the device's own id count first, then the same content, then the same start and name.
    """
    where = (
        ("length(source) > 0 AND source = ?", (source,)),
        ("fingerprint = ?", (fingerprint,)),
        ("start_utc_s = ? AND subject = ?", (start_utc_s, subject_digest(subject))),
    )
    for condition, values in where:
        found = conn.execute(
            f"DELETE FROM left_event WHERE (account_id, calendar_id, remote_id) IN (SELECT account_id, calendar_id, "  # noqa: S608 - constant parts
            f"remote_id FROM left_event WHERE account_id = ? AND {condition} ORDER BY remote_id LIMIT 1) "
            "RETURNING calendar_id, remote_id",
            (account_id, *values),
        ).fetchone()
        if found is not None:
            return str(found[0]), str(found[1])
    return None


def any_left(conn: sqlite3.Connection) -> bool:
    """Whether there are events whose meetings are not known."""
    return conn.execute("SELECT 1 FROM left_event LIMIT 1").fetchone() is not None


def adopt_left(conn: sqlite3.Connection, meeting_id: int, account_id: int, now_ms: int) -> bool:
    """Let a meeting without an event have the one that was left of it; False when none was, as nearly always."""
    if not any_left(conn):
        return False
    raw = conn.execute(
        "SELECT m.fingerprint, json_extract(m.body, '$.s'), json_extract(m.body, '$.su'), d.name, m.external_id "
        "FROM meeting AS m JOIN device AS d ON d.id = m.device_id WHERE m.id = ?",
        (meeting_id,),
    ).fetchone()
    if raw is None:
        return False
    found = take_left(
        conn,
        account_id,
        source=_source(raw[3], raw[4]),
        fingerprint=raw[0],
        start_utc_s=int(raw[1]),
        subject=str(raw[2]),
    )
    if found is None:
        return False
    calendar_id, remote_id = found
    mirrored.adopt(
        conn,
        meeting_id=meeting_id,
        account_id=account_id,
        calendar_id=calendar_id,
        remote_id=remote_id,
        link=None,
        now_ms=now_ms,
    )
    return True
