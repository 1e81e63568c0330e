"""The tables of the alerts: what people were last told, every alert, and which channel took it; nothing is decided."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from gateway.store import outbox

ALERT = "alert"
"""The outbox kind whose subject is one alert on one channel."""

KEPT_MS = 90 * 24 * 3600 * 1000
"""How long an alert is remembered after it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldState:
    """How it stands with one subject as people were last told; times are ms UTC."""

    subject: str
    state: str
    detail: str
    since: int
    told_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert as it was made; `at` is ms UTC."""

    at: int
    subject: str
    type: str
    severity: Literal["error", "warning", "info"]
    code: str
    title: str
    text: str
    reminder: bool = False
    data: Mapping[str, object] = field(default_factory=dict)
    id: int = 0


class AccountStanding(NamedTuple):
    """An account: its row id and address, whether it is the main one, whether it works, and if not, why."""

    account_id: int
    email: str
    main: bool
    works: bool
    code: str
    text: str


class Waiting(NamedTuple):
    """Meetings that wait for the calendar: how many, since when the oldest (ms UTC), and the code of its last try."""

    number: int
    oldest_at: int
    code: str


class Held(NamedTuple):
    """Meetings of one calendar that are held: how many, and the code and text of what is in the way."""

    account_id: int
    calendar_id: str
    email: str
    number: int
    code: str
    text: str


def state(conn: sqlite3.Connection, subject: str) -> ToldState | None:
    """Return how it stands with a subject, None when there is nothing to tell."""
    raw = conn.execute(f"{_STATES} WHERE subject = ?", (subject,)).fetchone()
    return None if raw is None else _state(raw)


def states(conn: sqlite3.Connection) -> list[ToldState]:
    """Return everything that people were told and that is not over."""
    return [_state(raw) for raw in conn.execute(f"{_STATES} ORDER BY subject")]


def keep_state(conn: sqlite3.Connection, row: ToldState) -> None:
    """Remember what people were told."""
    conn.execute(
        "INSERT OR REPLACE INTO alert_state (subject, state, detail, since, told_at) VALUES (?, ?, ?, ?, ?)",
        (row.subject, row.state, row.detail, row.since, row.told_at),
    )


def drop_state(conn: sqlite3.Connection, subject: str) -> None:
    """It is over."""
    conn.execute("DELETE FROM alert_state WHERE subject = ?", (subject,))


def add(conn: sqlite3.Connection, row: AlertRow, channels: Collection[str], now_ms: int) -> int:
    """Keep an alert, and let it go out on these channels; return its id."""
    cursor = conn.execute(
        "INSERT INTO alert (at, subject, type, severity, code, title, text, reminder, data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.at,
            row.subject,
            row.type,
            row.severity,
            row.code,
            row.title,
            row.text,
            int(row.reminder),
            json.dumps(dict(row.data), ensure_ascii=False, separators=(",", ":")),
        ),
    )
    alert_id = int(cursor.lastrowid or 0)
    for channel in sorted(channels):
        delivery = conn.execute(
            "INSERT INTO alert_delivery (alert_id, channel, state) VALUES (?, ?, 'waiting')", (alert_id, channel)
        ).lastrowid
        outbox.put(conn, kind=ALERT, subject_id=int(delivery or 0), revision=1, now_ms=now_ms)
    return alert_id


def of_delivery(conn: sqlite3.Connection, delivery_id: int) -> tuple[str, AlertRow] | None:
    """Return the channel and the alert of one delivery, None when both were forgotten."""
    raw = conn.execute(
        f"SELECT {_ALERT}, d.channel FROM alert_delivery AS d JOIN alert AS a ON a.id = d.alert_id WHERE d.id = ?",  # noqa: S608 - constant columns
        (delivery_id,),
    ).fetchone()
    return None if raw is None else (str(raw[-1]), _alert(raw))


def last_of(conn: sqlite3.Connection, subject: str) -> AlertRow | None:
    """Return the newest alert about a subject."""
    raw = conn.execute(
        f"SELECT {_ALERT} FROM alert AS a WHERE a.subject = ? ORDER BY a.id DESC LIMIT 1",  # noqa: S608 - constant columns
        (subject,),
    ).fetchone()
    return None if raw is None else _alert(raw)


def ended(conn: sqlite3.Connection, delivery_id: int, *, sent: bool, now_ms: int) -> None:
    """Remember that a channel took an alert, or that nothing more is tried."""
    conn.execute(
        "UPDATE alert_delivery SET state = ?, ended_at = ? WHERE id = ?",
        ("sent" if sent else "given-up", now_ms, delivery_id),
    )


def purge(conn: sqlite3.Connection, now_ms: int) -> None:
    """Forget alerts of long ago."""
    for table, column in (("alert_delivery", "alert_id"), ("alert", "id")):
        conn.execute(
            f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM alert WHERE at < ? AND NOT EXISTS (SELECT 1 "  # noqa: S608 - constant names
            "FROM alert_delivery AS d WHERE d.alert_id = alert.id AND d.state = 'waiting') "
            "AND NOT EXISTS (SELECT 1 FROM alert_state AS s WHERE s.subject = alert.subject))",
            (now_ms - KEPT_MS,),
        )


def sent(conn: sqlite3.Connection) -> list[tuple[str, str, str, str]]:
    """Return what became of every alert, oldest first: type, code, channel, `waiting`, `sent` or `given-up`."""
    return list(
        conn.execute(
            "SELECT a.type, a.code, d.channel, d.state FROM alert AS a JOIN alert_delivery AS d ON d.alert_id = a.id "
            "ORDER BY d.id"
        )
    )


def waiting(conn: sqlite3.Connection) -> int:
    """Return how many alerts are on their way to a channel."""
    return int(conn.execute("SELECT count(*) FROM alert_delivery WHERE state = 'waiting'").fetchone()[0])


def waiting_since(conn: sqlite3.Connection, before_ms: int, accounts: Collection[int]) -> Waiting | None:
    """Return the meetings that wait since before `before_ms` for one of these accounts; None when none does.

    What is held for a person does not count, nor an event that is in the calendar as wanted and only lacks something.
    """
    number, oldest = conn.execute(f"SELECT count(*), min(o.created_at) {_LATE}", _late(before_ms, accounts)).fetchone()
    if not number:
        return None
    problem = conn.execute(
        f"SELECT o.last_code {_LATE} ORDER BY o.created_at, o.subject_id LIMIT 1", _late(before_ms, accounts)
    ).fetchone()
    return Waiting(int(number), int(oldest), str(problem[0]))


def parked(conn: sqlite3.Connection) -> int:
    """Return how many meetings wait for a person's word: refused, or changed in the calendar and asked about."""
    raw = conn.execute(
        "SELECT count(*) FROM (SELECT subject_id FROM outbox WHERE kind = 'mirror' AND hold = 'parked' UNION "
        "SELECT k.meeting_id FROM kept_edit AS k JOIN meeting AS m ON m.id = k.meeting_id "
        "WHERE k.state = 'asks' AND m.state = 'scheduled')"
    ).fetchone()
    return int(raw[0])


