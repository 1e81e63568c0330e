"""One occurrence of a series that is not as its rule says: moved, changed or cancelled; it is not kept here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from gateway.domain.meeting import Meeting
from gateway.domain.zones import to_utc_s

OriginalStart = int | datetime
"""When the occurrence would have started by the rule: seconds since 1970, or wall-clock time in the series' zone."""

_TIMES = ("start_local", "end_local", "zone", "all_day")
_SAID = (
    "subject",
    "agenda",
    "host",
    "invitees",
    "room",
    "public_room",
    "password",
    "host_password",
    "reminder_minutes",
    "allow_user_invite",
    "call_participants",
    "override_host_mute",
    "auto_record",
    "join",
    "meet",
)
"""What a device may say about one occurrence, besides its times."""


@dataclass(frozen=True, kw_only=True)
class OccurrenceChange:
    """What became of the occurrence that the rule puts at `original`: `meeting` as it is now, None when cancelled.

    `meeting` carries the series' `external_id` and has no `repeat`. `sequence` is the device's number of this change;
    None leaves it to `meeting.sequence`.
    """

    original: OriginalStart
    meeting: Meeting | None
    sequence: int | None = None

    @property
    def number(self) -> int | None:
        """The device's sequence of this change, if it said one."""
        if self.sequence is not None or self.meeting is None:
            return self.sequence
        return self.meeting.sequence


class OccurrenceState(StrEnum):
    """What a series' calendar has to hold where the rule puts, or once put, an occurrence."""

    CHANGED = "changed"
    CANCELLED = "cancelled"
    PLAIN = "plain"
    """As the rule says again, after it was not."""
    ORPHAN = "orphan"
    """Nothing: the rule has no occurrence there any more, but a calendar may still hold the one that was changed."""


class Slot(NamedTuple):
    """Where a rule puts an occurrence: wall-clock start in the series' zone, and the same instant."""

    local: datetime
    utc_s: int


def by_the_rule(series: Meeting, slot: Slot) -> Meeting:
    """Return the occurrence as the series has it; it lasts as long on the wall clock as the first one does."""
    end_local = slot.local + (series.end_local - series.start_local)
    return replace(
        series,
        repeat=None,
        start_local=slot.local,
        end_local=end_local,
        start_utc_s=slot.utc_s,
        end_utc_s=to_utc_s(end_local, series.zone)[0],
    )


def belonging(series: Meeting, meeting: Meeting) -> Meeting:
    """Return an occurrence's meeting as part of its series: its name, no rule, mirrored when the series is."""
    return replace(
        meeting, external_id=series.external_id, repeat=None, sync_to_calendar=series.sync_to_calendar, sequence=None
    )


def following(changed: Meeting, *, old: Meeting, new: Meeting) -> Meeting:
    """Return a changed occurrence after its series changed from what `old` says there to what `new` says there.

    What the occurrence had of its own stays, above all the time it was moved to; what it shared with the series
    follows the series.
    """
    values = {name: getattr(new, name) for name in _SAID if getattr(changed, name) == getattr(old, name)}
    if all(getattr(changed, name) == getattr(old, name) for name in _TIMES):
        values |= {name: getattr(new, name) for name in (*_TIMES, "start_utc_s", "end_utc_s", "zone_text")}
    return belonging(new, replace(changed, **values))
