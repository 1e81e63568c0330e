"""What changes without a line in the audit table, as numbers that differ once it did; what changed is not told here."""

from __future__ import annotations

import sqlite3


def version(conn: sqlite3.Connection) -> int:
    """Return a number that another one follows when a different connection wrote something; costs nothing."""
    return int(conn.execute("PRAGMA data_version").fetchone()[0])


def pulses(conn: sqlite3.Connection) -> dict[str, tuple[object, ...]]:
    """Return by noun how things stand: what waits for the calendar, who calls, how the accounts do."""
    return {noun: tuple(value for each in queries for value in conn.execute(each)) for noun, queries in _PULSES.items()}


_PULSES = {
    "meeting": (
        "SELECT count(*), total(revision + attempts), count(hold) FROM outbox WHERE kind = 'mirror'",
        "SELECT max(id) FROM change_feed",
    ),
    "device": (
        "SELECT count(*), total(last_at) FROM pending_device",
        "SELECT total(called_at), total(refused_at) FROM device_call",
        "SELECT total(failures), total(asked), sum(state = 'ok') FROM polling",
        "SELECT count(*) FROM ignored_device",
    ),
    "google": (
        "SELECT count(*), total(changed_at) FROM account",
        "SELECT count(*) FROM calendar_reading WHERE code <> ''",
    ),
}
"""Small tables, and of the outbox its own index alone."""
