"""Reads what changed in a Google calendar, page by page (`events.list`); what a change means is not decided here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import quote

from gateway.clock import Clock
from gateway.domain.feed import FeedPage, Guest, SeenEvent, TokenExpired
from gateway.domain.meeting import Meeting
from gateway.domain.outcome import Outcome
from gateway.domain.zones import UnknownZone, to_utc_s
from gateway.google.event_json import remote_event
from gateway.google.event_text import one_line
from gateway.google.failures import Operation, classify, classify_silence
from gateway.google.reading import read
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import NoAnswer, Wire, json_object

PAGE_SIZE = 250
_GONE = 410
_ANSWERS = frozenset({"needsAction", "accepted", "declined", "tentative"})
_MOST_GUESTS = 500
_LONGEST_COMMENT = 500
_FIELDS = (
    "nextPageToken,nextSyncToken,items(id,etag,status,htmlLink,summary,start,end,recurringEventId,originalStartTime,"
    "attendees(email,responseStatus,comment,resource,organizer,self),extendedProperties/private)"
)


class GoogleChanges:
    """The changes of one account's calendars (`domain.feed.CalendarFeed`)."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def page(self, calendar_id: str, *, token: str | None, page: str | None) -> FeedPage | Outcome:
        """`events.list` with `syncToken` (Calendar API guide "Synchronize resources efficiently").

        The parameters other than the token are the same in every call, as that guide asks for; deleted events are
        always part of an incremental list.
        """
        query = {"maxResults": str(PAGE_SIZE), "showDeleted": "true", "fields": _FIELDS}
        if token is not None:
            query["syncToken"] = token
        if page is not None:
            query["pageToken"] = page
        try:
            answer = await read(
                self._wire, self._tokens, f"{self._endpoint}/calendars/{quote(calendar_id, safe='')}/events", query
            )
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(Operation.LOOK, silence)
        said = json_object(answer.body) if answer.status == 200 else None
        if said is None:
            # 400 is what a token gets that was cut or made by another program.
            if token is not None and answer.status in (400, _GONE):
                raise TokenExpired
            return classify(Operation.LOOK, answer, now_s=self._clock.now_ms() / 1000)
        items = said.get("items")
        seen = (_seen(item) for item in (items if isinstance(items, list) else ()) if isinstance(item, dict))
        return FeedPage(
            events=tuple(event for event in seen if event is not None),
            next_page=_text(said.get("nextPageToken")),
            next_token=_text(said.get("nextSyncToken")),
        )

    def differences(self, seen: SeenEvent, meeting: Meeting) -> dict[str, dict[str, str]]:
        """Compare what people may have changed with what was written; see `CalendarFeed.differences`."""
        raw = seen.event.raw
        found: dict[str, dict[str, str]] = {}
        ours, theirs = one_line(meeting.subject, 255) or "Meeting", str(raw.get("summary") or "")
        if one_line(theirs, 255) != ours:
            found["subject"] = {"device": ours, "calendar": one_line(theirs, 255)}
        start_s, end_s = _instant_s(raw.get("start"), meeting.zone), _instant_s(raw.get("end"), meeting.zone)
        if start_s is not None and end_s is not None and (start_s, end_s) != (meeting.start_utc_s, meeting.end_utc_s):
            found["time"] = {
                "device": _span(meeting.start_utc_s, meeting.end_utc_s),
                "calendar": _span(start_s, end_s),
            }
        return found


def _seen(item: dict[str, object]) -> SeenEvent | None:
    """Read one item; one that was deleted may carry no more than its id and its status."""
    event = remote_event({"etag": "", **item})
    if event is None:
        return None
    return SeenEvent(
        event=event,
        guests=_guests(item.get("attendees")),
        series_id=_text(item.get("recurringEventId")),
        original_start_utc_s=_instant_s(item.get("originalStartTime"), "UTC"),
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


def _instant_s(value: object, zone: str) -> int | None:
    """Return the instant of a `start` or `end` (seconds since 1970); a date alone is the beginning of that day."""
    if not isinstance(value, dict):
        return None
    try:
        if moment := _text(value.get("dateTime")):
            read = datetime.fromisoformat(moment)
            named = _text(value.get("timeZone")) or zone
            return int(read.timestamp()) if read.tzinfo is not None else to_utc_s(read, named)[0]
        if day := _text(value.get("date")):
            return to_utc_s(datetime.combine(date.fromisoformat(day), datetime.min.time()), zone)[0]
    except (ValueError, OverflowError, UnknownZone):
        return None
    return None


def _span(start_s: int, end_s: int) -> str:
    return "/".join(f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}" for moment in (start_s, end_s))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
