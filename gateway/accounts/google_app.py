"""The Google app (OAuth client) in effect: from the settings, else saved on the page; kept, changed and forgotten."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from gateway import messages
from gateway.accounts.app_entry import AppEntry, AppKind, Audience, GoogleApp, JudgedApp, judge
from gateway.accounts.redirects import UNKNOWN_PORT, default_redirect
from gateway.clock import Clock
from gateway.config import GoogleEndpoints, GoogleSection, Secret, set_by
from gateway.domain.actor import Actor
from gateway.errors import StoreError
from gateway.google.failures import refusal
from gateway.messages import Message
from gateway.store import accounts, audit, settings
from gateway.store.accounts import AccountState
from gateway.store.database import Database
from gateway.store.settings import SettingRow
from gateway.store.vault import Vault, VaultError

__all__ = ["AppEntry", "Audience", "GoogleApp", "GoogleApps"]

_OF_A_PERSON = "google"
"""The kind of account that a client is for; a service account has none."""

_FIELDS = ("client_id", "client_secret", "redirect_uri")
_NAMES = (*_FIELDS, "audience", "kind", "project_id", "registered_redirects")
_KEYS = tuple(f"google.{name}" for name in _NAMES)

T = TypeVar("T")

_log = logging.getLogger(__name__)


class GoogleApps:
    """The one place that knows the client. What the settings say is locked; the rest is saved in the database.

    Saved values belong to the saved client ID: when the settings name another one, its secret and details do not count.
    """

    def __init__(
        self, *, database: Database, vault: Vault, clock: Clock, google: GoogleSection, sources: Mapping[str, str]
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._google = google
        self._locked = MappingProxyType(
            {
                name: set_by(sources, f"google.{name}") or "the settings"
                for name in _FIELDS
                if getattr(google, name) is not None
            }
        )
        self._port = UNKNOWN_PORT
        self._one_at_a_time = asyncio.Lock()
        self._saved: dict[str, SettingRow] = {}
        self._current = self._effective({})
        self._followers: list[Callable[[], Awaitable[None]]] = []

    def listening_on(self, port: int) -> None:
        """Make the default redirect address lead to `port` (0: not known yet)."""
        self._port = port or UNKNOWN_PORT
        self._current = self._effective(self._saved)

    def follow(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Call `changed` after every save and reset, and before they return."""
        self._followers.append(changed)

    async def load(self) -> None:
        """Read what is saved: at the start, and after another process saved."""
        async with self._one_at_a_time:
            self._use(await self._database.read(lambda conn: settings.read(conn, _KEYS)))

    def current(self) -> GoogleApp:
        """Return the client in effect."""
        return self._current

    async def save(self, entry: AppEntry, by: Actor, *, confirmed: bool = False) -> tuple[Message, ...]:
        """Keep what was entered, all of it or nothing, and return what is worth telling.

        Raises SignInError with its `field`: G-101 to G-105, G-107 to G-109, G-117; without `confirmed` also G-114 (the
        redirect address is not in the file) and G-116 (the client of the account in use is replaced, which ends that
        authorization); G-118 when the store refuses.
        """

        def work(conn: sqlite3.Connection) -> tuple[dict[str, SettingRow], tuple[Message, ...]]:
            rows, now_ms = settings.read(conn, _KEYS), self._clock.now_ms()
            before = self._effective(rows)
            judged = judge(entry, before, at_google=self._at_google(), confirmed=confirmed)
            if judged.client_id != before.client_id:
                _end_authorization(conn, judged.client_id, judged.client_field, now_ms, confirmed=confirmed)
            self._keep(conn, judged, rows, now_ms)
            detail = "with a new secret" if judged.new_secret is not None else ""
            _audit(conn, now_ms, by, "google.app-saved", judged.client_id, detail)
            return settings.read(conn, _KEYS), judged.notes

        return await self._written(work)

    async def reset(self, by: Actor, *, confirmed: bool = False) -> None:
        """Forget what was saved. Raises SignInError G-116 and G-118 as `save` does."""

        def work(conn: sqlite3.Connection) -> tuple[dict[str, SettingRow], None]:
            before, now_ms = self._effective(settings.read(conn, _KEYS)), self._clock.now_ms()
            left = self._effective({})
            if left.client_id != before.client_id:
                _end_authorization(conn, left.client_id, "client_id", now_ms, confirmed=confirmed)
            settings.remove(conn, _KEYS)
            _audit(conn, now_ms, by, "google.app-reset", before.client_id, "")
            return {}, None

        await self._written(work)

    async def _written(self, work: Callable[[sqlite3.Connection], tuple[dict[str, SettingRow], T]]) -> T:
        """Run one transaction, use what it saved, and let those who depend on the client know."""
        async with self._one_at_a_time:
            try:
                rows, result = await self._database.write(work)
            except StoreError as error:
                raise refusal("G-118", reason=str(error)) from error
            self._use(rows)
        for changed in self._followers:
            try:
                await changed()
            except StoreError as error:  # what was saved stands; they read it again at their next chance
                _log.warning("the new Google app could not be taken over everywhere: %s", error)
        return result

    def _use(self, rows: dict[str, SettingRow]) -> None:
        self._saved = rows
        self._current = self._effective(rows)
        if self._current.unreadable:
            _log.warning("the saved client secret cannot be read: %s", self._current.unreadable)

    def _at_google(self) -> bool:
        return self._google.endpoints.token == GoogleEndpoints().token

    def _effective(self, rows: Mapping[str, SettingRow]) -> GoogleApp:
        """Put what was saved under what the settings say."""
        saved = {name: rows[f"google.{name}"].value for name in _NAMES if f"google.{name}" in rows}
        client_id = self._google.client_id or saved.get("client_id", "")
        own = client_id == saved.get("client_id")
        secret, unreadable = self._google.client_secret, ""
        if secret is None and own and "client_secret" in saved:
            secret, unreadable = self._unsealed(saved["client_secret"])
        default = default_redirect(self._port)
        return GoogleApp(
            client_id=client_id,
            client_secret=secret,
            redirect_uri=self._google.redirect_uri or saved.get("redirect_uri") or default,
            audience=_audience(saved.get("audience", "")),
            kind=_kind(saved.get("kind", "")) if own else "",
            project_id=saved.get("project_id", "") if own else "",
            registered=_addresses(saved.get("registered_redirects", "")) if own else (),
            locked=self._locked,
            default_redirect=default,
            unreadable=unreadable,
        )

    def _unsealed(self, sealed: str) -> tuple[Secret | None, str]:
        """Return the saved secret, or why it cannot be read: the key file is gone or another one."""
        try:
            return Secret(self._vault.unseal(sealed.encode("ascii", "replace"))), ""
        except VaultError as error:
            return None, str(error)

    def _keep(self, conn: sqlite3.Connection, judged: JudgedApp, rows: Mapping[str, SettingRow], now_ms: int) -> None:
        """Write what was judged; a saved secret never gets to another client than it was saved for."""
        values = {
            "client_id": judged.client_id,
            "audience": judged.audience.value,
            "kind": judged.kind,
            "project_id": judged.project_id,
            "registered_redirects": json.dumps(judged.registered),
        }
        if "redirect_uri" not in self._locked:
            values["redirect_uri"] = judged.redirect_uri
        for name, value in values.items():
            settings.put(conn, f"google.{name}", value, now_ms=now_ms)
        if judged.new_secret is not None:
            sealed = self._vault.seal(judged.new_secret.reveal()).decode("ascii")
            settings.put(conn, "google.client_secret", sealed, sealed=True, now_ms=now_ms)
        elif "google.client_id" not in rows or rows["google.client_id"].value != judged.client_id:
            settings.remove(conn, ["google.client_secret"])


