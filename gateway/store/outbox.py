"""The table `outbox`: what is still to be done and when; how a thing is done is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from gateway.domain.retry import Hold

MIRROR = "mirror"
"""The kind whose subject is a meeting that has to reach a revision in its calendar."""

FARTHEST_MS = 7 * 24 * 3600 * 1000
"""No wait is this long, so a row due later was stamped by a clock that was wrong: it counts as due."""

_COLUMNS = "kind, subject_id, revision, not_before, attempts, doubt, claimed_by, hold, last_code, last_text, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One thing to do; `not_before` is ms UTC, `doubt` as explained in the schema."""

    kind: str
    subject_id: int
    revision: int
    not_before: int
    attempts: int
    doubt: int
    claimed_by: str | None
    hold: Hold | None
    last_code: str
    last_text: str
    created_at: int


def put(conn: sqlite3.Connection, *, kind: str, subject_id: int, revision: int, now_ms: int) -> None:
    """Ask for a subject's newest revision: a new row, or the waiting one replaced.

    A row that is being worked on keeps its claim and its doubt; `finish` then sees that there is more to do.
    """
    conn.execute(
        "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (kind, subject_id) DO UPDATE SET revision = excluded.revision, not_before = excluded.not_before, "
        "attempts = 0, hold = NULL, last_code = '', last_text = ''",
        (kind, subject_id, revision, now_ms, now_ms),
    )


def get(conn: sqlite3.Connection, kind: str, subject_id: int) -> OutboxRow | None:
    """Return the row of a subject, if anything is to be done for it."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE kind = ? AND subject_id = ?",  # noqa: S608 - constant columns
        (kind, subject_id),
    ).fetchone()
    return None if raw is None else _row(raw)


def claim_due(
    conn: sqlite3.Connection, *, kind: str, most: int, owner: str, now_ms: int, lease_ms: int
) -> list[OutboxRow]:
    """Take up to `most` due rows, longest due first, for `owner`."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE kind = ? AND hold IS NULL AND claimed_by IS NULL "  # noqa: S608 - constant columns
        "AND (not_before <= ? OR not_before > ?) ORDER BY not_before LIMIT ?",
        (kind, now_ms, now_ms + FARTHEST_MS, most),
    ).fetchall()
    rows = [_row(raw) for raw in found]
    for row in rows:
        conn.execute(
            "UPDATE outbox SET claimed_by = ?, claimed_until = ?, attempts = attempts + 1 "
            "WHERE kind = ? AND subject_id = ?",
            (owner, now_ms + lease_ms, kind, row.subject_id),
        )
    return rows


def next_due_ms(conn: sqlite3.Connection, kind: str) -> int | None:
    """Return when the next free row of the kind is due (ms UTC), or None when there is none."""
    raw = conn.execute(
        "SELECT not_before FROM outbox WHERE kind = ? AND hold IS NULL AND claimed_by IS NULL "
        "ORDER BY not_before LIMIT 1",
        (kind,),
    ).fetchone()
    return None if raw is None else int(raw[0])


def finish(conn: sqlite3.Connection, row: OutboxRow, now_ms: int) -> bool:
    """Close a claimed row; False when a newer revision came meanwhile, which is then due at once."""
    done = conn.execute(
        "DELETE FROM outbox WHERE kind = ? AND subject_id = ? AND revision = ?",
        (row.kind, row.subject_id, row.revision),
    ).rowcount
    if not done:
        conn.execute(
            "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL, doubt = 0, attempts = 0, not_before = ? "
            "WHERE kind = ? AND subject_id = ?",
            (now_ms, row.kind, row.subject_id),
        )
    return bool(done)


def postpone(
    conn: sqlite3.Connection,
    row: OutboxRow,
    *,
    not_before: int,
    hold: Hold | None,
    doubt: int,
    code: str,
    text: str,
) -> None:
    """Give a claimed row back: due again at `not_before`, or held for a person.

    When a newer revision came meanwhile, only the wait and the doubt are kept: the reason belonged to the old one.
    """
    conn.execute(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL, not_before = ?, doubt = ?, "
        "hold = CASE WHEN revision = ? THEN ? END, last_code = ?, last_text = ? WHERE kind = ? AND subject_id = ?",
        (not_before, doubt, row.revision, hold, code, text, row.kind, row.subject_id),
    )


def release_claims(conn: sqlite3.Connection) -> int:
    """Free what a gateway that died had claimed; nobody saw how those calls ended, so they are in doubt."""
    return conn.execute(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL, not_before = 0, doubt = max(doubt, 1) "
        "WHERE claimed_by IS NOT NULL"
    ).rowcount


def release_owner(conn: sqlite3.Connection, kind: str, owner: str) -> int:
    """Free the rows of one kind that one worker had claimed, for a worker that knows that it does none of them now."""
    return conn.execute(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = NULL WHERE kind = ? AND claimed_by = ?", (kind, owner)
    ).rowcount


def release_holds(conn: sqlite3.Connection, holds: tuple[Hold, ...], now_ms: int) -> int:
    """Make rows due that were held for one of these reasons."""
    freed = 0
    for hold in holds:
        freed += conn.execute(
            "UPDATE outbox SET hold = NULL, not_before = ?, attempts = 0 WHERE hold = ?", (now_ms, hold)
        ).rowcount
    return freed


def counts(conn: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows wait for their time (`waiting`) and how many are held, by reason."""
    found = conn.execute("SELECT coalesce(hold, 'waiting'), count(*) FROM outbox GROUP BY 1")
    return {str(name): int(number) for name, number in found}


def waiting_because(conn: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows wait for their time, by the code of what went wrong last (empty: nothing did)."""
    found = conn.execute("SELECT last_code, count(*) FROM outbox WHERE hold IS NULL GROUP BY 1")
    return {str(code): int(number) for code, number in found}


def _row(raw: tuple[str, int, int, int, int, int, str | None, str | None, str, str, int]) -> OutboxRow:
    return OutboxRow(
        kind=raw[0],
        subject_id=raw[1],
        revision=raw[2],
        not_before=raw[3],
        attempts=raw[4],
        doubt=raw[5],
        claimed_by=raw[6],
        hold=None if raw[7] is None else Hold(raw[7]),
        last_code=raw[8],
        last_text=raw[9],
        created_at=raw[10],
    )
