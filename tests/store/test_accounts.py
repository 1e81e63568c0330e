"""The table `account`: one account in use, lasting ids, and nothing secret left behind."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import accounts
from gateway.store.accounts import AccountState, Authorization

NOW_MS = 1_700_000_000_000


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        opened.execute("PRAGMA foreign_keys=ON")
        yield opened


def authorization(subject: str = "1", email: str = "a@example.com", sealed: bytes = b"sealed") -> Authorization:
    return Authorization(
        kind="google",
        subject=subject,
        email=email,
        client_id="client",
        scopes="openid email",
        sealed=sealed,
        access_ends_at=None,
    )


def lose(conn: sqlite3.Connection, account_id: int, authorized_at: int) -> bool:
    return accounts.set_state(
        conn,
        account_id=account_id,
        authorized_at=authorized_at,
        state=AccountState.AUTHORIZATION_LOST,
        code="G-503",
        text="Why",
        now_ms=NOW_MS,
    )


def test_nobody_signed_in(conn: sqlite3.Connection) -> None:
    assert accounts.current(conn) is None


def test_an_account_is_what_was_authorized(conn: sqlite3.Connection) -> None:
    account_id = accounts.authorize(conn, authorization(), NOW_MS)
    row = accounts.current(conn)
    assert row is not None
    assert (row.id, row.email, row.scopes, row.sealed) == (account_id, "a@example.com", "openid email", b"sealed")
    assert (row.state, row.authorized_at) == (AccountState.CONNECTED, NOW_MS)
    assert "sealed=" not in repr(row)


def test_the_same_account_again_keeps_its_id_and_is_connected_again(conn: sqlite3.Connection) -> None:
    first = accounts.authorize(conn, authorization(), NOW_MS)
    assert lose(conn, first, NOW_MS)
    assert accounts.authorize(conn, authorization(email="new@example.com", sealed=b"two"), NOW_MS + 5) == first
    row = accounts.current(conn)
    assert row is not None
    assert (row.state, row.state_code, row.email, row.sealed) == (AccountState.CONNECTED, "", "new@example.com", b"two")


def test_another_account_takes_over_and_nothing_of_the_first_is_left(conn: sqlite3.Connection) -> None:
    first = accounts.authorize(conn, authorization(), NOW_MS)
    second = accounts.authorize(conn, authorization("2", "b@example.com"), NOW_MS - 50)
    assert first != second
    row = accounts.current(conn)
    assert row is not None
    assert row.id == second
    assert conn.execute("SELECT sealed, email, scopes FROM account WHERE id = ?", (first,)).fetchone() == (b"", "", "")
    assert accounts.authorize(conn, authorization(), NOW_MS + 1) == first


def test_what_belongs_to_an_older_sign_in_changes_nothing(conn: sqlite3.Connection) -> None:
    account_id = accounts.authorize(conn, authorization(), NOW_MS)
    accounts.authorize(conn, authorization(sealed=b"two"), NOW_MS)  # within the same millisecond
    row = accounts.current(conn)
    assert row is not None
    assert row.authorized_at > NOW_MS
    assert not lose(conn, account_id, NOW_MS)
    assert not accounts.save_sealed(conn, account_id=account_id, authorized_at=NOW_MS, sealed=b"old", now_ms=NOW_MS)
    assert accounts.current(conn) == row
    assert accounts.save_sealed(
        conn, account_id=account_id, authorized_at=row.authorized_at, sealed=b"three", now_ms=NOW_MS
    )


def test_forgetting_wipes_everything_but_who_it_was(conn: sqlite3.Connection) -> None:
    account_id = accounts.authorize(conn, authorization(), NOW_MS)
    accounts.forget(conn, NOW_MS)
    assert accounts.current(conn) is None
    left = conn.execute("SELECT sealed, email, scopes, client_id FROM account").fetchall()
    assert left == [(b"", "", "", "")]
    assert not accounts.save_sealed(conn, account_id=account_id, authorized_at=NOW_MS, sealed=b"late", now_ms=NOW_MS)
    assert not lose(conn, account_id, NOW_MS)
    assert accounts.authorize(conn, authorization(), NOW_MS + 9) == account_id


def test_an_account_with_events_can_be_forgotten(conn: sqlite3.Connection) -> None:
    account_id = accounts.authorize(conn, authorization(), NOW_MS)
    conn.execute(
        "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (1, 'ucm', 'p/q', X'00', 1, 0)"
    )
    conn.execute(
        "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, changed_at) "
        "VALUES (1, 1, 'x', 1, 'scheduled', 1, 's', 'f', '{}', 0)"
    )
    conn.execute(
        "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, changed_at) "
        "VALUES (1, ?, 'primary', 'r', 0, 'live', 0)",
        (account_id,),
    )
    accounts.forget(conn, NOW_MS)
    assert accounts.authorize(conn, authorization(), NOW_MS) == account_id
