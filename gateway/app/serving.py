"""A gateway that serves, from its start to its end; what its parts are made of lives beside this file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from gateway.access.admins import Admins
from gateway.access.api_keys import ApiKeys
from gateway.admin.door import Ports
from gateway.app.alerting import made_alerts
from gateway.app.doors import application, made_door, made_shell, names, opened_doors
from gateway.app.keeping import made_keeping
from gateway.app.mirroring import Mirroring, made_mirroring
from gateway.app.neighbourhood import announce_at, made_discovery
from gateway.app.pages.everything import add_pages
from gateway.app.pages.parts import Parts
from gateway.app.stored import OpenDatabase, Stored, durable_database, opened
from gateway.clock import Clock
from gateway.config import Config
from gateway.device_api.door import DeviceDoor
from gateway.device_api.kept_calls import work_off
from gateway.devices.register import Register
from gateway.errors import GatewayError, StoreError
from gateway.mirror.outbound.outbound import Outbound
from gateway.operations.settings.address import NewAddress
from gateway.operations.settings.desk import SettingsDesk
from gateway.store.folder import WAKE_SIGNAL, DataFolder
from gateway.web.listeners import Listener
from gateway.web.tls import Certificate

_LOGGER = logging.getLogger(__name__)

LOOK_AFTER_ADMINS_S = 300.0
CHANGED_AGAIN_S = 5.0
AGAIN = -1
"""What `serve` returns when the gateway is to be started again, with its settings read anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A gateway that serves: where it listens, and what is inside for those who started it."""

    listener: Listener
    certificate: Certificate
    stored: Stored
    admins: Admins
    mirroring: Mirroring
    door: DeviceDoor
    settings: SettingsDesk
    woken: Sequence[Callable[[], Awaitable[None]]] = ()

    @property
    def register(self) -> Register:
        """The devices that are served."""
        return self.mirroring.register

    @property
    def outbound(self) -> Outbound:
        """What writes to the calendar."""
        return self.mirroring.outbound

    async def accounts_changed(self) -> None:
        """Somebody signed in or out from outside this process, or wants something else of it."""
        for each in self.woken:
            await each()
        await self.stored.apps.load()
        await self.stored.choice.load()
        await self.stored.accounts.load(anew=True)
        await self.admins.look_again()
        if self.stored.accounts.usable():
            await self.outbound.account_returned()
        await self.mirroring.changed_outside()
        kept = await self.mirroring.neighbourhood.visitors.reload(self.stored.database)
        await work_off(self.door, kept)


@asynccontextmanager
async def running(
    config: Config,
    clock: Clock,
    *,
    open_database: OpenDatabase = durable_database,
    failed: Callable[[BaseException], None] = lambda error: None,
    announce: Callable[[str], None] = lambda line: None,
    restart: Callable[[], None] | None = None,
) -> AsyncIterator[Running]:
    """Serve until the block ends; `failed` hears of a loop that died, after which nothing is mirrored any more.

    `announce` gets the lines that only the console may show, such as the set-up code. `restart` is what the page calls
    to have the gateway started again, None where nobody would.

    Raises ConfigError, ProfileError or StoreError when it cannot start.
    """
    async with AsyncExitStack() as stack:
        folder = DataFolder(config.gateway.data_dir)
        folder.make()
        folder.lock()
        stack.callback(folder.unlock)
        certificate = Certificate(folder.path, clock, also=names(config), announce=announce)
        making = asyncio.create_task(certificate.begin(), name="certificate")
        stack.push_async_callback(_ended, making)
        stored = await stack.enter_async_context(opened(config, clock, open_database))
        mirroring = await made_mirroring(config, clock, stored)
        alerts = await made_alerts(config, clock, stored)
        stack.push_async_callback(mirroring.neighbourhood.keeper.close)
        settings = SettingsDesk(config=config, vault=stored.vault, database=stored.database, clock=clock)
        listeners: list[Listener] = []
        address = NewAddress(desk=settings, clock=clock, doors=lambda: listeners[0] if listeners else None)
        admins = Admins(database=stored.database, data_dir=folder.path, clock=clock, announce=announce)
        admins.follow(stored.accounts.forget_origin)
        beside = {
            **mirroring.loops(),
            "alerts": alerts.run(),
            "keep-clean": stored.accounts.keep_clean(),
            "certificate": certificate.keep(),
            "address": address.run(),
            "admins": _keep(admins),
            "backups": made_keeping(config, clock, folder).backups.run(),
        }
        for name, work in beside.items():
            _beside(stack, name, work, failed)
        shell, ports = made_shell(config, clock, admins), Ports()
        app, door, health = application(config, clock, stored, mirroring, made_door(shell, ports, stored, config))
        gateway: list[Running] = []
        woken: list[Callable[[], Awaitable[None]]] = []

        async def changed() -> None:
            for each in gateway:
                await each.accounts_changed()

        parts = Parts(
            app=app,
            shell=shell,
            config=config,
            clock=clock,
            stored=stored,
            mirroring=mirroring,
            admins=admins,
            api_keys=ApiKeys(database=stored.database, clock=clock),
            door=door,
            health=health,
            certificate=certificate,
            listener=lambda: listeners[0] if listeners else None,
            changed=changed,
            settings=settings,
            address=address,
            alerts=alerts,
            woken=woken,
            restart=restart,
        )
        add_pages(parts)
        await making
        listener = await opened_doors(stack, config, clock, app, certificate)
        listeners.append(listener)
        discovery = made_discovery(config, listener, mirroring.neighbourhood.found)
        _beside(stack, "discovery", discovery.run(), failed)

        def moved() -> None:
            ports.tls = listener.tls_port
            stored.apps.listening_on(listener.port)
            announce_at(discovery, settings.config, listener)

        moved()
        address.follow(moved)
        announce(f"Admin page: {listener.https_for_others}/")
        announce(f"Certificate fingerprint (SHA-256): {certificate.fingerprint}")
        await admins.begin()
        gateway.append(
            Running(
                listener=listener,
                certificate=certificate,
                stored=stored,
                admins=admins,
                mirroring=mirroring,
                door=door,
                settings=settings,
                woken=woken,
            )
        )
        yield gateway[0]


def _beside(
    stack: AsyncExitStack, name: str, work: Coroutine[None, None, None], failed: Callable[[BaseException], None]
) -> None:
    """Do `work` until the stack is closed."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(lambda task: _report(task, failed))
    stack.push_async_callback(_ended, task)


