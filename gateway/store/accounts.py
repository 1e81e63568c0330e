"""The table `account`: whose calendars the gateway writes to; what is sealed in it is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.store.scrub import thoroughly

_COLUMNS = (
    "id, kind, subject, email, client_id, scopes, sealed, state, state_code, state_text, authorized_at, "
    "access_ends_at, main, audience, used_at, told, warned_for"
)


class AccountState(StrEnum):
    """Whether an account can be used."""

    CONNECTED = "connected"
    AUTHORIZATION_LOST = "authorization-lost"
    """Somebody must sign in again."""
    CONFIGURATION = "configuration"
    """Something outside the sign-in must be mended (client secret, API switched off)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a sign-in gave. `subject` is the account's lasting name at its provider; `scopes` are joined by spaces.

    `audience` says who could use the app that it was made with, as far as that is known.
    """

    kind: str
    subject: str
    email: str
    client_id: str
    scopes: str
    sealed: bytes = field(repr=False)
    access_ends_at: int | None
    audience: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account in use; times are ms UTC, `authorized_at` also names the sign-in that `sealed` came from.

    `main` is the account of devices that name none. `used_at` is when it last proved good. `lost_was_told` says that
    those who tell people know that it is lost, `warned_for` of which end they were warned.
    """

    id: int
    kind: str
    subject: str
    email: str
    client_id: str
    scopes: str
    sealed: bytes = field(repr=False)
    state: AccountState
    state_code: str
    state_text: str
    authorized_at: int
    access_ends_at: int | None
    main: bool = True
    audience: str = ""
    used_at: int | None = None
    lost_was_told: bool = False
    warned_for: int | None = None


def every(conn: sqlite3.Connection) -> tuple[AccountRow, ...]:
    """Return the accounts in use, the main one first, then in the order of their first sign-ins."""
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM account WHERE length(sealed) > 0 ORDER BY main DESC, id"  # noqa: S608 - constant columns
    )
    return tuple(_row(raw) for raw in found)


def current(conn: sqlite3.Connection) -> AccountRow | None:
    """Return the main account."""
    return next((row for row in every(conn) if row.main), None)


def signed_out(conn: sqlite3.Connection) -> frozenset[int]:
    """Return the ids of accounts that were in use once and that nobody is signed in to any more."""
    return frozenset(raw[0] for raw in conn.execute("SELECT id FROM account WHERE length(sealed) = 0"))


def signed_out_for(conn: sqlite3.Connection, kind: str, email: str) -> frozenset[int]:
    """Return the ids of accounts of that kind, not in use any more, that acted for this person: their subject says so.

    Of accounts whose subject does not end with a person's address nothing of the kind is known once they are out.
    """
    found = conn.execute("SELECT id, subject FROM account WHERE length(sealed) = 0 AND kind = ?", (kind,))
    return frozenset(int(raw[0]) for raw in found if str(raw[1]).rpartition(" ")[2] == email.casefold())


