"""A UCM that is only asked: its meetings reach the calendar, and no trouble with it harms what is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from gateway.app.serving import Running
from gateway.config import load
from gateway.mirror.poll.state import PollStatus
from gateway.store import outbox
from gateway.store.polling import PollState
from simulator.google import SimulatedGoogle
from simulator.pbx.api import SimulatedUcm
from simulator.pbx.booking import Member, Repeat, ScheduleForm
from tests.journey.gateway_process import CLIENT_ID, CLIENT_SECRET, DEADLINE_S, MONDAY
from tests.prepared import running

LIST = "listMultimediaConferenceReservationInfo"
TEN = datetime.combine(MONDAY, time_of_day(10))
ZONE = timezone(timedelta(hours=1))
CONFIG = """\
version: 1
gateway: {{listen: '127.0.0.1:0', listen_tls: '127.0.0.1:0', data_dir: data}}
google:
  client_id: {client_id}
  redirect_uri: http://127.0.0.1:8765/oauth/google/callback
  endpoints:
    authorize: {base}/o/oauth2/v2/auth
    token: {base}/token
    revoke: {base}/revoke
    userinfo: {base}/v1/userinfo
    calendar: {base}/calendar/v3
devices:
  - id: ucm-1
    profile: grandstream/ucm6300
    name: Front UCM
    poll: {{address: 127.0.0.1, port: {port}, user: {user}, every_s: 60{pin}}}
limits: {{retry_first_s: 0.05, retry_cap_s: 2, call_timeout_s: 30}}
"""


@dataclass
class ShiftedClock:
    """The machine's clock, ahead by what the test let pass."""

    ahead_s: float = 0.0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + int(self.ahead_s * 1000)

    def monotonic_s(self) -> float:
        return time.monotonic() + self.ahead_s


@dataclass
class Asking:
    """A gateway within this process that asks one simulated UCM."""

    folder: Path
    google: SimulatedGoogle
    ucm: SimulatedUcm
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    password: str = ""
    gateway: Running | None = None

    @asynccontextmanager
    async def served(self, *, pin: str | None) -> AsyncIterator[None]:
        path = self.folder / "config.yaml"
        settings = f", fingerprint: '{pin}'" if pin else ""
        path.write_text(
            CONFIG.format(
                client_id=CLIENT_ID, base=self.google.base, port=self.ucm.port, user=self.ucm.user, pin=settings
            )
        )
        environ = {
            "GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET,
            "GATEWAY_DEVICES__UCM_1__POLL__PASSWORD": self.password or self.ucm.password,
        }
        async with running(load(path, environ), self.clock) as self.gateway:
            accounts = self.gateway.stored.accounts
            if accounts.current() is None:
                link = await accounts.start()
                await accounts.store(await accounts.finish(self.google.do.approve(link.url)), replace=False)
            yield

    @property
    def status(self) -> PollStatus | None:
        assert self.gateway is not None
        return self.gateway.mirroring.poll.status("ucm-1")

    async def look(self) -> PollStatus:
        """Let time pass until the next look, and wait until what it found is in the calendar."""
        assert self.gateway is not None
        began_ms = self.clock.now_ms() + 1
        async with asyncio.timeout(DEADLINE_S):
            while (status := self.status) is None or (status.last_poll_ms or 0) < began_ms:
                due_ms = (status.next_poll_ms or 0) if status else 0
                if due_ms > self.clock.now_ms():
                    ahead_s = (due_ms - self.clock.now_ms()) / 1000 + 1
                    self.clock.ahead_s += ahead_s
                    self.ucm.state.clock.advance(ahead_s)
                    began_ms = due_ms
                self.gateway.mirroring.poll.wake()
                await asyncio.sleep(0.005)
            while await self.gateway.stored.database.read(outbox.counts):
                await asyncio.sleep(0.005)
        return status

    def events(self) -> list[dict[str, Any]]:
        return [event for event in self.google.state.all_events() if event["status"] != "cancelled"]

    def subjects(self) -> list[str]:
        return sorted(event["summary"] for event in self.events())


@asynccontextmanager
async def asking(folder: Path, google: SimulatedGoogle) -> AsyncIterator[Asking]:
    async with SimulatedUcm(seed=1) as ucm:
        yield Asking(folder, google, ucm)


def form(subject: str, *, day: int = 0, repeat: Repeat = Repeat.NONE, invite: str = "") -> ScheduleForm:
    start = TEN + timedelta(days=day)
    invitees = (Member.parse(invite),) if invite else ()
    return ScheduleForm(start=start, end=start + timedelta(hours=1), subject=subject, repeat=repeat, invitees=invitees)


def start_of(event: dict[str, Any]) -> datetime:
    """The instant: Google writes it in the zone of the calendar, which has a summer time."""
    return datetime.fromisoformat(event["start"]["dateTime"])


