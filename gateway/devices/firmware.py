"""Which firmware each device has, as it said last, and whether its profile was made for it; no device is asked here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gateway.devices.device import Device
from gateway.profiles.firmware import firmware_of, outside, version_in
from gateway.store import devices


class Outdated(NamedTuple):
    """A device whose firmware is not among those that its profile was made for."""

    name: str
    title: str
    profile: str
    firmware: str
    wanted: str


class Firmware:
    """Notes what devices say, and writes it down when it changed (by a `Keeper`).

    `served` are the devices, `agent` gives what the program of a device called itself last, "" when it is not known.
    """

    def __init__(self, served: Callable[[], Iterable[Device]], agent: Callable[[str], str]) -> None:
        self._served = served
        self._agent = agent
        self._said: dict[int, str] = {}
        self._called: dict[int, Device] = {}
        self._unwritten: dict[int, str] = {}
        self._being_written: dict[int, str] = {}
        self._outdated: dict[str, Outdated] = {}
        self._changed: Callable[[], None] = lambda: None

    def called(self, device: Device) -> None:
        """A device called; what its program calls itself is looked at when there is time."""
        self._called[device.row.id] = device

    def told(self, device_row_id: int, text: str) -> None:
        """A device that was asked told its firmware."""
        version = version_in(text)
        device = next((each for each in self._served() if each.row.id == device_row_id), None)
        if device is not None and self._note(device, version):
            self._changed()

    def outdated(self) -> Mapping[str, Outdated]:
        """Return the devices whose firmware their profiles were not made for, by their ids."""
        return self._outdated

    def judge_again(self) -> None:
        """The devices or their profiles may have changed."""
        self._outdated = {}
        served = {device.row.id: device for device in self._served()}
        self._said = {number: said for number, said in self._said.items() if number in served}
        for device in served.values():
            self._judge(device, self._said.get(device.row.id, device.row.firmware))

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""
        self._changed = changed

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes what changed; None when nothing did."""
        called, self._called = self._called, {}
        for device in called.values():
            self._note(device, firmware_of(self._agent(device.row.name), device.profile))
        if not self._unwritten:
            return None
        self._being_written, self._unwritten = self._unwritten, {}
        rows = dict(self._being_written)
        return lambda conn: devices.set_firmware(conn, rows)

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""
        if not written:
            self._unwritten = self._being_written | self._unwritten
        self._being_written = {}

    def _note(self, device: Device, version: str) -> bool:
        """Note a version; return whether it is news."""
        if not version or version == self._said.get(device.row.id, device.row.firmware):
            return False
        self._said[device.row.id] = self._unwritten[device.row.id] = version
        self._judge(device, version)
        return True

    def _judge(self, device: Device, version: str) -> None:
        name, profile = device.row.name, device.profile
        wanted = outside(version, profile.products)
        if wanted:
            self._outdated[name] = Outdated(name, device.policy.name, profile.id, version, wanted)
        else:
            self._outdated.pop(name, None)
