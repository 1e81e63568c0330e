"""The table `account` with several in use, and what an older database has after its migration."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from gateway.store import accounts, migrate
from gateway.store.accounts import Authorization

NOW_MS = 1_700_000_000_000


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        opened.execute("PRAGMA foreign_keys=ON")
        yield opened


def authorization(subject: str, kind: str = "google") -> Authorization:
    return Authorization(
        kind=kind,
        subject=subject,
        email=f"{subject}@example.com",
        client_id="client",
        scopes="openid",
        sealed=f"sealed {subject}".encode(),
        access_ends_at=None,
        audience="testing",
    )


def in_use(conn: sqlite3.Connection) -> list[tuple[str, bool]]:
    return [(row.subject, row.main) for row in accounts.every(conn)]


def test_others_stay_when_one_is_added_or_the_main_one_replaced(conn: sqlite3.Connection) -> None:
    first = accounts.authorize(conn, authorization("1"), NOW_MS)
    accounts.authorize(conn, authorization("2"), NOW_MS + 1, main=False)
    assert in_use(conn) == [("1", True), ("2", False)]
    third = accounts.authorize(conn, authorization("3"), NOW_MS + 2)
    assert in_use(conn) == [("3", True), ("2", False)]
    assert accounts.signed_out(conn) == {first}
    accounts.authorize(conn, authorization("2"), NOW_MS + 3, main=False)
    assert in_use(conn) == [("3", True), ("2", False)]
    accounts.sign_out(conn, third, NOW_MS)
    assert in_use(conn) == [("2", False)]
    assert accounts.current(conn) is None


def test_one_main_account_at_most(conn: sqlite3.Connection) -> None:
    accounts.authorize(conn, authorization("1"), NOW_MS)
    second = accounts.authorize(conn, authorization("2"), NOW_MS, main=False)
    accounts.make_main(conn, second, NOW_MS)
    assert in_use(conn) == [("2", True), ("1", False)]
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute("UPDATE account SET main = 1")


def test_the_same_person_in_two_ways(conn: sqlite3.Connection) -> None:
    accounts.authorize(conn, authorization("1"), NOW_MS)
    accounts.authorize(conn, authorization("1", "google-service"), NOW_MS, main=False)
    assert [(row.kind, row.main) for row in accounts.every(conn)] == [("google", True), ("google-service", False)]


def test_what_was_told_is_kept_until_somebody_signs_out(conn: sqlite3.Connection) -> None:
    account_id = accounts.authorize(conn, authorization("1"), NOW_MS)
    accounts.set_told(conn, account_id, lost=True)
    accounts.set_warned(conn, account_id, 5)
    (row,) = accounts.every(conn)
    assert (row.lost_was_told, row.warned_for, row.audience, row.used_at) == (True, 5, "testing", NOW_MS)
    accounts.authorize(conn, authorization("1"), NOW_MS + 9)
    (row,) = accounts.every(conn)
    assert (row.lost_was_told, row.warned_for, row.used_at) == (True, None, NOW_MS + 9), (
        "it is to be told that it is back"
    )
    accounts.sign_out(conn, account_id, NOW_MS)
    accounts.authorize(conn, authorization("1"), NOW_MS)
    (row,) = accounts.every(conn)
    assert not row.lost_was_told


def test_a_renewed_token_is_a_use(conn: sqlite3.Connection) -> None:
    account_id = accounts.authorize(conn, authorization("1"), NOW_MS)
    accounts.save_sealed(conn, account_id=account_id, authorized_at=NOW_MS, sealed=b"new", now_ms=NOW_MS + 7)
    (row,) = accounts.every(conn)
    assert (row.used_at, row.sealed) == (NOW_MS + 7, b"new")


def test_the_account_of_an_older_gateway_is_the_main_one(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    folder = resources.files("gateway.store") / "migrations"
    scripts = sorted((each for each in folder.iterdir() if each.name[:4] <= "0006"), key=lambda each: each.name)
    with contextlib.closing(sqlite3.connect(path)) as old:
        for script in scripts:
            if script.name.endswith(".sql"):
                old.executescript(script.read_text("utf-8"))
        old.execute(f"PRAGMA application_id={migrate.APPLICATION_ID}")
        old.execute("PRAGMA user_version=6")
        old.execute("INSERT INTO installation VALUES (1, 'abc', 0)")
        row = "INSERT INTO account VALUES (?, 'google', ?, 'e', 'c', 's', ?, 'connected', '', '', ?, NULL, 7)"
        old.executemany(row, [(1, "gone", b"", 9), (2, "used", b"sealed", 5)])
        old.commit()
    migrate.prepare(path, NOW_MS)
    with contextlib.closing(sqlite3.connect(path)) as conn:
        (kept,) = accounts.every(conn)
        assert (kept.id, kept.main, kept.used_at, kept.lost_was_told) == (2, True, 7, False)
        accounts.forget(conn, NOW_MS)
    copies = list(tmp_path.glob("old.db.v*.bak"))
    assert len(copies) == 1
    with contextlib.closing(sqlite3.connect(copies[0])) as copy:
        accounts.forget(copy, NOW_MS)
        assert copy.execute("SELECT count(*) FROM account WHERE length(sealed) > 0").fetchone() == (0,)
