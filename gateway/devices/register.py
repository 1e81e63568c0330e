"""The devices this gateway serves, held in memory, from the settings and from the store; commands are not here."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from gateway.clock import Clock, SystemClock
from gateway.config import DeviceSection
from gateway.devices import chosen
from gateway.devices.device import Device, accepts, key_hash
from gateway.devices.directory import Directory, WithDomain
from gateway.domain.device import DevicePolicy, MeetingDefaults, Visibility
from gateway.domain.meeting import Invitations, Join
from gateway.domain.polling import PollSettings
from gateway.domain.secret import Secret, webhook_key
from gateway.domain.target import MAIN_CALENDAR
from gateway.errors import ConfigError, GatewayError, ProfileError, StoreError
from gateway.notify.webhook import Receiver
from gateway.profiles.catalog import Catalog
from gateway.profiles.model import Profile
from gateway.profiles.vocabulary import Credential
from gateway.store import devices, directory
from gateway.store.database import Database
from gateway.store.devices import DeviceRow, Origin
from gateway.store.directory import Entry
from gateway.store.vault import Vault

__all__ = ["Chosen", "Device", "Register", "accepts", "enrol", "key_hash", "opened"]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen for one device alone; None: what holds for all."""

    calendar: str | None = None
    invitations: Invitations | None = None
    show_pins: bool | None = None
    visibility: Visibility | None = None


_NOTHING = Chosen()
_CLOCK = SystemClock()
Followed = Callable[[], None]


class Register:
    """All devices that are served, by the id they have in addresses and settings.

    `policies` has a policy for every device there ever was, by the id of its row, `own` what was chosen for each alone.
    `again` reads all of it anew.
    """

    def __init__(
        self,
        served: Iterable[Device] = (),
        policies: Mapping[int, DevicePolicy] = MappingProxyType({}),
        own: Mapping[int, Chosen] = MappingProxyType({}),
        *,
        clock: Clock = _CLOCK,
        again: Callable[[Register], Awaitable[None]] | None = None,
    ) -> None:
        self.directory = Directory(clock.now_ms)
        self._now_ms = clock.now_ms
        self._again = again
        self._followers: list[Followed] = []
        self._defaults: tuple[str, Invitations] | None = None
        self._usual: MeetingDefaults | None = None
        self.fill(served, policies, own)

    def fill(self, served: Iterable[Device], policies: Mapping[int, DevicePolicy], own: Mapping[int, Chosen]) -> None:
        """Serve these devices and no others, and tell those who follow; a call that is under way is not disturbed."""
        self._by_name = {device.row.name: device for device in served}
        self._policies = dict(policies)
        self._own = dict(own)
        if self._defaults is not None:
            self._use_defaults(*self._defaults)
        if self._usual is not None:
            self._use_usual(self._usual)
        self._tell()

    def find(self, name: str) -> Device | None:
        """Return the device of that id if it is served; an old key that is over is no longer in it."""
        device = self._by_name.get(name)
        if device is not None and device.row.old_key_until is not None:
            return self._with_living_keys(device)
        return device

    def served(self) -> tuple[Device, ...]:
        """Return every device that is served, also those that pause."""
        return tuple(self._by_name.values())

    def receiver(self, device_row_id: int) -> Receiver | None:
        """Return where a device is told what happened to its meetings, None when it is not."""
        return next((device.webhook for device in self.served() if device.row.id == device_row_id), None)

    def policy(self, device_row_id: int) -> DevicePolicy:
        """Return the choices for a device, also for one that is no longer served: its meetings are still mirrored."""
        return self._policies[device_row_id]

    def policy_with(self, device_row_id: int, usual: MeetingDefaults) -> DevicePolicy:
        """Return what `policy` would if this held for the meetings of all devices."""
        before = self._policies[device_row_id]
        return replace(before, words=usual.words, reminders=usual.reminders, **self._mixed(device_row_id, usual))

    def chosen_calendars(self) -> set[tuple[str | None, str]]:
        """Return account (None: the main one) and calendar of every device that is served."""
        return {(device.policy.account, device.policy.calendar_id) for device in self.served()}

    def set_defaults(self, calendar_id: str, invitations: Invitations) -> None:
        """Use these from now on, wherever nothing was chosen for a device alone."""
        self._defaults = (calendar_id, invitations)
        self._use_defaults(calendar_id, invitations)
        self._tell()

    def set_usual(self, usual: MeetingDefaults) -> None:
        """Use this for the meetings of all devices from now on, but for what was chosen for a device alone."""
        self._usual = usual
        self._use_usual(usual)
        self._tell()

    async def reload(self) -> None:
        """Bring everything in line with what is stored: somebody added, changed or removed a device from outside.

        Keys that were taken away open nothing from the next call on. Raises StoreError; then all stays as it was.
        """
        if self._again is not None:
            await self._again(self)

    def follow(self, callback: Followed) -> None:
        """Call this after every change."""
        self._followers.append(callback)

    def __len__(self) -> int:
        return len(self._by_name)

    def _use_defaults(self, calendar_id: str, invitations: Invitations) -> None:
        self._policies = {
            number: replace(
                before,
                calendar_id=(own := self._own.get(number, _NOTHING)).calendar or calendar_id,
                invitations=own.invitations or (invitations if number in self._own else Invitations.DEVICE),
            )
            for number, before in self._policies.items()
        }
        self._by_name = {
            name: replace(device, policy=self._policies[device.row.id]) for name, device in self._by_name.items()
        }

    def _use_usual(self, usual: MeetingDefaults) -> None:
        self._policies = {number: self.policy_with(number, usual) for number in self._policies}
        self._by_name = {
            name: replace(device, policy=self._policies[device.row.id]) for name, device in self._by_name.items()
        }

    def _mixed(self, number: int, usual: MeetingDefaults) -> dict[str, Any]:
        """Return what holds for one device; nothing is chosen for one that is gone."""
        own = self._own.get(number)
        if own is None:
            return {}
        return {
            "show_pins": usual.show_pins if own.show_pins is None else own.show_pins,
            "visibility": own.visibility or usual.visibility,
        }

    def _with_living_keys(self, device: Device) -> Device:
        if device.row.old_key_until is None or self._now_ms() < device.row.old_key_until:
            return device
        row = replace(device.row, old_key_hash=None, old_key_sealed=None, old_key_until=None)
        living = self._by_name[row.name] = replace(device, row=row, old_secret=None)
        return living

    def _tell(self) -> None:
        for callback in self._followers:
            callback()