async def test_new_changed_and_vanished(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with asking(tmp_path, google) as office, office.served(pin=office.ucm.fingerprint):
        do = office.ucm.do
        one = do.schedule(form("Review", invite="1001,anna@example.com"))
        do.schedule(form("Stays", day=1))
        assert (await office.look()).state is PollState.OK
        assert office.subjects() == ["Review", "Stays"]
        (review,) = [event for event in office.events() if event["summary"] == "Review"]
        assert (start_of(review), review["start"]["timeZone"]) == (TEN.replace(tzinfo=ZONE), "Etc/GMT-1")
        assert [guest["email"] for guest in review["attendees"]] == ["anna@example.com"]
        do.move(one.book_id, TEN + timedelta(hours=3))
        await office.look()
        (moved,) = [event for event in office.events() if event["summary"] == "Review"]
        assert (moved["id"], start_of(moved)) == (review["id"], TEN.replace(tzinfo=ZONE) + timedelta(hours=3))
        do.cancel(one.book_id)
        await office.look()
        assert office.subjects() == ["Review", "Stays"]
        await office.look()
        assert office.subjects() == ["Stays"]


async def test_one_day_of_a_series_moved(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with asking(tmp_path, google) as office, office.served(pin=office.ucm.fingerprint):
        days = ("Fmonday", "Gtuesday", "Hwednesday", "Ithursday", "Jfriday", "Ksaturday", "Esunday")
        series = office.ucm.do.schedule(form("Weekly", repeat=Repeat.WEEKLY))
        assert office.ucm.state.meetings[series.book_id].fields["recurringevent"] in days
        await office.look()
        week = timedelta(days=7)
        office.ucm.do.move_occurrence(series.book_id, TEN + week, TEN + week + timedelta(hours=4))
        await office.look()
        masters = [event for event in office.events() if "recurrence" in event]
        days_moved = [event for event in office.events() if "recurringEventId" in event]
        assert (len(masters), len(days_moved)) == (1, 1)
        assert start_of(days_moved[0]) == TEN.replace(tzinfo=ZONE) + week + timedelta(hours=4)


async def test_every_trouble_passes_without_harm(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with asking(tmp_path, google) as office, office.served(pin=office.ucm.fingerprint):
        ucm = office.ucm
        for number in range(35):  # more than one page
            ucm.do.schedule(form(f"M{number:02}", day=number % 5))
        assert (await office.look()).listed == 35
        all_of_them = office.subjects()
        assert len(all_of_them) == 35
        ucm.state.login.expire_cookies()
        assert (await office.look()).state is PollState.OK
        for fault, code in (
            ({"action": LIST, "do": {"html": True}}, "D-21"),
            ({"action": LIST, "do": {"form": True}}, "D-21"),
            ({"action": LIST, "after": 1, "do": {"truncated": True}}, "D-21"),
            ({"action": LIST, "do": {"code": -47}}, "D-18"),
            ({"do": {"reset": True}}, "D-16"),
        ):
            ucm.state.faults.add([fault])
            for _ in range(2):
                assert (await office.look()).code == code, fault
            ucm.state.faults.rules.clear()
            assert office.subjects() == all_of_them
        assert (await office.look()).state is PollState.OK
        ucm.state.switches.set("vanish", 20)
        for _ in range(3):
            status = await office.look()
        assert (status.state, status.asked) == (PollState.ASKS, 15)
        assert office.subjects() == all_of_them
        assert office.gateway is not None
        assert await office.gateway.mirroring.poll.believe("ucm-1") == 15
        assert (await office.look()).state is PollState.OK
        assert office.subjects() == all_of_them[:20]
        ucm.state.faults.add([{"action": LIST, "times": 1, "do": {"code": -57}}])
        status = await office.look()
        assert (status.code, status.every_s) == ("D-20", 120)
        assert (await office.look()).state is PollState.OK
        assert office.subjects() == all_of_them[:20]


async def test_a_certificate_is_trusted_by_its_fingerprint_alone(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with asking(tmp_path, google) as office:
        office.ucm.do.schedule(form("Review"))
        async with office.served(pin=None):
            status = await office.look()
            assert (status.code, status.fingerprint) == ("D-19", office.ucm.fingerprint)
        assert office.ucm.state.call_count == 0
        async with office.served(pin=status.fingerprint):
            assert (await office.look()).state is PollState.OK
            assert office.subjects() == ["Review"]
            called = office.ucm.state.call_count
            office.ucm.change_certificate()
            assert (await office.look()).code == "D-19"
            assert office.ucm.state.call_count == called
        assert office.subjects() == ["Review"]


async def test_a_wrong_password_never_gets_the_gateway_banned(tmp_path: Path, google: SimulatedGoogle) -> None:
    async with asking(tmp_path, google) as office:
        office.password = "wrong"
        for _ in range(3):
            async with office.served(pin=office.ucm.fingerprint):
                for _ in range(3):
                    assert (await office.look()).code == "D-17"
        assert not office.ucm.state.login.is_banned("127.0.0.1")
        office.password = ""
        office.ucm.do.schedule(form("Review"))
        async with office.served(pin=office.ucm.fingerprint):
            assert (await office.look()).state is PollState.OK
        assert office.subjects() == ["Review"]
