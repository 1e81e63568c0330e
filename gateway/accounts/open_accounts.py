"""The accounts in use, opened for calls, in memory as they are stored; who may change them decides elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

from gateway.accounts.in_use import InUse, Opener
from gateway.domain.target import AccountTarget
from gateway.store import accounts
from gateway.store.accounts import AccountRow
from gateway.store.database import Database


class OpenAccounts:
    """Every account that somebody signed in to, the main one first. google-auth is not loaded before a call."""

    def __init__(self, *, database: Database, opener: Opener) -> None:
        self._database = database
        self._opener = opener
        self._open: dict[int, InUse] = {}
        self._one_load_at_a_time = asyncio.Lock()

    def __iter__(self) -> Iterator[InUse]:
        return iter(tuple(self._open.values()))

    def main(self) -> InUse | None:
        """Return the account of devices that name none."""
        return next((each for each in self if each.row.main), None)

    def get(self, account_id: int) -> InUse | None:
        """Return the account of that row."""
        return self._open.get(account_id)

    def named(self, email: str | None) -> InUse | None:
        """Return the account of that address, with None the main one.

        A person may be signed in to twice, once through a service account: what can be used comes first.
        """
        if email is None:
            return self.main()
        same = [each for each in self if each.row.email.casefold() == email.strip().casefold()]
        return next((each for each in same if each.target is not None), same[0] if same else None)

    def targets(self) -> tuple[AccountTarget, ...]:
        """Return those that may be called now."""
        return tuple(each.target for each in self if each.target is not None)

    def put(self, changed: InUse) -> None:
        """Use `changed` in place of what there is of the same account, unless it was signed out meanwhile."""
        if changed.row.id in self._open:
            self._open[changed.row.id] = changed

    def remember(self, account_id: int, change: Callable[[AccountRow], AccountRow]) -> None:
        """Change what is kept of a row without any effect on calls."""
        used = self._open.get(account_id)
        if used is not None:
            self._open[account_id] = replace(used, row=change(used.row))

    async def load(self, *, anew: bool = False) -> None:
        """Read the accounts again; with `anew` each is opened again even if nothing of it changed.

        One that is opened again in place of one with a refresh under way is read after the end of that. Raises
        StoreError.
        """
        async with self._one_load_at_a_time:
            rows, before = await self._database.read(accounts.every), self._open
            stale = [used for row in rows if (used := before.get(row.id)) and self._is_stale(used, row, anew=anew)]
            if stale:
                await _close(stale)
                rows = await self._database.read(accounts.every)
            after = {row.id: self._loaded(row, anew=anew) for row in rows}
            self._open = after
            kept = {id(used.tokens) for used in after.values()}
            await _close([used for used in before.values() if id(used.tokens) not in kept])

    def _loaded(self, row: AccountRow, *, anew: bool) -> InUse:
        used = self._open.get(row.id)
        if used is None or self._is_stale(used, row, anew=anew):
            return self._opener.open(row)
        same = (used.row.main, used.row.email) == (row.main, row.email)
        return replace(used, row=row) if same else used.ready(row)

    async def drop(self, account_id: int) -> InUse | None:
        """Take an account out of use and return it; a refresh under way is left to end."""
        used = self._open.pop(account_id, None)
        if used is not None:
            await _close([used])
        return used

    async def close(self) -> None:
        """Let refreshes that are under way end, so that their results are stored."""
        await _close(list(self))

    @staticmethod
    def _is_stale(used: InUse, row: AccountRow, *, anew: bool) -> bool:
        """Whether what is open is not what is stored, or was not usable, so that it is worth another try."""
        if anew or used.target is None:
            return True
        return (used.row.authorized_at, used.row.state) != (row.authorized_at, row.state)


async def _close(open_: list[InUse]) -> None:
    for used in open_:
        if used.tokens is not None:
            await used.tokens.close()
