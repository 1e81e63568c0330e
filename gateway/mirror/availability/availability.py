"""When the room of a device is taken, by our meetings and in its calendar: answered, and kept fresh; no HTTP here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gateway.clock import Clock
from gateway.domain.busy import HORIZON_S, Room, Span, merged, within
from gateway.domain.device import DevicePolicy
from gateway.domain.outcome import Outcome, Verdict
from gateway.errors import StoreError
from gateway.messages.languages import apart
from gateway.mirror.availability.outside_busy import PARTS_AT_ONCE, BusyAccounts, OutsideBusy, part_of
from gateway.mirror.availability.room_index import RoomIndex
from gateway.mirror.availability.room_shown import RoomShown
from gateway.mirror.intake.room_time import OutsideView, RoomTime
from gateway.mirror.intake.series import Exceptions
from gateway.mirror.paced import Pace
from gateway.store import busy
from gateway.store.busy import PART_S
from gateway.store.database import Database

_LOGGER = logging.getLogger(__name__)

ASK_EVERY_S = 60.0
"""How often the calendars of watched rooms are asked about this month and the next while devices use them."""

ASK_QUIET_S = 300.0
"""The same while no device used them for an hour."""

ASK_FAR_S = 3600.0
"""How often they are asked about all that lies farther ahead."""

NEXT_S = 1.0
"""Between two questions about what lies farther ahead."""

LONGEST_WAIT_S = 900.0
SETTLE_S = 3600.0
"""How often rooms are settled and series extended when nothing changes."""

READY_S = 3.0
"""So long a call waits for what is still being put together, or for the calendar, before it is answered without."""

FRESH_S = 15.0
"""What was asked so recently is not asked again for a device that wants to know."""

MOST_SPANS = 20_000
_IN_USE_MS = 3600 * 1000
_STORE_PAUSE_S = 5.0
_INCOMPLETE = "The gateway is still going through earlier meetings: not all that is taken is known yet."


class BusyNote(NamedTuple):
    """Why an answer is not complete, or not fresh: a stable code, and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """When a room is taken between two instants, merged.

    `to_s` is how far the answer goes, which may be less than was asked. `as_of_ms` (UTC) is when its calendar was last
    asked about all of it, None when it never was. `complete` says that nothing is missing; `stale` that the calendar
    could not be asked lately. `notes` give the reasons.
    """

    spans: tuple[Span, ...]
    from_s: int
    to_s: int
    as_of_ms: int | None
    complete: bool
    stale: bool
    notes: tuple[BusyNote, ...]


