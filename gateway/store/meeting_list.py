"""Meetings together with how they stand with the calendar, for people: found, filtered, counted; nothing changes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

_COLUMNS = (
    "m.id, d.name, m.external_id, m.revision, m.state = 'cancelled', m.sync, json_extract(m.body, '$.su'), "
    "json_extract(m.body, '$.sl'), json_extract(m.body, '$.z'), json_extract(m.body, '$.s'), "
    "json_extract(m.body, '$.e'), json_extract(m.body, '$.rp') IS NOT NULL, m.changed_at, "
    "o.subject_id IS NOT NULL, o.hold, o.not_before, o.attempts, o.last_code, o.last_text, o.created_at, "
    "e.state, e.revision, e.account_id, e.calendar_id, e.link, e.meet_state, e.meet_link, e.lacking, "
    "(SELECT count(*) FROM kept_edit AS k WHERE k.meeting_id = m.id AND k.state = 'asks'), m.kept_edits, m.device_id, "
    "a.email"
)
_TABLES = (
    "FROM meeting AS m JOIN device AS d ON d.id = m.device_id "
    "LEFT JOIN outbox AS o ON o.kind = 'mirror' AND o.subject_id = m.id "
    "LEFT JOIN mirrored AS e ON e.meeting_id = m.id LEFT JOIN account AS a ON a.id = e.account_id"
)

STATES = ("queued", "mirrored", "held", "refused", "asks", "stored", "cancelled")
"""What a meeting can be: on its way, in the calendar, waiting for the account, refused by the calendar, waiting for
somebody to decide whose version counts, not to be mirrored, cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLine:
    """A meeting and how it stands with the calendar; times are ms UTC, instants in seconds since 1970.

    `waits` says that there is something to do for it, due at `not_before` or held. `event_state` is that of
    `store.mirrored`, None when no event was ever claimed. `start_local` is ISO 8601 without offset, in `zone`.
    """

    id: int
    device: str
    external_id: str
    revision: int
    cancelled: bool
    sync: bool
    subject: str
    start_local: str
    zone: str
    start_utc_s: int
    end_utc_s: int
    series: bool
    changed_at: int
    waits: bool
    hold: str | None
    not_before: int | None
    attempts: int
    last_code: str
    last_text: str
    waits_since: int | None
    event_state: str | None
    event_revision: int | None
    account_id: int | None
    calendar_id: str | None
    link: str | None
    meet_state: str
    meet_link: str | None
    lacking: tuple[str, ...]
    asks: int
    kept: int
    device_id: int
    account: str

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.cancelled:
            return "cancelled"
        if not self.sync:
            return "stored"
        if self.asks:
            return "asks"
        written = self.event_state == "live" and self.event_revision == self.revision
        if not self.waits or (written and self.hold is None):
            return "mirrored"
        return {None: "queued", "parked": "refused"}.get(self.hold, "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which meetings: of one device, in some states, with some time between two instants (seconds since 1970).

    Of a series every occurrence counts. `refused` among the states also means those that ask.
    """

    device: str | None = None
    states: frozenset[str] = frozenset()
    from_s: int | None = None
    to_s: int | None = None


def find(conn: sqlite3.Connection, wanted: Wanted, most: int) -> tuple[list[MeetingLine], int]:
    """Return the first meetings in order of their start, and how many there are in all."""
    found: list[MeetingLine] = []
    number = 0
    rows = conn.execute(
        f"SELECT {_COLUMNS} {_TABLES} WHERE (? IS NULL OR d.name = ?) "
        "AND (? IS NULL OR json_extract(m.body, '$.s') < ?) AND (? IS NULL OR CASE "
        "WHEN json_extract(m.body, '$.rp') IS NULL THEN json_extract(m.body, '$.e') > ? "
        "ELSE coalesce(json_extract(m.body, '$.rp.u'), ?) >= ? END) "
        "ORDER BY json_extract(m.body, '$.s'), m.id",
        (wanted.device, wanted.device, wanted.to_s, wanted.to_s, *(wanted.from_s,) * 4),
    )
    states = wanted.states | ({"asks"} if "refused" in wanted.states else set())
    for raw in rows:
        line = _line(raw)
        if not states or line.state in states:
            number += 1
            if len(found) < most:
                found.append(line)
    return found, number


def one(conn: sqlite3.Connection, meeting_id: int) -> MeetingLine | None:
    """Return the meeting with that internal id."""
    raw = conn.execute(f"SELECT {_COLUMNS} {_TABLES} WHERE m.id = ?", (meeting_id,)).fetchone()
    return None if raw is None else _line(raw)


def named(conn: sqlite3.Connection, device: str, external_id: str) -> MeetingLine | None:
    """Return the meeting that a device has under its own id."""
    raw = conn.execute(
        f"SELECT {_COLUMNS} {_TABLES} WHERE d.name = ? AND m.external_id = ?",
        (device, external_id),
    ).fetchone()
    return None if raw is None else _line(raw)


def held(conn: sqlite3.Connection, holds: tuple[str, ...]) -> list[MeetingLine]:
    """Return the meetings that are held for one of these reasons, in order of their ids."""
    marks = ", ".join("?" * len(holds))
    rows = conn.execute(f"SELECT {_COLUMNS} {_TABLES} WHERE o.hold IN ({marks}) ORDER BY m.id", holds)
    return [_line(raw) for raw in rows]


def waiting(conn: sqlite3.Connection) -> list[tuple[str, str, int, int | None, int]]:
    """Return what waits: state or hold, last code, how many, the next due time and the oldest (both ms UTC)."""
    rows = conn.execute(
        "SELECT coalesce(hold, 'waiting'), last_code, count(*), min(not_before), min(created_at) FROM outbox "
        "WHERE kind = 'mirror' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [(str(raw[0]), str(raw[1]), int(raw[2]), raw[3], int(raw[4])) for raw in rows]


def _line(raw: tuple[Any, ...]) -> MeetingLine:
    values = dict(zip(MeetingLine.__slots__, raw, strict=True))
    for name in ("cancelled", "sync", "series", "waits"):
        values[name] = bool(values[name])
    for name in ("last_code", "last_text", "meet_state", "account"):
        values[name] = values[name] or ""
    values["attempts"] = values["attempts"] or 0
    values["lacking"] = tuple(each for each in (values["lacking"] or "").split(",") if each)
    return MeetingLine(**values)
