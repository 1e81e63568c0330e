"""The database's threads: transactions do not mix, writes that wait share a commit, failures are named."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.errors import StoreError, StoreFull, StoreUnavailable
from gateway.store import audit
from gateway.store.database import Database


def note(text: str):
    return lambda conn: audit.write(conn, at_ms=1, actor="test", action=text, object_="-")


async def actions(database: Database) -> list[str]:
    return [line[2] for line in await database.read(audit.everything)]


class Blocked:
    """Holds the writer thread inside a transaction until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, _conn: sqlite3.Connection) -> None:
        self.entered.set()
        assert self.go.wait(30)


async def test_writes_that_wait_together_share_one_commit(database: Database):
    blocked = Blocked()
    first = asyncio.create_task(database.write(blocked))
    await asyncio.to_thread(blocked.entered.wait, 30)
    before = database.commits
    others = [asyncio.create_task(database.write(note(f"n{number}"))) for number in range(50)]
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(3)))
    blocked.go.set()
    await asyncio.gather(first, *others)
    assert database.commits - before == 2  # the blocked one, then all fifty
    assert len(await actions(database)) == 50


async def test_writes_with_patience_share_a_commit_and_go_with_one_that_has_none(database: Database):
    before = database.commits
    patient = [asyncio.create_task(database.write(note(f"p{number}"), patience_s=3600)) for number in range(5)]
    for _ in range(20):  # time enough for the other thread
        assert await actions(database) == []
    await database.write(note("now"))
    await asyncio.gather(*patient)
    assert database.commits - before == 1
    assert await actions(database) == [*(f"p{number}" for number in range(5)), "now"]


async def test_patience_ends(database: Database):
    before = database.commits
    await asyncio.gather(*(database.write(note(f"p{number}"), patience_s=0.001) for number in range(3)))
    assert database.commits - before == 1


async def test_what_was_patient_is_written_before_the_file_is_closed(database_path: Path):
    database = Database(database_path)
    await database.open()
    patient = asyncio.create_task(database.write(note("last"), patience_s=3600))
    await asyncio.sleep(0)
    await database.close()
    await patient
    again = Database(database_path)
    await again.open()
    assert await actions(again) == ["last"]
    await again.close()


async def test_a_write_that_fails_takes_no_other_with_it(database: Database):
    blocked = Blocked()
    first = asyncio.create_task(database.write(blocked))
    await asyncio.to_thread(blocked.entered.wait, 30)

    def fails(conn: sqlite3.Connection) -> None:
        note("lost")(conn)
        raise ValueError("no")

    def breaks_a_constraint(conn: sqlite3.Connection) -> None:
        note("lost too")(conn)
        conn.execute("INSERT INTO installation VALUES (2, 'x', 1)")

    work = [note("kept"), fails, breaks_a_constraint, note("kept too")]
    tasks = [asyncio.create_task(database.write(each)) for each in work]
    await asyncio.sleep(0)
    blocked.go.set()
    await first
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], ValueError)
    assert isinstance(results[2], sqlite3.IntegrityError)
    assert await actions(database) == ["kept", "kept too"]


async def test_only_what_failed_half_done_makes_the_others_run_again(database: Database):
    runs: list[str] = []

    def counted(text: str):
        def work(conn: sqlite3.Connection) -> int:
            runs.append(text)
            note(text)(conn)
            return len(runs)

        return work

    def refuses(_conn: sqlite3.Connection) -> None:
        raise ValueError("before it changed anything")

    def gives_up(conn: sqlite3.Connection) -> None:
        note("half done")(conn)
        raise ValueError("after it changed something")

    async def together(*work) -> list[object]:
        blocked, before = Blocked(), database.commits
        first = asyncio.create_task(database.write(blocked))
        await asyncio.to_thread(blocked.entered.wait, 30)
        tasks = [asyncio.create_task(database.write(each)) for each in work]
        await asyncio.sleep(0)
        blocked.go.set()
        await first
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert database.commits - before == 2
        return results

    results = await together(counted("a"), refuses, counted("b"))
    assert isinstance(results[1], ValueError)
    assert runs == ["a", "b"]
    results = await together(counted("c"), gives_up, counted("d"))
    assert runs == ["a", "b", "c", "c", "d"]
    assert (results[0], str(results[1]), results[2]) == (4, "after it changed something", 5)
    assert await actions(database) == ["a", "b", "c", "d"]


async def test_a_write_that_fails_alone_leaves_nothing(database: Database):
    def gives_up(conn: sqlite3.Connection) -> None:
        note("half done")(conn)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.write(gives_up)
    await database.write(note("next"))
    assert await actions(database) == ["next"]


async def test_a_cancelled_caller_does_not_undo_the_work(database: Database):
    blocked = Blocked()
    first = asyncio.create_task(database.write(blocked))
    await asyncio.to_thread(blocked.entered.wait, 30)
    leaving = asyncio.create_task(database.write(note("stands")))
    await asyncio.sleep(0)
    leaving.cancel()
    blocked.go.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await database.write(note("next"))
    assert await actions(database) == ["stands", "next"]


async def test_every_connection_waits_for_the_disk(database: Database):
    for run in (database.write, database.read):
        assert await run(lambda conn: conn.execute("PRAGMA synchronous").fetchone()[0]) == 2  # FULL
        assert await run(lambda conn: conn.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"
        assert await run(lambda conn: conn.execute("PRAGMA foreign_keys").fetchone()[0]) == 1


async def test_a_full_disk_is_named_loses_nothing_and_heals(database: Database):
    await database.write(note("before"))
    pages = await database.write(lambda conn: conn.execute("PRAGMA page_count").fetchone()[0])

    def fill(conn: sqlite3.Connection) -> None:
        conn.execute(f"PRAGMA max_page_count={pages}")
        for number in range(1000):
            note("x" * 500 + str(number))(conn)

    with pytest.raises(StoreFull, match="full"):
        await database.write(fill)
    assert "full" in database.failing
    await database.write(note("after"))  # a fresh connection has no such limit: the disk has room again
    assert database.failing == ""
    assert await actions(database) == ["before", "after"]


async def test_a_database_that_vanishes_is_never_made_anew(database: Database, database_path: Path):
    with pytest.raises(StoreError):
        await database.write(lambda conn: conn.execute("SELECT * FROM no_such_table"))
    database_path.unlink()
    with pytest.raises(StoreUnavailable, match="gone"):
        await database.write(note("into nothing"))
    assert not database_path.exists()


async def test_a_closed_database_refuses(database_path: Path):
    database = Database(database_path)
    await database.open()
    await database.close()
    with pytest.raises(StoreUnavailable):
        await database.write(note("late"))
    with pytest.raises(StoreUnavailable):
        await database.read(audit.everything)


async def test_reading_cannot_write(database: Database):
    with pytest.raises(StoreError):
        await database.read(note("sneaked in"))
    assert await actions(database) == []
