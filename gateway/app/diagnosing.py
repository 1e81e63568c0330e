"""Makes the checks and the support bundle, for pages and commands; what they look at is decided elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import aiohttp

from gateway.app.keeping import made_keeping
from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config, NetworkSection
from gateway.messages.languages import tr
from gateway.operations.devices.desk import own_addresses
from gateway.operations.doctor.browser import FromOutside
from gateway.operations.doctor.doctor import Doctor
from gateway.operations.doctor.google import TowardsGoogle
from gateway.operations.doctor.here import Here
from gateway.operations.support_bundle.bundle import Bundle
from gateway.web.addresses import shown_host

_HEALTH_S = 3.0
_LONGEST_HEALTH = 1_000


def made_doctor(
    config: Config,
    clock: Clock,
    stored: Stored,
    listens: Callable[[], Awaitable[str]],
    told: Callable[[], tuple[str, ...]] | None = None,
    network: Callable[[], NetworkSection] | None = None,
) -> Doctor:
    """Make the checks; `listens` says where the gateway answers, empty when it does not.

    `told` are the addresses that devices and people are told, `network` is the way out as it is now; None outside the
    gateway that runs, where the settings say it.
    """
    here = Here(
        folder=stored.folder,
        database=stored.database,
        vault=stored.vault,
        clock=clock,
        backups=made_keeping(config, clock, stored.folder).backups,
        listens=listens,
    )
    towards = TowardsGoogle(
        endpoints=config.google.endpoints,
        accounts=stored.accounts,
        choice=stored.choice,
        test_meeting=stored.test_meeting,
        clock=clock,
        network=network or (lambda: config.network),
    )
    outside = FromOutside(clock=clock, told=told or (lambda: addresses_told(config)), why_silent=why_silent)
    return Doctor([*here.checks(), *outside.checks(), *towards.checks()])


def addresses_told(config: Config, ports: tuple[int, int] | None = None) -> tuple[str, ...]:
    """Return the addresses that devices and people are told; `ports` are those of http and https that are open."""
    own = own_addresses(config.gateway, shown_host, ports)
    return (own.address,) if ports is not None and not ports[1] else (own.address, own.https_address)


async def why_silent(address: str) -> str:
    """Return why no gateway answers at an address when this machine calls it, empty when one does.

    Who answers is not proven: nothing is sent but the question, and any certificate will do.
    """
    timeout = aiohttp.ClientTimeout(total=_HEALTH_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{address.rstrip('/')}/healthz", ssl=False, allow_redirects=False) as answer,
        ):
            text = (await answer.content.read(_LONGEST_HEALTH)).decode("utf-8", "replace")
    except TimeoutError:
        return tr("nothing answers within %(seconds)s seconds", seconds=f"{_HEALTH_S:g}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return tr("it cannot be reached (%(reason)s)", reason=reason)
    if answer.status == 200 and '"status"' in text:
        return ""
    return tr("something else answers there (status %(status)s)", status=answer.status)


async def health_of(config: Config) -> str:
    """Return the address at which a gateway with these settings answers on this machine, empty when none does."""
    listen = config.gateway.listen
    host = "127.0.0.1" if listen.host in ("0.0.0.0", "::") else listen.host  # noqa: S104 - compared
    address = f"http://{f'[{host}]' if ':' in host else host}:{listen.port}"
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
        timeout = aiohttp.ClientTimeout(total=_HEALTH_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{address}/healthz") as answer:
            if answer.status == 200:
                return address
    return ""


def made_bundle(config: Config, clock: Clock, stored: Stored, doctor: Doctor) -> Bundle:
    """Make what gathers the support bundle; nothing is read yet."""
    return Bundle(config=config, database=stored.database, vault=stored.vault, clock=clock, checks=lambda: doctor.run())
