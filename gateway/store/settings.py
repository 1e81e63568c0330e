"""The table `setting`: what was saved on the page; what a setting means is known to those who save it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One saved value; `sealed` says that it was encrypted by the vault."""

    value: str = field(repr=False)
    sealed: bool


def read(conn: sqlite3.Connection, keys: Iterable[str]) -> dict[str, SettingRow]:
    """Return those of the settings that were saved."""
    found: dict[str, SettingRow] = {}
    for key in keys:
        raw = conn.execute("SELECT value, sealed FROM setting WHERE key = ?", (key,)).fetchone()
        if raw is not None:
            found[key] = SettingRow(value=raw[0], sealed=bool(raw[1]))
    return found


def put(conn: sqlite3.Connection, key: str, value: str, *, sealed: bool = False, now_ms: int) -> None:
    """Save a setting, over the value it had."""
    conn.execute(
        "INSERT INTO setting (key, value, sealed, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
        "value = excluded.value, sealed = excluded.sealed, changed_at = excluded.changed_at",
        (key, value, int(sealed), now_ms),
    )


def remove(conn: sqlite3.Connection, keys: Iterable[str]) -> int:
    """Forget what was saved for the settings; return how many there were."""
    return sum(conn.execute("DELETE FROM setting WHERE key = ?", (key,)).rowcount for key in keys)
