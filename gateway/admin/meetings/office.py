"""What the meetings' pages work with; what they show and do is in the modules beside this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.admin.shell import Shell
from gateway.clock import Clock
from gateway.domain.actor import Actor
from gateway.domain.meeting import Invitations
from gateway.mirror.inbound.adoption import Adoption, Offer
from gateway.operations.meetings import agenda as meeting_agenda
from gateway.operations.meetings.desk import MeetingDesk
from gateway.operations.meetings.google import GoogleDesk
from gateway.store import meeting_told
from gateway.store.database import Database
from gateway.store.meeting_list import MeetingLine


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingOffice:
    """What the pages work with; `zone_now` gives the gateway's zone, `chosen` are the accounts that devices name.

    `desk` and `adoption` give what works for somebody. `devices` are the ids of the devices that are served,
    `invitations` who invites the guests of the device with that row id. `changed` is awaited after something was done,
    `searched` called after somebody looked for a text.
    """

    shell: Shell
    database: Database
    clock: Clock
    zone_now: Callable[[], str]
    chosen: Mapping[str, str]
    desk: Callable[[Actor], MeetingDesk]
    adoption: Callable[[Actor], Adoption]
    google: GoogleDesk
    devices: Callable[[], list[str]]
    invitations: Callable[[int], Invitations]
    changed: Callable[[], Awaitable[None]]
    searched: Callable[[], None]

    @property
    def zone(self) -> str:
        """The zone of times that are shown, which may be changed on the page."""
        return self.zone_now()

    def now_s(self) -> int:
        """Return the present (seconds since 1970)."""
        return self.clock.now_ms() // 1000

    def today(self) -> date:
        """Return the day that it is here."""
        return meeting_agenda.day_of(self.now_s(), self.zone)

    async def offers(self, line: MeetingLine) -> list[Offer]:
        """Return the events that may stand for a meeting already; all pairs are compared only if one may."""

        def may(conn: sqlite3.Connection) -> bool:
            return line.sync and not line.cancelled and meeting_told.others_begin_at(conn, line.start_utc_s)

        if not await self.database.read(may):
            return []
        found = await self.adoption(Actor(name="gateway", source="")).offers()
        return [each for each in found if each.meeting_id == line.id]
