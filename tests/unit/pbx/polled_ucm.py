"""A simulated UCM, a real database file, the intake and the loop that asks, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.devices.device import Device
from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Invitations, Meeting
from gateway.domain.polling import PollSettings
from gateway.domain.secret import Secret
from gateway.mirror.intake.intake import Intake
from gateway.mirror.poll.poll import Poll
from gateway.mirror.poll.state import PollStatus
from gateway.pbx.line import Network
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.model import Profile
from gateway.store import devices, polling
from gateway.store.database import Database
from simulator.pbx.api import SimulatedUcm
from simulator.pbx.booking import Repeat, ScheduleForm
from tests.prepared import give_database

EVERY_S = 60
MONDAY = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(
    days=7 - datetime.now(UTC).weekday()
)
"""Ten o'clock of the coming Monday."""


class MovableClock:
    """Gateway and PBX live by it; it moves only when `ms` is set."""

    def __init__(self, ucm: SimulatedUcm) -> None:
        self._ucm = ucm
        self.ms = time.time_ns() // 1_000_000

    @property
    def ms(self) -> int:
        return self._ms

    @ms.setter
    def ms(self, now_ms: int) -> None:
        self._ms = now_ms
        self._ucm.state.clock.set(datetime.fromtimestamp(now_ms / 1000, UTC), stopped=True)

    def now_ms(self) -> int:
        return self._ms

    def monotonic_s(self) -> float:
        return self._ms / 1000


def form(
    subject: str = "Weekly_Meeting", *, day: int = 0, repeat: Repeat = Repeat.NONE, **more: object
) -> ScheduleForm:
    start = MONDAY + timedelta(days=day)
    return ScheduleForm(start=start, end=start + timedelta(hours=1), subject=subject, repeat=repeat, **more)


@functools.cache
def _catalog() -> Catalog:
    return Catalog.load([builtin_folder()])


class PolledUcm:
    """`look` lets the next look happen; `meetings` is what the gateway holds afterwards."""

    def __init__(self, ucm: SimulatedUcm, path: Path, profile: Profile) -> None:
        self.ucm = ucm
        self.clock = MovableClock(ucm)
        self.path = path
        self.database = Database(path)
        self.profile = profile
        self.settings = PollSettings(
            address=ucm.address,
            port=ucm.port,
            user=ucm.user,
            password=Secret(ucm.password),
            every_s=EVERY_S,
            fingerprint=ucm.fingerprint,
        )
        self.time_zone: str | None = None
        self.served = True
        self.paused = False
        self.pauses: list[float] = []
        self.others: list[Device] = []
        self.learned: Callable[[str, Meeting], None] = lambda _name, _meeting: None
        self.network = Network(allow_loopback=True, timeout_s=30.0)
        self.row: devices.DeviceRow | None = None
        self._loop: asyncio.Task[None] | None = None
        self.intake = self._intake()
        self.poll = self._poll()

    def _intake(self) -> Intake:
        return Intake(
            database=self.database,
            clock=self.clock,
            fingerprint_key=b"k" * 32,
            seal=lambda text: text[::-1],
            unseal=lambda text: text[::-1],
            wake=lambda: None,
        )

    def _poll(self) -> Poll:
        return Poll(
            database=self.database,
            clock=self.clock,
            intake=self.intake,
            devices=lambda: [self.device, *self.others] if self.served else [],
            network=self.network,
            digest_key=b"d" * 32,
            seal=lambda text: text[::-1].encode(),
            chance=lambda: 0.0,
            pause=self._pause,
            learned=lambda name, meeting: self.learned(name, meeting),
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def device(self) -> Device:
        assert self.row is not None
        return Device(
            row=replace(self.row, paused=self.paused),
            profile=self.profile,
            time_zone=self.time_zone,
            policy=DevicePolicy(name="Front UCM", calendar_id="primary", invitations=Invitations.DEVICE),
            poll=self.settings,
        )

    async def start(self) -> None:
        self.poll = self._poll()
        self._loop = asyncio.create_task(self.poll.run())

    async def kill(self) -> None:
        """Stop as a power cut would."""
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
            self._loop = None
            # What had been handed to the disk is done before anything else begins, as it is when a process is gone.
            await self.database.write(lambda _conn: None)

    @property
    def status(self) -> PollStatus:
        status = self.poll.status("ucm-1")
        assert status is not None
        return status

    async def look(self, *, soon: bool = False) -> PollStatus:
        """Let time pass until the next look, but two seconds at most if it has to be `soon`; wait for its end."""
        self.clock.ms += 2000 if soon else 1
        async with asyncio.timeout(60):
            while (status := self.poll.status("ucm-1")) is None or status.last_poll_ms != self.clock.ms:
                if not soon and status is not None and (status.next_poll_ms or 0) > self.clock.ms:
                    self.clock.ms = status.next_poll_ms + 1
                self.poll.wake()
                await asyncio.sleep(0.002)
        return status

    async def looked(self) -> None:
        """As `look`, for one during which the clock moves."""
        before = self.poll.status("ucm-1")
        self.clock.ms = max(self.clock.ms, (before.next_poll_ms or 0) + 1 if before else 0)
        self.poll.wake()
        async with asyncio.timeout(60):
            while self.poll.status("ucm-1") in (None, before) or self.status.last_poll_ms is None:
                await asyncio.sleep(0.002)

    async def looks(self, number: int) -> PollStatus:
        for _ in range(number):
            status = await self.look()
        return status

    async def meetings(self) -> dict[str, tuple[str, str]]:
        """Subject and state of every meeting, by the PBX's own id."""
        query = "SELECT external_id, json_extract(body, '$.su'), state FROM meeting ORDER BY external_id"
        found = await self.database.read(lambda conn: conn.execute(query).fetchall())
        return {name: (subject, state) for name, subject, state in found}

    async def living(self) -> list[str]:
        """Subjects of the meetings that take place."""
        return sorted(subject for subject, state in (await self.meetings()).values() if state == "scheduled")

    async def remembered(self) -> dict[str, polling.PolledMeeting]:
        return await self.database.read(lambda conn: polling.meetings(conn, 1))

    def calls(self, action: str) -> int:
        return sum(1 for call in self.ucm.state.calls if call.action == action)


@asynccontextmanager
async def polled_ucm(*, profile: str = "grandstream/ucm6300", **options: object) -> AsyncIterator[PolledUcm]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        give_database(path, 1)
        async with SimulatedUcm(seed=1, **options) as ucm:
            office = PolledUcm(ucm, path, _catalog().get(profile))
            await office.database.open()
            await office.database.write(
                lambda conn: devices.put(conn, name="ucm-1", profile=profile, key_hash=b"h", now_ms=1)
            )
            office.row = (await office.database.read(devices.everything))[0]
            await office.start()
            try:
                yield office
            finally:
                await office.kill()
                await office.database.close()
