"""Readiness: what makes the gateway not ready, what only makes it worse, and that nobody learns names from it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.operations.health import AccountHealth, Health
from gateway.store import devices, outbox
from gateway.store.database import Database
from tests.prepared import give_database

CONNECTED = AccountHealth(state="connected")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "gateway.db"
    give_database(path, 1)
    opened = Database(path)
    await opened.open()
    yield opened
    await opened.close()


def healthy(database: Database, account: AccountHealth = CONNECTED, **options: int) -> Health:
    return Health(database=database, data_dir=database.path.parent, account=lambda: account, **options)


async def test_all_is_well(database: Database):
    found = await healthy(database).readiness()
    assert found.ready
    assert found.document() == {
        "status": "ready",
        "reasons": [],
        "degraded": [],
        "account": "connected",
        "outbox": {},
    }


@pytest.mark.parametrize("state", ["none", "authorization-lost", "configuration"])
async def test_without_the_calendar_meetings_are_accepted_all_the_same(database: Database, state: str):
    found = await healthy(database, AccountHealth(state=state, text="Run: meeting-gateway google login")).readiness()
    assert (found.ready, found.reasons) == (True, ())
    assert found.degraded == ("Run: meeting-gateway google login",)
    assert found.document()["account"] == state


async def test_meetings_that_wait_for_a_person_are_counted(database: Database):
    def work(conn: sqlite3.Connection) -> None:
        devices.put(conn, name="ucm-1", profile="generic/json", key_hash=b"h", now_ms=1)
        for number in range(1, 4):
            outbox.put(conn, kind=outbox.MIRROR, subject_id=number, revision=1, now_ms=1)
        conn.execute("UPDATE outbox SET hold = 'parked' WHERE subject_id = 3")

    await database.write(work)
    found = await healthy(database).readiness()
    assert found.ready
    assert found.outbox == {"waiting": 2, "parked": 1}
    assert found.degraded == ("1 meetings wait for an admin (parked).",)


async def test_a_disk_that_is_nearly_full_is_said_before_it_is_full(database: Database):
    found = await healthy(database, least_free_bytes=2**62).readiness()
    assert not found.ready
    assert "are free under" in found.reasons[0]


async def test_a_database_that_cannot_be_written_is_not_ready_until_it_can(database: Database):
    away = database.path.with_name("away")
    database.path.rename(away)
    # The open connection still works on the moved file; a failed write makes the store open the file again.
    await database.write(lambda conn: conn.execute("PRAGMA query_only = ON"))
    with pytest.raises(StoreError):
        await database.write(lambda conn: conn.execute("DELETE FROM audit"))
    found = await healthy(database).readiness()
    assert not found.ready
    assert "is gone" in found.reasons[0]
    assert len(found.reasons) == len(set(found.reasons))
    away.rename(database.path)
    assert (await healthy(database).readiness()).ready


async def test_a_closed_database_is_not_ready(tmp_path: Path):
    path = tmp_path / "gateway.db"
    give_database(path, 1)
    opened = Database(path)
    await opened.open()
    await opened.close()
    found = await healthy(opened).readiness()
    assert not found.ready
    assert found.document()["status"] == "not ready"


async def test_the_document_names_nobody(database: Database):
    account = AccountHealth(state="authorization-lost", text="Google no longer accepts our authorization.")
    document = (await healthy(database, account).readiness()).document()
    assert set(document) == {"status", "reasons", "degraded", "account", "outbox"}
    assert "@" not in str(document)
