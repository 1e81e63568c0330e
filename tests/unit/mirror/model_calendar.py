"""A calendar in memory that keeps every promise Google makes and breaks every promise it does not make."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from gateway.domain.facts import EventFacts, Part, differences, with_parts
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.outcome import Outcome, Remedy, RemoteEvent, Verdict
from gateway.domain.target import AccountTarget, EventContent, EventRef, OccurrenceRef
from gateway.domain.zones import to_utc_s

UNSEEN = " (not looked at)"
"""Behind an etag: the call was made without a look at the event."""


class Fault(StrEnum):
    """What may happen to a call."""

    LOST_BEFORE = "lost before"
    LOST_AFTER = "lost after"
    LATE = "late"  # the caller gives up; the call has its effect some calls later
    BUSY = "busy"
    SLOW_DOWN = "slow down"
    UNAUTHORIZED = "unauthorized"
    MISCONFIGURED = "misconfigured"


@dataclass
class Event:
    """An event of the model; of a changed occurrence, `series` is the id of its series.

    `wrote` is what the gateway wrote last, `facts` what the event says, both None for a stranger's. `added` is what
    people put on it that no gateway knows; a replace that had not looked loses it.
    """

    content: str
    marks: dict[str, str]
    etag: str
    summary: str
    cancelled: bool = False
    meeting: Meeting | None = None
    series: str = ""
    facts: EventFacts | None = None
    wrote: EventFacts | None = None
    added: str = ""
    meet: str = ""
    link: str | None = None


def rule_starts(meeting: Meeting) -> dict[int, int]:
    """Start → end (seconds since 1970) of a daily or weekly series with a count, counted without any library."""
    assert meeting.repeat is not None
    assert meeting.repeat.count is not None
    step = timedelta(days={"daily": 1, "weekly": 7}[meeting.repeat.frequency] * meeting.repeat.interval)
    length_s = meeting.end_utc_s - meeting.start_utc_s
    starts = (to_utc_s(meeting.start_local + step * n, meeting.zone)[0] for n in range(meeting.repeat.count))
    return {start: start + length_s for start in starts}


def facts_of(content: EventContent) -> EventFacts:
    """What an event of that content says in the model."""
    meeting = content.meeting
    people = () if Remedy.WITHOUT_GUESTS in content.remedies | content_without(content) else meeting.invitees
    return EventFacts(
        subject=meeting.subject,
        start_utc_s=meeting.start_utc_s,
        end_utc_s=meeting.end_utc_s,
        location=meeting.room or "",
        repeat=() if meeting.repeat is None else (repr(meeting.repeat),),
        guests=frozenset(person.email for person in people if person.email) - content.without,
    )


def content_without(content: EventContent) -> frozenset[Remedy]:
    """No guest at all is taken when one is refused and nobody knows which."""
    return frozenset({Remedy.WITHOUT_GUESTS}) if Remedy.WITHOUT_GUEST in content.remedies else frozenset()


@dataclass
class ModelCalendar:
    """Implements `CalendarTarget`; `faults` are used up from the front, one for each call.

    `refuses` may answer a write in place of the calendar: it is given the verb and the content. While it is `away`,
    nobody shares it with the account.
    """

    events: dict[str, Event] = field(default_factory=dict)
    faults: list[Fault | None] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    late: list[tuple[int, str, EventRef | OccurrenceRef, EventContent | None, str | None]] = field(default_factory=list)
    writes: int = 0
    retry_after_s: float = 2.0
    resets: bool = False
    under_way: dict[str, int] = field(default_factory=dict)
    most_under_way_per_event: int = 0
    refuses: Callable[[str, EventContent], Outcome | None] = lambda _verb, _content: None
    gate: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)
    lost: list[str] = field(default_factory=list)
    meets: list[str] = field(default_factory=list)
    next_meet: str = "success"
    away: bool = False

    def facts(self, content: EventContent) -> EventFacts:
        return facts_of(content)

    def person_edits(self, event_id: str, **changes: object) -> None:
        """A person changes what an event says; `added` is what no gateway knows."""
        event = self.events[event_id]
        added = changes.pop("added", event.added)
        assert event.facts is not None
        facts = replace(event.facts, **changes)  # type: ignore[arg-type]
        self.writes += 1
        changed = replace(event, facts=facts, summary=facts.subject, added=str(added), etag=f"p{self.writes}")
        self.events[event_id] = changed

    def person_deletes(self, event_id: str) -> None:
        """A person removes an event."""
        self.writes += 1
        self.events[event_id] = replace(self.events[event_id], cancelled=True, etag=f"p{self.writes}")

    async def look(self, ref: EventRef) -> Outcome:
        return await self._call("look", ref, None, None)

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        return await self._call("insert", ref, content, None)

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        return await self._call("replace", ref, content, current.etag, looked=bool(current.raw))

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        return await self._call("delete", ref, None, None)

    async def look_occurrence(self, ref: OccurrenceRef) -> Outcome:
        return await self._call("look", ref, None, None)

    async def replace_occurrence(self, ref: OccurrenceRef, content: EventContent, current: RemoteEvent) -> Outcome:
        return await self._call("replace", ref, content, current.etag)

    async def cancel_occurrence(self, ref: OccurrenceRef, current: RemoteEvent, invitations: Invitations) -> Outcome:
        return await self._call("delete", ref, None, current.etag)

    async def look_calendar(self, calendar_id: str) -> Outcome:
        await self.gate()
        self.calls.append(("look calendar", calendar_id))
        if (fault := self.faults.pop(0) if self.faults else None) is not None:
            return _failed(fault, self.retry_after_s, Verdict.LATER)
        if self.away:
            return Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text="no such calendar")
        return Outcome(verdict=Verdict.DONE)

    def living(self) -> list[Event]:
        """The events and series that are there, without single occurrences."""
        return [event for event in self.events.values() if not event.cancelled and not event.series]

    def shown(self) -> list[tuple[str, int, int]]:
        """What a person sees: summary, start and end of every event and every occurrence, those left behind too."""
        return sorted(entry for event_id, event in self.events.items() for entry in self._shown(event_id, event))

    def _shown(self, event_id: str, event: Event) -> Iterator[tuple[str, int, int]]:
        meeting = event.meeting
        if event.cancelled or meeting is None:
            return
        if meeting.repeat is None:
            yield event.summary, meeting.start_utc_s, meeting.end_utc_s
            return
        for start, end in rule_starts(meeting).items():
            if f"{event_id}_{start}" not in self.events:
                yield event.summary, start, end

    def flush(self) -> None:
        """Let every call that is still on its way arrive."""
        while self.late:
            _, verb, ref, content, etag = self.late.pop(0)
            self._do(verb, ref, content, etag)

    async def _call(
        self,
        verb: str,
        ref: EventRef | OccurrenceRef,
        content: EventContent | None,
        etag: str | None,
        *,
        looked: bool = True,
    ) -> Outcome:
        if not looked and etag is not None:
            etag = f"{etag}{UNSEEN}"
        meeting = _series(ref).marks["meeting"]
        self.under_way[meeting] = self.under_way.get(meeting, 0) + 1
        self.most_under_way_per_event = max(self.most_under_way_per_event, self.under_way[meeting])
        try:
            await self.gate()
            return self._answer(verb, ref, content, etag)
        finally:
            self.under_way[meeting] -= 1

    def _answer(
        self, verb: str, ref: EventRef | OccurrenceRef, content: EventContent | None, etag: str | None
    ) -> Outcome:
        self.calls.append((verb, _id(ref)))
        for entry in [late for late in self.late if late[0] <= len(self.calls)]:
            self.late.remove(entry)
            self._do(*entry[1:])
        refused = None if content is None else self.refuses(verb, content)
        if refused is not None:
            return refused
        fault = self.faults.pop(0) if self.faults else None
        lost = Verdict.LATER if verb == "look" else Verdict.IN_DOUBT
        if fault is Fault.LOST_AFTER:
            self._do(verb, ref, content, etag)
        if fault is Fault.LATE and verb != "look":
            self.late.append((len(self.calls) + 2, verb, ref, content, etag))
        return self._do(verb, ref, content, etag) if fault is None else _failed(fault, self.retry_after_s, lost)

    def _do(self, verb: str, ref: EventRef | OccurrenceRef, content: EventContent | None, etag: str | None) -> Outcome:
        if self.away:
            found = Verdict.CONFIGURATION if verb == "insert" else Verdict.GONE
            return Outcome(verdict=found, code="G-507" if verb == "insert" else "")
        there = self._found(ref)
        if verb == "look":
            if there is None:
                return Outcome(verdict=Verdict.GONE)
            verdict = Verdict.GONE if there.cancelled else Verdict.DONE
            return Outcome(verdict=verdict, event=_remote(_id(ref), there))
        if verb == "insert":
            assert content is not None
            if there is not None:
                return Outcome(verdict=Verdict.EXISTS)
            return self._write(ref, content)
        if there is None or (there.cancelled and (verb == "delete" or isinstance(ref, EventRef))):
            return Outcome(verdict=Verdict.GONE)
        unseen = etag is not None and etag.endswith(UNSEEN)
        if etag is not None and etag.removesuffix(UNSEEN) != there.etag:
            return Outcome(verdict=Verdict.CHANGED)
        if verb == "replace":
            assert content is not None
            if unseen and there.added:
                self.lost.append(there.added)
            return self._write(ref, content, replace(there, added="") if unseen else there)
        self.writes += 1
        gone = replace(there, cancelled=True, etag=f"e{self.writes}")
        for other_id, other in self.events.items():
            if other.series == _id(ref):
                self.events[other_id] = replace(other, cancelled=True)
        self.events[_id(ref)] = gone
        return Outcome(verdict=Verdict.DONE)

    def _found(self, ref: EventRef | OccurrenceRef) -> Event | None:
        """An event; an occurrence that nobody changed is one too, with what its series has and the series' etag."""
        stored = self.events.get(_id(ref))
        if stored is not None or isinstance(ref, EventRef):
            return stored
        series = self.events.get(ref.series.remote_id)
        if series is None or series.meeting is None or series.meeting.repeat is None:
            return None
        if ref.original_start_utc_s not in rule_starts(series.meeting):
            return None
        return replace(series, series=ref.series.remote_id)

    def _write(self, ref: EventRef | OccurrenceRef, content: EventContent, there: Event | None = None) -> Outcome:
        self.writes += 1
        wrote = facts = facts_of(content)
        if there is not None and there.facts is not None:
            guests = frozenset({Part.GUESTS}) if Remedy.WITHOUT_GUESTS in content.remedies else frozenset()
            wrote, facts = with_parts(facts, guests, there.facts), with_parts(facts, content.keep | guests, there.facts)
        if content.meet_request:
            assert content.meet_request not in self.meets
            self.meets.append(content.meet_request)
        before = there or Event(content="", marks={}, etag="", summary="")
        meet = before.meet or (self.next_meet if content.meet_request else "")
        written = Event(
            content=content.fingerprint,
            marks=dict(_series(ref).marks),
            etag=f"e{self.writes}",
            summary=facts.subject,
            meeting=content.meeting,
            series=ref.series.remote_id if isinstance(ref, OccurrenceRef) else "",
            facts=facts,
            wrote=wrote,
            added=before.added,
            meet=meet,
            link="https://meet.example/abc" if meet == "success" else None,
        )
        if isinstance(ref, EventRef) and self.resets:
            self._reset(ref.remote_id, content.meeting)
        self.events[_id(ref)] = written
        return Outcome(verdict=Verdict.DONE, event=_remote(_id(ref), written))

    def _reset(self, series_id: str, meeting: Meeting) -> None:
        """Forget the exceptions of a series whose times change, as a calendar may."""
        there = self.events.get(series_id)
        before = there.meeting if there is not None else None
        if before is not None and (before.start_utc_s, before.repeat) != (meeting.start_utc_s, meeting.repeat):
            self.events = {key: event for key, event in self.events.items() if event.series != series_id}


