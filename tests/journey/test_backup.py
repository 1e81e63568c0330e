"""Backups by page and by command: made beside the work, laid ready, refused when anything about them is wrong."""

from __future__ import annotations

import argparse
import json
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.app.keeping import do_what_is_ready, made_keeping
from gateway.cli import backup as backup_commands
from gateway.config import Config, GatewaySection
from gateway.errors import NotFound
from gateway.operations.backup import file as backup_file
from gateway.store import migrate
from gateway.store.folder import DataFolder
from gateway.store.vault import Vault
from simulator.google import SimulatedGoogle
from tests.journey.door_office import LOCAL, PASSWORD, opened_door
from tests.journey.page_office import PageOffice, opened_page
from tests.journey.plain_browser import Page, PlainBrowser
from tests.unit.google.moved_clock import MovedClock

WARNING = "This file contains the Google authorization and device keys. Keep it like a password."
READY = "A backup waits to be restored."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PageOffice]:
    async with SimulatedGoogle(port=0) as google, opened_page(tmp_path_factory.mktemp("office"), google) as opened:
        yield opened


def backups(office: PageOffice) -> list[Path]:
    return sorted((office.folder / "data" / "backups").glob("*.backup"))


def codes(page: Page) -> list[str]:
    return re.findall(r"Code ([A-Z]-\d+)", page.text)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_backup_is_made_listed_laid_ready_forgotten_and_deleted(office: PageOffice):
    browser, data = office.browser, office.folder / "data"
    page = await browser.open("/settings/backup")
    assert "There is no backup yet." in page.text
    page = await browser.press("Make a backup")
    assert "Just made" in page.text
    assert WARNING in page.text
    (made,) = backups(office)
    assert made.stat().st_mode & 0o777 == 0o600

    page = await browser.press_with("Check the backup", {}, {"file": made.read_bytes()})
    assert READY in page.text
    assert (data / "restore-next" / "ready.json").exists()
    page = await browser.press("Do not restore it")
    assert READY not in page.text
    assert not (data / "restore-next").exists()

    await browser.follow(f"Restore {made.name}")
    page = await browser.press("Check it and lay it ready")
    assert READY in page.text
    await browser.press("Do not restore it")
    await browser.follow(f"Delete {made.name}")
    page = await browser.press("Delete")
    assert "There is no backup yet." in page.text
    assert not made.exists()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_locked_backup_wants_its_passphrase(office: PageOffice):
    browser = office.browser
    await browser.open("/settings/backup")
    page = await browser.press("Make a backup", passphrase="short", again="short")
    assert codes(page) == ["C-12"]
    page = await browser.press("Make a backup", passphrase="four words of it", again="other words of it")
    assert codes(page) == ["A-08"]
    assert backups(office) == []
    page = await browser.press("Make a backup", passphrase="four words of it", again="four words of it")
    (made,) = backups(office)
    assert "Locked" in page.text
    data = made.read_bytes()
    for typed, code in (("", "C-06"), ("some other words", "C-05")):
        page = await browser.press_with("Check the backup", {"passphrase": typed}, {"file": data})
        assert (page.status, codes(page)) == (422, [code])
    page = await browser.press_with("Check the backup", {"passphrase": "four words of it"}, {"file": data})
    assert READY in page.text
    await browser.press("Do not restore it")
    for wrong in (b"", b"hello", data[:-20]):
        page = await browser.press_with("Check the backup", {"passphrase": "four words of it"}, {"file": wrong})
        assert (page.status, codes(page)) == (422, ["C-07"])
    newer = office.folder / "newer.backup"
    newer.unlink(missing_ok=True)
    about = {"schema": migrate.newest_version() + 1, "made_at_ms": 1, "gateway": "Office"}
    backup_file.write(newer, {"secret.key": office.folder / "data" / "secret.key"}, about, "")
    page = await browser.press_with("Check the backup", {}, {"file": newer.read_bytes()})
    assert codes(page) == ["C-04"]
    page = await browser.press("Check the backup")
    assert codes(page) == ["C-13"]
    assert list((office.folder / "data" / "backups").glob(".*")) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_nobody_else_gets_or_sends_a_backup(office: PageOffice):
    await office.browser.open("/settings/backup")
    await office.browser.press("Make a backup")
    made = backups(office)[-1]
    before = set((office.folder / "data").rglob("*"))
    async with PlainBrowser(office.gateway.listener.url) as stranger:
        page = await stranger.open(f"/settings/backup/file/{made.name}")
        assert "/sign-in" in page.url
        for path in ("/settings/backup/restore", "/welcome/restore"):
            page = await stranger.post(path, [("csrf", "x")])
            assert page.status in (401, 415)
    page = await office.browser.post("/settings/backup/restore", [("csrf", "x")])
    assert page.status == 415
    assert (await office.browser.open("/settings/backup/file/..%2f..%2fsecret.key")).status == 404
    assert (await office.browser.open("/settings/backup/file/secret.key")).status == 404
    # Who proved nothing for a while is asked again, for the file and for restoring.
    office.clock.ahead_ms += 16 * 60_000
    page = await office.browser.open(f"/settings/backup/file/{made.name}")
    assert "/prove" in page.url
    await office.browser.open("/settings/backup")
    page = await office.browser.press_with("Check the backup", {}, {"file": made.read_bytes()})
    assert codes(page) == ["A-12"]
    page = await office.browser.press_with("Check the backup", {"password": "no"}, {"file": made.read_bytes()})
    assert codes(page) == ["A-01"]
    assert set((office.folder / "data").rglob("*")) <= before | {made}
    page = await office.browser.press_with("Check the backup", {"password": PASSWORD}, {"file": made.read_bytes()})
    assert READY in page.text
    await office.browser.press("Do not restore it")


