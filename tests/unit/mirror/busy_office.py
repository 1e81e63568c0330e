"""An intake and its availability on a real database file, with calendars that say what a test wants."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from gateway.domain.busy import AccountBusy, BusyAnswer, Span, merged, within
from gateway.domain.change import from_json
from gateway.domain.device import ConflictRule, DevicePolicy, Transparency
from gateway.domain.facts import EventFacts, to_json
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.outcome import Outcome
from gateway.domain.pacer import PaceLimits
from gateway.domain.target import AccountTarget
from gateway.domain.zones import to_local
from gateway.mirror.availability.availability import Availability
from gateway.mirror.intake.intake import Caller, Intake
from gateway.mirror.intake.receipts import Receipt
from gateway.mirror.paced import Pace
from gateway.store import devices, meetings, mirrored
from gateway.store.database import Database
from gateway.store.meetings import MeetingState
from tests.prepared import give_database
from tests.unit.mirror.gateway_in_memory import MovableClock
from tests.unit.mirror.model_calendar import ModelCalendar

HOUR_S = 3600
DAY_S = 86_400
NOON_S = int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp())
NOW_MS = (NOON_S - 5 * DAY_S) * 1000
MAIN = "main@example.com"
ALLOW, WARN, REFUSE = ConflictRule.ALLOW, ConflictRule.WARN, ConflictRule.REFUSE


def hours(start: float, end: float) -> Span:
    """A span in hours from noon of the day that the tests are about."""
    return Span(NOON_S + int(start * HOUR_S), NOON_S + int(end * HOUR_S))


@dataclass
class ModelBusy:
    """Calendars by their ids; `refusal` is the answer to every question while it is set.

    `meanwhile` happens after a question was answered and before that is heard.
    """

    clock: MovableClock
    calendars: dict[str, list[Span]] = field(default_factory=dict)
    problems: dict[str, Outcome] = field(default_factory=dict)
    refusal: Outcome | None = None
    asked: list[tuple[tuple[str, ...], int, int]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)

    async def busy(self, calendar_ids: Sequence[str], from_s: int, to_s: int) -> BusyAnswer | Outcome:
        self.asked.append((tuple(calendar_ids), from_s, to_s))
        if self.refusal is not None:
            return self.refusal
        spans = {
            name: within(merged(self.calendars.get(name, ())), from_s, to_s)
            for name in calendar_ids
            if name not in self.problems
        }
        problems = {name: self.problems[name] for name in calendar_ids if name in self.problems}
        answer = BusyAnswer(spans=spans, problems=problems, asked_at_ms=self.clock.ms)
        await self.meanwhile()
        return answer


@dataclass
class ModelAccounts:
    """One account, connected or not, allowed to look up busy times or not."""

    source: ModelBusy
    connected: bool = True
    allowed: bool = True

    @property
    def account(self) -> AccountTarget:
        return AccountTarget(account_id=1, target=ModelCalendar(), email=MAIN, project="p")

    def busy_sources(self) -> tuple[AccountBusy, ...]:
        source = self.source if self.allowed else None
        return (AccountBusy(account=self.account, source=source),) if self.connected else ()

    def chosen(self, email: str | None) -> AccountTarget | None:
        return self.account if self.connected and email in (None, MAIN) else None


class BusyOffice:
    """Two devices, `one` and `two`, in the room `primary` unless a test says otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = MovableClock(NOW_MS)
        self.busy = ModelBusy(self.clock)
        self.accounts = ModelAccounts(self.busy)
        self.database = Database(path)
        plain = DevicePolicy(name="d", calendar_id="primary", invitations=Invitations.DEVICE)
        self.policies: dict[int, DevicePolicy] = {1: plain, 2: plain}
        self.made()

    def made(self) -> None:
        """Make what a start of the gateway makes."""
        common = {"database": self.database, "clock": self.clock, "fingerprint_key": b"k" * 32}
        self.pace = Pace(clock=self.clock, limits=PaceLimits())
        sealing = {"seal": lambda text: text[::-1], "unseal": lambda text: text[::-1]}
        self.availability = Availability(
            **common,
            **sealing,
            accounts=self.accounts,
            policy=lambda number: self.policies[number],
            pace=self.pace,
            chance=lambda: 0.5,
        )
        self.intake = Intake(
            **common,
            **sealing,
            wake=lambda: None,
            ready=self.availability.ready,
            outside=self.availability.outside,
        )

    def set(self, rule: ConflictRule, *numbers: int, **more: object) -> None:
        """Choose for devices, all when none is named."""
        for number in numbers or self.policies:
            self.policies[number] = replace(self.policies[number], conflict=rule, **more)
        self.availability.wake()

    def transparent(self, number: int) -> None:
        self.set(self.policies[number].conflict, number, transparency=Transparency.TRANSPARENT)

    async def schedule(self, name: str, span: Span, *, device: int = 1, **more: object):
        zone = "Europe/Paris"
        meeting = Meeting(
            external_id=name,
            subject=f"Subject of {name}",
            start_local=to_local(span.start_s, zone),
            end_local=to_local(span.end_s, zone),
            zone=zone,
            start_utc_s=span.start_s,
            end_utc_s=span.end_s,
        )
        caller = Caller(device, f"d{device}", self.policies[device].conflict)
        occurrences = more.pop("occurrences", None)
        return await self.intake.accept(caller, replace(meeting, **more), shape="native", occurrences=occurrences)

    async def delivered(self, receipt: Receipt) -> None:
        """The calendar has what the device said of a meeting; what that is, its calendar's busy times must say too."""

        def write(conn) -> None:
            row = meetings.get(conn, receipt.meeting_id)
            if row.state is MeetingState.CANCELLED:
                mirrored.gone(conn, meeting_id=row.id, revision=row.revision, now_ms=1)
            else:
                meeting = from_json(row.body, lambda text: text[::-1])
                facts = EventFacts(
                    subject=meeting.subject,
                    start_utc_s=meeting.start_utc_s,
                    end_utc_s=meeting.end_utc_s,
                    repeat=() if meeting.repeat is None else ("RRULE",),
                )
                if mirrored.get(conn, row.id) is None:
                    event = {"calendar_id": "primary", "remote_id": f"e{row.id}", "generation": 0}
                    mirrored.claim(conn, meeting_id=row.id, account_id=1, now_ms=1, **event)
                said = {"etag": "e", "link": None, "written": to_json(facts)}
                mirrored.live(conn, meeting_id=row.id, revision=row.revision, now_ms=1, **said)
            conn.execute("DELETE FROM outbox WHERE subject_id = ?", (row.id,))

        await self.database.write(write)

    async def taken(self, device: int = 1, *, days: int = 20) -> tuple[Span, ...]:
        found = await self.availability.between(device, NOON_S - DAY_S, NOON_S + days * DAY_S)
        return found.spans

    async def pass_time(self, hours: float) -> None:
        """Let time pass, with the turns that fall due in it."""
        until_ms = self.clock.ms + int(hours * HOUR_S * 1000)
        while self.clock.ms < until_ms:
            wait_s = await self.availability.turn()
            self.clock.ms = until_ms if wait_s is None else min(until_ms, self.clock.ms + int(wait_s * 1000) + 1)


@asynccontextmanager
async def busy_office(calendars: Mapping[str, list[Span]] | None = None) -> AsyncIterator[BusyOffice]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        give_database(path, NOW_MS)
        office = BusyOffice(path)
        office.busy.calendars.update(calendars or {})
        await office.database.open()

        def enrol(conn) -> None:
            for name in ("d1", "d2"):
                devices.put(conn, name=name, profile="generic/json", key_hash=b"h", now_ms=1)
            conn.execute(
                "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
                "changed_at) VALUES ('google', 's', ?, 'c', '', x'01', 'connected', 1, 1)",
                (MAIN,),
            )

        await office.database.write(enrol)
        await office.availability.begin()
        try:
            yield office
        finally:
            await asyncio.sleep(0)
            await office.database.close()
