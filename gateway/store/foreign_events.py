"""The table `foreign_event`: coming events that are not ours, to find one that already stands for a meeting."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b

MOST_PER_CALENDAR = 2_000
"""How many are remembered of one calendar, the soonest; a meeting is seldom planned farther ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEvent:
    """An event of somebody else: its instants (seconds since 1970) and its organiser's address, empty if not said."""

    account_id: int
    calendar_id: str
    remote_id: str
    start_utc_s: int
    end_utc_s: int
    organiser: str = ""


def subject_digest(subject: str) -> bytes:
    """Return 16 bytes that are equal for subjects that people would call the same: case, spaces, width do not count."""
    plain = " ".join(unicodedata.normalize("NFKC", subject).casefold().split())
    return blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def like(
    conn: sqlite3.Connection, account_id: int, calendar_id: str, start_utc_s: int, subject: str
) -> tuple[ForeignEvent, ...]:
    """Return the events that start then and are called so."""
    found = conn.execute(
        "SELECT remote_id, start_utc_s, end_utc_s, organiser FROM foreign_event "
        "WHERE account_id = ? AND calendar_id = ? AND start_utc_s = ? AND subject = ? ORDER BY remote_id",
        (account_id, calendar_id, start_utc_s, subject_digest(subject)),
    )
    return tuple(
        ForeignEvent(
            account_id=account_id,
            calendar_id=calendar_id,
            remote_id=row[0],
            start_utc_s=row[1],
            end_utc_s=row[2],
            organiser=row[3],
        )
        for row in found
    )


def note(conn: sqlite3.Connection, event: ForeignEvent, subject: str) -> None:
    """Remember an event, as it is now."""
    conn.execute(
        "INSERT INTO foreign_event (account_id, calendar_id, remote_id, start_utc_s, end_utc_s, subject, organiser) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, calendar_id, remote_id) DO UPDATE SET "
        "start_utc_s = excluded.start_utc_s, end_utc_s = excluded.end_utc_s, subject = excluded.subject, "
        "organiser = excluded.organiser",
        (
            event.account_id,
            event.calendar_id,
            event.remote_id,
            event.start_utc_s,
            event.end_utc_s,
            subject_digest(subject),
            event.organiser,
        ),
    )


def forget(conn: sqlite3.Connection, account_id: int, calendar_id: str, remote_ids: Collection[str]) -> None:
    """Forget events that are gone, or are ours now."""
    conn.executemany(
        "DELETE FROM foreign_event WHERE account_id = ? AND calendar_id = ? AND remote_id = ?",
        [(account_id, calendar_id, remote_id) for remote_id in remote_ids],
    )


def forget_calendar(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> None:
    """Forget all of a calendar: it is about to be read from the beginning."""
    conn.execute("DELETE FROM foreign_event WHERE account_id = ? AND calendar_id = ?", (account_id, calendar_id))


def prune(conn: sqlite3.Connection, account_id: int, calendar_id: str, now_s: int) -> None:
    """Forget what is over, and of the rest what lies farthest ahead beyond `MOST_PER_CALENDAR`."""
    conn.execute(
        "DELETE FROM foreign_event WHERE account_id = ? AND calendar_id = ? AND end_utc_s < ?",
        (account_id, calendar_id, now_s),
    )
    conn.execute(
        "DELETE FROM foreign_event WHERE account_id = ? AND calendar_id = ? AND remote_id IN (SELECT remote_id "
        "FROM foreign_event WHERE account_id = ? AND calendar_id = ? ORDER BY start_utc_s LIMIT -1 OFFSET ?)",
        (account_id, calendar_id, account_id, calendar_id, MOST_PER_CALENDAR),
    )
