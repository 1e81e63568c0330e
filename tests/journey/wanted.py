"""What devices want to be in the calendar, kept beside the gateway, and whether simulated Google shows just that."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulator.google import SimulatedGoogle
from tests.journey.fast_office import HOUR_S, FastOffice, meeting
from tests.journey.fast_time import passes

ZONE = ZoneInfo("Europe/Paris")
FIRST = datetime(2026, 3, 9, 10)
WEEKS = 5
WEEK = timedelta(weeks=1)

Shown = Counter[tuple[str, datetime]]
"""Everything in a calendar, series unrolled: subject and instant of each."""


@dataclass
class WantedMeeting:
    """A meeting as its device last said it; of `changed` occurrences None is one that does not take place.

    `once` is what the device had made of an occurrence when it cancelled that one.
    """

    name: str
    subject: str
    start: datetime = FIRST
    weekly: bool = False
    wanted: bool = True
    changed: dict[int, tuple[str, datetime] | None] = field(default_factory=dict)
    once: dict[int, tuple[str, datetime]] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        repeat = {"repeat": {"frequency": "weekly", "count": WEEKS}} if self.weekly else {}
        return meeting(self.name, subject=self.subject, start=self.start.isoformat(), **repeat)

    def shown(self) -> Shown:
        if not self.wanted:
            return Counter()
        found: Shown = Counter()
        for week in range(WEEKS if self.weekly else 1):
            said = self.changed.get(week, (self.subject, self.start + week * WEEK))
            if said is not None:
                found[said[0], said[1].replace(tzinfo=ZONE)] += 1
        return found


@dataclass
class Desk:
    """A device that repeats a call until it is answered, and the people who remember what they wanted."""

    office: FastOffice
    meetings: dict[str, WantedMeeting] = field(default_factory=dict)
    device: str = "pbx-1"

    async def schedule(self, said: WantedMeeting) -> None:
        """Schedule a meeting, or change it."""
        self.meetings[said.name] = said
        await self.office.schedule(said.body(), device=self.device)

    async def repeat(self, name: str) -> None:
        """Say again what was said last; of a cancelled meeting that is a late repeat, which changes nothing."""
        said = self.meetings[name]
        status, document = await self.office.call("POST", "", device=self.device, json=said.body())
        assert status in (200, 202), document
        assert (document["state"] == "cancelled") is not said.wanted, document

    async def cancel(self, name: str) -> None:
        self.meetings[name].wanted = False
        status, document = await self.office.call("DELETE", f"/{name}", device=self.device)
        assert status in (200, 202), document

    async def move_occurrence(self, name: str, week: int, subject: str, start: datetime) -> None:
        said, as_said = self.meetings[name], (subject, start)
        # What the device said before it cancelled the occurrence may only have been on its way for long.
        late = said.changed.get(week, as_said) is None and said.once.get(week) == as_said
        if not late:
            said.changed[week] = as_said
        body = {"subject": subject, "start": start.isoformat(), "duration_minutes": 60}
        place = f"/{name}/occurrences/{(said.start + week * WEEK).isoformat()}"
        status, document = await self.office.call("PUT", place, device=self.device, json=body)
        assert status in (200, 202), document
        assert (document["state"] == "cancelled") is late, document

    async def cancel_occurrence(self, name: str, week: int) -> None:
        said = self.meetings[name]
        if (as_said := said.changed.get(week)) is not None:
            said.once[week] = as_said
        said.changed[week] = None
        place = f"/{name}/occurrences/{(said.start + week * WEEK).isoformat()}"
        status, document = await self.office.call("DELETE", place, device=self.device)
        assert status in (200, 202), document

    def shown(self) -> Shown:
        """What a calendar should show."""
        return sum((each.shown() for each in self.meetings.values()), Counter())

    async def settled(self, calendar_id: str = "primary") -> None:
        """Let time pass until the calendar shows what is wanted, and see that it stays so."""
        office, found = self.office, Counter[tuple[str, datetime]]()

        async def as_wanted() -> bool:
            nonlocal found
            if await office.waiting():
                return False
            found = await shown(office, calendar_id)
            return found == self.shown()

        try:
            await passes(as_wanted, "not as wanted", within_s=12 * HOUR_S, look_every_s=30)
        except AssertionError:
            raise AssertionError(await self._difference(found)) from None
        await asyncio.sleep(HOUR_S / 2)  # what is still on its way arrives
        assert await as_wanted(), await self._difference(found)
        for said in self.meetings.values():
            status, document = await office.call("GET", f"/{said.name}", device=self.device)
            assert status == 200, document
            assert document["state"] == ("mirrored" if said.wanted else "cancelled"), document

    async def _difference(self, found: Shown) -> str:
        wanted = self.shown()
        rows = await self.office.open.stored.database.read(
            lambda conn: [tuple(row) for row in conn.execute("SELECT * FROM outbox")]
        )
        return f"lacking: {dict(wanted - found)}, too many: {dict(found - wanted)}, waiting: {rows}"


async def shown(office: FastOffice, calendar_id: str = "primary") -> Shown:
    """Read the calendar as a person with a calendar program does: single events, series unrolled."""
    listed = await listed_events(office, office.google, calendar_id)
    return Counter(
        (event["summary"], datetime.fromisoformat(event["start"]["dateTime"]).astimezone(ZONE)) for event in listed
    )


async def listed_events(
    office: FastOffice, google: SimulatedGoogle, calendar_id: str, **query: str
) -> list[dict[str, Any]]:
    """All events of a calendar as `events.list` gives them, with a token of the reader's own."""
    token = google.do.issue_tokens()["access_token"]
    address = f"{google.base}/calendar/v3/calendars/{calendar_id}/events"
    found: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        params = {"singleEvents": "true", "maxResults": "2500", **query, **page}
        headers = {"Authorization": f"Bearer {token}"}
        async with office.http.get(address, params=params, headers=headers) as answer:
            document = await answer.json()
            assert answer.status == 200, document
        found += document["items"]
        if "nextPageToken" not in document:
            return found
        page = {"pageToken": document["nextPageToken"]}
