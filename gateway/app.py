"""The composition root: makes every part and gives it what it needs; the only module that knows every layer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from gateway.accounts.accounts import Accounts
from gateway.clock import Clock
from gateway.config import Config
from gateway.device_api.meetings import MeetingCalls
from gateway.device_api.routes import add_routes
from gateway.devices.register import Register, enrol
from gateway.domain.retry import RetryLimits
from gateway.google.wire import google_session
from gateway.mirror.delivery import Delivery
from gateway.mirror.intake import Intake
from gateway.mirror.outbound import Outbound, OutboundLimits
from gateway.operations.health import AccountHealth, Health
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store import idempotency, migrate
from gateway.store.database import Database
from gateway.store.folder import WAKE_SIGNAL, DataFolder
from gateway.store.installation import installation_id
from gateway.store.vault import Vault
from gateway.web.listeners import Listener, listen
from gateway.web.middleware import guard

_LOGGER = logging.getLogger(__name__)

OpenDatabase = Callable[[DataFolder], Database]


def durable_database(folder: DataFolder) -> Database:
    """Return the database as the product runs it."""
    return Database(folder.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The parts that commands need too: the folder, its key, its database and the calendar accounts."""

    folder: DataFolder
    vault: Vault
    database: Database
    accounts: Accounts


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
        session = await stack.enter_async_context(_session(config))
        accounts = Accounts(
            database=database,
            vault=vault,
            clock=clock,
            session=session,
            google=config.google,
            call_timeout_s=config.limits.call_timeout_s,
        )
        stack.push_async_callback(accounts.close)
        await accounts.load()
        yield Stored(folder=folder, vault=vault, database=database, accounts=accounts)


@asynccontextmanager
async def _session(config: Config) -> AsyncIterator[aiohttp.ClientSession]:
    session = google_session(config.google.endpoints, config.limits.call_timeout_s)
    try:
        yield session
    finally:
        await session.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A gateway that serves: where it listens, and what is inside for those who started it."""

    listener: Listener
    stored: Stored
    register: Register
    outbound: Outbound

    async def accounts_changed(self) -> None:
        """Somebody signed in or out from outside this process."""
        await self.stored.accounts.load()
        if self.stored.accounts.current() is not None:
            await self.outbound.account_returned()


@asynccontextmanager
async def running(
    config: Config,
    clock: Clock,
    *,
    open_database: OpenDatabase = durable_database,
    failed: Callable[[BaseException], None] = lambda error: None,
) -> AsyncIterator[Running]:
    """Serve until the block ends; `failed` hears of a loop that died, after which nothing is mirrored any more.

    Raises ConfigError, ProfileError or StoreError when it cannot start.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder(config.gateway.data_dir)
        folder.make()
        folder.lock()
        stack.callback(folder.unlock)
        stored = await stack.enter_async_context(opened(config, clock, open_database))
        register = await enrol(
            stored.database,
            config.devices,
            catalog=Catalog.load([builtin_folder()]),
            default_calendar=config.google.calendar,
            now_ms=clock.now_ms(),
        )
        outbound = await _outbound(config, clock, stored, register)
        loop = asyncio.create_task(outbound.run(), name="outbound")
        loop.add_done_callback(lambda task: _report(task, failed))
        stack.push_async_callback(_ended, loop)
        listener = await listen(
            _application(config, clock, stored, register, outbound),
            config.gateway.listen.host,
            config.gateway.listen.port,
        )
        stack.push_async_callback(listener.close)
        yield Running(listener=listener, stored=stored, register=register, outbound=outbound)


async def _outbound(config: Config, clock: Clock, stored: Stored, register: Register) -> Outbound:
    database = stored.database
    await database.write(lambda conn: idempotency.purge(conn, clock.now_ms()))
    installation = await database.read(installation_id)
    limits = config.limits
    outbound = Outbound(
        database=database,
        clock=clock,
        source=stored.accounts,
        delivery=Delivery(
            database=database,
            installation_id=installation,
            unseal=_unsealer(stored.vault),
            now_ms=clock.now_ms,
        ),
        policy=register.policy,
        installation_id=installation,
        limits=OutboundLimits(
            in_flight=limits.in_flight,
            lease_s=limits.call_timeout_s * 6,
            retry=RetryLimits(first_s=limits.retry_first_s, cap_s=limits.retry_cap_s),
        ),
        owner=f"process {os.getpid()}",
        chance=random.random,
    )
    await outbound.recover()
    return outbound


def _application(
    config: Config, clock: Clock, stored: Stored, register: Register, outbound: Outbound
) -> web.Application:
    intake = Intake(
        database=stored.database,
        clock=clock,
        fingerprint_key=stored.vault.fingerprint_key,
        seal=lambda text: stored.vault.seal(text).decode("ascii"),
        unseal=_unsealer(stored.vault),
        wake=outbound.wake,
    )
    limits = config.limits
    app = web.Application(
        middlewares=[guard(limits.body_timeout_s, limits.body_bytes)], client_max_size=limits.body_bytes
    )
    calls = MeetingCalls(register=register, intake=intake, clock=clock)
    health = Health(
        database=stored.database, data_dir=stored.folder.path, account=lambda: _account_health(stored.accounts)
    )
    add_routes(app, calls, health)
    return app


def _unsealer(vault: Vault) -> Callable[[str], str]:
    return lambda sealed: vault.unseal(sealed.encode("ascii"))


def _account_health(accounts: Accounts) -> AccountHealth:
    status = accounts.status()
    if status is None:
        return AccountHealth(
            state="none", text="No Google account is authorized yet. Run: meeting-gateway google login"
        )
    return AccountHealth(state=status.state, text=status.text)


def _report(task: asyncio.Task[None], failed: Callable[[BaseException], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.critical("%s died", task.get_name(), exc_info=error)
        failed(error)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


async def serve(config: Config, clock: Clock, ready: Callable[[Running], None]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. `ready` is called once meetings can be accepted."""
    stop, woken = asyncio.Event(), asyncio.Event()
    died: list[BaseException] = []

    def failed(error: BaseException) -> None:
        died.append(error)
        stop.set()

    loop = asyncio.get_running_loop()
    # Before the folder is locked: from then on commands may send the signal, which would end a process without it.
    loop.add_signal_handler(WAKE_SIGNAL, woken.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config, clock, failed=failed) as gateway:
        watch = asyncio.create_task(_watch_accounts(gateway, woken), name="accounts")
        watch.add_done_callback(lambda task: _report(task, failed))
        _LOGGER.info("ready", extra={"address": gateway.listener.url, "devices": len(gateway.register)})
        ready(gateway)
        await stop.wait()
        _LOGGER.info("stopping")
        await _ended(watch)
    return 1 if died else 0


async def _watch_accounts(gateway: Running, woken: asyncio.Event) -> None:
    while True:
        await woken.wait()
        woken.clear()
        await gateway.accounts_changed()
