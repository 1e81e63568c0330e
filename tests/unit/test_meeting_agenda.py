"""The agenda page by page: the same rows as expanding everything, whatever is asked for, at the same cost when full."""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.meeting import Meeting
from gateway.domain.search_words import begins, words
from gateway.operations.meetings import agenda as meeting_agenda
from gateway.operations.meetings.agenda import AgendaRow, Asked
from gateway.store import meeting_search, meeting_times
from tests.prepared import give_database
from tests.unit.many_meetings import MIDDLE, fill
from tests.unit.test_meeting_times import DAY_S, calendars, expanded, stored

NOW_S = int(MIDDLE.timestamp())


def database(folder: Path) -> sqlite3.Connection:
    give_database(folder / "gateway.db", 0)
    conn = sqlite3.connect(folder / "gateway.db")
    conn.executemany(
        "INSERT INTO device (id, name, profile, key_hash, active, changed_at) VALUES (?, ?, 'p', x'00', 1, 0)",
        [(1, "one"), (2, "two")],
    )
    return conn


@pytest.fixture(scope="module")
def conn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    with closing(database(tmp_path_factory.mktemp("agenda"))) as conn:
        yield conn


def catch_up(conn: sqlite3.Connection) -> None:
    late = meeting_search.behind(conn, 5_000)
    meeting_search.catch_up(conn, meeting_search.words_of(conn, [*late.new, *late.changed]), late)


def has(meeting: Meeting, text: str) -> bool:
    said = words([meeting.subject, meeting.external_id, meeting.room or ""])
    return not text or (any(words([text])) and begins(said, words([text])))


def rows(conn: sqlite3.Connection, asked: Asked, most: int) -> Iterator[AgendaRow]:
    """The rows of all pages, one after another."""
    while True:
        page = meeting_agenda.agenda(conn, asked, {}, most)
        assert len(page.rows) <= most
        yield from page.rows
        if page.after is None:
            return
        assert asked.after is None or page.after > asked.after
        asked = replace(asked, after=page.after)


def pages(conn: sqlite3.Connection, asked: Asked, most: int) -> list[tuple[int, int]]:
    return [(row.start_s, row.line.id) for row in rows(conn, asked, most)]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    meetings=calendars(),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2028, 3, 1)),
    days=st.integers(1, 70),
    every=st.booleans(),
    device=st.sampled_from(("", "one", "two")),
    text=st.sampled_from(("", "m", "m1", "M2 m", "%")),
    indexed=st.integers(0, 4),
    most=st.integers(1, 7),
)
def test_all_pages_together_are_what_expanding_every_meeting_gives(
    conn: sqlite3.Connection,
    meetings: list[Meeting],
    at: datetime,
    days: int,
    every: bool,
    device: str,
    text: str,
    indexed: int,
    most: int,
) -> None:
    from_s = int(at.replace(tzinfo=UTC).timestamp())
    asked = Asked(from_s=from_s, to_s=from_s + days * DAY_S, every=every, device=device, text=text)
    conn.execute("SAVEPOINT one")
    wanted: list[tuple[int, int]] = []
    for number, each in enumerate(meetings):
        if number == indexed:
            catch_up(conn)
        one = stored(conn, each, 1 + number % 2)
        if device not in ("", ("one", "two")[number % 2]) or not has(each, text):
            continue
        starts = [start_s for start_s, _ in expanded(each, from_s, asked.end_s)]
        if each.repeat is None and each.start_utc_s < from_s < each.end_utc_s:
            starts = [each.start_utc_s]
        wanted += [(start_s, one) for start_s in (starts if every else starts[:1])]
    assert pages(conn, asked, most) == sorted(wanted)
    conn.execute("ROLLBACK TO one")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """More series than are worked out one by one."""
    with closing(database(tmp_path_factory.mktemp("full"))) as conn:
        fill(conn, 3_000, 7, series=0.6)
        catch_up(conn)
        conn.commit()
        yield conn


@pytest.mark.parametrize("every", [False, True])
def test_the_pages_of_a_full_gateway_go_on_where_the_last_one_ended(full: sqlite3.Connection, every: bool) -> None:
    asked = Asked(from_s=NOW_S, to_s=NOW_S + 2 * DAY_S, every=every)
    assert meeting_times.begins_if_few(full, NOW_S, asked.end_s, None, 500) is None
    begins = meeting_times.begins(full, asked.from_s, asked.end_s)
    seen: set[int] = set()
    wanted = [(each.start_s, each.meeting_id) for each in meeting_times.running(full, NOW_S)]
    for each in begins:
        if every or not each.original_s or each.meeting_id not in seen:
            wanted.append((each.start_s, each.meeting_id))
        seen.add(each.meeting_id)
    assert len(wanted) > 90
    assert pages(full, asked, 30) == wanted


