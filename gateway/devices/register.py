"""The devices this gateway serves, held in memory: who they are, how they speak, what was decided for them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from gateway.config import DeviceSection, Secret
from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Invitations
from gateway.errors import ConfigError
from gateway.profiles.catalog import Catalog
from gateway.profiles.model import Profile
from gateway.store import devices
from gateway.store.database import Database
from gateway.store.devices import DeviceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that may call: its row, its profile, its own zone if the admin set one, and the choices made for it."""

    row: DeviceRow
    profile: Profile
    time_zone: str | None
    policy: DevicePolicy


class Register:
    """All devices that are served, by the id they have in the configuration.

    `defaults` are what was chosen for devices that choose nothing themselves; they may change while it serves.
    """

    def __init__(
        self,
        served: Iterable[Device],
        policies: Mapping[int, DevicePolicy],
        own: Mapping[int, DeviceSection] = MappingProxyType({}),
    ) -> None:
        self._by_name = {device.row.name: device for device in served}
        self._policies = dict(policies)
        self._own = own

    def find(self, name: str) -> Device | None:
        """Return the device of that id if it is served."""
        return self._by_name.get(name)

    def policy(self, device_row_id: int) -> DevicePolicy:
        """Return the choices for a device, also for one that is no longer served: its meetings are still mirrored."""
        return self._policies[device_row_id]

    def set_defaults(self, calendar_id: str, invitations: Invitations) -> None:
        """Use these from now on, wherever the configuration of a device says nothing of its own."""
        self._policies = {
            number: _policy(before.name, self._own.get(number), calendar_id, invitations)
            for number, before in self._policies.items()
        }
        self._by_name = {
            name: replace(device, policy=self._policies[device.row.id]) for name, device in self._by_name.items()
        }

    def __len__(self) -> int:
        return len(self._by_name)


def key_hash(key: Secret) -> bytes:
    """Return what is stored of a key; a random one of 112 bits or more needs no slower hash (OWASP ASVS 6.5.2)."""
    return hashlib.sha256(key.reveal().encode("utf-8")).digest()


async def enrol(
    database: Database, sections: tuple[DeviceSection, ...], *, catalog: Catalog, default_calendar: str, now_ms: int
) -> Register:
    """Bring the table of devices in line with the configuration and return the register.

    Raises ConfigError when a device has no key, ProfileError when its profile is not known.
    """
    keyless = [section.id for section in sections if section.key is None]
    if keyless:
        raise ConfigError([f"devices: {name} has no key" for name in keyless])

    def work(conn: sqlite3.Connection) -> list[DeviceRow]:
        for section in sections:
            if section.key is not None:
                devices.put(
                    conn,
                    name=section.id,
                    profile=section.profile,
                    key_hash=key_hash(section.key),
                    now_ms=now_ms,
                )
        devices.deactivate_others(conn, [section.id for section in sections], now_ms)
        return devices.everything(conn)

    rows = await database.write(work)
    by_name = {section.id: section for section in sections}
    own = {row.id: by_name[row.name] for row in rows if row.name in by_name}
    policies = {
        row.id: _policy(_shown(row, by_name.get(row.name)), own.get(row.id), default_calendar, Invitations.DEVICE)
        for row in rows
    }
    served = [
        Device(
            row=row,
            profile=catalog.get(row.profile),
            time_zone=by_name[row.name].time_zone,
            policy=policies[row.id],
        )
        for row in rows
        if row.name in by_name
    ]
    return Register(served, policies, own)


def _shown(row: DeviceRow, section: DeviceSection | None) -> str:
    return row.name if section is None else section.name or section.id


def _policy(name: str, own: DeviceSection | None, calendar_id: str, invitations: Invitations) -> DevicePolicy:
    """Put the defaults under what the configuration of the device says; one that is gone has nothing of its own."""
    if own is None:
        return DevicePolicy(name=name, calendar_id=calendar_id, invitations=Invitations.DEVICE)
    return DevicePolicy(name=name, calendar_id=own.calendar or calendar_id, invitations=own.invitations or invitations)
