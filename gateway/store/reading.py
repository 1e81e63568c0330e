"""The tables of how far each calendar was read, what is wrong with it, and how many calls that took a day."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

KEPT_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReading:
    """How the reading of one calendar stands.

    `token` is up to where it was read, None when it has to be read from the beginning; `read_at` when that was last
    written down (ms UTC). `code` and `text` say what is wrong with the calendar since `since`.
    """

    account_id: int
    calendar_id: str
    token: str | None
    read_at: int
    code: str = ""
    text: str = ""
    since: int | None = None


_COLUMNS = "account_id, calendar_id, sync_token, read_at, code, text, since"


def get(conn: sqlite3.Connection, account_id: int, calendar_id: str) -> CalendarReading | None:
    """Return how far a calendar was read, None when it never was."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM calendar_reading WHERE account_id = ? AND calendar_id = ?",  # noqa: S608 - constant columns
        (account_id, calendar_id),
    ).fetchone()
    return None if raw is None else _reading(raw)


def every(conn: sqlite3.Connection) -> tuple[CalendarReading, ...]:
    """Return all calendars that were ever read, or that could not be."""
    found = conn.execute(f"SELECT {_COLUMNS} FROM calendar_reading ORDER BY account_id, calendar_id")  # noqa: S608 - constant columns
    return tuple(map(_reading, found))


def keep(conn: sqlite3.Connection, *, account_id: int, calendar_id: str, token: str | None, now_ms: int) -> None:
    """Remember up to where a calendar was read; nothing is wrong with it then."""
    conn.execute(
        "INSERT INTO calendar_reading (account_id, calendar_id, sync_token, read_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account_id, calendar_id) DO UPDATE SET sync_token = excluded.sync_token, "
        "read_at = excluded.read_at, code = '', text = '', since = NULL",
        (account_id, calendar_id, token, now_ms),
    )


def failed(conn: sqlite3.Connection, *, account_id: int, calendar_id: str, code: str, text: str, now_ms: int) -> None:
    """Remember what is wrong with a calendar, and since when.

    It is read from the beginning when it is back: what was written to it last may have been lost, or stand twice.
    """
    conn.execute(
        "INSERT INTO calendar_reading (account_id, calendar_id, read_at, code, text, since) VALUES (?, ?, 0, ?, ?, ?) "
        "ON CONFLICT (account_id, calendar_id) DO UPDATE SET sync_token = NULL, "
        "since = CASE WHEN code = excluded.code THEN since ELSE excluded.since END, code = excluded.code, "
        "text = excluded.text",
        (account_id, calendar_id, code, text, now_ms),
    )


def calls(conn: sqlite3.Connection, day: str) -> int:
    """Return how many calls were made on a day (`YYYY-MM-DD`, UTC)."""
    raw = conn.execute("SELECT calls FROM reading_calls WHERE day = ?", (day,)).fetchone()
    return 0 if raw is None else int(raw[0])


def keep_calls(conn: sqlite3.Connection, day: str, number: int) -> None:
    """Remember how many calls were made on a day, and forget days of long ago."""
    conn.execute(
        "INSERT INTO reading_calls (day, calls) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET calls = excluded.calls",
        (day, number),
    )
    conn.execute(
        "DELETE FROM reading_calls WHERE day NOT IN (SELECT day FROM reading_calls ORDER BY day DESC LIMIT ?)",
        (KEPT_DAYS,),
    )


def _reading(raw: tuple[int, str, str | None, int, str, str, int | None]) -> CalendarReading:
    return CalendarReading(
        account_id=raw[0],
        calendar_id=raw[1],
        token=raw[2],
        read_at=raw[3],
        code=raw[4],
        text=raw[5],
        since=raw[6],
    )
