"""Intake and outbound on a real database file, a model calendar and a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import math
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.outcome import Outcome
from gateway.domain.retry import RetryLimits
from gateway.domain.tally import Tally
from gateway.domain.target import AccountTarget
from gateway.mirror.intake.intake import Caller, Intake
from gateway.mirror.outbound.delivery import Delivery
from gateway.mirror.outbound.outbound import Outbound, OutboundLimits
from gateway.mirror.paced import Pace, PaceLimits
from gateway.store import devices, outbox
from gateway.store.database import Database
from tests.prepared import give_database
from tests.unit.mirror.model_calendar import ModelAccount, ModelCalendar

START_MS = 1_714_000_000_000
CALLER = Caller(device_id=1, name="ucm-1")
MEETING = Meeting(
    external_id="m1",
    subject="Weekly_Meeting",
    start_local=datetime(2024, 4, 29, 10),
    end_local=datetime(2024, 4, 29, 11),
    zone="Etc/GMT-1",
    start_utc_s=1_714_381_200,
    end_utc_s=1_714_384_800,
    password="778899",
)


@dataclass
class MovableClock:
    ms: int = START_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


class NoPace(Pace):
    """Every call may be made at once: for tests that are about something else, and whose clock stands still."""

    def free(self, account: AccountTarget, calendar_id: str | None) -> int:
        return 1000

    def next_free_ms(self, account: AccountTarget, calendar_id: str | None) -> float | None:
        return 0.0

    def take(self, account: AccountTarget, calendar_id: str) -> bool:
        return True

    def give_back(self, account: AccountTarget, calendar_id: str) -> None: ...

    async def enter(self, account: AccountTarget, calendar_id: str | None = None) -> None: ...

    def ended(
        self, account: AccountTarget, calendar_id: str | None, outcome: Outcome | None, *, subject: str = ""
    ) -> None: ...


class InMemoryGateway:
    """The part of the gateway between the device's door and the calendar."""

    def __init__(self, path: Path, calendar: ModelCalendar, *, in_flight: int = 5, paced: bool = True) -> None:
        self.clock = MovableClock()
        self.calendar = calendar
        self.account = ModelAccount(calendar)
        self.database = Database(path)
        self.in_flight = in_flight
        self.paced = paced
        self.policy = DevicePolicy(name="UCM", calendar_id="primary", invitations=Invitations.DEVICE)
        self.chance: Callable[[], float] = lambda: 0.5
        self.tally = Tally()
        self.outbound: Outbound | None = None
        self._loop: asyncio.Task[None] | None = None
        self.intake = Intake(
            database=self.database,
            clock=self.clock,
            fingerprint_key=b"k" * 32,
            seal=lambda text: text[::-1],
            unseal=lambda text: text[::-1],
            wake=lambda: self.outbound.wake() if self.outbound else None,
        )

    async def start(self) -> None:
        # What is known of limits does not survive a power cut.
        limits = PaceLimits(project_per_min=10**6, account_per_min=10**6, calendar_per_s=10**4)
        self.pace = (Pace if self.paced else NoPace)(clock=self.clock, limits=limits)
        self.outbound = Outbound(
            database=self.database,
            clock=self.clock,
            source=self.account,
            delivery=Delivery(
                database=self.database,
                installation_id="0" * 32,
                unseal=lambda text: text[::-1],
                now_ms=self.clock.now_ms,
            ),
            pace=self.pace,
            policy=lambda _device: self.policy,
            installation_id="0" * 32,
            limits=OutboundLimits(in_flight=self.in_flight, lease_s=60, retry=RetryLimits(first_s=2, cap_s=900)),
            owner="test",
            chance=lambda: self.chance(),
            tally=self.tally,
        )
        await self.outbound.recover()
        self._loop = asyncio.create_task(self.outbound.run())

    async def kill(self) -> None:
        """Stop as a power cut would: nothing is finished, claims stay."""
        assert self._loop is not None
        for task in asyncio.all_tasks():
            if task.get_name().startswith("deliver-"):
                task.cancel()
        self._loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._loop

    async def accept(self, external_id: str = "m1", **changes: object):
        return await self.intake.accept(CALLER, replace(MEETING, external_id=external_id, **changes), shape="native")

    async def rows(self) -> list[outbox.OutboxRow]:
        found = await self.database.read(lambda conn: [r[0] for r in conn.execute("SELECT subject_id FROM outbox")])
        rows = [await self.database.read(lambda conn, n=n: outbox.get(conn, "mirror", n)) for n in found]
        return [row for row in rows if row is not None]

    async def quiet(self) -> list[outbox.OutboxRow]:
        """Wait until nothing is being delivered and nothing is due; return what is left."""
        while True:
            assert self.outbound is not None
            self.outbound.wake()
            # Both before the rows: a call that ends between the two must not make a row look done that is not yet.
            usable, free_ms = self.account.connected, self._free_ms()
            rows = await self.rows()
            busy = [
                row
                for row in rows
                if row.claimed_by or (row.hold is None and max(row.not_before, free_ms) <= self.clock.ms and usable)
            ]
            if not busy:
                return rows
            await asyncio.sleep(0)

    def _free_ms(self) -> int:
        """When the next call may be made (ms): after a call to slow down, the calendar has to be free again."""
        waits = [self.pace.next_free_ms(account, self.policy.calendar_id) or 0.0 for account in self.account.usable()]
        return self.clock.ms + math.ceil(max(waits, default=0.0))

    async def drain(self) -> None:
        """Let time pass until everything is done or held."""
        for _ in range(200):
            waiting = [row for row in await self.quiet() if row.hold is None]
            if not waiting or not self.account.connected:
                return
            self.clock.ms = max(self.clock.ms, self._free_ms(), min(row.not_before for row in waiting))
        raise AssertionError("the outbox never became empty")


@asynccontextmanager
async def gateway_in_memory(calendar: ModelCalendar | None = None, **options: int) -> AsyncIterator[InMemoryGateway]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        give_database(path, START_MS)
        gateway = InMemoryGateway(path, calendar or ModelCalendar(), **options)
        await gateway.database.open()

        def enrol(conn) -> None:
            devices.put(conn, name="ucm-1", profile="grandstream/ucm6300", key_hash=b"h", now_ms=1)
            conn.execute(
                "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, "
                "changed_at) VALUES ('google', 's', 'a@example.com', 'c', '', x'00', 'connected', 1, 1)"
            )

        await gateway.database.write(enrol)
        await gateway.start()
        try:
            yield gateway
        finally:
            await gateway.kill()
            await gateway.database.close()
