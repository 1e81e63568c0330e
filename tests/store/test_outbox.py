"""The table `outbox`: asked for, claimed, given back, held; the soonest meeting first, at one cost for any number."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator
from importlib import resources
from itertools import islice
from pathlib import Path

import pytest

from gateway.domain.retry import Hold
from gateway.store import devices, meetings, migrate, mirrored, outbox, outbox_lanes
from gateway.store.meetings import MeetingContents
from gateway.store.outbox import MIRROR, MOST_AT_ONCE
from gateway.store.outbox_lanes import Group, Head

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
CONTENTS = MeetingContents(sync=True, shape="native", sequence=None, fingerprint="m", body="{}")


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        enrol(opened)
        yield opened


def enrol(conn: sqlite3.Connection) -> None:
    for number in (1, 2):
        conn.execute(
            "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, changed_at) "
            "VALUES ('google', ?, ?, 'c', '', x'01', 'connected', 1, 1)",
            (f"s{number}", f"{number}@example.com"),
        )
        devices.put(conn, name=f"ucm-{number}", profile="p", key_hash=b"h%d" % number, now_ms=1)


def ask(conn: sqlite3.Connection, number: int, *, device: int = 1, starts_in_h: float = 1, revision: int = 1) -> int:
    meeting_id = meetings.insert(conn, device_id=device, external_id=f"m{number}", contents=CONTENTS, now_ms=NOW_MS)
    assert meeting_id is not None
    put(conn, meeting_id, device=device, starts_in_h=starts_in_h, revision=revision)
    return meeting_id


def put(
    conn: sqlite3.Connection, meeting_id: int, *, device: int = 1, starts_in_h: float = 1, revision: int = 1
) -> None:
    starts_at_ms = NOW_MS + int(starts_in_h * HOUR_MS)
    outbox.put(
        conn,
        kind=MIRROR,
        subject_id=meeting_id,
        revision=revision,
        now_ms=NOW_MS,
        lane=device,
        starts_at_ms=starts_at_ms,
    )


def claim(conn: sqlite3.Connection, meeting_id: int, account_id: int = 1) -> outbox.OutboxRow:
    chosen = [(meeting_id, account_id)]
    (row,) = outbox.claim_due(conn, kind=MIRROR, owner="me", now_ms=NOW_MS, lease_ms=1, chosen=chosen)
    return row


def claim_event(conn: sqlite3.Connection, meeting_id: int, account_id: int = 1) -> None:
    mirrored.claim(
        conn,
        meeting_id=meeting_id,
        account_id=account_id,
        calendar_id="room",
        remote_id=f"e{meeting_id}",
        generation=0,
        now_ms=NOW_MS,
    )


def heads(conn: sqlite3.Connection, group: Group) -> list[int]:
    return [head.subject_id for head in outbox_lanes.heads(conn, MIRROR, group, NOW_MS)]


def test_the_soonest_meeting_comes_first_and_what_began_comes_last(conn: sqlite3.Connection):
    numbers = {hours: ask(conn, number, starts_in_h=hours) for number, hours in enumerate([48, -5, 2, -1, 24])}
    assert heads(conn, Group(1, 0)) == [numbers[hours] for hours in (2, 24, 48, -1, -5)]


def test_rows_are_grouped_by_device_and_by_the_account_that_has_the_event(conn: sqlite3.Connection):
    ask(conn, 1)
    elsewhere = ask(conn, 2)
    claim_event(conn, elsewhere, account_id=2)
    mirrored.live(conn, meeting_id=elsewhere, revision=1, etag=None, link=None, now_ms=NOW_MS)
    put(conn, elsewhere, revision=2)
    ask(conn, 3, device=2)
    assert outbox_lanes.groups(conn, MIRROR) == [Group(1, 0), Group(1, 2), Group(2, 0)]
    assert list(outbox_lanes.heads(conn, MIRROR, Group(1, 2), NOW_MS)) == [Head(elsewhere, NOW_MS + HOUR_MS, "room")]


def test_the_device_is_looked_up_when_nobody_names_it(conn: sqlite3.Connection):
    meeting_id = meetings.insert(conn, device_id=2, external_id="m", contents=CONTENTS, now_ms=NOW_MS)
    assert meeting_id is not None
    outbox.put(conn, kind=MIRROR, subject_id=meeting_id, revision=1, now_ms=NOW_MS)
    assert outbox_lanes.groups(conn, MIRROR) == [Group(2, 0)]


def test_what_waits_is_passed_over_until_its_time_comes(conn: sqlite3.Connection):
    first, second = ask(conn, 1), ask(conn, 2, starts_in_h=2)
    outbox.postpone(conn, claim(conn, first), not_before=NOW_MS + 500, hold=None, doubt=1, code="c", text="t")
    assert heads(conn, Group(1, 0)) == [second]
    assert outbox_lanes.next_waiting_ms(conn, MIRROR) == NOW_MS + 500
    outbox.promote(conn, MIRROR, NOW_MS + 499)
    assert heads(conn, Group(1, 1)) == []
    outbox.promote(conn, MIRROR, NOW_MS + 500)
    assert heads(conn, Group(1, 1)) == [first], "it may be in that account's calendar"


def test_times_of_a_clock_that_was_wrong_come_at_once_and_others_move_with_it(conn: sqlite3.Connection):
    far, near = ask(conn, 1), ask(conn, 2)
    year_ms = 365 * 24 * HOUR_MS
    outbox.postpone(conn, claim(conn, far), not_before=NOW_MS + year_ms, hold=None, doubt=0, code="", text="")
    outbox.postpone(conn, claim(conn, near), not_before=NOW_MS + HOUR_MS, hold=None, doubt=0, code="", text="")
    outbox.promote(conn, MIRROR, NOW_MS)
    assert heads(conn, Group(1, 1)) == [far]
    outbox.shift(conn, -HOUR_MS)
    assert outbox_lanes.next_waiting_ms(conn, MIRROR) == NOW_MS


def test_what_is_asked_for_again_during_a_job_is_not_lost_with_its_end(conn: sqlite3.Connection):
    ends: list[Callable[[outbox.OutboxRow], object]] = [
        lambda row: outbox.finish(conn, row, NOW_MS),
        lambda row: outbox.keep(conn, row, again_at_ms=NOW_MS + HOUR_MS, now_ms=NOW_MS, code="G-510", text="t"),
    ]
    for number, end in enumerate(ends):
        meeting_id = ask(conn, number)
        row = claim(conn, meeting_id)
        put(conn, meeting_id)  # the same revision: somebody found that the event has to be written once more
        end(row)
        again = outbox.get(conn, MIRROR, meeting_id)
        assert again is not None
        assert (again.ready, again.claimed_by, again.last_code) == (True, None, "")
        assert outbox.finish(conn, claim(conn, meeting_id), NOW_MS)
        assert outbox.get(conn, MIRROR, meeting_id) is None


def test_a_hold_for_an_old_revision_does_not_hold_the_new_one(conn: sqlite3.Connection):
    meeting_id = ask(conn, 1)
    row = claim(conn, meeting_id)
    put(conn, meeting_id, revision=2)
    outbox.postpone(conn, row, not_before=NOW_MS, hold=Hold.PARKED, doubt=1, code="c", text="t")
    again = outbox.get(conn, MIRROR, meeting_id)
    assert again is not None
    assert (again.hold, again.doubt) == (None, 1)


def test_what_was_kept_waits_with_its_reason(conn: sqlite3.Connection):
    meeting_id = ask(conn, 1)
    outbox.keep(conn, claim(conn, meeting_id), again_at_ms=NOW_MS + HOUR_MS, now_ms=NOW_MS, code="G-510", text="t")
    (waiting,) = outbox.waiting(conn)
    assert (waiting.next_try_ms, waiting.code, waiting.hold) == (NOW_MS + HOUR_MS, "G-510", None)
    assert outbox.unpark(conn, MIRROR, meeting_id, NOW_MS)
    (waiting,) = outbox.waiting(conn)
    assert (waiting.next_try_ms, waiting.code) == (None, "")
    assert not outbox.unpark(conn, MIRROR, 999, NOW_MS)


def test_holds_are_let_go_for_the_account_that_is_back(conn: sqlite3.Connection):
    held = {}
    for account_id in (1, 2):
        held[account_id] = ask(conn, account_id)
        claim_event(conn, held[account_id], account_id)
        row = claim(conn, held[account_id], account_id)
        outbox.postpone(conn, row, not_before=NOW_MS, hold=Hold.AUTHORIZATION, doubt=1, code="G-503", text="t")
    assert outbox.counts_by_account(conn) == {1: {"authorization": 1}, 2: {"authorization": 1}}
    assert outbox.release_holds(conn, (Hold.AUTHORIZATION, Hold.CONFIGURATION), NOW_MS, 2) == 1
    assert outbox_lanes.groups(conn, MIRROR) == [Group(1, 2)]
    assert outbox.release_holds(conn, (Hold.AUTHORIZATION,), NOW_MS) == 1
    assert outbox.counts_by_lane(conn) == {1: {"waiting": 2}}


def test_an_event_that_was_never_written_goes_by_the_devices_choice_again(conn: sqlite3.Connection):
    meeting_id = ask(conn, 1)
    claim_event(conn, meeting_id)
    outbox.postpone(conn, claim(conn, meeting_id), not_before=0, hold=Hold.CONFIGURATION, doubt=0, code="c", text="t")
    outbox.release_holds(conn, (Hold.CONFIGURATION,), NOW_MS, 1)
    assert outbox_lanes.groups(conn, MIRROR) == [Group(1, 0)]


def test_an_event_that_was_never_written_is_not_bound_to_its_account_by_a_change(conn: sqlite3.Connection):
    meeting_id = ask(conn, 1)
    claim_event(conn, meeting_id)
    row = claim(conn, meeting_id)
    put(conn, meeting_id, revision=2)
    assert outbox.counts_by_account(conn) == {1: {"waiting": 1}}, "it is being written"
    outbox.postpone(conn, row, not_before=NOW_MS, hold=None, doubt=0, code="c", text="t")
    put(conn, meeting_id, revision=3)
    assert outbox.counts_by_account(conn) == {0: {"waiting": 1}}


def test_only_what_was_written_is_held_for_an_account_that_nobody_is_signed_in_to(conn: sqlite3.Connection):
    never, written, doubtful = (ask(conn, number) for number in range(3))
    for meeting_id in (never, written, doubtful):
        claim_event(conn, meeting_id)
    mirrored.live(conn, meeting_id=written, revision=1, etag=None, link=None, now_ms=NOW_MS)
    conn.execute("UPDATE outbox SET account_id = 1, doubt = subject_id = ?", (doubtful,))
    assert outbox_lanes.hold_account(conn, Group(1, 1), Hold.CONFIGURATION, "c", "t") == 3
    assert outbox.counts_by_account(conn) == {0: {"waiting": 1}, 1: {"configuration": 2}}
    assert heads(conn, Group(1, 0)) == [never]


def test_however_many_there_are_only_what_was_written_is_held(conn: sqlite3.Connection):
    conn.execute("BEGIN")
    for number in range(MOST_AT_ONCE + 2):
        claim_event(conn, ask(conn, number))
    conn.execute("UPDATE outbox SET account_id = 1")
    assert outbox_lanes.hold_account(conn, Group(1, 1), Hold.CONFIGURATION, "c", "t") == MOST_AT_ONCE
    assert outbox_lanes.hold_account(conn, Group(1, 1), Hold.CONFIGURATION, "c", "t") == 2
    assert outbox.counts_by_account(conn) == {0: {"waiting": MOST_AT_ONCE + 2}}


def test_what_was_never_written_is_let_go_when_any_account_is_back_and_its_own_is_not(conn: sqlite3.Connection):
    never, written = ask(conn, 1), ask(conn, 2)
    for meeting_id in (never, written):
        claim_event(conn, meeting_id)
        row = claim(conn, meeting_id)
        outbox.postpone(conn, row, not_before=NOW_MS, hold=Hold.AUTHORIZATION, doubt=0, code="G-503", text="t")
    mirrored.live(conn, meeting_id=written, revision=1, etag=None, link=None, now_ms=NOW_MS)
    assert outbox.release_holds(conn, (Hold.AUTHORIZATION,), NOW_MS, 2, {1, 2}) == 0
    assert outbox.release_holds(conn, (Hold.AUTHORIZATION,), NOW_MS, 2, {2}) == 1
    assert heads(conn, Group(1, 0)) == [never]


def test_a_claim_that_has_run_out_is_freed_in_doubt(conn: sqlite3.Connection):
    meeting_id, other = ask(conn, 1), ask(conn, 2)
    claim(conn, meeting_id)
    assert outbox.release_expired(conn, MIRROR, [meeting_id, other], NOW_MS) == [other]
    assert heads(conn, Group(1, 1)) == []
    assert outbox.release_expired(conn, MIRROR, [meeting_id], NOW_MS + 1) == [meeting_id]
    row = outbox.get(conn, MIRROR, meeting_id)
    assert row is not None
    assert (row.claimed_by, row.doubt, row.ready) == (None, 1, True)


def test_a_claim_that_came_to_nothing_leaves_no_trace(conn: sqlite3.Connection):
    meeting_id = ask(conn, 1)
    before = outbox.get(conn, MIRROR, meeting_id)
    claim_event(conn, meeting_id)
    outbox.unclaim(conn, [claim(conn, meeting_id)])
    assert outbox.get(conn, MIRROR, meeting_id) == before


def test_what_is_listed_for_people_says_why_it_waits(conn: sqlite3.Connection):
    parked, later = ask(conn, 1, starts_in_h=2), ask(conn, 2, device=2, starts_in_h=1)
    outbox.postpone(conn, claim(conn, parked), not_before=0, hold=Hold.PARKED, doubt=0, code="G-516", text="no")
    claim(conn, later)
    rows = outbox.waiting(conn)
    assert [(row.meeting_id, row.external_id, row.hold, row.code, row.under_way) for row in rows] == [
        (later, "m2", None, "", True),
        (parked, "m1", Hold.PARKED, "G-516", False),
    ]
    assert [row.meeting_id for row in outbox.waiting(conn, lane=1)] == [parked]
    assert outbox.waiting(conn, most=1) == rows[:1]


@pytest.mark.parametrize("number", [200, 20_000])
def test_finding_whose_turn_it_is_costs_the_same_for_any_number_of_rows(conn: sqlite3.Connection, number: int):
    conn.execute("BEGIN")
    for subject_id in range(1, number + 1):
        ready = subject_id % 2
        conn.execute(
            "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at, lane, starts_at_ms, ready) "
            "VALUES ('mirror', ?, 1, ?, 1, ?, ?, ?)",
            (subject_id, NOW_MS + subject_id, 1 + subject_id % 10, NOW_MS + subject_id, ready),
        )
    conn.execute("COMMIT")
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    conn.set_progress_handler(count, 10)
    outbox.promote(conn, MIRROR, NOW_MS)
    groups = outbox_lanes.groups(conn, MIRROR)
    for group in groups:
        assert len(list(islice(outbox_lanes.heads(conn, MIRROR, group, NOW_MS), 2))) == 2
    assert outbox_lanes.next_waiting_ms(conn, MIRROR) is not None
    conn.set_progress_handler(None, 0)
    assert len(groups) == 5
    assert steps < 100


def test_every_question_of_a_claim_goes_by_an_index(conn: sqlite3.Connection):
    asked: set[str] = set()
    ask(conn, 1)
    conn.set_trace_callback(asked.add)
    outbox.promote(conn, MIRROR, NOW_MS)
    for group in outbox_lanes.groups(conn, MIRROR):
        heads(conn, group)
    heads(conn, Group(1, 1))
    outbox_lanes.next_waiting_ms(conn, MIRROR)
    outbox_lanes.hold_account(conn, Group(1, 1), Hold.CONFIGURATION, "c", "t")
    claim(conn, 1)
    conn.set_trace_callback(None)
    questions = [statement for statement in asked if re.match("SELECT|UPDATE", statement)]
    assert len(questions) >= 8
    for question in questions:
        plan = " ".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {question}"))
        assert "SCAN" not in plan, f"{question}: {plan}"
        assert "TEMP B-TREE" not in plan, f"{question}: {plan}"


def test_rows_of_an_older_gateway_get_their_lane_their_start_and_their_account(tmp_path: Path):
    path = tmp_path / "gateway.db"
    folder = resources.files("gateway.store") / "migrations"
    scripts = sorted(
        (entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql")
    )
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        for _, script in scripts[:6]:
            conn.executescript(script)
        conn.execute(f"PRAGMA application_id={migrate.APPLICATION_ID}")
        conn.execute("PRAGMA user_version=6")
        conn.execute(
            "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (7, 'u', 'p', x'', 1, 1)"
        )
        conn.execute(
            "INSERT INTO account VALUES (3, 'google', 's', 'a@example.com', 'c', '', x'01', 'connected', '', '', 1, "
            "NULL, 1)"
        )
        for number in (1, 2):
            conn.execute(
                "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, "
                "changed_at) VALUES (?, 7, ?, 1, 'scheduled', 1, 'native', '', ?, 1)",
                (number, f"m{number}", f'{{"s":{1000 + number}}}'),
            )
            conn.execute(
                "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at) VALUES ('mirror', ?, 1, 5, 5)",
                (number,),
            )
        conn.execute("INSERT INTO mirrored VALUES (2, 3, 'room', 'e', 0, 'live', 1, NULL, NULL, 1)")
    migrate.prepare(path, NOW_MS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        rows = [outbox.get(conn, MIRROR, number) for number in (1, 2)]
        assert [(row.lane, row.starts_at_ms, row.account_id) for row in rows if row] == [
            (7, 1_001_000, 0),
            (7, 1_002_000, 3),
        ]
        outbox.promote(conn, MIRROR, NOW_MS)
        assert outbox_lanes.groups(conn, MIRROR) == [Group(7, 0), Group(7, 3)]
