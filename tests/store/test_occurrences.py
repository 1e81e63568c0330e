"""The table `occurrence`: exceptions by the start the rule gives them, and what the calendar holds of them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from gateway.domain.occurrence import OccurrenceState
from gateway.store import devices, meetings, occurrences
from gateway.store.meetings import MeetingContents
from gateway.store.occurrences import OccurrenceRow

NOW_MS = 1_700_000_000_000
ROW = OccurrenceRow(
    meeting_id=1,
    original_start_utc_s=1_714_381_200,
    original_local=datetime(2024, 4, 29, 10),
    state=OccurrenceState.CHANGED,
    sequence=2,
    fingerprint="f",
    body="{}",
)
LATER = replace(ROW, original_start_utc_s=ROW.original_start_utc_s + 86_400, original_local=datetime(2024, 4, 30, 10))


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        opened.execute("PRAGMA foreign_keys=ON")
        devices.put(opened, name="ucm-1", profile="p", key_hash=b"h", now_ms=NOW_MS)
        contents = MeetingContents(sync=True, shape="native", sequence=None, fingerprint="m", body="{}")
        assert meetings.insert(opened, device_id=1, external_id="m1", contents=contents, now_ms=NOW_MS) == 1
        yield opened


def exceptions(conn: sqlite3.Connection) -> int:
    row = meetings.get(conn, 1)
    assert row is not None
    return row.exceptions


def test_rows_are_kept_whole_and_in_order(conn: sqlite3.Connection) -> None:
    assert exceptions(conn) == 0
    for row in (LATER, ROW):
        occurrences.put(conn, row, NOW_MS)
    assert occurrences.of(conn, 1) == (ROW, LATER)
    assert occurrences.get(conn, 1, ROW.original_start_utc_s) == ROW
    assert occurrences.get(conn, 1, 5) is None
    assert occurrences.recount(conn, 1) == exceptions(conn) == 2
    occurrences.drop(conn, 1, ROW.original_start_utc_s)
    assert occurrences.of(conn, 1) == (LATER,)


def test_what_the_calendar_holds_outlives_a_change(conn: sqlite3.Connection) -> None:
    occurrences.put(conn, ROW, NOW_MS)
    occurrences.settle(conn, ROW, "1.device.f")
    changed = replace(ROW, state=OccurrenceState.CANCELLED, sequence=None, body=None, fingerprint="g")
    occurrences.put(conn, changed, NOW_MS + 1)
    assert occurrences.of(conn, 1) == (replace(changed, delivered="1.device.f"),)
    occurrences.unsettle(conn, 1)
    assert occurrences.of(conn, 1) == (changed,)


def test_an_orphan_goes_once_the_calendar_does_not_know_it(conn: sqlite3.Connection) -> None:
    orphan = replace(ROW, state=OccurrenceState.ORPHAN)
    for row in (orphan, LATER):
        occurrences.put(conn, row, NOW_MS)
    occurrences.recount(conn, 1)
    occurrences.settle(conn, orphan, "nothing")
    occurrences.unsettle(conn, 1)
    assert occurrences.of(conn, 1) == (replace(orphan, delivered="nothing"), LATER)
    occurrences.settle(conn, orphan, "nothing", unknown=True)
    assert occurrences.of(conn, 1) == (LATER,)
    assert exceptions(conn) == 1


def test_room_is_made_of_orphans_that_are_settled(conn: sqlite3.Connection) -> None:
    orphan = replace(ROW, state=OccurrenceState.ORPHAN)
    for row in (orphan, LATER):
        occurrences.put(conn, row, NOW_MS)
    assert occurrences.count_said(conn, 1) == 1
    occurrences.forget_settled_orphans(conn, 1)
    assert len(occurrences.of(conn, 1)) == 2
    occurrences.settle(conn, orphan, "nothing")
    occurrences.forget_settled_orphans(conn, 1)
    assert occurrences.of(conn, 1) == (LATER,)


def test_an_orphan_that_is_wanted_again_meanwhile_stays(conn: sqlite3.Connection) -> None:
    occurrences.put(conn, ROW, NOW_MS)
    occurrences.settle(conn, replace(ROW, state=OccurrenceState.ORPHAN), "nothing", unknown=True)
    assert occurrences.of(conn, 1) == (replace(ROW, delivered="nothing"),)


def test_a_change_of_an_occurrence_is_a_revision_of_its_meeting(conn: sqlite3.Connection) -> None:
    row = meetings.get(conn, 1)
    assert row is not None
    assert meetings.advance(conn, row, NOW_MS + 5) == 2
    assert meetings.get(conn, 1) == replace(row, revision=2, changed_at=NOW_MS + 5)


def test_rows_need_a_meeting_and_a_known_state(conn: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        occurrences.put(conn, replace(ROW, meeting_id=2), NOW_MS)
    occurrences.put(conn, ROW, NOW_MS)
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute("UPDATE occurrence SET state = 'odd'")
