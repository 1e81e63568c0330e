"""Makes what brings meetings into the calendar and back: register, intake, and the loops beside them."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from gateway.app.neighbourhood import Neighbourhood, made_neighbourhood
from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config, is_simulated
from gateway.devices.register import Register, enrol
from gateway.domain.meeting import Meeting
from gateway.domain.retry import RetryLimits
from gateway.mirror.delivery import Delivery
from gateway.mirror.inbound import Inbound
from gateway.mirror.intake import Intake
from gateway.mirror.outbound import Outbound, OutboundLimits
from gateway.mirror.poll import Poll
from gateway.mirror.webhooks import Webhooks
from gateway.pbx.line import Network
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store import changes, idempotency
from gateway.store.installation import installation_id
from gateway.store.vault import Vault

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """Everything between the devices and the calendar; `loops` are what has to run beside one another."""

    register: Register
    neighbourhood: Neighbourhood
    intake: Intake
    outbound: Outbound
    inbound: Inbound
    webhooks: Webhooks
    poll: Poll

    def loops(self) -> dict[str, Coroutine[None, None, None]]:
        """Return the work to be done until the gateway ends, by name."""
        return {
            "outbound": self.outbound.run(),
            "inbound": self.inbound.run(),
            "webhooks": self.webhooks.run(),
            "poll": self.poll.run(),
            "keeper": self.neighbourhood.keeper.run(),
        }

    async def changed_outside(self) -> None:
        """Another process may have changed devices, the account or the calendars."""
        await self.register.reload()
        await self.poll.look_again()
        self.inbound.wake()


async def made_mirroring(config: Config, clock: Clock, stored: Stored) -> Mirroring:
    """Make all of it. Raises ConfigError, ProfileError or StoreError."""
    catalog = _catalog(config)
    register = await _register(config, clock, stored, catalog)
    outbound = await _outbound(config, clock, stored, register)
    webhooks = _webhooks(clock, stored, register)
    intake = _intake(clock, stored, outbound)
    neighbourhood = made_neighbourhood(clock, stored.database, register, catalog)
    await neighbourhood.visitors.reload(stored.database)
    poll = _poll(config, clock, stored, register, intake)
    register.follow(poll.wake)
    stored.accounts.follow(outbound.account_returned)
    return Mirroring(
        register=register,
        neighbourhood=neighbourhood,
        intake=intake,
        outbound=outbound,
        inbound=await _inbound(clock, stored, webhooks),
        webhooks=webhooks,
        poll=poll,
    )


def _catalog(config: Config) -> Catalog:
    own = config.gateway.profiles_dir
    catalog = Catalog.load([*([own] if own is not None else []), builtin_folder()], lenient=True)
    for problem in catalog.problems():  # a draft that no device uses must not keep the others from being served
        _LOGGER.warning("a profile was left out: %s", problem)
    return catalog


async def _register(config: Config, clock: Clock, stored: Stored, catalog: Catalog) -> Register:
    register = await enrol(
        stored.database,
        config.devices,
        catalog=catalog,
        default_calendar=config.google.calendar,
        now_ms=clock.now_ms(),
        vault=stored.vault,
        clock=clock,
    )
    stored.choice.follow(register.set_defaults)
    return register


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


def _intake(clock: Clock, stored: Stored, outbound: Outbound) -> Intake:
    return Intake(
        database=stored.database,
        clock=clock,
        fingerprint_key=stored.vault.fingerprint_key,
        seal=lambda text: stored.vault.seal(text).decode("ascii"),
        unseal=_unsealer(stored.vault),
        wake=outbound.wake,
    )


async def _inbound(clock: Clock, stored: Stored, webhooks: Webhooks) -> Inbound:
    await stored.database.write(lambda conn: changes.purge(conn, clock.now_ms()))
    return Inbound(
        database=stored.database,
        clock=clock,
        source=stored.accounts,
        installation_id=await stored.database.read(installation_id),
        unseal=_unsealer(stored.vault),
        told=webhooks.told,
    )


def _webhooks(clock: Clock, stored: Stored, register: Register) -> Webhooks:
    return Webhooks(
        database=stored.database,
        clock=clock,
        receiver=register.receiver,
        devices=lambda: [device.row.id for device in register.served()],
        chance=random.random,
        owner=f"process {os.getpid()}",
    )


def _poll(config: Config, clock: Clock, stored: Stored, register: Register, intake: Intake) -> Poll:
    ports = frozenset(section.poll.port for section in config.devices if section.poll and section.poll.port)

    def learned(name: str, meeting: Meeting) -> None:
        device = register.find(name)
        if device is not None:
            register.directory.learn(device, meeting)

    return Poll(
        database=stored.database,
        clock=clock,
        intake=intake,
        devices=register.served,
        network=Network(ports=ports, allow_loopback=is_simulated(config)),
        digest_key=stored.vault.fingerprint_key,
        seal=stored.vault.seal,
        chance=random.random,
        learned=learned,
    )


def _unsealer(vault: Vault) -> Callable[[str], str]:
    return lambda sealed: vault.unseal(sealed.encode("ascii"))
