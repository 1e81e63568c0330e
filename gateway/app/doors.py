"""Makes the doors: the devices' calls, the administrators' pages, the listeners before them."""

from __future__ import annotations

import errno
import logging
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.access.admins import Admins
from gateway.access.call_rate import CallRate
from gateway.accounts.accounts import Accounts
from gateway.admin.below import Below
from gateway.admin.door import Door, Ports
from gateway.admin.shell import Shell
from gateway.app.mirroring import Mirroring
from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config
from gateway.config.saved import SAVED
from gateway.device_api.changes import ChangeCalls
from gateway.device_api.door import DeviceDoor
from gateway.device_api.hearing import hearing
from gateway.device_api.meetings import MeetingCalls
from gateway.device_api.routes import add_routes
from gateway.devices.register import Register
from gateway.errors import CannotListen
from gateway.messages.times import Habits
from gateway.mirror.intake.lookup import Lookup
from gateway.mirror.telling.told import ChangeFeed
from gateway.operations.health import AccountHealth, Health
from gateway.web.listeners import Listener, listen
from gateway.web.middleware import guard
from gateway.web.tls import Certificate

_LOGGER = logging.getLogger(__name__)


def application(
    config: Config, clock: Clock, stored: Stored, mirroring: Mirroring, door: Middleware
) -> tuple[web.Application, DeviceDoor, Health]:
    """Make the HTTP application with the devices' calls and the health pages; tell the devices' door and the health."""
    limits, log = config.limits, mirroring.neighbourhood.log
    app = web.Application(
        # What is refused for its size or its slowness is heard too.
        middlewares=[door, hearing(log, clock, mirroring.tally), guard(limits.body_timeout_s, limits.body_bytes)],
        client_max_size=limits.body_bytes,
    )
    calls = MeetingCalls(
        register=mirroring.register,
        intake=mirroring.intake,
        clock=clock,
        lookup=Lookup(stored.database),
        visitors=mirroring.neighbourhood.visitors,
        availability=mirroring.availability,
    )
    calls.door.log, calls.door.rate = log, _call_rate(limits.device_calls_per_minute, clock, mirroring.register)
    health = Health(
        database=stored.database, data_dir=stored.folder.path, account=lambda: _account_health(stored.accounts)
    )
    changes = ChangeCalls(feed=ChangeFeed(stored.database), device=calls.door.device)
    add_routes(app, calls, changes, health)
    return app, calls.door, health


def _call_rate(per_minute: int, clock: Clock, register: Register) -> CallRate:
    """Make what counts the calls of devices; those that are gone are forgotten."""
    rate = CallRate(per_minute, clock)
    register.follow(lambda: rate.keep(frozenset(device.row.name for device in register.served())))
    return rate


async def opened_doors(
    stack: AsyncExitStack, config: Config, clock: Clock, app: web.Application, certificate: Certificate
) -> Listener:
    """Listen on both addresses until the stack is closed. Raises ConfigError.

    An address that was saved on the page and that the machine does not have any more (its settings were restored on
    another one) shuts nobody out: then the port is open on all addresses.
    """
    plain, tls = config.gateway.listen, config.gateway.listen_tls
    try:
        listener = await listen(app, plain.host, plain.port, clock)
    except CannotListen as error:
        listener = await listen(app, _every_instead(config, error), plain.port, clock)
    stack.push_async_callback(listener.close)
    try:
        await listener.open_tls(tls.host, tls.port, certificate.context)
    except CannotListen as error:
        await listener.open_tls(_every_instead(config, error), tls.port, certificate.context)
    return listener


def _every_instead(config: Config, error: CannotListen) -> str:
    """Return the host to listen at in place of one that this machine does not have. Raises the error for others."""
    if config.sources.get(error.setting) != SAVED or error.reason != errno.EADDRNOTAVAIL:
        raise error
    _LOGGER.warning("%s The gateway listens on all addresses of this machine instead.", error)
    return "0.0.0.0"  # noqa: S104 - as it is by default


def names(config: Config) -> tuple[str, ...]:
    """Return what people may call this gateway beyond what the machine says of itself."""
    host = config.gateway.listen_tls.host
    public = urlsplit(config.gateway.public_url or "").hostname or ""
    return tuple(name for name in (host, public) if name not in ("", "0.0.0.0", "::") and name.isascii())  # noqa: S104


def made_shell(config: Config, clock: Clock, admins: Admins) -> Shell:
    """Make what all pages share."""
    shell = Shell(admins=admins, name=config.gateway.name, public_origin=_public_origin(config))
    shell.clock, shell.below = clock, Below(config.gateway.public_url or "")
    shell.proxies.use(config.network.trusted_proxies or "")
    speak_as_set(shell, config)
    return shell


def speak_as_set(shell: Shell, config: Config) -> None:
    """Let the pages use the language and the way to write times that the settings name."""
    shell.language = config.gateway.language
    shell.habits = Habits(clock=config.gateway.clock, first_day=config.gateway.week_begins)


def made_door(shell: Shell, ports: Ports, stored: Stored, config: Config) -> Middleware:
    """Return what stands before the pages. The names that an admin wrote down as the gateway's are its own."""

    def own_hosts() -> frozenset[str]:
        addresses = (config.gateway.public_url or "", stored.apps.current().redirect_uri)
        return frozenset(host for each in addresses if (host := urlsplit(each).hostname))

    return Door(shell, ports, own_hosts).middleware()


def _public_origin(config: Config) -> str:
    public = urlsplit(config.gateway.public_url or "")
    return f"{public.scheme}://{public.netloc}" if public.netloc else ""


def _account_health(accounts: Accounts) -> AccountHealth:
    state, text = accounts.health()
    return AccountHealth(state=state, text=text)
