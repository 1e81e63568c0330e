"""The calendar account in use: who it is, whether it works, how it is replaced; the one place for page and command."""

from __future__ import annotations

import json
import logging
import sqlite3
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import aiohttp

from gateway import messages
from gateway.accounts.sign_in import SignedIn, SignInLink, SignIns, shown_date
from gateway.clock import Clock
from gateway.config import GoogleSection
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import AccountTarget
from gateway.errors import SignInError, StoreError
from gateway.google import oauth
from gateway.google.calendar import GoogleCalendar
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire
from gateway.messages import Message
from gateway.store import accounts
from gateway.store.accounts import AccountRow, AccountState, Authorization
from gateway.store.database import Database
from gateway.store.vault import Vault, VaultError

KIND = "google"

_DAY_MS = 24 * 3600 * 1000
_TESTING_ENDS_MS = range(int(6.5 * _DAY_MS), int(7.5 * _DAY_MS))
"""Google ends refresh tokens of apps in "Testing" after 7 days (OAuth 2.0 overview)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account that signed in and is not stored yet. `replaces` is the address of the one in use, if another."""

    email: str
    subject: str
    scopes: tuple[str, ...]
    replaces: str | None
    notes: tuple[Message, ...]
    signed_in: SignedIn = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """How it stands with the account in use; `code` and `text` say what is wrong, times are ms UTC."""

    email: str
    state: AccountState
    code: str
    text: str
    authorized_at_ms: int
    access_ends_at_ms: int | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _InUse:
    """The account as stored, and what calls with it; without `target` it cannot be used in this process."""

    row: AccountRow
    tokens: AccessTokens | None
    target: AccountTarget | None


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
        call_timeout_s: float,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._google = google
        self._wire = Wire(session, call_timeout_s)
        self._sign_ins = SignIns(database=database, vault=vault, clock=clock, wire=self._wire, google=google)
        self._in_use: _InUse | None = None

    async def start(self) -> SignInLink:
        """Prepare a sign-in and return the link for the browser. Raises SignInError when the client is not set up."""
        return await self._sign_ins.start()

    async def finish(self, pasted: str) -> Candidate:
        """Turn what was pasted into an account; nothing of it is stored. Raises SignInError."""
        signed_in = await self._sign_ins.finish(pasted)
        identity = signed_in.identity
        used = await self._database.read(accounts.current)
        return Candidate(
            email=identity.email,
            subject=identity.subject,
            scopes=signed_in.tokens.scopes,
            replaces=used.email if used is not None and used.subject != identity.subject else None,
            notes=signed_in.notes,
            signed_in=signed_in,
        )

    async def store(self, candidate: Candidate, *, replace: bool) -> None:
        """Use the candidate from now on, durably.

        `replace` confirms that it may take the place of another account; without it that raises SignInError G-409.
        """
        new = self._authorization(candidate)
        now_ms = self._clock.now_ms()

        def authorize(conn: sqlite3.Connection) -> None:
            used = accounts.current(conn)
            if used is not None and used.subject != new.subject and not replace:
                values = {"new": new.email, "old": used.email}
                raise SignInError("G-409", str(messages.text("G-409", **values)), values=values)
            accounts.authorize(conn, new, now_ms)

        try:
            await self._database.write(authorize)
        except StoreError as error:
            raise SignInError("G-413", str(messages.text("G-413", reason=str(error)))) from error
        await self.load()

    async def load(self) -> None:
        """Read the account again: at the start, and after another process signed in or out.

        An account in state `configuration` may be tried again after this, because somebody may have mended it.
        """
        await self._sign_ins.purge()
        row = await self._database.read(accounts.current)
        before = self._in_use
        if row is None:
            self._in_use = None
        elif before is None or before.target is None or not _same_authorization(before.row, row):
            self._in_use = self._opened(row)
        if before is not None and before.tokens is not None and before is not self._in_use:
            await before.tokens.close()

    def current(self) -> AccountTarget | None:
        """See `domain.target.TargetSource`."""
        return self._in_use.target if self._in_use is not None else None

    async def lost(self, account_id: int, outcome: Outcome) -> None:
        """See `domain.target.TargetSource`; saying it again changes nothing."""
        used = self._in_use
        if used is None or used.target is None or used.row.id != account_id:
            return
        lost = outcome.verdict is Verdict.AUTHORIZATION
        state = AccountState.AUTHORIZATION_LOST if lost else AccountState.CONFIGURATION
        code, text = self._explained(used.row, outcome)
        self._in_use = replace(used, row=replace(used.row, state=state, state_code=code, state_text=text), target=None)
        _log.warning("the account needs an admin: %s", code, extra={"account": account_id, "state": state.value})
        if not await self._write_state(used.row, state, code, text):
            await self.load()  # somebody signed in meanwhile; what is lost is not theirs

    async def forget(self, *, revoke: bool = False) -> bool | None:
        """Sign out here, at once; with `revoke` also at Google, for every client of the same Google project.

        Returns whether Google confirmed, None when it was not asked.
        """
        used, self._in_use = self._in_use, None
        now_ms = self._clock.now_ms()
        await self._database.write(lambda conn: accounts.forget(conn, now_ms))
        if used is None or used.tokens is None:
            return None
        await used.tokens.close()
        if not revoke:
            return None
        return await oauth.revoke(self._wire, self._google.endpoints, used.tokens.refresh_token)

    def status(self) -> AccountStatus | None:
        """Return how it stands with the account in use, None when nobody signed in."""
        if self._in_use is None:
            return None
        row = self._in_use.row
        return AccountStatus(
            email=row.email,
            state=row.state,
            code=row.state_code,
            text=row.state_text,
            authorized_at_ms=row.authorized_at,
            access_ends_at_ms=row.access_ends_at,
            scopes=tuple(row.scopes.split()),
        )

    async def close(self) -> None:
        """Let a refresh that is under way end, so that its result is stored; call before the session is closed."""
        if self._in_use is not None and self._in_use.tokens is not None:
            await self._in_use.tokens.close()

    def _authorization(self, candidate: Candidate) -> Authorization:
        tokens = candidate.signed_in.tokens
        grant = Grant(
            client_id=candidate.signed_in.client_id,
            client_secret=candidate.signed_in.client_secret.reveal(),
            refresh_token=tokens.refresh_token,
            access_token=tokens.access_token,
            expires_at_ms=tokens.expires_at_ms,
        )
        return Authorization(
            kind=KIND,
            subject=candidate.subject,
            email=candidate.email,
            client_id=grant.client_id,
            scopes=" ".join(candidate.scopes),
            sealed=self._sealed(grant),
            access_ends_at=tokens.access_ends_at_ms,
        )

    def _sealed(self, grant: Grant) -> bytes:
        ends_ms = grant.expires_at_ms
        return self._vault.seal(
            json.dumps(
                {
                    "client_secret": grant.client_secret,
                    "refresh_token": grant.refresh_token,
                    "access_token": grant.access_token,
                    "access_expires_at_s": None if ends_ms is None else ends_ms // 1000,
                    "token_uri": self._google.endpoints.token,
                }
            )
        )

    def _opened(self, row: AccountRow) -> _InUse:
        """Make a stored account ready for calls, or say why it cannot be used as it is."""
        try:
            held = json.loads(self._vault.unseal(row.sealed))
        except VaultError as error:
            return _unusable(row, messages.text("G-419", reason=str(error)))
        made_at, asked = _origin(held["token_uri"]), _origin(self._google.endpoints.token)
        if made_at != asked:  # a refresh token goes to nobody but who gave it
            return _unusable(row, messages.text("G-418", old=made_at, new=asked))
        ends_s = held["access_expires_at_s"]
        grant = Grant(
            client_id=row.client_id,
            client_secret=self._secret_for(row) or held["client_secret"],
            refresh_token=held["refresh_token"],
            access_token=held["access_token"],
            expires_at_ms=None if ends_s is None else ends_s * 1000,
        )
        return self._ready(row, grant)

    def _ready(self, row: AccountRow, grant: Grant) -> _InUse:
        async def save(renewed: Grant) -> None:
            sealed, now_ms = self._sealed(renewed), self._clock.now_ms()
            await self._database.write(
                lambda conn: accounts.save_sealed(
                    conn, account_id=row.id, authorized_at=row.authorized_at, sealed=sealed, now_ms=now_ms
                )
            )

        tokens = AccessTokens(
            grant, endpoint=self._google.endpoints.token, wire=self._wire, clock=self._clock, save=save
        )
        calendar = GoogleCalendar(
            wire=self._wire,
            endpoint=self._google.endpoints.calendar,
            tokens=tokens,
            clock=self._clock,
            worked=self._worked,
        )
        target = AccountTarget(account_id=row.id, target=calendar)
        return _InUse(row=row, tokens=tokens, target=None if row.state is AccountState.AUTHORIZATION_LOST else target)

    def _secret_for(self, row: AccountRow) -> str | None:
        """The client secret of the settings is the admin's latest word, also for an account that signed in before."""
        secret = self._google.client_secret
        return secret.reveal() if secret is not None and row.client_id == self._google.client_id else None

    async def _worked(self) -> None:
        """A call succeeded: what an admin had to mend is mended."""
        used = self._in_use
        if used is None or used.target is None or used.row.state is AccountState.CONNECTED:
            return
        row = replace(used.row, state=AccountState.CONNECTED, state_code="", state_text="")
        self._in_use = replace(used, row=row)
        await self._write_state(row, row.state, "", "")

    async def _write_state(self, row: AccountRow, state: AccountState, code: str, text: str) -> bool:
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
                    state=state,
                    code=code,
                    text=text,
                    now_ms=now_ms,
                )
            )
        except StoreError as error:
            _log.warning("the state of the account could not be written: %s", error, extra={"account": row.id})
            return True

    def _explained(self, row: AccountRow, outcome: Outcome) -> tuple[str, str]:
        """Replace "no longer accepted" by the reason when the calendar of the authorization tells it."""
        now_ms = self._clock.now_ms()
        if outcome.verdict is Verdict.AUTHORIZATION and outcome.code in ("G-502", "G-503"):
            if row.access_ends_at is not None and now_ms >= row.access_ends_at:
                return "G-514", str(messages.text("G-514", date=shown_date(row.access_ends_at)))
            if now_ms - row.authorized_at in _TESTING_ENDS_MS:
                return "G-501", str(messages.text("G-501"))
        return outcome.code, outcome.text


def _unusable(row: AccountRow, why: Message) -> _InUse:
    """Leave the row alone: with the right key or settings it can be used again."""
    told = replace(row, state=AccountState.AUTHORIZATION_LOST, state_code=why.code, state_text=str(why))
    return _InUse(row=told, tokens=None, target=None)


def _same_authorization(before: AccountRow, now: AccountRow) -> bool:
    return (before.id, before.authorized_at, before.state) == (now.id, now.authorized_at, now.state)


def _origin(address: str) -> str:
    """Return scheme and host; the port is left out, because a simulated Google gets another one at every start."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}"
