"""Verbs about who and what there is in the simulated Cloud project: clients, accounts, the API; others: `usecases`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from simulator.google import service_accounts
from simulator.google.errors import DisabledShape
from simulator.google.identities import DEFAULT_CLIENT_ID, Account, Client, ClientKind, Publishing
from simulator.google.quotas import SCOPES, Quota, QuotaPreset, QuotaScope, QuotaShape, preset
from simulator.google.scopes import settled
from simulator.google.service_accounts import ServiceAccount
from simulator.google.state import GoogleState

_ACCOUNT_NAME = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
WhichSecret = Literal["older", "newest"]


class CannotDo(ValueError):
    """A verb was asked for something that does not exist here; the text says what."""


class ProjectVerbs:
    """The verbs of the project; without `client_id` about the Desktop client, without `account` about the first."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def add_account(self, email: str, name: str | None = None, time_zone: str = "Europe/Berlin") -> Account:
        """Another person with a primary calendar."""
        return self._state.add_account(email, name=name, time_zone=time_zone)

    def set_client(
        self,
        client_id: str = DEFAULT_CLIENT_ID,
        secret: str | None = None,
        kind: ClientKind | None = None,
        name: str | None = None,
        redirect_uris: Sequence[str] | None = None,
        publishing: Publishing | None = None,
        test_users: Sequence[str] | None = None,
        deleted: bool | None = None,
        trusted: bool | None = None,
        verified: bool | None = None,
    ) -> Client:
        """Change an OAuth client, or make one; what is None stays as it is. `secret` replaces the newest secret."""
        client = self._state.clients.get(client_id)
        if client is None:
            client = Client(client_id=client_id, secret=secret or self._state.minter.client_secret())
            self._state.clients[client_id] = client
        given: dict[str, Any] = {
            "secret": secret,
            "kind": kind,
            "name": name,
            "publishing": publishing,
            "deleted": deleted,
            "trusted": trusted,
            "verified": verified,
        }
        for attribute, value in given.items():
            if value is not None:
                setattr(client, attribute, value)
        if redirect_uris is not None:
            client.redirect_uris = tuple(redirect_uris)
        if test_users is not None:
            client.test_users = tuple(test_users)
        return client

    def add_secret(self, client_id: str = DEFAULT_CLIENT_ID) -> dict[str, str]:
        """Give a client a second secret, to which a gateway can move while the older one still works."""
        client = self._client(client_id)
        if client.older_secret is not None:
            raise CannotDo("This client has two secrets already. Delete one first.")
        client.older_secret, client.secret = client.secret, self._state.minter.client_secret()
        return {"client_id": client_id, "client_secret": client.secret}

    def delete_secret(self, client_id: str = DEFAULT_CLIENT_ID, which: WhichSecret = "older") -> None:
        """Delete one of two secrets; the last one cannot be deleted."""
        client = self._client(client_id)
        if client.older_secret is None:
            raise CannotDo("A client keeps one secret at least. Add another one first.")
        client.secret = client.secret if which == "older" else client.older_secret
        client.older_secret = None

    def create_service_account(self, name: str = "meeting-gateway") -> dict[str, str]:
        """A service account with a key, or another key for one that is there; gives its credentials file."""
        if not _ACCOUNT_NAME.fullmatch(name):
            raise CannotDo("The name must be 6 to 30 characters of a-z, 0-9 and -, with a letter first.")
        email = service_accounts.address(name)
        account = self._state.service_accounts.get(email)
        if account is None:
            account = ServiceAccount(email=email, unique_id=self._state.minter.account_number())
            self._state.service_accounts[email] = account
        return service_accounts.new_key(account, self._state.minter.key_id(), self._state.base)

    def set_service_account(
        self, email: str, deleted: bool | None = None, without_keys: bool | None = None
    ) -> ServiceAccount:
        """Delete or restore a service account, or take all its keys away (`without_keys`)."""
        account = self._service_account(email)
        if deleted is not None:
            account.deleted = deleted
        if without_keys:
            account.keys.clear()
        return account

    def delegate(self, email: str, scopes: Sequence[str] = ()) -> ServiceAccount:
        """The organisation's administrator lets a service account act for its people, with exactly these scopes."""
        account = self._service_account(email)
        account.delegated = settled(scopes)
        return account

    def set_calendar_user(self, enabled: bool, account: str | None = None) -> None:
        """Turn Google Calendar on or off for an account; off, every Calendar call is 403 `notACalendarUser`."""
        self._account(account).has_calendar = enabled

    def require_reauth(self, account: str | None = None, needed: bool = True) -> None:
        """Workspace session control asks for a new sign-in: refreshing answers `invalid_rapt`."""
        self._account(account).needs_reauth = needed

    def set_behaviour(
        self,
        restore_cancelled: bool | None = None,
        api_enabled: bool | None = None,
        api_disabled_shape: DisabledShape | None = None,
        wrong_secret: str | None = None,
        reset_exceptions: bool | None = None,
        sync_token_life_s: float | None = None,
        updated_min_life_s: float | None = None,
    ) -> None:
        """Choose between the ways Google is known to behave; what is None stays as it is."""
        settings = self._state.settings
        if sync_token_life_s is not None:
            settings.sync_token_life_s = sync_token_life_s
        if updated_min_life_s is not None:
            settings.updated_min_life_s = updated_min_life_s
        if restore_cancelled is not None:
            settings.restore_cancelled = restore_cancelled
        if reset_exceptions is not None:
            settings.reset_exceptions = reset_exceptions
        if api_enabled is not None:
            settings.api_enabled = api_enabled
        if api_disabled_shape is not None:
            settings.api_disabled_shape = api_disabled_shape
        if wrong_secret is not None:
            settings.wrong_secret = wrong_secret

    def set_quota(
        self,
        scope: QuotaScope,
        limit: int | None,
        per_s: float = 60.0,
        status: int = 403,
        reason: str | None = None,
        retry_after: bool = False,
        shape: QuotaShape = "both",
        rest_s: float = 0.0,
        refused_count: bool = False,
    ) -> None:
        """Let only `limit` through in every `per_s` seconds of the simulated clock; None takes the quota away.

        `scope`: calls of the whole `project`, of each `account`, writes to each `calendar`; or `guests` from outside
        that an account invites, `calendars` it makes, `events` it makes. The others are told in `quotas.Quota`.
        """
        if scope not in SCOPES or status not in (403, 429) or per_s <= 0:
            raise CannotDo(f"A quota is about one of {', '.join(SCOPES)}, with the status 403 or 429.")
        if limit is None:
            self._state.quotas.remove(scope)
            return
        self._state.quotas.set(
            Quota(
                scope=scope,
                limit=limit,
                per_s=per_s,
                status=status,
                reason=reason,
                retry_after=retry_after,
                shape=shape,
                rest_s=rest_s,
                refused_count=refused_count,
            )
        )

    def set_quotas(self, name: QuotaPreset) -> None:
        """`google`: every quota as Google documents it; `none`: no quotas, as at the start."""
        for scope in SCOPES:
            self._state.quotas.remove(scope)
        for quota in preset(name):
            self._state.quotas.set(quota)

    def _client(self, client_id: str) -> Client:
        if client_id not in self._state.clients:
            raise CannotDo(f"There is no client {client_id}.")
        return self._state.clients[client_id]

    def _service_account(self, email: str) -> ServiceAccount:
        if email not in self._state.service_accounts:
            raise CannotDo(f"There is no service account {email}.")
        return self._state.service_accounts[email]

    def _account(self, email: str | None) -> Account:
        chosen = email or next(iter(self._state.accounts))
        if chosen not in self._state.accounts:
            raise CannotDo(f"There is no account {chosen}.")
        return self._state.accounts[chosen]
