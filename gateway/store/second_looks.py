"""The tables of events that are dealt with one by one: to be looked at, to be removed, or held back for a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from gateway.domain.kept_edit import WHOLE

FARTHEST_MS = 24 * 3600 * 1000
"""A time farther ahead was stamped by a clock that was wrong: nothing here is put off for so long."""

ASKED = 2**62
"""Not a time: the event is left where it is until somebody decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """An event, or an occurrence of a series, that a list could not tell about."""

    meeting_id: int
    original_start_utc_s: int = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayEvent:
    """An event that we made and that is no meeting's current event."""

    account_id: int
    calendar_id: str
    remote_id: str
    meeting_id: int
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubles:
    """Events of ours in a calendar that no meeting needs and that are still there, the oldest seen at `since` (ms UTC).

    `asked` of them are so many at once that nothing is removed until somebody decides; `refused` could not be removed.
    """

    account_id: int
    calendar_id: str
    asked: int
    refused: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Events of a calendar that vanished together, since when (ms UTC)."""

    account_id: int
    calendar_id: str
    meetings: int
    since: int


def look_later(conn: sqlite3.Connection, look: SecondLook, due_at: int) -> None:
    """Ask for a look at `due_at` (ms UTC); a look that is due earlier stays so."""
    conn.execute(
        "INSERT INTO second_look (meeting_id, original_start_utc_s, due_at) VALUES (?, ?, ?) "
        "ON CONFLICT (meeting_id, original_start_utc_s) DO UPDATE SET due_at = min(due_at, excluded.due_at)",
        (look.meeting_id, look.original_start_utc_s, due_at),
    )


def put_off(conn: sqlite3.Connection, look: SecondLook, due_at: int) -> None:
    """Look at another time: this one did not tell."""
    conn.execute(
        "UPDATE second_look SET due_at = ? WHERE meeting_id = ? AND original_start_utc_s = ?",
        (due_at, look.meeting_id, look.original_start_utc_s),
    )


def due_looks(conn: sqlite3.Connection, account_id: int, now_ms: int, most: int) -> list[SecondLook]:
    """Return up to `most` looks that are due at events of an account, the longest due first."""
    found = conn.execute(
        "SELECT s.meeting_id, s.original_start_utc_s FROM second_look AS s JOIN mirrored AS r "
        "ON r.meeting_id = s.meeting_id WHERE r.account_id = ? AND (s.due_at <= ? OR s.due_at > ?) "
        "ORDER BY s.due_at LIMIT ?",
        (account_id, now_ms, now_ms + FARTHEST_MS, most),
    )
    return [SecondLook(meeting_id=row[0], original_start_utc_s=row[1]) for row in found]


def looked(conn: sqlite3.Connection, look: SecondLook) -> None:
    """Forget a look: it was taken, or is not needed any more."""
    conn.execute(
        "DELETE FROM second_look WHERE meeting_id = ? AND original_start_utc_s = ?",
        (look.meeting_id, look.original_start_utc_s),
    )


def stray(conn: sqlite3.Connection, event: StrayEvent, now_ms: int) -> None:
    """Remember that an event has to be removed."""
    conn.execute(
        "INSERT INTO stray_event (account_id, calendar_id, remote_id, meeting_id, seen_at, not_before) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, calendar_id, remote_id) DO NOTHING",
        (event.account_id, event.calendar_id, event.remote_id, event.meeting_id, now_ms, now_ms),
    )


def due_strays(conn: sqlite3.Connection, account_id: int, now_ms: int, most: int) -> list[StrayEvent]:
    """Return up to `most` events of an account to be removed now.

    Left out is what its meeting cannot do without yet: its current event, wherever that is, and any while the next
    one has not been seen in the calendar.
    """
    found = conn.execute(
        f"SELECT account_id, calendar_id, remote_id, meeting_id, attempts FROM stray_event WHERE {_DUE} "  # noqa: S608 - constant condition
        "ORDER BY not_before LIMIT ?",
        (account_id, now_ms, now_ms + FARTHEST_MS, ASKED, most),
    )
    return [
        StrayEvent(account_id=row[0], calendar_id=row[1], remote_id=row[2], meeting_id=row[3], attempts=row[4])
        for row in found
    ]


_DUE = (
    "account_id = ? AND (not_before <= ? OR not_before > ?) AND not_before <> ? AND NOT EXISTS "
    "(SELECT 1 FROM mirrored AS r WHERE r.meeting_id = stray_event.meeting_id "
    "AND (r.state = 'claimed' OR (r.state = 'live' AND r.remote_id = stray_event.remote_id)))"
)


def ask_about_many(conn: sqlite3.Connection, account_id: int, now_ms: int, few: int) -> list[tuple[str, int]]:
    """Leave the new ones of a calendar where they are if they are more than `few`, or if it is asked about already.

    Return the calendars about which that is a new question, with how many events there are.
    """
    found = conn.execute(
        f"SELECT calendar_id, count(*) FROM stray_event WHERE {_DUE} AND attempts = 0 GROUP BY 1",  # noqa: S608 - constant condition
        (account_id, now_ms, now_ms + FARTHEST_MS, ASKED),
    ).fetchall()
    new = []
    for calendar_id, number in found:
        where = (account_id, calendar_id)
        asked = conn.execute(
            "SELECT 1 FROM stray_event WHERE account_id = ? AND calendar_id = ? AND not_before = ? LIMIT 1",
            (*where, ASKED),
        ).fetchone()
        if asked is None and number <= few:
            continue
        conn.execute(
            "UPDATE stray_event SET not_before = ? WHERE account_id = ? AND calendar_id = ? AND attempts = 0",
            (ASKED, *where),
        )
        if asked is None:
            new.append((str(calendar_id), int(number)))
    return new


def remove_asked(conn: sqlite3.Connection, account_id: int, calendar_id: str, now_ms: int) -> int:
    """Somebody decided that these events are to be removed; return how many."""
    return conn.execute(
        "UPDATE stray_event SET not_before = ?, attempts = 1 WHERE account_id = ? AND calendar_id = ? "
        "AND not_before = ?",
        (now_ms, account_id, calendar_id, ASKED),
    ).rowcount


def doubles(conn: sqlite3.Connection) -> tuple[Doubles, ...]:
    """Return the calendars with events that somebody has to judge, or that could not be removed so far."""
    found = conn.execute(
        "SELECT account_id, calendar_id, sum(not_before = ?1), sum(not_before <> ?1), min(seen_at) FROM stray_event "
        "WHERE not_before = ?1 OR attempts > 1 GROUP BY 1, 2 ORDER BY 5",
        (ASKED,),
    )
    return tuple(
        Doubles(account_id=row[0], calendar_id=row[1], asked=row[2], refused=row[3], since=row[4]) for row in found
    )


def try_stray_later(conn: sqlite3.Connection, event: StrayEvent, not_before: int) -> None:
    """Keep an event that could not be removed for another attempt."""
    conn.execute(
        "UPDATE stray_event SET not_before = ?, attempts = attempts + 1 "
        "WHERE account_id = ? AND calendar_id = ? AND remote_id = ?",
        (not_before, event.account_id, event.calendar_id, event.remote_id),
    )


def stray_gone(conn: sqlite3.Connection, account_id: int, calendar_id: str, remote_id: str) -> None:
    """Forget an event that is gone, or that is a meeting's own again."""
    conn.execute(
        "DELETE FROM stray_event WHERE account_id = ? AND calendar_id = ? AND remote_id = ?",
        (account_id, calendar_id, remote_id),
    )


