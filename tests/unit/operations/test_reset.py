"""Resetting parts of a data folder: what was chosen is gone from every file, the rest stays, whatever happens."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
import traceback
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import pytest

from gateway.domain.actor import Actor
from gateway.errors import CatalogueError
from gateway.operations.backup.backup import Backups
from gateway.operations.backup.reset import Resetting
from gateway.operations.backup.restore import Restoring
from gateway.store import audit, migrate, reset, settings
from gateway.store.folder import DataFolder
from gateway.store.installation import installation_id
from gateway.store.reset import ADMINS, CHOICES, DEVICES, GOOGLE, MEETINGS, SETTINGS
from gateway.store.vault import Vault
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

ANNA = Actor(name="admin:anna", source="192.0.2.7")
LONG = "x" * 9000
"""Longer than a page of the database, so that it lies in pages of its own."""

ROWS = (
    f"INSERT INTO account (id, kind, subject, email, client_id, scopes, sealed, state, authorized_at, changed_at, main)"
    f" VALUES (1, 'user', 'x', 'a@b.c', 'c', 's', CAST('SECRET-google-{LONG}' AS BLOB), 'connected', 1, 1, 1)",
    "INSERT INTO setting VALUES ('google.client_secret', 'SECRET-google-app', 1, 1)",
    "INSERT INTO setting VALUES ('dashboard.snoozed', 'SECRET-settings-row', 0, 1)",
    "INSERT INTO setting VALUES ('first_run.step', 'over', 0, 1)",
    f"INSERT INTO device (id, name, profile, key_hash, key_sealed, origin, active, changed_at, settings) "
    f"VALUES (1, 'room', 'generic-rest', X'00', CAST('SECRET-devices-{LONG}' AS BLOB), 'added', 1, 1, '{{}}')",
    "INSERT INTO directory (device_id, extension, email, learned, changed_at) VALUES (1, '1', 'SECRET-devices-', 0, 1)",
    f"INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, changed_at) "
    f"VALUES (7, 1, 'one', 1, 'scheduled', 1, 'once', 'print', "
    f'\'{{"s": 1000, "e": 2000, "su": "SECRET-meetings", "x": "{LONG}"}}\', 1)',
    "INSERT INTO mirrored (meeting_id, account_id, calendar_id, remote_id, generation, state, changed_at) "
    "VALUES (7, 1, 'primary', 'event-of-one', 0, 'live', 1)",
    "INSERT INTO outbox (kind, subject_id, revision, not_before, created_at) VALUES ('mirror', 7, 1, 1, 1)",
    "INSERT INTO meeting_words VALUES (7, 'SECRET-meetings-words')",
    "INSERT INTO meeting_index (rowid, words) VALUES (7, 'SECRET-meetings-words')",
    f"INSERT INTO admin_user (name, password_hash, created_at, changed_at) VALUES ('a', 'SECRET-admins-{LONG}', 1, 1)",
)


def in_a_child(work: Callable[[], object]) -> int:
    """Do it in a process that ends without closing anything, as in a power cut; return its exit code."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the parent sees the code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fill(path: Path) -> None:
    """Make a data folder in which everything has a secret, much of it only in the write-ahead log."""
    folder = DataFolder(path)
    folder.make()
    Vault.open(path)
    give_database(folder.database, MovedClock().now_ms())
    for name in ("saved.yaml", "saved.yaml.set-aside"):
        (path / name).write_text("SECRET-settings-file")
    (path / "set-up-done").write_text("SECRET-admins-marker")
    (path / "gateway.db.v3.bak").write_text("".join(f"SECRET-{each}" for each in CHOICES))

    def write() -> None:
        conn = sqlite3.connect(folder.database, isolation_level=None)
        conn.execute("PRAGMA journal_mode=WAL")
        for row in ROWS:
            conn.execute(row)
        os._exit(0)

    assert in_a_child(write) == 0


class Desk:
    """A copy of such a data folder, and its reset."""

    def __init__(self, path: Path, filled: Path) -> None:
        shutil.copytree(filled, path)
        self.path = path
        self.clock = MovedClock()
        self.folder = DataFolder(path)
        self.backups = Backups(folder=self.folder, clock=self.clock, gateway="Office")
        self.resetting = Resetting(folder=self.folder, clock=self.clock, backups=self.backups)
        self.restoring = Restoring(folder=self.folder, clock=self.clock, backups=self.backups)

    def plan(self, *choices: str) -> None:
        asyncio.run(self.resetting.plan(choices, ANNA))

    def secrets(self) -> set[str]:
        """Of which choices there is anything secret in any file but the backups."""
        files = [each for each in self.path.rglob("*") if each.is_file() and each.parent.name != "backups"]
        data = b"".join(each.read_bytes() for each in files)
        return {each for each in CHOICES if f"SECRET-{each}".encode() in data}

    def all(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder.database)) as conn:
            return conn.execute(sql).fetchall()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "data"
    fill(path)
    return path


