"""A database, a vault and a standing clock for the tests of devices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.prepared import give_database
from tests.unit.devices.office import NOW_MS, StandingClock


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "gateway.db"
    give_database(path, NOW_MS)
    opened = Database(path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()
