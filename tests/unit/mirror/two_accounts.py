"""The outbox, two devices, two accounts and the pace, on a real database and a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome
from gateway.domain.retry import RetryLimits
from gateway.domain.target import AccountTarget
from gateway.mirror.intake.intake import Caller, Intake
from gateway.mirror.outbound.delivery import Delivery
from gateway.mirror.outbound.outbound import Outbound, OutboundLimits
from gateway.mirror.paced import Pace, PaceLimits
from gateway.store import devices, outbox
from gateway.store.database import Database
from gateway.store.outbox import Waiting
from tests.prepared import give_database
from tests.unit.mirror.gateway_in_memory import MEETING, START_MS
from tests.unit.mirror.model_calendar import ModelCalendar

MANY = PaceLimits(project_per_min=10**6, account_per_min=10**6, calendar_per_s=10**4)


@dataclass
class SettableClock:
    """A clock that the test moves (`ms`) and sets (`set_by_ms`, which steady time does not notice)."""

    ms: int = START_MS
    set_by_ms: int = 0

    def now_ms(self) -> int:
        return self.ms + self.set_by_ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


@dataclass
class Accounts:
    """Implements `TargetSource` for two accounts; `losing` are errors that the next calls of `lost` meet."""

    calendars: dict[int, ModelCalendar]
    usable_ids: list[int]
    read_only: set[int] = field(default_factory=set)
    losing: list[Exception] = field(default_factory=list)
    lost_ids: list[int] = field(default_factory=list)
    was_lost: asyncio.Event = field(default_factory=asyncio.Event)

    def usable(self) -> tuple[AccountTarget, ...]:
        return tuple(
            AccountTarget(
                account_id=number,
                target=self.calendars[number],
                email=f"{number}@example.com",
                read_only=number in self.read_only,
            )
            for number in self.usable_ids
        )

    def account(self, account_id: int) -> AccountTarget | None:
        return next((each for each in self.usable() if each.account_id == account_id), None)

    def chosen(self, email: str | None) -> AccountTarget | None:
        main = self.account(1)
        return main if email is None else next((each for each in self.usable() if each.email == email), None)

    async def lost(self, account: AccountTarget, outcome: Outcome) -> None:
        if self.losing:
            raise self.losing.pop()
        self.lost_ids.append(account.account_id)
        self.usable_ids.remove(account.account_id)
        self.was_lost.set()


class TwoAccounts:
    """Two devices (1 and 2); `policies` say where the meetings of each go."""

    def __init__(self, path: Path, limits: PaceLimits) -> None:
        self.clock = SettableClock()
        self.database = Database(path)
        self.calendars = {1: ModelCalendar(), 2: ModelCalendar()}
        self.accounts = Accounts(self.calendars, [1, 2])
        policy = DevicePolicy(name="UCM", calendar_id="room", invitations=Invitations.DEVICE)
        self.policies = {1: policy, 2: replace(policy, account="2@example.com")}
        self.pace = Pace(clock=self.clock, limits=limits)
        self.outbound = Outbound(
            database=self.database,
            clock=self.clock,
            source=self.accounts,
            delivery=Delivery(
                database=self.database,
                installation_id="0" * 32,
                unseal=lambda text: text[::-1],
                now_ms=self.clock.now_ms,
            ),
            pace=self.pace,
            policy=self.policies.__getitem__,
            installation_id="0" * 32,
            limits=OutboundLimits(in_flight=3, lease_s=60, retry=RetryLimits(first_s=2, cap_s=900)),
            owner="test",
            chance=lambda: 0.5,
        )
        self.intake = Intake(
            database=self.database,
            clock=self.clock,
            fingerprint_key=b"k" * 32,
            seal=lambda text: text[::-1],
            unseal=lambda text: text[::-1],
            wake=self.outbound.wake,
        )

    async def accept(self, name: str, *, device: int = 1, in_h: float = 200.0, **changes: object) -> None:
        """Schedule a meeting that begins `in_h` hours after the test does."""
        start_s = START_MS // 1000 + int(in_h * 3600)
        meeting = replace(
            MEETING, external_id=name, subject=name, start_utc_s=start_s, end_utc_s=start_s + 3600, **changes
        )
        await self.intake.accept(Caller(device_id=device, name=f"ucm-{device}"), meeting, shape="native")

    async def waiting(self) -> list[Waiting]:
        return await self.database.read(outbox.waiting)

    async def rest(self) -> list[Waiting]:
        """Wait until nothing is under way and nothing more is begun at this time; return what is left."""
        quiet = 0
        while True:
            self.outbound.wake()
            before = self.calls()
            await asyncio.sleep(0)
            # Behind what the outbox's loop writes when it is woken, so that the next look sees what came of it.
            rows = await self.database.write(outbox.waiting)
            quiet = 0 if any(row.under_way for row in rows) or before != self.calls() else quiet + 1
            if quiet > 6:
                return rows

    async def pass_s(self, seconds: float) -> list[Waiting]:
        """Let time pass, then wait as `rest` does."""
        self.clock.ms += int(seconds * 1000)
        return await self.rest()

    def calls(self) -> int:
        return sum(len(calendar.calls) for calendar in self.calendars.values())

    def subjects(self, account_id: int) -> list[str]:
        """The subjects of the events of an account, in the order in which they were written."""
        return [event.summary for event in self.calendars[account_id].living()]


@asynccontextmanager
async def two_accounts(limits: PaceLimits = MANY) -> AsyncIterator[TwoAccounts]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        give_database(path, 1)
        office = TwoAccounts(path, limits)
        await office.database.open()

        def enrol(conn) -> None:
            for number in (1, 2):
                devices.put(conn, name=f"ucm-{number}", profile="p", key_hash=b"h%d" % number, now_ms=1)
                conn.execute(
                    "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
                    "changed_at) VALUES ('google', ?, ?, 'c', '', x'01', 'connected', 1, 1)",
                    (f"s{number}", f"{number}@example.com"),
                )

        await office.database.write(enrol)
        loop = asyncio.create_task(office.outbound.run())
        try:
            yield office
        finally:
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop
            await office.database.close()
