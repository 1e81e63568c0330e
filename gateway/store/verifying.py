"""Every meeting with its event, as two looks some seconds apart compare them; nothing is changed or judged here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is stored of one meeting and its event: two that are equal say that nothing happened in between.

    `left` says that somebody decided, or is asked, about the whole event: deleted, moved, or many vanished at once.
    """

    meeting_id: int
    device: str
    device_id: int
    external_id: str
    revision: int
    wanted: bool
    starts_at_s: int
    waits: bool
    hold: str | None
    account_id: int | None
    calendar_id: str | None
    remote_id: str | None
    event_state: str | None
    event_revision: int | None
    stale: int
    written_at: int | None
    left: bool


_ALL = """
SELECT m.id, d.name, m.device_id, m.external_id, m.revision, m.state = 'scheduled' AND m.sync = 1,
  json_extract(m.body, '$.s'), o.subject_id IS NOT NULL, o.hold, e.account_id, e.calendar_id, e.remote_id, e.state,
  e.revision, coalesce(e.stale, 0), e.changed_at,
  EXISTS (SELECT 1 FROM guarded_deletion AS g WHERE g.meeting_id = m.id) OR EXISTS (SELECT 1 FROM kept_edit AS k
    WHERE k.meeting_id = m.id AND k.original_start_utc_s = 0 AND k.state != 'back'
    AND instr(',' || k.parts || ',', ',event,') > 0)
FROM meeting AS m JOIN device AS d ON d.id = m.device_id
LEFT JOIN mirrored AS e ON e.meeting_id = m.id
LEFT JOIN outbox AS o ON o.kind = 'mirror' AND o.subject_id = m.id
ORDER BY m.id
"""


def everything(conn: sqlite3.Connection) -> dict[int, Standing]:
    """Return how every meeting stands, by its internal id."""
    found = {}
    for raw in conn.execute(_ALL):
        values = dict(zip(Standing.__slots__, raw, strict=True))
        for name in ("wanted", "waits", "left"):
            values[name] = bool(values[name])
        found[int(raw[0])] = Standing(**values)
    return found


def calendars(conn: sqlite3.Connection, account_id: int) -> list[str]:
    """Return every calendar of an account that ever held an event of ours, as far as is known."""
    found = conn.execute(
        "SELECT calendar_id FROM mirrored WHERE account_id = ?1 UNION SELECT calendar_id FROM calendar_reading "
        "WHERE account_id = ?1 UNION SELECT calendar_id FROM stray_event WHERE account_id = ?1 ORDER BY 1",
        (account_id,),
    )
    return [str(calendar_id) for (calendar_id,) in found]
