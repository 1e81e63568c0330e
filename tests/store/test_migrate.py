"""Making and opening database files: whole or not at all, and never over something else."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from gateway.errors import StoreRefused
from gateway.store import migrate
from tests.store.conftest import NOW_MS


def test_a_new_file_is_private_and_complete(database_path: Path):
    assert database_path.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(database_path)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone()[0] == migrate.newest_version()
        assert conn.execute("PRAGMA application_id").fetchone()[0] == migrate.APPLICATION_ID
        assert len(conn.execute("SELECT installation_id FROM installation").fetchone()[0]) == 32
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert not database_path.with_name("gateway.db.new").exists()


def test_opening_again_changes_nothing(database_path: Path):
    before = database_path.read_bytes()
    migrate.prepare(database_path, NOW_MS + 1)
    assert database_path.read_bytes() == before


def test_a_half_made_file_of_a_power_cut_is_made_again(tmp_path: Path):
    path = tmp_path / "gateway.db"
    path.with_name("gateway.db.new").write_bytes(b"half")
    migrate.prepare(path, NOW_MS)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT count(*) FROM meeting").fetchone()[0] == 0


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut", "other program", "newer"])
def test_what_is_not_a_sound_database_is_refused_and_left_as_it_is(database_path: Path, damage: str):
    if damage == "empty":
        database_path.write_bytes(b"")
    elif damage == "garbage":
        database_path.write_bytes(b"\x00garbage" * 1000)
    elif damage == "cut":
        database_path.write_bytes(database_path.read_bytes()[:60])
    else:
        pragma = "application_id=7" if damage == "other program" else "user_version=9999"
        with contextlib.closing(sqlite3.connect(database_path)) as conn:
            conn.execute(f"PRAGMA {pragma}")
            conn.commit()
    before = database_path.read_bytes()
    with pytest.raises(StoreRefused):
        migrate.prepare(database_path, NOW_MS)
    assert database_path.read_bytes() == before
