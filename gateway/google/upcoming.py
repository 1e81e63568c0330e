"""What is in a calendar in the next days, whoever put it there: `events.list`, each occurrence for itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote

from gateway.clock import Clock
from gateway.domain.outcome import Outcome, Verdict
from gateway.google.failures import Operation, classify, classify_silence
from gateway.google.reading import read
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import NoAnswer, Wire, json_object

MOST_EVENTS = 2_000
_PAGE_SIZE = 250
_FIELDS = (
    "nextPageToken,items(id,status,summary,location,htmlLink,start,end,creator(email),organizer(email),visibility,"
    "extendedProperties/private/gateway)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpcomingEvent:
    """An event or one occurrence of a series; times are seconds since 1970, or for whole days their `day`s.

    The last day is included. `installation` is the gateway that wrote it, empty when people did.
    """

    id: str
    subject: str
    start_utc_s: int | None
    end_utc_s: int | None
    first_day: date | None
    last_day: date | None
    location: str
    organizer: str
    link: str
    installation: str


class Upcoming:
    """Reads what comes next in the calendars of one account."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def events(self, calendar_id: str, *, from_s: int, to_s: int) -> tuple[UpcomingEvent, ...] | Outcome:
        """Return what ends after `from_s` and begins before `to_s`, the soonest first, or why it cannot be told.

        At most `MOST_EVENTS`; Google sorts only when series are taken apart (`orderBy`, `singleEvents`).
        """
        query = {
            "singleEvents": "true",
            "orderBy": "startTime",
            "timeMin": _instant(from_s),
            "timeMax": _instant(to_s),
            "maxResults": str(_PAGE_SIZE),
            "fields": _FIELDS,
        }
        found: list[UpcomingEvent] = []
        while len(found) < MOST_EVENTS:
            page = await self._page(calendar_id, query)
            if isinstance(page, Outcome):
                return page
            items = page.get("items")
            entries = (_event(item) for item in (items if isinstance(items, list) else ()))
            found += [entry for entry in entries if entry is not None]
            token = page.get("nextPageToken")
            if not isinstance(token, str) or not token:
                break
            query = {**query, "pageToken": token}
        return tuple(found[:MOST_EVENTS])

    async def _page(self, calendar_id: str, query: dict[str, str]) -> dict[str, object] | Outcome:
        address = f"{self._endpoint}/calendars/{quote(calendar_id, safe='')}/events"
        try:
            answer = await read(self._wire, self._tokens, address, query)
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(Operation.LOOK, silence)
        said = json_object(answer.body) if answer.status == 200 else None
        if said is not None:
            return said
        outcome = classify(Operation.LOOK, answer, now_s=self._clock.now_ms() / 1000)
        return _NO_CALENDAR if outcome.verdict is Verdict.GONE else outcome


_NO_CALENDAR = Outcome(verdict=Verdict.CONFIGURATION, code="G-507", text="The calendar is gone or not shared.")


def _event(item: object) -> UpcomingEvent | None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or item.get("status") == "cancelled":
        return None
    start, end = _part(item, "start"), _part(item, "end")
    first, last = _day(start), _day(end)
    start_s, end_s = _instant_s(start), _instant_s(end)
    if first is None and start_s is None:
        return None
    return UpcomingEvent(
        id=item["id"],
        subject=_line(item.get("summary")) or ("(private)" if item.get("visibility") == "private" else "(no subject)"),
        start_utc_s=start_s,
        end_utc_s=end_s,
        first_day=first,
        # The end of whole days is the day after the last one.
        last_day=None
        if last is None
        else date.fromordinal(max(last.toordinal() - 1, first.toordinal() if first else 1)),
        location=_line(item.get("location")),
        organizer=_line(_part(item, "organizer").get("email") or _part(item, "creator").get("email")),
        link=_line(item.get("htmlLink")),
        installation=_line(_part(_part(item, "extendedProperties"), "private").get("gateway")),
    )


def _part(item: dict[str, object], name: str) -> dict[str, object]:
    part = item.get(name)
    return part if isinstance(part, dict) else {}


def _day(part: dict[str, object]) -> date | None:
    text = part.get("date")
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _instant_s(part: dict[str, object]) -> int | None:
    text = part.get("dateTime")
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return int(at.timestamp()) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _instant(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value[:2000]).split())
