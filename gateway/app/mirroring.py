"""Makes what brings meetings into the calendar: the register of devices, the intake, the outbound worker."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config
from gateway.devices.register import Register, enrol
from gateway.domain.retry import RetryLimits
from gateway.mirror.delivery import Delivery
from gateway.mirror.intake import Intake
from gateway.mirror.outbound import Outbound, OutboundLimits
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store import idempotency
from gateway.store.installation import installation_id
from gateway.store.vault import Vault


async def made_register(config: Config, clock: Clock, stored: Stored) -> Register:
    """Bring the devices of the settings in line with the stored ones."""
    register = await enrol(
        stored.database,
        config.devices,
        catalog=Catalog.load([builtin_folder()]),
        default_calendar=config.google.calendar,
        now_ms=clock.now_ms(),
    )
    stored.choice.follow(register.set_defaults)
    return register


async def made_outbound(config: Config, clock: Clock, stored: Stored, register: Register) -> Outbound:
    """Make the worker that writes to the calendar, with what a former process left undone given back."""
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


def made_intake(clock: Clock, stored: Stored, outbound: Outbound) -> Intake:
    """Make the one way in for meetings."""
    return Intake(
        database=stored.database,
        clock=clock,
        fingerprint_key=stored.vault.fingerprint_key,
        seal=lambda text: stored.vault.seal(text).decode("ascii"),
        unseal=_unsealer(stored.vault),
        wake=outbound.wake,
    )


def _unsealer(vault: Vault) -> Callable[[str], str]:
    return lambda sealed: vault.unseal(sealed.encode("ascii"))
