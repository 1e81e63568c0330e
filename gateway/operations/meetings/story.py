"""What happened to one meeting, in order, and who told it to whom, for a list and a picture; nothing is drawn here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.domain.attempt import Attempt, Call
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.operations.meetings.desk import Shown
from gateway.store import meeting_told
from gateway.store.audit import AuditLine
from gateway.store.meeting_told import Told

Party = Literal["device", "gateway", "google", "admin"]
MOST_TOLD = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened: `source` told `target`, or did something itself when both are the same.

    `at` is ms UTC, None for what has not happened yet. `action` is a stable word, `who` a person or an address where it
    is known, `detail` and `code` what came of it. `failed` says that it did not work. `attempt` is the attempt to reach
    Google that it belongs to, `call` the call of it, None where none was made.
    """

    at: int | None
    source: Party
    target: Party
    action: str
    who: str = ""
    detail: str = ""
    code: str = ""
    failed: bool = False
    attempt: Attempt | None = None
    call: Call | None = None


def story(conn: sqlite3.Connection, shown: Shown) -> tuple[Step, ...]:
    """Return everything that is kept about a meeting, oldest first, and last what is still to come."""
    line = shown.line
    steps = [_audited(each) for each in shown.history]
    steps += [
        Step(at=each.at, source="google", target="gateway", action="google.replied", who=each.email, detail=each.answer)
        for each in meeting_told.replies(conn, line.id).values()
    ]
    for edit in shown.edits:
        steps += _edited(edit)
    steps += [step for each in shown.attempts for step in _tried(each)]
    changed_at = meeting_told.event_changed_at(conn, line.id)
    known = any(each.done for each in shown.attempts)
    if changed_at is not None and not known and line.event_state in ("live", "gone"):
        action = "google.written" if line.event_state == "live" else "google.removed"
        who = f"{line.event_revision}" if line.event_revision is not None else ""
        steps.append(Step(at=changed_at, source="gateway", target="google", action=action, detail=who))
    steps += [_told(each) for each in meeting_told.feed(conn, line.device_id, line.id, MOST_TOLD)]
    ordered = sorted(steps, key=lambda step: step.at or 0)
    return (*ordered, *_coming(shown))


def _audited(each: AuditLine) -> Step:
    kind, _, who = each.actor.partition(":")
    source: Party = "device" if kind == "device" else "gateway" if kind == "gateway" else "admin"
    return Step(at=each.at, source=source, target="gateway", action=each.action, who=who or kind, detail=each.detail)


def _tried(attempt: Attempt) -> Iterator[Step]:
    """One step for each call; how the attempt ended is said with the last one."""
    for call in attempt.calls:
        last = call is attempt.calls[-1]
        yield Step(
            at=call.at,
            source="gateway",
            target="google",
            action=f"call.{call.operation}",
            code=attempt.code if last else call.code,
            failed=last and attempt.done is False,
            attempt=attempt,
            call=call,
        )
    if not attempt.calls:
        action = "attempt.unknown" if attempt.done is None else "attempt.failed"
        yield Step(
            at=attempt.at,
            source="gateway",
            target="google" if attempt.done is None else "gateway",
            action=action,
            code=attempt.code,
            failed=True,
            attempt=attempt,
        )


def _told(each: Told) -> Step:
    return Step(at=each.at, source="gateway", target="device", action=f"told.{each.type.partition('.')[2]}", detail="")


def _edited(edit: KeptEdit) -> Iterator[Step]:
    action = "google.deleted" if edit.deleted else "google.changed"
    parts = ",".join(sorted(map(str, edit.parts)))
    yield Step(at=edit.at, source="google", target="gateway", action=action, who=edit.who, detail=parts)
    decided = {KeptState.ASKS: "decision.asks", KeptState.KEPT: "decision.google", KeptState.BACK: "decision.device"}
    yield Step(at=edit.at, source="gateway", target="gateway", action=decided[edit.state])


def _coming(shown: Shown) -> Iterator[Step]:
    line = shown.line
    if not line.waits:
        return
    if shown.writing:
        yield Step(at=None, source="gateway", target="google", action="attempt.writing")
        return
    code, text = line.why
    if (line.attempts or code) and not (shown.attempts and shown.attempts[-1].code == code):
        yield Step(
            at=None,
            source="gateway",
            target="google",
            action="attempt.failed" if line.attempts else "attempt.waits",
            detail=text,
            code=code,
            failed=True,
        )
    if line.next_try_ms is not None:
        yield Step(at=line.next_try_ms, source="gateway", target="google", action="attempt.next")
