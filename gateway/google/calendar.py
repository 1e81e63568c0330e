"""Google Calendar as a target of the mirror: the calls of the Calendar API v3; what answers mean is told elsewhere."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from gateway import messages
from gateway.clock import Clock
from gateway.domain.facts import EventFacts
from gateway.domain.meeting import Invitations
from gateway.domain.outcome import Outcome, Remedy, RemoteEvent, Verdict
from gateway.domain.target import EventContent, EventRef, OccurrenceRef
from gateway.google.event_guests import doubtful_address
from gateway.google.event_json import but_the_guests, event_body, expected_facts, merge, own_fields
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

    def facts(self, content: EventContent) -> EventFacts:
        """What an event of that content says; no call is made."""
        return expected_facts(content)

    async def look(self, ref: EventRef) -> Outcome:
        """`events.get`; an event that is there as cancelled is GONE."""
        return await self._ask(Operation.LOOK, "GET", self._event(ref))

    async def insert(self, ref: EventRef, content: EventContent) -> Outcome:
        """`events.insert` with our own id, so that a repeat is answered with 409 instead of a second event."""
        body = event_body(ref, content)
        outcome = await self._ask(
            Operation.INSERT,
            "POST",
            self._events(ref.calendar_id),
            query=_query(content, body),
            body=body,
            written=body,
        )
        return _told_more(outcome, content)

    async def replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """`events.update` with `If-Match`: applied only to the very version that was merged with."""
        return await self._replace(ref, content, current)

    async def delete(self, ref: EventRef, invitations: Invitations) -> Outcome:
        """`events.delete`."""
        return await self._ask(Operation.DELETE, "DELETE", self._event(ref), query=_send_updates(invitations))

    async def look_occurrence(self, ref: OccurrenceRef) -> Outcome:
        """`events.get` of one instance of a series, changed or not."""
        return await self._ask(Operation.LOOK, "GET", self._event(_instance(ref)))

    async def replace_occurrence(self, ref: OccurrenceRef, content: EventContent, current: RemoteEvent) -> Outcome:
        """`events.update` of one instance with `If-Match`, which makes it an exception; the series stays as it is."""
        return await self._replace(_instance(ref), content, current)

    async def cancel_occurrence(self, ref: OccurrenceRef, current: RemoteEvent, invitations: Invitations) -> Outcome:
        """`events.delete` of one instance with `If-Match`: a call that arrives late cannot undo what came after it."""
        return await self._ask(
            Operation.DELETE,
            "DELETE",
            self._event(_instance(ref)),
            query=_send_updates(invitations),
            headers={"If-Match": current.etag},
        )

    async def look_calendar(self, calendar_id: str) -> Outcome:
        """`events.list` of next to nothing: what the gateway may ask of a calendar with any of its scopes."""
        query = {"maxResults": "1", "fields": "etag"}
        return await self._ask(Operation.LOOK_CALENDAR, "GET", self._events(calendar_id), query=query)

    async def _replace(self, ref: EventRef, content: EventContent, current: RemoteEvent) -> Outcome:
        without_guests = Remedy.WITHOUT_GUESTS in content.remedies
        ours = event_body(ref, content, current.raw.get("attendees") if without_guests else None)
        if current.meet_state in ("pending", "success"):
            # There is a conference, or one is being made: asking again would put another in its place.
            ours.pop("conferenceData", None)
        method, body = "PUT", merge(current.raw, ours, content.keep)
        if Remedy.OWN_FIELDS_ONLY in content.remedies:
            method, body = "PATCH", own_fields(body)
        elif without_guests and "attendees" in body:
            method, body = "PATCH", but_the_guests(body)
        query = _query(content, ours)
        if "attachments" in body:
            query["supportsAttachments"] = "true"
        outcome = await self._ask(
            Operation.REPLACE,
            method,
            self._event(ref),
            query=query,
            body=body,
            headers={"If-Match": current.etag},
            cancelled=current.cancelled,
            written=event_body(ref, content) if without_guests else ours,
        )
        if outcome.verdict is Verdict.GONE and current.cancelled:
            return replace(outcome, event=current)
        return _told_more(outcome, content)

    def _events(self, calendar_id: str) -> str:
        return f"{self._endpoint}/calendars/{_quoted(calendar_id)}/events"

    def _event(self, ref: EventRef) -> str:
        return f"{self._events(ref.calendar_id)}/{quote(ref.remote_id, safe='')}"

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
        written: Mapping[str, object] | None = None,
    ) -> Outcome:
        """Make a call and classify its answer; after 401 once more with a new token, in case a clock is wrong."""
        sent = None if body is None else _encode(body).encode("utf-8")

        async def call(token: str) -> Answer:
            return await self._wire.call(
                method, address, query=query, body=sent, headers={**_headers(token, sent), **(headers or {})}
            )

        try:
            token = await self._tokens.token()
            answer = await call(token)
            if answer.status == 401:
                token = await self._tokens.token(rejected=token)
                answer = await call(token)
            if answer.status == 401 and (newer := await self._tokens.token()) != token:
                # While this call was under way another one got a new token: only that one says how it stands.
                answer = await call(newer)
        except TokenFailure as failure:
            return failure.outcome
        except NoAnswer as silence:
            return classify_silence(operation, silence)
        outcome = classify(operation, answer, now_s=self._clock.now_ms() / 1000, cancelled=cancelled, written=written)
        if outcome.verdict is Verdict.DONE:
            await self._worked()
        return outcome


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


@functools.lru_cache(maxsize=64)  # there are few calendars and many calls
def _quoted(calendar_id: str) -> str:
    return quote(calendar_id, safe="")


def _instance(ref: OccurrenceRef) -> EventRef:
    """Return how Google knows one instance: the series' id and its original start, in UTC or as a day."""
    if ref.original_day is not None:
        stamp = f"{ref.original_day:%Y%m%d}"
    else:
        stamp = f"{datetime.fromtimestamp(ref.original_start_utc_s, UTC):%Y%m%dT%H%M%SZ}"
    return replace(ref.series, remote_id=f"{ref.series.remote_id}_{stamp}")


def _told_more(outcome: Outcome, content: EventContent) -> Outcome:
    """Add what only the content tells: which guest may be meant."""
    if outcome.remedy is Remedy.WITHOUT_GUEST and not outcome.values.get("guest"):
        people = (*((content.meeting.host,) if content.meeting.host else ()), *content.meeting.invitees)
        doubtful = (person.email for person in people if person.email and doubtful_address(person.email))
        if guest := next((email for email in doubtful if email.casefold() not in content.without), None):
            text = str(messages.text(outcome.code, guest=guest))
            return replace(outcome, text=text, values={**outcome.values, "guest": guest})
    return outcome


def _query(content: EventContent, body: Mapping[str, object]) -> dict[str, str]:
    """Version 1 is named only when a conference is asked for: with it, a body without one would remove one."""
    asks = {"conferenceDataVersion": "1"} if "conferenceData" in body else {}
    return _send_updates(content.invitations) | asks


def _headers(token: str, sent: bytes | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if sent is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    return headers


def _send_updates(invitations: Invitations) -> dict[str, str]:
    """Only `GOOGLE` lets Google mail the guests; it is always said, because leaving it out still sends some mails."""
    return {"sendUpdates": "all" if invitations is Invitations.GOOGLE else "none"}
