"""A real database file for the tests of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from tests.prepared import give_database

NOW_MS = 1_700_000_000_000


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.db"
    give_database(path, NOW_MS)
    return path


@pytest.fixture
async def database(database_path: Path) -> AsyncIterator[Database]:
    opened = Database(database_path)
    await opened.open()
    yield opened
    await opened.close()
