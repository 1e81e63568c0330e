"""What a comparison of meetings with their calendars found, in words for whoever asked; nothing is compared here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """In what way a calendar is not as it should be."""

    MISSING = "missing"
    """No event stands for the meeting."""
    DOUBLED = "doubled"
    """A second event of ours stands for the meeting."""
    STRAY = "stray"
    """An event of ours stands for a meeting that wants none, or that nobody knows."""
    DIFFERENT = "different"
    """The event says something else."""
    ELSEWHERE = "wrong calendar"
    """The event is in another calendar than it was written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. Without `meeting_id` nobody knows the meeting; `remote_id` is the event that is meant.

    `marked` says that the event is one that the gateway made and that no meeting needs; no other is ever removed.
    """

    kind: Kind
    account_id: int
    calendar_id: str
    remote_id: str
    meeting_id: int | None = None
    device: str = ""
    external_id: str = ""
    detail: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A calendar that could not be read; of its meetings nothing is known."""

    account: str
    calendar_id: str
    code: str
    text: str


@dataclass(kw_only=True)
class Report:
    """What came of it: how many meetings were compared, how many are on their way, how many somebody decides about."""

    compared: int = 0
    waiting: int = 0
    left: int = 0
    findings: list[Finding] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
