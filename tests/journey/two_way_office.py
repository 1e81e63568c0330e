"""A gateway within this process, its devices' calls and the simulated calendars, for what people do in them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gateway.app.serving import Running
from gateway.clock import SystemClock
from gateway.config import load
from gateway.domain.device import Wins
from gateway.domain.outcome import Outcome
from gateway.mirror.inbound.decisions import Matter, decide
from gateway.store import kept, meetings, outbox
from gateway.store.kept import KeptEdit
from gateway.store.meetings import MeetingRow
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import CLIENT_SECRET, CONFIG, DEADLINE_S, DEVICE_KEY, MONDAY
from tests.prepared import running

MEETING = {
    "subject": "Review",
    "start": f"{MONDAY}T10:00:00",
    "duration_minutes": 60,
    "time_zone": "Etc/GMT-1",
    "agenda": "Figures",
    "room": "6301",
    "invitees": [{"extension": "1001", "email": "anna@example.com"}, {"email": "bob@example.com"}],
}
OTHER_CALENDAR = "rooms@group.calendar.google.com"
ENVIRON = {
    "GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET,
    "GATEWAY_DEVICES__UCM_1__KEY": DEVICE_KEY,
    "GATEWAY_DEVICES__SCRIPT__KEY": DEVICE_KEY,
    "GATEWAY_GATEWAY__LISTEN_TLS": "127.0.0.1:0",
}
_FIXED = ("cursor", "at", "type", "id", "external_id")


@dataclass
class TwoWay:
    """The calls of device `script`, and what became of its meetings."""

    gateway: Running
    google: SimulatedGoogle
    session: aiohttp.ClientSession
    heard_up_to: str | None = field(default=None)

    def address(self, rest: str) -> str:
        return f"{self.gateway.listener.url}/api/v1/devices/script/meetings{rest}"

    async def send(self, name: str, **changes: object) -> None:
        """The device schedules or changes a meeting; the calendar has it afterwards."""
        await self.say(name, **changes)
        await self.at_rest()

    async def say(self, name: str, **changes: object) -> None:
        async with self.session.post(self.address(""), json={**MEETING, "external_id": name, **changes}) as answer:
            assert answer.status in (200, 202), await answer.text()

    async def at_rest(self) -> None:
        """Wait until nothing is left to be written but what waits for a person."""

        def busy(conn: sqlite3.Connection) -> int:
            return outbox.counts(conn).get("waiting", 0)

        async with asyncio.timeout(DEADLINE_S):
            while await self.gateway.stored.database.read(busy):
                await asyncio.sleep(0.01)

    async def read(self) -> Outcome | None:
        return await self.gateway.mirroring.inbound.read()

    async def settled(self) -> None:
        """Read until what people did is carried out, and read back what was carried out."""
        for _ in range(3):
            assert await self.read() is None
            await self.at_rest()

    async def heard(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return what the device hears that it has not heard before: meeting, type and the rest."""
        query = {"after": self.heard_up_to} if self.heard_up_to else {}
        async with self.session.get(self.address("/changes"), params=query) as answer:
            assert answer.status == 200, await answer.text()
            said = await answer.json()
        self.heard_up_to = said["next"]
        return [
            (change["external_id"], change["type"], {k: v for k, v in change.items() if k not in _FIXED})
            for change in said["changes"]
        ]

    async def row(self, name: str) -> MeetingRow:
        def find(conn: sqlite3.Connection) -> MeetingRow | None:
            (device_id,) = conn.execute("SELECT id FROM device WHERE name = 'script'").fetchone()
            return meetings.find(conn, device_id, name)

        found = await self.gateway.stored.database.read(find)
        assert found is not None
        return found

    async def decided(self, wins: Wins) -> int:
        """An admin answers every question; return how many there were."""
        now_ms = SystemClock().now_ms()

        def work(conn: sqlite3.Connection) -> int:
            asked = kept.asking(conn)
            for edit in asked:
                row = meetings.get(conn, edit.meeting_id)
                assert row is not None
                matter = Matter(
                    conn=conn,
                    row=row,
                    now_ms=now_ms,
                    unseal=lambda sealed: self.gateway.stored.vault.unseal(sealed.encode("ascii")),
                    original_start_utc_s=edit.original_start_utc_s,
                )
                decide(matter, wins)
            return len(asked)

        answered = await self.gateway.stored.database.write(work)
        self.gateway.mirroring.outbound.wake()
        await self.at_rest()
        return answered

    async def kept(self, name: str) -> tuple[KeptEdit, ...]:
        row = await self.row(name)
        return await self.gateway.stored.database.read(lambda conn: kept.of(conn, row.id))

    async def events(self, name: str) -> list[dict[str, Any]]:
        """Return the live events with the marks of a meeting, occurrences left out."""
        mark = str((await self.row(name)).id)
        return [
            event
            for event in self.google.state.live_events
            if "recurringEventId" not in event
            and event.get("extendedProperties", {}).get("private", {}).get("meeting") == mark
        ]

    async def event(self, name: str) -> dict[str, Any]:
        (found,) = await self.events(name)
        return found

    def holds(self, calendar_id: str, event_id: str) -> bool:
        stored = self.google.state.stored(calendar_id).get(event_id)
        return stored is not None and stored.status != "cancelled"


@asynccontextmanager
async def opened(
    tmp_path: Path, google: SimulatedGoogle, *, wins: str = "device", other_calendar: bool = False
) -> AsyncIterator[TwoWay]:
    """Start a gateway whose device `script` has that policy; the other device may have a calendar of its own."""
    path = tmp_path / "config.yaml"
    numbers = {"retry_first_s": 1, "retry_cap_s": 2, "call_timeout_s": 30}
    text = CONFIG.format(client_id="sim-client.apps.googleusercontent.com", base=google.base, **numbers)
    text = text.replace("    invitations: google\n", f"    invitations: google\n    wins: {wins}\n")
    if other_calendar:
        google.do.add_calendar("Rooms", calendar_id=OTHER_CALENDAR)
        text = text.replace("    name: Front", f"    calendar: {OTHER_CALENDAR}\n    name: Front")
    # No rests between writes to one calendar: these tests are about what is written, not when.
    text += "  google_calendar_per_s: 50\n"
    path.write_text(text)
    headers = {"Authorization": f"Bearer {DEVICE_KEY}"}
    async with (
        running(load(path, ENVIRON), SystemClock()) as gateway,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        accounts = gateway.stored.accounts
        link = await accounts.start()
        await accounts.store(await accounts.finish(google.do.approve(link.url)), replace=False)
        yield TwoWay(gateway, google, session)
