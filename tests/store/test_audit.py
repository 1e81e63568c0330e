"""The table `audit` as it is asked: after a line, by kind, by text, by time, in bounded looks; no line is broken."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store import audit
from gateway.store.audit import AuditRow, Wanted
from tests.prepared import give_database

ACTORS = ("admin:anna", "device:pbx", "command line", "gateway", "nobody")
ACTIONS = ("meeting.scheduled", "device.paused", "admin.sign-in", "occurrence.changed")


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        yield opened


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("audit") / "gateway.db"
    give_database(path, 0)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("BEGIN")
        for number in range(200):
            put(
                opened,
                at_ms=number * 1000,
                actor=ACTORS[number % 5],
                action=ACTIONS[number % 4],
                object_=f"meeting:{number}",
                detail="100% _sure_" if number % 10 == 0 else "",
                source="192.0.2.7" if number % 3 == 0 else "",
            )
        opened.execute("COMMIT")
        yield opened


def put(conn: sqlite3.Connection, **words: object) -> None:
    usual = {"at_ms": 1, "actor": "gateway", "action": "device.paused", "object_": "device:x"}
    audit.write(conn, **{**usual, **words})  # type: ignore[arg-type]


def test_lines_after_a_line_come_in_order_and_within_bounds(filled: sqlite3.Connection):
    assert audit.newest_id(filled) == 200
    assert [row.id for row in audit.after(filled, 195, 3)] == [196, 197, 198]
    assert [row.id for row in audit.newest(filled, 2)] == [200, 199]
    assert audit.after(filled, 200, 5) == []


def test_an_empty_table(conn: sqlite3.Connection):
    assert audit.newest_id(conn) == 0
    assert audit.find(conn, Wanted(from_ms=5, to_ms=9), beyond=2**62, newer=False, most=5, look=5) == ([], 0)


@pytest.mark.parametrize("field", ["actor", "action", "object_", "detail", "source"])
@pytest.mark.parametrize("evil", ["\r\n", "\x1b[31m", "\x00", "\u2028", "\u202e", "\x9b"])
def test_nothing_breaks_a_line_or_turns_it(conn: sqlite3.Connection, field: str, evil: str):
    put(conn, **{field: f"a{evil}b"})
    [row] = audit.newest(conn, 1)
    written = getattr(row, field.rstrip("_"))
    assert written.isprintable()
    assert written.startswith("a\\")
    assert written.endswith("b")


WANTED = st.builds(
    Wanted,
    actors=st.sets(st.sampled_from(["admin", "device", "command line", "gateway", "nobody"])),
    nouns=st.sets(st.sampled_from(["meeting", "device", "admin", "occurrence"])),
    text=st.sampled_from(["", "anna", "ANNA", "%", "_", "100% _", "meeting:1", "192.0.2", "\\", "'", "nothing"]),
    from_ms=st.none() | st.integers(-5, 205_000),
    to_ms=st.none() | st.integers(-5, 205_000),
)


def is_wanted(row: AuditRow, wanted: Wanted) -> bool:
    text = " ".join((row.actor, row.action, row.object, row.detail, row.source))
    return (
        (not wanted.actors or row.actor.partition(":")[0] in wanted.actors)
        and (not wanted.nouns or row.action.partition(".")[0] in wanted.nouns)
        and wanted.text.lower() in text.lower()
        and (wanted.from_ms is None or row.at >= wanted.from_ms)
        and (wanted.to_ms is None or row.at < wanted.to_ms)
    )


@settings(deadline=None, max_examples=40)
@given(wanted=WANTED, most=st.integers(1, 60), look=st.integers(5, 60), newer=st.booleans())
def test_going_on_finds_every_line_once(filled: sqlite3.Connection, wanted: Wanted, most: int, look: int, newer: bool):
    expected = [row.id for row in audit.after(filled, 0, 1000) if is_wanted(row, wanted)]
    found: list[int] = []
    beyond = 0 if newer else 2**62
    for _ in range(500):
        page = audit.find(filled, wanted, beyond=beyond, newer=newer, most=most, look=look)
        assert len(page.rows) <= most
        found += [row.id for row in page.rows]
        beyond = page.looked_to
        if not beyond:
            break
    assert found == (expected if newer else expected[::-1])


def test_a_question_for_what_is_rare_looks_at_few_lines_only(filled: sqlite3.Connection):
    steps = [0]
    filled.set_progress_handler(lambda: steps.__setitem__(0, steps[0] + 1), 100)
    try:
        audit.find(filled, Wanted(text="nothing"), beyond=2**62, newer=False, most=50, look=10)
        few, steps[0] = steps[0], 0
        audit.find(filled, Wanted(text="nothing"), beyond=2**62, newer=False, most=50, look=200)
    finally:
        filled.set_progress_handler(None, 0)
    assert few * 5 < steps[0]


def test_whether_something_ever_happened(filled: sqlite3.Connection):
    assert audit.any_of(filled, "meeting.scheduled")
    assert not audit.any_of(filled, "google.test-written")
    assert not audit.any_of(filled, "meeting.scheduled", newest=1)
