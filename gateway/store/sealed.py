"""Everything in the database that the vault sealed, so that it can be kept out of what is given away; read only."""

from __future__ import annotations

import sqlite3

MOST_MEETINGS = 500

_EVERY = """
SELECT sealed FROM account WHERE length(sealed) > 0
UNION ALL SELECT sealed FROM sign_in WHERE length(sealed) > 0
UNION ALL SELECT CAST(value AS BLOB) FROM setting WHERE sealed = 1
UNION ALL SELECT key_sealed FROM device WHERE key_sealed IS NOT NULL
UNION ALL SELECT old_key_sealed FROM device WHERE old_key_sealed IS NOT NULL
UNION ALL SELECT password_sealed FROM device WHERE password_sealed IS NOT NULL
"""


def every(conn: sqlite3.Connection) -> list[bytes]:
    """Return the sealed values of accounts, sign-ins, settings and devices."""
    return [bytes(raw[0]) for raw in conn.execute(_EVERY)]


def newest_bodies(conn: sqlite3.Connection) -> list[str]:
    """Return the stored forms of the newest meetings, and of the newest occurrences that are not as their rule says."""
    meetings = conn.execute("SELECT body FROM meeting ORDER BY id DESC LIMIT ?", (MOST_MEETINGS,))
    found = [str(raw[0]) for raw in meetings]
    occurrences = conn.execute(
        "SELECT body FROM occurrence WHERE body IS NOT NULL ORDER BY meeting_id DESC LIMIT ?", (MOST_MEETINGS,)
    )
    return [*found, *(str(raw[0]) for raw in occurrences)]