def wanted_by_devices(conn: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Return the devices that were added here and name an account, each with its address."""
    found = conn.execute(
        "SELECT name, json_extract(settings, '$.account') FROM device WHERE origin = 'added' AND active = 1 "
        "AND json_valid(settings) AND json_type(settings, '$.account') = 'text' ORDER BY name"
    )
    return tuple((str(name), str(account)) for name, account in found)


def authorize(conn: sqlite3.Connection, new: Authorization, now_ms: int, *, main: bool = True) -> int:
    """Keep what a sign-in gave and return the account's id; an account known before gets its old id back.

    With `main` it becomes the main one, and another that was is signed out; all others stay as they are.
    """
    with thoroughly(conn):
        if main:
            _wipe(conn, "main = 1 AND NOT (kind = ? AND subject = ?)", (new.kind, new.subject), now_ms)
        return _authorize(conn, new, now_ms, main=main)


def _authorize(conn: sqlite3.Connection, new: Authorization, now_ms: int, *, main: bool) -> int:
    found = conn.execute(
        "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, access_ends_at, "
        "changed_at, main, audience, used_at) VALUES (?, ?, ?, ?, ?, ?, 'connected', ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (kind, subject) DO UPDATE SET email = excluded.email, client_id = excluded.client_id, "
        "scopes = excluded.scopes, sealed = excluded.sealed, state = 'connected', state_code = '', state_text = '', "
        # Two sign-ins within one millisecond, or after the clock was set back, must still be told apart.
        "authorized_at = max(excluded.authorized_at, authorized_at + 1), access_ends_at = excluded.access_ends_at, "
        "main = max(main, excluded.main), audience = excluded.audience, used_at = excluded.used_at, "
        "warned_for = NULL, changed_at = excluded.changed_at RETURNING id",
        (
            new.kind,
            new.subject,
            new.email,
            new.client_id,
            new.scopes,
            new.sealed,
            now_ms,
            new.access_ends_at,
            now_ms,
            int(main),
            new.audience,
            now_ms,
        ),
    ).fetchone()
    return int(found[0])


def make_main(conn: sqlite3.Connection, account_id: int, now_ms: int) -> None:
    """Make an account in use the main one; the one before stays in use."""
    conn.execute("UPDATE account SET main = 0, changed_at = ? WHERE main = 1", (now_ms,))
    conn.execute(
        "UPDATE account SET main = 1, changed_at = ? WHERE id = ? AND length(sealed) > 0", (now_ms, account_id)
    )


def save_sealed(conn: sqlite3.Connection, *, account_id: int, authorized_at: int, sealed: bytes, now_ms: int) -> bool:
    """Replace the sealed authorization; False when another sign-in came meanwhile, whose own is then kept.

    That there is something new to seal shows that it is good: it counts as used now.
    """
    with thoroughly(conn):
        changed = conn.execute(
            "UPDATE account SET sealed = ?, used_at = ?, changed_at = ? "
            "WHERE id = ? AND authorized_at = ? AND length(sealed) > 0",
            (sealed, now_ms, now_ms, account_id, authorized_at),
        ).rowcount
    return bool(changed)


def set_state(
    conn: sqlite3.Connection,
    *,
    account_id: int,
    authorized_at: int,
    state: AccountState,
    code: str,
    text: str,
    now_ms: int,
) -> bool:
    """Say how it stands with the account; False when another sign-in came meanwhile, which this is not about."""
    return bool(
        conn.execute(
            "UPDATE account SET state = ?, state_code = ?, state_text = ?, changed_at = ? "
            "WHERE id = ? AND authorized_at = ? AND length(sealed) > 0",
            (state, code, text, now_ms, account_id, authorized_at),
        ).rowcount
    )


def set_told(conn: sqlite3.Connection, account_id: int, *, lost: bool) -> None:
    """Remember that those who tell people know that the account is lost, or that it is back."""
    conn.execute("UPDATE account SET told = ? WHERE id = ?", ("lost" if lost else "", account_id))


def set_warned(conn: sqlite3.Connection, account_id: int, ends_at: int) -> None:
    """Remember of which end (ms UTC) they were warned."""
    conn.execute("UPDATE account SET warned_for = ? WHERE id = ?", (ends_at, account_id))


def sign_out(conn: sqlite3.Connection, account_id: int, now_ms: int) -> None:
    """Wipe the authorization of one account, as `forget` does of all; if it was the main one, there is none then."""
    with thoroughly(conn):
        _wipe(conn, "id = ?", (account_id,), now_ms)


def _wipe(conn: sqlite3.Connection, which: str, values: tuple[object, ...], now_ms: int) -> None:
    conn.execute(
        "UPDATE account SET sealed = X'', email = '', scopes = '', client_id = '', state = 'authorization-lost', "  # noqa: S608 - constant conditions
        "state_code = '', state_text = '', access_ends_at = NULL, main = 0, audience = '', used_at = NULL, told = '', "
        f"warned_for = NULL, changed_at = ? WHERE {which}",
        (now_ms, *values),
    )


def forget(conn: sqlite3.Connection, now_ms: int) -> None:
    """Wipe authorization, address and scopes of every account, in a database of any version.

    The row stays with nothing but the subject in it, because events refer to it: who signs in again as the same
    account must find those events again instead of writing them a second time.
    """
    with thoroughly(conn):
        conn.execute(
            "UPDATE account SET sealed = X'', email = '', scopes = '', client_id = '', state = 'authorization-lost', "
            "state_code = '', state_text = '', access_ends_at = NULL, changed_at = ?",
            (now_ms,),
        )


def _row(raw: tuple[object, ...]) -> AccountRow:
    values = dict(zip(AccountRow.__slots__, raw, strict=True))
    state, main, told = AccountState(str(raw[7])), bool(raw[12]), raw[15] == "lost"
    return AccountRow(**{**values, "state": state, "main": main, "lost_was_told": told})  # type: ignore[arg-type]
