"""The protocol of a calendar whose changes are read; what becomes of a change is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.domain.meeting import Meeting
from gateway.domain.outcome import Outcome, RemoteEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A guest of an event; `answer` is `needsAction`, `accepted`, `declined` or `tentative`."""

    email: str
    answer: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """An event as it was read.

    An occurrence of a series that differs from its rule is an event of its own: `series_id` is then the id of the
    series' event, and `original_start_utc_s` when the rule puts it (seconds since 1970).
    """

    event: RemoteEvent
    guests: tuple[Guest, ...] = ()
    series_id: str | None = None
    original_start_utc_s: int | None = None


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

        Raises TokenExpired.
        """

    def differences(self, seen: SeenEvent, meeting: Meeting) -> dict[str, dict[str, str]]:
        """Return in what the event is not as the device scheduled it: part → `device` and `calendar` values.

        Parts are `subject` and `time`. Times are RFC 3339 in UTC, two with a slash between them.
        """
