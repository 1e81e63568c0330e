"""A stored authorization made ready for calls, and sealed again when it changes; whether it works is not judged."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gateway import messages
from gateway.accounts.google_app import GoogleApps
from gateway.clock import Clock
from gateway.config import GoogleSection
from gateway.domain.busy import AccountBusy, BusySource
from gateway.domain.feed import AccountFeed
from gateway.domain.target import AccountTarget
from gateway.google.calendar import GoogleCalendar
from gateway.google.changes import GoogleChanges
from gateway.google.free_busy import FreeBusy
from gateway.google.scopes import Feature, allows
from gateway.google.service_account import Impersonation, ServiceKey
from gateway.google.tokens import AccessTokens, Grant
from gateway.google.wire import Wire
from gateway.messages import Message
from gateway.store import accounts
from gateway.store.accounts import AccountRow, AccountState
from gateway.store.database import Database
from gateway.store.vault import Vault, VaultError

KIND = "google"
"""A person signed in."""
SERVICE_KIND = "google-service"
"""A service account that acts for a person of its Workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """An account as stored, and what calls with it.

    `tokens`, `calendar`, `changes` and `busy` are None when this process may not use the authorization, and `why` says
    so; `busy` also where looking up busy times was not allowed. `target` is None while nothing may be mirrored with it.
    """

    row: AccountRow
    tokens: AccessTokens | None = None
    calendar: GoogleCalendar | None = None
    changes: GoogleChanges | None = None
    busy: BusySource | None = None
    target: AccountTarget | None = None
    why: Message | None = None
    read_only: bool = False

    def is_of(self, row: AccountRow) -> bool:
        """Whether this is the very authorization of `row`, and not a later one of the same account."""
        return (self.row.id, self.row.authorized_at) == (row.id, row.authorized_at)

    def ready(self, row: AccountRow) -> InUse:
        """Return the same with `row`, and a target to mirror to if it can be used."""
        usable = self.calendar is not None and row.state is not AccountState.AUTHORIZATION_LOST
        target = (
            AccountTarget(
                account_id=row.id,
                target=self.calendar,
                authorized_at=row.authorized_at,
                email=row.email,
                project=project_of(row.client_id),
                read_only=self.read_only or not allows(row.scopes.split(), Feature.WRITE),
            )
            if usable and self.calendar is not None
            else None
        )
        return replace(self, row=row, target=target)

    @property
    def feed(self) -> AccountFeed | None:
        """How the changes of its calendars are read, None while it may not be used."""
        if self.target is None or self.changes is None:
            return None
        return AccountFeed(account=self.target, feed=self.changes)

    @property
    def busy_source(self) -> AccountBusy | None:
        """Where its busy times come from, None while it may not be used."""
        return None if self.target is None else AccountBusy(account=self.target, source=self.busy)