def needed(conn: sqlite3.Connection, account_id: int, remote_id: str) -> None:
    """Forget an event that is where its meeting has it, by whatever name of a calendar it was seen elsewhere."""
    conn.execute("DELETE FROM stray_event WHERE account_id = ? AND remote_id = ?", (account_id, remote_id))


def guard(conn: sqlite3.Connection, account_id: int, calendar_id: str, meetings: Collection[int], now_ms: int) -> None:
    """Remember that the events of these meetings vanished together with many others."""
    conn.executemany(
        "INSERT INTO guarded_deletion (meeting_id, account_id, calendar_id, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (meeting_id) DO UPDATE SET account_id = excluded.account_id, calendar_id = excluded.calendar_id",
        [(meeting_id, account_id, calendar_id, now_ms) for meeting_id in meetings],
    )


def guarded_in(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> frozenset[int]:
    """Return the meetings of a calendar whose events vanished together."""
    found = conn.execute(
        "SELECT meeting_id FROM guarded_deletion WHERE account_id = ? AND calendar_id = ?", (account_id, calendar_id)
    )
    return frozenset(int(meeting_id) for (meeting_id,) in found)


def unguard(conn: sqlite3.Connection, meetings: Collection[int]) -> None:
    """Forget that these events vanished together with others."""
    conn.executemany("DELETE FROM guarded_deletion WHERE meeting_id = ?", [(meeting_id,) for meeting_id in meetings])


def guarded(conn: sqlite3.Connection) -> tuple[Guarded, ...]:
    """Return the calendars about which a question is open, the longest open first."""
    found = conn.execute(
        "SELECT account_id, calendar_id, count(*), min(at) FROM guarded_deletion GROUP BY 1, 2 ORDER BY 4"
    )
    return tuple(Guarded(account_id=row[0], calendar_id=row[1], meetings=row[2], since=row[3]) for row in found)
