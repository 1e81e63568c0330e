"""Leaves nothing of wiped secrets in the files of the database; which rows hold secrets is known to their modules."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE_S = 5.0
"""How long to wait for reads that still need an older state of the file."""


@contextlib.contextmanager
def thoroughly(conn: sqlite3.Connection) -> Iterator[None]:
    """Zero every page that the statements of the block free.

    A value longer than a page lies in pages of its own, and `secure_delete=FAST`, which the connection has otherwise,
    leaves those as they are (https://www.sqlite.org/pragma.html#pragma_secure_delete).
    """
    before = conn.execute("PRAGMA secure_delete").fetchone()[0]
    conn.execute("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        conn.execute(f"PRAGMA secure_delete={int(before)}" if before in (0, 1) else "PRAGMA secure_delete=FAST")


def empty_log(path: Path, patience_s: float = PATIENCE_S) -> bool:
    """Move everything from the write-ahead log into the file and cut the log to nothing; False when readers stay.

    Older states of wiped pages live in the log until then. Blocks: call it in a thread. Raises sqlite3.Error.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=patience_s)) as conn:
        busy = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def wipe_copies(path: Path, wipe: Callable[[sqlite3.Connection], object]) -> int:
    """Do `wipe` in every copy that a migration left beside the database, and return how many there are.

    Blocks: call it in a thread. Raises sqlite3.Error.
    """
    copies = sorted(path.parent.glob(f"{path.name}.v*.bak"))
    for copy in copies:
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None, timeout=PATIENCE_S)) as conn:
            conn.execute("BEGIN IMMEDIATE")
            with thoroughly(conn):
                wipe(conn)
            conn.execute("COMMIT")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(copies)
