"""Which calendars an account can be written to: `calendarList.list`, and what its refusals mean for the admin."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from gateway import messages
from gateway.clock import Clock
from gateway.domain.outcome import Outcome
from gateway.google.failures import Operation, classify, classify_silence, clock_difference_s
from gateway.google.oauth import OPTIONAL_SCOPES, WRITE_SCOPES
from gateway.google.reading import read
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import Answer, NoAnswer, Wire, json_object
from gateway.messages import Message

MAIN = "primary"
"""Stands for the main calendar of whoever signed in (`calendarId` in the Calendar API's reference)."""

_MOST_PAGES = 20
_PAGE_SIZE = "250"
_OWNED_ONLY = frozenset(scope for scope in WRITE_SCOPES if scope.endswith("calendar.events.owned"))
_LISTING_SCOPES = OPTIONAL_SCOPES["choosing among calendars"]
_FIELDS = "nextPageToken,items(id,summary,summaryOverride,primary,accessRole,timeZone)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A calendar that meetings can be written to; the id of the main one is `primary`, whoever signed in."""

    id: str
    name: str
    main: bool
    access_role: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was found. `problem` says why there are no calendars; `clock_difference_s` is our clock minus Google's."""

    calendars: tuple[CalendarEntry, ...] = ()
    clock_difference_s: float | None = None
    problem: Message | None = None


class CalendarList:
    """Asks for the calendars of one account. Nothing is kept."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def find(self, scopes: Collection[str], email: str) -> Listing:
        """Return the calendars that may be written to with `scopes`, the main one first.

        Without the permission to list there is only the main one. Raises nothing for what the network does.
        """
        try:
            answers = await self._pages(scopes)
        except TokenFailure as failure:
            return Listing(problem=_problem(failure.outcome, email))
        except NoAnswer as silence:
            return Listing(problem=_problem(classify_silence(Operation.LOOK, silence), email))
        now_s = self._clock.now_ms() / 1000
        difference_s, last = clock_difference_s(answers[-1].date, now_s), answers[-1]
        if last.status != 200 or json_object(last.body) is None:
            outcome = classify(Operation.LOOK, last, now_s=now_s)
            return Listing(clock_difference_s=difference_s, problem=_problem(outcome, email))
        found = _entries(answers) if _LISTING_SCOPES.intersection(scopes) else _only_main(last, email)
        problem = None if found else messages.text("G-410", email=email)
        return Listing(calendars=found, clock_difference_s=difference_s, problem=problem)

    async def _pages(self, scopes: Collection[str]) -> list[Answer]:
        """Return the answers up to the last page, or up to the first that is no page."""
        if not _LISTING_SCOPES.intersection(scopes):
            query = {"maxResults": "1", "fields": "summary,timeZone,accessRole"}
            return [await read(self._wire, self._tokens, f"{self._endpoint}/calendars/{MAIN}/events", query)]
        owned = not WRITE_SCOPES.difference(_OWNED_ONLY).intersection(scopes)
        query = {
            "maxResults": _PAGE_SIZE,
            "minAccessRole": "owner" if owned else "writer",
            "fields": _FIELDS,
        }
        answers: list[Answer] = []
        while len(answers) < _MOST_PAGES:
            answers.append(await read(self._wire, self._tokens, f"{self._endpoint}/users/me/calendarList", query))
            token = (json_object(answers[-1].body) or {}).get("nextPageToken")
            if answers[-1].status != 200 or not isinstance(token, str) or not token:
                break
            query = {**query, "pageToken": token}
        return answers


def _entries(answers: list[Answer]) -> tuple[CalendarEntry, ...]:
    found: dict[str, CalendarEntry] = {}
    for answer in answers:
        items = json.loads(answer.body).get("items")
        for item in items if isinstance(items, list) else []:
            entry = _entry(item)
            if entry is not None:
                found.setdefault(entry.id, entry)
    return tuple(sorted(found.values(), key=lambda entry: (not entry.main, entry.name.casefold(), entry.id)))


def _entry(item: object) -> CalendarEntry | None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return None
    role = item.get("accessRole")
    if role not in ("owner", "writer"):
        return None
    main = item.get("primary") is True
    name = _line(item.get("summaryOverride")) or _line(item.get("summary")) or item["id"]
    zone = _line(item.get("timeZone"))
    return CalendarEntry(id=MAIN if main else item["id"], name=name, main=main, access_role=role, time_zone=zone)


def _only_main(answer: Answer, email: str) -> tuple[CalendarEntry, ...]:
    """Read what `events.list` says about the main calendar itself."""
    said = json_object(answer.body) or {}
    role = said.get("accessRole")
    if role not in ("owner", "writer"):
        return ()
    name = _line(said.get("summary")) or email
    return (CalendarEntry(id=MAIN, name=name, main=True, access_role=role, time_zone=_line(said.get("timeZone"))),)


def _line(value: object) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) if isinstance(value, str) else ""


def _problem(outcome: Outcome, email: str) -> Message:
    """While somebody sets up, the API was never on; later it was switched off."""
    code = {"G-512": "G-407", "": "G-412"}.get(outcome.code, outcome.code)
    return messages.text(code, **{"email": email, **outcome.values})
