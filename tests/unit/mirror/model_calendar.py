"""A calendar in memory that keeps every promise Google makes and breaks every promise it does not make."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.domain.target import AccountTarget, EventContent, EventRef


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
    """An event of the model."""

    content: str
    marks: dict[str, str]
    etag: str
    summary: str
    cancelled: bool = False


@dataclass
class ModelCalendar:
    """Implements `CalendarTarget`; `faults` are used up from the front, one for each call."""

    events: dict[str, Event] = field(default_factory=dict)
    faults: list[Fault | None] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    late: list[tuple[int, str, EventRef, EventContent | None, str | None]] = field(default_factory=list)
    writes: int = 0
    retry_after_s: float = 2.0
    under_way: dict[str, int] = field(default_factory=dict)
    most_under_way_per_event: int = 0

    async def look(self, ref: EventRef) -> Outcome:
        return await self._call("look", ref, None, None)

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        return await self._call("insert", ref, content, None)

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        return await self._call("replace", ref, content, current.etag)

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        return await self._call("delete", ref, None, None)

    def living(self) -> list[Event]:
        return [event for event in self.events.values() if not event.cancelled]

    def flush(self) -> None:
        """Let every call that is still on its way arrive."""
        while self.late:
            _, verb, ref, content, etag = self.late.pop(0)
            self._do(verb, ref, content, etag)

    async def _call(self, verb: str, ref: EventRef, content: EventContent | None, etag: str | None) -> Outcome:
        meeting = ref.marks["meeting"]
        self.under_way[meeting] = self.under_way.get(meeting, 0) + 1
        self.most_under_way_per_event = max(self.most_under_way_per_event, self.under_way[meeting])
        try:
            await asyncio.sleep(0)
            return self._answer(verb, ref, content, etag)
        finally:
            self.under_way[meeting] -= 1

    def _answer(self, verb: str, ref: EventRef, content: EventContent | None, etag: str | None) -> Outcome:
        self.calls.append((verb, ref.remote_id))
        for entry in [late for late in self.late if late[0] <= len(self.calls)]:
            self.late.remove(entry)
            self._do(*entry[1:])
        fault = self.faults.pop(0) if self.faults else None
        lost = Verdict.LATER if verb == "look" else Verdict.IN_DOUBT
        match fault:
            case Fault.LOST_BEFORE:
                return Outcome(verdict=lost, code="G-506", text="lost")
            case Fault.LOST_AFTER:
                self._do(verb, ref, content, etag)
                return Outcome(verdict=lost, code="G-506", text="lost")
            case Fault.LATE:
                if verb != "look":
                    self.late.append((len(self.calls) + 2, verb, ref, content, etag))
                return Outcome(verdict=lost, code="G-506", text="lost")
            case Fault.BUSY:
                return Outcome(verdict=Verdict.LATER, code="G-506", text="busy")
            case Fault.SLOW_DOWN:
                return Outcome(
                    verdict=Verdict.SLOW_DOWN,
                    code="G-505",
                    text="slow down",
                    retry_after_s=self.retry_after_s,
                    whole_account=True,
                )
            case Fault.UNAUTHORIZED:
                return Outcome(verdict=Verdict.AUTHORIZATION, code="G-503", text="lost", whole_account=True)
            case Fault.MISCONFIGURED:
                return Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text="no such calendar")
        return self._do(verb, ref, content, etag)

    def _do(self, verb: str, ref: EventRef, content: EventContent | None, etag: str | None) -> Outcome:
        there = self.events.get(ref.remote_id)
        if verb == "look":
            if there is None:
                return Outcome(verdict=Verdict.GONE)
            verdict = Verdict.GONE if there.cancelled else Verdict.DONE
            return Outcome(verdict=verdict, event=self._remote(ref.remote_id))
        if verb == "insert":
            assert content is not None
            if there is not None:
                return Outcome(verdict=Verdict.EXISTS)
            return self._write(ref, content)
        if there is None or there.cancelled:
            return Outcome(verdict=Verdict.GONE)
        if verb == "replace":
            assert content is not None
            return Outcome(verdict=Verdict.CHANGED) if etag != there.etag else self._write(ref, content)
        there.cancelled = True
        return Outcome(verdict=Verdict.DONE)

    def _write(self, ref: EventRef, content: EventContent) -> Outcome:
        self.writes += 1
        self.events[ref.remote_id] = Event(
            content=content.fingerprint,
            marks=dict(ref.marks),
            etag=f"e{self.writes}",
            summary=content.meeting.subject,
        )
        return Outcome(verdict=Verdict.DONE, event=self._remote(ref.remote_id))

    def _remote(self, remote_id: str) -> RemoteEvent:
        event = self.events[remote_id]
        return RemoteEvent(
            remote_id=remote_id,
            etag=event.etag,
            cancelled=event.cancelled,
            marks=event.marks,
            content=event.content,
            link=None,
            raw={},
        )


class ModelAccount:
    """Implements `TargetSource` for one account that can be lost and come back."""

    def __init__(self, calendar: ModelCalendar, account_id: int = 1) -> None:
        self.calendar = calendar
        self.account_id = account_id
        self.connected = True
        self.lost_for: list[str] = []

    def current(self) -> AccountTarget | None:
        return AccountTarget(account_id=self.account_id, target=self.calendar) if self.connected else None

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        assert account.account_id == self.account_id
        self.connected = False
        self.lost_for.append(outcome.code)