async def _keep(admins: Admins) -> None:
    """Keep the set-up code fresh, and what is over forgotten."""
    while True:
        with contextlib.suppress(StoreError):  # what fails now is done the next time
            await admins.tidy()
        await asyncio.sleep(LOOK_AFTER_ADMINS_S)
        await admins.look_again()


def _report(task: asyncio.Task[None], failed: Callable[[BaseException], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.critical("%s died", task.get_name(), exc_info=error)
        failed(error)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


async def serve(config: Config, clock: Clock, ready: Callable[[Running], None], announce: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code or AGAIN. `ready` is called once meetings can be accepted."""
    stop, woken = asyncio.Event(), asyncio.Event()
    died: list[BaseException] = []
    again: list[bool] = []

    def failed(error: BaseException) -> None:
        died.append(error)
        stop.set()

    def restart() -> None:
        again.append(True)
        stop.set()

    loop = asyncio.get_running_loop()
    # Before the folder is locked: from then on commands may send the signal, which would end a process without it.
    loop.add_signal_handler(WAKE_SIGNAL, woken.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config, clock, failed=failed, announce=announce, restart=restart) as gateway:
        watch = asyncio.create_task(_watch_accounts(gateway, woken), name="accounts")
        watch.add_done_callback(lambda task: _report(task, failed))
        _LOGGER.info("ready", extra={"address": gateway.listener.url, "devices": len(gateway.register)})
        ready(gateway)
        await stop.wait()
        _LOGGER.info("stopping")
        await _ended(watch)
    return 1 if died else AGAIN if again else 0


async def _watch_accounts(gateway: Running, woken: asyncio.Event) -> None:
    while True:
        await woken.wait()
        woken.clear()
        try:
            await gateway.accounts_changed()
        except StoreError as error:
            _LOGGER.error("what a command changed cannot be read yet: %s", error)  # noqa: TRY400 - the disk
            await asyncio.sleep(CHANGED_AGAIN_S)
            woken.set()
        except GatewayError:
            _LOGGER.exception("what a command changed cannot be used; everything stays as it was")
