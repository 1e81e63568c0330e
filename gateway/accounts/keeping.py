"""Which accounts are kept, in what place, and what the settings want of them; calls with them are made elsewhere."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence

from gateway import messages
from gateway.accounts import life, standing
from gateway.accounts.app_entry import Audience
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.candidate import Candidate
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.in_use import SERVICE_KIND, InUse, Opener
from gateway.accounts.life import shown_date
from gateway.accounts.records import Records
from gateway.accounts.service_sign_in import ServiceSignIns, key_from
from gateway.accounts.summary import AccountWarning
from gateway.clock import Clock
from gateway.config import GoogleSection
from gateway.domain.actor import Actor
from gateway.errors import SignInError, StoreError
from gateway.google.failures import refusal
from gateway.google.service_account import check_key
from gateway.messages import Message
from gateway.store import accounts, mirrored_calendars, sign_ins
from gateway.store.accounts import AccountRow, AccountState, Authorization
from gateway.store.database import Database

_log = logging.getLogger(__name__)

SETTINGS = Actor(name="settings")


class Keeping:
    """Writes accounts into the store and out of it, each change together with its line on record.

    `problem` says what is wrong with the service account of the settings, None when nothing is.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        google: GoogleSection,
        apps: GoogleApps,
        opener: Opener,
        service: ServiceSignIns,
        records: Records,
    ) -> None:
        self._database = database
        self._clock = clock
        self._google = google
        self._apps = apps
        self._opener = opener
        self._service = service
        self._records = records
        self.problem: Message | None = None

    async def store(
        self, candidate: Candidate, *, choice: CalendarChoice | None, replace: bool, add: bool, by: Actor
    ) -> None:
        """Keep what a sign-in gave: see `Accounts.store`. Raises SignInError G-409, G-413, G-417."""
        expected = self._google.expected_account
        if expected is not None and candidate.email.casefold() != expected.casefold():
            raise refusal("G-417", new=candidate.email, expected=expected)
        new, now_ms = self._authorization(candidate), self._clock.now_ms()

        def authorize(conn: sqlite3.Connection) -> None:
            rows = accounts.every(conn)
            main = next((row for row in rows if row.main), None)
            before = next((row for row in rows if (row.kind, row.subject) == (new.kind, new.subject)), None)
            replaced = main if main is not None and before is None and not add else None
            if replaced is not None and not replace:
                raise refusal("G-409", new=new.email, old=replaced.email)
            same = replaced is not None and _same_person(replaced.email, new.email)
            if replaced is not None and not same and choice is not None:
                choice.forget(conn)  # it belonged to the other account
            becomes_main = replaced is not None or (main is None and not (add and rows))
            is_main = becomes_main or (before is not None and before.main)
            account_id = accounts.authorize(conn, new, now_ms, main=is_main)
            earlier = {replaced.id} if replaced is not None and same else set()
            for old in earlier | accounts.signed_out_for(conn, SERVICE_KIND, new.email):
                if old != account_id:
                    mirrored_calendars.carry_over(conn, old, account_id)
            action, detail = ("google.added", "") if add and before is None else ("google.connected", "")
            if replaced is not None:
                action, detail = "google.replaced", f"instead of {replaced.email}"
            self._records.add(conn, by, action, new.email, detail)

        try:
            await self._database.write(authorize)
        except StoreError as error:
            raise refusal("G-413", reason=str(error)) from error

    async def make_main(self, row: AccountRow, *, choice: CalendarChoice, by: Actor) -> None:
        """Make an account the main one. Raises StoreError."""
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            accounts.make_main(conn, row.id, now_ms)
            choice.forget(conn)
            self._records.add(conn, by, "google.made-main", row.email)

        await self._database.write(work)

    async def sign_out(self, row: AccountRow | None, *, by: Actor) -> None:
        """Wipe one authorization, and every link that waits for somebody. Raises StoreError."""
        now_ms = self._clock.now_ms()

        def wipe(conn: sqlite3.Connection) -> None:
            sign_ins.withdraw(conn)
            if row is not None:
                also = [each for each in accounts.every(conn) if each.id != row.id]
                other = next((each for each in also if _same_person(each.email, row.email)), None)
                if other is not None:
                    mirrored_calendars.carry_over(conn, row.id, other.id)
                accounts.sign_out(conn, row.id, now_ms)
                self._records.add(conn, by, "google.disconnected", row.email)

        await self._database.write(wipe)

    async def take_from_settings(self) -> None:
        """Keep the service account that the settings name, unless it is kept as it is there. Raises StoreError.

        Google is not asked: what it has against the key shows with the first call. The first account there is becomes
        the main one; no other is replaced.
        """
        path, user = self._google.service_account_file, self._google.service_account_user
        if path is None or user is None:
            return
        try:
            key = await asyncio.to_thread(key_from, path)
            candidate = self._service.candidate(key, user)
            rows = await self._database.read(accounts.every)
            kept = next((r for r in rows if (r.kind, r.subject) == (candidate.kind, candidate.subject)), None)
            same = kept is not None and self._opener.key_of(kept) == key
            if not same:
                await asyncio.to_thread(check_key, key)
            if kept is None or not same or not set(candidate.scopes) <= set(kept.scopes.split()):
                await self.store(candidate, choice=None, replace=False, add=True, by=SETTINGS)
            self.problem = None
        except SignInError as error:
            if self.problem is None or self.problem.code != error.code:
                _log.warning("the service account of the settings cannot be used: %s", error)
            self.problem = messages.text(error.code, **error.values)

    def _authorization(self, candidate: Candidate) -> Authorization:
        """Return what is to be stored of an account that signed in."""
        audience = "" if candidate.kind == SERVICE_KIND else self._apps.current().audience
        return Authorization(
            kind=candidate.kind,
            subject=candidate.subject,
            email=candidate.email,
            client_id=candidate.grant.client_id,
            scopes=" ".join(candidate.scopes),
            sealed=self._opener.sealed(candidate.grant),
            access_ends_at=candidate.access_ends_at_ms,
            audience=audience,
        )


def health(
    in_use: Sequence[InUse], warnings: Sequence[AccountWarning], *, audience: Audience, now_ms: int
) -> tuple[str, str]:
    """Return the state of the main account in a word and what an admin should know, in sentences that name nobody."""
    main = next((used for used in in_use if used.row.main), None)
    if main is None:
        nobody = "No Google account is authorized yet. Run: meeting-gateway google login"
        return "none", str(messages.text("G-527")) if in_use else nobody
    row = main.row
    if row.state is not AccountState.CONNECTED:
        return row.state, str(main.why or standing.told_code(row.state_code, row.state_text))
    told = []
    near = life.warned_of(row, audience, now_ms)
    if near is not None:
        end = shown_date(near[0].at_ms)
        told.append(f"Google ends the authorization on {end}. Run: meeting-gateway google login")
    others = {each.email for each in warnings} - {row.email, ""}
    missing = {each.device for each in warnings} - {""}
    others -= {each.email for each in warnings if each.device}
    if others:
        told.append(_counted(len(others), "other account needs", "other accounts need") + " a look.")
    if missing:
        told.append(_counted(len(missing), "device names", "devices name") + " an account that nobody signed in to.")
    if others or missing:
        told.append("Run: meeting-gateway google status")
    return row.state, " ".join(told)


def _same_person(one: str, other: str) -> bool:
    """Tell whether two accounts are one at Google, with the same calendars, in whatever way somebody signed in."""
    return bool(one) and one.casefold() == other.casefold()


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
