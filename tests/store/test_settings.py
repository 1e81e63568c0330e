"""The table `setting`: what is saved is read again, saved over, and gone when removed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import settings
from gateway.store.settings import SettingRow

NOW_MS = 1_700_000_000_000


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        yield opened


def test_only_what_was_saved_is_read(conn: sqlite3.Connection) -> None:
    assert settings.read(conn, ["google.client_id"]) == {}
    settings.put(conn, "google.client_id", "id", now_ms=NOW_MS)
    settings.put(conn, "google.client_secret", "gAAAA", sealed=True, now_ms=NOW_MS)
    assert settings.read(conn, ["google.client_id", "google.client_secret", "google.kind"]) == {
        "google.client_id": SettingRow(value="id", sealed=False),
        "google.client_secret": SettingRow(value="gAAAA", sealed=True),
    }


def test_a_setting_is_saved_over(conn: sqlite3.Connection) -> None:
    settings.put(conn, "google.calendar", "a", sealed=True, now_ms=NOW_MS)
    settings.put(conn, "google.calendar", "b", now_ms=NOW_MS + 1)
    assert settings.read(conn, ["google.calendar"]) == {"google.calendar": SettingRow(value="b", sealed=False)}
    assert conn.execute("SELECT changed_at FROM setting").fetchall() == [(NOW_MS + 1,)]


def test_removing_takes_what_is_named_and_nothing_else(conn: sqlite3.Connection) -> None:
    settings.put(conn, "google.client_id", "id", now_ms=NOW_MS)
    settings.put(conn, "google.calendar", "rooms", now_ms=NOW_MS)
    assert settings.remove(conn, ["google.client_id", "google.kind"]) == 1
    assert list(settings.read(conn, ["google.client_id", "google.calendar"])) == ["google.calendar"]


def test_values_are_not_in_a_repr() -> None:
    assert "canary" not in repr(SettingRow(value="canary", sealed=True))
