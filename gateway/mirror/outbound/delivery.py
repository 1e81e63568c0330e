"""Brings one event to the state its meeting asks for, looking before it repeats; when to try is not decided here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from gateway import messages
from gateway.domain.change import from_json
from gateway.domain.device import DevicePolicy
from gateway.domain.event_id import event_id
from gateway.domain.facts import Part
from gateway.domain.kept_edit import WHOLE, KeptEdit, KeptState
from gateway.domain.occurrence import OccurrenceState, by_the_rule
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import CalendarTarget, EventContent, EventRef, OccurrenceRef
from gateway.mirror.event.away import is_away, why_away
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.ownership import is_of_meeting, ref_of
from gateway.mirror.event.wanted import EVENT_FORMAT, Wanted
from gateway.mirror.outbound.completing import Completing
from gateway.mirror.outbound.job import (
    DOUBT_ABSENCE,
    DOUBT_CALL,
    DOUBT_NONE,
    Delivered,
    Job,
    Result,
    Undelivered,
    write_down,
)
from gateway.mirror.outbound.series_delivery import Piece, SeriesDelivery, SeriesEnd
from gateway.mirror.outbound.writing import MOST_ROUNDS, Writing
from gateway.store import mirrored, occurrences
from gateway.store.database import Database
from gateway.store.mirrored import MirroredRow, MirrorState
from gateway.store.occurrences import OccurrenceRow

__all__ = [
    "DOUBT_ABSENCE",
    "DOUBT_CALL",
    "DOUBT_NONE",
    "EVENT_FORMAT",
    "MOST_ROUNDS",
    "SECOND_LOOK_S",
    "Delivered",
    "Delivery",
    "Job",
    "Result",
    "Undelivered",
    "write_down",
]

SECOND_LOOK_S = 120.0
"""How long after a call in doubt an absent event is looked for once more: well beyond any call's own time limit."""

_MOST_REMEDIES = 4


