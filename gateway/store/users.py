"""The table `admin_user`: who may use the pages; passwords come and go as hashes only."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """One administrator; names differ in more than capital letters."""

    id: int
    name: str
    password_hash: str = field(repr=False)
    created_at: int
    changed_at: int


_COLUMNS = "id, name, password_hash, created_at, changed_at"


def count(conn: sqlite3.Connection) -> int:
    """Return how many administrators there are."""
    return int(conn.execute("SELECT count(*) FROM admin_user").fetchone()[0])


def everybody(conn: sqlite3.Connection) -> list[UserRow]:
    """Return all administrators by name."""
    return [_row(raw) for raw in conn.execute(f"SELECT {_COLUMNS} FROM admin_user ORDER BY name")]  # noqa: S608 - constant columns


def find(conn: sqlite3.Connection, name: str) -> UserRow | None:
    """Return the administrator of that name, in capital or small letters."""
    raw = conn.execute(f"SELECT {_COLUMNS} FROM admin_user WHERE name = ?", (name,)).fetchone()  # noqa: S608 - constant columns
    return _row(raw) if raw is not None else None


def by_id(conn: sqlite3.Connection, user_id: int) -> UserRow | None:
    """Return the administrator of that id."""
    raw = conn.execute(f"SELECT {_COLUMNS} FROM admin_user WHERE id = ?", (user_id,)).fetchone()  # noqa: S608 - constant columns
    return _row(raw) if raw is not None else None


def add(conn: sqlite3.Connection, name: str, password_hash: str, now_ms: int) -> int:
    """Add an administrator and return the id. Raises IntegrityError when the name is taken."""
    done = conn.execute(
        "INSERT INTO admin_user (name, password_hash, created_at, changed_at) VALUES (?, ?, ?, ?)",
        (name, password_hash, now_ms, now_ms),
    )
    return int(done.lastrowid or 0)


def set_password(conn: sqlite3.Connection, user_id: int, password_hash: str, now_ms: int) -> None:
    """Replace the password of an administrator."""
    conn.execute(
        "UPDATE admin_user SET password_hash = ?, changed_at = ? WHERE id = ?", (password_hash, now_ms, user_id)
    )


def remove(conn: sqlite3.Connection, user_id: int) -> None:
    """Forget an administrator, whose sessions have ended."""
    conn.execute("DELETE FROM admin_user WHERE id = ?", (user_id,))


def _row(raw: tuple[int, str, str, int, int]) -> UserRow:
    return UserRow(id=raw[0], name=raw[1], password_hash=raw[2], created_at=raw[3], changed_at=raw[4])
