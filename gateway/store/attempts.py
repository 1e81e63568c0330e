"""The table `attempt`: how attempts to bring a meeting to its calendar went; why they ended so is unknown here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from gateway.domain.attempt import Attempt, Call
from gateway.store.outbox import FARTHEST_MS, MIRROR

KEPT_MS = 30 * 24 * 3600 * 1000
"""How long an attempt is remembered."""

MOST_OF_A_MEETING = 50

_ADD = (
    "INSERT INTO attempt (meeting_id, n, at, number, done, code, next_at, calls) "
    "SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM attempt WHERE meeting_id = ?1 RETURNING n"
)


def add(conn: sqlite3.Connection, meeting_id: int, attempt: Attempt) -> None:
    """Remember an attempt; of one meeting only the newest ones stay."""
    calls = ";".join([_call(each, attempt.at) for each in attempt.calls])
    values = (meeting_id, *attempt[:5], calls)
    number = conn.execute(_ADD, values).fetchone()[0]
    if number > MOST_OF_A_MEETING:
        conn.execute("DELETE FROM attempt WHERE meeting_id = ? AND n <= ?", (meeting_id, number - MOST_OF_A_MEETING))


def of(conn: sqlite3.Connection, meeting_id: int) -> tuple[Attempt, ...]:
    """Return what is remembered of a meeting, oldest first."""
    rows = conn.execute(
        "SELECT at, number, done, code, next_at, calls FROM attempt WHERE meeting_id = ? ORDER BY n DESC LIMIT ?",
        (meeting_id, MOST_OF_A_MEETING),
    ).fetchall()
    return tuple(
        Attempt(at, number, None if done is None else bool(done), code, next_at, tuple(_calls(calls, at)))
        for at, number, done, code, next_at, calls in reversed(rows)
    )


def meetings(conn: sqlite3.Connection, *, most: int) -> list[int]:
    """Return the row ids of the newest meetings that something was attempted for, the newest first."""
    found: list[int] = []
    before = FARTHEST_MS
    while len(found) < most:  # one step along the key for each: DISTINCT would read every attempt
        row = conn.execute("SELECT max(meeting_id) FROM attempt WHERE meeting_id < ?", (before,)).fetchone()
        if row[0] is None:
            break
        before = int(row[0])
        found.append(before)
    return found


def cut_off(conn: sqlite3.Connection, *, lease_ms: int, now_ms: int, meeting_ids: Sequence[int] | None = None) -> None:
    """Remember attempts that were claimed and never ended: call it before their claims are freed.

    Those are all that are claimed, or of these meetings the ones whose claim has run out; `lease_ms` is how long a
    claim is good for.
    """
    begun = "SELECT subject_id, claimed_until - ?, attempts FROM outbox WHERE kind = ? AND claimed_by IS NOT NULL"
    found: list[tuple[int, int | None, int]] = []
    if meeting_ids is None:
        found = conn.execute(begun, (lease_ms, MIRROR)).fetchall()
    else:
        over = f"{begun} AND subject_id = ? AND claimed_until NOT BETWEEN ? AND ?"
        for each in meeting_ids:
            found += conn.execute(over, (lease_ms, MIRROR, each, now_ms + 1, now_ms + FARTHEST_MS))
    for meeting_id, at, number in found:
        begun_at = now_ms if at is None else min(at, now_ms)
        add(conn, meeting_id, Attempt(begun_at, number=number, done=None, code="", next_at=now_ms, calls=()))


def purge(conn: sqlite3.Connection, now_ms: int) -> int:
    """Forget attempts that are long over; return how many."""
    return conn.execute("DELETE FROM attempt WHERE at < ?", (now_ms - KEPT_MS,)).rowcount


def _call(call: Call, at: int) -> str:
    code = call.code if call.code.replace("-", "").isalnum() else "-" * bool(call.code)
    return f"{call.operation},{max(0, call.at - at)},{call.took_ms},{call.status},{code}"


def _calls(text: str, at: int) -> Iterator[Call]:
    for each in filter(None, text.split(";")):
        operation, after_ms, took_ms, status, code = each.split(",")
        yield Call(operation, at + int(after_ms), int(took_ms), int(status), code)
