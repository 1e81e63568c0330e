"""Which rooms are watched, and the spans of the meetings in them: made when a room is first asked about, and kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from gateway.clock import Clock
from gateway.domain.busy import Room, room_of
from gateway.domain.device import ConflictRule, DevicePolicy, Transparency
from gateway.mirror.intake.room_time import RoomTime
from gateway.store import busy, devices, meetings
from gateway.store.busy import KeptRoom
from gateway.store.database import Database
from gateway.store.meetings import MeetingState

WATCHED_MS = 24 * 3600 * 1000
"""So long after a device asked, its room's calendar is still asked."""

KEPT_MS = 7 * WATCHED_MS
"""So long after a device asked, its room's spans are still kept."""

NOTE_EVERY_MS = 3600 * 1000
"""That a device asks is written down no more often than this."""

_BATCH = 200
_BATCH_S = 0.01
"""One piece of indexing keeps devices waiting no longer than about this."""

_AGAIN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is watched: `rooms` by number, those whose calendars are asked; the rooms of `devices` by the devices' rows.

    `complete` are the devices in whose room no span of anybody is missing.
    """

    rooms: Mapping[int, Room] = field(default_factory=dict)
    devices: Mapping[int, KeptRoom] = field(default_factory=dict)
    complete: frozenset[int] = frozenset()

    @classmethod
    def of(cls, rooms: Mapping[int, Room], devices: Mapping[int, KeptRoom]) -> Watched:
        """Work out what is complete."""
        missing = {kept.room_id for kept in devices.values() if kept.missing}
        complete = frozenset(number for number, kept in devices.items() if kept.room_id not in missing)
        return cls(rooms=rooms, devices=devices, complete=complete)


class RoomIndex:
    """Brings the tables of rooms in line with the devices' policies, piece by piece, beside the intake's own work."""

    def __init__(
        self, *, database: Database, clock: Clock, policy: Callable[[int], DevicePolicy], time: RoomTime
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._time = time
        self._one = asyncio.Lock()
        self._asked: dict[int, int] = {}
        self.watched = Watched()

    def doubt(self) -> None:
        """The devices' policies may have changed: nothing is sure before everything is settled again."""
        self.watched = Watched()

    def complete(self, device_id: int) -> bool:
        """Whether all spans of the room that a device is in are stored."""
        return device_id in self.watched.complete

    def wanted(self, device_id: int) -> None:
        """A device asks when its room is taken."""
        self._asked[device_id] = self._clock.now_ms()

    async def settle(self) -> None:
        """Watch the rooms that are to be watched, and store what is missing of them. Raises StoreError."""
        async with self._one:
            now_ms = self._clock.now_ms()
            self.watched = await self._database.write(lambda conn: self._in_line(conn, now_ms))
            missing = [device_id for device_id, kept in self.watched.devices.items() if kept.missing]
            for device_id in missing:
                while await self._database.write(partial(self._some, device_id)):
                    pass
            while await self._database.write(self._made_again):
                pass
            if missing:
                devices = await self._database.read(busy.devices)
                self.watched = Watched.of(self.watched.rooms, devices)

    async def purge(self) -> None:
        """Forget what is long over. Raises StoreError."""
        await self._database.write(lambda conn: busy.purge(conn, self._clock.now_ms() // 1000))

    def _in_line(self, conn: sqlite3.Connection, now_ms: int) -> Watched:
        policies = self._policies(conn)
        self._note_wishes(conn, policies, now_ms)
        numbers = {key: (number, wanted_at) for number, (key, wanted_at) in busy.rooms(conn).items()}
        refusing = {room_of(policy).key for policy in policies.values() if policy.conflict is not ConflictRule.ALLOW}
        stored, rooms = busy.devices(conn), dict[int, Room]()
        for device_id, policy in policies.items():
            room = room_of(policy)
            number, wanted_at = numbers.get(room.key, (0, 0))
            age_ms = now_ms - wanted_at
            if room.key not in refusing and (not wanted_at or age_ms > KEPT_MS):
                continue
            number = number or busy.room(conn, room.key)
            numbers[room.key] = (number, wanted_at)
            if room.key in refusing or age_ms <= WATCHED_MS:
                rooms.setdefault(number, room)
            blocks = policy.transparency is Transparency.OPAQUE
            known = stored.pop(device_id, None)
            if known is None or known.room_id != number or known.blocks is not blocks:
                busy.place(conn, device_id, number, blocks=blocks)
        for device_id in stored:
            busy.leave(conn, device_id)
        return Watched.of(rooms, busy.devices(conn))

    def _policies(self, conn: sqlite3.Connection) -> dict[int, DevicePolicy]:
        """The choices for every device there ever was: their meetings take up rooms, also when they are gone."""
        found = {}
        for row in devices.everything(conn):
            try:
                policy = self._policy(row.id)
            except KeyError:  # added a moment ago; it is here when the devices have been read again
                continue
            found[row.id] = policy
        return found

    def _note_wishes(self, conn: sqlite3.Connection, policies: Mapping[int, DevicePolicy], now_ms: int) -> None:
        known = {key: wanted_at for key, wanted_at in busy.rooms(conn).values()}
        for device_id in tuple(self._asked):
            self._asked.pop(device_id)
            if device_id in policies:
                key = room_of(policies[device_id]).key
                if not 0 <= now_ms - known.get(key, 0) < NOTE_EVERY_MS:
                    known[key] = now_ms
                    busy.want(conn, busy.room(conn, key), now_ms)

    def _some(self, device_id: int, conn: sqlite3.Connection) -> bool:
        """Store the spans of some meetings; False when none is missing any more."""
        missing, room = busy.missing(conn, device_id, _BATCH), busy.room_of(conn, device_id)
        if missing is None or room is None:
            return False
        numbers, on_then = missing
        now_ms, until_s = self._clock.now_ms(), self._clock.monotonic_s() + _BATCH_S
        for number in numbers:
            row = meetings.get(conn, number)
            if row is not None:
                self._time.store(conn, room, row, now_ms)
            if self._clock.monotonic_s() > until_s:
                on_then = number + 1
                break
        busy.reached(conn, device_id, on_then)
        return on_then is not None

    def _made_again(self, conn: sqlite3.Connection) -> bool:
        """Store anew the spans of some meetings whose time for it has come; False when there are no more."""
        now_ms = self._clock.now_ms()
        due = busy.due_again(conn, now_ms // 1000, _AGAIN)
        until_s = self._clock.monotonic_s() + _BATCH_S
        for number in due:
            row = meetings.get(conn, number)
            room = None if row is None else busy.room_of(conn, row.device_id)
            if row is None or room is None or row.state is MeetingState.CANCELLED:
                busy.forget_again(conn, number)
            else:
                self._time.store(conn, room, row, now_ms)
            if self._clock.monotonic_s() > until_s:
                return True
        return len(due) == _AGAIN
