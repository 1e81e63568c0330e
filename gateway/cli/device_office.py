"""What the commands about devices work with, opened and closed around them; no command and no text lives here."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.cli.command import OK
from gateway.errors import NotFound

if TYPE_CHECKING:
    from gateway.app.stored import Stored
    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.devices.register import Register
    from gateway.devices.roster import Roster
    from gateway.domain.meeting import Meeting
    from gateway.mirror.intake import Intake
    from gateway.mirror.poll_state import TestReport
    from gateway.profiles.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The stored devices, and what the settings say around them."""

    config: Config
    stored: Stored
    clock: Clock
    catalog: Callable[[], Catalog]
    roster: Roster

    def set_up_values(self, device_id: str, key: str) -> dict[str, str]:
        """Return what the placeholders in the set-up lines of a profile stand for."""
        from urllib.parse import urlsplit

        from gateway.web.addresses import shown_host

        gateway = self.config.gateway
        address = gateway.public_url or f"http://{shown_host(gateway.listen.host)}:{gateway.listen.port}"
        return {
            "gateway_address": address,
            "gateway_host": urlsplit(address).hostname or "",
            "gateway_ip": shown_host(gateway.listen.host).strip("[]"),
            "gateway_port": str(urlsplit(address).port or (443 if address.startswith("https:") else 80)),
            "gateway_https_address": f"https://{shown_host(gateway.listen_tls.host)}:{gateway.listen_tls.port}",
            "device_id": device_id,
            "device_key": key,
        }

    async def remove(self, name: str, *, cancel_meetings: bool) -> int:
        """Remove a device; return how many of its meetings were cancelled, which are those that are not over."""
        from gateway.mirror.intake import Caller

        known = await self.roster.one(name)
        meetings = await self.roster.scheduled_meetings(name) if cancel_meetings and not known.locked_by else []
        cancelled = 0
        if meetings:
            intake, caller = self.intake(), Caller(device_id=known.row.id, name=name)
            now_s = self.clock.now_ms() // 1000
            for external_id in meetings:
                if not _is_over((await intake.find(caller, external_id)).meeting, now_s):
                    await intake.cancel(caller, external_id)
                    cancelled += 1
        await self.roster.remove(name)
        return cancelled

    async def register(self) -> Register:
        """Return the devices as a gateway that runs has them; those of the configuration once they were served."""
        from gateway.devices.register import opened

        return await opened(
            self.stored.database,
            self.config.devices,
            catalog=self.catalog(),
            default_calendar=self.config.google.calendar,
            vault=self.stored.vault,
            clock=self.clock,
        )

    async def ask(self, name: str) -> TestReport:
        """Try a device that is asked for its meetings; none of them is taken."""
        import random

        from gateway.config import is_simulated
        from gateway.mirror.poll import Poll
        from gateway.pbx.line import Network

        register = await self.register()
        device = register.find(name)
        if device is None or device.poll is None:
            raise NotFound(f"{name} cannot be asked. See what is wrong: meeting-gateway check-config")
        ports = frozenset(section.poll.port for section in self.config.devices if section.poll and section.poll.port)
        poll = Poll(
            database=self.stored.database,
            clock=self.clock,
            intake=self.intake(),
            devices=register.served,
            network=Network(ports=ports, allow_loopback=is_simulated(self.config)),
            digest_key=self.stored.vault.fingerprint_key,
            seal=self.stored.vault.seal,
            chance=random.random,
        )
        return await poll.test(device)

    def intake(self) -> Intake:
        """Return what takes meetings, as devices' calls have it."""
        from gateway.mirror.intake import Intake

        vault = self.stored.vault
        return Intake(
            database=self.stored.database,
            clock=self.clock,
            fingerprint_key=vault.fingerprint_key,
            seal=lambda text: vault.seal(text).decode("ascii"),
            unseal=lambda sealed: vault.unseal(sealed.encode("ascii")),
            wake=lambda: None,  # a gateway that runs is woken when the command ends
        )


def _is_over(meeting: Meeting, now_s: int) -> bool:
    """A series is over when its last day is, as far as its rule says which day that is."""
    repeat = meeting.repeat
    if repeat is None:
        return meeting.end_utc_s <= now_s
    return repeat.until_utc_s is not None and repeat.until_utc_s < now_s


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
