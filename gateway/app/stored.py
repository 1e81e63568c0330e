"""The parts that commands and the server share, opened and closed in order; nothing here serves or mirrors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from gateway.accounts.accounts import Accounts
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.test_meeting import TestMeeting
from gateway.clock import Clock
from gateway.config import Config
from gateway.google.way_out import WayOut
from gateway.google.wire import google_session
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.folder import DataFolder
from gateway.store.vault import Vault

OpenDatabase = Callable[[DataFolder], Database]


def durable_database(folder: DataFolder) -> Database:
    """Return the database as the product runs it."""
    return Database(folder.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The parts that commands need too: the folder, its key, its database, the Google app, the calendar accounts."""

    folder: DataFolder
    vault: Vault
    database: Database
    apps: GoogleApps
    choice: CalendarChoice
    accounts: Accounts
    test_meeting: TestMeeting
    way: WayOut
    """How calls leave for Google."""


@asynccontextmanager
async def opened(config: Config, clock: Clock, open_database: OpenDatabase = durable_database) -> AsyncIterator[Stored]:
    """Open what is stored, for a command or for the server; closed again in reverse.

    Raises StoreError when the folder or the database cannot be used.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder(config.gateway.data_dir)
        folder.make()
        vault = Vault.open(folder.path)
        migrate.prepare(folder.database, clock.now_ms())
        database = open_database(folder)
        await database.open()
        stack.push_async_callback(database.close)
        apps = GoogleApps(database=database, vault=vault, clock=clock, google=config.google, sources=config.sources)
        apps.listening_on(config.gateway.listen.port)
        await apps.load()
        choice = CalendarChoice(database=database, clock=clock, google=config.google, sources=config.sources)
        await choice.load()
        way = WayOut(config.network)
        session = await stack.enter_async_context(_session(config, way))
        accounts = Accounts(
            database=database,
            vault=vault,
            clock=clock,
            session=session,
            google=config.google,
            apps=apps,
            choice=choice,
            call_timeout_s=config.limits.call_timeout_s,
            time_zone=config.gateway.time_zone,
            devices=tuple((device.id, device.account) for device in config.devices if device.account is not None),
            way=way,
        )
        stack.push_async_callback(accounts.close)
        await accounts.load()
        test_meeting = TestMeeting(
            database=database,
            clock=clock,
            choice=choice,
            calendar=accounts.calendar,
            time_zone=config.gateway.time_zone,
        )
        yield Stored(
            folder=folder,
            vault=vault,
            database=database,
            apps=apps,
            choice=choice,
            accounts=accounts,
            test_meeting=test_meeting,
            way=way,
        )


@asynccontextmanager
async def _session(config: Config, way: WayOut) -> AsyncIterator[aiohttp.ClientSession]:
    session = google_session(config.google.endpoints, config.limits.call_timeout_s, way)
    try:
        yield session
    finally:
        await session.close()
