"""What is over is forgotten while the gateway runs, and a disk that refuses once is asked again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from gateway.mirror.tidying import Tidying
from gateway.store.database import Database
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock


async def test_every_table_is_purged_again_and_again_also_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    give_database(path, 0)
    database = Database(path)
    await database.open()
    asked: list[str] = []

    def failing_once(conn: sqlite3.Connection, now_ms: int) -> None:
        asked.append("first")
        if asked.count("first") == 1:
            raise sqlite3.OperationalError("database or disk is full")

    tidying = Tidying(
        database=database,
        clock=MovedClock(),
        purges=(failing_once, lambda conn, now_ms: asked.append("second")),
        every_s=0.01,
    )
    running = asyncio.create_task(tidying.run())
    async with asyncio.timeout(60):
        while asked.count("second") < 2:
            await asyncio.sleep(0.01)
    running.cancel()
    await database.close()
    assert asked[:4] == ["first", "first", "second", "first"]