async def enrol(
    database: Database,
    sections: tuple[DeviceSection, ...],
    *,
    catalog: Catalog,
    default_calendar: str,
    now_ms: int,
    vault: Vault | None = None,
    clock: Clock = _CLOCK,
) -> Register:
    """Bring the table of devices in line with the configuration and return the register, with added devices in it.

    Raises ConfigError when a device of the configuration has neither key nor address, ProfileError when its profile is
    not known. An added device that cannot be used is left out and logged: the others are served.
    """
    keyless = [section.id for section in sections if section.key is None and section.poll is None]
    if keyless:
        raise ConfigError([f"devices: {name} has no key" for name in keyless])

    def work(conn: sqlite3.Connection) -> None:
        for section in sections:
            hashed = b"" if section.key is None else key_hash(section.key)
            devices.put(conn, name=section.id, profile=section.profile, key_hash=hashed, now_ms=now_ms)
        devices.deactivate_others(conn, [section.id for section in sections], now_ms)

    await database.write(work)
    return await opened(
        database, sections, catalog=catalog, default_calendar=default_calendar, vault=vault, clock=clock
    )


async def opened(
    database: Database,
    sections: tuple[DeviceSection, ...],
    *,
    catalog: Catalog,
    default_calendar: str,
    vault: Vault | None,
    clock: Clock,
) -> Register:
    """Return the register as it is stored, for commands; devices of the configuration are in it once they were served.

    Raises as `enrol` does.
    """
    source = _Source(database, sections, catalog, default_calendar, vault)
    register = Register(clock=clock, again=source.fill)
    await source.fill(register)
    return register


