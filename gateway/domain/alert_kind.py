"""The kinds of alerts that people choose from, and how a choice is written; when something is told is not here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AlertKind(StrEnum):
    """What an alert is about, in the word that stands in the settings."""

    GOOGLE = "google"
    WAITING = "waiting"
    DECISIONS = "decisions"
    CALENDARS = "calendars"
    VANISHED = "vanished"
    DISK = "disk"
    SETTINGS = "settings"


ALL: Final = "all"
NONE: Final = "none"

_KIND_OF: Final = {
    "account.lost": AlertKind.GOOGLE,
    "account.back": AlertKind.GOOGLE,
    "account.ends-soon": AlertKind.GOOGLE,
    "queue.late": AlertKind.WAITING,
    "queue.moves": AlertKind.WAITING,
    "meetings.parked": AlertKind.DECISIONS,
    "meetings.held": AlertKind.CALENDARS,
    "meetings.freed": AlertKind.CALENDARS,
    "meetings.vanished": AlertKind.VANISHED,
    "disk.failing": AlertKind.DISK,
    "disk.works": AlertKind.DISK,
    "settings.broken": AlertKind.SETTINGS,
    "settings.work": AlertKind.SETTINGS,
}


def is_wanted(chosen: frozenset[AlertKind], type_: str) -> bool:
    """Whether an alert of this type is among the chosen kinds; one that belongs to no kind always is."""
    kind = _KIND_OF.get(type_)
    return kind is None or kind in chosen


def chosen_of(text: str) -> frozenset[AlertKind]:
    """Read `all`, `none`, or kinds with commas between them. ValueError names the first word that is none of them."""
    if text.strip() == ALL:
        return frozenset(AlertKind)
    if text.strip() == NONE:
        return frozenset()
    return frozenset(AlertKind(each.strip()) for each in text.split(","))


def written(chosen: frozenset[AlertKind]) -> str:
    """Write a choice as `chosen_of` reads it, always in the same order."""
    if chosen == frozenset(AlertKind):
        return ALL
    return ", ".join(each for each in AlertKind if each in chosen) or NONE
