"""When a meeting takes place next, by which meetings are put in order of urgency; nothing is kept here."""

from __future__ import annotations

from datetime import timedelta

from gateway.domain.expansion import Expansion
from gateway.domain.meeting import Meeting
from gateway.domain.zones import to_local

LOOK_AHEAD_DAYS = 400
"""A series that has nothing for longer than this is in no hurry."""

_DAY = timedelta(days=1)


def next_start_s(meeting: Meeting, now_s: int) -> int | None:
    """Return when the meeting, or the next occurrence of the series, begins (seconds since 1970); None when it is over.

    What goes on now counts as next. Occurrences that were moved are taken where the rule has them.
    """
    if meeting.end_utc_s > now_s:
        return meeting.start_utc_s
    if meeting.repeat is None:
        return None
    lasts_s = meeting.end_utc_s - meeting.start_utc_s
    expansion = Expansion(meeting)
    day = to_local(now_s - lasts_s, meeting.zone).date()
    for _ in range(LOOK_AHEAD_DAYS):
        slot = expansion.on(day)
        if slot is not None and slot.utc_s + lasts_s > now_s:
            return slot.utc_s
        day += _DAY
    return None
