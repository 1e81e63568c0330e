"""How far the first run has come, a row of the table `setting`; what its steps are is known to the pages."""

from __future__ import annotations

import sqlite3

from gateway.store import settings

_KEY = "first_run.step"
FIRST = "name"
OVER = "over"


def begin(conn: sqlite3.Connection, now_ms: int) -> None:
    """There is a first administrator, who is led through the rest."""
    settings.put(conn, _KEY, FIRST, now_ms=now_ms)


def step(conn: sqlite3.Connection) -> str:
    """Return the step that is open, `OVER` when there is none, as on a gateway that was set up with commands."""
    found = settings.read(conn, (_KEY,)).get(_KEY)
    return found.value if found is not None else OVER


def put(conn: sqlite3.Connection, step: str, now_ms: int) -> None:
    """Remember which step is open now."""
    settings.put(conn, _KEY, step, now_ms=now_ms)
