"""The table `audit`: who did what, when; never what it said."""

from __future__ import annotations

import sqlite3


def write(conn: sqlite3.Connection, *, at_ms: int, actor: str, action: str, object_: str, detail: str = "") -> None:
    """Add a line. `actor` is `device:<id>` or `admin`, `action` a stable word, `object_` what it was done to."""
    conn.execute(
        "INSERT INTO audit (at, actor, action, object, detail) VALUES (?, ?, ?, ?, ?)",
        (at_ms, actor, action, object_, detail),
    )


def everything(conn: sqlite3.Connection) -> list[tuple[int, str, str, str, str]]:
    """Return all lines, oldest first: time in ms, actor, action, object, detail."""
    return list(conn.execute("SELECT at, actor, action, object, detail FROM audit ORDER BY id"))
