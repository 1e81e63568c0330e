"""A meeting as a UCM keeps it: its fields in the device's own words, its members, and what differs on single days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
ORIGINAL = "original_starttime"
"""Names the occurrence a row or a call is about, by the local start it has in the series (a guessed name)."""
CANCELLED = "cancelled"
"""`yes` in the row of an occurrence that does not take place (a guessed name)."""
PIN_FIELDS = frozenset({"pincode", "admin_pincode"})
BRIEF = (
    "bookid", "confname", "confno", "description", "starttime", "endtime", "timezone", "recurringevent",
    "open_calendar", "con_admin", "public", ORIGINAL, CANCELLED,
)  # fmt: skip
"""The columns of a list that names none with `options`."""


@dataclass(slots=True, kw_only=True)
class Occurrence:
    """One day of a series: at another time, or (without times) not at all.

    `gap` is in how many more lists it is still shown as cancelled: the device cancels first and updates afterwards.
    """

    start: datetime | None = None
    end: datetime | None = None
    gap: int = 0

    @property
    def cancelled(self) -> bool:
        """Whether a list shows it as not taking place."""
        return self.start is None or self.gap > 0


@dataclass(slots=True, kw_only=True)
class Meeting:
    """`fields` are those of `addMeetme` without `members`; occurrences by their local start in the series."""

    fields: dict[str, Any]
    members: list[dict[str, Any]]
    zone_label: str
    occurrences: dict[datetime, Occurrence] = field(default_factory=dict)
    running: bool = False

    @property
    def book_id(self) -> str:
        """The PBX's own id."""
        return str(self.fields["bookid"])

    @property
    def start(self) -> datetime:
        """Local start of the meeting, or of the first of a series."""
        return read_time(self.fields["starttime"])

    @property
    def end(self) -> datetime:
        """Local end that belongs to `start`."""
        return read_time(self.fields["endtime"])

    @property
    def is_series(self) -> bool:
        """Whether it repeats."""
        return bool(self.fields.get("recurringevent", "COMMON") != "COMMON")

    def place(self, start: datetime, end: datetime) -> None:
        """Give it another time."""
        self.fields["starttime"], self.fields["endtime"] = write_time(start), write_time(end)

    def day(self, original: datetime) -> datetime:
        """The occurrence meant by its local start or only its date (midnight); ValueError when there is none."""
        if not self.is_series:
            raise ValueError(f"meeting {self.book_id} does not repeat")
        wanted = original if original.time() != original.time().min else datetime.combine(original, self.start.time())
        if wanted < self.start or wanted.time() != self.start.time() or not self._on_its_days(wanted):
            raise ValueError(f"meeting {self.book_id} has no occurrence at {write_time(original)}")
        return wanted

    def rows(self, timezone: str) -> list[dict[str, Any]]:
        """The meeting as it stands in a list, then its differing days; `timezone` is the text of that field."""
        whole = {**self.fields, "timezone": timezone}
        days = [self._day_row(whole, original, one) for original, one in sorted(self.occurrences.items())]
        return [whole, *days]

    def _day_row(self, whole: Mapping[str, Any], original: datetime, one: Occurrence) -> dict[str, Any]:
        row = {**whole, "recurringevent": "COMMON", ORIGINAL: write_time(original)}
        if one.cancelled or one.start is None or one.end is None:
            one.gap = max(0, one.gap - 1)
            start, end = original, original + (self.end - self.start)
            return {**row, "starttime": write_time(start), "endtime": write_time(end), CANCELLED: "yes"}
        return {**row, "starttime": write_time(one.start), "endtime": write_time(one.end), CANCELLED: "no"}

    def _on_its_days(self, wanted: datetime) -> bool:
        if self.fields["recurringevent"] == "DAILY":
            return True
        if self.fields["recurringevent"] == "MONTHLY":
            return wanted.day == self.start.day
        return (wanted.date() - self.start.date()) % timedelta(days=7) == timedelta(0)


def read_time(text: object) -> datetime:
    """Read `2024-04-29 10:00:00`; ValueError for everything else."""
    return datetime.strptime(str(text), TIME_FORMAT)  # noqa: DTZ007 - the device writes its own local time


def write_time(local: datetime) -> str:
    """The device's way to write a local time."""
    return local.strftime(TIME_FORMAT)


def read_members(given: object) -> list[dict[str, Any]]:
    """Members out of a JSON text or a list of objects; ValueError when it is neither."""
    read = json.loads(given) if isinstance(given, str) else given
    if not isinstance(read, list) or not all(isinstance(one, dict) for one in read):
        raise ValueError("members is a list of objects, as JSON text")
    return [dict(one) for one in read]
