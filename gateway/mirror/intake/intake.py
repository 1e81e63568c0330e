"""A device said something: one transaction keeps meeting, outbox row and audit row; no HTTP, no calendar."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence

from gateway.clock import Clock
from gateway.domain import change
from gateway.domain.busy import Span
from gateway.domain.device import ConflictRule
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceChange
from gateway.mirror.intake.acceptance import Acceptance, RepeatGuard, Said, guarded
from gateway.mirror.intake.occurrence_intake import change_occurrence
from gateway.mirror.intake.receipts import Caller, Receipt, StoredMeeting
from gateway.mirror.intake.room_time import OutsideView, RoomTime
from gateway.mirror.intake.series import Exceptions
from gateway.mirror.intake.standing import standing
from gateway.store.database import Database
from gateway.store.meetings import MeetingContents

__all__ = ["Caller", "Intake", "Receipt", "RepeatGuard", "StoredMeeting"]


async def _ready(_device_id: int) -> tuple[str, ...]:
    return ()


class Intake:
    """The one way in for meetings, whatever dialect they came in.

    `ready` is awaited before a meeting's time is compared with what is taken, and returns what the device should hear
    when not all of that is known; `outside` tells what the calendar of a room said (`mirror.availability` has both).
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        fingerprint_key: bytes,
        seal: Callable[[str], str],
        unseal: Callable[[str], str],
        wake: Callable[[], None],
        ready: Callable[[int], Awaitable[tuple[str, ...]]] = _ready,
        outside: Callable[[int, Span, int], OutsideView] = lambda *_: OutsideView(),
    ) -> None:
        self._database = database
        self._clock = clock
        self._fingerprint_key = fingerprint_key
        self._seal = seal
        self._wake = wake
        self._ready = ready
        self._exceptions = Exceptions(key=fingerprint_key, seal=seal, unseal=unseal)
        self._parts = Acceptance(self._exceptions, RoomTime(exceptions=self._exceptions, outside=outside))

    async def accept(
        self,
        caller: Caller,
        meeting: Meeting,
        *,
        shape: str,
        warnings: tuple[str, ...] = (),
        guard: RepeatGuard | None = None,
        occurrences: Sequence[OccurrenceChange] | None = None,
    ) -> Receipt:
        """Keep a meeting that was created or changed; when this returns it is on disk.

        `occurrences` are the exceptions of a series, all of them; None keeps those stored that still fit
        (`mirror.intake.series` has the rule). The same again changes nothing. Raises Conflict when the meeting was
        cancelled before and this is not a repeat of what was cancelled, TimeTaken when the device's rule is to refuse
        and its room is taken, BadPayload when one of `occurrences` is none of the series, KeyReused when the guard's
        key belongs to another call, StoreError when the disk fails.
        """
        body, fingerprint = change.stored(meeting, self._fingerprint_key, self._seal)
        contents = MeetingContents(
            sync=meeting.sync_to_calendar,
            shape=shape,
            sequence=meeting.sequence,
            fingerprint=fingerprint,
            body=body,
        )
        said = Said(caller=caller, meeting=meeting, contents=contents, occurrences=occurrences)
        warnings += await self._room_known(caller)
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> Receipt:
            if guard is None:
                return self._parts.accept(conn, said, now_ms)
            return guarded(conn, caller, guard, now_ms, lambda: self._parts.accept(conn, said, now_ms))

        return self._told(await self._database.write(work), warnings)

    async def change_occurrence(
        self,
        caller: Caller,
        external_id: str,
        change: OccurrenceChange,
        *,
        shape: str,
        warnings: tuple[str, ...] = (),
        guard: RepeatGuard | None = None,
    ) -> Receipt:
        """Keep that one occurrence of a series was moved, changed or cancelled; the series itself stays as it is.

        The receipt has the times of that occurrence. The same again changes nothing; what is older than what is
        stored is left aside. `shape` is not kept: one occurrence is not read back alone. Raises NotFound without the
        series, BadPayload naming `original_start` when the series has no occurrence then, Conflict when the series
        was cancelled, and as `accept`.
        """
        del shape
        warnings += await self._room_known(caller)
        now_ms = self._clock.now_ms()

        def apply(conn: sqlite3.Connection) -> Receipt:
            return change_occurrence(conn, caller, external_id, change, now_ms, self._parts)

        def work(conn: sqlite3.Connection) -> Receipt:
            return apply(conn) if guard is None else guarded(conn, caller, guard, now_ms, lambda: apply(conn))

        return self._told(await self._database.write(work), warnings)

    async def cancel(self, caller: Caller, external_id: str, *, sequence: int | None = None) -> Receipt:
        """Cancel a meeting, a series with all its exceptions; again, it changes nothing.

        A `sequence` older than the stored one is left aside. Raises NotFound when the device never scheduled it.
        """
        now_ms = self._clock.now_ms()
        return self._told(
            await self._database.write(lambda conn: self._parts.cancel(conn, caller, external_id, now_ms, sequence)),
            (),
        )

    async def find(self, caller: Caller, external_id: str) -> StoredMeeting:
        """Return a meeting of this device as it stands. Raises NotFound."""
        return await self._database.read(lambda conn: standing(conn, caller, external_id, self._exceptions))

    async def series(self, caller: Caller, external_id: str) -> StoredMeeting:
        """Return the series whose occurrence a call is about; as `find`."""
        return await self.find(caller, external_id)

    async def _room_known(self, caller: Caller) -> tuple[str, ...]:
        return () if caller.conflict is ConflictRule.ALLOW else await self._ready(caller.device_id)

    def _told(self, receipt: Receipt, warnings: tuple[str, ...]) -> Receipt:
        if receipt.fresh:
            self._wake()
        return receipt._replace(warnings=warnings + receipt.warnings) if warnings else receipt
