"""Google Calendar as a target of the mirror: four calls of the Calendar API v3; what answers mean is told elsewhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from gateway.clock import Clock
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, RemoteEvent, Verdict
from gateway.domain.target import EventContent, EventRef
from gateway.google.event_json import event_body, merge
from gateway.google.failures import Operation, classify, classify_silence
from gateway.google.tokens import AccessTokens, TokenFailure
from gateway.google.wire import Answer, NoAnswer, Wire


class GoogleCalendar:
    """The calendars of one Google account (`domain.target.CalendarTarget`); `worked` hears of every success."""

    def __init__(
        self,
        *,
        wire: Wire,
        endpoint: str,
        tokens: AccessTokens,
        clock: Clock,
        worked: Callable[[], Awaitable[None]],
    ) -> None:
        self._wire = wire
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        self._clock = clock
        self._worked = worked

    async def look(self, ref: EventRef) -> Outcome:
        """`events.get`; an event that is there as cancelled is GONE."""
        return await self._ask(Operation.LOOK, "GET", self._event(ref))

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        """`events.insert` with our own id, so that a repeat is answered with 409 instead of a second event."""
        return await self._ask(
            Operation.INSERT,
            "POST",
            self._events(ref),
            query=_send_updates(content.invitations),
            body=event_body(ref, content),
        )

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """`events.update` with `If-Match`: applied only to the very version that was merged with."""
        body = merge(current.raw, event_body(ref, content))
        query = _send_updates(content.invitations)
        if "attachments" in body:
            query["supportsAttachments"] = "true"
        outcome = await self._ask(
            Operation.REPLACE,
            "PUT",
            self._event(ref),
            query=query,
            body=body,
            headers={"If-Match": current.etag},
            cancelled=current.cancelled,
        )
        if outcome.verdict is Verdict.GONE and current.cancelled:
            return Outcome(verdict=Verdict.GONE, event=current)
        return outcome

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        """`events.delete`."""
        return await self._ask(Operation.DELETE, "DELETE", self._event(ref), query=_send_updates(invitations))

    def _events(self, ref: EventRef) -> str:
        return f"{self._endpoint}/calendars/{quote(ref.calendar_id, safe='')}/events"

    def _event(self, ref: EventRef) -> str:
        return f"{self._events(ref)}/{quote(ref.remote_id, safe='')}"

    async def _ask(
        self,
        operation: Operation,
        method: str,
        address: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        cancelled: bool = False,
    ) -> Outcome:
        """Make a call and classify its answer; after 401 once more with a new token, in case a clock is wrong."""
        sent = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

        async def call(token: str) -> Answer:
            return await self._wire.call(
                method, address, query=query, body=sent, headers={**_headers(token, sent), **(headers or {})}
            )

        try:
            token = await self._tokens.token()
            answer = await call(token)
            if answer.status == 401:
                answer = await call(await self._tokens.token(rejected=token))
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(operation, silence)
        outcome = classify(operation, answer, now_s=self._clock.now_ms() / 1000, cancelled=cancelled)
        if outcome.verdict is Verdict.DONE:
            await self._worked()
        return outcome


def _headers(token: str, sent: bytes | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if sent is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    return headers


def _send_updates(invitations: Invitations) -> dict[str, str]:
    """Only `GOOGLE` lets Google mail the guests; it is always said, because leaving it out still sends some mails."""
    return {"sendUpdates": "all" if invitations is Invitations.GOOGLE else "none"}
