"""The table `outbox` by device and account: whose turn it is, soonest meeting first; nothing is claimed here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from gateway.domain.retry import Hold
from gateway.store.outbox import LATER, MIRROR, MOST_AT_ONCE, READY, UNTOUCHED


class Group(NamedTuple):
    """Rows that go the same way: those of one lane for one account (0: the one that the device's choice names)."""

    lane: int
    account_id: int


class Head(NamedTuple):
    """A row that may be claimed: its meeting, when that begins, and the calendar that has its event, if one has."""

    subject_id: int
    starts_at_ms: int
    calendar_id: str | None


def groups(conn: sqlite3.Connection, kind: str) -> list[Group]:
    """Return the groups that have ready rows; each costs one step in an index, however many rows it has."""
    found: list[Group] = []
    lane, account_id = -1, -1
    while True:
        # Two questions, because one about both columns would go through all rows of the lane.
        raw = (
            conn.execute(
                f"SELECT lane, account_id FROM outbox WHERE {READY} AND lane = ? AND account_id > ? "  # noqa: S608 - constant parts
                "ORDER BY account_id LIMIT 1",
                (kind, lane, account_id),
            ).fetchone()
            or conn.execute(
                f"SELECT lane, account_id FROM outbox WHERE {READY} AND lane > ? ORDER BY lane, account_id LIMIT 1",  # noqa: S608 - constant parts
                (kind, lane),
            ).fetchone()
        )
        if raw is None:
            return found
        lane, account_id = raw
        found.append(Group(lane, account_id))


def heads(conn: sqlite3.Connection, kind: str, group: Group, from_ms: int) -> Iterator[Head]:
    """Go through the ready rows of a group, soonest meeting first; those that began before `from_ms` come last."""
    calendar = "(SELECT calendar_id FROM mirrored WHERE meeting_id = subject_id)" if group.account_id else "NULL"
    for began, order in ((">=", "ASC"), ("<", "DESC")):
        found = conn.execute(
            f"SELECT subject_id, starts_at_ms, {calendar} FROM outbox WHERE {READY} "  # noqa: S608 - constant parts
            f"AND lane = ? AND account_id = ? AND starts_at_ms {began} ? ORDER BY starts_at_ms {order}",
            (kind, group.lane, group.account_id, from_ms),
        )
        for raw in found:
            yield Head(*raw)


def hold_account(conn: sqlite3.Connection, group: Group, hold: Hold, code: str, text: str) -> int:
    """Hold the ready rows of a group, because nothing can be done for its account; some hundreds at a time.

    Those whose event was certainly never written are not held: the device's choice says anew where they go. Returned
    is how many rows of either kind there were; there may be more.
    """
    some = f"SELECT subject_id FROM outbox WHERE {READY} AND lane = ? AND account_id = ? LIMIT {MOST_AT_ONCE}"  # noqa: S608 - constant parts
    freed = conn.execute(
        f"UPDATE outbox SET account_id = 0 WHERE kind = ? AND subject_id IN ({some}) AND {UNTOUCHED}",  # noqa: S608 - constant parts
        (MIRROR, MIRROR, *group),
    ).rowcount
    held = conn.execute(
        "UPDATE outbox SET hold = ?, last_code = ?, last_text = ? WHERE kind = ? AND subject_id IN "  # noqa: S608 - constant parts
        f"({some}) AND NOT ({UNTOUCHED})",
        (hold, code, text, MIRROR, MIRROR, *group),
    ).rowcount
    return freed + held


def next_waiting_ms(conn: sqlite3.Connection, kind: str) -> int | None:
    """Return when the next row becomes due (ms UTC) of those that are not ready yet."""
    raw = conn.execute(
        f"SELECT not_before FROM outbox WHERE {LATER} ORDER BY not_before LIMIT 1",  # noqa: S608 - constant parts
        (kind,),
    ).fetchone()
    return None if raw is None else int(raw[0])
