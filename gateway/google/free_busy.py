"""When calendars of a Google account are busy: `freeBusy.query`, and what its refusals mean; nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from gateway import messages
from gateway.clock import Clock
from gateway.domain.busy import BusyAnswer, Span, merged
from gateway.domain.outcome import Outcome, Verdict
from gateway.google.failures import Operation, classify, classify_silence
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import Answer, NoAnswer, Wire, json_object
from gateway.messages.languages import tr

MOST_CALENDARS = 25
"""In one call. Google takes 50 (`calendarExpansionMax`); so many full ones would make an answer of megabytes."""

LONGEST_S = 60 * 86_400
"""One call asks for no more. Google refuses about three months (`timeRangeTooLong`)."""

_SHORTEST_S = 86_400
_LATER = frozenset({"internalError", "tooManyCalendarsRequested", "backendError", "rateLimitExceeded"})


class FreeBusy:
    """The busy times of one account's calendars (`domain.busy.BusySource`)."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def busy(self, calendar_ids: Sequence[str], from_s: int, to_s: int) -> BusyAnswer | Outcome:
        """Ask in as many calls as it takes; see `BusySource.busy`.

        A calendar that one of the calls could not tell about has a problem, and no spans.
        """
        asked_at_ms = self._clock.now_ms()
        spans: dict[str, list[Span]] = {name: [] for name in calendar_ids}
        problems: dict[str, Outcome] = {}
        for first in range(0, len(calendar_ids), MOST_CALENDARS):
            names = calendar_ids[first : first + MOST_CALENDARS]
            for start_s in range(from_s, to_s, LONGEST_S):
                said = await self._part(names, start_s, min(to_s, start_s + LONGEST_S))
                if isinstance(said, Outcome):
                    return said
                for name, told in said:
                    if isinstance(told, Outcome):
                        problems[name] = told
                    else:
                        spans[name] += told
        answered = {name: merged(found) for name, found in spans.items() if name not in problems}
        return BusyAnswer(spans=answered, problems=problems, asked_at_ms=asked_at_ms)

    async def _part(
        self, names: Sequence[str], from_s: int, to_s: int
    ) -> list[tuple[str, tuple[Span, ...] | Outcome]] | Outcome:
        """Return what one call told of each calendar; a range that Google finds too long is halved."""
        try:
            answer = await self._ask(names, from_s, to_s)
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(Operation.LOOK, silence)
        said = json_object(answer.body) if answer.status == 200 else None
        if said is not None:
            return list(_calendars(said, names))
        if answer.status == 400 and b"timeRangeTooLong" in answer.body and to_s - from_s >= 2 * _SHORTEST_S:
            middle_s = (from_s + to_s) // 2
            halves = [await self._part(names, from_s, middle_s), await self._part(names, middle_s, to_s)]
            refusal = next((half for half in halves if isinstance(half, Outcome)), None)
            return refusal or [told for half in halves if isinstance(half, list) for told in half]
        return _refused(classify(Operation.LOOK, answer, now_s=self._clock.now_ms() / 1000))

    async def _ask(self, names: Sequence[str], from_s: int, to_s: int) -> Answer:
        """`freeBusy.query`; after 401 once more with a new token, in case a clock is wrong."""
        body = {
            "timeMin": _rfc3339(from_s),
            "timeMax": _rfc3339(to_s),
            "timeZone": "UTC",
            "calendarExpansionMax": len(names),
            "items": [{"id": name} for name in names],
        }
        token = await self._tokens.token()
        answer = await self._post(token, body)
        if answer.status == 401:
            answer = await self._post(await self._tokens.token(rejected=token), body)
        return answer

    async def _post(self, token: str, body: object) -> Answer:
        return await self._wire.call(
            "POST",
            f"{self._endpoint}/freeBusy",
            query={"fields": "calendars", "prettyPrint": "false"},
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "Content-Type": "application/json; charset=utf-8",
            },
            body=json.dumps(body, separators=(",", ":")).encode(),
        )


def _calendars(said: dict[str, object], names: Sequence[str]) -> Iterator[tuple[str, tuple[Span, ...] | Outcome]]:
    told = said.get("calendars")
    for name in names:
        entry = told.get(name) if isinstance(told, dict) else None
        yield name, _calendar(name, entry)


def _calendar(name: str, entry: object) -> tuple[Span, ...] | Outcome:
    """Read one calendar's part; its errors come inside an answer with status 200."""
    if not isinstance(entry, dict):
        return _outcome(Verdict.LATER, "G-412")
    errors = entry.get("errors")
    if errors:
        reasons = (
            [error.get("reason") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        )
        if "notFound" in reasons:
            return _outcome(Verdict.CONFIGURATION, "G-507", name=name)
        later = not reasons or not _LATER.isdisjoint(map(str, reasons))
        return _outcome(Verdict.LATER if later else Verdict.CONFIGURATION, "G-506")
    try:
        return tuple(Span(_instant_s(busy["start"]), _instant_s(busy["end"])) for busy in entry.get("busy", ()))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return _outcome(Verdict.LATER, "G-412")


def _refused(outcome: Outcome) -> Outcome:
    """Only busy times were refused: what is said of meetings and of the account as a whole does not hold here."""
    if outcome.code == "G-403":
        return _outcome(Verdict.CONFIGURATION, "G-416", feature=tr("looking up busy times"))
    if outcome.verdict in (Verdict.REFUSED, Verdict.GONE, Verdict.DONE):
        return _outcome(Verdict.LATER, "G-506")
    return outcome


def _outcome(verdict: Verdict, code: str, **values: str) -> Outcome:
    return Outcome(verdict=verdict, code=code, text=str(messages.text(code, **values)), values=values)


def _rfc3339(instant_s: int) -> str:
    return datetime.fromtimestamp(instant_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant_s(text: str) -> int:
    """Return an instant with its offset as seconds since 1970."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without an offset")
    return int(moment.timestamp())