@dataclass(frozen=True, slots=True)
class _Source:
    """Where devices are read from, as often as somebody asks."""

    database: Database
    sections: tuple[DeviceSection, ...]
    catalog: Catalog
    default_calendar: str
    vault: Vault | None

    async def fill(self, register: Register) -> None:
        """Read the devices and their directories into the register."""
        rows, entries = await self.database.read(_stored)
        register.directory.load(entries)
        by_name = {section.id: section for section in self.sections}
        policies: dict[int, DevicePolicy] = {}
        own: dict[int, Chosen] = {}
        served: list[Device] = []
        for row in rows:
            section = by_name.get(row.name) or self._added(row)
            policies[row.id] = _policy(row, section, self.default_calendar)
            if section is None:
                continue
            own[row.id] = Chosen(
                calendar=_own_calendar(section),
                invitations=section.invitations,
                show_pins=section.show_pins,
                visibility=section.visibility,
            )
            device = self._device(row, section, policies[row.id], register)
            if device is not None:
                served.append(device)
        register.fill(served, policies, own)

    def _added(self, row: DeviceRow) -> DeviceSection | None:
        """What was chosen for a device that no configuration names; None for one that is not served."""
        if not row.active or row.origin is not Origin.ADDED:
            return None
        try:
            return chosen.from_row(row, self._unsealed(row.password_sealed))
        except GatewayError as error:
            _LOGGER.warning("device left out", extra={"device": row.name, "reason": str(error)})
            return None

    def _device(
        self, row: DeviceRow, section: DeviceSection, policy: DevicePolicy, register: Register
    ) -> Device | None:
        try:
            profile = self.catalog.get(section.profile, section.model)
            return Device(
                row=row,
                profile=profile,
                time_zone=section.time_zone,
                policy=policy,
                model=section.model,
                secret=(section.key or self._unsealed(row.key_sealed)) if needs_clear_key(profile) else None,
                old_secret=self._unsealed(row.old_key_sealed) if needs_clear_key(profile) else None,
                directory=_addresses(register.directory.of(row.id), section),
                poll=poll_settings(section, profile),
                webhook=_receiver(section),
            )
        except (ConfigError, ProfileError, StoreError) as error:
            if row.origin is Origin.CONFIGURATION:
                raise
            _LOGGER.warning("device left out", extra={"device": row.name, "reason": str(error)})
            return None

    def _unsealed(self, sealed: bytes | None) -> Secret | None:
        return None if sealed is None or self.vault is None else Secret(self.vault.unseal(sealed))


def needs_clear_key(profile: Profile) -> bool:
    """Whether the profile's devices sign in with something computed from the key, not with the key itself."""
    return not _SHOWN_AS_IT_IS.issuperset(profile.credentials)


_SHOWN_AS_IT_IS = frozenset({Credential.BEARER, Credential.BASIC, Credential.QUERY_KEY})


def poll_settings(section: DeviceSection, profile: Profile) -> PollSettings | None:
    """How a device is asked: what was chosen, else what its profile says; None when it is not asked.

    Raises ConfigError when the profile knows no way to ask.
    """
    poll = section.poll
    if poll is None:
        return None
    api = profile.api
    if api is None or poll.password is None:
        raise ConfigError([f"devices: {section.id} cannot be asked: the profile {profile.id} says nothing about how"])
    return PollSettings(
        address=poll.address,
        port=poll.port or api.port,
        user=poll.user,
        password=poll.password,
        every_s=poll.every_s or api.every_s,
        fingerprint=poll.fingerprint,
    )


def _addresses(known: Mapping[str, str], section: DeviceSection) -> Mapping[str, str]:
    return known if section.email_domain is None else WithDomain(known, section.email_domain)


def _receiver(section: DeviceSection) -> Receiver | None:
    hook = section.webhook
    if hook is None or hook.secret is None:
        return None
    return Receiver(url=hook.url, secret=webhook_key(hook.secret))


def _stored(conn: sqlite3.Connection) -> tuple[list[DeviceRow], dict[int, list[Entry]]]:
    return devices.everything(conn), directory.everything(conn)


def _own_calendar(section: DeviceSection) -> str | None:
    """The calendar of a device that names its account is one of that account, whatever holds for the others."""
    return section.calendar or (MAIN_CALENDAR if section.account is not None else None)


def _policy(row: DeviceRow, section: DeviceSection | None, default_calendar: str) -> DevicePolicy:
    """Put the defaults under what was chosen for the device; one that is gone has nothing of its own but its name."""
    if section is None:
        name = chosen.shown_name(row)
        return DevicePolicy(name=name, calendar_id=default_calendar, invitations=Invitations.DEVICE)
    join = section.join
    return DevicePolicy(
        name=section.name or section.id,
        calendar_id=_own_calendar(section) or default_calendar,
        invitations=section.invitations or Invitations.DEVICE,
        join=Join(sip_uri=join.sip_uri, dial_in=join.dial_in, web_link=join.web_link),
        show_pins=section.show_pins or False,
        account=section.account,
        wins=section.wins,
        conflict=section.conflict,
        meet=section.meet,
        transparency=section.transparency,
        visibility=section.visibility or Visibility.DEFAULT,
        room_address=section.room_address,
    )