def restore_at_start(folder: Path) -> list[str]:
    """What a gateway says that finds a backup ready when it starts."""
    lines: list[str] = []
    config = Config(gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL))
    do_what_is_ready(made_keeping(config, MovedClock(), DataFolder(folder)), lines.append)
    return lines


@pytest.mark.asyncio(loop_scope="module")
async def test_a_first_run_goes_on_from_a_backup(office: PageOffice, tmp_path: Path):
    await office.browser.open("/settings/backup")
    await office.browser.press("Make a backup")
    data = backups(office)[-1].read_bytes()
    async with opened_door(tmp_path) as door, PlainBrowser(door.http) as browser:
        page = await browser.open("/welcome/restore")
        page = await browser.press_with("Check the backup", {"code": "WRON-GCOD-EXXX"}, {"file": data})
        assert (page.status, codes(page)) == (422, ["A-04"])
        page = await browser.press_with("Check the backup", {"code": door.codes[-1]}, {"file": data[:-9]})
        assert (page.status, codes(page)) == (422, ["C-07"])
        page = await browser.press_with("Check the backup", {}, {"file": data})
        assert READY in page.text
    said = restore_at_start(tmp_path)
    assert said[0].startswith("The backup of ")
    assert "saved first as before-restore-" in said[1]
    async with opened_door(tmp_path) as door, door.visitor() as anna:
        assert (await anna.sign_in()).status == 303
        assert (await anna.get("/welcome/restore")).status == 404
        assert ("set-up", "backup.restored") in [(actor, action) for actor, action, *_ in door.audit()]
    assert restore_at_start(tmp_path) == []


@pytest.fixture
def plain_log() -> Iterator[None]:
    """Commands set up the log of their process."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    parser.set_defaults(config=None, data=folder, log_level="error", listen=None, listen_tls=None)
    backup_commands.add(parser)
    args = parser.parse_args(words)
    run: Callable[[argparse.Namespace], int] = args.run
    return run(args)


@pytest.mark.usefixtures("plain_log")
def test_the_commands_do_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        DataFolder(folder).make()
    assert command(old, "create") == 1
    migrate.prepare(old / "gateway.db", 1_795_000_000_000)
    Vault.open(old)
    words, passphrase = ["--passphrase-file", str(tmp_path / "words")], "four words of it"
    (tmp_path / "words").write_text(f"{passphrase}\n")
    capsys.readouterr()
    assert command(old, "create") == 0
    assert WARNING in capsys.readouterr().err
    assert command(old, "create", "--output", str(tmp_path / "one.backup"), *words) == 0
    assert WARNING not in capsys.readouterr().err
    assert command(old, "create", "--output", str(tmp_path / "one.backup")) == 73
    assert command(old, "list", "--json") == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()] == ["manual"]

    with pytest.raises(NotFound):
        command(new, "restore", "missing.backup")
    assert command(new, "restore", str(tmp_path / "missing")) == 1
    assert command(new, "restore", str(tmp_path / "one.backup")) == 1
    assert "C-06" in capsys.readouterr().err
    serving = DataFolder(new)
    serving.lock()
    assert command(new, "restore", str(tmp_path / "one.backup"), *words) == 1
    assert "C-10" in capsys.readouterr().err
    assert command(new, "restore", str(tmp_path / "one.backup"), "--at-next-start", *words) == 0
    serving.unlock()
    assert not (new / "gateway.db").exists()
    assert command(new, "restore", str(tmp_path / "one.backup"), *words) == 0
    assert (new / "secret.key").read_bytes() == (old / "secret.key").read_bytes()
    with closing(sqlite3.connect(new / "gateway.db")) as conn:
        assert conn.execute("SELECT count(*) FROM restored").fetchone() == (1,)
