"""What calls met is held against the account, or in its favour, and told; whom to call next is not decided here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.accounts import life
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.open_accounts import OpenAccounts
from gateway.clock import Clock
from gateway.domain.account_event import AccountChange, AccountEvent
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import StoreError
from gateway.store import accounts
from gateway.store.accounts import AccountRow, AccountState
from gateway.store.database import Database

_log = logging.getLogger(__name__)

_NEWS_MS = 3600 * 1000

StandingFollower = Callable[[AccountEvent], Awaitable[None]]


class Judging:
    """Keeps how it stands with each account, here and in the store. What one account met never changes another."""

    def __init__(self, *, database: Database, clock: Clock, apps: GoogleApps, open_accounts: OpenAccounts) -> None:
        self._database = database
        self._clock = clock
        self._apps = apps
        self._accounts = open_accounts
        self._returned: list[Callable[[], Awaitable[None]]] = []
        self._standing: list[StandingFollower] = []
        self._succeeded: dict[int, int] = {}
        self._one_telling_at_a_time = asyncio.Lock()

    def follow(self, returned: Callable[[], Awaitable[None]]) -> None:
        """Call `returned` whenever an account can be used, or can be used again."""
        self._returned.append(returned)

    def follow_standing(self, told: StandingFollower) -> None:
        """Call `told` with every change that people should hear of, until it has ended without an error."""
        self._standing.append(told)

    def succeeded_ms(self, account_id: int) -> int | None:
        """Return when a call with an account last succeeded (ms UTC) since this process began."""
        return self._succeeded.get(account_id)

    async def tell_returned(self) -> None:
        """An account can be used."""
        for returned in self._returned:
            await returned()

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """See `domain.target.TargetSource`; saying it again changes nothing."""
        used = self._accounts.get(account.account_id)
        if used is None or used.target is None or used.row.authorized_at != account.authorized_at:
            return  # a call that began before somebody signed in again, or out
        lost = outcome.verdict is Verdict.AUTHORIZATION
        state = AccountState.AUTHORIZATION_LOST if lost else AccountState.CONFIGURATION
        code, text = life.explained(used.row, outcome, self._apps.current().audience, self._clock.now_ms())
        row = replace(used.row, state=state, state_code=code, state_text=text)
        self._accounts.put(replace(used, row=row, target=None))
        _log.warning("the account needs an admin: %s", code, extra={"account": row.id, "state": state.value})
        if not await self._write_state(row):
            await self._accounts.load()  # another process signed in meanwhile; what is lost is not its
        await self.tell_standing()

    async def judge(self, row: AccountRow, outcome: Outcome | None) -> None:
        """Hold against an account what a question met that an admin asked with it; None: it was answered."""
        used = self._accounts.get(row.id)
        if outcome is None:
            self._used(row)
            await self.mended(row)
        elif used is not None and used.target is not None and used.is_of(row) and _is_against(outcome):
            await self.lost(used.target, outcome)

    async def worked(self, row: AccountRow) -> None:
        """A call with the authorization of `row` succeeded."""
        self._used(row)
        used = self._accounts.get(row.id)
        if used is not None and used.target is not None:  # what was lost meanwhile was lost by a later call
            await self.mended(row)

    def _used(self, row: AccountRow) -> None:
        """Remember it here; in the store each renewed token counts as use, which is often enough for months."""
        now_ms = self._clock.now_ms()
        self._succeeded[row.id] = now_ms
        used = self._accounts.get(row.id)
        if used is not None and now_ms - (used.row.used_at or 0) > _NEWS_MS:
            self._accounts.remember(row.id, lambda kept: replace(kept, used_at=now_ms))

    async def mended(self, row: AccountRow) -> None:
        """What an admin had to mend for this account is mended."""
        used = self._accounts.get(row.id)
        if used is None or not used.is_of(row) or used.row.state is not AccountState.CONFIGURATION:
            return
        connected = used.ready(replace(used.row, state=AccountState.CONNECTED, state_code="", state_text=""))
        self._accounts.put(connected)
        await self._write_state(connected.row)
        await self.tell_standing()
        await self.tell_returned()

    async def tell_standing(self) -> None:
        """Tell what was not told yet, also from before a restart and by other processes.

        What somebody could not take is told again with the next change or look; a disk that refuses keeps nothing
        from being told.
        """
        if not self._standing:
            return
        async with self._one_telling_at_a_time:
            for used in self._accounts:
                row = used.row
                if (row.state is not AccountState.CONNECTED) is not row.lost_was_told:
                    await self._tell_state(row)
                await self._tell_end(row)

    async def _tell_state(self, row: AccountRow) -> None:
        lost = row.state is not AccountState.CONNECTED
        change = AccountChange.LOST if lost else AccountChange.BACK
        if await self._tell(row, change, row.state_code if lost else "", row.state_text if lost else ""):
            self._accounts.remember(row.id, lambda kept: replace(kept, lost_was_told=lost))
            await self._keep(lambda conn: accounts.set_told(conn, row.id, lost=lost))

    async def _tell_end(self, row: AccountRow) -> None:
        warned = life.warned_of(row, self._apps.current().audience, self._clock.now_ms())
        if warned is None or row.warned_for == warned[0].at_ms:
            return
        end, message = warned
        if await self._tell(row, AccountChange.ENDS_SOON, message.code, str(message), end.at_ms):
            self._accounts.remember(row.id, lambda kept: replace(kept, warned_for=end.at_ms))
            await self._keep(lambda conn: accounts.set_warned(conn, row.id, end.at_ms))

    async def _tell(
        self, row: AccountRow, change: AccountChange, code: str, text: str, ends_at_ms: int | None = None
    ) -> bool:
        event = AccountEvent(
            account_id=row.id,
            email=row.email,
            main=row.main,
            change=change,
            code=code,
            text=text,
            at_ms=self._clock.now_ms(),
            ends_at_ms=ends_at_ms,
        )
        try:
            for told in self._standing:
                await told(event)
        except StoreError as error:
            _log.warning("what happened to the account could not be told yet: %s", error, extra={"account": row.id})
            return False
        return True

    async def _keep(self, work: Callable[..., None]) -> None:
        try:
            await self._database.write(work)
        except StoreError as error:
            _log.warning("what was told of the account could not be written: %s", error)

    async def _write_state(self, row: AccountRow) -> bool:
        """Write down how it stands; False when another sign-in came meanwhile.

        A disk that refuses is no reason to fail a call: it holds in memory, and Google says it again after a restart.
        """
        now_ms = self._clock.now_ms()
        try:
            return await self._database.write(
                lambda conn: accounts.set_state(
                    conn,
                    account_id=row.id,
                    authorized_at=row.authorized_at,
                    state=row.state,
                    code=row.state_code,
                    text=row.state_text,
                    now_ms=now_ms,
                )
            )
        except StoreError as error:
            _log.warning("the state of the account could not be written: %s", error, extra={"account": row.id})
            return True


def _is_against(outcome: Outcome) -> bool:
    return outcome.whole_account and outcome.verdict in (Verdict.AUTHORIZATION, Verdict.CONFIGURATION)
