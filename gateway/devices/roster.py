"""What an administrator does with devices: add, change, remove, their directories; how it is asked for is not here."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from gateway.clock import Clock
from gateway.config import DeviceSection
from gateway.devices import chosen
from gateway.devices.changing import changed
from gateway.devices.device import key_hash
from gateway.devices.directory import MOST_ENTRIES
from gateway.devices.known import Known, KnownDevices
from gateway.devices.people_list import BadList, person, read_list
from gateway.devices.register import needs_clear_key, poll_settings
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.errors import ConfigError, Conflict, NotFound
from gateway.profiles.catalog import Catalog
from gateway.profiles.codings import Refused
from gateway.profiles.model import Profile
from gateway.profiles.vocabulary import Transport
from gateway.store import audit, devices, directory, pending, polling
from gateway.store.database import Database
from gateway.store.devices import Keys
from gateway.store.directory import Entry
from gateway.store.vault import Vault

__all__ = ["Known", "Roster"]

OLD_KEY_LIVES_MS = 24 * 3_600_000


class Roster:
    """The devices as they are stored, changed for `actor`; a gateway that is running hears of it by `Register.reload`.

    `catalog` gives the profiles, which only a few of the changes need.

    Every change of a device that the configuration sets raises Conflict with where to change it instead, every word
    about a device that is not there NotFound; StoreError when the disk fails.
    """

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        catalog: Callable[[], Catalog],
        sections: tuple[DeviceSection, ...],
        sources: Mapping[str, str],
        actor: Actor,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._catalog = catalog
        self._known = KnownDevices(sections, sources)
        self._actor = actor

    async def everything(self) -> list[Known]:
        """Return all devices that are served, by name."""
        return await self._database.read(self._known.everything)

    async def one(self, name: str) -> Known:
        """Return one device. Raises NotFound with what may have been meant."""
        return await self._database.read(lambda conn: self._known.one(conn, name))

    def profile(self, section: DeviceSection) -> Profile:
        """Return the profile of a device. Raises ProfileError with what may have been meant."""
        return self._catalog().get(section.profile, section.model)

    async def add(self, section: DeviceSection, *, origin: str = "") -> Secret | None:
        """Add a device and return its key, the one of `section` or a new one; None for one that is only asked.

        `origin` is how it came here, for the audit log. Who waited under that name waits no longer. Raises Conflict
        when there is a device of that id, ProfileError or ConfigError when its profile is not known or knows no way to
        ask.
        """
        self._refuse_locked(section.id)
        profile = self.profile(section)
        asked = poll_settings(section, profile) is not None
        if not asked and Transport.PUSH not in profile.transports:
            raise ConfigError(
                [f"devices of the profile {profile.id} cannot call: say where to ask, with --poll ADDRESS"]
            )
        key = section.key or (None if asked else Secret(secrets.token_urlsafe(32)))
        password = section.poll.password if section.poll else None
        keys = None if key is None else self._keys(key, profile)
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> bool:
            added = devices.add(
                conn,
                name=section.id,
                profile=section.profile,
                keys=keys,
                settings=chosen.to_text(section),
                password_sealed=None if password is None else self._vault.seal(password.reveal()),
                now_ms=now_ms,
            )
            if added:
                pending.drop_pending(conn, section.id)
                pending.heed(conn, section.id)
                self._note(conn, "device.added", section.id, ", ".join(filter(None, (section.profile, origin))))
            return added

        if not await self._database.write(work):
            raise Conflict(
                f"There is a device {section.id} already. Choose another id, or remove it first: "
                f"meeting-gateway device remove {section.id}"
            )
        return key

    async def change(
        self, name: str, words: Mapping[str, object], unset: Collection[str] = (), *, profile: str | None = None
    ) -> Secret | None:
        """Change settings of an added device, the others stay (`changing` has the rules); return a key it got new.

        `words` may hold a key, which takes the place of the one it has, at once. Raises ConfigError or ProfileError for
        what cannot be so.
        """
        known = await self._changeable(name)
        if known.section is None:
            raise Conflict(f"What is stored of {name} cannot be read. Remove it and add it again.")
        section = changed(replace(known.section, profile=profile or known.section.profile), words, unset)
        made = self._check(section, known)
        key = section.key or made
        keys = None if key is None else self._keys(key, self.profile(section))
        password = section.poll.password if section.poll else None

        def work(conn: sqlite3.Connection, now_ms: int) -> None:
            devices.change(
                conn,
                name=name,
                profile=section.profile,
                settings=chosen.to_text(section),
                keys=keys,
                password_sealed=None if password is None else self._vault.seal(password.reveal()),
                asked=section.poll is not None,
                now_ms=now_ms,
            )

        detail = ", ".join(sorted({*words, *unset, *(("profile",) if profile else ())}))
        await self._do(work, "device.changed", name, detail)
        return made

    def _check(self, section: DeviceSection, known: Known) -> Secret | None:
        """Return the new key that a device needs to call with these settings, if it needs one."""
        profile = self.profile(section)
        password_there = section.poll is None or section.poll.password or known.row.password_sealed
        if not password_there:
            raise ConfigError(["poll.password is missing: to ask the device, the gateway signs in there"])
        asked = section.poll is not None
        if asked:
            stand_in = replace(section, poll=replace(section.poll, password=Secret("-"))) if section.poll else section
            poll_settings(stand_in, profile)
        elif Transport.PUSH not in profile.transports:
            raise ConfigError(
                [f"devices of the profile {profile.id} cannot call: say where to ask, with --poll ADDRESS"]
            )
        if section.key is not None:
            return None
        if needs_clear_key(profile) and known.row.key_hash and known.row.key_sealed is None:
            raise ConfigError([f"key is needed again: devices of the profile {profile.id} compute with it"])
        return None if asked or known.row.key_hash else Secret(secrets.token_urlsafe(32))

    async def rotate_key(self, name: str, *, at_once: bool = False) -> Secret:
        """Give a device a new key and return it; the old one is good for 24 hours more, unless it shall end at once."""
        known = await self._changeable(name)
        if not known.row.key_hash or known.section is None:
            raise Conflict(f"{name} is asked by the gateway and has no key of its own.")
        key = Secret(secrets.token_urlsafe(32))
        new = self._keys(key, self.profile(known.section))
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            devices.rotate(conn, name, new, old_until=now_ms + OLD_KEY_LIVES_MS, now_ms=now_ms)
            if at_once:
                devices.forget_old_key(conn, name, now_ms)
            self._note(conn, "device.new_key", name, "the old one ended at once" if at_once else "")

        await self._database.write(work)
        return key

    async def pause(self, name: str, *, paused: bool) -> None:
        """Answer calls of a device with "try later" and ask it nothing, or resume; allowed for every device."""
        await self.one(name)
        await self._do(
            lambda conn, now_ms: devices.set_paused(conn, name, paused=paused, now_ms=now_ms),
            "device.paused" if paused else "device.resumed",
            name,
        )

    async def remove(self, name: str) -> None:
        """No longer serve a device; its keys are wiped, its meetings stay as they are in the calendar."""
        known = await self._changeable(name)

        def work(conn: sqlite3.Connection, now_ms: int) -> None:
            devices.remove(conn, name, now_ms)
            directory.clear(conn, known.row.id)

        await self._do(work, "device.removed", name)

    async def scheduled_meetings(self, name: str) -> list[str]:
        """Return the device's own ids of its meetings that are not cancelled."""
        known = await self.one(name)
        return await self._database.read(lambda conn: devices.scheduled_meetings(conn, known.row.id))

    async def trust(self, name: str, fingerprint: str) -> None:
        """Trust exactly this certificate of a device that is asked (SHA-256, 64 small hexadecimal digits)."""
        known = await self._changeable(name)
        if known.section is None or known.section.poll is None:
            raise Conflict(f"{name} calls the gateway; the gateway never looks at its certificate.")
        trusted = replace(known.section, poll=replace(known.section.poll, fingerprint=fingerprint))
        settings = chosen.to_text(trusted)
        await self._do(
            lambda conn, now_ms: devices.set_settings(conn, name, settings, now_ms),
            "device.certificate_trusted",
            name,
            fingerprint,
        )

    async def believe(self, name: str) -> int:
        """The meetings that a device's list lost are really gone; return how many, 0 when nothing was asked."""
        known = await self.one(name)
        believed: list[int] = []
        await self._do(
            lambda conn, _now_ms: believed.append(polling.believe(conn, known.row.id)), "device.believed", name
        )
        return believed[-1]

    async def ignore(self, name: str, *, ignored: bool) -> None:
        """Never ask about callers of that name again, or do."""
        if await self._database.read(lambda conn: self._known.is_there(conn, name)):
            raise Conflict(f"{name} is a device. To stop listening to it: meeting-gateway device pause {name}")

        def work(conn: sqlite3.Connection, now_ms: int) -> None:
            if ignored:
                pending.ignore(conn, name, now_ms)
                pending.drop_pending(conn, name)
            elif not pending.heed(conn, name):
                raise NotFound(f"{name} is not ignored.")

        await self._do(work, "device.ignored" if ignored else "device.heeded", name)

    async def dismiss(self, name: str) -> None:
        """Forget callers of that name; they are asked about when they call again. Raises NotFound when none waits."""

        def work(conn: sqlite3.Connection, _now_ms: int) -> None:
            if not pending.drop_pending(conn, name):
                raise NotFound(f"{name} does not want to connect.")

        await self._do(work, "device.dismissed", name)

    async def note_window(self, *, opened: bool) -> None:
        """Write down that new devices are let in without being asked about, or no longer."""
        action = "device.new_ones_allowed" if opened else "device.new_ones_refused"
        await self._database.write(lambda conn: self._note(conn, action, ""))

    async def import_directory(self, name: str, data: bytes) -> tuple[int, int, tuple[str, ...]]:
        """Put a list (CSV) in the place of the one imported before; return lines, lines gone, and notes.

        Raises BadList; then nothing changes.
        """
        known = await self.one(name)
        people = read_list(data)
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> int:
            gone = directory.replace_imported(conn, known.row.id, people.entries, now_ms)
            self._note(conn, "directory.imported", name, str(len(people.entries)))
            return gone

        return len(people.entries), await self._database.write(work), people.notes

    async def directory(self, name: str) -> list[Entry]:
        """Return who has which extension, by extension."""
        known = await self.one(name)
        return await self._database.read(lambda conn: directory.of_device(conn, known.row.id))

    async def put_person(self, name: str, extension: str, address: str, person_name: str) -> None:
        """Say whose e-mail address belongs to one extension. Raises BadList with what is wrong."""
        known = await self.one(name)
        try:
            entry = person(extension, address, person_name)
        except Refused as refused:
            raise BadList([str(refused)]) from refused

        def work(conn: sqlite3.Connection, now_ms: int) -> None:
            if directory.count(conn, known.row.id) >= MOST_ENTRIES:
                raise BadList([f"the directory has {MOST_ENTRIES} extensions already"])
            directory.put(conn, known.row.id, entry, now_ms)

        await self._do(work, "directory.changed", name, extension)

    async def drop_person(self, name: str, extension: str) -> None:
        """Forget one extension. Raises NotFound."""
        known = await self.one(name)

        def work(conn: sqlite3.Connection, _now_ms: int) -> None:
            if not directory.drop(conn, known.row.id, extension):
                raise NotFound(f"{name} has no extension {extension}.")

        await self._do(work, "directory.changed", name, extension)

    async def clear_directory(self, name: str, *, learned_only: bool) -> int:
        """Forget the directory of a device, or what was learned; return how many lines there were."""
        known = await self.one(name)

        def work(conn: sqlite3.Connection) -> int:
            cleared = directory.clear(conn, known.row.id, learned_only=learned_only)
            self._note(conn, "directory.cleared", name, str(cleared))
            return cleared

        return await self._database.write(work)

    async def _changeable(self, name: str) -> Known:
        self._refuse_locked(name)
        return await self.one(name)

    def _refuse_locked(self, name: str) -> None:
        if locked_by := self._known.locked_by(name):
            raise Conflict(f"{name} is set by {locked_by}. Change it there and restart the gateway.")

    def _keys(self, key: Secret, profile: Profile) -> Keys:
        sealed = self._vault.seal(key.reveal()) if needs_clear_key(profile) else None
        return Keys(hash=key_hash(key), sealed=sealed)

    async def _do(
        self, work: Callable[[sqlite3.Connection, int], None], action: str, name: str, detail: str = ""
    ) -> None:
        now_ms = self._clock.now_ms()

        def noted(conn: sqlite3.Connection) -> None:
            work(conn, now_ms)
            self._note(conn, action, name, detail)

        await self._database.write(noted)

    def _note(self, conn: sqlite3.Connection, action: str, name: str, detail: str = "") -> None:
        audit.write(
            conn,
            at_ms=self._clock.now_ms(),
            actor=self._actor.name,
            action=action,
            object_=f"device:{name}" if name else "devices",
            detail=detail,
            source=self._actor.source,
        )
