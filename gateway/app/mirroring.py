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
from gateway.devices.usual import meeting_defaults
from gateway.domain.meeting import Meeting
from gateway.domain.retry import RetryLimits
from gateway.domain.tally import Tally
from gateway.mirror.availability.availability import Availability
from gateway.mirror.inbound.inbound import Inbound
from gateway.mirror.intake.intake import Intake
from gateway.mirror.outbound.delivery import Delivery
from gateway.mirror.outbound.outbound import Outbound, OutboundLimits
from gateway.mirror.paced import Pace, PaceLimits
from gateway.mirror.poll.poll import Poll
from gateway.mirror.telling.webhooks import Webhooks
from gateway.mirror.tidying import Tidying
from gateway.operations.backup.stock import StockTaking
from gateway.operations.meetings.indexing import MeetingIndexing
from gateway.operations.mirror_status import BudgetNotes
from gateway.pbx.line import Network
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store import alerts, attempts, calls, changes, idempotency, wordings
from gateway.store.database import Database
from gateway.store.installation import installation_id
from gateway.store.vault import Vault

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """Everything between the devices and the calendar; `loops` are what has to run beside one another."""

    register: Register
    neighbourhood: Neighbourhood
    pace: Pace
    intake: Intake
    availability: Availability
    outbound: Outbound
    inbound: Inbound
    webhooks: Webhooks
    poll: Poll
    tidying: Tidying
    budget_notes: BudgetNotes
    stock: StockTaking
    indexing: MeetingIndexing
    tally: Tally

    def loops(self) -> dict[str, Coroutine[None, None, None]]:
        """Return the work to be done until the gateway ends, by name."""
        return {
            "outbound": self.outbound.run(),
            "inbound": self.inbound.run(),
            "availability": self.availability.run(),
            "webhooks": self.webhooks.run(),
            "poll": self.poll.run(),
            "keeper": self.neighbourhood.keeper.run(),
            "tidying": self.tidying.run(),
            "budgets": self.budget_notes.run(),
            "stock": self.stock.run(),
            "indexing": self.indexing.run(),
        }

    async def changed_outside(self) -> None:
        """Another process may have changed devices, the account or the calendars."""
        await self.register.reload()
        await self.poll.look_again()
        self.inbound.wake()
        self.outbound.wake()


