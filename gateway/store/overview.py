"""How devices and meetings stand, for a page that shows everything at a glance; every question has its bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from typing import NamedTuple

from gateway.store.foreign_events import subject_digest

MOST_DEVICES = 2_000
MOST_FOREIGN = 2_000
"""Coming events of other people that are looked at, the next ones first."""
_AT_ONCE = 500


class DeviceFacts(NamedTuple):
    """A device that is served, when it called, and what asking it came to; times are ms UTC.

    `polled` is the state of `store.polling`, empty for a device that was never asked.
    """

    name: str
    paused: bool
    called_at: int | None
    refused_at: int | None
    refused_code: str
    polled: str
    poll_code: str
    poll_text: str
    poll_warning: str
    succeeded_at: int | None


class MeetingFacts(NamedTuple):
    """One meeting: its device, its subject, whether it is a series, and one of `STATES`."""

    meeting_id: int
    device: str
    subject: str
    host: str
    state: str
    ends_after_s: int


STATES = ("synced", "waiting", "failed", "changed", "cancelled", "off")
"""In the calendar, on its way there, held or refused, changed there so that somebody decides, cancelled, not wanted."""


def devices(conn: sqlite3.Connection) -> list[DeviceFacts]:
    """Return the devices that are served, by name."""
    rows = conn.execute(
        "SELECT d.name, d.paused, c.called_at, c.refused_at, coalesce(c.refused_code, ''), coalesce(p.state, ''), "
        "coalesce(p.code, ''), coalesce(p.text, ''), coalesce(p.warning, ''), p.succeeded_at "
        "FROM device AS d LEFT JOIN device_call AS c ON c.device_id = d.id "
        "LEFT JOIN polling AS p ON p.device_id = d.id "
        "WHERE d.active = 1 ORDER BY d.name LIMIT ?",
        (MOST_DEVICES,),
    )
    return [DeviceFacts(raw[0], bool(raw[1]), *raw[2:]) for raw in rows]


def device_names(conn: sqlite3.Connection) -> dict[str, str]:
    """Return the names for people that were given to added devices, by their ids."""
    rows = conn.execute(
        "SELECT name, json_extract(settings, '$.name') FROM device WHERE json_valid(settings) "
        "AND json_type(settings, '$.name') = 'text' LIMIT ?",
        (MOST_DEVICES,),
    )
    return {str(raw[0]): str(raw[1]) for raw in rows}


_MEETINGS = """
SELECT m.id, d.name, coalesce(json_extract(m.body, '$.su'), ''), coalesce(json_extract(m.body, '$.h[0]'), ''),
  CASE WHEN m.state = 'cancelled' THEN 'cancelled' WHEN m.sync = 0 THEN 'off'
  WHEN m.kept_edits > 0 AND EXISTS (SELECT 1 FROM kept_edit AS k WHERE k.meeting_id = m.id AND k.state = 'asks')
    OR EXISTS (SELECT 1 FROM guarded_deletion AS g WHERE g.meeting_id = m.id) THEN 'changed'
  WHEN o.hold IN ('parked', 'configuration') THEN 'failed'
  WHEN o.subject_id IS NOT NULL AND NOT coalesce(e.state = 'live' AND e.revision = m.revision AND e.stale = 0, 0)
    THEN 'waiting' ELSE 'synced' END,
  coalesce(json_extract(m.body, '$.e') - json_extract(m.body, '$.s'), 0)
FROM meeting AS m JOIN device AS d ON d.id = m.device_id
LEFT JOIN outbox AS o ON o.kind = 'mirror' AND o.subject_id = m.id LEFT JOIN mirrored AS e ON e.meeting_id = m.id
WHERE m.id IN (SELECT value FROM json_each(?))
"""


def meetings(conn: sqlite3.Connection, meeting_ids: Collection[int]) -> dict[int, MeetingFacts]:
    """Return how these meetings stand, by their ids."""
    ids = sorted(set(meeting_ids))
    found: dict[int, MeetingFacts] = {}
    for low in range(0, len(ids), _AT_ONCE):
        for raw in conn.execute(_MEETINGS, (str(ids[low : low + _AT_ONCE]),)):
            found[int(raw[0])] = MeetingFacts(*raw)
    return found


def subjects(conn: sqlite3.Connection, meeting_ids: Collection[int]) -> dict[int, str]:
    """Return what meetings are called, by their ids."""
    rows = conn.execute(
        "SELECT id, coalesce(json_extract(body, '$.su'), '') FROM meeting WHERE id IN (SELECT value FROM json_each(?))",
        (str(sorted(set(meeting_ids))),),
    )
    return {int(raw[0]): str(raw[1]) for raw in rows}


class News(NamedTuple):
    """A change that came from a calendar: `decided` says whose version counts, empty where that is no question."""

    meeting_id: int
    at: int
    type: str
    decided: str


def news(conn: sqlite3.Connection, most: int) -> list[News]:
    """Return the last changes that came from calendars, newest first."""
    rows = conn.execute(
        "SELECT meeting_id, at, type, coalesce(json_extract(data, '$.decided'), '') FROM change_feed "
        "ORDER BY id DESC LIMIT ?",
        (most,),
    )
    return [News(*raw) for raw in rows]


def any_meeting(conn: sqlite3.Connection) -> bool:
    """Return whether a device ever scheduled anything."""
    return conn.execute("SELECT 1 FROM meeting LIMIT 1").fetchone() is not None


def any_in_calendar(conn: sqlite3.Connection) -> bool:
    """Return whether a meeting ever reached a calendar."""
    return conn.execute("SELECT 1 FROM mirrored WHERE state = 'live' LIMIT 1").fetchone() is not None


def twice_there(conn: sqlite3.Connection, now_s: int) -> list[str]:
    """Return the devices whose meetings somebody else seems to have put into the calendar too, by name, each once.

    They start at the same time and are called the same.
    """
    rows = conn.execute(
        "SELECT d.name, json_extract(m.body, '$.su'), f.subject FROM (SELECT * FROM foreign_event "
        "WHERE start_utc_s > ? ORDER BY start_utc_s LIMIT ?) AS f "
        # CROSS: in this order and in no other, however few strangers and however many meetings there are.
        "CROSS JOIN meeting AS m ON m.start_s = f.start_utc_s CROSS JOIN device AS d ON d.id = m.device_id "
        "CROSS JOIN mirrored AS e ON e.meeting_id = m.id AND e.state = 'live' AND e.account_id = f.account_id "
        "WHERE m.state = 'scheduled' AND m.sync = 1 AND e.remote_id <> f.remote_id AND NOT EXISTS "
        "(SELECT 1 FROM adoption_rejected AS r WHERE r.meeting_id = m.id AND r.account_id = f.account_id "
        "AND r.calendar_id = f.calendar_id AND r.remote_id = f.remote_id) LIMIT ?",
        (now_s, MOST_FOREIGN, MOST_FOREIGN),
    )
    return sorted({str(name) for name, subject, digest in _alike(rows)})


def _alike(rows: Iterable[tuple[str, str, bytes]]) -> Iterable[tuple[str, str, bytes]]:
    return (raw for raw in rows if subject_digest(str(raw[1])) == bytes(raw[2]))
