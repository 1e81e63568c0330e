"""Makes the pages of the devices; what they show and do is decided elsewhere."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.devices.office import Office
from gateway.admin.devices.routes import add_device_pages
from gateway.app.pages.calls import made_desk
from gateway.app.pages.listed import made_list
from gateway.app.pages.noticed import made_noticed
from gateway.app.pages.parts import Parts
from gateway.devices.admission import Admission, is_near
from gateway.devices.device import Device
from gateway.devices.roster import Roster
from gateway.domain.actor import Actor
from gateway.errors import NotFound
from gateway.operations.devices.calendars import DeviceCalendars
from gateway.operations.devices.desk import DeviceDesk, OwnAddresses, own_addresses
from gateway.operations.devices.people import DevicePeople
from gateway.operations.devices.simulated import Simulated, simulate_call
from gateway.profiles.catalog import Catalog
from gateway.profiles.vocabulary import Transport
from gateway.web.addresses import shown_host

_NOBODY = Actor(name="")


def add(parts: Parts) -> None:
    """Add the pages."""
    office = _office(parts)
    people = DevicePeople(database=parts.stored.database, clock=parts.clock, roster=office.roster(_NOBODY))
    pages = add_device_pages(parts.app, office, people)

    async def ended(_app: web.Application) -> None:
        await pages.stop()
        await office.admission.stop()

    parts.app.on_cleanup.append(ended)


def _office(parts: Parts) -> Office:
    config, stored = parts.config, parts.stored
    neighbourhood = parts.mirroring.neighbourhood
    visitors, profiles = neighbourhood.visitors, neighbourhood.catalog

    def catalog() -> Catalog:
        return profiles

    def roster(actor: Actor) -> Roster:
        return Roster(
            database=stored.database,
            vault=stored.vault,
            clock=parts.clock,
            catalog=catalog,
            sections=config.devices,
            sources=config.sources,
            actor=actor,
        )

    def calls_itself(profile: str) -> bool:
        return profile in profiles.ids() and Transport.PUSH in profiles.get(profile).transports

    visitors.admission = Admission(
        pending=visitors.pending,
        clock=parts.clock,
        roster=roster,
        calls_itself=calls_itself,
        near=lambda address: is_near(address, behind_proxy=bool(config.gateway.public_url or parts.shell.proxies)),
        added=parts.changed,
    )
    return Office(
        shell=parts.shell,
        admins=parts.admins,
        clock=parts.clock,
        zone_now=parts.zone,
        roster=roster,
        desk=lambda actor: _desk(parts, roster(actor)),
        devices=made_list(parts),
        pending=visitors.pending,
        admission=visitors.admission,
        catalog=catalog,
        own=lambda: _own(parts),
        accounts=lambda: tuple(each.email for each in stored.accounts.statuses()),
        calendars=DeviceCalendars(accounts=stored.accounts, choice=stored.choice, clock=parts.clock),
        changed=parts.changed,
        noticed=made_noticed(parts),
        refused=made_desk(parts).refused,
        simulate=lambda name, subject: _simulated(parts, name, subject),
    )


def _desk(parts: Parts, roster: Roster) -> DeviceDesk:
    async def find(name: str) -> Device | None:
        return parts.mirroring.register.find(name)

    return DeviceDesk(
        database=parts.stored.database,
        clock=parts.clock,
        roster=roster,
        intake=lambda: parts.mirroring.intake,
        find=find,
        test=parts.mirroring.poll.test,
    )


async def _simulated(parts: Parts, name: str, subject: str) -> Simulated:
    device = parts.mirroring.register.find(name)
    if device is None:
        raise NotFound(f"{name} is not served.")
    return await simulate_call(device, parts.mirroring.intake, parts.clock, subject=subject, zone=parts.zone())


def _own(parts: Parts) -> OwnAddresses:
    listener = parts.listener()
    ports = (listener.port, listener.tls_port or 0) if listener is not None else None
    return own_addresses(parts.config.gateway, shown_host, ports)
