"""The table `outbox`: what is still to be done and when; how a thing is done is not known here."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from gateway.domain.retry import Hold

MIRROR = "mirror"
"""The kind whose subject is a meeting that has to reach a revision in its calendar."""

FARTHEST_MS = 7 * 24 * 3600 * 1000
"""No wait is this long, so a row due later was stamped by a clock that was wrong: it counts as due."""

MOST_AT_ONCE = 500
"""How many rows become ready in one transaction; bounds how long it keeps others from writing."""

_COLUMNS = (
    "kind, subject_id, revision, not_before, attempts, doubt, claimed_by, hold, last_code, last_text, created_at, "
    "lane, starts_at_ms, account_id, ready, asked"
)
READY = "kind = ? AND ready = 1 AND hold IS NULL AND claimed_by IS NULL"
LATER = "kind = ? AND ready = 0 AND hold IS NULL AND claimed_by IS NULL"
_FREED = "claimed_by = NULL, claimed_until = NULL"
UNTOUCHED = (
    "kind = 'mirror' AND doubt = 0 AND EXISTS "
    "(SELECT 1 FROM mirrored WHERE meeting_id = subject_id AND mirrored.state <> 'live')"
)
"""Rows whose event was certainly never written: the device's choice says anew where it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One thing to do; `not_before` is ms UTC, the other columns are explained in the schema."""

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
    lane: int = 0
    starts_at_ms: int = 0
    account_id: int = 0
    ready: bool = False
    asked: int = 0


class Waiting(NamedTuple):
    """One row for people: what waits, why, and until when.

    `hold` is why it waits for a person, None when it waits for its time; then `next_try_ms` (ms UTC) says when, None
    when it is due now. `code` and `text` say how the last attempt ended, both empty before the first.
    """

    meeting_id: int
    external_id: str
    lane: int
    account_id: int
    starts_at_ms: int
    hold: Hold | None
    next_try_ms: int | None
    attempts: int
    under_way: bool
    code: str
    text: str
    created_at: int


def put(
    conn: sqlite3.Connection,
    *,
    kind: str,
    subject_id: int,
    revision: int,
    now_ms: int,
    lane: int = 0,
    starts_at_ms: int = 0,
) -> None:
    """Ask for a subject's newest revision: a new row, or the waiting one replaced.

    `lane` is the row id of the device (left out, it is looked up) and `starts_at_ms` when the meeting, or the next
    occurrence of its series, begins (ms UTC). A row that is being worked on keeps its claim and its doubt; `finish`
    then sees that there is more to do.
    """
    if kind == MIRROR:
        account = "coalesce((SELECT account_id FROM mirrored WHERE meeting_id = ?2 AND state <> 'gone'), 0)"
        device = "?5" if lane else "coalesce((SELECT device_id FROM meeting WHERE id = ?2), ?5)"
    else:
        account, device = "0", "?5"
    conn.execute(
        "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at, lane, starts_at_ms, account_id, "  # noqa: S608 - constant parts
        f"ready) VALUES (?1, ?2, ?3, ?4, ?4, {device}, ?6, {account}, 1) "
        "ON CONFLICT (kind, subject_id) DO UPDATE SET revision = excluded.revision, not_before = excluded.not_before, "
        "attempts = 0, hold = NULL, last_code = '', last_text = '', ready = 1, asked = asked + 1, "
        f"account_id = CASE WHEN claimed_by IS NULL AND {UNTOUCHED} THEN 0 ELSE excluded.account_id END, "
        "lane = max(lane, excluded.lane), "
        "starts_at_ms = CASE WHEN excluded.starts_at_ms THEN excluded.starts_at_ms ELSE starts_at_ms END",
        (kind, subject_id, revision, now_ms, lane, starts_at_ms),
    )


