"""The checks and the support bundle as pages, without a script, on a gateway that is well and on one that is not."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.devices.call_log import HeardCall, Result
from gateway.store import devices
from simulator.google import SimulatedGoogle
from tests.journey.door_office import Visitor
from tests.journey.page_office import EMAIL, SECRET, PageOffice, opened_page

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PageOffice]:
    async with SimulatedGoogle(port=0) as google, opened_page(tmp_path_factory.mktemp("office"), google) as opened:
        yield opened


def states(office: PageOffice) -> dict[str, str]:
    """Title of each check → its state and what was found."""
    page, found = office.browser.page, {}
    for element in page.elements:
        if element.tag == "tr" and element.attributes.get("id", "").startswith("check-"):
            found[element.attributes["id"].removeprefix("check-")] = " ".join(element.text.split())
    return found


async def test_a_gateway_without_google_says_what_is_missing(office: PageOffice):
    page = await office.browser.open("/diagnostics")
    assert "Nothing was checked since the gateway started." in page.text
    assert "Not run yet" in states(office)["dns"]
    page = await office.browser.press("Run all checks")
    found = states(office)
    assert "Nobody is signed in at Google yet." in found["token"]
    assert "There is no backup yet." in found["backup"]
    assert found["database"].startswith("Database OK")
    assert found["https"].startswith("https to Google OK")
    assert "The calendar is a simulated one" in found["trust"]
    lines = page.by_id("summary-text").text.strip().splitlines()
    assert len(lines) <= 10
    assert lines[0].startswith("Meeting gateway ")


async def test_an_authorized_gateway_is_well_until_google_is_not(office: PageOffice):
    await office.browser.open("/google")
    await office.connect()
    await office.browser.open("/diagnostics")
    await office.browser.press("Run all checks")
    found = states(office)
    assert [name for name, said in found.items() if " Failed " in said] == []
    assert EMAIL in found["token"]
    page = await office.browser.press("Write a test event")
    assert "A test event was written, read and deleted." in page.text
    assert office.google.state.live_events == []

    office.google.do.fault({"status": 403, "reason": "accessNotConfigured"})
    page = await office.browser.open("/diagnostics")
    office.clock.ahead_ms += 10_000
    page = await office.browser.press("Run all checks")
    assert "G-407" in states(office)["api"]
    office.google.do.clear_faults()


async def test_a_check_fills_in_by_itself(office: PageOffice):
    page = await office.browser.open("/diagnostics/checks")
    rows = [each for each in page.elements if each.tag == "tr" and "hx-get" in each.attributes]
    assert len(rows) > 10
    for path in ("/diagnostics/check/database", "/diagnostics/check/folder"):
        assert path in [each.attributes["hx-get"] for each in rows]
        page = await office.browser.open(path)
        assert page.headers["HX-Trigger"] == "check-done"
        assert "OK" in page.text
    assert (await office.browser.open("/diagnostics/check/test-event")).status == 404
    assert (await office.browser.open("/diagnostics/check/nothing")).status == 404
    assert "Meeting gateway" in (await office.browser.open("/diagnostics/summary")).text


async def test_the_bundle_is_looked_at_before_it_leaves(office: PageOffice):
    database = office.gateway.stored.database
    sealed = office.gateway.stored.vault.seal("canary-device-password")
    await database.write(
        lambda conn: devices.add(
            conn,
            name="front",
            profile="generic/json",
            keys=devices.Keys(hash=b"x" * 32),
            settings='{"name": "Front", "host": "host@example.com"}',
            password_sealed=sealed,
            now_ms=1,
        )
    )
    page = await office.browser.open("/diagnostics/bundle/download")
    assert page.url.endswith("/diagnostics/bundle")
    page = await office.browser.press("Make the support bundle")
    assert "settings.redacted.yaml" in page.text
    shown = await office.browser.follow("Preview devices.redacted.json")
    assert "front" in shown.text
    assert "host@example.com" not in shown.text
    assert "user" in shown.text
    async with Visitor(office.gateway.listener.url) as anna:
        await anna.sign_in()
        assert (await anna.post("/diagnostics/bundle")).place == "/diagnostics/bundle#files"
        async with anna.session.get(f"{anna.base}/diagnostics/bundle/download") as answer:
            archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    text = "\n".join(archive.read(name).decode() for name in archive.namelist())
    named = {"summary.txt", "checks.json", "queue.json", "log.txt", "metrics.txt", "versions.json"}
    assert named < set(archive.namelist())
    for secret in (SECRET, "canary-device-password", EMAIL):
        assert secret not in text
    assert (await office.browser.open("/diagnostics/bundle/file/999")).status == 404


async def test_everything_is_recorded_looked_at_and_deleted(office: PageOffice):
    page = await office.browser.open("/diagnostics/recording")
    assert "There is no recording." in page.text
    page = await office.browser.open("/diagnostics")
    assert "with at most 6 MB" in page.text
    page = await office.browser.press("Record everything for 10 minutes")
    assert "Recording. 10 minutes left." in page.text
    log = office.gateway.mirroring.neighbourhood.log
    logging.getLogger("gateway.mirror.outbound").debug("a detail of the queue")
    log.note(
        HeardCall(
            at_ms=office.clock.now_ms(),
            device="nobody",
            proven=False,
            method="POST",
            path="/api/v1/devices/nobody/meetings",
            content_type="application/json",
            body=b'{"subject": "Secret plan", "pin": "4711", "room": "6300"}',
            size=57,
            result=Result.WRONG_KEY,
            shown="Bearer canary-shown-key",
        )
    )
    office.clock.ahead_ms += 565_000
    part = await office.browser.open("/diagnostics/recording/state")
    assert "35 seconds left" in part.text
    office.clock.ahead_ms += 40_000
    page = await office.browser.open("/diagnostics")
    assert "Recorded: 1 call." in page.text
    await office.browser.follow("Look at the recording")
    page = await office.browser.press("Make the files")
    assert "recording.txt" in page.text
    assert "a detail of the queue" in (await office.browser.follow("Preview log.txt")).text
    shown = await office.browser.follow("Preview calls/001-001.redacted.json")
    assert "6300" in shown.text
    for gone in ("4711", "Secret plan", "canary-shown-key"):
        assert gone not in shown.text
    page = await office.browser.press("Delete it")
    assert "Record everything for 10 minutes" in page.text
    assert "There is no recording." in (await office.browser.open("/diagnostics/recording/download")).text
    assert "anna deleted the recording" in (await office.browser.open("/logs/audit")).text


async def test_a_recording_is_stopped_and_downloaded(office: PageOffice):
    async with Visitor(office.gateway.listener.url) as anna:
        await anna.sign_in()
        for do, answer in (("start", "Recording."), ("nonsense", "Recording."), ("stop", "Recorded: 0 calls.")):
            await anna.post("/diagnostics/recording/do", do=do)
            assert answer in (await office.browser.open("/diagnostics")).text
        assert (await anna.post("/diagnostics/recording")).place == "/diagnostics/recording#files"
        async with anna.session.get(f"{anna.base}/diagnostics/recording/download") as answer:
            assert "meeting-gateway-recording-" in answer.headers["Content-Disposition"]
            archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
        assert {"recording.txt", "log.txt", "summary.txt"} < set(archive.namelist())
        # The files of one recording are not those of the next.
        await anna.post("/diagnostics/recording/do", do="start")
        await anna.post("/diagnostics/recording/do", do="stop")
        async with anna.session.get(f"{anna.base}/diagnostics/recording/download") as answer:
            assert answer.content_type == "text/html"


async def test_the_page_tells_the_clock_of_the_browser_and_where_it_came_from(office: PageOffice):
    await office.browser.open("/diagnostics")
    await office.browser.press("Run all checks")
    found = states(office)
    assert "Left out Not checked" in found["browser-clock"]
    assert f"Your browser reached the gateway at {office.gateway.listener.url}." in found["web"]
    assert "OK" in found["web"]
    async with Visitor(office.gateway.listener.url) as anna:
        await anna.sign_in()
        browser_ms = office.clock.now_ms() - 120_000
        for told, said in (
            (str(browser_ms), "120 seconds ahead of your computer"),
            (str(browser_ms + 120_000), "agree"),
            ("-1", "Not checked"),
            ("9" * 400, "Not checked"),
            ("\u0661", "Not checked"),
        ):
            answer = await anna.get("/diagnostics/check/browser-clock", {"X-Browser-Time": told})
            assert said in answer.text, told
