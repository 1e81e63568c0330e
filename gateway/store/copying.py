"""A copy of the database while it is used, and whether a file is a sound database of ours; it knows no table."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from gateway.errors import StoreFull, StoreRefused, StoreUnavailable
from gateway.store.migrate import APPLICATION_ID

PATIENCE_S = 10.0


def copy_to(source: Path, target: Path) -> None:
    """Write everything that is committed in `source` to the new file `target` (0600).

    Nobody who writes has to wait: the copy is made of one state of the write-ahead log
    (https://www.sqlite.org/lang_vacuum.html#vacuuminto). Blocks: call it in a thread. Raises StoreFull,
    StoreUnavailable and StoreRefused.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=PATIENCE_S)) as conn:
            conn.isolation_level = None
            conn.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        if name == "SQLITE_FULL":
            raise StoreFull(f"The disk under {target.parent} is full. Free some space.") from error
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise StoreRefused(f"The database {source} is damaged ({name}). Restore a backup.") from error
        raise StoreUnavailable(f"The database {source} cannot be copied now ({name}).") from error


def schema_of(path: Path) -> int | None:
    """Return the schema number of a database of ours, None when the file is none. Blocks."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as conn:
        if conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
            return int(conn.execute("PRAGMA user_version").fetchone()[0])
    return None


def damage(path: Path, *, thorough: bool = False) -> str:
    """Return what is wrong with a database file, empty when it is sound; `thorough` looks at every index too. Blocks.

    See https://www.sqlite.org/pragma.html#pragma_quick_check.
    """
    try:
        with contextlib.closing(_read_only(path)) as conn:
            found = conn.execute("PRAGMA integrity_check(1)" if thorough else "PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorname", None) or str(error)
    return "" if found[0] == "ok" else str(found[0])[:200]


def shape(path: Path) -> frozenset[tuple[str, str]]:
    """Return kind and name of everything that a database is made of. Blocks. Raises sqlite3.Error."""
    with contextlib.closing(_read_only(path)) as conn:
        found = conn.execute("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")
        return frozenset((str(kind), str(name)) for kind, name in found)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE_S)
