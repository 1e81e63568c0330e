"""What became of one call to a calendar, in words all kinds of calendar share; no answer is read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.facts import EventFacts, Part


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


class Remedy(StrEnum):
    """What may make a refused call succeed; applied once in one attempt, then remembered with the event."""

    WITHOUT_GUESTS = "without-guests"
    """Write the event without its guests, and add them later."""
    WITHOUT_GUEST = "without-guest"
    """Write the event without the guest that `Outcome.values` names (`guest`); no guest is named when none was told."""
    WITHOUT_CONFERENCE = "without-conference"
    """Write the event without asking for a video conference."""
    OTHER_ZONE = "other-zone"
    """Write the times with a fixed distance from UTC in place of the zone's name."""
    OTHER_RULE = "other-rule"
    """Write the end of the rule in the other form that RFC 5545 knows."""
    LOOK_AGAIN = "look-again"
    """Look at the event as it is now, then write once more."""
    OWN_FIELDS_ONLY = "own-fields-only"
    """Write only what one guest's copy of an event may say: the event belongs to another calendar."""
    NEW_ID = "new-id"
    """The event's id is burned: write under the next one."""


class Quota(StrEnum):
    """Whose limit a SLOW_DOWN is about; PROJECT only when the calendar says so."""

    ACCOUNT = "account"
    PROJECT = "project"
    CALENDAR = "calendar"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteEvent:
    """An event as the calendar holds it.

    `marks` are the gateway's own notes on it (`EventRef.marks`), empty when it is not ours; `content` is the
    fingerprint the gateway wrote with it; `raw` is the calendar's own form, opaque to everyone but the calendar.
    `facts` are what it says to people, None when it is cancelled or cannot be understood. `edited` are the parts in
    which it no longer says what the gateway wrote with it, by the event's own notes: empty for an untouched echo, None
    when it has no such notes (one occurrence of a series has none of its own). `plain` says that it holds nothing but
    what the gateway sends, so that it can be replaced without being looked at first. `meet_state` is how far its video
    conference is (`pending`, `success`, `failure`, or empty: none was asked for), `meet_link` its address.
    """

    remote_id: str
    etag: str
    cancelled: bool
    marks: dict[str, str]
    content: str | None
    link: str | None
    raw: dict[str, object]
    facts: EventFacts | None = None
    edited: frozenset[Part] | None = None
    plain: bool = False
    meet_state: str = ""
    meet_link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The neutral meaning of one answer.

    `code` is a stable catalogue code or reason (`G-506`, `rateLimitExceeded`), `text` a sentence for people without
    secrets; `retry_after_s` is set when the calendar named a time to wait. `whole_account` says that the reason lies
    with the account (its authorization, its client, its quota) and not with this event or calendar. `values` are what
    the catalogue's entry of `code` was filled with. `remedy` is what may make the call succeed, `quota` whose limit was
    reached. `status` is the HTTP status of the answer, 0 when there was none.
    """

    verdict: Verdict
    code: str = ""
    text: str = ""
    retry_after_s: float | None = None
    whole_account: bool = False
    event: RemoteEvent | None = None
    values: Mapping[str, str] = field(default_factory=dict, compare=False)
    remedy: Remedy | None = None
    quota: Quota | None = None
    status: int = field(default=0, compare=False)
