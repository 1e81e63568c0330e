"""Events of somebody else that may already stand for a meeting, and those an admin said do not; nothing is decided."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from gateway.store.foreign_events import subject_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A meeting and an event of somebody else that start at the same time and are called the same.

    `organiser` is the event's, empty for the account itself; `host` the e-mail address of the meeting's host.
    `own_id` is the event of ours that the meeting has, if it has one; `double` says that this one is in the calendar.
    `account` is the address of the account that both are read with, `chosen` whether the meeting goes there anyway.
    """

    meeting_id: int
    device: str
    device_id: int
    external_id: str
    subject: str
    start_utc_s: int
    revision: int
    host: str
    own_id: str | None
    own_calendar_id: str | None
    double: bool
    busy: bool
    account_id: int
    account: str
    calendar_id: str
    remote_id: str
    organiser: str


_ALIKE = """
SELECT m.id, d.name, d.id, m.external_id, json_extract(m.body, '$.su'), json_extract(m.body, '$.s'), m.revision,
  coalesce(json_extract(m.body, '$.h[1]'), ''), e.remote_id, e.calendar_id, coalesce(e.state = 'live', 0),
  o.claimed_by IS NOT NULL, a.id, a.email, f.calendar_id, f.remote_id, f.organiser, f.subject
FROM foreign_event AS f
JOIN account AS a ON a.id = f.account_id AND length(a.sealed) > 0
JOIN meeting AS m ON m.start_s = f.start_utc_s
JOIN device AS d ON d.id = m.device_id
LEFT JOIN mirrored AS e ON e.meeting_id = m.id
LEFT JOIN outbox AS o ON o.kind = 'mirror' AND o.subject_id = m.id
WHERE m.state = 'scheduled' AND m.sync = 1 AND f.end_utc_s > ? AND (e.account_id IS NULL OR e.account_id = f.account_id)
  AND NOT EXISTS (SELECT 1 FROM mirrored AS x WHERE x.account_id = f.account_id AND x.remote_id = f.remote_id)
  AND NOT EXISTS (SELECT 1 FROM adoption_rejected AS r WHERE r.meeting_id = m.id AND r.account_id = f.account_id
    AND r.calendar_id = f.calendar_id AND r.remote_id = f.remote_id)
ORDER BY f.start_utc_s, m.id, f.calendar_id, f.remote_id
"""


def alike(conn: sqlite3.Connection, now_s: int) -> list[Alike]:
    """Return every pair that is not over, that no meeting has as its own, and that nobody rejected."""
    names = Alike.__slots__
    found = []
    for raw in conn.execute(_ALIKE, (now_s,)):
        if subject_digest(str(raw[4])) == bytes(raw[-1]):
            values = dict(zip(names, raw[:-1], strict=True))
            found.append(Alike(**{**values, "double": bool(values["double"]), "busy": bool(values["busy"])}))
    return found


def reject(conn: sqlite3.Connection, pair: Alike, now_ms: int) -> None:
    """Remember that this event does not stand for this meeting."""
    conn.execute(
        "INSERT INTO adoption_rejected (meeting_id, account_id, calendar_id, remote_id, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (meeting_id, account_id, calendar_id, remote_id) DO NOTHING",
        (pair.meeting_id, pair.account_id, pair.calendar_id, pair.remote_id, now_ms),
    )
