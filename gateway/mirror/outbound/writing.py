"""One attempt to make the event of one meeting say what it should; occurrences, and when to try, are not known here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from gateway import messages
from gateway.domain import facts as facts_of
from gateway.domain.device import Wins
from gateway.domain.facts import EventFacts, Part, differences
from gateway.domain.outcome import Outcome, Remedy, RemoteEvent, Verdict
from gateway.domain.target import MAIN_CALENDAR, CalendarTarget, EventContent, EventRef
from gateway.mirror.event.away import is_away, why_away
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.ownership import is_of_meeting, written_facts
from gateway.mirror.event.wanted import Wanted
from gateway.mirror.outbound.completing import Completing, Ending
from gateway.mirror.outbound.job import DOUBT_CALL, DOUBT_NONE, Delivered, Job, Result, Undelivered
from gateway.store.mirrored import MirroredRow, MirrorState

_LOGGER = logging.getLogger(__name__)

MOST_ROUNDS = 12
"""Calls that one attempt may make before it gives the job back; without refusals the longest useful way needs five."""

TOLD_WITHIN_S = 90.0
"""Within which time whoever reads the calendar has told what people did in it."""


class Notes(Protocol):
    """What is durably noted on the way."""

    def ref(self, event: MirroredRow) -> EventRef:
        """Return how the calendar knows the event, with the marks by which we know it again."""

    async def next_generation(self, event: MirroredRow) -> MirroredRow:
        """Choose the meeting's next event id."""

    async def unsettle(self, job: Job) -> None:
        """Note, before the event of a series is written, that its exceptions have to be looked at afterwards."""

    async def ask_meet(self, event: MirroredRow) -> MirroredRow:
        """Choose the id of a request for a conference, before it is sent."""


