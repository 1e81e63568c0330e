"""Backups of a data folder in use: whole, one a day for a week, none when the disk is short; and restored."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from gateway.errors import CatalogueError, NotFound
from gateway.operations.backup import backup
from gateway.operations.backup import file as backup_file
from gateway.operations.backup.backup import Backups
from gateway.operations.backup.restore import Restoring
from gateway.store import copying, migrate, restored, settings
from gateway.store.database import Database
from gateway.store.folder import DataFolder
from gateway.store.installation import installation_id
from gateway.store.vault import Vault
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

DAY_MS = 24 * 3600 * 1000


class Desk:
    """A data folder with a database in it, and its backups."""

    def __init__(self, path: Path, clock: MovedClock) -> None:
        self.folder = DataFolder(path)
        self.folder.make()
        self.clock = clock
        Vault.open(path)
        give_database(self.folder.database, clock.now_ms())
        self.profiles = path / "profiles"
        self.backups = Backups(folder=self.folder, clock=clock, gateway="Office", profiles_dir=self.profiles)
        self.restoring = Restoring(folder=self.folder, clock=clock, backups=self.backups, profiles_dir=self.profiles)

    def say(self, value: str) -> None:
        with closing(sqlite3.connect(self.folder.database)) as conn:
            settings.put(conn, "said", value, now_ms=1)
            conn.commit()

    @property
    def said(self) -> str:
        with closing(sqlite3.connect(self.folder.database)) as conn:
            return settings.read(conn, ["said"])["said"].value

    def files(self) -> set[str]:
        return {str(path.relative_to(self.folder.path)) for path in self.folder.path.rglob("*") if path.is_file()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data", MovedClock())


async def test_a_backup_holds_all_that_was_committed_before_it_began(desk: Desk):
    database = Database(desk.folder.database)
    await database.open()

    async def busy(stop: asyncio.Event) -> int:
        number = 0
        while not stop.is_set():
            number += 1
            await database.write(lambda conn, n=number: settings.put(conn, f"key {n}", "x" * 500, now_ms=n))  # type: ignore[misc]
        return number

    stop = asyncio.Event()
    writing = asyncio.create_task(busy(stop))
    while database.writes < 20:
        await asyncio.sleep(0)
    before = database.writes
    made = await desk.backups.create()
    stop.set()
    written = await writing
    await database.close()
    assert written > before
    other = Desk(desk.folder.path.parent / "other", desk.clock)
    await other.restoring.stage(made)
    assert other.restoring.apply() is not None
    with closing(sqlite3.connect(other.folder.database)) as conn:
        held = conn.execute("SELECT count(*) FROM setting").fetchone()[0]
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert before - 1 <= held <= written
    assert other.folder.path.joinpath("secret.key").read_bytes() == desk.folder.path.joinpath("secret.key").read_bytes()


async def test_there_is_one_a_day_for_a_week(desk: Desk):
    made = []
    for _ in range(10):
        path = await desk.backups.daily()
        assert path is not None
        made.append(path)
        assert await desk.backups.daily() is None
        desk.clock.ahead_ms += DAY_MS
    await desk.backups.create()
    kept = await desk.backups.every()
    assert [each.name for each in kept if each.kind == "daily"] == [path.name for path in reversed(made[-7:])]
    assert kept[0].kind == "manual"
    assert (await desk.backups.newest_ms()) == kept[0].made_at_ms


async def test_a_clock_that_was_wrong_neither_stops_backups_nor_spoils_them(desk: Desk):
    desk.clock.ahead_ms = 3650 * DAY_MS
    for _ in range(8):
        await desk.backups.daily()
        desk.clock.ahead_ms += DAY_MS
    desk.clock.ahead_ms = 0
    path = await desk.backups.daily()
    assert path is not None
    assert path.exists()
    assert await desk.backups.daily() is None


async def test_no_room_is_told_and_the_daily_one_left_out(desk: Desk, caplog: pytest.LogCaptureFixture):
    short = Backups(folder=desk.folder, clock=desk.clock, gateway="Office", least_free_bytes=2**60)
    with pytest.raises(CatalogueError) as raised:
        await short.create()
    assert raised.value.code == "C-08"
    assert await short.daily() is None
    assert "the daily backup is left out" in caplog.text
    assert await short.every() == []


@pytest.mark.parametrize("name", ["../secret.key", "secret.key", "manual-20260101-000000.backup/..", "", "x.backup"])
def test_only_backups_are_found_by_name(desk: Desk, name: str):
    with pytest.raises(NotFound):
        desk.backups.file(name)


async def test_what_was_there_is_saved_and_comes_back(desk: Desk):
    desk.say("old")
    saved = desk.folder.path / "saved.yaml"
    saved.write_text("gateway.name: old")
    (desk.profiles / "acme").mkdir(parents=True)
    (desk.profiles / "acme" / "one.yaml").write_text("old")
    old = await desk.backups.create()
    desk.say("new")
    saved.unlink()
    (desk.profiles / "acme" / "one.yaml").write_text("new")
    await desk.restoring.stage(old)
    assert desk.said == "new"
    applied = desk.restoring.apply()
    assert applied is not None
    assert desk.said == "old"
    assert saved.read_text() == "gateway.name: old"
    assert (desk.profiles / "acme" / "one.yaml").read_text() == "old"
    assert desk.restoring.apply() is None
    await desk.restoring.stage(desk.backups.file(applied.saved_as))
    assert desk.restoring.apply() is not None
    assert desk.said == "new"
    assert not saved.exists()


async def test_a_restore_that_is_cut_short_goes_on(desk: Desk):
    """After each step that puts a file in place the machine may stop; the next start ends what was begun."""
    desk.say("old")
    old = await desk.backups.create()
    desk.say("new")
    await desk.restoring.stage(old)
    ready = desk.folder.path / "restore-next"
    whole = {path.relative_to(ready): path.read_bytes() for path in ready.rglob("*") if path.is_file()}
    for gone in ("set-up-done", "secret.key", "gateway.db"):
        for path, data in whole.items():
            (ready / path).parent.mkdir(parents=True, exist_ok=True)
            (ready / path).write_bytes(data)
        (ready / "saved-as").write_text("before-restore-20260101-000000.backup")
        moved = ready / "files" / gone
        if moved.exists():
            moved.replace(desk.folder.path / gone)
        assert desk.restoring.apply() is not None
        assert desk.said == "old"
        assert not ready.exists()


async def test_a_damaged_database_is_kept_as_it_is_when_one_restores(desk: Desk):
    desk.say("good")
    good = await desk.backups.create()
    desk.folder.database.write_bytes(b"nothing that can be read")
    await desk.restoring.stage(good)
    applied = desk.restoring.apply()
    assert applied is not None
    assert applied.saved_as.startswith("damaged-")
    assert (desk.backups.path / applied.saved_as / "gateway.db").read_bytes() == b"nothing that can be read"
    assert desk.said == "good"


async def test_nothing_is_touched_by_a_backup_that_cannot_be_used(desk: Desk, tmp_path: Path):
    desk.say("mine")
    made = await desk.backups.create()
    with closing(sqlite3.connect(desk.folder.database)) as conn:
        conn.execute("CREATE TRIGGER evil AFTER INSERT ON setting BEGIN DELETE FROM admin_user; END")
    evil = await desk.backups.create()
    with closing(sqlite3.connect(desk.folder.database)) as conn:
        conn.execute("DROP TRIGGER evil")
    (tmp_path / "garbage").write_bytes(b"PK\x03\x04" + b"\x00" * 500)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "cut").write_bytes(made.read_bytes()[:-100])
    key = desk.folder.path / "secret.key"
    whole = key.read_bytes()
    key.write_bytes(b"no key")
    keyless = await desk.backups.create()
    key.write_bytes(whole)
    before = desk.files()
    for path in (evil, keyless, *(tmp_path / name for name in ("garbage", "empty", "cut"))):
        with pytest.raises(CatalogueError) as raised:
            await desk.restoring.stage(path)
        assert raised.value.code == "C-07", path
        assert desk.restoring.staged() is None
    assert desk.files() == before
    assert desk.said == "mine"


async def test_an_older_backup_is_brought_up_to_date(desk: Desk):
    """A backup of an earlier schema, made by an earlier gateway, is migrated while it is laid ready."""
    old = desk.folder.path.parent / "old.db"
    with closing(sqlite3.connect(old)) as conn:
        conn.execute(f"PRAGMA application_id={migrate.APPLICATION_ID}")
        scripts = sorted((resources.files("gateway.store") / "migrations").iterdir(), key=lambda each: each.name)
        for script in scripts[:13]:
            conn.executescript(script.read_text("utf-8"))
        conn.execute("INSERT INTO installation VALUES (1, ?, 1)", ("5" * 32,))
        conn.execute("PRAGMA user_version=13")
        conn.commit()
    parts = {"gateway.db": old, "secret.key": desk.folder.path / "secret.key"}
    made = desk.folder.path.parent / "old.backup"
    backup_file.write(made, parts, {"schema": 13, "made_at_ms": 1, "gateway": "Office"}, "")
    await desk.restoring.stage(made)
    assert desk.restoring.apply() is not None
    assert copying.schema_of(desk.folder.database) == migrate.newest_version()
    database = Database(desk.folder.database)
    await database.open()
    state = await database.read(restored.read)
    assert state is not None
    assert (state.backup_at, state.stock_at) == (1, None)
    assert await database.read(installation_id) == "5" * 32
    await database.close()


def test_what_a_gateway_that_died_left_is_removed_later(desk: Desk):
    left = desk.backups.folder() / ".1234.db.new"
    left.write_bytes(b"x")
    desk.backups.make("manual")
    assert left.exists()
    desk.clock.ahead_ms += 2 * DAY_MS
    desk.backups.make("manual")
    assert not left.exists()
    assert backup.KEEP_DAILY == 7