def _end_authorization(
    conn: sqlite3.Connection, client_id: str, client_field: str, now_ms: int, *, confirmed: bool
) -> None:
    """End every authorization that another client than `client_id` was given, when somebody confirmed that."""
    ended = [
        row
        for row in accounts.every(conn)
        if row.kind == _OF_A_PERSON and row.client_id != client_id and row.state is not AccountState.AUTHORIZATION_LOST
    ]
    if ended and not confirmed:
        raise refusal("G-116", field=client_field, email=", ".join(row.email for row in ended))
    for row in ended:
        accounts.set_state(
            conn,
            account_id=row.id,
            authorized_at=row.authorized_at,
            state=AccountState.AUTHORIZATION_LOST,
            code="G-116",
            text=messages.text("G-116", ended=row.email).title,
            now_ms=now_ms,
        )


def _audit(conn: sqlite3.Connection, now_ms: int, by: Actor, action: str, client_id: str, detail: str) -> None:
    audit.write(conn, at_ms=now_ms, actor=by.name, source=by.source, action=action, object_=client_id, detail=detail)


def _audience(saved: str) -> Audience:
    return next((each for each in Audience if each == saved), Audience.UNKNOWN)


def _kind(saved: str) -> AppKind:
    return "web" if saved == "web" else "installed" if saved == "installed" else ""


def _addresses(saved: str) -> tuple[str, ...]:
    try:
        listed = json.loads(saved or "[]")
    except ValueError:
        return ()
    return tuple(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()
