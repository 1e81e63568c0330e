"""What the commands about devices work with, opened and closed around them; no command and no text lives here."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.cli.command import OK

if TYPE_CHECKING:
    from gateway.app.stored import Stored
    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.devices.device import Device
    from gateway.devices.register import Register
    from gateway.devices.roster import Roster
    from gateway.mirror.intake.intake import Intake
    from gateway.mirror.poll.state import TestReport
    from gateway.operations.devices.desk import DeviceDesk
    from gateway.profiles.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The stored devices, and what the settings say around them."""

    config: Config
    stored: Stored
    clock: Clock
    catalog: Callable[[], Catalog]
    roster: Roster

    @property
    def desk(self) -> DeviceDesk:
        """What is done with devices beyond their settings."""
        from gateway.operations.devices.desk import DeviceDesk

        return DeviceDesk(
            database=self.stored.database,
            clock=self.clock,
            roster=self.roster,
            intake=self.intake,
            find=self._find,
            test=self._test,
        )

    def set_up_values(self, device_id: str, key: str) -> dict[str, str]:
        """Return what the placeholders in the set-up lines of a profile stand for."""
        from gateway.operations.devices.desk import own_addresses
        from gateway.web.addresses import shown_host

        return own_addresses(self.config.gateway, shown_host).values(device_id, key)

    async def register(self) -> Register:
        """Return the devices as a gateway that runs has them; those of the configuration once they were served."""
        from gateway.devices.register import opened
        from gateway.devices.usual import meeting_defaults

        register = await opened(
            self.stored.database,
            self.config.devices,
            catalog=self.catalog(),
            default_calendar=self.config.google.calendar,
            vault=self.stored.vault,
            clock=self.clock,
        )
        self.stored.choice.follow(register.set_defaults)
        register.set_usual(meeting_defaults(self.config.meetings))
        return register

    def intake(self) -> Intake:
        """Return what takes meetings, as devices' calls have it."""
        from gateway.operations.devices.desk import intake_for_commands

        return intake_for_commands(self.stored.database, self.stored.vault, self.clock)

    async def _find(self, name: str) -> Device | None:
        return (await self.register()).find(name)

    async def _test(self, device: Device) -> TestReport:
        import random

        from gateway.config import is_simulated
        from gateway.mirror.poll.poll import Poll
        from gateway.pbx.line import Network

        ports = frozenset(section.poll.port for section in self.config.devices if section.poll and section.poll.port)
        poll = Poll(
            database=self.stored.database,
            clock=self.clock,
            intake=self.intake(),
            devices=lambda: (device,),
            network=Network(ports=ports, allow_loopback=is_simulated(self.config)),
            digest_key=self.stored.vault.fingerprint_key,
            seal=self.stored.vault.seal,
            chance=random.random,
        )
        return await poll.test(device)


def with_office(config: Config, work: Callable[[Office], Awaitable[int]], *, wake: bool = True) -> int:
    """Open what is stored, do the work, and let a gateway that is running know; return the exit code.

    Raises ConfigError, ProfileError or StoreError when it cannot be opened.
    """
    return asyncio.run(_opened(config, work, wake=wake))


async def _opened(config: Config, work: Callable[[Office], Awaitable[int]], *, wake: bool) -> int:
    from gateway.app.stored import opened
    from gateway.clock import SystemClock
    from gateway.devices.roster import Roster
    from gateway.domain.actor import COMMAND_LINE
    from gateway.profiles.catalog import Catalog, builtin_folder

    clock = SystemClock()
    own = config.gateway.profiles_dir

    @functools.cache
    def catalog() -> Catalog:
        return Catalog.load([*([own] if own is not None and own.is_dir() else []), builtin_folder()], lenient=True)

    async with opened(config, clock) as stored:
        roster = Roster(
            database=stored.database,
            vault=stored.vault,
            clock=clock,
            catalog=catalog,
            sections=config.devices,
            sources=config.sources,
            actor=COMMAND_LINE,
        )
        office = Office(config=config, stored=stored, clock=clock, catalog=catalog, roster=roster)
        code = await work(office)
        if wake and code == OK:
            stored.folder.wake_server()
        return code
