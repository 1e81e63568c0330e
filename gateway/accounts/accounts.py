"""The calendar accounts in use: who they are, whether they work, how one is replaced; the one place for all doors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import aiohttp

from gateway.accounts import keeping, standing, summary
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.calendar_desk import CalendarDesk
from gateway.accounts.candidate import Candidate, WaitingCandidates
from gateway.accounts.checked import Checked
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.in_use import InUse, Opener
from gateway.accounts.judging import Judging, StandingFollower
from gateway.accounts.keeping import Keeping
from gateway.accounts.open_accounts import OpenAccounts
from gateway.accounts.records import Records
from gateway.accounts.service_sign_in import ServiceSignIns
from gateway.accounts.sign_in import SignIns
from gateway.accounts.sign_in_desk import SignInDesk
from gateway.accounts.standing import Standing
from gateway.accounts.summary import AccountStatus, AccountWarning
from gateway.accounts.watched import WatchedCalendar
from gateway.clock import Clock
from gateway.config import GoogleSection
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.domain.busy import AccountBusy
from gateway.domain.feed import AccountFeed
from gateway.domain.outcome import Outcome
from gateway.domain.target import AccountTarget
from gateway.errors import StoreError
from gateway.google import oauth
from gateway.google.calendars import MadeCalendar
from gateway.google.failures import refusal
from gateway.google.upcoming import UpcomingEvent
from gateway.google.way_out import WayOut
from gateway.google.wire import Wire
from gateway.store import accounts
from gateway.store.accounts import AccountRow
from gateway.store.database import Database
from gateway.store.vault import Vault

__all__ = ["AccountStatus", "Accounts", "Candidate"]

_log = logging.getLogger(__name__)


class Accounts(SignInDesk):
    """Every Google account that somebody signed in to (`domain.target.TargetSource`).

    One of them is the main one: the account of the pages and of devices that name none. `devices` are those of the
    settings that name one, each with its address. `way` is how calls leave, directly without it.
    """

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
        devices: tuple[tuple[str, str], ...] = (),
        way: WayOut | None = None,
    ) -> None:
        wire, records = Wire(session, call_timeout_s, way), Records(database, clock)
        opener = Opener(
            database=database,
            vault=vault,
            clock=clock,
            wire=wire,
            google=google,
            apps=apps,
            worked=self._worked,
        )
        service = ServiceSignIns(google=google, opener=opener)
        super().__init__(
            database=database,
            records=records,
            sign_ins=SignIns(database=database, vault=vault, clock=clock, wire=wire, google=google, apps=apps),
            service=service,
            waiting=WaitingCandidates(clock),
            open_accounts=OpenAccounts(database=database, opener=opener),
        )
        self._clock = clock
        self._google = google
        self._apps = apps
        self._choice = choice
        self._time_zone = time_zone
        self._wire = wire
        self._keeping = Keeping(
            database=database, clock=clock, google=google, apps=apps, opener=opener, service=service, records=records
        )
        self._judging = Judging(database=database, clock=clock, apps=apps, open_accounts=self._open)
        self._desk = CalendarDesk(wire=wire, google=google, clock=clock, met=self._judging.judge)
        self._from_settings = devices
        self._added: tuple[tuple[str, str], ...] = ()
        apps.follow(self._client_changed)

    def follow(self, returned: Callable[[], Awaitable[None]]) -> None:
        """Call `returned` whenever an account can be used, or can be used again."""
        self._judging.follow(returned)

    def follow_standing(self, told: StandingFollower) -> None:
        """Call `told` with every `AccountEvent`: lost, back, ends soon; at least once each, also after a restart."""
        self._judging.follow_standing(told)

    async def store(self, candidate: Candidate, *, replace: bool, add: bool = False, by: Actor = COMMAND_LINE) -> None:
        """Use the candidate from now on, durably.

        An account that is in use already gets its new authorization and stays what it was. Another one becomes the
        main one, in place of the one that is: `replace` confirms that, without it that raises SignInError G-409. With
        `add` it is used beside the others. Meetings that are mirrored stay in the calendar of their account.
        """
        await self._keeping.store(candidate, choice=self._choice, replace=replace, add=add, by=by)
        self._waiting.settle(candidate)
        await self._choice.load()
        await self.load()
        await self._judging.tell_returned()

    async def make_main(self, email: str, by: Actor = COMMAND_LINE) -> None:
        """Make an account in use the main one; the one before stays in use. Raises SignInError G-526, StoreError.

        The choice of a calendar belonged to the other account and is forgotten.
        """
        used = self._named(email)
        if used.row.main:
            return
        await self._keeping.make_main(used.row, choice=self._choice, by=by)
        await self._choice.load()
        await self.load()
        await self._judging.tell_returned()

    async def load(self, *, anew: bool = False) -> None:
        """Read the accounts again: at the start, and after another process signed in or out.

        An account in state `configuration` may be tried again after this, because somebody may have mended it. With
        `anew` each is opened again even if nothing of it changed. Raises StoreError.
        """
        await self.clean()
        await self._keeping.take_from_settings()
        await self._open.load(anew=anew)
        self._added = await self._database.read(accounts.wanted_by_devices)
        await self._judging.tell_standing()

    def current(self) -> AccountTarget | None:
        """Return the main account if it may be called now."""
        used = self._open.main()
        return used.target if used is not None else None

    def usable(self) -> tuple[AccountTarget, ...]:
        """See `domain.target.TargetSource`."""
        return self._open.targets()

    def account(self, account_id: int) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""
        used = self._open.get(account_id)
        return used.target if used is not None else None

    def chosen(self, email: str | None) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""
        used = self._open.named(email)
        return used.target if used is not None else None

    def signed_in(self, account_id: int) -> bool:
        """Whether somebody is signed in to the account of that row, even if it cannot be used at the moment."""
        return self._open.get(account_id) is not None

    def feeds(self) -> tuple[AccountFeed, ...]:
        """Return what reads the changes of the accounts' calendars, of those that may be used."""
        return tuple(feed for used in self._open if (feed := used.feed) is not None)

    def busy_sources(self) -> tuple[AccountBusy, ...]:
        """Return where busy times come from, of the accounts that may be used."""
        return tuple(source for used in self._open if (source := used.busy_source) is not None)

    def calendar(self) -> WatchedCalendar | None:
        """Return the calendars of the main account for what is not mirrored, such as a test meeting."""
        account = self.current()
        return WatchedCalendar(account, self.lost) if account is not None else None

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        """See `domain.target.TargetSource`; saying it again changes nothing."""
        await self._judging.lost(account, outcome)

    async def forget(self, email: str | None = None, *, revoke: bool = False, by: Actor = COMMAND_LINE) -> bool | None:
        """Sign out here, at once; with `revoke` also at Google, for every client of the same Google project.

        `email` names the account, None the main one; without a main one afterwards, devices that name no account wait.
        No token of it is in any file of the database then, and no link or candidate is left. Returns whether Google
        confirmed, None when it was not asked. Raises SignInError G-526.
        """
        used = self._named(email) if email is not None else self._open.main()
        await self._keeping.sign_out(used.row if used is not None else None, by=by)
        if used is not None:
            await self._open.drop(used.row.id)
        self._waiting.clear()
        await self._records.scrub(copies=True)
        if used is None or not revoke:
            return None
        if used.tokens is None:
            return False  # what cannot be read cannot be ended
        if not used.tokens.refresh_token:
            return None  # the key of a service account is ended where it was made
        confirmed = await oauth.revoke(self._wire, self._google.endpoints, used.tokens.refresh_token)
        detail = "confirmed" if confirmed else "not confirmed"
        await self._records.write(by, "google.revoked", used.row.email, detail)
        return confirmed

    def status(self) -> AccountStatus | None:
        """Return how it stands with the main account, None when there is none."""
        used = self._open.main()
        return self._status_of(used) if used is not None else None

    def statuses(self) -> tuple[AccountStatus, ...]:
        """Return how it stands with every account, the main one first."""
        return tuple(self._status_of(used) for used in self._open)

    def warnings(self) -> tuple[AccountWarning, ...]:
        """Return what an admin should know about accounts: lost, ending soon, missing, features that are off."""
        found = summary.warnings(
            self._open,
            (*self._from_settings, *self._added),
            audience=self._apps.current().audience,
            read_only=self._google.read_only,
            now_ms=self._clock.now_ms(),
        )
        problem = self._keeping.problem
        return found if problem is None else (*found, AccountWarning(code=problem.code, text=str(problem)))

    def health(self) -> tuple[str, str]:
        """Return the state in a word (`none` without an account) and what an admin should know; it names nobody."""
        return keeping.health(
            tuple(self._open), self.warnings(), audience=self._apps.current().audience, now_ms=self._clock.now_ms()
        )

    async def standing(self, origins: Collection[str] = ()) -> Standing:
        """Return the status line of the page, for who has these origins. Raises StoreError."""
        used = self._open.main()
        queue = await self._database.read(standing.read_queue)
        succeeded = [queue.last_success_ms, self._judging.succeeded_ms(used.row.id) if used is not None else None]
        queue = replace(queue, last_success_ms=max((at for at in succeeded if at is not None), default=None))
        status = self.status()
        return standing.judge(
            standing.Seen(
                row=used.row if used is not None else None,
                why=used.why if used is not None else None,
                queue=queue,
                link=await self._sign_ins.pending(origins),
                calendar=self._choice.current().shown,
                end=status.end if status is not None else None,
                others=len(self.statuses()) - (status is not None),
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

    async def check(self, email: str | None = None, *, to_read: bool = False) -> Checked:
        """Look at Google with an account, None for the main one: see `CalendarDesk.check`. Raises SignInError G-526."""
        return await self._desk.check(self._asked(email), to_read=to_read)

    async def create_calendar(self, name: str, email: str | None = None) -> MadeCalendar:
        """Make a calendar in an account: see `CalendarDesk.create`. Raises SignInError."""
        return await self._desk.create(self._asked(email), name, self._time_zone or "UTC")

    async def upcoming(
        self, calendar_id: str | None = None, *, email: str | None = None, days: int = 7
    ) -> tuple[UpcomingEvent, ...]:
        """Return what comes next in a calendar of an account: see `CalendarDesk.upcoming`. Raises SignInError.

        No calendar means the chosen one of the main account, and the main calendar of any other.
        """
        used = self._asked(email)
        chosen = self._choice.current().calendar_id if used is None or used.row.main else "primary"
        return await self._desk.upcoming(used, calendar_id or chosen, days)

    async def clean(self) -> None:
        """Wipe what must not be kept any longer; costs no write when there is nothing. Raises StoreError."""
        if await self._sign_ins.purge():
            self._records.log_is_dirty = True
        if self._records.log_is_dirty:
            await self._records.scrub()

    async def keep_clean(self, every_s: float = 60.0) -> None:
        """Do so again and again, and tell of ends that come near, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.clean()
                self._added = await self._database.read(accounts.wanted_by_devices)
                await self._judging.tell_standing()
            except StoreError as error:
                _log.warning("old sign-in links could not be wiped yet: %s", error)

    async def close(self) -> None:
        """Let refreshes that are under way end, so that their results are stored; call before the session is closed."""
        self._waiting.clear()
        await self._open.close()
        if self._records.log_is_dirty:
            await self._records.scrub()

    def _named(self, email: str) -> InUse:
        used = self._open.named(email)
        if used is None:
            raise refusal("G-526", email=email, known=", ".join(each.row.email for each in self._open))
        return used

    def _asked(self, email: str | None) -> InUse | None:
        return self._named(email) if email is not None else self._open.main()

    def _status_of(self, used: InUse) -> AccountStatus:
        return summary.status_of(
            used,
            audience=self._apps.current().audience,
            read_only=self._google.read_only,
            now_ms=self._clock.now_ms(),
            succeeded_ms=self._judging.succeeded_ms(used.row.id),
        )

    async def _worked(self, row: AccountRow) -> None:
        await self._judging.worked(row)

    async def _client_changed(self) -> None:
        """The Google app was changed: what is in use is made anew, with its new secret or without its client."""
        await self.load(anew=True)
        if self.usable():
            await self._judging.tell_returned()
