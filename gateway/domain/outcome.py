"""What became of one call to a calendar, in words all kinds of calendar share; no answer is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What an answer means for the job that asked."""

    DONE = "done"
    """The call did what it was to do."""
    GONE = "gone"
    """The event is not there, or only as a cancelled one (`Outcome.event` is then set)."""
    EXISTS = "exists"
    """An event with this id is there already; the body just sent was not applied. Look before anything else."""
    CHANGED = "changed"
    """Somebody else changed the event since it was last seen. Look, then write again."""
    LATER = "later"
    """The call had no effect and may be repeated later."""
    SLOW_DOWN = "slow-down"
    """As LATER, but the account as a whole is asked to pause."""
    IN_DOUBT = "in-doubt"
    """The call may or may not have had its effect. Look before it is repeated."""
    AUTHORIZATION = "authorization"
    """The account's authorization is lost; an admin must sign in again. Everything is kept."""
    CONFIGURATION = "configuration"
    """Something an admin must change (calendar gone, API off, client wrong). Everything is kept."""
    REFUSED = "refused"
    """This event will never be accepted as it is; park it and show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteEvent:
    """An event as the calendar holds it.

    `marks` are the gateway's own notes on it (`EventRef.marks`), empty when it is not ours; `content` is the
    fingerprint the gateway wrote with it; `raw` is the calendar's own form, opaque to everyone but the calendar.
    """

    remote_id: str
    etag: str
    cancelled: bool
    marks: dict[str, str]
    content: str | None
    link: str | None
    raw: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The neutral meaning of one answer.

    `code` is a stable catalogue code or reason (`G-506`, `rateLimitExceeded`), `text` a sentence for people without
    secrets; `retry_after_s` is set when the calendar named a time to wait. `whole_account` says that the reason lies
    with the account (its authorization, its client, its quota) and not with this event or calendar. `values` are what
    the catalogue's entry of `code` was filled with.
    """

    verdict: Verdict
    code: str = ""
    text: str = ""
    retry_after_s: float | None = None
    whole_account: bool = False
    event: RemoteEvent | None = None
    values: Mapping[str, str] = field(default_factory=dict, compare=False)
