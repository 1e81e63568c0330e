"""The composition root: makes every part and gives it what it needs; the only module that knows every layer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.access.admins import Admins
from gateway.accounts.accounts import Accounts
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.google_app import GoogleApps
from gateway.accounts.test_meeting import TestMeeting
from gateway.admin.door import Door, Ports
from gateway.admin.door_pages import DoorPages
from gateway.admin.google_page import Office
from gateway.admin.google_routes import add_google_pages
from gateway.admin.shell import Shell
from gateway.clock import Clock
from gateway.config import Config
from gateway.device_api.meetings import MeetingCalls
from gateway.device_api.routes import add_routes
from gateway.devices.register import Register, enrol
from gateway.domain.retry import RetryLimits
from gateway.errors import StoreError
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
from gateway.web.tls import Certificate

_LOGGER = logging.getLogger(__name__)

LOOK_AFTER_ADMINS_S = 300.0

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
        session = await stack.enter_async_context(_session(config))
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
        )


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
    certificate: Certificate
    stored: Stored
    admins: Admins
    register: Register
    outbound: Outbound

    async def accounts_changed(self) -> None:
        """Somebody signed in or out from outside this process."""
        await self.stored.apps.load()
        await self.stored.choice.load()
        await self.stored.accounts.load(anew=True)
        await self.admins.look_again()
        if self.stored.accounts.current() is not None:
            await self.outbound.account_returned()


@asynccontextmanager
async def running(
    config: Config,
    clock: Clock,
    *,
    open_database: OpenDatabase = durable_database,
    failed: Callable[[BaseException], None] = lambda error: None,
    announce: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Running]:
    """Serve until the block ends; `failed` hears of a loop that died, after which nothing is mirrored any more.

    `announce` gets the lines that only the console may show, such as the set-up code.

    Raises ConfigError, ProfileError or StoreError when it cannot start.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder(config.gateway.data_dir)
        folder.make()
        folder.lock()
        stack.callback(folder.unlock)
        certificate = Certificate(folder.path, clock, also=_names(config), announce=announce)
        making = asyncio.create_task(certificate.begin(), name="certificate")
        stack.push_async_callback(_ended, making)
        stored = await stack.enter_async_context(opened(config, clock, open_database))
        register = await _register(config, clock, stored)
        outbound = await _outbound(config, clock, stored, register)
        stored.accounts.follow(outbound.account_returned)
        admins = Admins(database=stored.database, data_dir=folder.path, clock=clock, announce=announce)
        admins.follow(stored.accounts.forget_origin)
        beside = (outbound.run(), stored.accounts.keep_clean(), certificate.keep(), _keep(admins))
        for name, work in zip(("outbound", "keep-clean", "certificate", "admins"), beside, strict=True):
            _beside(stack, name, work, failed)
        shell, ports = _shell(config, admins), Ports()
        app = _application(config, clock, stored, register, outbound, _door(shell, ports, stored, config))
        _add_pages(app, config, clock, stored, shell)
        await making
        listener = await _listen(stack, config, app, certificate)
        ports.tls = listener.tls_port
        stored.apps.listening_on(listener.port)
        announce(f"Admin page: {listener.https_for_others}/")
        announce(f"Certificate fingerprint (SHA-256): {certificate.fingerprint}")
        await admins.begin()
        yield Running(
            listener=listener,
            certificate=certificate,
            stored=stored,
            admins=admins,
            register=register,
            outbound=outbound,
        )


def _beside(
    stack: AsyncExitStack, name: str, work: Coroutine[None, None, None], failed: Callable[[BaseException], None]
) -> None:
    """Do `work` until the stack is closed."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(lambda task: _report(task, failed))
    stack.push_async_callback(_ended, task)


async def _listen(stack: AsyncExitStack, config: Config, app: web.Application, certificate: Certificate) -> Listener:
    plain, tls = config.gateway.listen, config.gateway.listen_tls
    listener = await listen(app, plain.host, plain.port)
    stack.push_async_callback(listener.close)
    await listener.open_tls(tls.host, tls.port, certificate.context)
    return listener


async def _register(config: Config, clock: Clock, stored: Stored) -> Register:
    register = await enrol(
        stored.database,
        config.devices,
        catalog=Catalog.load([builtin_folder()]),
        default_calendar=config.google.calendar,
        now_ms=clock.now_ms(),
    )
    stored.choice.follow(register.set_defaults)
    return register


def _names(config: Config) -> tuple[str, ...]:
    """Return what people may call this gateway beyond what the machine says of itself."""
    host = config.gateway.listen_tls.host
    public = urlsplit(config.gateway.public_url or "").hostname or ""
    return tuple(name for name in (host, public) if name not in ("", "0.0.0.0", "::") and name.isascii())  # noqa: S104


async def _keep(admins: Admins) -> None:
    """Keep the set-up code fresh, and what is over forgotten."""
    while True:
        with contextlib.suppress(StoreError):  # what fails now is done the next time
            await admins.tidy()
        await asyncio.sleep(LOOK_AFTER_ADMINS_S)
        await admins.look_again()


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
    config: Config, clock: Clock, stored: Stored, register: Register, outbound: Outbound, door: Middleware
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
        middlewares=[door, guard(limits.body_timeout_s, limits.body_bytes)], client_max_size=limits.body_bytes
    )
    calls = MeetingCalls(register=register, intake=intake, clock=clock)
    health = Health(
        database=stored.database, data_dir=stored.folder.path, account=lambda: _account_health(stored.accounts)
    )
    add_routes(app, calls, health)
    return app


def _shell(config: Config, admins: Admins) -> Shell:
    return Shell(admins=admins, name=config.gateway.name, public_origin=_public_origin(config))


def _door(shell: Shell, ports: Ports, stored: Stored, config: Config) -> Middleware:
    """Return what stands before the pages. The names that an admin wrote down as the gateway's are its own."""

    def own_hosts() -> frozenset[str]:
        addresses = (config.gateway.public_url or "", stored.apps.current().redirect_uri)
        return frozenset(host for each in addresses if (host := urlsplit(each).hostname))

    return Door(shell, ports, own_hosts).middleware()


def _add_pages(app: web.Application, config: Config, clock: Clock, stored: Stored, shell: Shell) -> None:
    """Put the people's door on `app`."""
    DoorPages(shell).add(app)
    office = Office(
        shell=shell,
        admins=shell.admins,
        accounts=stored.accounts,
        apps=stored.apps,
        choice=stored.choice,
        meeting=stored.test_meeting,
        clock=clock,
        zone=config.gateway.time_zone,
        own=frozenset({public} if (public := _public_origin(config)) else ()),
    )
    add_google_pages(app, office)


def _public_origin(config: Config) -> str:
    public = urlsplit(config.gateway.public_url or "")
    return f"{public.scheme}://{public.netloc}" if public.netloc else ""


def _unsealer(vault: Vault) -> Callable[[str], str]:
    return lambda sealed: vault.unseal(sealed.encode("ascii"))


def _account_health(accounts: Accounts) -> AccountHealth:
    state, text = accounts.health()
    return AccountHealth(state=state, text=text)


def _report(task: asyncio.Task[None], failed: Callable[[BaseException], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.critical("%s died", task.get_name(), exc_info=error)
        failed(error)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


async def serve(config: Config, clock: Clock, ready: Callable[[Running], None], announce: Callable[[str], None]) -> int:
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
    async with running(config, clock, failed=failed, announce=announce) as gateway:
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