class Writing:
    """Each step makes at most one call and names the next step.

    In the ordinary case that is one call: an insert, or a replace of the very version that was written last, which is
    known to hold nothing of anybody else's (`MirroredRow.plain`). All else is looked at first and merged. A partial
    update would need no look either, but costs three times the quota of a replace, and cannot tell a list of guests
    from the answers in it (Calendar API guide "Improve performance").
    """

    def __init__(
        self,
        *,
        target: CalendarTarget,
        wanted: Wanted,
        job: Job,
        event: MirroredRow,
        notes: Notes,
        completing: Completing,
        keep: frozenset[Part],
    ) -> None:
        self._target = target
        self._wanted = wanted
        self._job = job
        self.event = event
        self._notes = notes
        self._completing = completing
        self._keep = keep
        self._doubt = job.row.doubt
        self._was_there = event.state is MirrorState.LIVE
        self._current: RemoteEvent | None = None
        self._in_any_case = False
        self._looked_again = False
        self._untold: frozenset[Part] = frozenset()
        self._ending = Ending()
        self.wrote = False
        self.lacks = self._first_lacks()

    @property
    def content(self) -> EventContent:
        """What the event shall say, as far as the calendar takes it."""
        return self._wanted.content(self.lacks, keep=self._keep | self._untold)

    async def run(self) -> Result:
        """Take steps until one ends the attempt."""
        return await self._from(await self._first())

    async def run_again(self) -> Result:
        """Write the event also when it says that it is as wanted: what it stands for is not."""
        self._in_any_case = self._was_there = True
        return await self.run()

    async def make_sure(self) -> Result:
        """Look at the event, and write it if it is not as wanted."""
        return await self._from(await self._look())

    async def _from(self, step: _Step | Result) -> Result:
        for _ in range(MOST_ROUNDS):
            if isinstance(step, Delivered | Undelivered):
                return step
            step = await step()
        if isinstance(step, Delivered | Undelivered):
            return step
        text = "The event changed faster than it could be written."
        return Undelivered(outcome=Outcome(verdict=Verdict.LATER, code="restless", text=text), doubt=DOUBT_CALL)

    def _first_lacks(self) -> Lacks:
        lacks = self._lacked_before
        if self._was_there:
            # Its guests are what an event that is there waits for; one that is not there yet comes without them first.
            lacks = lacks.not_having(Remedy.WITHOUT_GUESTS)
        rest = self._wanted.invites and self._completing.guests_rest(self.event.account_id)
        if rest and self.event.content != self._wanted.content(lacks).fingerprint:
            return lacks.having(Remedy.WITHOUT_GUESTS)
        return lacks

    async def _first(self) -> _Step | Result:
        event = self.event
        if event.state is MirrorState.GONE:
            return await self._renew()
        if not self._was_there and not self._doubt:
            return self._insert
        if self._in_any_case or event.stale or not event.etag or self._doubt or event.meet_state == "pending":
            return self._look
        if event.content == self.content.fingerprint:
            # Asked for again with nothing new about it, it is looked at; else only occurrences may be behind.
            return self._look if self._is_repeat() else self._ended(_as_stored(event))
        if event.plain and not self._keep and not self._leaves_guests():
            self._current = _as_stored(event)
            return self._replace
        return self._look

    @property
    def _lacked_before(self) -> Lacks:
        return Lacks.remembered(self.event.lacking, self._job.meeting.revision)

    def _is_repeat(self) -> bool:
        """Whether the calendar has this revision already, and nothing is waited for."""
        is_known = self.event.revision == self._job.meeting.revision
        return is_known and Remedy.WITHOUT_GUESTS not in self._lacked_before.remedies

    def _leaves_guests(self) -> bool:
        """Whether the event may have guests who stay though none are named now."""
        without = Remedy.WITHOUT_GUESTS
        return without in self.lacks.remedies and without not in self._lacked_before.remedies

    def _adds_guests(self) -> bool:
        without = Remedy.WITHOUT_GUESTS
        return self._was_live and without in self._lacked_before.remedies and without not in self.lacks.remedies

    async def _look(self) -> _Step | Result:
        ref = self._notes.ref(self.event)
        outcome = await self._target.look(ref)
        event = outcome.event
        if outcome.verdict is Verdict.DONE and event is not None:
            if not is_of_meeting(event, ref) and not self.event.adopted:
                return await self._renew()
            return self._judged(event)
        if outcome.verdict is Verdict.GONE:
            if event is None and self._was_live:
                return self._missed
            # Present as cancelled, or gone after it was there: either way its id is burned.
            return await self._vanished() if event is not None or self._was_there else self._insert
        return self._remedied(outcome, self._look)

    async def _missed(self) -> _Step | Result:
        """An event that was there is not found: that is so too while its calendar cannot be seen, with all in it.

        Where its device has another calendar by now, it is not waited for: the event will be made there.
        """
        why = await why_away(self._target, self.event.calendar_id)
        if why is None:
            return await self._vanished()
        chosen = self._wanted.policy.calendar_id
        if is_away(why) and self.event.calendar_id not in (chosen, MAIN_CALENDAR):
            await self._renew()
            return Undelivered(outcome=replace(why, verdict=Verdict.LATER), doubt=DOUBT_NONE)
        return Undelivered(outcome=why, doubt=self._doubt, calendar_away=is_away(why))

    def _judged(self, event: RemoteEvent) -> _Step | Result:
        """Decide about an event that is there: as wanted, to be written, or left to whoever changed it."""
        self._current = event
        if self._in_any_case or self.event.adopted:
            return self._replace
        known = event.etag == self.event.etag
        if event.content == self.content.fingerprint:
            changed = frozenset() if known and not self.event.stale else self._changed(event)
            if not changed:
                return self._ended(event)
            if self.event.stale or self._wins is Wins.DEVICE:
                return self._replace
            self._untold = changed
            return self._ended(event)
        return self._replace if known else self._respected(event)

    def _changed(self, event: RemoteEvent) -> frozenset[Part]:
        """Return in which parts an event with the right notes on it does not say what they stand for."""
        if event.facts is None or Remedy.OWN_FIELDS_ONLY in self.lacks.remedies:
            return frozenset()
        is_that = self.event.content == event.content and not self.event.stale
        written = written_facts(self.event) if is_that else None
        found = differences(self._expected() if written is None else written, event.facts).keys() - self._keep
        if Remedy.WITHOUT_GUESTS in self.lacks.remedies:
            found -= {Part.GUESTS}
        if written is None and event.edited is not None and not self.event.stale:
            found &= event.edited
        return frozenset(found)

    def _respected(self, event: RemoteEvent) -> _Step | Result:
        """Both the device and people changed the event, and nobody has told of the latter.

        What people changed since the last write is what differs both from what was written last and from the notes
        on the event: a write whose answer was lost is in the notes only, what Google itself words otherwise only there.
        Of an event that is known to be stale it was decided already what becomes of it.
        """
        written = written_facts(self.event)
        if (
            self.event.stale
            or self._wins is Wins.DEVICE
            or written is None
            or event.facts is None
            or not self._was_live
        ):
            return self._replace
        theirs = frozenset(differences(written, event.facts)) - self._keep
        if event.edited is not None:
            theirs &= event.edited
        ours = differences(written, self._expected()).keys()
        if self._wins is Wins.ASK and theirs & ours:
            return _asks("G-509", theirs)
        self._untold = theirs
        return self._replace

    async def _vanished(self) -> _Step | Result:
        """The event is not there any more: it gets a new one, unless people removed it and their word counts."""
        if not self._was_live or self._doubt or self.event.stale or self._wins is Wins.DEVICE:
            return await self._renew()
        if self._wins is Wins.ASK:
            return _asks("G-508")
        if self.event.content != self.content.fingerprint:
            return await self._renew()
        text = str(messages.text("G-508"))
        outcome = Outcome(verdict=Verdict.LATER, code="G-508", text=text, retry_after_s=TOLD_WITHIN_S)
        return Undelivered(outcome=outcome, doubt=DOUBT_NONE)

    async def _insert(self) -> _Step | Result:
        await self._about_to_write()
        outcome = await self._target.insert(self._notes.ref(self.event), self._asking(None))
        if outcome.verdict is Verdict.EXISTS:
            self._was_there = True
            return self._look
        if outcome.verdict is Verdict.DONE and outcome.event is not None:
            return self._ended(outcome.event)
        return self._remedied(outcome, self._insert)

    async def _replace(self) -> _Step | Result:
        current = self._current
        if current is None:
            return self._look
        await self._about_to_write()
        outcome = await self._target.replace(self._notes.ref(self.event), self._asking(current), current)
        self._was_there = True
        if outcome.verdict is Verdict.CHANGED:
            return self._look
        if outcome.verdict is Verdict.GONE:
            if not current.raw:
                return self._look
            return self._missed if self._was_live and outcome.event is None else await self._renew()
        if outcome.verdict is Verdict.DONE and outcome.event is not None:
            return self._ended(outcome.event)
        return self._remedied(outcome, self._replace)

    async def _about_to_write(self) -> None:
        await self._notes.unsettle(self._job)
        if self._completing.wants_conference(self._wanted, self.event, self.lacks, self._current):
            self.event = await self._notes.ask_meet(self.event)
            self._ending.asked = True
        self.wrote = True

    def _asking(self, current: RemoteEvent | None) -> EventContent:
        content = self.content
        if not self._completing.wants_conference(self._wanted, self.event, self.lacks, current):
            return content
        return replace(content, meet_request=self.event.meet_request)

    def _remedied(self, outcome: Outcome, again: _Step) -> _Step | Result:
        """Find a way around a refusal, or give up."""
        if outcome.remedy is Remedy.LOOK_AGAIN and not self._looked_again:
            self._looked_again = True
            return self._look
        lacks = self.lacks.after(outcome, self._wanted.meeting)
        if outcome.remedy is Remedy.WITHOUT_GUESTS:
            self._completing.refused_guests(self.event.account_id, outcome)
            if self._adds_guests():
                # It is there without them already.
                self.lacks = self._lacked_before
                return self._ended(self._current or _as_stored(self.event))
        if lacks is None:
            doubt = DOUBT_CALL if outcome.verdict is Verdict.IN_DOUBT or self._was_there else self._doubt
            return Undelivered(outcome=outcome, doubt=doubt)
        note = {"meeting": self._job.meeting.id, "problem": outcome.code, "remedy": outcome.remedy}
        _LOGGER.warning("refused, and written in another way: %s", outcome.text, extra=note)
        self.lacks = lacks
        self._ending.warn(outcome)
        if outcome.remedy is Remedy.WITHOUT_GUESTS and self._current is not None and not self._current.raw:
            return self._look  # the guests it has stay, so it has to be known who they are
        return again

    async def _renew(self) -> _Step:
        self.event = await self._notes.next_generation(self.event)
        self._was_there = False
        self._current = None
        self._doubt = DOUBT_NONE
        return self._insert

    def _ended(self, event: RemoteEvent) -> Delivered:
        return self._completing.ended(
            self._wanted,
            self.event,
            self.lacks,
            event,
            self._ending,
            wrote=self.wrote,
            written=self._as_written(event),
            untold=bool(self._untold),
        )

    def _as_written(self, event: RemoteEvent) -> EventFacts | None:
        """Return what later changes of the event are judged by: what people changed unheard is no part of it."""
        if event.facts is None or not self._untold:
            return event.facts if event.facts is not None else written_facts(self.event)
        return facts_of.with_parts(event.facts, self._untold, written_facts(self.event) or self._expected())

    def _expected(self) -> EventFacts:
        return self._target.facts(self.content)

    @property
    def _wins(self) -> Wins:
        return self._wanted.policy.wins

    @property
    def _was_live(self) -> bool:
        return self.event.state is MirrorState.LIVE


_Step = Callable[[], Awaitable["_Step | Result"]]


def _as_stored(event: MirroredRow) -> RemoteEvent:
    """Return the event as it was written last, without a look at it."""
    return RemoteEvent(
        remote_id=event.remote_id,
        etag=event.etag or "",
        cancelled=False,
        marks={},
        content=event.content,
        link=event.link,
        raw={},
        plain=event.plain,
        meet_state=event.meet_state,
        meet_link=event.meet_link,
    )


def _asks(code: str, parts: frozenset[Part] = frozenset()) -> Undelivered:
    """Nothing is written until somebody decides."""
    values = {"fields": ", ".join(sorted(parts))} if parts else {}
    outcome = Outcome(verdict=Verdict.REFUSED, code=code, text=str(messages.text(code, **values)), values=values)
    return Undelivered(outcome=outcome, doubt=DOUBT_NONE)