def get(conn: sqlite3.Connection, kind: str, subject_id: int) -> OutboxRow | None:
    """Return the row of a subject, if anything is to be done for it."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE kind = ? AND subject_id = ?",  # noqa: S608 - constant columns
        (kind, subject_id),
    ).fetchone()
    return None if raw is None else _row(raw)


def promote(conn: sqlite3.Connection, kind: str, now_ms: int) -> None:
    """Make rows ready whose time has come, or was stamped by a clock that was wrong; many of them in several calls."""
    for due, at_ms in (("<=", now_ms), (">", now_ms + FARTHEST_MS)):
        found = conn.execute(
            f"SELECT kind, subject_id FROM outbox WHERE {LATER} AND not_before {due} ? LIMIT {MOST_AT_ONCE}",  # noqa: S608 - constant parts
            (kind, at_ms),
        ).fetchall()
        conn.executemany("UPDATE outbox SET ready = 1 WHERE kind = ? AND subject_id = ?", found)


def claim_due(
    conn: sqlite3.Connection,
    *,
    kind: str,
    owner: str,
    now_ms: int,
    lease_ms: int,
    most: int = 0,
    chosen: Sequence[tuple[int, int]] | None = None,
) -> list[OutboxRow]:
    """Take due rows for `owner`, up to `most`, longest due first; `attempts` of what is returned are those before.

    With `chosen`, take these instead: subjects, each with the account that its event will be in.
    """
    if chosen is None:
        promote(conn, kind, now_ms)
        found = conn.execute(
            f"SELECT subject_id, account_id FROM outbox WHERE {READY} ORDER BY not_before LIMIT ?",  # noqa: S608 - constant parts
            (kind, most),
        )
        chosen = found.fetchall()
    rows = []
    for subject_id, account_id in chosen:
        raw = conn.execute(
            "UPDATE outbox SET claimed_by = ?, claimed_until = ?, attempts = attempts + 1, account_id = ? "  # noqa: S608 - constant columns
            f"WHERE kind = ? AND subject_id = ? RETURNING {_COLUMNS}",
            (owner, now_ms + lease_ms, account_id, kind, subject_id),
        ).fetchone()
        if raw is not None:
            row = _row(raw)
            rows.append(replace(row, attempts=row.attempts - 1))
    return rows


def next_due_ms(conn: sqlite3.Connection, kind: str) -> int | None:
    """Return when the next free row of the kind is due (ms UTC), or None when there is none."""
    for which in (READY, LATER):
        raw = conn.execute(
            f"SELECT not_before FROM outbox WHERE {which} ORDER BY not_before LIMIT 1",  # noqa: S608 - constant parts
            (kind,),
        ).fetchone()
        if raw is not None:
            return int(raw[0])
    return None


def finish(conn: sqlite3.Connection, row: OutboxRow, now_ms: int) -> bool:
    """Close a claimed row; False when it was asked for again meanwhile, which is then due at once."""
    done = conn.execute(
        "DELETE FROM outbox WHERE kind = ? AND subject_id = ? AND revision = ? AND asked = ?",
        (row.kind, row.subject_id, row.revision, row.asked),
    ).rowcount
    if not done:
        again(conn, row, now_ms)
    return bool(done)


def again(conn: sqlite3.Connection, row: OutboxRow, now_ms: int) -> None:
    """Give a claimed row back whose job was done and has to be done once more, at once."""
    conn.execute(
        f"UPDATE outbox SET {_FREED}, doubt = 0, attempts = 0, not_before = ?, ready = 1 "  # noqa: S608 - constant parts
        "WHERE kind = ? AND subject_id = ?",
        (now_ms, row.kind, row.subject_id),
    )


def keep(conn: sqlite3.Connection, row: OutboxRow, *, again_at_ms: int, now_ms: int, code: str, text: str) -> None:
    """Give a claimed row back whose job is done but for something that may be had at `again_at_ms` (ms UTC)."""
    kept = conn.execute(
        f"UPDATE outbox SET {_FREED}, doubt = 0, not_before = ?, ready = 0, last_code = ?, last_text = ? "  # noqa: S608 - constant parts
        "WHERE kind = ? AND subject_id = ? AND revision = ? AND asked = ?",
        (again_at_ms, code, text, row.kind, row.subject_id, row.revision, row.asked),
    ).rowcount
    if not kept:
        again(conn, row, now_ms)


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

    When it was asked for again meanwhile, only the wait and the doubt are kept: the reason belonged to the old one.
    """
    conn.execute(
        f"UPDATE outbox SET {_FREED}, not_before = ?, ready = 0, doubt = ?, "  # noqa: S608 - constant parts
        "hold = CASE WHEN revision = ? AND asked = ? THEN ? END, last_code = ?, last_text = ? "
        "WHERE kind = ? AND subject_id = ?",
        (not_before, doubt, row.revision, row.asked, hold, code, text, row.kind, row.subject_id),
    )
    if hold is None and doubt == 0:
        _choose_again(conn, "kind = ? AND subject_id = ?", (row.kind, row.subject_id))


