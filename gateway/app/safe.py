"""A gateway whose configuration is broken: makes the doors of its safe page and serves until somebody mends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from gateway.access.admins import Admins, Session
from gateway.admin.door import Door, Ports
from gateway.admin.safe.page import Office, SafePages
from gateway.admin.shell import Shell
from gateway.app.alerting import made_safe_alerts
from gateway.app.doors import made_shell, names
from gateway.app.serving import AGAIN
from gateway.clock import Clock
from gateway.config import Address, Config
from gateway.config.last_good import LastGood
from gateway.device_api.closed import add_closed_routes
from gateway.errors import ConfigError, StoreError
from gateway.operations.safe_start import SafeStart
from gateway.store import migrate
from gateway.store.database import Database
from gateway.store.folder import WAKE_SIGNAL, DataFolder
from gateway.web.listeners import Listener, listen
from gateway.web.middleware import guard
from gateway.web.tls import Certificate

_LOGGER = logging.getLogger(__name__)

_ON_THIS_MACHINE = Address(host="127.0.0.1", port=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeRunning:
    """A safe page that is served. Without `database` only this machine may use it."""

    listener: Listener
    certificate: Certificate
    safe: SafeStart
    admins: Admins
    database: Database | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What keeps the gateway from starting.

    `config` are the settings to go on with; `file`, `copy`, `problems` and `read` are what `SafeStart` gets.
    """

    config: Config
    file: Path
    copy: LastGood | None
    problems: Iterable[str]
    read: Callable[[], object]


class _Nobody(Admins):
    """The administrators while their list cannot be read: no cookie is anybody's."""

    async def session(self, cookie: str) -> Session | None:
        """See `Admins.session`."""
        del cookie
        return None


@asynccontextmanager
async def running_safely(
    broken: Broken,
    clock: Clock,
    *,
    announce: Callable[[str], None] = lambda line: None,
    start: Callable[[], None] = lambda: None,
) -> AsyncIterator[SafeRunning]:
    """Serve the safe page until the block ends; `start` is called when somebody found the settings right.

    Raises StoreError when another gateway serves the data folder, ConfigError when no address can be opened.
    """
    config = broken.config
    async with AsyncExitStack() as stack:
        folder = DataFolder(config.gateway.data_dir)
        folder.make()
        folder.lock()
        stack.callback(folder.unlock)
        certificate = Certificate(folder.path, clock, also=names(config), announce=announce)
        unsafe = await _begun(certificate)
        database = await _opened(stack, folder, clock)
        admins = await _admins(folder, database, clock, announce)
        safe = SafeStart(
            problems=broken.problems,
            read=broken.read,
            file=broken.file,
            copy=broken.copy,
            clock=clock,
            database=database,
        )
        shell, ports = made_shell(config, clock, admins), Ports()
        app = _application(config, shell, ports, safe)
        office = Office(
            shell=shell,
            safe=safe,
            start=start,
            locked=isinstance(admins, _Nobody),
            behind_proxy=bool(config.gateway.public_url or config.network.trusted_proxies),
            zone=config.gateway.time_zone or "UTC",
        )
        SafePages(office).add(app)
        listener = await _listening(stack, config, app, None if unsafe else certificate)
        ports.tls = listener.tls_port
        announce("The gateway did not start completely. Devices are told to try again later.")
        announce(f"Safe page: {listener.https_for_others or listener.url}/")
        if not isinstance(admins, _Nobody):
            await admins.begin()
        await _tell(stack, broken, clock, database, safe)
        yield SafeRunning(listener=listener, certificate=certificate, safe=safe, admins=admins, database=database)


async def _tell(
    stack: AsyncExitStack, broken: Broken, clock: Clock, database: Database | None, safe: SafeStart
) -> None:
    """Tell people outside the page, as long as the block lasts; nothing that goes wrong there ends the safe page."""
    folder = broken.config.gateway.data_dir
    alerts = await made_safe_alerts(broken.config, clock, database, folder, lambda: safe.number)
    if alerts is None:
        return
    telling = asyncio.create_task(alerts.run(), name="alerts")

    async def ended() -> None:
        telling.cancel()
        await asyncio.wait([telling])
        if not telling.cancelled() and (error := telling.exception()) is not None:
            _LOGGER.error("nobody could be told that the settings have mistakes: %s", error)

    stack.push_async_callback(ended)


