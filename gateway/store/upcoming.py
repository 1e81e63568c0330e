"""Which meetings that lie ahead have an event in a calendar, soonest first; what the events say is not known here."""

from __future__ import annotations

import sqlite3

_WRITTEN = (
    "m.state = 'scheduled' AND m.sync = 1 AND e.state = 'live' "
    "AND NOT EXISTS (SELECT 1 FROM guarded_deletion AS g WHERE g.meeting_id = m.id)"
)
_DAY_S = 86_400


def with_event(conn: sqlite3.Connection, now_s: int) -> list[int]:
    """Return the meetings that begin from now on (seconds since 1970), and the series that may go on after it."""
    single = conn.execute(
        f"SELECT m.id FROM meeting AS m JOIN mirrored AS e ON e.meeting_id = m.id WHERE m.start_s >= ? AND {_WRITTEN} "  # noqa: S608 - constant parts
        "ORDER BY m.start_s, m.id",
        (now_s,),
    )
    found = dict.fromkeys(raw[0] for raw in single)
    series = conn.execute(
        "SELECT DISTINCT m.id FROM series_slot AS s JOIN meeting AS m ON m.id = s.meeting_id "  # noqa: S608 - constant parts
        f"JOIN mirrored AS e ON e.meeting_id = m.id WHERE s.last_day >= ? AND {_WRITTEN} ORDER BY m.id",
        (now_s // _DAY_S,),
    )
    found.update(dict.fromkeys(raw[0] for raw in series))
    return list(found)