class Availability:
    """Watches the rooms that devices ask about, or whose calls may be refused; idle while there is none.

    `policy` gives the choices for every device there ever was, and raises KeyError for one it does not know.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        accounts: BusyAccounts,
        policy: Callable[[int], DevicePolicy],
        pace: Pace,
        fingerprint_key: bytes,
        seal: Callable[[str], str],
        unseal: Callable[[str], str],
        chance: Callable[[], float],
        every_s: float = ASK_EVERY_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._chance = chance
        self._every_s = every_s
        exceptions = Exceptions(key=fingerprint_key, seal=seal, unseal=unseal)
        self._index = RoomIndex(database=database, clock=clock, policy=policy, time=RoomTime(exceptions=exceptions))
        self._outside = OutsideBusy(
            database=database,
            clock=clock,
            accounts=accounts,
            pace=pace,
            shown=RoomShown(series=exceptions.series),
        )
        self._woken = asyncio.Event()
        self._used_ms = 0
        self._settled_ms: int | None = None
        self._failures = 0
        self._settling: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()

    async def begin(self) -> None:
        """Read what was heard before; call once, before `run`. Raises StoreError."""
        await self._outside.load()

    def wake(self) -> None:
        """Devices, their policies or the accounts may have changed."""
        self._index.doubt()
        self._settled_ms = None
        self._failures = 0
        self._woken.set()

    def outside(self, room_id: int, wanted: Span, now_ms: int) -> OutsideView:
        """Return what the calendar of a room said; for the intake, from any thread."""
        return self._outside.view(room_id, wanted, now_ms)

    async def ready(self, device_id: int) -> tuple[str, ...]:
        """Wait, not long, until the time of a device's room is known; return what its people should hear otherwise."""
        self._in_use()
        if self._index.complete(device_id) or await self._settled(device_id):
            return ()
        return (_INCOMPLETE,)

    async def between(self, device_id: int, from_s: int, to_s: int) -> Busy:
        """Return when the room of a device is taken. Raises StoreError."""
        self._in_use()
        self._index.wanted(device_id)
        notes = []
        if not await self._settled(device_id):
            notes.append(BusyNote("indexing", _INCOMPLETE))
        kept = self._index.watched.devices.get(device_id)
        if kept is None:
            return Busy(
                spans=(), from_s=from_s, to_s=to_s, as_of_ms=None, complete=False, stale=True, notes=tuple(notes)
            )
        room = self._index.watched.rooms.get(kept.room_id)
        if room is not None:
            await self._fresh(kept.room_id, room, from_s, to_s)
        found = await self._database.read(
            lambda conn: busy.overlapping(conn, kept.room_id, Span(from_s, to_s), most=MOST_SPANS + 1)
        )
        now_ms = self._clock.now_ms()
        view = self._outside.view(kept.room_id, Span(from_s, to_s), now_ms)
        if len(found) > MOST_SPANS:
            to_s = max(from_s + 1, found[-1].span.start_s)
            notes.append(BusyNote("too-many", "There are more meetings than one answer tells; ask for a shorter time."))
        if to_s > now_ms // 1000 + HORIZON_S:
            days = HORIZON_S // 86_400
            notes.append(BusyNote("too-far", f"Series are known for {days} days ahead; what lies behind that is not."))
        notes += _about(view)
        return Busy(
            spans=within(merged([*(each.span for each in found), *view.spans]), from_s, to_s),
            from_s=from_s,
            to_s=to_s,
            as_of_ms=view.as_of_ms,
            complete=not notes,
            stale=view.stale,
            notes=tuple(notes),
        )

    async def run(self) -> None:
        """Keep watched rooms up to date until cancelled."""
        while True:
            try:
                wait_s = await self.turn()
            except StoreError as error:
                _LOGGER.error("the busy times of rooms cannot be kept: %s", error)  # noqa: TRY400 - the disk
                wait_s = _STORE_PAUSE_S
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    async def turn(self) -> float | None:
        """Do what is due; return the seconds until something else is, None to wait to be woken. Raises StoreError."""
        now_ms = self._clock.now_ms()
        if self._settled_ms is None or not 0 <= now_ms - self._settled_ms < SETTLE_S * 1000:
            await self._index.settle()
            await self._index.purge()
            self._settled_ms = now_ms
        rooms = self._index.watched.rooms
        self._outside.forget(rooms)
        if not rooms:
            return SETTLE_S if self._index.watched.devices else None
        every_s = self._every_s if self._clock.now_ms() - self._used_ms < _IN_USE_MS else ASK_QUIET_S
        first = part_of(now_ms // 1000)
        due_s = self._due_s(first, every_s)
        if due_s <= 0:
            await self._outside.ask(rooms, first)
            problem = self._outside.problem(tuple(rooms))
            self._failures = 0 if problem is None else self._failures + 1
            if problem is not None:
                return self._wait_s(problem, every_s)
            due_s = every_s
        far = self._far_due(first, every_s)
        if far is not None:
            await self._outside.ask(rooms, far)
            if (problem := self._outside.problem(tuple(rooms))) is not None:
                self._failures += 1
                return self._wait_s(problem, every_s)
            if self._far_due(first, every_s) is not None:
                return min(due_s, NEXT_S)
        return due_s * (0.75 + self._chance() / 2)

    def _due_s(self, first: int, every_s: float) -> float:
        asked_ms = self._outside.asked_ms(tuple(self._index.watched.rooms), first)
        age_ms = None if asked_ms is None else self._clock.now_ms() - asked_ms
        return 0.0 if age_ms is None or age_ms < 0 else every_s - age_ms / 1000

    def _far_due(self, first: int, every_s: float) -> int | None:
        """Return from where on it is time to ask about what lies farther ahead; None when it is not.

        Where a meeting of ours was about to be changed in the calendar, that is as often as for what lies near.
        """
        rooms, now_ms = tuple(self._index.watched.rooms), self._clock.now_ms()
        for part in range(first + PARTS_AT_ONCE, first + HORIZON_S // PART_S + 1, PARTS_AT_ONCE):
            asked_ms = self._outside.asked_ms(rooms, part)
            unsettled = self._outside.unsettled(rooms, range(part, part + PARTS_AT_ONCE))
            fresh_s = every_s if unsettled else ASK_FAR_S
            if asked_ms is None or not 0 <= now_ms - asked_ms < fresh_s * 1000:
                return part
        return None

    def _wait_s(self, problem: Outcome, every_s: float) -> float:
        unusual = self._failures == 1 and problem.verdict is not Verdict.AUTHORIZATION  # that is told elsewhere
        _LOGGER.log(
            logging.WARNING if unusual else logging.DEBUG,
            "busy times are not known: %s",
            problem.text,
            extra={"problem": problem.code},
        )
        wait_s = min(LONGEST_WAIT_S, every_s * float(2 ** min(self._failures - 1, 8)))
        return max(wait_s, problem.retry_after_s or 0.0)

    def _in_use(self) -> None:
        now_ms = self._clock.now_ms()
        if now_ms - self._used_ms >= _IN_USE_MS:
            self._woken.set()
        self._used_ms = now_ms

    async def _settled(self, device_id: int) -> bool:
        """Bring the device's room into shape, for as long as a call may wait; the work goes on behind it."""
        if not self._is_in_shape(device_id):
            # On a disk that cannot be written what is known can still be told.
            with contextlib.suppress(TimeoutError, StoreError):
                async with asyncio.timeout(READY_S):
                    under_way = self._settling is not None
                    await asyncio.shield(self._settle())
                    if under_way and not self._is_in_shape(device_id):
                        await asyncio.shield(self._settle())  # that one had begun before this device asked
            self._woken.set()
        return self._index.complete(device_id)

    def _settle(self) -> asyncio.Task[None]:
        """Return the one task that brings rooms into shape, begun now if there is none; all who wait share it."""
        if self._settling is None:
            self._settling = asyncio.create_task(self._index.settle(), name="settle-rooms", context=apart())
            self._settling.add_done_callback(self._looked_at)
        return self._settling

    def _looked_at(self, task: asyncio.Task[None]) -> None:
        """Nobody may be left to hear of an error that the loop will meet again."""
        self._settling = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.debug("rooms could not be settled: %s", error)

    def _is_in_shape(self, device_id: int) -> bool:
        return self._index.complete(device_id) and self._is_watched(device_id)

    def _is_watched(self, device_id: int) -> bool:
        kept = self._index.watched.devices.get(device_id)
        return kept is not None and kept.room_id in self._index.watched.rooms

    async def _fresh(self, room_id: int, room: Room, from_s: int, to_s: int) -> None:
        """Ask the calendar unless that was done just now, or it did not answer lately; not for long."""
        if self._failures:
            return
        first, last = part_of(from_s), part_of(to_s - 1)
        try:
            # One after the other: what the first of many heard need not be asked by the others.
            async with asyncio.timeout(READY_S), self._asking:
                now_ms = self._clock.now_ms()
                for part in range(first, last + 1, PARTS_AT_ONCE):
                    for each in range(part, min(part + PARTS_AT_ONCE, last + 1)):
                        asked_ms = self._outside.asked_ms((room_id,), each)
                        if asked_ms is None or not 0 <= now_ms - asked_ms < FRESH_S * 1000:
                            await self._outside.ask({room_id: room}, part)
                            break
        except TimeoutError:
            _LOGGER.debug("the calendar did not say in time when it is busy")
        except StoreError as error:
            _LOGGER.debug("what the calendar said cannot be written down: %s", error)


def _about(view: OutsideView) -> list[BusyNote]:
    """Say what is missing of what the calendar itself knows."""
    if not view.stale:
        return []
    if view.as_of_ms is None:
        text = "Only the gateway's own meetings are told: the calendar's busy times are not known."
    else:
        text = "The calendar could not be asked lately; its busy times are as old as `as_of` says."
    return [BusyNote(view.code or "stale", f"{text} {view.text}".strip())]