@pytest.fixture
def desk(tmp_path: Path, filled: Path) -> Desk:
    return Desk(tmp_path / "data", filled)


def combinations() -> list[tuple[str, ...]]:
    """Each by itself, all but each, and everything."""
    but_one = [tuple(each for each in CHOICES if each != left) for left in CHOICES]
    return [*((each,) for each in CHOICES), *but_one, CHOICES]


@pytest.mark.parametrize("choices", combinations(), ids="-".join)
def test_what_was_chosen_is_in_no_file_and_the_rest_stays(desk: Desk, choices: tuple[str, ...]):
    assert (desk.path / "gateway.db-wal").stat().st_size
    assert desk.secrets() == set(CHOICES)
    with closing(sqlite3.connect(desk.folder.database)) as conn:
        own = installation_id(conn)
    desk.plan(*choices)
    planned = desk.resetting.planned()
    done = desk.resetting.apply()
    assert planned == done
    assert done is not None
    assert done.choices == tuple(each for each in CHOICES if each in choices)
    assert desk.secrets() == set(CHOICES) - set(choices)
    assert not list(desk.path.glob("reset-next*"))
    assert desk.all("PRAGMA integrity_check") == [("ok",)]
    assert desk.all("PRAGMA foreign_key_check") == []
    assert desk.all("SELECT installation_id FROM installation") == [(own,)]
    assert desk.all("SELECT actor, source, action FROM audit ORDER BY id DESC LIMIT 1") == [
        ("admin:anna", "192.0.2.7", "gateway.reset")
    ]
    assert (desk.path / "set-up-done").exists() == (ADMINS not in choices)
    assert (desk.path / "secret.key").exists()
    # Who signs in again as the same account, and the events there are, are known again in any case.
    assert desk.all("SELECT id, subject FROM account") == [(1, "x")]
    held = desk.all("SELECT remote_id FROM mirrored UNION ALL SELECT remote_id FROM left_event")
    assert held == [("event-of-one",)]
    migrate.prepare(desk.folder.database, 0)


def test_of_every_table_it_is_known_what_a_reset_does(tmp_path: Path):
    migrate.prepare(tmp_path / "fresh.db", 0)
    with closing(sqlite3.connect(tmp_path / "fresh.db")) as conn:
        made = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        tables = {name for (name,) in made if not name.startswith("meeting_index_")}
    named = [*reset.EMPTIED, *reset.AT_LAST, *reset.IN_PARTS, *reset.KEPT]
    assert sorted(named) == sorted(tables)
    assert {each for reasons in reset.EMPTIED.values() for each in reasons} <= set(CHOICES)


def test_numbers_of_meetings_are_not_given_again(desk: Desk):
    for expected in (8, 8):
        desk.plan(MEETINGS)
        assert desk.resetting.apply() is not None
        assert desk.all("SELECT next_meeting_id, stock_at FROM restored") == [(expected, None)]
        assert desk.all("SELECT next_meeting_id FROM meeting_indexed") == [(expected,)]


def test_a_device_that_stays_for_its_meetings_counts_as_removed(desk: Desk):
    desk.plan(DEVICES)
    assert desk.resetting.apply() is not None
    assert desk.all("SELECT name, active, key_sealed FROM device") == [("room", 0, None)]
    assert desk.all("SELECT external_id FROM meeting") == [("one",)]
    desk.plan(DEVICES, MEETINGS)
    assert desk.resetting.apply() is not None
    assert desk.all("SELECT name FROM device") == []


def cut_after(steps: int, folder: Path, work: Callable[[], object]) -> int:
    """Do it in a process that dies when it is about to do something to the folder for the `steps`-th time.

    Returns 200 when it died, else how often something was done to the folder.
    """

    def dying() -> None:
        done = 0

        def count(event: str, args: tuple[object, ...]) -> None:
            nonlocal done
            changes = event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect")
            writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
            if (changes or writes) and str(folder) in str(args[0]):
                done += 1
                if done > steps:
                    os._exit(200)

        sys.addaudithook(count)
        work()
        os._exit(done)

    return in_a_child(dying)


