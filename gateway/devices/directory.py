"""Who has which extension: the directories of all devices in memory, and what they learn; lists are read elsewhere."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from gateway.devices.device import Device
from gateway.domain.meeting import Meeting
from gateway.store import directory
from gateway.store.directory import Entry

_IN_ADDRESSES = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?")
MOST_ENTRIES = 5_000
"""For one device; the largest PBX of the family has 3,000 extensions."""


class WithDomain(Mapping[str, str]):
    """A directory in which every extension has an address: where none is known, one of the device's own domain.

    Its keys are the extensions whose addresses are known.
    """

    def __init__(self, known: Mapping[str, str], domain: str) -> None:
        self._known = known
        self._domain = domain

    def __getitem__(self, extension: str) -> str:
        known = self._known.get(extension)
        if known is None:
            known = self.made(extension)
        if known is None:
            raise KeyError(extension)
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __bool__(self) -> bool:
        return True

    def made(self, extension: str) -> str | None:
        """Return the address that an extension has by the domain, None for what cannot be in one."""
        return f"{extension}@{self._domain}" if _IN_ADDRESSES.fullmatch(extension) else None


class Directory:
    """Extension → e-mail address for each device, by the id of its row.

    The mappings it hands out stay true while the directory changes. What is learned is written by a `Keeper`.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._emails: dict[int, dict[str, str]] = {}
        self._imported: set[tuple[int, str]] = set()
        self._learned: dict[tuple[int, str], Entry] = {}
        self._being_written: dict[tuple[int, str], Entry] = {}
        self._changed: Callable[[], None] = lambda: None

    def of(self, device_row_id: int) -> Mapping[str, str]:
        """Return the directory of one device."""
        return MappingProxyType(self._emails.setdefault(device_row_id, {}))

    def load(self, stored: Mapping[int, list[Entry]]) -> None:
        """Hold what is stored, and what was learned and is not stored yet."""
        for emails in self._emails.values():
            emails.clear()
        self._imported.clear()
        for device_row_id, entries in stored.items():
            self._emails.setdefault(device_row_id, {}).update((entry.extension, entry.email) for entry in entries)
            self._imported.update((device_row_id, entry.extension) for entry in entries if not entry.learned)
        for (device_row_id, extension), entry in {**self._being_written, **self._learned}.items():
            if (device_row_id, extension) not in self._imported:
                self._emails.setdefault(device_row_id, {})[extension] = entry.email

    def learn(self, device: Device, meeting: Meeting) -> None:
        """Remember everybody whom the device named with both extension and e-mail address; a list knows better."""
        people = (meeting.host, *meeting.invitees)
        emails = self._emails.setdefault(device.row.id, {})
        for person in people:
            if person is None or not person.extension or not person.email:
                continue
            where = (device.row.id, person.extension)
            if emails.get(person.extension) == person.email or where in self._imported:
                continue
            if isinstance(device.directory, WithDomain) and device.directory.made(person.extension) == person.email:
                continue  # nobody said so
            if person.extension not in emails and len(emails) >= MOST_ENTRIES:
                continue
            emails[person.extension] = person.email
            self._learned[where] = Entry(person.extension, person.email, person.name or "", learned=True)
            self._changed()

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""
        self._changed = changed

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes what was learned; None when there is nothing."""
        if not self._learned:
            return None
        self._being_written, self._learned = self._learned, {}
        lines: dict[int, list[Entry]] = {}
        for (device_row_id, _), entry in self._being_written.items():
            lines.setdefault(device_row_id, []).append(entry)
        now_ms = self._now_ms()

        def work(conn: sqlite3.Connection) -> None:
            for device_row_id, entries in lines.items():
                directory.learn(conn, device_row_id, entries, now_ms)

        return work

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""
        if not written:
            self._learned = {**self._being_written, **self._learned}
        self._being_written = {}
