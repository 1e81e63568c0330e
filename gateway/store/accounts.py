"""The table `account`: whose calendars the gateway writes to; what is sealed in it is not known here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.store.scrub import thoroughly

_COLUMNS = (
    "id, kind, subject, email, client_id, scopes, sealed, state, state_code, state_text, authorized_at, access_ends_at"
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
    """What a sign-in gave. `subject` is the account's lasting name at its provider; `scopes` are joined by spaces."""

    kind: str
    subject: str
    email: str
    client_id: str
    scopes: str
    sealed: bytes = field(repr=False)
    access_ends_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account in use; times are ms UTC, `authorized_at` also names the sign-in that `sealed` came from."""

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


_CURRENT = f"SELECT {_COLUMNS} FROM account WHERE length(sealed) > 0 ORDER BY authorized_at DESC LIMIT 1"  # noqa: S608 - constant columns


def current(conn: sqlite3.Connection) -> AccountRow | None:
    """Return the account in use."""
    raw = conn.execute(_CURRENT).fetchone()
    if raw is None:
        return None
    return AccountRow(
        id=raw[0],
        kind=raw[1],
        subject=raw[2],
        email=raw[3],
        client_id=raw[4],
        scopes=raw[5],
        sealed=raw[6],
        state=AccountState(raw[7]),
        state_code=raw[8],
        state_text=raw[9],
        authorized_at=raw[10],
        access_ends_at=raw[11],
    )


def authorize(conn: sqlite3.Connection, new: Authorization, now_ms: int) -> int:
    """Make `new` the account in use and return its id; an account known before gets its old id back."""
    with thoroughly(conn):
        return _authorize(conn, new, now_ms)


def _authorize(conn: sqlite3.Connection, new: Authorization, now_ms: int) -> int:
    conn.execute(
        "UPDATE account SET sealed = X'', email = '', scopes = '', access_ends_at = NULL, changed_at = ? "
        "WHERE length(sealed) > 0 AND NOT (kind = ? AND subject = ?)",
        (now_ms, new.kind, new.subject),
    )
    found = conn.execute(
        "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, access_ends_at, "
        "changed_at) VALUES (?, ?, ?, ?, ?, ?, 'connected', ?, ?, ?) "
        "ON CONFLICT (kind, subject) DO UPDATE SET email = excluded.email, client_id = excluded.client_id, "
        "scopes = excluded.scopes, sealed = excluded.sealed, state = 'connected', state_code = '', state_text = '', "
        # Two sign-ins within one millisecond, or after the clock was set back, must still be told apart.
        "authorized_at = max(excluded.authorized_at, authorized_at + 1), access_ends_at = excluded.access_ends_at, "
        "changed_at = excluded.changed_at RETURNING id",
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
        ),
    ).fetchone()
    return int(found[0])


def save_sealed(conn: sqlite3.Connection, *, account_id: int, authorized_at: int, sealed: bytes, now_ms: int) -> bool:
    """Replace the sealed authorization; False when another sign-in came meanwhile, whose own is then kept."""
    with thoroughly(conn):
        changed = conn.execute(
            "UPDATE account SET sealed = ?, changed_at = ? WHERE id = ? AND authorized_at = ? AND length(sealed) > 0",
            (sealed, now_ms, account_id, authorized_at),
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


def forget(conn: sqlite3.Connection, now_ms: int) -> None:
    """Wipe authorization, address and scopes of every account.

    The row stays with nothing but the subject in it, because events refer to it: who signs in again as the same
    account must find those events again instead of writing them a second time.
    """
    with thoroughly(conn):
        conn.execute(
            "UPDATE account SET sealed = X'', email = '', scopes = '', client_id = '', state = 'authorization-lost', "
            "state_code = '', state_text = '', access_ends_at = NULL, changed_at = ?",
            (now_ms,),
        )
