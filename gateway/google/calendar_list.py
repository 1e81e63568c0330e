"""Which calendars an account can be used with: `calendarList.list`, and what its refusals mean for the admin."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway import messages
from gateway.clock import Clock
from gateway.domain.outcome import Outcome
from gateway.google.failures import Operation, classify, classify_silence, clock_difference_s
from gateway.google.reading import read
from gateway.google.scopes import PERMISSIONS, Feature, allows
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import Answer, NoAnswer, Wire, json_object
from gateway.messages import Message

MAIN = "primary"
"""Stands for the main calendar of whoever signed in (`calendarId` in the Calendar API's reference)."""

_MOST_PAGES = 20
_WRITING_ROLES = ("owner", "writer", "writerWithoutPrivateAccess")
_ALL_ROLES = (*_WRITING_ROLES, "reader", "freeBusyReader")
_PAGE_SIZE = "250"
_FIELDS = "nextPageToken,items(id,summary,summaryOverride,primary,accessRole,timeZone)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A calendar; the id of the main one is `primary`, whoever signed in.

    `access_role` is `owner`, `writer`, `writerWithoutPrivateAccess`, or with a look at all of them also `reader` and
    `freeBusyReader`.
    """

    id: str
    name: str
    main: bool
    access_role: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was found. `problem` says why there are no calendars; `clock_difference_s` is our clock minus Google's.

    `outcome` is what the answer means when Google did not tell its calendars.
    """

    calendars: tuple[CalendarEntry, ...] = ()
    clock_difference_s: float | None = None
    problem: Message | None = None
    outcome: Outcome | None = None


class CalendarList:
    """Asks for the calendars of one account. Nothing is kept."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def find(self, scopes: Collection[str], email: str, *, to_read: bool = False) -> Listing:
        """Return the calendars that may be written to with `scopes`, or with `to_read` all, the main one first.

        Without the permission to list there is only the main one. Raises nothing for what the network does.
        """
        least = "freeBusyReader" if to_read else "owner" if _owned_only(scopes) else "writer"
        try:
            answers = await self._pages(scopes, least)
        except TokenFailure as failure:
            return _not_found(failure.outcome, email)
        except NoAnswer as silence:
            return _not_found(classify_silence(Operation.LOOK, silence), email)
        now_s = self._clock.now_ms() / 1000
        difference_s, last = clock_difference_s(answers[-1].date, now_s), answers[-1]
        if last.status != 200 or json_object(last.body) is None:
            outcome = classify(Operation.LOOK, last, now_s=now_s)
            return replace(_not_found(outcome, email), clock_difference_s=difference_s)
        roles = _ALL_ROLES if to_read else _WRITING_ROLES
        found = _entries(answers, roles) if allows(scopes, Feature.LIST) else _only_main(last, email, roles)
        problem = None if found else messages.text("G-410", email=email)
        return Listing(calendars=found, clock_difference_s=difference_s, problem=problem)

    async def _pages(self, scopes: Collection[str], least: str) -> list[Answer]:
        """Return the answers up to the last page, or up to the first that is no page."""
        if not allows(scopes, Feature.LIST):
            query = {"maxResults": "1", "fields": "summary,timeZone,accessRole"}
            return [await read(self._wire, self._tokens, f"{self._endpoint}/calendars/{MAIN}/events", query)]
        query = {"maxResults": _PAGE_SIZE, "minAccessRole": least, "fields": _FIELDS}
        answers: list[Answer] = []
        while len(answers) < _MOST_PAGES:
            answers.append(await read(self._wire, self._tokens, f"{self._endpoint}/users/me/calendarList", query))
            token = (json_object(answers[-1].body) or {}).get("nextPageToken")
            if answers[-1].status != 200 or not isinstance(token, str) or not token:
                break
            query = {**query, "pageToken": token}
        return answers


def _owned_only(scopes: Collection[str]) -> bool:
    """Whether events can be written into the account's own calendars alone."""
    writing = PERMISSIONS[Feature.WRITE]
    return (writing.enough - {writing.ask}).isdisjoint(scopes)


def _entries(answers: list[Answer], roles: Collection[str]) -> tuple[CalendarEntry, ...]:
    found: dict[str, CalendarEntry] = {}
    for answer in answers:
        items = json.loads(answer.body).get("items")
        for item in items if isinstance(items, list) else []:
            entry = _entry(item, roles)
            if entry is not None:
                found.setdefault(entry.id, entry)
    return tuple(sorted(found.values(), key=lambda entry: (not entry.main, entry.name.casefold(), entry.id)))


def _entry(item: object, roles: Collection[str]) -> CalendarEntry | None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return None
    role = item.get("accessRole")
    if not isinstance(role, str) or role not in roles:
        return None
    main = item.get("primary") is True
    name = _line(item.get("summaryOverride")) or _line(item.get("summary")) or item["id"]
    zone = _line(item.get("timeZone"))
    return CalendarEntry(id=MAIN if main else item["id"], name=name, main=main, access_role=role, time_zone=zone)


def _only_main(answer: Answer, email: str, roles: Collection[str]) -> tuple[CalendarEntry, ...]:
    """Read what `events.list` says about the main calendar itself."""
    said = json_object(answer.body) or {}
    role = said.get("accessRole")
    if not isinstance(role, str) or role not in roles:
        return ()
    name = _line(said.get("summary")) or email
    return (CalendarEntry(id=MAIN, name=name, main=True, access_role=role, time_zone=_line(said.get("timeZone"))),)


def _line(value: object) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split()) if isinstance(value, str) else ""


def _not_found(outcome: Outcome, email: str) -> Listing:
    return Listing(problem=_problem(outcome, email), outcome=outcome)


def _problem(outcome: Outcome, email: str) -> Message:
    """While somebody sets up, the API was never on; later it was switched off."""
    code = {"G-512": "G-407", "": "G-412"}.get(outcome.code, outcome.code)
    return messages.text(code, **{"email": email, **outcome.values})
