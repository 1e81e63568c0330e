"""The table `installation`: who this gateway is, once and for ever."""

from __future__ import annotations

import sqlite3


def installation_id(conn: sqlite3.Connection) -> str:
    """Return the 32 random hexadecimal digits chosen when the database was made."""
    row = conn.execute("SELECT installation_id FROM installation WHERE id = 1").fetchone()
    return str(row[0])


def touch(conn: sqlite3.Connection) -> None:
    """Write something that changes nothing, to see whether the disk takes it."""
    conn.execute("UPDATE installation SET installation_id = installation_id WHERE id = 1")
