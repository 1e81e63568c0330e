"""The table `directory`: whose e-mail address belongs to which extension of a device; lists are not read here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """One person of a device's directory; `learned` when a device said so, not a list."""

    extension: str
    email: str
    name: str = ""
    learned: bool = False


def everything(conn: sqlite3.Connection) -> dict[int, list[Entry]]:
    """Return all entries by the id of the device's row."""
    found: dict[int, list[Entry]] = {}
    for device_id, extension, email, name, learned in conn.execute(
        "SELECT device_id, extension, email, name, learned FROM directory ORDER BY device_id, extension"
    ):
        found.setdefault(device_id, []).append(Entry(extension, email, name, bool(learned)))
    return found


def of_device(conn: sqlite3.Connection, device_id: int) -> list[Entry]:
    """Return the entries of one device, by extension."""
    rows = conn.execute(
        "SELECT extension, email, name, learned FROM directory WHERE device_id = ? ORDER BY extension", (device_id,)
    )
    return [Entry(extension, email, name, bool(learned)) for extension, email, name, learned in rows]


def page(conn: sqlite3.Connection, device_id: int, text: str, after: str, most: int) -> list[Entry]:
    """Return the next entries of one device after an extension that have `text` in one of their columns."""
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = conn.execute(
        "SELECT extension, email, name, learned FROM directory WHERE device_id = ? AND extension > ? AND "
        "(? = '%%' OR extension LIKE ? ESCAPE '\\' OR email LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\') "
        "ORDER BY extension LIMIT ?",
        (device_id, after, *(like,) * 4, most),
    )
    return [Entry(extension, email, name, bool(learned)) for extension, email, name, learned in rows]


def counts(conn: sqlite3.Connection) -> dict[int, int]:
    """Return how many entries each device has, by the id of its row."""
    return dict(conn.execute("SELECT device_id, count(*) FROM directory GROUP BY device_id"))


def count(conn: sqlite3.Connection, device_id: int) -> int:
    """Return how many entries one device has."""
    return int(conn.execute("SELECT count(*) FROM directory WHERE device_id = ?", (device_id,)).fetchone()[0])


def known(conn: sqlite3.Connection, device_id: int, extensions: Sequence[str]) -> list[str]:
    """Return which of these extensions of one device have an address."""
    rows = conn.execute(
        "SELECT extension FROM directory WHERE device_id = ? AND extension IN (SELECT value FROM json_each(?))",
        (device_id, json.dumps(list(extensions))),
    )
    return [extension for (extension,) in rows]


def put(conn: sqlite3.Connection, device_id: int, entry: Entry, now_ms: int) -> None:
    """Keep one entry as if a list said so."""
    conn.execute(
        "INSERT INTO directory (device_id, extension, email, name, learned, changed_at) VALUES (?, ?, ?, ?, 0, ?) "
        "ON CONFLICT (device_id, extension) DO UPDATE SET email = excluded.email, name = excluded.name, learned = 0, "
        "changed_at = excluded.changed_at",
        (device_id, entry.extension, entry.email, entry.name, now_ms),
    )


def drop(conn: sqlite3.Connection, device_id: int, extension: str) -> bool:
    """Forget one entry; False when there was none."""
    return bool(
        conn.execute("DELETE FROM directory WHERE device_id = ? AND extension = ?", (device_id, extension)).rowcount
    )


def replace_imported(conn: sqlite3.Connection, device_id: int, entries: Sequence[Entry], now_ms: int) -> int:
    """Put a list in the place of the one imported before, over learned lines; return how many lines went away."""
    before = {
        extension
        for (extension,) in conn.execute(
            "SELECT extension FROM directory WHERE device_id = ? AND learned = 0", (device_id,)
        )
    }
    kept = {entry.extension for entry in entries}
    conn.execute("DELETE FROM directory WHERE device_id = ? AND learned = 0", (device_id,))
    conn.executemany(
        "INSERT INTO directory (device_id, extension, email, name, learned, changed_at) VALUES (?, ?, ?, ?, 0, ?) "
        "ON CONFLICT (device_id, extension) DO UPDATE SET email = excluded.email, name = excluded.name, learned = 0, "
        "changed_at = excluded.changed_at",
        [(device_id, entry.extension, entry.email, entry.name, now_ms) for entry in entries],
    )
    return len(before - kept)


def learn(conn: sqlite3.Connection, device_id: int, entries: Iterable[Entry], now_ms: int) -> None:
    """Keep what a device said, except where a list says something."""
    conn.executemany(
        "INSERT INTO directory (device_id, extension, email, name, learned, changed_at) VALUES (?, ?, ?, ?, 1, ?) "
        "ON CONFLICT (device_id, extension) DO UPDATE SET email = excluded.email, name = excluded.name, "
        "changed_at = excluded.changed_at WHERE learned = 1",
        [(device_id, entry.extension, entry.email, entry.name, now_ms) for entry in entries],
    )


def clear(conn: sqlite3.Connection, device_id: int, *, learned_only: bool = False) -> int:
    """Forget the directory of a device, or what was learned of it; return how many lines there were."""
    only = " AND learned = 1" if learned_only else ""
    return conn.execute(f"DELETE FROM directory WHERE device_id = ?{only}", (device_id,)).rowcount  # noqa: S608 - constant words
