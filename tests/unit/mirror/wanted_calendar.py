"""What devices said, as a person would keep it in a notebook: which entries a calendar has to show in the end.

Counted by days and hours alone; nothing of the gateway's own reckoning is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.domain.meeting import Frequency, Meeting, Repeat
from gateway.domain.occurrence import OccurrenceChange
from tests.unit.mirror.gateway_in_memory import MEETING

HOUR = timedelta(hours=1)
OFFSET = timedelta(hours=1)
"""What Etc/GMT-1 is ahead of UTC, always."""


@dataclass(frozen=True)
class Said:
    """One call about a whole meeting: hour of its start, days between its occurrences (0: it does not repeat)."""

    subject: str
    hour: int = 10
    step: int = 0
    count: int = 1
    sync: bool = True

    @property
    def starts(self) -> dict[int, datetime]:
        """Day, counted from the first, → start by the rule."""
        first = MEETING.start_local.replace(hour=self.hour)
        return {self.step * n: first + timedelta(days=self.step * n) for n in range(self.count)}

    def meeting(self, name: str) -> Meeting:
        repeat = None
        if self.step:
            frequency = Frequency.WEEKLY if self.step == 7 else Frequency.DAILY
            repeat = Repeat(frequency=frequency, count=self.count, interval=1 if self.step == 7 else self.step)
        return replace(timed(name, self.subject, self.starts[0]), repeat=repeat, sync_to_calendar=self.sync)


@dataclass(frozen=True)
class Exception_:
    """One occurrence as it was said; what it said before stays known when it is cancelled."""

    subject: str | None = None
    start: datetime | None = None
    cancelled: bool = False


@dataclass
class Entry:
    """A meeting or series; `days` are its exceptions."""

    said: Said
    cancelled: bool = False
    days: dict[int, Exception_] = field(default_factory=dict)

    def edited(self, new: Said, exactly: dict[int, Exception_] | None) -> None:
        """The device said the whole meeting again."""
        old, self.said = self.said, new
        if new == old and exactly is None:
            return
        if exactly is not None:
            before = self.days
            self.days = {day: self._merged(before.get(day), one) for day, one in exactly.items() if self._has(day)}
            return
        self.days = {day: self._followed(day, one, old) for day, one in self.days.items() if self._has(day)}

    def changed(self, day: int, subject: str, start: datetime) -> None:
        stored = self.days.get(day)
        if stored is None and (subject, start) == (self.said.subject, self.said.starts[day]):
            return
        if stored is not None and stored.cancelled and (stored.subject, stored.start) == (subject, start):
            return  # a late repeat
        self.days[day] = Exception_(subject, start)

    def dropped(self, day: int) -> None:
        self.days[day] = replace(self.days.get(day, Exception_()), cancelled=True)

    def shown(self) -> list[tuple[str, int, int]]:
        if self.cancelled or not self.said.sync:
            return []
        shown = []
        for day, start in self.said.starts.items():
            one = self.days.get(day, Exception_(self.said.subject, start))
            if not one.cancelled:
                assert one.subject is not None
                assert one.start is not None
                shown.append((one.subject, utc_s(one.start), utc_s(one.start + HOUR)))
        return shown

    def _has(self, day: int) -> bool:
        return self.said.step > 0 and day in self.said.starts

    def _merged(self, stored: Exception_ | None, one: Exception_) -> Exception_:
        if not one.cancelled:
            return one
        return replace(stored or Exception_(), cancelled=True)

    def _followed(self, day: int, one: Exception_, old: Said) -> Exception_:
        if one.start == old.starts[day]:
            one = replace(one, start=self.said.starts[day])
        return replace(one, subject=self.said.subject) if one.subject == old.subject else one


def utc_s(local: datetime) -> int:
    return int((local - OFFSET - datetime(1970, 1, 1)).total_seconds())


def timed(name: str, subject: str, start: datetime) -> Meeting:
    return replace(
        MEETING,
        external_id=name,
        subject=subject,
        start_local=start,
        end_local=start + HOUR,
        start_utc_s=utc_s(start),
        end_utc_s=utc_s(start + HOUR),
    )


def occurrence_change(name: str, said: Said, day: int, one: Exception_) -> OccurrenceChange:
    """What a device says about one day of its series, on odd days by the instant and on even days by the clock."""
    original = said.starts.get(day, MEETING.start_local.replace(hour=said.hour) + timedelta(days=day))
    meeting = None
    if not one.cancelled:
        assert one.subject is not None
        assert one.start is not None
        meeting = timed(name, one.subject, one.start)
    return OccurrenceChange(original=utc_s(original) if day % 2 else original, meeting=meeting)
