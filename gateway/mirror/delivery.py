"""Brings one event to the state its meeting asks for, looking before it repeats; when to try is not decided here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from gateway.domain.change import from_json
from gateway.domain.device import DevicePolicy
from gateway.domain.event_id import event_id
from gateway.domain.joining import join_mark, join_of
from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OccurrenceState, by_the_rule
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.domain.target import CalendarTarget, EventContent, EventRef, OccurrenceRef
from gateway.mirror.series_delivery import Piece, SeriesDelivery
from gateway.store import mirrored, occurrences
from gateway.store.database import Database
from gateway.store.meetings import MeetingRow
from gateway.store.mirrored import MirroredRow, MirrorState
from gateway.store.occurrences import OccurrenceRow
from gateway.store.outbox import OutboxRow

EVENT_FORMAT = 1
"""Rises when the body made from a meeting changes, so that events written before are seen to differ."""

MOST_ROUNDS = 6
"""Calls that one attempt may make before it gives the job back; the longest useful way needs five."""

SECOND_LOOK_S = 120.0
"""How long after a call in doubt an absent event is looked for once more: well beyond any call's own time limit."""

DOUBT_NONE = 0
DOUBT_CALL = 1
"""A call may have had an effect that nobody saw."""
DOUBT_ABSENCE = 2
"""As DOUBT_CALL, and one look found nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed outbox row with everything needed to carry it out; without `event` there is nothing to remove.

    `occurrences` are the exceptions of a series, as they were when the row was claimed.
    """

    row: OutboxRow
    meeting: MeetingRow
    event: MirroredRow | None
    occurrences: tuple[OccurrenceRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The calendar is as wanted: it holds `event`, or (None) holds nothing of this meeting."""

    event: RemoteEvent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Not done; `doubt` says what must be looked at first next time (`DOUBT_*`)."""

    outcome: Outcome
    doubt: int


Result = Delivered | Undelivered


class Delivery:
    """Carries out jobs for one installation; many may run side by side as long as their meetings differ."""

    def __init__(
        self, *, database: Database, installation_id: str, unseal: Callable[[str], str], now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._installation_id = installation_id
        self._unseal = unseal
        self._now_ms = now_ms

    async def bring(self, job: Job, target: CalendarTarget, policy: DevicePolicy) -> Result:
        """Make the calendar hold what the job's meeting says, or nothing when it is not wanted any more."""
        if job.event is None:
            return Delivered(event=None)
        if not job.meeting.wanted:
            return await self._remove(job.event, job.row.doubt, target, policy)
        meeting = from_json(job.meeting.body, self._unseal)
        content = _content(meeting, job.meeting.fingerprint, policy)
        writing = _Writing(target=target, content=content, event=job.event, job=job, owner=self)
        result = await writing.run()
        if not job.occurrences or not isinstance(result, Delivered):
            return result
        return await self._bring_series(job, writing, result, target, policy)

    async def _bring_series(
        self, job: Job, writing: _Writing, result: Result, target: CalendarTarget, policy: DevicePolicy
    ) -> Result:
        """Bring the exceptions of a series whose own event is there; while one is not, the job is not done."""
        exceptions = SeriesDelivery(target=target, invitations=policy.invitations, settle=self._settle)
        pieces = self._pieces(job, writing, policy)
        end = await exceptions.bring(pieces, all_of_them=writing.wrote)
        if end.missing and not writing.wrote:
            # Somebody moved or ended the series in the calendar; its device decides about its times.
            result = await writing.run_again()
            if not isinstance(result, Delivered):
                return result
            end = await exceptions.bring(self._pieces(job, writing, policy), all_of_them=True)
        return result if end.failure is None else Undelivered(outcome=end.failure, doubt=DOUBT_CALL)

    def _pieces(self, job: Job, writing: _Writing, policy: DevicePolicy) -> list[Piece]:
        series, ref = writing.content, self.ref(writing.event)
        return [
            Piece(row=row, ref=_occurrence_ref(ref, series.meeting, row), content=self._said(row, series, policy))
            for row in job.occurrences
        ]

    def _said(self, row: OccurrenceRow, series: EventContent, policy: DevicePolicy) -> EventContent | None:
        if row.state is OccurrenceState.CHANGED and row.body is not None:
            return _content(from_json(row.body, self._unseal), row.fingerprint, policy)
        if row.state is OccurrenceState.PLAIN:
            # An occurrence nobody changed carries the notes of its series, its fingerprint with them.
            return replace(series, meeting=by_the_rule(series.meeting, row.slot))
        return None

    async def _settle(self, row: OccurrenceRow, delivered: str, unknown: bool) -> None:
        await self._database.write(lambda conn: occurrences.settle(conn, row, delivered, unknown=unknown))

    async def unsettle(self, job: Job) -> None:
        """Note, before the event of a series is written, that its exceptions have to be looked at afterwards."""
        if job.occurrences:
            await self._database.write(lambda conn: occurrences.unsettle(conn, job.meeting.id))

    def ref(self, event: MirroredRow) -> EventRef:
        """Return how the calendar knows the event, with the marks by which we know it again."""
        marks = {
            "gateway": self._installation_id,
            "meeting": str(event.meeting_id),
            "generation": str(event.generation),
        }
        return EventRef(calendar_id=event.calendar_id, remote_id=event.remote_id, marks=marks)

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
                return _absent(doubt)
            if outcome.verdict is Verdict.GONE or (outcome.event is not None and not _ours(outcome.event, ref)):
                return Delivered(event=None)
            if outcome.verdict is not Verdict.DONE:
                return Undelivered(outcome=outcome, doubt=doubt)
        outcome = await target.delete(ref, policy.invitations)
        if outcome.verdict in (Verdict.DONE, Verdict.GONE):
            return Delivered(event=None)
        return Undelivered(outcome=outcome, doubt=max(doubt, DOUBT_CALL))


class _Writing:
    """One attempt to make an event say what it should: each step makes one call and names the next step."""

    def __init__(
        self, *, target: CalendarTarget, content: EventContent, event: MirroredRow, job: Job, owner: Delivery
    ) -> None:
        self._target = target
        self.content = content
        self.event = event
        self._job = job
        self._doubt = job.row.doubt
        self._owner = owner
        self._was_there = event.state is MirrorState.LIVE
        self._current: RemoteEvent | None = None
        self._in_any_case = False
        self.wrote = False

    async def run(self) -> Result:
        """Take steps until one ends the attempt."""
        step: _Step | Result = self._look if self._was_there or self._doubt else self._insert
        if self.event.state is MirrorState.GONE:
            step = await self._renew()
        for _ in range(MOST_ROUNDS):
            if isinstance(step, Delivered | Undelivered):
                return step
            step = await step()
        if isinstance(step, Delivered | Undelivered):
            return step
        text = "The event changed faster than it could be written."
        return Undelivered(outcome=Outcome(verdict=Verdict.LATER, code="restless", text=text), doubt=DOUBT_CALL)

    async def run_again(self) -> Result:
        """Write the event also when it says that it is as wanted: what it stands for is not."""
        self._in_any_case = self._was_there = True
        return await self.run()

    async def _look(self) -> _Step | Result:
        ref = self._owner.ref(self.event)
        outcome = await self._target.look(ref)
        event = outcome.event
        if outcome.verdict is Verdict.DONE and event is not None:
            if not _ours(event, ref):
                return await self._renew()
            if event.content == self.content.fingerprint and not self._in_any_case:
                return Delivered(event=event)
            self._current = event
            return self._replace
        if outcome.verdict is Verdict.GONE:
            # Present as cancelled, or gone after it was there: either way its id is burned.
            return await self._renew() if event is not None or self._was_there else self._insert
        return self._give_up(outcome)

    async def _insert(self) -> _Step | Result:
        await self._about_to_write()
        outcome = await self._target.insert(self._owner.ref(self.event), self.content)
        if outcome.verdict is Verdict.EXISTS:
            self._was_there = True
            return self._look
        return Delivered(event=outcome.event) if outcome.verdict is Verdict.DONE else self._give_up(outcome)

    async def _replace(self) -> _Step | Result:
        if self._current is None:
            return self._look
        await self._about_to_write()
        outcome = await self._target.replace(self._owner.ref(self.event), self.content, self._current)
        self._was_there = True
        if outcome.verdict is Verdict.CHANGED:
            return self._look
        if outcome.verdict is Verdict.GONE:
            return await self._renew()
        return Delivered(event=outcome.event) if outcome.verdict is Verdict.DONE else self._give_up(outcome)

    async def _about_to_write(self) -> None:
        await self._owner.unsettle(self._job)
        self.wrote = True

    async def _renew(self) -> _Step:
        self.event = await self._owner.next_generation(self.event)
        self._was_there = False
        self._doubt = DOUBT_NONE
        return self._insert

    def _give_up(self, outcome: Outcome) -> Undelivered:
        doubt = DOUBT_CALL if outcome.verdict is Verdict.IN_DOUBT or self._was_there else self._doubt
        return Undelivered(outcome=outcome, doubt=doubt)


def _content(meeting: Meeting, fingerprint: str, policy: DevicePolicy) -> EventContent:
    """Return what an event shall say; its fingerprint names the device's settings only where they add something."""
    mark = join_mark(meeting, policy)
    return EventContent(
        meeting=meeting,
        invitations=policy.invitations,
        fingerprint=f"{EVENT_FORMAT}.{policy.invitations}.{fingerprint}{f'.{mark}' if mark else ''}",
        device_name=policy.name,
        join=join_of(meeting, policy),
        show_pins=policy.show_pins,
    )


def _occurrence_ref(series: EventRef, meeting: Meeting, row: OccurrenceRow) -> OccurrenceRef:
    day = row.original_local.date() if meeting.all_day else None
    return OccurrenceRef(series=series, original_start_utc_s=row.original_start_utc_s, original_day=day)


_Step = Callable[[], Awaitable["_Step | Result"]]


def _ours(event: RemoteEvent, ref: EventRef) -> bool:
    """Tell whether an event carries our marks; its generation does not matter, its meeting does."""
    return all(event.marks.get(name) == ref.marks[name] for name in ("gateway", "meeting"))


def _absent(doubt: int) -> Result:
    """An event that may still be on its way was not there: look once more, later, before that is believed."""
    if doubt == DOUBT_ABSENCE:
        return Delivered(event=None)
    text = "The event is not there; one more look makes sure that a late call does not bring it."
    outcome = Outcome(verdict=Verdict.LATER, code="second-look", text=text, retry_after_s=SECOND_LOOK_S)
    return Undelivered(outcome=outcome, doubt=DOUBT_ABSENCE)
