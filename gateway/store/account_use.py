"""Whether the account that a waiting meeting needs can be used; which account its device has is told from outside."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from gateway.store import accounts
from gateway.store.accounts import AccountRow, AccountState

NO_ACCOUNT = "no-account"
_NOBODY_YET = "No Google account is authorized yet. Run: meeting-gateway google login"
_SIGNED_OUT = "Nobody is signed in to {} any more. Run: meeting-gateway google login{}"
_LOST = "The access to {} is lost. Run: meeting-gateway google login{}"


class Trouble(NamedTuple):
    """Why an account cannot be used: a stable code, and what happened and what to do.

    `held` is False before anybody has ever signed in to any account: then meetings are only on their way.
    """

    code: str
    text: str
    held: bool


class AccountUse:
    """The accounts as they stood at one moment."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        rows = accounts.every(conn)
        self._known = bool(rows) or bool(accounts.signed_out(conn))
        self._by_id = {row.id: row for row in rows}
        self._main = next((row for row in rows if row.main), None)
        self._by_address: dict[str, AccountRow] = {}
        for row in rows:
            address = row.email.casefold()
            if address not in self._by_address or _is_usable(row):  # one person may be there twice: what works counts
                self._by_address[address] = row

    def trouble(self, account_id: int, address: str | None) -> Trouble | None:
        """Return why the account of that row cannot be used; None when it can.

        `account_id` is 0 for what has no event yet: then the account of `address` counts, the main one without it.
        """
        if not self._known:
            return Trouble(NO_ACCOUNT, _NOBODY_YET, held=False)
        row = self._row(account_id, address)
        if row is None:
            who = address if address is not None and not account_id else "the account of this meeting"
            return Trouble(NO_ACCOUNT, _SIGNED_OUT.format(who, self._beside(None)), held=True)
        if _is_usable(row):
            return None
        return Trouble(row.state_code, row.state_text or _LOST.format(row.email, self._beside(row)), held=True)

    def _beside(self, row: AccountRow | None) -> str:
        """Return what a sign-in needs to leave the main account as it is, when it is another one."""
        return " --add" if self._main is not None and row is not self._main else ""

    def _row(self, account_id: int, address: str | None) -> AccountRow | None:
        if account_id:
            return self._by_id.get(account_id)
        return self._main if address is None else self._by_address.get(address.casefold())


def _is_usable(row: AccountRow) -> bool:
    return row.state is not AccountState.AUTHORIZATION_LOST
