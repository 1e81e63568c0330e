"""What a person does to sign in, from the link to the account that waits for a word; keeping accounts is elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gateway import messages
from gateway.accounts.attempt import FROM_COMMAND_LINE, LIFE_MS, LONG_LIFE_MS, SignInLink
from gateway.accounts.candidate import Candidate, WaitingCandidates
from gateway.accounts.in_use import KIND
from gateway.accounts.open_accounts import OpenAccounts
from gateway.accounts.records import Records
from gateway.accounts.service_sign_in import ServiceSignIns
from gateway.accounts.sign_in import SignedIn, SignIns
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.errors import SignInError
from gateway.google.scopes import ON_REQUEST, Feature, allows
from gateway.google.service_account import ServiceKey
from gateway.google.tokens import Grant
from gateway.store import accounts
from gateway.store.accounts import AccountRow
from gateway.store.database import Database


class SignInDesk:
    """The part of `Accounts` that makes candidates. Until one is stored nothing is written to any calendar."""

    def __init__(
        self,
        *,
        database: Database,
        records: Records,
        sign_ins: SignIns,
        service: ServiceSignIns,
        waiting: WaitingCandidates,
        open_accounts: OpenAccounts,
    ) -> None:
        self._database = database
        self._records = records
        self._sign_ins = sign_ins
        self._service = service
        self._waiting = waiting
        self._open = open_accounts

    async def start(
        self,
        origin: str = FROM_COMMAND_LINE,
        long: bool = False,
        by: Actor = COMMAND_LINE,
        more: Collection[Feature] = (),
    ) -> SignInLink:
        """Prepare a sign-in and return the link for the browser, good for 10 minutes, or with `long` for 24 hours.

        Only `origin` can finish it. `more` are features to ask for beyond the usual ones; those that an account in use
        was granted before are asked for again, so that signing in again takes nothing away. Raises SignInError when
        the client is not set up.
        """
        had = {each for each in ON_REQUEST for used in self._open if allows(used.row.scopes.split(), each)}
        link = await self._sign_ins.start(origin, LONG_LIFE_MS if long else LIFE_MS, had.union(more))
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

        Only links of these `origins` count.
        """
        try:
            signed_in = await self._sign_ins.finish(pasted, origins)
        except SignInError as error:
            await self._records.write(by, "google.code-refused", error.code)
            raise
        finally:
            self._records.log_is_dirty = True  # the link's sealed part was wiped
        await self._records.write(by, "google.code-accepted", signed_in.identity.email)
        return _candidate(signed_in, await self._database.read(accounts.every))

    async def service_account(
        self, key: ServiceKey, user: str, more: tuple[Feature, ...] = (), by: Actor = COMMAND_LINE
    ) -> Candidate:
        """Return the account that a service account acts for as `user`, after Google gave a token for it.

        Raises SignInError: G-417, G-531 to G-533, and why Google could not be asked.
        """
        candidate = self._service.candidate(key, user, more)
        try:
            proved = await self._service.proved(candidate)
        except SignInError as error:
            await self._records.write(by, "google.key-refused", error.code)
            raise
        await self._records.write(by, "google.key-accepted", candidate.email)
        rows = await self._database.read(accounts.every)
        return replace(proved, replaces=_replaced(rows, proved.kind, proved.subject))

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


def _candidate(signed_in: SignedIn, in_use: tuple[AccountRow, ...]) -> Candidate:
    identity, tokens = signed_in.identity, signed_in.tokens
    return Candidate(
        kind=KIND,
        email=identity.email,
        subject=identity.subject,
        scopes=tokens.scopes,
        replaces=_replaced(in_use, KIND, identity.subject),
        notes=signed_in.notes,
        grant=Grant(
            client_id=signed_in.client_id,
            client_secret=signed_in.client_secret.reveal(),
            refresh_token=tokens.refresh_token,
            access_token=tokens.access_token,
            expires_at_ms=tokens.expires_at_ms,
        ),
        access_ends_at_ms=tokens.access_ends_at_ms,
    )


def _replaced(in_use: tuple[AccountRow, ...], kind: str, subject: str) -> str | None:
    """Return the main account's address, if an account with this identity would take its place."""
    main = next((row for row in in_use if row.main), None)
    known = any((row.kind, row.subject) == (kind, subject) for row in in_use)
    return main.email if main is not None and not known else None
