"""The table `pace_note`: how the limits of calls stood when the gateway last looked; what they mean is not known."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any


def keep(conn: sqlite3.Connection, at_ms: int, limits: Sequence[Sequence[object]]) -> None:
    """Remember how the limits stand, in place of what was known."""
    text = json.dumps(limits, ensure_ascii=False, separators=(",", ":"))
    conn.execute(
        "INSERT INTO pace_note (id, at, limits) VALUES (1, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET at = excluded.at, limits = excluded.limits",
        (at_ms, text),
    )


def last(conn: sqlite3.Connection) -> tuple[int | None, list[list[Any]]]:
    """Return when that was (ms UTC) and how they stood; None and nothing when no gateway ever looked."""
    raw = conn.execute("SELECT at, limits FROM pace_note").fetchone()
    return (None, []) if raw is None else (int(raw[0]), json.loads(raw[1]))