class Opener:
    """Opens what is stored of an account and seals what is to be stored; `worked` hears of every call that succeeds."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        wire: Wire,
        google: GoogleSection,
        apps: GoogleApps,
        worked: Callable[[AccountRow], Awaitable[None]],
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._wire = wire
        self._google = google
        self._endpoints = google.endpoints
        self._apps = apps
        self._worked = worked

    def open(self, row: AccountRow) -> InUse:
        """Make a stored account ready for calls, or say why it cannot be used as it is."""
        expected = self._google.expected_account
        if expected is not None and row.email.casefold() != expected.casefold():
            return _unusable(row, messages.text("G-521", expected=expected, email=row.email))
        try:
            held = json.loads(self._vault.unseal(row.sealed))
        except VaultError as error:
            return _unusable(row, messages.text("G-419", reason=str(error)))
        made_at, asked = _origin(held["token_uri"]), _origin(self._endpoints.token)
        if made_at != asked:  # a refresh token goes to nobody but who gave it
            return _unusable(row, messages.text("G-418", old=made_at, new=asked))
        return self._with_calls(row, self._grant(row, held))

    def sealed(self, grant: Grant) -> bytes:
        """Return what is stored of a grant; nothing of it can be read without the key file."""
        ends_ms = grant.expires_at_ms
        held: dict[str, object] = {
            "client_secret": grant.client_secret,
            "refresh_token": grant.refresh_token,
            "access_token": grant.access_token,
            "access_expires_at_s": None if ends_ms is None else ends_ms // 1000,
            "token_uri": self._endpoints.token,
        }
        if grant.acting is not None:
            key = grant.acting.key
            held["service_key"] = {name: getattr(key, name) for name in ServiceKey.__slots__}
            held["user"], held["scopes"] = grant.acting.user, list(grant.acting.scopes)
        return self._vault.seal(json.dumps(held))

    def key_of(self, row: AccountRow) -> ServiceKey | None:
        """Return the key of a stored service account, None when it cannot be read."""
        try:
            held = json.loads(self._vault.unseal(row.sealed))
        except VaultError:
            return None
        acting = _acting(held)
        return acting.key if acting is not None else None

    def tokens(self, grant: Grant, save: Callable[[Grant], Awaitable[None]]) -> AccessTokens:
        """Return the access tokens of a grant; `save` gets each new one."""
        return AccessTokens(grant, endpoint=self._endpoints.token, wire=self._wire, clock=self._clock, save=save)

    def _grant(self, row: AccountRow, held: Mapping[str, object]) -> Grant:
        ends_s, access = held["access_expires_at_s"], held["access_token"]
        return Grant(
            client_id=row.client_id,
            client_secret=self._secret_for(row) or str(held["client_secret"]),
            refresh_token=str(held["refresh_token"]),
            access_token=access if isinstance(access, str) else None,
            expires_at_ms=ends_s * 1000 if isinstance(ends_s, int) else None,
            acting=_acting(held),
        )

    def _with_calls(self, row: AccountRow, grant: Grant) -> InUse:
        async def save(renewed: Grant) -> None:
            sealed, now_ms = self.sealed(renewed), self._clock.now_ms()
            await self._database.write(
                lambda conn: accounts.save_sealed(
                    conn, account_id=row.id, authorized_at=row.authorized_at, sealed=sealed, now_ms=now_ms
                )
            )

        tokens, endpoint = self.tokens(grant, save), self._endpoints.calendar
        calendar = GoogleCalendar(
            wire=self._wire,
            endpoint=endpoint,
            tokens=tokens,
            clock=self._clock,
            worked=lambda: self._worked(row),
        )
        changes = GoogleChanges(wire=self._wire, endpoint=endpoint, tokens=tokens, clock=self._clock)
        busy = None
        if allows(row.scopes.split(), Feature.BUSY):
            busy = FreeBusy(wire=self._wire, endpoint=endpoint, tokens=tokens, clock=self._clock)
        read_only = self._google.read_only
        opened = InUse(row=row, tokens=tokens, calendar=calendar, changes=changes, busy=busy, read_only=read_only)
        return opened.ready(row)

    def _secret_for(self, row: AccountRow) -> str | None:
        """The client secret set last is the admin's latest word, also for an account that signed in before."""
        app = self._apps.current()
        return app.client_secret.reveal() if app.client_secret is not None and row.client_id == app.client_id else None


def project_of(client_id: str) -> str:
    """Return the number of the Google project that a client belongs to: client IDs of a project begin with it."""
    found = re.match(r"([0-9]+)-", client_id)
    return found[1] if found is not None else client_id


def _acting(held: Mapping[str, object]) -> Impersonation | None:
    key, scopes = held.get("service_key"), held.get("scopes")
    if not isinstance(key, dict) or not isinstance(scopes, list):
        return None
    return Impersonation(key=ServiceKey(**key), user=str(held["user"]), scopes=tuple(map(str, scopes)))


def _unusable(row: AccountRow, why: Message) -> InUse:
    """Leave the row alone: with the right key or settings it can be used again."""
    told = replace(row, state=AccountState.AUTHORIZATION_LOST, state_code=why.code, state_text=str(why))
    return InUse(row=told, why=why)


def _origin(address: str) -> str:
    """Return scheme and host; the port is left out, because a simulated Google gets another one at every start."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}"
