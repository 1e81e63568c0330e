"""A meeting that only shows that the calendar can be written to: at most one, never mirrored, no guests, no mails."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway import messages
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.clock import Clock
from gateway.domain.actor import COMMAND_LINE, Actor
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.target import EventContent, EventRef
from gateway.errors import SignInError
from gateway.google.calendar_list import MAIN
from gateway.store import audit, settings
from gateway.store.database import Database

NAME = "Gateway test - you can delete me"

_KEY = "google.test_meeting"
_LENGTH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMeeting:
    """Where the test meeting is: the calendar in words, its start (ms UTC, and as text), and a link to it."""

    calendar_id: str
    remote_id: str
    calendar: str
    start_ms: int
    start: str
    link: str = ""
    name: str = NAME


class TriedCalendar(Protocol):
    """As much of a calendar (`domain.target.CalendarTarget`) as a test meeting needs."""

    async def look(self, ref: EventRef) -> Outcome: ...

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome: ...

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome: ...


class TestMeeting:
    """Writes and removes the one test meeting of an account. Its id is stored before the first call."""

    __test__ = False  # pytest takes every class of this name for tests

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        choice: CalendarChoice,
        calendar: Callable[[], TriedCalendar | None],
        time_zone: str | None,
        email: str = "",
    ) -> None:
        self._database = database
        self._clock = clock
        self._choice = choice
        self._calendar = calendar
        self._time_zone = time_zone
        self._email = email
        self._key = f"{_KEY}:{email.casefold()}" if email else _KEY

    def of(self, email: str, calendar: Callable[[], TriedCalendar | None]) -> TestMeeting:
        """Return the same for an account that is not the main one: in its main calendar, remembered apart."""
        return TestMeeting(
            database=self._database,
            clock=self._clock,
            choice=self._choice,
            calendar=calendar,
            time_zone=self._time_zone,
            email=email,
        )

    async def sent(self) -> SentMeeting | None:
        """Return the test meeting that was written and not deleted yet, also from before a restart."""
        key = self._key
        rows = await self._database.read(lambda conn: settings.read(conn, [key]))
        return SentMeeting(**json.loads(rows[key].value)) if key in rows else None

    async def send(self, by: Actor = COMMAND_LINE) -> SentMeeting:
        """Write one into the calendar that was chosen, after removing an older one. Raises SignInError."""
        calendar = self._reached()
        await self.delete(by)
        meeting = self._planned()
        await self._remember(meeting)
        outcome = await calendar.insert(_ref(meeting), self._content(meeting))
        if outcome.verdict is not Verdict.DONE or outcome.event is None:
            if outcome.verdict not in (Verdict.IN_DOUBT, Verdict.DONE):
                await self._forget()  # it is certainly not there
            raise _failed(outcome, "" if self._email else self._choice.current().name)
        meeting = SentMeeting(**{**asdict(meeting), "link": outcome.event.link or ""})
        await self._remember(meeting, by)
        return meeting

    async def look(self) -> bool:
        """Return whether the test meeting is in the calendar. Raises SignInError when that cannot be told."""
        meeting = await self.sent()
        if meeting is None:
            return False
        outcome = await self._reached().look(_ref(meeting))
        if outcome.verdict not in (Verdict.DONE, Verdict.GONE):
            raise _failed(outcome)
        return outcome.verdict is Verdict.DONE

    async def delete(self, by: Actor = COMMAND_LINE) -> bool:
        """Remove it; False when there is none. Raises SignInError; it is then still remembered."""
        meeting = await self.sent()
        if meeting is None:
            return False
        outcome = await self._reached().delete(_ref(meeting), Invitations.OFF)
        if outcome.verdict not in (Verdict.DONE, Verdict.GONE):
            raise _failed(outcome)
        await self._forget(by)
        return True

    def _reached(self) -> TriedCalendar:
        calendar = self._calendar()
        if calendar is None:
            raise SignInError("G-215", str(messages.text("G-215")))
        return calendar

    def _planned(self) -> SentMeeting:
        """The hour after the next full one, so that it is in nobody's way."""
        zone = ZoneInfo(self._time_zone or "UTC")
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        start = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        chosen = self._choice.current()
        return SentMeeting(
            calendar_id=MAIN if self._email else chosen.calendar_id,
            remote_id=f"test{secrets.token_hex(16)}",
            calendar=f"the main calendar of {self._email}" if self._email else chosen.shown,
            start_ms=int(start.timestamp() * 1000),
            start=start.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z"),
        )

    def _content(self, meeting: SentMeeting) -> EventContent:
        zone = self._time_zone or "UTC"
        start_s = meeting.start_ms // 1000
        start = datetime.fromtimestamp(start_s, ZoneInfo(zone)).replace(tzinfo=None)
        return EventContent(
            meeting=Meeting(
                external_id="test",
                subject=NAME,
                start_local=start,
                end_local=start + _LENGTH,
                zone=zone,
                start_utc_s=start_s,
                end_utc_s=start_s + int(_LENGTH.total_seconds()),
            ),
            invitations=Invitations.OFF,
            fingerprint="test",
            device_name="the gateway itself",
        )

    async def _remember(self, meeting: SentMeeting, by: Actor | None = None) -> None:
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            settings.put(conn, self._key, json.dumps(asdict(meeting)), now_ms=now_ms)
            if by is not None:
                _audit(conn, now_ms, by, "google.test-written", meeting.calendar_id)

        await self._database.write(work)

    async def _forget(self, by: Actor | None = None) -> None:
        now_ms = self._clock.now_ms()

        def work(conn: sqlite3.Connection) -> None:
            settings.remove(conn, [self._key])
            if by is not None:
                _audit(conn, now_ms, by, "google.test-deleted", "")

        await self._database.write(work)


def _ref(meeting: SentMeeting) -> EventRef:
    """Without marks: it is nobody's mirror image."""
    return EventRef(calendar_id=meeting.calendar_id, remote_id=meeting.remote_id, marks={})


def _failed(outcome: Outcome, calendar: str = "") -> SignInError:
    """Return what went wrong; `calendar` is the name of the calendar, where people gave it one."""
    code = outcome.code or "G-412"
    values = {"name": calendar, **outcome.values} if calendar else outcome.values
    return SignInError(code, outcome.text or str(messages.text(code)), values=values)


def _audit(conn: sqlite3.Connection, now_ms: int, by: Actor, action: str, object_: str) -> None:
    audit.write(conn, at_ms=now_ms, actor=by.name, source=by.source, action=action, object_=object_)
