"""When people are reminded of an event whose device says nothing about it: read from a line of text, and back; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

AS_THE_CALENDAR = "calendar"
"""The word for leaving it to the calendar of whoever reads the event."""
NONE_AT_ALL = "none"
MOST_REMINDERS = 5
LONGEST_MINUTES = 40_320
"""Four weeks; both limits are the calendar's (Calendar API v3, `Event.reminders.overrides`)."""

_ONE = re.compile(r"(?P<minutes>[0-9]{1,9})\s+(?P<method>[a-z]{1,20})")


class Method(StrEnum):
    """How somebody is reminded."""

    POPUP = "popup"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, order=True)
class Reminder:
    """One reminder, so many minutes before the start."""

    minutes: int
    method: Method


class ReminderFault(ValueError):
    """A text that says no reminders; `limit` is what was exceeded (`most`, `minutes`), empty when it cannot be read."""

    def __init__(self, limit: str = "") -> None:
        super().__init__(limit)
        self.limit = limit


def read_reminders(text: str) -> tuple[Reminder, ...] | None:
    """Return what `10 popup, 60 email` says, each once; `none` is empty, `calendar` None. Raises ReminderFault."""
    said = text.strip().casefold()
    if said in (AS_THE_CALENDAR, NONE_AT_ALL):
        return None if said == AS_THE_CALENDAR else ()
    found: set[Reminder] = set()
    for each in said.split(","):
        one = _ONE.fullmatch(each.strip())
        if one is None or one["method"] not in tuple(Method):
            raise ReminderFault
        if int(one["minutes"]) > LONGEST_MINUTES:
            raise ReminderFault("minutes")
        found.add(Reminder(int(one["minutes"]), Method(one["method"])))
    if len(found) > MOST_REMINDERS:
        raise ReminderFault("most")
    return tuple(sorted(found))


def said_reminders(reminders: tuple[Reminder, ...] | None) -> str:
    """Return the text that `read_reminders` reads."""
    if reminders is None:
        return AS_THE_CALENDAR
    return ", ".join(f"{each.minutes} {each.method}" for each in reminders) or NONE_AT_ALL
