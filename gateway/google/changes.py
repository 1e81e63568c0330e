"""Reads what changed in a Google calendar, page by page (`events.list`); what a change means is not decided here."""

from __future__ import annotations

import re
from datetime import date, datetime
from urllib.parse import quote

from gateway import messages
from gateway.clock import Clock
from gateway.domain.feed import FeedPage, Guest, SeenEvent, TokenExpired
from gateway.domain.outcome import Outcome, Verdict
from gateway.google.event_json import remote_event
from gateway.google.event_text import one_line
from gateway.google.failures import Operation, classify, classify_silence
from gateway.google.reading import read
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import Answer, NoAnswer, Wire, json_object

PAGE_SIZES = (250, 50, 10)
"""How many events a page has; fewer when a page of them would be larger than any answer may be."""

_ANSWERS = frozenset({"needsAction", "accepted", "declined", "tentative"})
_MOST_GUESTS = 500
_LONGEST_COMMENT = 500
_TOO_LARGE = "G-412"
_SPLIT = re.compile(r"([a-v0-9]{5,1024})_R[0-9]{8}(T[0-9]{6}Z?)?@", re.ASCII)
_FIELDS = (
    "nextPageToken,nextSyncToken,items(id,iCalUID,etag,status,htmlLink,summary,description,location,start,end,recurrence,"
    "recurringEventId,originalStartTime,organizer(email,self),creator(email,self),"
    "attendees(email,responseStatus,comment,resource,organizer,self),hangoutLink,"
    "conferenceData(entryPoints(entryPointType,uri),createRequest(requestId,status)),extendedProperties/private)"
)


class GoogleChanges:
    """The changes of one account's calendars (`domain.feed.CalendarFeed`)."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock
        self._page_sizes: dict[str, int] = {}

    async def page(self, calendar_id: str, *, token: str | None, page: str | None) -> FeedPage | Outcome:
        """`events.list` with `syncToken` (Calendar API guide "Synchronize resources efficiently").

        The parameters other than the token are the same in every call, as that guide asks for; deleted events are
        always part of an incremental list. Series are not expanded: their rule and what differs from it are listed.
        """
        query = {"showDeleted": "true", "fields": _FIELDS}
        if token is not None:
            query["syncToken"] = token
        if page is not None:
            query["pageToken"] = page
        try:
            answer = await self._read(calendar_id, query)
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(Operation.LOOK, silence)
        said = json_object(answer.body) if answer.status == 200 else None
        if said is None:
            return self._refused(answer, token)
        items = said.get("items")
        seen = (_seen(item) for item in (items if isinstance(items, list) else ()) if isinstance(item, dict))
        return FeedPage(
            events=tuple(event for event in seen if event is not None),
            next_page=_text(said.get("nextPageToken")),
            next_token=_text(said.get("nextSyncToken")),
        )

    async def _read(self, calendar_id: str, query: dict[str, str]) -> Answer:
        """Ask for a page; where its events are so large that it cannot be taken, for fewer from then on."""
        address = f"{self._endpoint}/calendars/{quote(calendar_id, safe='')}/events"
        while True:
            size = self._page_sizes.get(calendar_id, 0)
            try:
                return await read(self._wire, self._tokens, address, {"maxResults": str(PAGE_SIZES[size]), **query})
            except NoAnswer as silence:
                if silence.code != _TOO_LARGE or size + 1 == len(PAGE_SIZES):
                    raise
                self._page_sizes[calendar_id] = size + 1

    def _refused(self, answer: Answer, token: str | None) -> Outcome:
        outcome = classify(Operation.LOOK, answer, now_s=self._clock.now_ms() / 1000)
        from_google = json_object(answer.body) is not None
        # 400 is what a token gets that was cut or made by another program.
        if token is not None and from_google and answer.status in (400, 410):
            raise TokenExpired
        if (answer.status, outcome.verdict) in ((404, Verdict.GONE), (403, Verdict.REFUSED)):
            # No event was named, so it is the calendar that is missing or no longer shared.
            text = str(messages.text("G-507"))
            return Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text=text)
        if outcome.verdict is Verdict.GONE:
            # The list ended while it was paged through.
            return Outcome(verdict=Verdict.LATER, code="G-506", text=str(messages.text("G-506")))
        return outcome


def _seen(item: dict[str, object]) -> SeenEvent | None:
    """Read one item; one that was deleted may carry no more than its id and its status."""
    event = remote_event({"etag": "", **item})
    if event is None:
        return None
    original = item.get("originalStartTime")
    return SeenEvent(
        event=event,
        guests=_guests(item.get("attendees")),
        series_id=_text(item.get("recurringEventId")),
        original_start_utc_s=_instant_s(original),
        original_day=_day(original),
        who=_somebody_else(item.get("organizer")),
        split_from=_split_from(item.get("iCalUID")),
    )


def _guests(attendees: object) -> tuple[Guest, ...]:
    guests = []
    for entry in attendees[:_MOST_GUESTS] if isinstance(attendees, list) else ():
        if not isinstance(entry, dict) or entry.get("resource") is True:
            continue
        email, answer = _text(entry.get("email")), _text(entry.get("responseStatus"))
        if email and answer in _ANSWERS:
            comment = one_line(_text(entry.get("comment")) or "", _LONGEST_COMMENT)
            guests.append(Guest(email=email, answer=answer, comment=comment))
    return tuple(guests)


def _somebody_else(person: object) -> str:
    if not isinstance(person, dict) or person.get("self") is True:
        return ""
    return one_line(_text(person.get("email")) or "", 254)


def _split_from(ical_uid: object) -> str:
    """Return the series that Google split this one off, by the mark `_R<start>` that it then adds to the name."""
    found = _SPLIT.match(ical_uid) if isinstance(ical_uid, str) else None
    return found[1] if found else ""


def _instant_s(original: object) -> int | None:
    """Return an `originalStartTime` with a time of day, which Google always gives with its offset."""
    moment = _text(original.get("dateTime")) if isinstance(original, dict) else None
    try:
        read_as = datetime.fromisoformat(moment) if moment else None
        return int(read_as.timestamp()) if read_as is not None and read_as.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _day(original: object) -> date | None:
    day = _text(original.get("date")) if isinstance(original, dict) else None
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