def _failed(fault: Fault, retry_after_s: float, lost: Verdict) -> Outcome:
    """What a call is answered when that happens to it; `lost` when nobody hears how it ended."""
    match fault:
        case Fault.BUSY:
            return Outcome(verdict=Verdict.LATER, code="G-506", text="busy")
        case Fault.SLOW_DOWN:
            return Outcome(
                verdict=Verdict.SLOW_DOWN,
                code="G-505",
                text="slow down",
                retry_after_s=retry_after_s,
                whole_account=True,
            )
        case Fault.UNAUTHORIZED:
            return Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="lost", whole_account=True)
        case Fault.MISCONFIGURED:
            return Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text="no such calendar")
    return Outcome(verdict=lost, code="G-506", text="lost")


def _series(ref: EventRef | OccurrenceRef) -> EventRef:
    return ref.series if isinstance(ref, OccurrenceRef) else ref


def _id(ref: EventRef | OccurrenceRef) -> str:
    return f"{ref.series.remote_id}_{ref.original_start_utc_s}" if isinstance(ref, OccurrenceRef) else ref.remote_id


def _remote(remote_id: str, event: Event) -> RemoteEvent:
    return RemoteEvent(
        remote_id=remote_id,
        etag=event.etag,
        cancelled=event.cancelled,
        marks=event.marks,
        content=event.content,
        link=None,
        raw={"id": remote_id},
        facts=None if event.cancelled else event.facts,
        edited=None
        if event.series or event.facts is None or event.wrote is None
        else _edited(event.wrote, event.facts),
        plain=not event.added and not event.meet,
        meet_state=event.meet,
        meet_link=event.link,
    )


def _edited(wrote: EventFacts, facts: EventFacts) -> frozenset[Part]:
    return frozenset(differences(wrote, facts))


class ModelAccount:
    """Implements `TargetSource` for one account that can be lost and come back."""

    def __init__(self, calendar: ModelCalendar, account_id: int = 1) -> None:
        self.calendar = calendar
        self.account_id = account_id
        self.connected = True
        self.lost_for: list[str] = []

    def usable(self) -> tuple[AccountTarget, ...]:
        if not self.connected:
            return ()
        return (AccountTarget(account_id=self.account_id, target=self.calendar, email="a@example.com"),)

    def account(self, account_id: int) -> AccountTarget | None:
        return next((each for each in self.usable() if each.account_id == account_id), None)

    def chosen(self, email: str | None) -> AccountTarget | None:
        return next((each for each in self.usable() if email in (None, each.email)), None)

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        assert account.account_id == self.account_id
        self.connected = False
        self.lost_for.append(outcome.code)
