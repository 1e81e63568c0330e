"""The stored authorization made ready for calls, and sealed again when it changes; whether it works is not judged."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gateway import messages
from gateway.accounts.candidate import Candidate
from gateway.accounts.google_app import GoogleApps
from gateway.clock import Clock
from gateway.config import GoogleEndpoints
from gateway.domain.target import AccountTarget
from gateway.google.calendar import GoogleCalendar
from gateway.google.changes import GoogleChanges
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire
from gateway.messages import Message
from gateway.store import accounts
from gateway.store.accounts import AccountRow, AccountState, Authorization
from gateway.store.database import Database
from gateway.store.vault import Vault, VaultError

KIND = "google"


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """The account as stored, and what calls with it.

    `tokens`, `calendar` and `changes` are None when this process cannot read the authorization, and `why` says so;
    `target` is None while nothing may be mirrored with it.
    """

    row: AccountRow
    tokens: AccessTokens | None = None
    calendar: GoogleCalendar | None = None
    changes: GoogleChanges | None = None
    target: AccountTarget | None = None
    why: Message | None = None

    def is_of(self, row: AccountRow) -> bool:
        """Whether this is the very authorization of `row`, and not a later one of the same account."""
        return (self.row.id, self.row.authorized_at) == (row.id, row.authorized_at)

    def ready(self, row: AccountRow) -> InUse:
        """Return the same with `row`, and a target to mirror to if it can be used."""
        usable = self.calendar is not None and row.state is not AccountState.AUTHORIZATION_LOST
        target = (
            AccountTarget(account_id=row.id, target=self.calendar, authorized_at=row.authorized_at)
            if usable and self.calendar is not None
            else None
        )
        return replace(self, row=row, target=target)


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


def status_of(row: AccountRow) -> AccountStatus:
    """Return what is told of a stored account."""
    return AccountStatus(
        email=row.email,
        state=row.state,
        code=row.state_code,
        text=row.state_text,
        authorized_at_ms=row.authorized_at,
        access_ends_at_ms=row.access_ends_at,
        scopes=tuple(row.scopes.split()),
    )


class Opener:
    """Opens what is stored of an account and seals what is to be stored; `worked` hears of every call that succeeds."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        wire: Wire,
        endpoints: GoogleEndpoints,
        apps: GoogleApps,
        worked: Callable[[AccountRow], Awaitable[None]],
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._wire = wire
        self._endpoints = endpoints
        self._apps = apps
        self._worked = worked

    def authorization(self, candidate: Candidate) -> Authorization:
        """Return what is to be stored of an account that signed in."""
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

    def open(self, row: AccountRow) -> InUse:
        """Make a stored account ready for calls, or say why it cannot be used as it is."""
        try:
            held = json.loads(self._vault.unseal(row.sealed))
        except VaultError as error:
            return _unusable(row, messages.text("G-419", reason=str(error)))
        made_at, asked = _origin(held["token_uri"]), _origin(self._endpoints.token)
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
        return self._with_calls(row, grant)

    def _with_calls(self, row: AccountRow, grant: Grant) -> InUse:
        async def save(renewed: Grant) -> None:
            sealed, now_ms = self._sealed(renewed), self._clock.now_ms()
            await self._database.write(
                lambda conn: accounts.save_sealed(
                    conn, account_id=row.id, authorized_at=row.authorized_at, sealed=sealed, now_ms=now_ms
                )
            )

        tokens = AccessTokens(grant, endpoint=self._endpoints.token, wire=self._wire, clock=self._clock, save=save)
        calendar = GoogleCalendar(
            wire=self._wire,
            endpoint=self._endpoints.calendar,
            tokens=tokens,
            clock=self._clock,
            worked=lambda: self._worked(row),
        )
        changes = GoogleChanges(wire=self._wire, endpoint=self._endpoints.calendar, tokens=tokens, clock=self._clock)
        return InUse(row=row, tokens=tokens, calendar=calendar, changes=changes).ready(row)

    def _sealed(self, grant: Grant) -> bytes:
        ends_ms = grant.expires_at_ms
        return self._vault.seal(
            json.dumps(
                {
                    "client_secret": grant.client_secret,
                    "refresh_token": grant.refresh_token,
                    "access_token": grant.access_token,
                    "access_expires_at_s": None if ends_ms is None else ends_ms // 1000,
                    "token_uri": self._endpoints.token,
                }
            )
        )

    def _secret_for(self, row: AccountRow) -> str | None:
        """The client secret set last is the admin's latest word, also for an account that signed in before."""
        app = self._apps.current()
        return app.client_secret.reveal() if app.client_secret is not None and row.client_id == app.client_id else None


def _unusable(row: AccountRow, why: Message) -> InUse:
    """Leave the row alone: with the right key or settings it can be used again."""
    told = replace(row, state=AccountState.AUTHORIZATION_LOST, state_code=why.code, state_text=str(why))
    return InUse(row=told, why=why)


def _origin(address: str) -> str:
    """Return scheme and host; the port is left out, because a simulated Google gets another one at every start."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}"