def test_a_power_cut_leaves_the_old_state_or_the_new_one(tmp_path: Path, filled: Path):
    chosen = {SETTINGS, ADMINS, DEVICES, MEETINGS}
    whole = Desk(tmp_path / "whole", filled)
    whole.plan(*chosen)
    number = cut_after(1000, whole.path, whole.resetting.apply)
    assert 12 < number < 100
    last = [*range(number - 9, number)]
    for steps in range(number) if os.environ.get("LONG") else [1, 6, *last]:
        desk = Desk(tmp_path / f"data-{steps}", filled)
        desk.plan(*chosen)
        assert cut_after(steps, desk.path, desk.resetting.apply) == 200
        decided = (desk.path / "reset-next" / "decided").exists()
        if not decided and desk.resetting.planned() is not None:
            assert desk.secrets() == set(CHOICES), steps
        desk.resetting.apply()
        assert desk.secrets() == {GOOGLE}, steps
        (saved,) = (desk.path / "backups").glob("*.backup")
        if decided:  # the copy is not made again of what was half removed
            asyncio.run(desk.restoring.stage(saved))
            assert desk.restoring.apply() is not None
            assert desk.secrets() == set(CHOICES), steps


def test_the_copy_brings_back_everything(desk: Desk):
    desk.plan(*CHOICES)
    done = desk.resetting.apply()
    assert done is not None
    assert desk.secrets() == set()
    asyncio.run(desk.restoring.stage(desk.backups.file(done.saved_as)))
    assert desk.restoring.apply() is not None
    assert desk.secrets() == set(CHOICES)


def test_without_room_for_the_copy_nothing_happens_and_it_is_tried_again(desk: Desk):
    short = Backups(folder=desk.folder, clock=desk.clock, gateway="Office", least_free_bytes=2**60)
    with pytest.raises(CatalogueError) as raised:
        asyncio.run(Resetting(folder=desk.folder, clock=desk.clock, backups=short).plan([MEETINGS]))
    assert raised.value.code == "C-08"
    assert desk.resetting.planned() is None
    desk.plan(*CHOICES)
    assert Resetting(folder=desk.folder, clock=desk.clock, backups=short).apply() is None
    assert desk.secrets() == set(CHOICES)
    assert desk.resetting.planned() is not None
    assert desk.resetting.apply() is not None
    assert desk.secrets() == set()


def test_what_the_disk_refuses_leaves_all_as_it_is_and_is_tried_again(desk: Desk):
    desk.plan(DEVICES)
    planned = desk.resetting.planned()
    assert planned is not None
    in_the_way = desk.backups.folder() / planned.saved_as
    in_the_way.mkdir()
    assert desk.resetting.apply() is None
    assert desk.secrets() == set(CHOICES)
    in_the_way.rmdir()
    assert desk.resetting.apply() is not None
    assert DEVICES not in desk.secrets()


def test_a_reset_that_failed_leaves_no_half_made_database(desk: Desk):
    desk.plan(GOOGLE)
    with closing(sqlite3.connect(desk.folder.database)) as conn:
        conn.execute("ALTER TABLE pace_note RENAME TO away")
    assert desk.resetting.apply() is None
    assert [each.name for each in (desk.path / "reset-next").iterdir()] == ["ready.json"]
    with closing(sqlite3.connect(desk.folder.database)) as conn:
        conn.execute("ALTER TABLE away RENAME TO pace_note")
    assert desk.resetting.apply() is not None
    assert GOOGLE not in desk.secrets()


@pytest.mark.parametrize("choices", [(), ("everything",), (MEETINGS, "../secret.key")])
def test_only_what_there_is_can_be_chosen(desk: Desk, choices: Collection[str]):
    with pytest.raises(ValueError):
        asyncio.run(desk.resetting.plan(choices))
    assert desk.resetting.apply() is None


@pytest.mark.parametrize(
    "said", ["", "{", "[]", "7", '{"choices": ["bogus"], "by": "a", "source": "", "saved_as": "b"}']
)
def test_a_plan_that_cannot_be_read_is_dropped(desk: Desk, said: str):
    desk.plan(MEETINGS)
    (desk.path / "reset-next" / "ready.json").write_text(said)
    assert desk.resetting.planned() is None
    assert desk.resetting.apply() is None
    assert desk.secrets() == set(CHOICES)
    assert not (desk.path / "reset-next").exists()


async def test_a_plan_can_be_changed_and_dropped(desk: Desk):
    await desk.resetting.plan([MEETINGS], ANNA)
    await desk.resetting.plan([DEVICES, SETTINGS], Actor(name="admin:bert"))
    planned = desk.resetting.planned()
    assert planned is not None
    assert (planned.choices, planned.by.name) == ((SETTINGS, DEVICES), "admin:bert")
    assert await desk.resetting.drop()
    assert not await desk.resetting.drop()
    assert desk.resetting.apply() is None
    with closing(sqlite3.connect(desk.folder.database)) as conn:
        assert settings.read(conn, ["dashboard.snoozed"])
        assert audit.newest(conn, 1) == []
