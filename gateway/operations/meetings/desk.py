"""What an admin does with single meetings: looks, sends again, cancels; how it is asked for and shown is not here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from gateway.clock import Clock
from gateway.domain import facts
from gateway.domain.actor import Actor
from gateway.domain.attempt import Attempt
from gateway.domain.change import from_json
from gateway.domain.device import Wins
from gateway.domain.facts import EventFacts
from gateway.domain.kept_edit import KeptEdit
from gateway.domain.meeting import Meeting
from gateway.errors import Conflict, NotFound
from gateway.mirror.intake.intake import Caller, Intake
from gateway.mirror.intake.receipts import Note
from gateway.mirror.intake.standing import notes_of
from gateway.operations.meetings.decision import decided, vanished
from gateway.store import attempts, audit, kept, meeting_list, meetings, mirrored, occurrences, outbox
from gateway.store.audit import AuditLine
from gateway.store.database import Database
from gateway.store.meeting_list import MeetingLine, Wanted
from gateway.store.occurrences import OccurrenceRow

MOST_AUDIT_LINES = 50
NOBODY_NEEDS_IT = "***"
"""Stands where a meeting has a password; nobody here opens the seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A meeting from both sides.

    `meeting` is what the device says, its passwords as `***`. `written` is what the event said when it was last
    written, None while there is none. `edits` is what people changed since, and whose word counts there. `notes` say
    what the event lacks that was asked for. `attempts` are those to bring it to the calendar, oldest first; `writing`
    says that one is under way.
    """

    line: MeetingLine
    meeting: Meeting
    written: EventFacts | None
    edits: tuple[KeptEdit, ...]
    occurrences: tuple[OccurrenceRow, ...]
    history: tuple[AuditLine, ...]
    notes: tuple[Note, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    writing: bool = False


class MeetingDesk:
    """Works for `actor`. `intake` is made only when it is needed.

    `chosen` are the accounts that the settings of the gateway name for devices, by their ids. `unseal` opens what a
    meeting holds sealed.

    A meeting is named by its number, or by its device's id, a slash and the device's own id for it. Every word about
    a meeting that is not there raises NotFound; StoreError when the disk fails.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        intake: Callable[[], Intake],
        actor: Actor,
        chosen: Mapping[str, str],
        unseal: Callable[[str], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._actor = actor
        self._chosen = dict(chosen)
        self._unseal = unseal

    async def listed(self, wanted: Wanted, most: int) -> tuple[list[MeetingLine], int]:
        """Return the first `most` meetings that are wanted, and how many there are in all."""
        return await self._database.read(lambda conn: meeting_list.find(conn, wanted, most, self._chosen))

    async def one(self, name: str) -> MeetingLine:
        """Return one meeting."""
        return await self._database.read(lambda conn: self._one(conn, name))

    async def shown(self, name: str) -> Shown:
        """Return everything about one meeting."""

        def read(conn: sqlite3.Connection) -> Shown:
            line = self._one(conn, name)
            row, event = meetings.get(conn, line.id), mirrored.get(conn, line.id)
            if row is None:
                raise NotFound(_NONE.format(name))
            waiting = outbox.get(conn, outbox.MIRROR, line.id)
            return Shown(
                line=line,
                meeting=from_json(row.body, lambda _sealed: NOBODY_NEEDS_IT),
                written=facts.from_json(event.written) if event is not None and event.written else None,
                edits=kept.notes(conn, line.id),
                occurrences=occurrences.of(conn, line.id) if row.exceptions else (),
                history=tuple(audit.about(conn, f"meeting:{line.id}", MOST_AUDIT_LINES)),
                notes=() if event is None or not row.wanted else notes_of(event),
                attempts=attempts.of(conn, line.id),
                writing=waiting is not None and waiting.claimed_by is not None,
            )

        return await self._database.read(read)

    async def resend(self, name: str) -> MeetingLine:
        """Bring a meeting to the calendar again, now; an event that is there is compared and written where it differs.

        Raises Conflict when there is nothing to send, or when somebody has to decide first.
        """

        def work(conn: sqlite3.Connection) -> MeetingLine:
            line = self._one(conn, name)
            if line.asks:
                raise Conflict(
                    f"Meeting {line.id} waits for your word: meeting-gateway meeting resolve {line.id} --device, "
                    "or --google"
                )
            if line.state == "left":
                raise Conflict(
                    f"People deleted the event of meeting {line.id}, and their word counts. To have it back: "
                    f"meeting-gateway meeting resolve {line.id} --device"
                )
            if not line.waits and (line.event_state != "live" or line.state in ("cancelled", "stored")):
                raise Conflict(f"Meeting {line.id} is {line.state}: there is nothing to send.")
            self._send_again(conn, line)
            return line

        return await self._database.write(work)

    async def resend_held(self, holds: tuple[str, ...]) -> int:
        """Try everything again that is held for one of these reasons, but what waits for a decision; return how many.

        `holds` are `authorization`, `configuration` and `parked`.
        """

        def work(conn: sqlite3.Connection) -> int:
            lines = [line for line in meeting_list.held(conn, holds) if not line.asks]
            for line in lines:
                self._send_again(conn, line)
            return len(lines)

        return await self._database.write(work)

    async def cancel(self, name: str) -> MeetingLine:
        """Cancel a meeting as its device would; the device itself is not told. Again, it changes nothing.

        Returned is how it stood before.
        """
        line = await self.one(name)
        if line.cancelled:
            return line
        await self._database.write(lambda conn: self._note(conn, "meeting.cancel_asked", line.id))
        await self._intake().cancel(Caller(device_id=line.device_id, name=line.device), line.external_id)
        return line

    async def resolve(self, name: str, wins: Wins, occurrence: datetime | date | int | None = None) -> int:
        """Say whose version counts where people changed the event; return for how many events. See `decided`.

        Raises Conflict: there is nothing to decide.
        """

        def work(conn: sqlite3.Connection) -> int:
            line = self._one(conn, name)
            number = decided(conn, line, wins, occurrence, now_ms=self._clock.now_ms(), unseal=self._unseal)
            self._note(conn, "meeting.decided", line.id, f"{wins} wins")
            return number

        return await self._database.write(work)

    async def vanished(self, name: str, *, restore: bool) -> int:
        """Answer for all events that vanished at once from the calendar of a meeting; return how many they are.

        Raises Conflict when that is not asked.
        """

        def work(conn: sqlite3.Connection) -> int:
            line = self._one(conn, name)
            number = vanished(conn, line, restore=restore, now_ms=self._clock.now_ms(), unseal=self._unseal)
            audit.write(
                conn,
                at_ms=self._clock.now_ms(),
                actor=self._actor.name,
                action="calendar.restored" if restore else "calendar.believed",
                object_=f"calendar:{line.calendar_id}",
                detail=str(number),
                source=self._actor.source,
            )
            return number

        return await self._database.write(work)

    async def password(self, name: str, *, host: bool) -> str:
        """Return the password of a meeting, or that of its host, for somebody who proved who they are; empty: none.

        It is written down who looked. Raises NotFound.
        """

        def work(conn: sqlite3.Connection) -> str:
            line = self._one(conn, name)
            row = meetings.get(conn, line.id)
            if row is None:
                raise NotFound(_NONE.format(name))
            self._note(conn, "meeting.password_shown", line.id)
            meeting = from_json(row.body, self._unseal)
            return (meeting.host_password if host else meeting.password) or ""

        return await self._database.write(work)

    def _send_again(self, conn: sqlite3.Connection, line: MeetingLine) -> None:
        now_ms = self._clock.now_ms()
        if not outbox.unpark(conn, outbox.MIRROR, line.id, now_ms):
            mirrored.mark_stale(conn, line.id)
            outbox.put(
                conn,
                kind=outbox.MIRROR,
                subject_id=line.id,
                revision=line.revision,
                now_ms=now_ms,
                lane=line.device_id,
                starts_at_ms=line.start_utc_s * 1000,
            )
        self._note(conn, "meeting.sent_again", line.id)

    def _note(self, conn: sqlite3.Connection, action: str, meeting_id: int, detail: str = "") -> None:
        audit.write(
            conn,
            at_ms=self._clock.now_ms(),
            actor=self._actor.name,
            action=action,
            object_=f"meeting:{meeting_id}",
            detail=detail,
            source=self._actor.source,
        )

    def _one(self, conn: sqlite3.Connection, name: str) -> MeetingLine:
        device, slash, external_id = name.partition("/")
        line = None
        if slash:
            line = meeting_list.named(conn, device, external_id, self._chosen)
        elif name.isascii() and name.isdigit() and len(name) < 19:
            line = meeting_list.one(conn, int(name), self._chosen)
        if line is None:
            raise NotFound(_NONE.format(name))
        return line


_NONE = "There is no meeting {}. See: meeting-gateway meeting list"
