"""What is known of the devices that are served, as people ask about it; nothing is changed here."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.config import DeviceSection, set_by
from gateway.devices import chosen
from gateway.errors import NotFound
from gateway.store import device_calls, devices, directory
from gateway.store.device_calls import CallRow
from gateway.store.devices import DeviceRow, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One device as people ask about it.

    `locked_by` is where it was set, in words, and empty when commands may change it. `section` is None when what was
    chosen for it cannot be read.
    """

    row: DeviceRow
    section: DeviceSection | None
    locked_by: str
    calls: CallRow
    directory: int
    meetings: int

    @property
    def title(self) -> str:
        """Its name for people."""
        return (self.section.name if self.section else None) or self.row.name


class KnownDevices:
    """The devices of the settings and those that were added; `sources` says where each setting was set."""

    def __init__(self, sections: tuple[DeviceSection, ...], sources: Mapping[str, str]) -> None:
        self.sections = {section.id: section for section in sections}
        self._locks = {
            section.id: set_by(sources, f"devices[{index}].id") or "the configuration"
            for index, section in enumerate(sections)
        }

    def locked_by(self, name: str) -> str:
        """Return where a device is set, in words; empty when commands and pages may change it."""
        return self._locks.get(name, "")

    def section(self, row: DeviceRow) -> DeviceSection | None:
        """Return what was chosen for a device; None when it cannot be read."""
        return self.sections.get(row.name) or chosen.readable(row)

    def is_there(self, conn: sqlite3.Connection, name: str) -> bool:
        """Whether a device of that name is served."""
        row = devices.find(conn, name)
        return row is not None and self._is_served(row)

    def everything(self, conn: sqlite3.Connection) -> list[Known]:
        """Return all devices that are served, by name."""
        calls, people = device_calls.everything(conn), directory.counts(conn)
        meetings = devices.meetings_count(conn)
        rows = [row for row in devices.everything(conn) if self._is_served(row)]
        return [
            Known(
                row=row,
                section=self.section(row),
                locked_by=self.locked_by(row.name),
                calls=calls.get(row.id, CallRow(row.id, None, None, "", "")),
                directory=people.get(row.id, 0),
                meetings=meetings.get(row.id, 0),
            )
            for row in sorted(rows, key=lambda row: row.name)
        ]

    def one(self, conn: sqlite3.Connection, name: str) -> Known:
        """Return one device. Raises NotFound with what may have been meant."""
        row = devices.find(conn, name)
        if row is None or not self._is_served(row):
            raise NotFound(self._missing(conn, name))
        return Known(
            row=row,
            section=self.section(row),
            locked_by=self.locked_by(name),
            calls=device_calls.one(conn, row.id),
            directory=directory.count(conn, row.id),
            meetings=devices.meetings_of(conn, row.id),
        )

    def _missing(self, conn: sqlite3.Connection, name: str) -> str:
        if name in self._locks:
            return f"{name} is set by {self._locks[name]}, but no gateway has served it yet. Start the gateway."
        served = [row.name for row in devices.everything(conn) if self._is_served(row)]
        near = difflib.get_close_matches(name, served, 1)
        return f"There is no device {name}. " + (
            f"Did you mean {near[0]}?" if near else "See: meeting-gateway device list"
        )

    def _is_served(self, row: DeviceRow) -> bool:
        return row.name in self.sections or (row.active and row.origin is Origin.ADDED)