def held(conn: sqlite3.Connection) -> list[Held]:
    """Return the calendars whose meetings are held because an account or a calendar is not there as it should be.

    One whose meetings were let go and have not been tried with success since is still among them, with none held.
    """
    rows = conn.execute(
        "SELECT coalesce(e.account_id, 0), coalesce(e.calendar_id, ''), coalesce(a.email, ''), "
        "coalesce(sum(o.hold = 'configuration'), 0), o.last_code, o.last_text, "
        # Which row the code is taken from: the oldest that is held.
        "min(CASE WHEN o.hold = 'configuration' THEN o.created_at ELSE 9e18 END) "
        "FROM outbox AS o LEFT JOIN mirrored AS e ON e.meeting_id = o.subject_id "
        "LEFT JOIN account AS a ON a.id = e.account_id "
        "WHERE o.kind = 'mirror' AND (o.hold = 'configuration' OR (o.hold IS NULL AND o.last_code <> '')) "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [Held(*raw[:6]) for raw in rows]


def written_since(conn: sqlite3.Connection, account_id: int, calendar_id: str, since_ms: int) -> bool:
    """Tell whether an event was written to a calendar since then (ms UTC)."""
    raw = conn.execute(
        "SELECT 1 FROM mirrored WHERE account_id = ? AND calendar_id = ? AND state = 'live' AND changed_at >= ? "
        "LIMIT 1",
        (account_id, calendar_id, since_ms),
    ).fetchone()
    return raw is not None


def vanished_lists(conn: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return the devices whose list lost so many meetings that somebody has to judge, and how many."""
    rows = conn.execute(
        "SELECT d.name, p.asked FROM polling AS p JOIN device AS d ON d.id = p.device_id "
        "WHERE p.state = 'asks' AND p.asked > 0 AND d.active = 1 ORDER BY d.name"
    )
    return [(str(name), int(asked)) for name, asked in rows]


def vanished_events(conn: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return the calendars in which so many events vanished at once that somebody has to judge, and how many."""
    rows = conn.execute("SELECT calendar_id, count(*) FROM guarded_deletion GROUP BY calendar_id ORDER BY calendar_id")
    return [(str(calendar_id), int(number)) for calendar_id, number in rows]


def accounts(conn: sqlite3.Connection) -> list[AccountStanding]:
    """Return the accounts that somebody is signed in to, whether they work or not."""
    rows = conn.execute(
        "SELECT id, email, main, state = 'connected', state_code, state_text FROM account WHERE length(sealed) > 0 "
        "ORDER BY id"
    )
    return [AccountStanding(raw[0], raw[1], bool(raw[2]), bool(raw[3]), raw[4], raw[5]) for raw in rows]


_STATES = "SELECT subject, state, detail, since, told_at FROM alert_state"
_ALERT = "a.id, a.at, a.subject, a.type, a.severity, a.code, a.title, a.text, a.reminder, a.data"

_LATE = (
    "FROM outbox AS o JOIN meeting AS m ON m.id = o.subject_id LEFT JOIN mirrored AS e ON e.meeting_id = m.id "
    "WHERE o.kind = 'mirror' AND o.hold IS NULL AND o.created_at < ? "
    "AND NOT (coalesce(e.state, '') = 'live' AND coalesce(e.revision, -1) = m.revision) "
    "AND (e.account_id IS NULL OR e.account_id IN (SELECT value FROM json_each(?)))"
)


def _late(before_ms: int, accounts: Collection[int]) -> tuple[int, str]:
    return before_ms, json.dumps(sorted(accounts))


def _state(raw: tuple[str, str, str, int, int]) -> ToldState:
    return ToldState(subject=raw[0], state=raw[1], detail=raw[2], since=raw[3], told_at=raw[4])


def _alert(raw: tuple[Any, ...]) -> AlertRow:
    return AlertRow(
        id=raw[0],
        at=raw[1],
        subject=raw[2],
        type=raw[3],
        severity=raw[4],
        code=raw[5],
        title=raw[6],
        text=raw[7],
        reminder=bool(raw[8]),
        data=json.loads(raw[9]),
    )
