"""Classifies every answer of Google once: what it means for the job, the account or the sign-in that asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway import messages
from gateway.domain.outcome import Outcome, Quota, RemoteEvent, Verdict
from gateway.google.answers import (
    LONGEST_WAIT_S,
    Said,
    cleaned,
    clock_difference_s,
    outcome,
    retry_after_s,
    said_in,
    snippet,
    somebody_else,
)
from gateway.google.calendar_answers import ROWS, Operation, Row, quota_of
from gateway.google.event_json import remote_event
from gateway.google.token_failures import (
    classify_token,
    client_refusal,
    refusal,
    sign_in_error,
    sign_in_silence,
    unreadable_token,
)
from gateway.google.wire import Answer, NoAnswer, json_object

__all__ = [
    "LONGEST_WAIT_S",
    "Operation",
    "classify",
    "classify_silence",
    "classify_token",
    "cleaned",
    "client_refusal",
    "clock_difference_s",
    "refusal",
    "retry_after_s",
    "sign_in_error",
    "sign_in_silence",
    "snippet",
    "unreadable_token",
]

_PROJECT = re.compile(r"projects?[ /](?:number:)?([0-9a-z][0-9a-z-]{2,62})")


def classify(
    operation: Operation,
    answer: Answer,
    *,
    now_s: float,
    cancelled: bool = False,
    written: Mapping[str, object] | None = None,
) -> Outcome:
    """Return what an answer of the Calendar API means for the job: one of the rows of `calendar_answers`.

    `cancelled` says that the event was seen as cancelled before; then 403 on an update means that it cannot be brought
    back. `written` is the body that an event is to have after a write, all that the gateway says of it. An answer
    without Google's error body does not come from the Calendar API: it decides nothing about the event.
    """
    if 200 <= answer.status < 300:
        return _success(operation, answer, written)
    return replace(_refusal(operation, answer, now_s, cancelled=cancelled), status=answer.status)


def _refusal(operation: Operation, answer: Answer, now_s: float, *, cancelled: bool) -> Outcome:
    wait_s = retry_after_s(answer.retry_after, now_s)
    said = said_in(answer.body)
    if answer.status == 429:
        quota = quota_of(Quota.UNKNOWN, said) if said is not None else Quota.UNKNOWN
        return outcome(Verdict.SLOW_DOWN, "G-505", wait_s=wait_s, whole_account=True, quota=quota)
    if answer.status == 408 or answer.status >= 500:
        return outcome(_unclear(operation), "G-506", wait_s=wait_s)
    if said is None or not 400 <= answer.status < 500:
        return somebody_else(answer)
    for row in ROWS:
        if row.fits(operation, answer.status, said, cancelled=cancelled):
            return _meant(row, said, wait_s)
    return outcome(Verdict.REFUSED, "G-516", message=said.told)


def classify_silence(operation: Operation, silence: NoAnswer) -> Outcome:
    """Return what it means that no whole answer came."""
    verdict = _unclear(operation) if silence.sent else Verdict.LATER
    text = str(messages.text(silence.code, **silence.values))
    return Outcome(verdict=verdict, code=silence.code, text=text, values=silence.values)


def _meant(row: Row, said: Said, wait_s: float | None) -> Outcome:
    values: dict[str, str] = {}
    if row.code in ("G-516", "G-517", "G-519"):
        values["message"] = said.told
    if row.code == "G-511":
        values["guest"] = said.addresses[0] if said.addresses else ""
    if row.code == "G-512" and (project := _PROJECT.search(f"{said.metadata.get('consumer', '')} {said.message}")):
        values["id"] = project[1]
    least_s = max(wait_s or 0.0, row.wait_s) if row.wait_s else wait_s
    return outcome(
        row.verdict,
        row.code,
        wait_s=least_s,
        whole_account=row.whole_account,
        remedy=row.remedy,
        quota=quota_of(row.quota, said),
        **values,
    )


def _success(operation: Operation, answer: Answer, written: Mapping[str, object] | None) -> Outcome:
    if operation is Operation.DELETE and answer.status == 204 and not answer.body:
        return Outcome(verdict=Verdict.DONE, status=answer.status)
    event: RemoteEvent | None = None
    raw = json_object(answer.body)
    if operation is Operation.LOOK_CALENDAR and answer.status == 200 and raw is not None and "etag" in raw:
        return Outcome(verdict=Verdict.DONE, status=answer.status)  # an etag is all that was asked for
    if operation in (Operation.INSERT, Operation.LOOK, Operation.REPLACE) and answer.status == 200 and raw is not None:
        event = remote_event(raw, written=written)
    if event is None:
        return replace(outcome(_unclear(operation), "G-412", whole_account=True), status=answer.status)
    gone = operation is Operation.LOOK and event.cancelled
    return Outcome(verdict=Verdict.GONE if gone else Verdict.DONE, event=event, status=answer.status)


def _unclear(operation: Operation) -> Verdict:
    return Verdict.IN_DOUBT if operation.writes else Verdict.LATER