def unclaim(conn: sqlite3.Connection, rows: Sequence[OutboxRow]) -> None:
    """Give claimed rows back that nothing was done for."""
    for row in rows:
        conn.execute(
            f"UPDATE outbox SET {_FREED}, attempts = max(0, attempts - 1), account_id = ? "  # noqa: S608 - constant parts
            "WHERE kind = ? AND subject_id = ?",
            (row.account_id, row.kind, row.subject_id),
        )
        _choose_again(conn, "kind = ? AND subject_id = ?", (row.kind, row.subject_id))


def unpark(conn: sqlite3.Connection, kind: str, subject_id: int, now_ms: int) -> bool:
    """Make a row due now, whatever it waits or is held for; False when nothing is to be done for that subject."""
    found = conn.execute(
        "UPDATE outbox SET hold = NULL, not_before = ?, attempts = 0, ready = 1, last_code = '', last_text = '' "
        "WHERE kind = ? AND subject_id = ?",
        (now_ms, kind, subject_id),
    ).rowcount
    _choose_again(conn, "kind = ? AND subject_id = ?", (kind, subject_id))
    return bool(found)


def release_claims(conn: sqlite3.Connection) -> int:
    """Free what a gateway that died had claimed; nobody saw how those calls ended, so they are in doubt."""
    return conn.execute(
        f"UPDATE outbox SET {_FREED}, not_before = 0, ready = 1, doubt = max(doubt, 1) WHERE claimed_by IS NOT NULL"  # noqa: S608 - constant parts
    ).rowcount


def release_owner(conn: sqlite3.Connection, kind: str, owner: str) -> int:
    """Free the rows of one kind that one worker had claimed, for a worker that knows that it does none of them now."""
    return conn.execute(
        f"UPDATE outbox SET {_FREED} WHERE kind = ? AND claimed_by = ?",  # noqa: S608 - constant parts
        (kind, owner),
    ).rowcount


def release_expired(conn: sqlite3.Connection, kind: str, subject_ids: Iterable[int], now_ms: int) -> list[int]:
    """Free those of these rows whose claim has run out, for a worker that knows that it does none of them now.

    Nobody saw how their calls ended, so they are in doubt. What is returned needs no further look: it is free.
    """
    free = []
    for subject_id in subject_ids:
        where, values = "kind = ? AND subject_id = ?", (kind, subject_id)
        conn.execute(
            f"UPDATE outbox SET {_FREED}, not_before = ?, ready = 1, doubt = max(doubt, 1) WHERE {where} "  # noqa: S608 - constant parts
            "AND claimed_by IS NOT NULL AND claimed_until NOT BETWEEN ? AND ?",
            (now_ms, *values, now_ms + 1, now_ms + FARTHEST_MS),
        )
        if conn.execute(f"SELECT 1 FROM outbox WHERE {where} AND claimed_by IS NOT NULL", values).fetchone() is None:  # noqa: S608 - constant parts
            free.append(subject_id)
    return free


