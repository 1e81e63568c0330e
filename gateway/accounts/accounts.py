"""The calendar account in use: who it is, whether it works, how it is replaced; the one place for page and command."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import aiohttp

from gateway import messages
from gateway.accounts import checked, standing
from gateway.accounts.attempt import FROM_COMMAND_LINE, LIFE_MS, LONG_LIFE_MS, SignInLink
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.candidate import Candidate, WaitingCandidates
from gateway.accounts.checked import Checked
from gateway.accounts.google_app import Audience, GoogleApps
from gateway.accounts.in_use import AccountStatus, InUse, Opener, status_of
from gateway.accounts.records import Records
from gateway.accounts.sign_in import SignIns
from gateway.accounts.standing import Standing
from gateway.clock import Clock
from gateway.config import GoogleSection
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.domain.feed import CalendarFeed
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import SignInError, StoreError
from gateway.google import oauth
from gateway.google.calendar import GoogleCalendar
from gateway.google.calendar_list import CalendarList
from gateway.google.wire import Wire
from gateway.store import accounts
from gateway.store.accounts import AccountRow, AccountState
from gateway.store.database import Database
from gateway.store.vault import Vault

__all__ = ["AccountStatus", "Accounts", "Candidate"]

_log = logging.getLogger(__name__)


class Accounts:
    """One Google account at a time (`domain.target.TargetSource`); google-auth is not loaded before its first call."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        session: aiohttp.ClientSession,
        google: GoogleSection,
        apps: GoogleApps,
        choice: CalendarChoice,
        call_timeout_s: float,
        time_zone: str | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._google = google
        self._apps = apps
        self._choice = choice
        self._time_zone = time_zone
        self._wire = Wire(session, call_timeout_s)
        self._records = Records(database, clock)
        self._sign_ins = SignIns(database=database, vault=vault, clock=clock, wire=self._wire, google=google, apps=apps)
        self._opener = Opener(
            database=database,
            vault=vault,
            clock=clock,
            wire=self._wire,
            endpoints=google.endpoints,
            apps=apps,
            worked=self._worked,
        )
        self._waiting = WaitingCandidates(clock)
        self._in_use: InUse | None = None
        self._last_success_ms: int | None = None
        self._one_load_at_a_time = asyncio.Lock()
        self._followers: list[Callable[[], Awaitable[None]]] = []
        apps.follow(self._client_changed)

    def follow(self, returned: Callable[[], Awaitable[None]]) -> None:
        """Call `returned` whenever an account can be used, or can be used again."""
        self._followers.append(returned)

    async def start(self, origin: str = FROM_COMMAND_LINE, long: bool = False, by: Actor = COMMAND_LINE) -> SignInLink:
        """Prepare a sign-in and return the link for the browser, good for 10 minutes, or with `long` for 24 hours.

        Only `origin` can finish it. Raises SignInError when the client is not set up.
        """
        link = await self._sign_ins.start(origin, LONG_LIFE_MS if long else LIFE_MS)
        await self._records.write(by, "google.link-made", "24 hours" if long else "10 minutes")
        return link

    async def pending(self, origins: Collection[str] = (FROM_COMMAND_LINE,)) -> SignInLink | None:
        """Return the newest link of these origins that was not used yet, the same that `start` gave."""
        return await self._sign_ins.pending(origins)

    def recognise(self, pasted: str) -> messages.Message | None:
        """Return what is wrong with a text at first sight, None when it looks like a code; nothing is sent or kept."""
        return self._sign_ins.recognise(pasted)

    async def finish(
        self, pasted: str, origins: Collection[str] = (FROM_COMMAND_LINE,), by: Actor = COMMAND_LINE
    ) -> Candidate:
        """Turn what was pasted into an account; nothing of it is stored. Raises SignInError, which is on record then.

        Only links of these `origins` count. Until `store` nothing is written to any calendar.
        """
        try:
            signed_in = await self._sign_ins.finish(pasted, origins)
        except SignInError as error:
            await self._records.write(by, "google.code-refused", error.code)
            raise
        finally:
            self._records.log_is_dirty = True  # the link's sealed part was wiped
        identity = signed_in.identity
        await self._records.write(by, "google.code-accepted", identity.email)
        used = await self._database.read(accounts.current)
        return Candidate(
            email=identity.email,
            subject=identity.subject,
            scopes=signed_in.tokens.scopes,
            replaces=used.email if used is not None and used.subject != identity.subject else None,
            notes=signed_in.notes,
            signed_in=signed_in,
        )

    def hold(self, origin: str, candidate: Candidate) -> None:
        """Keep a candidate for the word of a person, in memory and for at most 10 minutes."""
        self._waiting.put(origin, candidate)

    def held(self, origin: str) -> Candidate | None:
        """Return the candidate that waits for the word of this origin."""
        return self._waiting.get(origin)

    def drop(self, origin: str) -> None:
        """Forget the candidate of this origin."""
        self._waiting.drop(origin)

    async def cancel(self, origin: str, by: Actor = COMMAND_LINE) -> None:
        """Forget the candidate of this origin because somebody said no."""
        candidate = self._waiting.drop(origin)
        if candidate is not None:
            await self._records.write(by, "google.cancelled", candidate.email)

    async def forget_origin(self, origin: str) -> None:
        """An admin's session ended: its links and its candidate are worthless from now on."""
        self._waiting.drop(origin)
        if await self._sign_ins.withdraw(origin):
            self._records.log_is_dirty = True

    async def store(self, candidate: Candidate, *, replace: bool, by: Actor = COMMAND_LINE) -> None:
        """Use the candidate from now on, durably.

        `replace` confirms that it may take the place of another account; without it that raises SignInError G-409.
        The choice of a calendar belonged to the other account and is forgotten with it.
        """
        new = self._opener.authorization(candidate)
        now_ms = self._clock.now_ms()

        def authorize(conn: sqlite3.Connection) -> None:
            used = accounts.current(conn)
            other = used.email if used is not None and used.subject != new.subject else ""
            if other and not replace:
                values = {"new": new.email, "old": other}
                raise SignInError("G-409", str(messages.text("G-409", **values)), values=values)
            if other:
                self._choice.forget(conn)
            accounts.authorize(conn, new, now_ms)
            action, detail = ("google.replaced", f"instead of {other}") if other else ("google.connected", "")
            self._records.add(conn, by, action, new.email, detail)

        try:
            await self._database.write(authorize)
        except StoreError as error:
            raise SignInError(
                "G-413", str(messages.text("G-413", reason=str(error))), values={"reason": str(error)}
            ) from error
        self._waiting.settle(candidate)
        await self._choice.load()
        await self.load()
        await self._tell_followers()

    async def load(self, *, anew: bool = False) -> None:
        """Read the account again: at the start, and after another process signed in or out.

        An account in state `configuration` may be tried again after this, because somebody may have mended it. With
        `anew` it is opened again even if nothing of it changed.
        """
        await self.clean()
        async with self._one_load_at_a_time:
            row = await self._database.read(accounts.current)
            before = self._in_use
            if row is None:
                self._in_use = None
            elif anew or before is None or before.target is None or not _same_authorization(before.row, row):
                if before is not None and before.tokens is not None and before.is_of(row):
                    await before.tokens.close()  # what a refresh under way is given must be read here
                    row = await self._database.read(accounts.current)
                self._in_use = self._opener.open(row) if row is not None else None
            if before is not None and before.tokens is not None and before is not self._in_use:
                await before.tokens.close()

    def current(self) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""
        return self._in_use.target if self._in_use is not None else None

    def feed(self) -> CalendarFeed | None:
        """Return what reads the changes of the account's calendars, None while it may not be used."""
        return self._in_use.changes if self._in_use is not None and self._in_use.target is not None else None

    def calendar(self) -> GoogleCalendar | None:
        """Return the calendars of the account in use for what is not mirrored, such as a test meeting."""
        return self._in_use.calendar if self._in_use is not None and self._in_use.target is not None else None

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """See `domain.target.TargetSource`; saying it again changes nothing."""
        used = self._in_use
        if used is None or used.target is None:
            return
        if (used.row.id, used.row.authorized_at) != (account.account_id, account.authorized_at):
            return  # a call that began before somebody signed in again
        lost = outcome.verdict is Verdict.AUTHORIZATION
        state = AccountState.AUTHORIZATION_LOST if lost else AccountState.CONFIGURATION
        code, text = standing.explained(used.row, outcome, self._clock.now_ms())
        row = replace(used.row, state=state, state_code=code, state_text=text)
        self._in_use = replace(used, row=row, target=None)
        _log.warning("the account needs an admin: %s", code, extra={"account": row.id, "state": state.value})
        if not await self._write_state(row):
            await self.load()  # another process signed in meanwhile; what is lost is not its

    async def forget(self, *, revoke: bool = False, by: Actor = COMMAND_LINE) -> bool | None:
        """Sign out here, at once; with `revoke` also at Google, for every client of the same Google project.

        Afterwards no token is in any file of the database, and no link or candidate is left. Returns whether Google
        confirmed, None when it was not asked.
        """
        now_ms = self._clock.now_ms()

        def wipe(conn: sqlite3.Connection) -> None:
            row = accounts.current(conn)
            self._records.wipe(conn, now_ms)
            if row is not None:
                self._records.add(conn, by, "google.disconnected", row.email)

        await self._database.write(wipe)
        used, self._in_use = self._in_use, None
        self._waiting.clear()
        await self._records.scrub(copies=True)
        if used is None or used.tokens is None:
            return None
        await used.tokens.close()
        if not revoke:
            return None
        confirmed = await oauth.revoke(self._wire, self._google.endpoints, used.tokens.refresh_token)
        detail = "confirmed" if confirmed else "not confirmed"
        await self._records.write(by, "google.revoked", used.row.email, detail)
        return confirmed

    def status(self) -> AccountStatus | None:
        """Return how it stands with the account in use, None when nobody signed in."""
        return status_of(self._in_use.row) if self._in_use is not None else None

    def health(self) -> tuple[str, str]:
        """Return the state in a word (`none` without an account) and what an admin should know; it names nobody."""
        used, testing = self._in_use, self._apps.current().audience is Audience.TESTING
        row, why = (used.row, used.why) if used is not None else (None, None)
        return standing.health(row, why, testing=testing, now_ms=self._clock.now_ms())

    async def standing(self, origins: Collection[str] = ()) -> Standing:
        """Return the status line of the page, for who has these origins. Raises StoreError."""
        used = self._in_use
        queue = await self._database.read(standing.read_queue)
        succeeded = [queue.last_success_ms, self._last_success_ms]
        queue = replace(queue, last_success_ms=max((at for at in succeeded if at is not None), default=None))
        return standing.judge(
            standing.Seen(
                row=used.row if used is not None else None,
                why=used.why if used is not None else None,
                queue=queue,
                link=await self._sign_ins.pending(origins),
                calendar=self._choice.current().shown,
                testing=self._apps.current().audience is Audience.TESTING,
                now_ms=self._clock.now_ms(),
                zone=self._time_zone,
            )
        )

    async def check_client(self) -> None:
        """Ask Google about client ID and secret without anybody signing in. Raises SignInError, with its `field`."""
        client_id, secret = self._sign_ins.client()
        await oauth.preflight(
            self._wire,
            self._google.endpoints,
            client_id=client_id,
            client_secret=secret,
            now_ms=self._clock.now_ms(),
        )

    async def check(self) -> Checked:
        """Look at Google with the account in use: is the API on, which calendars are there, does the clock agree.

        What an admin had to mend counts as mended when this succeeds.
        """
        used = self._in_use
        if used is None:
            return Checked(problem=messages.text("G-215"))
        if used.tokens is None or used.row.state is AccountState.AUTHORIZATION_LOST:
            return Checked(problem=used.why or standing.told(used.row))
        calendars = CalendarList(
            wire=self._wire, endpoint=self._google.endpoints.calendar, tokens=used.tokens, clock=self._clock
        )
        found = checked.judge(await calendars.find(used.row.scopes.split(), used.row.email))
        if found.calendars:
            self._last_success_ms = self._clock.now_ms()
            await self._mended(used.row)
        return found

    async def clean(self) -> None:
        """Wipe what must not be kept any longer; costs no write when there is nothing. Raises StoreError."""
        if await self._sign_ins.purge():
            self._records.log_is_dirty = True
        if self._records.log_is_dirty:
            await self._records.scrub()

    async def keep_clean(self, every_s: float = 60.0) -> None:
        """Do so again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.clean()
            except StoreError as error:
                _log.warning("old sign-in links could not be wiped yet: %s", error)

    async def close(self) -> None:
        """Let a refresh that is under way end, so that its result is stored; call before the session is closed."""
        self._waiting.clear()
        if self._in_use is not None and self._in_use.tokens is not None:
            await self._in_use.tokens.close()
        if self._records.log_is_dirty:
            await self._records.scrub()

    async def _client_changed(self) -> None:
        """The Google app was changed: what is in use is made anew, with its new secret or without its client."""
        await self.load(anew=True)
        if self.current() is not None:
            await self._tell_followers()

    async def _worked(self, row: AccountRow) -> None:
        """A call with the authorization of `row` succeeded."""
        self._last_success_ms = self._clock.now_ms()
        if self.current() is not None:  # what was lost meanwhile was lost by a later call
            await self._mended(row)

    async def _mended(self, row: AccountRow) -> None:
        used = self._in_use
        if used is None or not used.is_of(row) or used.row.state is not AccountState.CONFIGURATION:
            return
        self._in_use = used.ready(replace(used.row, state=AccountState.CONNECTED, state_code="", state_text=""))
        await self._write_state(self._in_use.row)
        await self._tell_followers()

    async def _tell_followers(self) -> None:
        for returned in self._followers:
            await returned()

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


def _same_authorization(before: AccountRow, now: AccountRow) -> bool:
    return (before.id, before.authorized_at, before.state) == (now.id, now.authorized_at, now.state)