async def made_mirroring(config: Config, clock: Clock, stored: Stored) -> Mirroring:
    """Make all of it. Raises ConfigError, ProfileError or StoreError."""
    catalog = _catalog(config)
    register = await _register(config, clock, stored, catalog)
    installation = await stored.database.read(installation_id)
    pace = _pace(config, clock)
    webhooks = _webhooks(clock, stored, register)
    stock = await _stock(clock, stored, register, pace, installation)
    tally = Tally()
    outbound = await _outbound(config, clock, stored, register, pace, webhooks, installation, stock, tally)
    availability = await _availability(clock, stored, register, pace)
    intake = _intake(clock, stored, outbound, availability)
    neighbourhood = made_neighbourhood(clock, stored.database, register, catalog)
    await neighbourhood.visitors.reload(stored.database)
    poll = _poll(config, clock, stored, register, intake, neighbourhood)
    for changed in (poll.wake, availability.wake, outbound.wake):
        register.follow(changed)
    inbound = _inbound(config, clock, stored, register, pace, webhooks, outbound, installation, stock)
    for woken in (outbound.wake, inbound.wake):
        stock.follow(woken)

    async def account_returned() -> None:
        await outbound.account_returned()
        availability.wake()
        inbound.wake()

    stored.accounts.follow(account_returned)
    return Mirroring(
        register=register,
        neighbourhood=neighbourhood,
        pace=pace,
        intake=intake,
        availability=availability,
        outbound=outbound,
        inbound=inbound,
        webhooks=webhooks,
        poll=poll,
        tidying=_tidying(clock, stored.database),
        budget_notes=BudgetNotes(database=stored.database, clock=clock, budgets=pace.budgets),
        stock=stock,
        indexing=MeetingIndexing(database=stored.database),
        tally=tally,
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
    await use_meeting_defaults(register, stored.database, clock, config)
    return register


async def use_meeting_defaults(register: Register, database: Database, clock: Clock, config: Config) -> None:
    """Write events as the settings say from now on; their words are stored first, for an event is judged by its own.

    Raises StoreError.
    """
    usual = meeting_defaults(config.meetings)
    words, now_ms = usual.words, clock.now_ms()
    if words is not None:
        await database.write(lambda conn: wordings.keep(conn, words, now_ms))
    register.set_usual(usual)


def _pace(config: Config, clock: Clock) -> Pace:
    limits = config.limits
    return Pace(
        clock=clock,
        limits=PaceLimits(
            project_per_min=limits.google_project_per_min,
            account_per_min=limits.google_account_per_min,
            calendar_per_s=limits.google_calendar_per_s,
        ),
    )


async def _outbound(
    config: Config,
    clock: Clock,
    stored: Stored,
    register: Register,
    pace: Pace,
    webhooks: Webhooks,
    installation: str,
    stock: StockTaking,
    tally: Tally,
) -> Outbound:
    limits = config.limits
    outbound = Outbound(
        database=stored.database,
        clock=clock,
        source=stock,
        delivery=Delivery(
            database=stored.database,
            installation_id=installation,
            unseal=_unsealer(stored.vault),
            now_ms=clock.now_ms,
        ),
        pace=pace,
        policy=register.policy,
        installation_id=installation,
        limits=OutboundLimits(
            in_flight=limits.in_flight,
            lease_s=limits.call_timeout_s * 6,
            retry=RetryLimits(first_s=limits.retry_first_s, cap_s=limits.retry_cap_s),
        ),
        owner=f"process {os.getpid()}",
        chance=random.random,
        told=webhooks.told,
        tally=tally,
    )
    await outbound.recover()
    return outbound


async def _stock(clock: Clock, stored: Stored, register: Register, pace: Pace, installation: str) -> StockTaking:
    stock = StockTaking(
        database=stored.database,
        clock=clock,
        accounts=stored.accounts,
        pace=pace,
        policy=register.policy,
        calendars=register.chosen_calendars,
        installation_id=installation,
        unseal=_unsealer(stored.vault),
    )
    await stock.begin()
    return stock


async def _availability(clock: Clock, stored: Stored, register: Register, pace: Pace) -> Availability:
    availability = Availability(
        database=stored.database,
        clock=clock,
        accounts=stored.accounts,
        policy=register.policy,
        pace=pace,
        fingerprint_key=stored.vault.fingerprint_key,
        seal=_sealer(stored.vault),
        unseal=_unsealer(stored.vault),
        chance=random.random,
    )
    await availability.begin()
    return availability


def _intake(clock: Clock, stored: Stored, outbound: Outbound, availability: Availability) -> Intake:
    return Intake(
        database=stored.database,
        clock=clock,
        fingerprint_key=stored.vault.fingerprint_key,
        seal=_sealer(stored.vault),
        unseal=_unsealer(stored.vault),
        wake=outbound.wake,
        ready=availability.ready,
        outside=availability.outside,
    )


def _inbound(
    config: Config,
    clock: Clock,
    stored: Stored,
    register: Register,
    pace: Pace,
    webhooks: Webhooks,
    outbound: Outbound,
    installation: str,
    stock: StockTaking,
) -> Inbound:
    return Inbound(
        database=stored.database,
        clock=clock,
        source=stock,
        installation_id=installation,
        unseal=_unsealer(stored.vault),
        told=webhooks.told,
        policy=register.policy,
        pace=pace,
        chosen=register.chosen_calendars,
        wake=outbound.wake,
        every_s=config.google.refresh_every_s,
    )


def _tidying(clock: Clock, database: Database) -> Tidying:
    return Tidying(
        database=database,
        clock=clock,
        purges=(idempotency.purge, changes.purge, alerts.purge, calls.purge, attempts.purge),
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


def _poll(
    config: Config,
    clock: Clock,
    stored: Stored,
    register: Register,
    intake: Intake,
    neighbourhood: Neighbourhood,
) -> Poll:
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
        has_firmware=neighbourhood.firmware.told,
    )


def _sealer(vault: Vault) -> Callable[[str], str]:
    return lambda text: vault.seal(text).decode("ascii")


def _unsealer(vault: Vault) -> Callable[[str], str]:
    return lambda sealed: vault.unseal(sealed.encode("ascii"))
