"""When each device last called and what was wrong with its last refused call; calls are not kept here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from gateway.devices.device import Device
from gateway.store import device_calls
from gateway.store.device_calls import CallRow

WRITE_AGAIN_AFTER_MS = 60_000
"""A device that calls all the time costs one note a minute."""
LONGEST_TEXT = 300


class Calls:
    """Notes calls of known devices; cheap enough for every call. They are written by a `Keeper`.

    `called` hears of each device whose call is noted, once a minute at most.
    """

    def __init__(self, now_ms: Callable[[], int], called: Callable[[Device], None] = lambda _device: None) -> None:
        self._now_ms = now_ms
        self._called = called
        self._noted: dict[int, CallRow] = {}
        self._last: dict[tuple[int, str], int] = {}
        self._being_written: dict[int, CallRow] = {}
        self._changed: Callable[[], None] = lambda: None

    def accepted(self, device: Device) -> None:
        """A call of this device was understood, whatever came of it."""
        now_ms = self._now_ms()
        if self._due(device.row.id, "", now_ms):
            self._called(device)
            self._note(CallRow(device.row.id, now_ms, None, "", ""))

    def refused(self, device: Device, code: str, text: str) -> None:
        """A call in the name of this device was refused; `code` is of the catalogue or of a problem document.

        `text` must hold nothing secret; it may come from a caller who only says it is the device.
        """
        now_ms = self._now_ms()
        if self._due(device.row.id, code, now_ms):
            shown = "".join(each if each.isprintable() else " " for each in text[:LONGEST_TEXT])
            self._note(CallRow(device.row.id, None, now_ms, code, shown))

    def follow(self, changed: Callable[[], None]) -> None:
        """Call this whenever there is something to write."""
        self._changed = changed

    def take(self) -> Callable[[sqlite3.Connection], None] | None:
        """Return the work that writes what was noted; None when nothing was."""
        if not self._noted:
            return None
        self._being_written, self._noted = self._noted, {}
        rows = list(self._being_written.values())
        return lambda conn: device_calls.put(conn, rows)

    def settle(self, *, written: bool) -> None:
        """What was taken is on disk, or has to be written again."""
        if not written:
            newer, self._noted = self._noted, self._being_written
            for row in newer.values():
                self._merge(row)
        self._being_written = {}

    def _due(self, device_row_id: int, code: str, now_ms: int) -> bool:
        """Whether a call with this result was not noted within the last minute; a clock set back counts as a minute."""
        before = self._last.get((device_row_id, code))
        if before is not None and 0 <= now_ms - before < WRITE_AGAIN_AFTER_MS:
            return False
        if len(self._last) > 10_000:  # codes come from the product, so that this takes thousands of devices
            self._last.clear()
        self._last[device_row_id, code] = now_ms
        return True

    def _note(self, row: CallRow) -> None:
        self._merge(row)
        self._changed()

    def _merge(self, row: CallRow) -> None:
        before = self._noted.get(row.device_id)
        if before is None:
            self._noted[row.device_id] = row
        elif row.refused_at is None:
            self._noted[row.device_id] = before._replace(called_at=row.called_at)
        else:
            self._noted[row.device_id] = row._replace(called_at=row.called_at or before.called_at)
