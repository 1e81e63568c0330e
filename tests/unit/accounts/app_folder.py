"""A data folder for the Google app, in which gateways start one after the other, and what admins enter there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gateway.accounts.credentials_file import Credentials
from gateway.accounts.google_app import AppEntry, Audience, GoogleApps
from gateway.config import GoogleSection, Secret
from gateway.domain.actor import Actor
from gateway.errors import SignInError
from gateway.store import accounts, audit
from gateway.store.accounts import AccountState, Authorization
from gateway.store.database import Database
from gateway.store.vault import Vault
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

ID = "1-a.apps.googleusercontent.com"
OTHER_ID = "2-b.apps.googleusercontent.com"
SECRET = "GOCSPX-canary-secret-wxyz"
DEFAULT = "http://127.0.0.1:8765/oauth/google/callback"
PUBLIC = "https://pbx.example.com/oauth/google/callback"
ADMIN = Actor(name="admin:Ann", source="192.0.2.7")
TYPED = AppEntry(client_id=ID, client_secret=Secret(SECRET), audience=Audience.INTERNAL)


def credentials(**changes: object) -> Credentials:
    web = Credentials(
        kind="web", client_id=ID, client_secret=Secret(SECRET), project_id="project-1", redirect_uris=(PUBLIC, DEFAULT)
    )
    return replace(web, **changes)  # type: ignore[arg-type]


@dataclass
class Folder:
    """A data folder, in which gateways start one after the other."""

    path: Path
    clock: MovedClock = field(default_factory=MovedClock)
    database: Database = field(init=False)

    @contextlib.asynccontextmanager
    async def apps(
        self, google: GoogleSection | None = None, sources: Mapping[str, str] | None = None
    ) -> AsyncIterator[GoogleApps]:
        vault = Vault.open(self.path)
        file = self.path / "gateway.db"
        give_database(file, self.clock.now_ms())
        database = self.database = Database(file)
        await database.open()
        made = GoogleApps(
            database=database, vault=vault, clock=self.clock, google=google or GoogleSection(), sources=sources or {}
        )
        await made.load()
        try:
            yield made
        finally:
            await database.close()

    def sql(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(self.path / "gateway.db", isolation_level=None))

    def authorized(self, client_id: str, email: str = "rooms@example.com") -> None:
        """Somebody signed in through that client."""
        new = Authorization(
            kind="google",
            subject="1",
            email=email,
            client_id=client_id,
            scopes="openid",
            sealed=b"sealed",
            access_ends_at=None,
        )
        with self.sql() as conn:
            accounts.authorize(conn, new, self.clock.now_ms())

    def account_state(self) -> tuple[AccountState, str]:
        with self.sql() as conn:
            row = accounts.current(conn)
        assert row is not None
        return row.state, row.state_code

    def audited(self) -> list[tuple[str, str, str, str]]:
        with self.sql() as conn:
            rows = audit.everything(conn)
        return [(row[1], row[2], row[3], row[4]) for row in rows]


async def refused(apps: GoogleApps, entry: AppEntry, *, confirmed: bool = False) -> SignInError:
    """The refusal, after which nothing is different."""
    before = apps.current()
    with pytest.raises(SignInError) as caught:
        await apps.save(entry, ADMIN, confirmed=confirmed)
    assert apps.current() == before
    assert "canary" not in str(caught.value) + str(caught.value.values)
    return caught.value


async def saved(apps: GoogleApps, entry: AppEntry, *, confirmed: bool = False) -> list[str]:
    return [note.code for note in await apps.save(entry, ADMIN, confirmed=confirmed)]
