"""Makes the checks and the support bundle, for pages and commands; what they look at is decided elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import aiohttp

from gateway.app.keeping import made_keeping
from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config
from gateway.operations.doctor import Doctor
from gateway.operations.doctor_google import TowardsGoogle
from gateway.operations.doctor_here import Here
from gateway.operations.support_bundle import Bundle

_HEALTH_S = 3.0


def made_doctor(config: Config, clock: Clock, stored: Stored, listens: Callable[[], Awaitable[str]]) -> Doctor:
    """Make the checks; `listens` says where the gateway answers, empty when it does not."""
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
    )
    return Doctor([*here.checks(), *towards.checks()])


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
