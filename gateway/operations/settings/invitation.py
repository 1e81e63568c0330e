"""How an invitation would look, before its text is saved: that of the next meeting or of a sample; no page here."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.clock import Clock
from gateway.config import MeetingsSection
from gateway.devices.usual import meeting_defaults
from gateway.domain.change import from_json
from gateway.domain.device import DevicePolicy, MeetingDefaults
from gateway.domain.meeting import Invitations, Invitee, Join, Meeting
from gateway.domain.target import EventContent
from gateway.domain.zones import to_utc_s
from gateway.messages.languages import tr
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.wanted import Wanted
from gateway.operations.overview.meetings import next_meetings
from gateway.store import meetings
from gateway.store.database import Database

COVERED: Final = "••••••"
"""Stands where an invitation has a password; nobody here opens the seal."""

PolicyWith = Callable[[int, MeetingDefaults], DevicePolicy]
"""The choices for a device, by its row id, as they would be with these defaults; KeyError when there is no such one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An event as it would be written, as plain text; `of` is subject and device of the meeting, None for a sample."""

    title: str
    description: str
    of: tuple[str, str] | None


class InvitationPreview:
    """Shows invitations. `policy_with` is what would hold for a device.

    `said` makes of an event's content its title and its description, as people read them in their calendar.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        policy_with: PolicyWith,
        said: Callable[[EventContent], tuple[str, str]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy_with = policy_with
        self._said = said

    async def of(self, section: MeetingsSection) -> Shown:
        """Return how the next meeting would be written, or a sample when none is coming. Raises StoreError."""
        defaults, found = meeting_defaults(section), await self._database.read(self._next)
        meeting, policy, of = _sample(self._clock.now_ms() // 1000), _sample_policy(defaults), None
        if found is not None:
            with contextlib.suppress(KeyError):  # a device that was added by another process a moment ago
                policy = self._policy_with(found[1], defaults)
                meeting, of = found[0], (found[0].subject, policy.name)
        content = Wanted(meeting=meeting, fingerprint="", policy=policy).content(Lacks(revision=0))
        title, description = self._said(content)
        return Shown(title=title, description=description, of=of)

    def _next(self, conn: sqlite3.Connection) -> tuple[Meeting, int] | None:
        for each in next_meetings(conn, self._clock.now_ms() // 1000, 1):
            row = meetings.get(conn, each.meeting_id)
            with contextlib.suppress(ValueError):
                if row is not None:
                    return from_json(row.body, lambda _sealed: COVERED), row.device_id
        return None


def _sample_policy(defaults: MeetingDefaults) -> DevicePolicy:
    return DevicePolicy(
        name=tr("Head office UCM6304"),
        calendar_id="primary",
        invitations=Invitations.DEVICE,
        join=Join(
            sip_uri="sip:{room}@pbx.example.com",
            dial_in="+49 89 1234567,,{room}#",
            web_link="https://pbx.example.com/meet/{room}",
        ),
        show_pins=defaults.show_pins,
        visibility=defaults.visibility,
        words=defaults.words,
        reminders=defaults.reminders,
    )


def _sample(now_s: int) -> Meeting:
    tomorrow = datetime.fromtimestamp(now_s, UTC) + timedelta(days=1)
    start = tomorrow.replace(hour=10, minute=0, second=0, tzinfo=None)
    start_s = to_utc_s(start, "UTC")[0]
    return Meeting(
        external_id="sample",
        subject=tr("Weekly review"),
        start_local=start,
        end_local=start + timedelta(hours=1),
        zone="UTC",
        start_utc_s=start_s,
        end_utc_s=start_s + 3600,
        agenda=tr("1. Figures of the week\n2. Open questions"),
        host=Invitee(extension="1000", name="Anna Example", email="anna@example.com"),
        invitees=(
            Invitee(extension="1001", name="Ben Example", email="ben@example.com"),
            Invitee(extension="1002", name="Carla Example"),
        ),
        room="6301",
        password=COVERED,
    )
