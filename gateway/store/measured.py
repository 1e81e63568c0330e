"""Numbers about what waits and who called, for metrics; a few hundred rows at most, but for the queue itself."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class Queued(NamedTuple):
    """What waits of one kind of work for one reason (`waiting` for its time); `oldest_at` is ms UTC."""

    kind: str
    state: str
    number: int
    oldest_at: int


class LastHeard(NamedTuple):
    """A device that is served, by age; `at` is when it last called with its key or answered (ms UTC), None: never."""

    name: str
    paused: bool
    at: int | None


class Measured(NamedTuple):
    """Everything at one moment; `strangers` are callers that wait to be added."""

    queue: tuple[Queued, ...]
    devices: tuple[LastHeard, ...]
    strangers: int


def measured(conn: sqlite3.Connection, most_devices: int) -> Measured:
    """Look at it all: the queue, the first devices, the strangers."""
    queue = conn.execute("SELECT kind, coalesce(hold, 'waiting'), count(*), min(created_at) FROM outbox GROUP BY 1, 2")
    devices = conn.execute(
        "SELECT d.name, d.paused, nullif(max(coalesce(c.called_at, 0), coalesce(p.succeeded_at, 0)), 0) "
        "FROM device AS d LEFT JOIN device_call AS c ON c.device_id = d.id "
        "LEFT JOIN polling AS p ON p.device_id = d.id WHERE d.active = 1 ORDER BY d.id LIMIT ?",
        (most_devices,),
    )
    strangers = conn.execute("SELECT count(DISTINCT name) FROM pending_device").fetchone()[0]
    return Measured(
        tuple(Queued(*raw) for raw in queue),
        tuple(LastHeard(raw[0], bool(raw[1]), raw[2]) for raw in devices),
        int(strangers),
    )
