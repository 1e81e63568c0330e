"""The devices this gateway serves, held in memory: who they are, how they speak, what was decided for them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

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
    """All devices that are served, by the id they have in the configuration."""

    def __init__(self, served: Iterable[Device], policies: dict[int, DevicePolicy]) -> None:
        self._by_name = {device.row.name: device for device in served}
        self._policies = policies

    def find(self, name: str) -> Device | None:
        """Return the device of that id if it is served."""
        return self._by_name.get(name)

    def policy(self, device_row_id: int) -> DevicePolicy:
        """Return the choices for a device, also for one that is no longer served: its meetings are still mirrored."""
        return self._policies[device_row_id]

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
    policies = {row.id: _policy(row, by_name.get(row.name), default_calendar) for row in rows}
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
    return Register(served, policies)


def _policy(row: DeviceRow, section: DeviceSection | None, default_calendar: str) -> DevicePolicy:
    if section is None:
        return DevicePolicy(name=row.name, calendar_id=default_calendar, invitations=Invitations.DEVICE)
    return DevicePolicy(
        name=section.name or section.id,
        calendar_id=section.calendar or default_calendar,
        invitations=section.invitations,
    )
