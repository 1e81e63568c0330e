"""The table `calendar_feed`: which device's meetings are read under which secret address; nothing is rendered here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class FeedRow(NamedTuple):
    """A feed without its address; times are ms UTC. `served` is False while its device is not."""

    device_id: int
    device: str
    created_at: int
    created_by: str
    read_at: int | None
    served: bool


_EVERY = (
    "SELECT f.device_id, d.name, f.created_at, f.created_by, f.read_at, d.active FROM calendar_feed AS f "
    "JOIN device AS d ON d.id = f.device_id"
)


_WANTED = "m.device_id = ?1 AND m.state = 'scheduled' AND m.sync = 1"
_LONGEST_S = 32 * 86_400
"""How long before an instant a meeting may begin that still goes on then; one that lasts longer is not looked for."""
_BY_CLOCK = "SELECT m.id, m.revision FROM meeting AS m INDEXED BY meeting_start WHERE"

COMING = f"{_BY_CLOCK} m.start_s >= ?2 - {_LONGEST_S} AND m.end_s >= ?2 AND {_WANTED} ORDER BY m.start_s, m.id LIMIT ?3"
SERIES = (
    "SELECT DISTINCT m.id, m.revision FROM series_slot AS s CROSS JOIN meeting AS m ON m.id = s.meeting_id "  # noqa: S608 - constant parts
    f"WHERE s.last_day >= ?2 / 86400 AND {_WANTED} AND m.start_s < ?4 ORDER BY m.start_s DESC, m.id LIMIT ?3"
)
OVER = (
    f"{_BY_CLOCK} m.start_s >= ?2 - {_LONGEST_S} AND m.start_s < ?4 AND m.end_s >= ?2 AND m.end_s < ?4 AND {_WANTED} "
    "ORDER BY m.start_s DESC, m.id LIMIT ?3"
)
"""None of them reads a row of a meeting that is long over, however many there are."""


def everything(conn: sqlite3.Connection) -> list[FeedRow]:
    """Return all feeds by the name of their device."""
    return [_row(raw) for raw in conn.execute(f"{_EVERY} ORDER BY d.name")]


def by_hash(conn: sqlite3.Connection, token_hash: bytes) -> FeedRow | None:
    """Return the feed whose address has this SHA-256."""
    raw = conn.execute(f"{_EVERY} WHERE f.token_hash = ?", (token_hash,)).fetchone()
    return _row(raw) if raw is not None else None


def put(conn: sqlite3.Connection, device: str, token_hash: bytes, by: str, now_ms: int) -> bool:
    """Give a device that is served a feed, in place of one that it has; False when there is no such device."""
    done = conn.execute(
        "INSERT INTO calendar_feed (device_id, token_hash, created_at, created_by) "
        "SELECT id, ?2, ?4, ?3 FROM device WHERE name = ?1 AND active = 1 "
        "ON CONFLICT (device_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at, "
        "created_by = excluded.created_by, read_at = NULL",
        (device, token_hash, by, now_ms),
    )
    return done.rowcount > 0


def drop(conn: sqlite3.Connection, device: str) -> bool:
    """Take the feed of a device away; False when it has none."""
    done = conn.execute("DELETE FROM calendar_feed WHERE device_id = (SELECT id FROM device WHERE name = ?)", (device,))
    return done.rowcount > 0


def was_read(conn: sqlite3.Connection, device_id: int, now_ms: int) -> None:
    """Note when a feed was read last."""
    conn.execute("UPDATE calendar_feed SET read_at = ? WHERE device_id = ?", (now_ms, device_id))


def meeting_ids(conn: sqlite3.Connection, device_id: int, now_s: int, since_s: int, most: int) -> list[tuple[int, int]]:
    """Return id and revision of a device's meetings, at most `most`, by id; instants are seconds since 1970.

    The next ones and the series that go on come first, each with half of the places if the others need the rest; what
    is over since `since_s` gets the places that are left. Cancelled ones and those that are not for calendars are left
    out.
    """
    coming = _pairs(conn.execute(COMING, (device_id, now_s, most)))
    series = _pairs(conn.execute(SERIES, (device_id, since_s, most, now_s)))
    found = dict(series[: max(most // 2, most - len(coming))])
    for each in (coming, _pairs(conn.execute(OVER, (device_id, since_s, most, now_s)))):
        new = [pair for pair in each if pair[0] not in found]
        found.update(new[: most - len(found)])
    return sorted(found.items())


def _pairs(rows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(int(raw[0]), int(raw[1])) for raw in rows]


def _row(raw: tuple[int, str, int, str, int | None, int]) -> FeedRow:
    return FeedRow(*raw[:5], served=bool(raw[5]))
