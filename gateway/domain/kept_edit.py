"""What is known of an event that people changed in the calendar: in which parts, and whose word counts there; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.facts import Part

WHOLE = 0
"""Stands for a meeting as a whole where else one occurrence is named by its original start."""

Difference = Mapping[str, Mapping[str, str]]
"""Part → what the `device` and what the `calendar` says there."""


class KeptState(StrEnum):
    """Whose word counts where people changed an event."""

    ASKS = "asks"
    """Nobody's yet: nothing is written there until an admin decides."""
    KEPT = "kept"
    """The calendar's."""
    BACK = "back"
    """The device's: it was put back, and this is a note for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEdit:
    """What people changed of one event, or of the occurrence that the rule puts at `original_start_utc_s`.

    With `Part.EVENT` among `parts` the event was deleted, or moved to the calendar `calendar_id`. `at` is when it was
    noticed (ms UTC), `who` the person's address, empty where the calendar does not say it. `put_backs` is when the
    device's version was written again without anybody being asked (ms UTC, oldest first, only the last few).
    """

    meeting_id: int
    original_start_utc_s: int = WHOLE
    state: KeptState
    parts: frozenset[Part]
    difference: Difference = field(default_factory=dict)
    calendar_id: str | None = None
    who: str = ""
    at: int = 0
    put_backs: tuple[int, ...] = ()

    @property
    def deleted(self) -> bool:
        """Whether people removed the event, and did not only move it to another calendar."""
        return Part.EVENT in self.parts and self.calendar_id is None

    @property
    def fought(self) -> bool:
        """Whether an admin is asked because it was changed again each time that it had been put back."""
        return self.state is KeptState.ASKS and bool(self.put_backs)
