"""The protocol of a calendar whose changes are read; what becomes of a change is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.domain.outcome import Outcome, RemoteEvent
from gateway.domain.target import AccountTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A guest of an event; `answer` is `needsAction`, `accepted`, `declined` or `tentative`."""

    email: str
    answer: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """An event as it was read; what it says is in `event.facts`, unless it was deleted or cannot be understood.

    An occurrence of a series that differs from its rule is an event of its own: `series_id` is then the id of the
    series' event, and `original_start_utc_s` when the rule puts it (seconds since 1970), or for a series of whole days
    `original_day`. `who` is whoever the calendar names as the one who looks after the event, if it is somebody else
    than the account that was asked; the calendar does not say who changed an event. `split_from` is the series
    (its id) that this one was made from when somebody changed "this and following" occurrences.
    """

    event: RemoteEvent
    guests: tuple[Guest, ...] = ()
    series_id: str | None = None
    original_start_utc_s: int | None = None
    original_day: date | None = None
    who: str = ""
    split_from: str = ""

    @property
    def whole_id(self) -> str:
        """The id of the event itself, or of the series that it is an occurrence of."""
        return self.series_id or self.event.remote_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """One page of changes: either more follow (`next_page`), or this was the last (`next_token` for the next time)."""

    events: tuple[SeenEvent, ...]
    next_page: str | None = None
    next_token: str | None = None


class TokenExpired(Exception):
    """The calendar no longer knows the token: everything has to be read again from the beginning."""


class CalendarFeed(Protocol):
    """Reads what changed in a calendar. Nothing raises for what the network does, except as said."""

    async def page(self, calendar_id: str, *, token: str | None, page: str | None) -> FeedPage | Outcome:
        """Return a page of what changed since `token` (None: of everything), or why there is none.

        CONFIGURATION that is not about the whole account says that the calendar is gone or no longer shared. Raises
        TokenExpired.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFeed:
    """A connected account and how the changes of its calendars are read."""

    account: AccountTarget
    feed: CalendarFeed
