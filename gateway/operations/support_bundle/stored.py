"""What the database knows that helps those who help: devices, accounts, queue, calls, as data; not redacted here."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from gateway.domain.attempt import Attempt
from gateway.operations.support_bundle.calls import taken_apart
from gateway.store import accounts, attempts, calls, device_calls, devices, outbox, polling, restored

MOST_CALLS = 50
MOST_WAITING = 200
MOST_DEVICES = 500
MOST_TRIED = 100
_NEWEST_OF_EACH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """Each part as JSON can hold it; `readable` is False when nothing could be read."""

    devices: list[dict[str, object]] = field(default_factory=list)
    accounts: list[dict[str, object]] = field(default_factory=list)
    queue: dict[str, object] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    calls: list[dict[str, object]] = field(default_factory=list)
    attempts: list[dict[str, object]] = field(default_factory=list)
    readable: bool = True


def stored_facts(conn: sqlite3.Connection, now_ms: int) -> StoredFacts:
    """Read them; the numbers of rows are bounded."""
    kept = calls.page(conn, device_id=None, before=None, most=MOST_CALLS, since_ms=now_ms - calls.KEPT_MS)
    state = restored.read(conn)
    counts, waiting = outbox.counts(conn), outbox.waiting(conn, most=MOST_WAITING)
    return StoredFacts(
        devices=_devices(conn),
        accounts=[
            {"email": row.email, "kind": row.kind, "state": str(row.state), "code": row.state_code, "main": row.main}
            for row in accounts.every(conn)
        ],
        queue={
            "counts": counts,
            "because": outbox.waiting_because(conn),
            "waiting": [row._asdict() for row in waiting],
            "restored": asdict(state) if state is not None else None,
        },
        counts=counts,
        calls=[{**taken_apart(json.loads(row.document)), "id": row.id, "at": _at(row.at)} for row in kept],
        attempts=_attempts(conn, [row.meeting_id for row in waiting]),
    )


def _attempts(conn: sqlite3.Connection, waiting: Sequence[int]) -> list[dict[str, object]]:
    """The last attempts for meetings that wait, and for the newest ones, so that what works can be compared."""
    ids = dict.fromkeys([*waiting[:MOST_TRIED], *attempts.meetings(conn, most=MOST_TRIED)])
    return [_attempt(each, one) for each in ids for one in attempts.of(conn, each)[-_NEWEST_OF_EACH:]]


def _attempt(meeting_id: int, attempt: Attempt) -> dict[str, object]:
    """Numbers, codes and times: which meeting, and how the calls to the calendar went. Nothing of what it says."""
    return {
        "meeting": meeting_id,
        "at": _at(attempt.at),
        "number": attempt.number,
        "done": attempt.done,
        "code": attempt.code,
        "next_try": _at(attempt.next_at),
        "calls": [{**each._asdict(), "at": _at(each.at)} for each in attempt.calls],
    }


def _devices(conn: sqlite3.Connection) -> list[dict[str, object]]:
    heard = device_calls.everything(conn)
    found: list[dict[str, object]] = []
    for row in devices.everything(conn)[:MOST_DEVICES]:
        call, asked = heard.get(row.id), polling.get(conn, row.id)
        found.append(
            {
                "id": row.name,
                "profile": row.profile,
                "active": row.active,
                "paused": row.paused,
                "origin": str(row.origin),
                "settings": json.loads(row.settings),
                "called": _at(call.called_at) if call else None,
                "refused": _at(call.refused_at) if call else None,
                "refused_because": f"{call.refused_code} {call.refused_text}".strip() if call else "",
                "asking": {"state": str(asked.state), "code": asked.code, "text": asked.text, "listed": asked.listed},
            }
        )
    return found


def _at(at_ms: int | None) -> str | None:
    return None if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
