"""What the comparison with 100,000 stored occurrences costs when a meeting is accepted."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

from gateway.domain import change
from gateway.domain.busy import Span
from gateway.domain.device import ConflictRule
from gateway.mirror.intake.acceptance import Acceptance, Said
from gateway.mirror.intake.intake import Caller
from gateway.mirror.intake.room_time import RoomTime
from gateway.mirror.intake.series import Exceptions
from gateway.store import busy, devices
from gateway.store.meetings import MeetingContents
from tests.prepared import give_database
from tests.unit.mirror.busy_office import DAY_S, NOW_MS
from tests.unit.mirror.gateway_in_memory import MEETING

STORED, ROOMS, ROUND = 100_000, 10, 400
MOST = 1.8
"""Of the intake's own work alone; an accept as a whole takes several times as long (HTTP, JSON, profile, commit)."""


def test_the_comparison_costs_little_of_an_accept(tmp_path: Path):
    path = tmp_path / "gateway.db"
    give_database(path, NOW_MS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, cached_statements=256)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        conn.execute("BEGIN")
        for name in ("allows", "refuses"):
            devices.put(conn, name=name, profile="p", key_hash=b"h", now_ms=1)
        busy.place(conn, 2, busy.room(conn, "room"), blocks=True)
        busy.reached(conn, 2, None)
        _fill(conn)
        exceptions = Exceptions(key=b"k" * 32, seal=str, unseal=str)
        parts = Acceptance(exceptions, RoomTime(exceptions=exceptions))
        allows, refuses = Caller(1, "allows"), Caller(2, "refuses", ConflictRule.REFUSE)
        rounds = [
            (_accept_s(conn, parts, allows, number), _accept_s(conn, parts, refuses, number)) for number in range(6)
        ]
        conn.execute("COMMIT")
    plain, compared = (min(each) for each in zip(*rounds, strict=True))
    assert compared < MOST * plain, f"{compared / plain:.2f} times as much"


def _fill(conn: sqlite3.Connection) -> None:
    rng = random.Random(3)
    for number in range(STORED):
        start_s = NOW_MS // 1000 + rng.randrange(390 * DAY_S) // 600 * 600
        busy.put(conn, 1 + number % ROOMS, number // 100, [Span(start_s, start_s + 3600)], series=True)


def _accept_s(conn: sqlite3.Connection, parts: Acceptance, caller: Caller, number: int) -> float:
    """The time of this thread for some meetings at times that are free."""
    first_s = NOW_MS // 1000 + (400 + number * 20) * DAY_S
    meetings = [
        replace(
            MEETING, external_id=f"{number}-{n}", start_utc_s=first_s + n * 3600, end_utc_s=first_s + n * 3600 + 3600
        )
        for n in range(ROUND)
    ]
    began = time.thread_time()
    for meeting in meetings:
        body, fingerprint = change.stored(meeting, b"k" * 32, str)
        contents = MeetingContents(sync=True, shape="s", sequence=None, fingerprint=fingerprint, body=body)
        said = Said(caller=caller, meeting=meeting, contents=contents, occurrences=None)
        assert parts.accept(conn, said, NOW_MS).fresh
    return time.thread_time() - began