def _application(config: Config, shell: Shell, ports: Ports, safe: SafeStart) -> web.Application:
    limits = config.limits
    door = Door(shell, ports, lambda: frozenset(names(config)))
    app = web.Application(
        middlewares=[door.middleware(), guard(limits.body_timeout_s, limits.body_bytes)],
        client_max_size=limits.body_bytes,
    )
    add_closed_routes(app, lambda: f"The gateway did not start completely. Mistakes in its settings: {safe.number}.")
    return app


async def _begun(certificate: Certificate) -> bool:
    """Load the certificate; whether there is none that can be used, so that only this machine can be served."""
    try:
        await certificate.begin()
    except ConfigError as error:
        _LOGGER.error("the safe page is not served over https: %s", error)  # noqa: TRY400 - it says what to do
        return True
    return False


async def _opened(stack: AsyncExitStack, folder: DataFolder, clock: Clock) -> Database | None:
    """Open the database, None when it cannot be."""
    try:
        await asyncio.to_thread(migrate.prepare, folder.database, clock.now_ms())
        database = Database(folder.database)
        await database.open()
    except (StoreError, OSError) as error:
        _LOGGER.error("the database cannot be used either: %s", error)  # noqa: TRY400 - it says what to do
        return None
    stack.push_async_callback(database.close)
    return database


async def _admins(
    folder: DataFolder, database: Database | None, clock: Clock, announce: Callable[[str], None]
) -> Admins:
    """Return who may use the page: nobody when there are administrators who cannot be read."""
    if database is not None:
        admins = Admins(database=database, data_dir=folder.path, clock=clock, announce=announce)
        if await admins.set_up_state() != "closed":
            return admins
    return _Nobody(database=database or Database(folder.database), data_dir=folder.path, clock=clock)


async def _listening(
    stack: AsyncExitStack, config: Config, app: web.Application, certificate: Certificate | None
) -> Listener:
    """Open both addresses, or the one that can be opened. Raises ConfigError when none can."""
    plain, tls = config.gateway.listen, config.gateway.listen_tls
    try:
        listener = await listen(app, plain.host, plain.port)
    except ConfigError as error:
        if certificate is None:
            raise
        _LOGGER.error("%s", error)  # noqa: TRY400 - it says what to do
        listener = await listen(app, _ON_THIS_MACHINE.host, _ON_THIS_MACHINE.port)
        stack.push_async_callback(listener.close)
        await listener.open_tls(tls.host, tls.port, certificate.context)
        return listener
    stack.push_async_callback(listener.close)
    if certificate is not None:
        try:
            await listener.open_tls(tls.host, tls.port, certificate.context)
        except ConfigError as error:
            _LOGGER.error("%s", error)  # noqa: TRY400 - it says what to do
    return listener


async def serve_safely(
    broken: Broken, clock: Clock, ready: Callable[[SafeRunning], None], announce: Callable[[str], None]
) -> int:
    """Serve the safe page until SIGTERM or SIGINT (0), or until the gateway is to be started (AGAIN)."""
    stop, woken = asyncio.Event(), asyncio.Event()
    again: list[bool] = []

    def start() -> None:
        again.append(True)
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(WAKE_SIGNAL, woken.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_safely(broken, clock, announce=announce, start=start) as page:
        _LOGGER.error("the gateway did not start completely", extra={"address": page.listener.url})
        ready(page)
        watching = asyncio.create_task(_watch(page.admins, woken), name="admins")
        await stop.wait()
        watching.cancel()
        _LOGGER.info("stopping")
    return AGAIN if again else 0


async def _watch(admins: Admins, woken: asyncio.Event) -> None:
    """Look again at the administrators when a command has changed them."""
    while True:
        await woken.wait()
        woken.clear()
        with contextlib.suppress(StoreError):  # the page itself says what is wrong with the database
            await admins.look_again()
