"""Claims meetings whose turn it is and makes jobs of them, each event's id written down first; no call is made here."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, replace

from gateway.domain.event_id import event_id
from gateway.domain.retry import Hold
from gateway.mirror.outbound.job import DOUBT_NONE, Job
from gateway.mirror.outbound.lanes import Pick
from gateway.store import kept, meetings, mirrored, occurrences, outbox, restored
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import MirroredRow, MirrorState
from gateway.store.outbox import OutboxRow

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job with the account and calendar that its meeting goes to."""

    job: Job
    pick: Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Claims for one worker; a claim is meant to last `lease_ms`."""

    installation_id: str
    owner: str
    lease_ms: int

    def claim(self, conn: sqlite3.Connection, picks: list[Pick], now_ms: int) -> list[Claimed]:
        """Claim these and return what can be done now."""
        rows = outbox.claim_due(
            conn,
            kind=outbox.MIRROR,
            owner=self.owner,
            now_ms=now_ms,
            lease_ms=self.lease_ms,
            chosen=[(pick.meeting_id, pick.account.account_id) for pick in picks],
        )
        by_meeting = {pick.meeting_id: pick for pick in picks}
        found = []
        for row in rows:
            pick = by_meeting[row.subject_id]
            job = self._job(conn, row, pick, now_ms)
            if job is not None:
                found.append(Claimed(job=job, pick=pick))
        return found

    def _job(self, conn: sqlite3.Connection, row: OutboxRow, pick: Pick, now_ms: int) -> Job | None:
        meeting = meetings.get(conn, row.subject_id)
        if meeting is None:
            _LOGGER.error("a row of the outbox has no meeting", extra={"meeting": row.subject_id})
            _park(conn, row, now_ms)
            return None
        event = self._event(conn, meeting, pick, row.doubt, now_ms)
        if event is not None and event.account_id != pick.account.account_id and _is_there(event, row.doubt):
            outbox.unclaim(conn, [replace(row, account_id=event.account_id)])
            return None
        return Job(
            row=replace(row, attempts=row.attempts + 1),
            meeting=meeting,
            event=event,
            occurrences=occurrences.of(conn, meeting.id) if meeting.exceptions else (),
            kept=kept.of(conn, meeting.id) if meeting.kept_edits else (),
        )

    def _event(
        self, conn: sqlite3.Connection, meeting: MeetingRow, pick: Pick, doubt: int, now_ms: int
    ) -> MirroredRow | None:
        """Return the meeting's event; of one that no calendar has, place and id are chosen and written down."""
        event = mirrored.get(conn, meeting.id)
        if not meeting.wanted or (event is not None and _is_there(event, doubt)):
            return event
        if event is None and restored.adopt_left(conn, meeting.id, pick.account.account_id, now_ms):
            return mirrored.get(conn, meeting.id)
        generation = 0
        if event is not None:
            if (event.account_id, event.calendar_id) == (pick.account.account_id, pick.calendar_id):
                return event
            generation = event.generation + (event.state is MirrorState.GONE)
        return mirrored.claim(
            conn,
            meeting_id=meeting.id,
            account_id=pick.account.account_id,
            calendar_id=pick.calendar_id,
            remote_id=event_id(self.installation_id, meeting.id, generation),
            generation=generation,
            now_ms=now_ms,
        )


def _is_there(event: MirroredRow, doubt: int) -> bool:
    """Tell whether a calendar has the event, or may have it."""
    return event.state is MirrorState.LIVE or (event.state is MirrorState.CLAIMED and doubt != DOUBT_NONE)


def _park(conn: sqlite3.Connection, row: OutboxRow, now_ms: int) -> None:
    text = "The meeting of this job is not in the database."
    outbox.postpone(conn, row, not_before=now_ms, hold=Hold.PARKED, doubt=row.doubt, code="internal", text=text)
