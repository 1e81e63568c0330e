"""The table `audit`: who did what, when; never what it said."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    number: f"\\u{number:04x}" for number in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""What would break a line, colour a terminal or turn the direction of writing, as something to read."""


def write(
    conn: sqlite3.Connection, *, at_ms: int, actor: str, action: str, object_: str, detail: str = "", source: str = ""
) -> None:
    """Add a line. `actor` and `source` are those of a `domain.actor.Actor`, `action` is a stable word.

    `object_` is what it was done to. Control characters are written out.
    """
    fields = (each.translate(_CONTROL) for each in (actor, action, object_, detail, source))
    conn.execute(
        "INSERT INTO audit (at, actor, action, object, detail, source) VALUES (?, ?, ?, ?, ?, ?)", (at_ms, *fields)
    )


def everything(conn: sqlite3.Connection) -> list[tuple[int, str, str, str, str]]:
    """Return all lines, oldest first: time in ms, actor, action, object, detail."""
    return list(conn.execute("SELECT at, actor, action, object, detail FROM audit ORDER BY id"))


class AuditLine(NamedTuple):
    """One line; `at` is ms UTC."""

    at: int
    actor: str
    action: str
    detail: str
    source: str


def about(conn: sqlite3.Connection, object_: str, most: int) -> list[AuditLine]:
    """Return the newest lines about one thing, oldest first."""
    rows = conn.execute(
        "SELECT at, actor, action, detail, source FROM audit WHERE object = ? ORDER BY id DESC LIMIT ?", (object_, most)
    ).fetchall()
    return [AuditLine(*raw) for raw in reversed(rows)]
