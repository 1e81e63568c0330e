"""Makes what knows of callers and neighbours: who called, who wants to connect, what is announced on the network."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.clock import Clock
from gateway.config import Config
from gateway.devices.call_log import CallLog, Known
from gateway.devices.calls import Calls
from gateway.devices.firmware import Firmware
from gateway.devices.keeper import Keeper
from gateway.devices.neighbours import Neighbours
from gateway.devices.pending import Pending
from gateway.devices.register import Register
from gateway.devices.visitors import Visitors
from gateway.discovery.announcement import Announcement, reachable
from gateway.discovery.found import Found
from gateway.discovery.network import Discovery
from gateway.profiles.catalog import Catalog
from gateway.store.database import Database
from gateway.web.addresses import own_addresses
from gateway.web.listeners import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The parts and what keeps them on disk; `catalog` are the profiles that they, and the register, know."""

    visitors: Visitors
    found: Found
    keeper: Keeper
    log: CallLog
    firmware: Firmware
    catalog: Catalog


def made_neighbourhood(clock: Clock, database: Database, register: Register, catalog: Catalog) -> Neighbourhood:
    """Make the parts; `keeper.run()` writes down what they note, `keeper.close()` the rest at the end."""
    pending = Pending(clock.now_ms, lambda: iter(catalog))
    found = Found(clock.now_ms)

    def known(name: str) -> Known | None:
        device = register.find(name)
        return None if device is None else Known(device.row.id, device.profile)

    log = CallLog(clock.now_ms, known)
    firmware = Firmware(register.served, lambda name: last.agent if (last := log.last_heard(name)) else "")
    firmware.judge_again()
    register.follow(firmware.judge_again)
    calls = Calls(clock.now_ms, firmware.called)
    keeper = Keeper(database, register.directory, calls, pending, Neighbours(found), log, firmware)
    visitors = Visitors(register, calls, pending)
    return Neighbourhood(visitors=visitors, found=found, keeper=keeper, log=log, firmware=firmware, catalog=catalog)


def made_discovery(config: Config, listener: Listener, found: Found) -> Discovery:
    """Make what announces and listens, as far as it is switched on."""
    return Discovery(
        announcement=_announcement(config, listener),
        found=found if config.discovery.browse else None,
        addresses=lambda: reachable(listener.host, own_addresses()),
    )


def announce_at(discovery: Discovery, config: Config, listener: Listener) -> None:
    """Announce the gateway where it listens now."""
    discovery.announce(_announcement(config, listener))


def _announcement(config: Config, listener: Listener) -> Announcement | None:
    if not config.discovery.announce:
        return None
    return Announcement(name=config.gateway.name, http_port=listener.port, https_port=listener.tls_port or 0)