def release_holds(
    conn: sqlite3.Connection,
    holds: tuple[Hold, ...],
    now_ms: int,
    account_id: int | None = None,
    usable: Collection[int] = (),
) -> int:
    """Make rows due that were held for one of these reasons; when an account is named, only those that it may be for.

    Those are its own, and those of accounts other than the `usable` ones whose event was never written: their device's
    choice may name another account by now.
    """
    freed = 0
    for hold in holds:
        where = "hold = ?"
        values: list[object] = [hold]
        if account_id is not None:
            others = ", ".join("?" for _ in usable)
            left = f"hold = ? AND (account_id = ? OR account_id NOT IN ({others}))"
            _choose_again(conn, left, (hold, account_id, *usable))
            where, values = "hold = ? AND account_id IN (?, 0)", [hold, account_id]
        else:
            _choose_again(conn, where, values)
        freed += conn.execute(
            f"UPDATE outbox SET hold = NULL, not_before = ?, attempts = 0, ready = 1 WHERE {where}",  # noqa: S608 - constant parts
            (now_ms, *values),
        ).rowcount
    return freed


def shift(conn: sqlite3.Connection, by_ms: int) -> None:
    """Move the times of all rows that wait: the clock was set, and how long they wait shall stay the same."""
    conn.execute("UPDATE outbox SET not_before = not_before + ? WHERE ready = 0 AND hold IS NULL", (by_ms,))


def counts(conn: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows wait for their time (`waiting`) and how many are held, by reason."""
    found = conn.execute("SELECT coalesce(hold, 'waiting'), count(*) FROM outbox GROUP BY 1")
    return {str(name): int(number) for name, number in found}


def counts_by_lane(conn: sqlite3.Connection) -> dict[int, dict[str, int]]:
    """Return the same of meetings, for each device by its row id."""
    return _counts_by(conn, "lane")


def counts_by_account(conn: sqlite3.Connection) -> dict[int, dict[str, int]]:
    """Return the same of meetings, for each account by its row id; 0 for what no account was chosen for yet."""
    return _counts_by(conn, "account_id")


def waiting_because(conn: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows wait for their time, by the code of what went wrong last (empty: nothing did)."""
    found = conn.execute("SELECT last_code, count(*) FROM outbox WHERE hold IS NULL GROUP BY 1")
    return {str(code): int(number) for code, number in found}


def waiting(conn: sqlite3.Connection, *, lane: int | None = None, most: int = 100) -> list[Waiting]:
    """Return the meetings that wait or are held, soonest first; those of one device when `lane` names it."""
    found = conn.execute(
        "SELECT subject_id, external_id, lane, account_id, starts_at_ms, hold, "
        "CASE WHEN hold IS NULL AND ready = 0 AND claimed_by IS NULL THEN not_before END, attempts, "
        "claimed_by IS NOT NULL, last_code, last_text, outbox.created_at "
        "FROM outbox JOIN meeting ON meeting.id = subject_id "
        "WHERE kind = ? AND (? IS NULL OR lane = ?) ORDER BY starts_at_ms, subject_id LIMIT ?",
        (MIRROR, lane, lane, most),
    )
    return [_waiting(raw) for raw in found]


def _waiting(raw: Sequence[Any]) -> Waiting:
    hold = None if raw[5] is None else Hold(raw[5])
    return Waiting._make([*raw[:5], hold, *raw[6:8], bool(raw[8]), *raw[9:]])


def _choose_again(conn: sqlite3.Connection, where: str, values: Sequence[object]) -> None:
    """Let the device's choice decide again about rows whose event was certainly never written."""
    conn.execute(
        f"UPDATE outbox SET account_id = 0 WHERE {where} AND {UNTOUCHED}",  # noqa: S608 - constant parts
        values,
    )


def _row(
    raw: tuple[str, int, int, int, int, int, str | None, str | None, str, str, int, int, int, int, int, int],
) -> OutboxRow:
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
        lane=raw[11],
        starts_at_ms=raw[12],
        account_id=raw[13],
        ready=bool(raw[14]),
        asked=raw[15],
    )


def _counts_by(conn: sqlite3.Connection, column: str) -> dict[int, dict[str, int]]:
    found = conn.execute(
        f"SELECT {column}, coalesce(hold, 'waiting'), count(*) FROM outbox WHERE kind = ? GROUP BY 1, 2",  # noqa: S608 - one of two names
        (MIRROR,),
    )
    result: dict[int, dict[str, int]] = {}
    for key, name, number in found:
        result.setdefault(int(key), {})[str(name)] = int(number)
    return result
