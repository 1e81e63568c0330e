"""Which account a waiting meeting needs, whether it can be used, and what is said when it cannot."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from gateway.store import accounts, meeting_list
from gateway.store.account_use import NO_ACCOUNT, AccountUse
from gateway.store.accounts import AccountState, Authorization

NOW_MS = 1_700_000_000_000


def sign_in(conn: sqlite3.Connection, name: str, *, main: bool = True) -> int:
    new = Authorization(
        kind="google",
        subject=name,
        email=f"{name}@example.com",
        client_id="client",
        scopes="openid",
        sealed=b"sealed",
        access_ends_at=None,
    )
    return accounts.authorize(conn, new, NOW_MS, main=main)


def lose(conn: sqlite3.Connection, account_id: int, state: AccountState) -> None:
    row = next(row for row in accounts.every(conn) if row.id == account_id)
    accounts.set_state(
        conn,
        account_id=account_id,
        authorized_at=row.authorized_at,
        state=state,
        code="G-502",
        text="Access was removed.",
        now_ms=NOW_MS,
    )


def test_an_account_that_cannot_be_used_is_named_with_what_to_do(database_path: Path):
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as conn:
        nobody = AccountUse(conn).trouble(0, None)
        assert nobody is not None
        assert (nobody.code, nobody.held) == (NO_ACCOUNT, False)

        main, second = sign_in(conn, "main"), sign_in(conn, "rooms", main=False)
        use = AccountUse(conn)
        assert [use.trouble(main, None), use.trouble(0, None), use.trouble(0, "Rooms@Example.com")] == [None] * 3
        unknown = use.trouble(0, "other@example.com")
        assert unknown is not None
        assert unknown.held
        assert "other@example.com" in unknown.text
        assert unknown.text.endswith("google login --add")

        lose(conn, second, AccountState.CONFIGURATION)
        assert AccountUse(conn).trouble(second, None) is None, "it is tried, and its answer tells"
        lose(conn, second, AccountState.AUTHORIZATION_LOST)
        for account_id, address in ((second, None), (0, "rooms@example.com")):
            assert AccountUse(conn).trouble(account_id, address) == ("G-502", "Access was removed.", True)
        assert AccountUse(conn).trouble(0, None) is None, "the main one works"

        accounts.sign_out(conn, main, NOW_MS)
        for account_id in (main, 0):
            gone = AccountUse(conn).trouble(account_id, None)
            assert gone is not None
            assert gone.held
            assert gone.text.endswith("google login")


def test_what_waits_for_a_lost_account_counts_as_held_for_it(database_path: Path):
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as conn:
        sign_in(conn, "main")
        second = sign_in(conn, "rooms", main=False)
        lose(conn, second, AccountState.AUTHORIZATION_LOST)
        for number, device in ((1, "one"), (2, "two"), (3, "three")):
            settings = '{"account": "rooms@example.com"}' if device == "two" else "{}"
            conn.execute(
                "INSERT INTO device (id, name, profile, key_hash, active, origin, settings, changed_at) "
                "VALUES (?, ?, 'generic/json', x'00', 1, 'added', ?, 1)",
                (number, device, settings),
            )
            conn.execute(
                "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, "
                "changed_at) VALUES (?1, ?1, 'm', 1, 'scheduled', 1, '', 'f', "
                '\'{"su":"S","sl":"2026-11-23T10:00","z":"UTC","s":1,"e":2}\', 1)',
                (number,),
            )
            conn.execute(
                "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at, lane) "
                "VALUES ('mirror', ?1, 1, 5, 5, ?1)",
                (number,),
            )
        chosen = {"three": "rooms@example.com"}  # as the settings name it
        assert meeting_list.waiting(conn, chosen) == [("authorization", "G-502", 2, None, 5), ("waiting", "", 1, 5, 5)]
        lines, _ = meeting_list.find(conn, meeting_list.Wanted(states=frozenset({"held"})), 10, chosen)
        assert [(line.device, line.next_try_ms, line.why[0]) for line in lines] == [
            ("two", None, "G-502"),
            ("three", None, "G-502"),
        ]
        one = meeting_list.one(conn, 1, chosen)
        assert one is not None
        assert (one.state, one.next_try_ms) == ("queued", 5)
