"""Fills a database with meetings accepted long ago, faster than calls could, through the store's own functions."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gateway.clock import SystemClock
from gateway.domain import change
from gateway.domain.meeting import Frequency, Invitee, Meeting, Repeat
from gateway.store import audit, devices, meetings, migrate
from gateway.store.folder import DataFolder
from gateway.store.meetings import MeetingContents
from tests.bench.said import HOLE, LAST_MINUTE, SLOT, Ids, meeting_id
from tests.journey.gateway_process import DEVICE_KEY

_RUN = 0
"""The run whose ids are used up here; callers count theirs from 1."""

_MEETING = Meeting(
    external_id=HOLE,
    subject="Weekly meeting of the product team",
    start_local=datetime(2026, 11, 23, 10),
    end_local=datetime(2026, 11, 23, 11),
    zone="Europe/Paris",
    start_utc_s=1_795_424_400,
    end_utc_s=1_795_428_000,
    zone_text="Europe/Paris",
    agenda="What was shipped last week. What blocks us. Plans for the next two weeks. " * 2,
    host=Invitee(extension="1000", email="host@example.com", name="Arthur Morgan"),
    invitees=tuple(Invitee(extension=str(n), email=f"member{n}@example.com") for n in range(1001, 1005)),
    room="6300",
    reminder_minutes=60,
    call_participants=True,
)


def fill(data_dir: Path, count: int) -> None:
    """Make the data folder of a gateway that holds `count` meetings with nothing left to do for them."""
    body = change.to_json(_MEETING, lambda text: text)
    _fill(DataFolder(data_dir), count, lambda _number: body)


def fill_series(data_dir: Path, count: int, occurrences: int, first: datetime) -> None:
    """The same with weekly series, each from a slot of its own on, counted from `first`, to its last minute."""

    def body(number: int) -> str:
        start = first + (number - 1) * SLOT
        end = start + LAST_MINUTE
        series = replace(
            _MEETING,
            start_local=start.replace(tzinfo=None),
            end_local=end.replace(tzinfo=None),
            start_utc_s=int(start.timestamp()),
            end_utc_s=int(end.timestamp()),
            zone="UTC",
            zone_text="UTC",
            repeat=Repeat(frequency=Frequency.WEEKLY, count=occurrences),
        )
        return change.to_json(series, lambda text: text)

    _fill(DataFolder(data_dir), count, body)


def _fill(folder: DataFolder, count: int, body: Callable[[int], str]) -> None:
    folder.make()
    now_ms = SystemClock().now_ms()
    migrate.prepare(folder.database, now_ms)
    with contextlib.closing(sqlite3.connect(folder.database, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        conn.execute("BEGIN")
        key_hash = hashlib.sha256(DEVICE_KEY.encode()).digest()
        devices.put(conn, name="script", profile="generic/json", key_hash=key_hash, now_ms=now_ms)
        (device,) = devices.everything(conn)
        for number in range(1, count + 1):
            _one(conn, device.id, meeting_id(Ids.SCATTERED, number, _RUN), body(number), now_ms)
        conn.execute("COMMIT")
    _to_disk(folder.database)


def _to_disk(path: Path) -> None:
    """Let nothing of this be written while something is measured."""
    handle = os.open(path, os.O_RDWR)
    os.fsync(handle)
    os.close(handle)


def _one(conn: sqlite3.Connection, device_id: int, name: str, body: str, now_ms: int) -> None:
    contents = MeetingContents(
        sync=True,
        shape="native",
        sequence=None,
        fingerprint=secrets.token_hex(16),
        body=body.replace(HOLE, name, 1),
    )
    row_id = meetings.insert(conn, device_id=device_id, external_id=name, contents=contents, now_ms=now_ms)
    audit.write(
        conn,
        at_ms=now_ms,
        actor="device:script",
        action="meeting.scheduled",
        object_=f"meeting:{row_id}",
        detail="revision 1",
    )
