"""Makes a new database and brings an older one up to date; it runs before the database is opened for work."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from gateway.errors import StoreRefused

APPLICATION_ID = 0x4D475731
"""Marks the file as the gateway's own (`PRAGMA application_id`)."""

PAGE_BYTES = 2048
"""Measured: a third fewer bytes reach the disk for a meeting's whole life than with 4096, at the same file size."""


def prepare(path: Path, now_ms: int) -> None:
    """Create the database at `path`, or migrate it to the newest schema.

    A new file is made beside its place and renamed into it when it is whole, so that an empty or half-made file at
    `path` can only mean damage. An older schema is copied to `<name>.v<N>.bak` before it is changed. Raises
    StoreRefused for a damaged file, a file of another program, and a schema made by a newer gateway.
    """
    steps = _steps()
    if not path.exists():
        _create(path, steps, now_ms)
        return
    if path.stat().st_size == 0:
        raise StoreRefused(f"The database {path} is empty, though it was not when it was made. Restore a backup.")
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=5.0)) as conn:
            _upgrade(conn, path, steps)
    except sqlite3.DatabaseError as error:
        raise StoreRefused(
            f"The database {path} cannot be read ({error}). It was left as it is: restore a backup beside it."
        ) from error


def newest_version() -> int:
    """The schema version that this gateway writes."""
    return len(_steps())


def _create(path: Path, steps: list[str], now_ms: int) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as conn:
        conn.execute(f"PRAGMA page_size={PAGE_BYTES}")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("BEGIN IMMEDIATE")
        conn.execute(f"PRAGMA application_id={APPLICATION_ID}")
        for number, script in enumerate(steps, 1):
            _apply(conn, number, script)
        conn.execute("INSERT INTO installation VALUES (1, ?, ?)", (secrets.token_hex(16), now_ms))
        conn.execute("COMMIT")
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _upgrade(conn: sqlite3.Connection, path: Path, steps: list[str]) -> None:
    application_id = conn.execute("PRAGMA application_id").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise StoreRefused(f"{path} is not a database of the meeting gateway. Choose another data folder.")
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps):
        raise StoreRefused(
            f"The database {path} was made by a newer gateway (schema {version}, this one knows {len(steps)}). "
            "Update the gateway."
        )
    if version == len(steps):
        return
    with contextlib.closing(sqlite3.connect(path.with_name(f"{path.name}.v{version}.bak"))) as copy:
        conn.backup(copy)
    conn.execute("BEGIN IMMEDIATE")
    for number, script in enumerate(steps[version:], version + 1):
        _apply(conn, number, script)
    conn.execute("COMMIT")


def _apply(conn: sqlite3.Connection, number: int, script: str) -> None:
    for statement in _statements(script):
        conn.execute(statement)
    conn.execute(f"PRAGMA user_version={number}")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; `executescript` would commit behind our back."""
    waiting = ""
    for line in script.splitlines(keepends=True):
        waiting += line
        if sqlite3.complete_statement(waiting):
            yield waiting
            waiting = ""
    if waiting.strip():
        raise ValueError(f"migration ends inside a statement: {waiting.strip()[:80]}")


def _steps() -> list[str]:
    """The scripts in order; their numbers must be 0001, 0002, … without a gap."""
    folder = resources.files("gateway.store") / "migrations"
    named = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    for position, (name, _) in enumerate(named, 1):
        if not name.startswith(f"{position:04d}_"):
            raise ValueError(f"migration {name} should be number {position:04d}")
    return [script for _, script in named]
