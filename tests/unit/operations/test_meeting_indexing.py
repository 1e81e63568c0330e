"""The index of the meetings' words follows what devices say: many meetings at once, and never for a few."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest_asyncio

from gateway.domain.search_words import begins, words
from gateway.operations.meetings.indexing import BATCH, WORTH_IT, MeetingIndexing
from gateway.store import meeting_search
from gateway.store.database import Database
from gateway.store.meeting_search import Search
from tests.prepared import give_database
from tests.unit.many_meetings import MIDDLE, fill

NOW_S = int(MIDDLE.timestamp())
YEAR_S = 366 * 86_400


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    give_database(tmp_path / "gateway.db", 0)
    opened = Database(tmp_path / "gateway.db", synchronous="NORMAL")
    await opened.open()
    yield opened
    await opened.close()


def more(meetings: int, seed: int = 1):
    return lambda conn: fill(conn, meetings, 2, seed=seed)


def renamed(conn: sqlite3.Connection, meeting_id: int, subject: str) -> None:
    conn.execute("UPDATE meeting SET body = json_set(body, '$.su', ?) WHERE id = ?", (subject, meeting_id))
    conn.execute(
        "INSERT INTO audit (at, actor, action, object, detail) VALUES (0, 'device:x', 'meeting.changed', ?, '')",
        (f"meeting:{meeting_id}",),
    )


async def found(database: Database, text: str) -> set[int]:
    def read(conn: sqlite3.Connection) -> set[int]:
        search = Search(conn, text)
        ids = search.candidates(NOW_S - YEAR_S, NOW_S + YEAR_S, 10_000)
        everything = [int(raw[0]) for raw in conn.execute("SELECT id FROM meeting")]
        assert ids is None or set(ids) == search.among(everything)
        return search.among(everything)

    return await database.read(read)


async def indexed(database: Database) -> int:
    return await database.read(lambda conn: conn.execute("SELECT count(*) FROM meeting_words").fetchone()[0])


async def test_everything_is_taken_a_batch_at_a_time(database: Database) -> None:
    await database.write(more(3 * BATCH + 7))
    commits = database.commits
    assert await MeetingIndexing(database=database, pause_s=0).catch_up() == 3 * BATCH + 7
    assert database.commits - commits == 4
    assert await found(database, "many 1 7") >= {8}


async def test_for_a_few_nothing_is_written_and_they_are_found_all_the_same(database: Database) -> None:
    await database.write(more(WORTH_IT - 1))
    commits = database.commits
    assert await MeetingIndexing(database=database, pause_s=0).catch_up() == 0
    assert database.commits == commits
    assert len(await found(database, "anna")) == WORTH_IT - 1


async def test_what_a_device_said_anew_counts_before_and_after_the_index_knows_it(database: Database) -> None:
    await database.write(more(2 * BATCH))
    indexing = MeetingIndexing(database=database, pause_s=0)
    await indexing.catch_up()
    await database.write(lambda conn: renamed(conn, 5, "Zebra crossing"))
    assert await found(database, "zeb") == {5}
    assert await indexing.catch_up(worth_it=1) == 1
    assert await found(database, "zeb") == {5}
    await database.write(lambda conn: renamed(conn, 5, "Lion"))
    assert await found(database, "zeb") == set()
    await indexing.catch_up(worth_it=1)
    assert await found(database, "zeb") == set()
    assert await found(database, "lion") == {5}


async def test_whatever_happens_in_between_the_same_is_found(database: Database) -> None:
    chance = random.Random(7)
    indexing = MeetingIndexing(database=database, pause_s=0)
    subjects: dict[int, str] = {}
    for turn in range(30):
        low = len(subjects)
        await database.write(more(chance.randrange(12), seed=turn + 1))
        rows = await database.read(
            lambda conn: conn.execute("SELECT id, json_extract(body, '$.su') FROM meeting").fetchall()
        )
        subjects |= {raw[0]: raw[1] for raw in rows if raw[0] > low or raw[0] not in subjects}
        for meeting_id in chance.sample(sorted(subjects), min(3, len(subjects))):
            subject = subjects[meeting_id] = chance.choice(("Blue sky", "Red sea", "Blue sea"))
            await database.write(partial(renamed, meeting_id=meeting_id, subject=subject))
        if chance.random() < 0.4:
            await indexing.catch_up(worth_it=1)
        for text in ("blu", "red sea", "blue s"):
            wanted = {each for each, subject in subjects.items() if begins(words([subject]), words([text]))}
            assert await found(database, text) == wanted, text


async def test_somebody_who_searched_wakes_it(database: Database) -> None:
    indexing = MeetingIndexing(database=database, pause_s=0)
    running = asyncio.create_task(indexing.run())
    try:
        await database.write(more(WORTH_IT))
        async with asyncio.timeout(60):
            while await indexed(database) < WORTH_IT:
                indexing.searched()
                await asyncio.sleep(0.005)
    finally:
        running.cancel()


async def test_an_index_that_is_far_behind_is_not_asked(database: Database) -> None:
    await database.write(more(meeting_search.MOST_BEHIND + 1))
    assert await database.read(lambda conn: Search(conn, "anna").candidates(NOW_S, NOW_S + YEAR_S, 10)) is None
    assert await database.read(lambda conn: Search(conn, "anna").among([1, 2])) == {1, 2}
