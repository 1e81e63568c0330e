"""A reset by page and by command: asked for twice, done at the next start, and no event doubled by it afterwards."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.app.keeping import do_what_is_ready, made_keeping
from gateway.app.serving import AGAIN, Running, serve
from gateway.cli import reset as command
from gateway.clock import SystemClock
from gateway.store import audit, migrate
from gateway.store.folder import DataFolder
from gateway.store.vault import Vault
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEADLINE_S, MONDAY
from tests.journey.page_office import PASSWORD, PageOffice, opened_page, signed_in
from tests.journey.plain_browser import Page, PlainBrowser
from tests.journey.test_backup_restored import authorized, office, settings, stock_taken, subjects
from tests.prepared import running

EVERYTHING = {"settings": "yes", "google": "yes", "devices": "yes", "meetings": "yes", "admins": "yes"}


@pytest.fixture
def plain_log() -> Iterator[None]:
    """Commands set up the log of their process."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


async def test_after_meetings_were_reset_no_event_stands_twice(tmp_path: Path, google: SimulatedGoogle):
    config = settings(tmp_path, google)
    async with office(config, google) as (way, keeping):
        await authorized(way)
        for name in ("same", "moved", "never", "deleted"):
            await way.send(name, subject=name)
        # Google makes this one and its answer is lost: nobody here knows whether there is an event.
        google.do.fault({"status": 503, "reason": "backendError"})
        google.do.fault({"reset": "after"}, match={"operation": "insert"}, times=1)
        await way.say("unsure", subject="unsure")
        async with asyncio.timeout(DEADLINE_S):
            while "unsure" not in subjects(google):
                await asyncio.sleep(0.01)
        ids = {event["summary"]: event["id"] for event in google.state.live_events}
        before = subjects(google)
        await keeping.resetting.plan(["meetings", "devices"])
    google.do.clear_faults()
    google.do.delete_event(ids["deleted"])
    before -= Counter(["deleted"])

    async with office(config, google) as (way, keeping):
        assert keeping.resetting.planned() is None
        await stock_taken(way)
        assert subjects(google) == before
        for name in ("same", "unsure", "new", "deleted"):
            await way.send(name, subject=name)
        await way.send("moved", subject="moved and renamed", start=f"{MONDAY}T15:00:00")
        await way.settled()
        now = {event["summary"]: event["id"] for event in google.state.live_events}
        assert {name: now[name] for name in ("same", "unsure", "never")} == {
            name: ids[name] for name in ("same", "unsure", "never")
        }
        assert now["moved and renamed"] == ids["moved"]
        assert subjects(google) == before - Counter(["moved"]) + Counter(["moved and renamed", "new", "deleted"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PageOffice]:
    async with SimulatedGoogle(port=0) as google, opened_page(tmp_path_factory.mktemp("office"), google) as opened:
        yield opened


def codes(page: Page) -> list[str]:
    return re.findall(r"Code ([A-Z]-\d+)", page.text)


@pytest.mark.asyncio(loop_scope="module")
async def test_authorizations_are_ended_at_google_when_that_is_chosen(page: PageOffice):
    await page.browser.open("/google")
    await page.connect()
    await page.browser.open("/settings/backup/reset")
    await page.browser.press("Reset and start again", google="yes", revoke="yes")
    assert page.asked("revoke") == 1
    assert page.account() is None
    await page.browser.press("Do not reset")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_asks_for_a_choice_a_word_and_the_password(page: PageOffice):
    browser = page.browser
    await browser.open("/settings/backup")
    await browser.follow("Choose what to reset")
    shown = await browser.press("Reset and start again")
    assert (shown.status, codes(shown)) == (422, ["C-17"])
    shown = await browser.press("Reset and start again", **EVERYTHING)
    assert (shown.status, codes(shown)) == (422, ["C-18"])
    page.clock.ahead_ms += 16 * 60_000
    shown = await browser.press("Reset and start again", **EVERYTHING, word="everything")
    assert (shown.status, codes(shown)) == (422, ["A-12"])
    shown = await browser.press("Reset and start again", **EVERYTHING, word="everything", password="no")
    assert (shown.status, codes(shown)) == (422, ["A-01"])
    assert not (page.folder / "data" / "reset-next").exists()
    unticked = dict.fromkeys(EVERYTHING, "no")  # the boxes are as they were
    shown = await browser.press("Reset and start again", **{**unticked, "meetings": "yes"}, password=PASSWORD)
    assert codes(shown) == ["C-16"], shown.text
    assert re.search(
        r"it resets: Meetings, queue and history. A copy .* as before-reset-\d{8}-\d{6}.backup", shown.text
    )
    # Another administrator sees it, and may think better of it.
    await page.gateway.admins.add_user("bert", PASSWORD + "2")
    async with PlainBrowser(page.gateway.listener.url) as other:
        await other.open("/sign-in")
        await other.press("Sign in", name="bert", password=PASSWORD + "2")
        shown = await other.open("/settings/backup")
        assert codes(shown) == ["C-16"]
        shown = await other.press("Do not reset")
        assert codes(shown) == []
    assert not (page.folder / "data" / "reset-next").exists()
    lines = await page.gateway.stored.database.read(lambda conn: audit.newest(conn, 20))
    said = [(line.actor, line.action) for line in lines if line.action.startswith("gateway.")]
    assert said[:2] == [("admin:bert", "gateway.reset_dropped"), ("admin:anna", "gateway.reset_planned")]


@pytest.mark.asyncio(loop_scope="module")
async def test_nobody_resets_without_being_signed_in(page: PageOffice):
    async with PlainBrowser(page.gateway.listener.url) as stranger:
        assert "/sign-in" in (await stranger.open("/settings/backup/reset")).url
        for path in ("/settings/backup/reset", "/settings/backup/reset/forget"):
            assert (await stranger.post(path, [("csrf", "x"), ("meetings", "yes")])).status == 401
    assert not (page.folder / "data" / "reset-next").exists()


async def test_everything_is_reset_and_the_gateway_begins_anew(tmp_path: Path, google: SimulatedGoogle):
    config = settings(tmp_path, google)
    began: asyncio.Queue[Running] = asyncio.Queue()
    lines: list[str] = []
    ending = asyncio.create_task(serve(config, SystemClock(), began.put_nowait, lambda line: None))
    gateway = await began.get()
    await gateway.admins.add_user("anna", PASSWORD)
    async with signed_in(gateway) as browser:
        await browser.open("/settings/backup/reset")
        shown = await browser.press("Reset and start again", **EVERYTHING, word="everything")
        saved = re.search(r"A copy of the current state is saved first as (before-reset-\S+\.backup)\.", shown.text)
        assert saved is not None, shown.text
    assert await ending == AGAIN
    do_what_is_ready(made_keeping(config, SystemClock(), DataFolder(config.gateway.data_dir)), lines.append)
    assert lines[-1] == f"A copy of the state before was saved first as {saved[1]}."
    assert (config.gateway.data_dir / "backups" / saved[1]).exists()
    async with running(config, SystemClock()) as gateway, PlainBrowser(gateway.listener.url) as browser:
        assert await gateway.admins.set_up_state() == "open"
        shown = await browser.open("/")
        assert "Restore from a backup" in shown.text


def run_command(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    parser.set_defaults(config=None, data=folder, log_level="error", listen=None, listen_tls=None)
    command.add(parser)
    args = parser.parse_args(words)
    run: Callable[[argparse.Namespace], int] = args.run
    return run(args)


@pytest.mark.usefixtures("plain_log")
def test_the_command_does_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    DataFolder(folder).make()
    assert run_command(folder, "--what", "meetings", "--yes") == 1  # nothing there yet
    migrate.prepare(folder / "gateway.db", 1_795_000_000_000)
    Vault.open(folder)
    (folder / "saved.yaml").write_text("gateway.name: Attic\n")
    for words in ("nonsense", "meetings,../x", ","):
        assert run_command(folder, "--what", words, "--yes") == 2
    capsys.readouterr()
    assert run_command(folder, "--what", "settings") == 1
    assert "Add --yes" in capsys.readouterr().err
    serving = DataFolder(folder)
    serving.lock()
    assert run_command(folder, "--what", "settings", "--yes") == 1
    assert "C-10" in capsys.readouterr().err
    assert run_command(folder, "--what", "settings", "--yes", "--at-next-start") == 0
    serving.unlock()
    assert "when it starts the next time" in capsys.readouterr().err
    assert (folder / "saved.yaml").exists()
    assert run_command(folder, "--what", "meetings, settings", "--yes") == 0
    said = capsys.readouterr().err
    assert "Reset: settings, meetings." in said
    assert not (folder / "saved.yaml").exists()
    assert len(list((folder / "backups").glob("before-reset-*.backup"))) == 1