class Delivery:
    """Carries out jobs for one installation; many may run side by side as long as their meetings differ."""

    def __init__(
        self, *, database: Database, installation_id: str, unseal: Callable[[str], str], now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._installation_id = installation_id
        self._unseal = unseal
        self._now_ms = now_ms
        self._completing = Completing(now_ms=now_ms)

    async def bring(self, job: Job, target: CalendarTarget, policy: DevicePolicy) -> Result:
        """Make the calendar hold what the job's meeting says, or nothing when it is not wanted any more."""
        if job.event is None:
            return Delivered(event=None)
        if not job.meeting.wanted:
            return await self._remove(job.event, job.row.doubt, target, policy)
        edit = next((edit for edit in job.kept if edit.original_start_utc_s == WHOLE), None)
        if edit is not None and edit.state is KeptState.ASKS:
            return _asked(edit)
        if edit is not None and edit.deleted and edit.state is KeptState.KEPT:
            return Delivered(event=None)
        wanted = Wanted(
            meeting=from_json(job.meeting.body, self._unseal), fingerprint=job.meeting.fingerprint, policy=policy
        )
        writing = Writing(
            target=target,
            wanted=wanted,
            job=job,
            event=job.event,
            notes=self,
            completing=self._completing,
            keep=_kept_parts(edit),
        )
        result = await writing.run()
        if job.occurrences and isinstance(result, Delivered):
            result = await self._bring_series(job, writing, wanted, result, target)
        if isinstance(result, Undelivered):
            await self._remember(writing)
        return result

    async def _bring_series(
        self, job: Job, writing: Writing, wanted: Wanted, result: Delivered, target: CalendarTarget
    ) -> Result:
        """Bring the exceptions of a series whose own event is there; while one is not, the job is not done."""
        end, lacks = await self._exceptions(job, writing, wanted, target, everything=writing.wrote, sure=writing.wrote)
        if end.doubtful:
            seen = await writing.make_sure()
            if not isinstance(seen, Delivered):
                return seen
            result = seen
            end, lacks = await self._exceptions(job, writing, wanted, target, everything=writing.wrote, sure=True)
        if end.missing and not writing.wrote:
            # Somebody moved or ended the series in the calendar; its device decides about its times.
            again = await writing.run_again()
            if not isinstance(again, Delivered):
                return again
            result = again
            end, lacks = await self._exceptions(job, writing, wanted, target, everything=True, sure=True)
        if end.failure is not None:
            return Undelivered(outcome=end.failure, doubt=DOUBT_CALL, calendar_away=end.calendar_away)
        return self._completing.with_occurrences(result, writing.event, writing.lacks, lacks)

    async def _exceptions(
        self, job: Job, writing: Writing, wanted: Wanted, target: CalendarTarget, *, everything: bool, sure: bool
    ) -> tuple[SeriesEnd, Lacks]:
        """Bring them, without what the calendar refuses of them; return how that ended and what they lack."""
        lacks = writing.lacks
        exceptions = SeriesDelivery(
            target=target,
            invitations=wanted.policy.invitations,
            settle=self._settle,
            wins=wanted.policy.wins,
        )
        for _ in range(_MOST_REMEDIES):
            end = await exceptions.bring(self._pieces(job, writing, wanted, lacks), all_of_them=everything, sure=sure)
            more = None if end.failure is None else lacks.after(end.failure, wanted.meeting)
            if more is None or end.failure is None:
                break
            self._completing.met(writing.event.account_id, end.failure)
            lacks = more
        return end, lacks

    def _pieces(self, job: Job, writing: Writing, wanted: Wanted, lacks: Lacks) -> list[Piece]:
        edits = {edit.original_start_utc_s: edit for edit in job.kept if edit.original_start_utc_s != WHOLE}
        ref, pieces = self.ref(writing.event), []
        for row in job.occurrences:
            edit = edits.get(row.original_start_utc_s)
            if edit is not None and (edit.state is KeptState.ASKS or edit.deleted):
                continue  # left as the calendar has it
            content = self._said(row, wanted, lacks)
            if content is not None:
                content = replace(content, keep=_kept_parts(edit))
            pieces.append(Piece(row=row, ref=_occurrence_ref(ref, wanted, row), content=content))
        return pieces

    def _said(self, row: OccurrenceRow, series: Wanted, lacks: Lacks) -> EventContent | None:
        if row.state is OccurrenceState.CHANGED and row.body is not None:
            own = replace(series, meeting=from_json(row.body, self._unseal), fingerprint=row.fingerprint)
            return own.content(lacks)
        if row.state is OccurrenceState.PLAIN:
            # An occurrence nobody changed carries the notes of its series, its fingerprint with them.
            return replace(series.content(lacks), meeting=by_the_rule(series.meeting, row.slot))
        return None

    async def _settle(self, row: OccurrenceRow, delivered: str, unknown: bool) -> None:
        await self._database.write(lambda conn: occurrences.settle(conn, row, delivered, unknown=unknown))

    async def _remember(self, writing: Writing) -> None:
        """Keep what was refused, so that the next attempt does not run into the same answers first."""
        words = writing.lacks.words()
        if words and words != writing.event.lacking:
            await self._database.write(lambda conn: mirrored.lack(conn, writing.event.meeting_id, words))

    async def unsettle(self, job: Job) -> None:
        """Note, before the event of a series is written, that its exceptions have to be looked at afterwards."""
        if job.occurrences:
            await self._database.write(lambda conn: occurrences.unsettle(conn, job.meeting.id))

    async def ask_meet(self, event: MirroredRow) -> MirroredRow:
        """Choose the id of a request for a conference, durably; one that may have been sent already is kept."""
        if event.meet_request and event.meet_state == "pending":
            return event
        request_id, now_ms = str(uuid.uuid4()), self._now_ms()
        await self._database.write(lambda conn: mirrored.ask_meet(conn, event.meeting_id, request_id, now_ms))
        return replace(event, meet_request=request_id, meet_asked_at=now_ms, meet_state="pending", meet_link=None)

    def ref(self, event: MirroredRow) -> EventRef:
        """Return how the calendar knows the event, with the marks by which we know it again."""
        return ref_of(self._installation_id, event)

    async def next_generation(self, event: MirroredRow) -> MirroredRow:
        """Choose the meeting's next event id, durably, because the calendar will not take the last one again."""
        generation = event.generation + 1
        return await self._database.write(
            lambda conn: mirrored.claim(
                conn,
                meeting_id=event.meeting_id,
                account_id=event.account_id,
                calendar_id=event.calendar_id,
                remote_id=event_id(self._installation_id, event.meeting_id, generation),
                generation=generation,
                now_ms=self._now_ms(),
            )
        )

    async def _remove(self, event: MirroredRow, doubt: int, target: CalendarTarget, policy: DevicePolicy) -> Result:
        if event.state is MirrorState.GONE or (event.state is MirrorState.CLAIMED and doubt == DOUBT_NONE):
            return Delivered(event=None)
        ref = self.ref(event)
        if event.state is MirrorState.CLAIMED:
            # An insert that nobody saw end: it may have had its effect, may have it still, or never will.
            outcome = await target.look(ref)
            if outcome.verdict is Verdict.GONE and outcome.event is None:
                return _absent() if doubt != DOUBT_ABSENCE else await _not_there(event, doubt, target)
            if outcome.verdict is Verdict.GONE or (outcome.event is not None and not is_of_meeting(outcome.event, ref)):
                return Delivered(event=None)
            if outcome.verdict is not Verdict.DONE:
                return Undelivered(outcome=outcome, doubt=doubt)
        outcome = await target.delete(ref, policy.invitations)
        if outcome.verdict is Verdict.DONE:
            return Delivered(event=None)
        if outcome.verdict is Verdict.GONE:
            return await _not_there(event, doubt, target)
        return Undelivered(outcome=outcome, doubt=max(doubt, DOUBT_CALL))


def _kept_parts(edit: KeptEdit | None) -> frozenset[Part]:
    return frozenset() if edit is None or edit.state is not KeptState.KEPT else edit.parts - {Part.EVENT}


def _asked(edit: KeptEdit) -> Undelivered:
    """Nothing is written while an admin is asked whose version counts."""
    code = "G-508" if edit.deleted else "G-509"
    values = {"who": edit.who, "fields": ", ".join(sorted(edit.parts - {Part.EVENT}))}
    given = {name: value for name, value in values.items() if value}
    outcome = Outcome(verdict=Verdict.REFUSED, code=code, text=str(messages.text(code, **given)), values=given)
    return Undelivered(outcome=outcome, doubt=DOUBT_NONE)


def _occurrence_ref(series: EventRef, wanted: Wanted, row: OccurrenceRow) -> OccurrenceRef:
    day = row.original_local.date() if wanted.meeting.all_day else None
    return OccurrenceRef(series=series, original_start_utc_s=row.original_start_utc_s, original_day=day)


async def _not_there(event: MirroredRow, doubt: int, target: CalendarTarget) -> Result:
    """An event that shall not be there was not found: it is gone, unless its calendar cannot be seen."""
    why = await why_away(target, event.calendar_id)
    if why is None:
        return Delivered(event=None)
    return Undelivered(outcome=why, doubt=doubt, calendar_away=is_away(why))


def _absent() -> Undelivered:
    """An event that may still be on its way was not there: look once more, later, before that is believed."""
    text = "The event is not there; one more look makes sure that a late call does not bring it."
    outcome = Outcome(verdict=Verdict.LATER, code="second-look", text=text, retry_after_s=SECOND_LOOK_S)
    return Undelivered(outcome=outcome, doubt=DOUBT_ABSENCE)
