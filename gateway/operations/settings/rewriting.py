"""Has the events of coming meetings written again as it is set now; what they say and how that is done is not here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.domain.change import from_json
from gateway.domain.device import DevicePolicy
from gateway.domain.kept_edit import KeptState
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.wanted import Wanted
from gateway.mirror.intake.queueing import LAST_MS
from gateway.store import audit, kept, meetings, mirrored, outbox, upcoming
from gateway.store.database import Database

MOST_AT_ONCE: Final = 500
"""So many events are written again at most, so that the queue is short enough for what comes meanwhile."""

_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """How many events will be written again, and how many of them later because these are enough for now."""

    number: int
    left: int


class Rewriting:
    """Works with what holds for each device now: `policy`, by the id of its row; KeyError when there is no such one."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        policy: Callable[[int], DevicePolicy],
        unseal: Callable[[str], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._unseal = unseal

    async def write_again(self, by: Actor) -> Again:
        """Have the events of meetings that lie ahead written as it is set now, where that differs; raises StoreError.

        They come after everything else that waits. What people changed and what was decided about it stays.
        """
        every = await self._database.read(lambda conn: upcoming.with_event(conn, self._clock.now_ms() // 1000))
        behind: list[int] = []
        for start in range(0, len(every), _BATCH):
            batch = every[start : start + _BATCH]
            behind += await self._database.read(partial(self._behind, batch=batch))
        chosen = behind[:MOST_AT_ONCE]
        for start in range(0, len(chosen), _BATCH):
            batch = chosen[start : start + _BATCH]
            await self._database.write(partial(self._ask, batch=batch))
        if chosen:
            await self._database.write(lambda conn: self._note(conn, by, len(chosen)))
        return Again(number=len(chosen), left=len(behind) - len(chosen))

    def _behind(self, conn: sqlite3.Connection, batch: Sequence[int]) -> list[int]:
        """Return those whose event says something else than it would if it were written now."""
        found = []
        for meeting_id in batch:
            row, event = meetings.get(conn, meeting_id), mirrored.get(conn, meeting_id)
            if row is None or event is None or event.revision != row.revision or _decided(conn, meeting_id):
                continue
            try:
                policy = self._policy(row.device_id)
                meeting = from_json(row.body, self._unseal)
            except (KeyError, ValueError):
                continue
            wanted = Wanted(meeting=meeting, fingerprint=row.fingerprint, policy=policy)
            if wanted.content(Lacks.remembered(event.lacking, row.revision)).fingerprint != event.content:
                found.append(meeting_id)
        return found

    def _ask(self, conn: sqlite3.Connection, batch: Sequence[int]) -> None:
        for meeting_id in batch:
            row = meetings.get(conn, meeting_id)
            if row is None or outbox.get(conn, outbox.MIRROR, meeting_id) is not None:
                continue  # what waits anyway is written as it is set now
            outbox.put(
                conn,
                kind=outbox.MIRROR,
                subject_id=meeting_id,
                revision=row.revision,
                now_ms=self._clock.now_ms(),
                lane=row.device_id,
                starts_at_ms=LAST_MS,
            )

    def _note(self, conn: sqlite3.Connection, by: Actor, number: int) -> None:
        audit.write(
            conn,
            at_ms=self._clock.now_ms(),
            actor=by.name,
            action="meetings.written_again",
            object_="settings",
            detail=str(number),
            source=by.source,
        )


def _decided(conn: sqlite3.Connection, meeting_id: int) -> bool:
    """Tell whether nothing is to be written: an admin is asked, or the event was deleted and stays so."""
    edit = kept.get(conn, meeting_id)
    return edit is not None and (edit.state is KeptState.ASKS or (edit.deleted and edit.state is KeptState.KEPT))