@pytest.mark.parametrize("state", ["failed", "cancelled", "off", "synced"])
def test_a_state_finds_exactly_the_meetings_that_stand_so(full: sqlite3.Connection, state: str) -> None:
    to_s = NOW_S + 3 * DAY_S
    everything = rows(full, Asked(from_s=NOW_S, to_s=to_s), 500)
    wanted = [(row.start_s, row.line.id) for row in everything if row.word == state]
    assert wanted
    asked = Asked(from_s=NOW_S, to_s=to_s, state=next(each for each in meeting_agenda.WORDS if each == state))
    assert pages(full, asked, 30) == wanted


def test_what_a_text_means_to_a_database_is_looked_for_as_it_is(full: sqlite3.Connection) -> None:
    (one,) = full.execute("SELECT id FROM meeting WHERE start_s > ? ORDER BY start_s LIMIT 1", (NOW_S,)).fetchone()
    full.execute("UPDATE meeting SET body = json_set(body, '$.su', ?) WHERE id = ?", ('Q50% "A_B" NEAR \\ Č', one))
    full.execute(
        "INSERT INTO audit (at, actor, action, object, detail) VALUES (0, 'device:x', 'meeting.changed', ?, '')",
        (f"meeting:{one}",),
    )
    for text in ("Q50%", 'q50 "a_b"', "\\Č near", "c nea q", "a b q50"):
        assert [row[1] for row in pages(full, Asked(from_s=NOW_S, text=text), 30)] == [one], text
    for text in ("Q5_5", "* OR sales", "%", '"', "NOT near"):
        assert pages(full, Asked(from_s=NOW_S, text=text), 30) == [], text
    full.rollback()


def median_s(conn: sqlite3.Connection, asked: Asked) -> float:
    taken = []
    for _ in range(9):
        began = time.perf_counter()
        page = meeting_agenda.agenda(conn, asked, {})
        taken.append(time.perf_counter() - began)
        assert len(page.rows) == meeting_agenda.MOST_ROWS
    return statistics.median(taken)


def test_a_page_reads_a_bounded_number_of_rows(full: sqlite3.Connection) -> None:
    """Steps of the database's machine, which do not depend on how busy this computer is."""
    counted = []
    with closing(sqlite3.connect(":memory:")) as conn:
        full.backup(conn)
        for more in (0, 3_000):
            fill(conn, more, 7, around=MIDDLE.replace(year=2024), seed=2 + more)
            steps: list[None] = []
            conn.set_progress_handler(partial(steps.append, None), 100)
            meeting_agenda.agenda(conn, Asked(from_s=NOW_S), {})
            conn.set_progress_handler(None, 0)
            counted.append(len(steps))
    assert counted[1] < 1.3 * counted[0], counted


@pytest.mark.skipif(not os.environ.get("LONG"), reason="the whole count takes half a minute: LONG=1")
def test_fifty_thousand_meetings_cost_no_more_than_a_page_full(tmp_path: Path) -> None:
    with closing(database(tmp_path)) as many:
        fill(many, 50_000, 300)
        many.commit()
        with closing(sqlite3.connect(":memory:")) as few:
            migrate_into(few, tmp_path)
            fill(few, 400, 3)
            slow, fast = (median_s(conn, Asked(from_s=NOW_S, every=True)) for conn in (many, few))
    assert slow < 1.5 * fast + 0.005, (slow, fast)


def migrate_into(conn: sqlite3.Connection, folder: Path) -> None:
    other = folder / "few"
    other.mkdir()
    with closing(database(other)) as empty:
        empty.backup(conn)


@pytest.mark.parametrize("state", ["", "cancelled", "synced"])
@pytest.mark.parametrize("text", ["sales", "qua", "77", "many 12", "anna review"])
def test_a_text_finds_the_same_with_an_index_and_without(full: sqlite3.Connection, text: str, state: str) -> None:
    word = next((each for each in meeting_agenda.WORDS if each == state), None)
    asked = Asked(from_s=NOW_S, to_s=NOW_S + 9 * DAY_S, text=text, state=word)
    everything = rows(full, Asked(from_s=NOW_S, to_s=asked.to_s), 500)
    wanted = [
        (row.start_s, row.line.id)
        for row in everything
        if begins(words([row.line.subject, row.line.external_id, "anna"]), words([text]))
        and row.word in (word or row.word,)
    ]
    assert pages(full, asked, 30) == wanted
    full.execute("UPDATE meeting_indexed SET next_meeting_id = 1")
    assert pages(full, asked, 30) == wanted
    full.rollback()
