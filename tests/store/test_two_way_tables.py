"""What people changed, what stands twice, what vanished and what belongs to others: kept, and forgotten when over."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from gateway.domain.facts import Part
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.domain.meeting import Invitee, Meeting
from gateway.store import foreign_events, kept, reading, second_looks
from gateway.store.foreign_events import MOST_PER_CALENDAR, ForeignEvent
from gateway.store.second_looks import SecondLook, StrayEvent

MEETING = Meeting(
    external_id="m",
    subject="Review",
    start_local=datetime(2026, 11, 23, 10),
    end_local=datetime(2026, 11, 23, 11),
    zone="Etc/GMT-1",
    start_utc_s=1_795_424_400,
    end_utc_s=1_795_428_000,
)
DIFFERENCE = {"subject": {"device": "Review", "calendar": "Retro"}, "time": {"device": "a", "calendar": "b"}}


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        _filled(opened)
        yield opened


def _filled(opened: sqlite3.Connection) -> None:
    opened.execute(
        "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (1, 'd', 'p', x'00', 1, 0)"
    )
    opened.execute(
        "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, changed_at) "
        "VALUES (1, 1, 'm', 1, 'scheduled', 1, '', '', '{}', 0)"
    )
    opened.execute(
        "INSERT INTO account (id, kind, subject, email, client_id, scopes, sealed, state, authorized_at, changed_at) "
        "VALUES (1, 'google', 's', 'a@example.com', 'c', '', x'00', 'connected', 0, 0)"
    )


def edit(state: KeptState, *parts: Part, original: int = kept.WHOLE) -> KeptEdit:
    return KeptEdit(
        meeting_id=1,
        original_start_utc_s=original,
        state=state,
        parts=frozenset(parts),
        difference={part: said for part, said in DIFFERENCE.items() if part in parts},
        at=5,
    )


def count(conn: sqlite3.Connection) -> int:
    return int(conn.execute("SELECT kept_edits FROM meeting").fetchone()[0])


def test_what_is_asked_or_kept_is_counted_and_what_was_put_back_is_only_a_note(conn: sqlite3.Connection) -> None:
    asks, note = edit(KeptState.ASKS, Part.SUBJECT), edit(KeptState.BACK, Part.TIME, original=7)
    kept.put(conn, asks)
    kept.put(conn, note)
    assert (kept.of(conn, 1), kept.notes(conn, 1), kept.asking(conn)) == ((asks,), (asks, note), (asks,))
    assert count(conn) == 1
    kept.put(conn, replace(asks, state=KeptState.KEPT, who="anna@example.com"))
    assert (count(conn), kept.asking(conn)) == (1, ())
    kept.drop(conn, 1)
    assert (count(conn), kept.get(conn, 1)) == (0, None)
    kept.forget(conn, 1)
    assert kept.notes(conn, 1) == ()


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (MEETING, {Part.SUBJECT, Part.TIME}),
        (replace(MEETING, subject="Plan"), {Part.TIME}),
        (replace(MEETING, start_utc_s=1, end_utc_s=2), {Part.SUBJECT}),
        (replace(MEETING, agenda="Figures"), {Part.SUBJECT, Part.TIME}),
        (replace(MEETING, subject="Plan", zone="UTC"), set()),
    ],
)
def test_where_the_device_changed_its_meeting_its_later_word_counts(
    conn: sqlite3.Connection, after: Meeting, left: set[Part]
) -> None:
    kept.put(conn, edit(KeptState.KEPT, Part.SUBJECT, Part.TIME))
    kept.device_changed(conn, 1, MEETING, after, 9)
    found = kept.get(conn, 1)
    assert (found.parts if found is not None else frozenset()) == left
    assert found is None or set(found.difference) == left


def test_an_event_that_was_left_deleted_is_wanted_again_after_any_change(conn: sqlite3.Connection) -> None:
    kept.put(conn, edit(KeptState.KEPT, Part.EVENT))
    kept.device_changed(conn, 1, MEETING, MEETING, 9)
    assert count(conn) == 1
    kept.device_changed(conn, 1, MEETING, replace(MEETING, agenda="Figures"), 9)
    assert count(conn) == 0


def test_a_question_stays_open_and_occurrences_are_forgotten_with_their_days(conn: sqlite3.Connection) -> None:
    kept.put(conn, edit(KeptState.ASKS, Part.SUBJECT))
    kept.put(conn, edit(KeptState.KEPT, Part.LOCATION, original=7))
    kept.device_changed(conn, 1, MEETING, replace(MEETING, subject="Plan"), 9)
    assert count(conn) == 2
    kept.device_changed(conn, 1, MEETING, replace(MEETING, start_utc_s=1), 9)
    assert [left.original_start_utc_s for left in kept.of(conn, 1)] == [kept.WHOLE]


def test_guests_and_rooms_are_part_of_the_description_as_well() -> None:
    invited = replace(MEETING, invitees=(Invitee(extension="1001"),))
    assert kept.parts_changed(MEETING, invited) == {Part.GUESTS, Part.DESCRIPTION}
    assert kept.parts_changed(MEETING, replace(MEETING, room="6301")) == {Part.LOCATION, Part.DESCRIPTION}
    assert kept.parts_changed(MEETING, replace(MEETING, sequence=7, external_id="other")) == frozenset()


def event(number: int, start: int) -> ForeignEvent:
    return ForeignEvent(
        account_id=1, calendar_id="c", remote_id=f"e{number}", start_utc_s=start, end_utc_s=start + 60, organiser="o"
    )


def test_foreign_events_are_found_by_start_and_name_and_bounded(conn: sqlite3.Connection) -> None:
    for number in range(MOST_PER_CALENDAR + 50):
        foreign_events.note(conn, event(number, 1_000 + number // 100), "Weekly  \uff32eview")
    foreign_events.note(conn, event(-1, 10), "Long ago")
    foreign_events.prune(conn, 1, "c", 500)
    (left,) = conn.execute("SELECT count(*) FROM foreign_event").fetchone()
    assert left == MOST_PER_CALENDAR
    assert len(foreign_events.like(conn, 1, "c", 1_000, "weekly review")) == 100
    assert foreign_events.like(conn, 1, "c", 10, "Long ago") == ()
    assert foreign_events.like(conn, 1, "c", 1_000, "weekly") == ()
    foreign_events.forget(conn, 1, "c", ["e0"])
    assert len(foreign_events.like(conn, 1, "c", 1_000, "weekly review")) == 99
    foreign_events.forget_calendar(conn, 1, "c")
    assert foreign_events.like(conn, 1, "c", 1_001, "weekly review") == ()
    dump = "\n".join(map(str, conn.execute("SELECT * FROM foreign_event").fetchall()))
    assert "review" not in dump.casefold()


def test_looks_strays_and_open_questions(conn: sqlite3.Connection) -> None:
    conn.execute(
        "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, changed_at) "
        "VALUES (1, 1, 'c', 'r', 1, 'live', 0)"
    )
    look = SecondLook(meeting_id=1)
    second_looks.look_later(conn, look, 50)
    second_looks.look_later(conn, look, 90)
    assert second_looks.due_looks(conn, 1, 49, 10) == []
    assert second_looks.due_looks(conn, 1, 50, 10) == [look]
    second_looks.put_off(conn, look, 99)
    assert second_looks.due_looks(conn, 1, 98, 10) == []
    second_looks.looked(conn, look)
    assert second_looks.due_looks(conn, 1, 999, 10) == []
    stray = StrayEvent(account_id=1, calendar_id="c", remote_id="old", meeting_id=1)
    second_looks.stray(conn, stray, 10)
    second_looks.stray(conn, stray, 20)
    assert second_looks.due_strays(conn, 1, 10, 10) == [stray]
    second_looks.try_stray_later(conn, stray, 70)
    assert second_looks.due_strays(conn, 1, 69, 10) == []
    assert second_looks.due_strays(conn, 1, 70, 10) == [replace(stray, attempts=1)]
    second_looks.stray_gone(conn, 1, "c", "old")
    assert second_looks.due_strays(conn, 1, 999, 10) == []
    second_looks.guard(conn, 1, "c", [1], 5)
    assert [(asked.meetings, asked.since) for asked in second_looks.guarded(conn)] == [(1, 5)]
    second_looks.unguard(conn, [1])
    assert second_looks.guarded(conn) == ()


def test_a_calendar_that_fails_is_read_from_the_beginning_and_calls_are_kept_for_days(conn: sqlite3.Connection) -> None:
    reading.keep(conn, account_id=1, calendar_id="c", token="t", now_ms=5)
    reading.failed(conn, account_id=1, calendar_id="c", code="G-507", text="gone", now_ms=7)
    reading.failed(conn, account_id=1, calendar_id="c", code="G-507", text="gone", now_ms=9)
    (found,) = reading.every(conn)
    assert (found.token, found.read_at, found.code, found.since) == (None, 5, "G-507", 7)
    reading.keep(conn, account_id=1, calendar_id="c", token="u", now_ms=11)
    again = reading.get(conn, 1, "c")
    assert again is not None
    assert (again.token, again.code, again.since) == ("u", "", None)
    for day in range(1, 20):
        reading.keep_calls(conn, f"2026-11-{day:02}", day)
    assert (reading.calls(conn, "2026-11-19"), reading.calls(conn, "2026-11-01")) == (19, 0)
    assert conn.execute("SELECT count(*) FROM reading_calls").fetchone() == (reading.KEPT_DAYS,)
