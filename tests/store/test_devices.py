"""The tables about devices: who decides over a row, what is wiped from the file, lists over what was learned."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import device_calls, devices, directory, pending
from gateway.store.device_calls import CallRow
from gateway.store.devices import Keys, Origin
from gateway.store.directory import Entry
from gateway.store.pending import FoundRow, PendingRow

NOW_MS = 1_700_000_000_000
HASH, OTHER = b"h" * 32, b"o" * 32


@pytest.fixture
def conn(database_path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database_path, isolation_level=None)) as opened:
        yield opened


def add(conn: sqlite3.Connection, name: str = "hq", key_hash: bytes = HASH) -> bool:
    return devices.add(
        conn,
        name=name,
        profile="a/b",
        keys=Keys(hash=key_hash, sealed=b"sealed-key-canary"),
        settings='{"name":"HQ"}',
        password_sealed=b"sealed-password-canary",
        now_ms=NOW_MS,
    )


def the(conn: sqlite3.Connection, name: str = "hq") -> devices.DeviceRow:
    row = devices.find(conn, name)
    assert row is not None
    return row


def test_a_device_is_added_once_until_it_is_removed(conn: sqlite3.Connection) -> None:
    assert devices.find(conn, "hq") is None
    assert add(conn)
    assert not add(conn, key_hash=OTHER)
    row = the(conn)
    assert (row.origin, row.key_hash, row.settings, row.active) == (Origin.ADDED, HASH, '{"name":"HQ"}', True)
    devices.set_paused(conn, "hq", paused=True, now_ms=NOW_MS)
    devices.remove(conn, "hq", NOW_MS)
    assert (the(conn).key_hash, the(conn).active) == (b"", False)
    assert add(conn, key_hash=OTHER)
    assert (the(conn).id, the(conn).key_hash, the(conn).paused) == (row.id, OTHER, False)


def test_the_configuration_takes_a_row_over_and_leaves_others_alone(conn: sqlite3.Connection) -> None:
    add(conn, "hq")
    add(conn, "other")
    devices.put(conn, name="hq", profile="c/d", key_hash=OTHER, now_ms=NOW_MS)
    devices.deactivate_others(conn, ["hq"], NOW_MS)
    row = the(conn)
    assert (row.origin, row.settings, row.key_sealed) == (Origin.CONFIGURATION, "{}", None)
    assert (row.password_sealed, row.profile, row.key_hash) == (None, "c/d", OTHER)
    assert the(conn, "other").active, "no configuration ever named it"
    changes = conn.total_changes
    devices.put(conn, name="hq", profile="c/d", key_hash=OTHER, now_ms=NOW_MS + 1)
    assert conn.total_changes == changes, "an unchanged device costs no write"
    devices.deactivate_others(conn, [], NOW_MS)
    assert not the(conn).active


def test_a_key_is_replaced_and_the_one_before_the_last_forgotten(conn: sqlite3.Connection) -> None:
    add(conn)
    for number, new in enumerate((OTHER, b"t" * 32)):
        devices.rotate(conn, "hq", Keys(hash=new, sealed=bytes([number])), old_until=NOW_MS + number, now_ms=NOW_MS)
    row = the(conn)
    assert (row.key_hash, row.key_sealed) == (b"t" * 32, b"\1")
    assert (row.old_key_hash, row.old_key_sealed, row.old_key_until) == (OTHER, b"\0", NOW_MS + 1)
    devices.forget_old_key(conn, "hq", NOW_MS)
    row = the(conn)
    assert (row.old_key_hash, row.old_key_sealed, row.old_key_until) == (None, None, None)


def test_nothing_secret_is_left_in_the_file_and_nothing_is_in_a_repr(
    conn: sqlite3.Connection, database_path: Path
) -> None:
    add(conn)
    assert "canary" not in repr(the(conn))
    assert "hhhh" not in repr(the(conn))
    devices.rotate(conn, "hq", Keys(hash=OTHER, sealed=b"newer-canary"), old_until=NOW_MS, now_ms=NOW_MS)
    devices.remove(conn, "hq", NOW_MS)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = b"".join(path.read_bytes() for path in database_path.parent.glob(f"{database_path.name}*"))
    assert b"canary" not in left
    assert HASH not in left


def test_calls_keep_what_is_newer_part_by_part(conn: sqlite3.Connection) -> None:
    add(conn)
    number = the(conn).id
    device_calls.put(conn, [CallRow(number, None, 1, "D-02", "wrong")])
    device_calls.put(conn, [CallRow(number, 5, None, "", "")])
    assert device_calls.everything(conn) == {number: CallRow(number, 5, 1, "D-02", "wrong")}
    device_calls.put(conn, [CallRow(number, None, 7, "422", "")])
    assert device_calls.everything(conn) == {number: CallRow(number, 5, 7, "422", "")}


def test_an_imported_line_outranks_a_learned_one(conn: sqlite3.Connection) -> None:
    add(conn)
    number = the(conn).id
    directory.learn(conn, number, [Entry("1", "a@x.example"), Entry("2", "b@x.example")], NOW_MS)
    assert directory.replace_imported(conn, number, [Entry("1", "list@x.example", "Ann")], NOW_MS) == 0
    directory.learn(conn, number, [Entry("1", "again@x.example"), Entry("2", "new@x.example")], NOW_MS)
    assert directory.of_device(conn, number) == [
        Entry("1", "list@x.example", "Ann", False),
        Entry("2", "new@x.example", "", True),
    ]
    assert directory.everything(conn) == {number: directory.of_device(conn, number)}
    assert directory.replace_imported(conn, number, [Entry("3", "c@x.example")], NOW_MS) == 1
    assert [entry.extension for entry in directory.of_device(conn, number)] == ["2", "3"]
    assert directory.clear(conn, number, learned_only=True) == 1
    assert directory.clear(conn, number) == 1


def test_strangers_are_replaced_as_a_whole(conn: sqlite3.Connection) -> None:
    rows = [PendingRow(f"n{number}", "192.0.2.1", 1, number, 1, "", "") for number in range(3)]
    pending.replace_pending(conn, rows)
    pending.replace_pending(conn, rows[1:])
    assert pending.pending(conn) == [rows[2], rows[1]]
    assert pending.drop_pending(conn, "n1") == 1
    pending.ignore(conn, "n2", NOW_MS)
    pending.ignore(conn, "n2", NOW_MS)
    assert pending.ignored(conn) == ["n2"]
    assert (pending.heed(conn, "n2"), pending.heed(conn, "n2")) == (True, False)
    found = [FoundRow(f"f{number}", "192.0.2.1", 443, "", "", "", number) for number in range(2)]
    pending.replace_found(conn, found)
    assert pending.found(conn) == [found[1], found[0]]
