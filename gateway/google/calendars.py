"""Makes a calendar of its own for a device: `calendars.insert`; which device uses it is decided elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.domain.outcome import Outcome, Verdict
from gateway.google.failures import Operation, classify, classify_silence
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import Answer, NoAnswer, Wire, json_object


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCalendar:
    """A calendar that was made: its id, its name, its zone (IANA)."""

    id: str
    name: str
    time_zone: str


class Calendars:
    """Makes calendars of one account."""

    def __init__(self, *, wire: Wire, endpoint: str, tokens: AccessTokens, clock: Clock) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def create(self, name: str, time_zone: str) -> MadeCalendar | Outcome:
        """Make a calendar, or say why not; IN_DOUBT means that it may have been made without anybody seeing it.

        Google has no id of ours for it and makes a second one of the same name when asked twice, so nothing here
        repeats a call whose answer was lost.
        """
        body = json.dumps({"summary": name, "timeZone": time_zone}, ensure_ascii=False).encode()
        try:
            answer = await self._post(body)
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(Operation.INSERT, silence)
        said = json_object(answer.body) if answer.status == 200 else None
        made = said.get("id") if said is not None else None
        if said is None or not isinstance(made, str) or not made:
            outcome = classify(Operation.INSERT, answer, now_s=self._clock.now_ms() / 1000)
            in_doubt = outcome.verdict is Verdict.DONE
            return Outcome(verdict=Verdict.IN_DOUBT, code="G-412", text=outcome.text) if in_doubt else outcome
        zone = said.get("timeZone")
        return MadeCalendar(id=made, name=name, time_zone=zone if isinstance(zone, str) else time_zone)

    async def _post(self, body: bytes) -> Answer:
        token = await self._tokens.token()
        answer = await self._call(body, token)
        if answer.status == 401:
            answer = await self._call(body, await self._tokens.token(rejected=token))
        return answer

    async def _call(self, body: bytes, token: str) -> Answer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json; charset=utf-8",
        }
        return await self._wire.call("POST", f"{self._endpoint}/calendars", headers=headers, body=body)
