"""A device is told the address of a conference once, and once that there will be none."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.mirror.telling.told import ChangeFeed, meet
from gateway.store import devices, meetings
from gateway.store.database import Database
from gateway.store.meetings import MeetingContents, MeetingRow
from tests.prepared import give_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "gateway.db"
    give_database(path, 0)
    opened = Database(path)
    await opened.open()
    yield opened
    await opened.close()


async def test_the_address_is_told_when_it_is_there_and_when_it_is_another(database: Database) -> None:
    def begin(conn: sqlite3.Connection) -> MeetingRow:
        devices.put(conn, name="d", profile="p", key_hash=b"h", now_ms=0)
        contents = MeetingContents(sync=True, shape="", sequence=None, fingerprint="", body="{}")
        meetings.insert(conn, device_id=1, external_id="m", contents=contents, now_ms=0)
        row = meetings.get(conn, 1)
        assert row is not None
        return row

    row = await database.write(begin)
    steps = [
        (None, None, False, False),
        (None, "https://meet.example/a", False, True),
        ("https://meet.example/a", "https://meet.example/a", False, False),
        ("https://meet.example/a", "https://meet.example/b", False, True),
        (None, None, True, True),
    ]
    for before, link, failed, told in steps:

        def work(
            conn: sqlite3.Connection, before: str | None = before, link: str | None = link, failed: bool = failed
        ) -> bool:
            return meet(conn, row, before=before, link=link, failed=failed, now_ms=5)

        assert await database.write(work) is told
    said = await ChangeFeed(database).after(1, 0, 10)
    assert [(change.type, dict(change.data)) for change in said] == [
        ("meeting.meet", {"state": "success", "link": "https://meet.example/a"}),
        ("meeting.meet", {"state": "success", "link": "https://meet.example/b"}),
        ("meeting.meet", {"state": "failure"}),
    ]
