"""What was wiped is in no file of the database any more: not in its pages, its log, or the copies of migrations."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from gateway.store import accounts, scrub, sign_ins
from gateway.store.accounts import Authorization
from gateway.store.database import Database
from tests.store.conftest import NOW_MS
from tests.store.left_over import left_of


def blob(number: int, length: int) -> bytes:
    """Sealed text as the vault makes it: printable, different every time, longer than a page where `length` is."""
    return b"gAAAA" + str(number).encode() + os.urandom(length // 2).hex().encode()


def authorization(sealed: bytes, subject: str = "1") -> Authorization:
    return Authorization(
        kind="google",
        subject=subject,
        email="a@example.com",
        client_id="client",
        scopes="openid",
        sealed=sealed,
        access_ends_at=None,
    )


@pytest.mark.parametrize("length", [300, 1500, 3000, 9000])
async def test_nothing_is_left_of_any_version(database: Database, database_path: Path, length: int) -> None:
    versions = [blob(number, length) for number in range(8)]
    held = authorization(versions[0])
    account_id = await database.write(lambda conn: accounts.authorize(conn, held, NOW_MS))
    for sealed in versions[1:6]:
        assert await database.write(
            lambda conn, sealed=sealed: accounts.save_sealed(
                conn, account_id=account_id, authorized_at=NOW_MS, sealed=sealed, now_ms=NOW_MS
            )
        )
    other = authorization(versions[6], "2")
    await database.write(lambda conn: accounts.authorize(conn, other, NOW_MS + 1))
    link = {"state_hash": b"h", "sealed": versions[7], "origin": "o", "life_ms": 1, "now_ms": NOW_MS}
    await database.write(lambda conn: sign_ins.add(conn, **link))
    await database.read(accounts.current)
    assert left_of(versions, database_path.parent), "the test can see them"

    await database.write(lambda conn: (accounts.forget(conn, NOW_MS), sign_ins.withdraw(conn)))
    assert await asyncio.to_thread(scrub.empty_log, database_path)
    assert left_of(versions, database_path.parent) == []
    assert database_path.with_name("gateway.db-wal").stat().st_size == 0
    assert await database.read(accounts.current) is None


async def test_without_thoroughness_a_long_value_stays_in_pages_of_its_own(
    database: Database, database_path: Path
) -> None:
    """Why `thoroughly` is needed: the connection's own mode leaves freed pages as they are."""
    sealed = blob(0, 9000)
    await database.write(lambda conn: accounts.authorize(conn, authorization(sealed), NOW_MS))
    await database.write(lambda conn: conn.execute("UPDATE account SET sealed = X''").rowcount)
    await asyncio.to_thread(scrub.empty_log, database_path)
    assert left_of([sealed], database_path.parent)


async def test_the_mode_is_what_it_was_afterwards(database: Database) -> None:
    def modes(conn: sqlite3.Connection) -> list[int]:
        def mode() -> int:
            return int(conn.execute("PRAGMA secure_delete").fetchone()[0])

        before = mode()
        with contextlib.suppress(ValueError), scrub.thoroughly(conn):
            within = mode()
            raise ValueError
        return [before, within, mode()]

    assert await database.write(modes) == [2, 1, 2]


async def test_a_reader_of_an_older_state_keeps_the_log_until_it_ends(database: Database, database_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM account").fetchone()
        await database.write(lambda conn: accounts.authorize(conn, authorization(blob(0, 3000)), NOW_MS))
        assert not await asyncio.to_thread(scrub.empty_log, database_path, 0.1)
        reader.execute("COMMIT")
        assert await asyncio.to_thread(scrub.empty_log, database_path, 5.0)


async def test_copies_of_migrations_are_wiped_too(database: Database, database_path: Path) -> None:
    sealed = blob(0, 5000)
    await database.write(lambda conn: accounts.authorize(conn, authorization(sealed), NOW_MS))
    for version in (1, 12):
        with (
            contextlib.closing(sqlite3.connect(database_path)) as source,
            contextlib.closing(sqlite3.connect(database_path.with_name(f"gateway.db.v{version}.bak"))) as copy,
        ):
            source.backup(copy)
    await database.write(lambda conn: accounts.forget(conn, NOW_MS))
    await asyncio.to_thread(scrub.empty_log, database_path)
    assert {line.partition(":")[0] for line in left_of([sealed], database_path.parent)} == {
        "gateway.db.v1.bak",
        "gateway.db.v12.bak",
    }
    wiped = await asyncio.to_thread(scrub.wipe_copies, database_path, lambda conn: accounts.forget(conn, NOW_MS))
    assert wiped == 2
    assert left_of([sealed], database_path.parent) == []
