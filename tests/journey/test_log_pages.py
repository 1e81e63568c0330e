"""The log as a page: its five controls, the level that falls back by itself, and the file for others."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.log import RAISED, RING
from simulator.google import SimulatedGoogle
from tests.journey.page_office import PageOffice, opened_page

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUEUE, GOOGLE = logging.getLogger("gateway.mirror.outbound"), logging.getLogger("gateway.accounts.keeping")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PageOffice]:
    root = logging.getLogger()
    level = root.level
    root.addHandler(RING)
    root.setLevel(logging.INFO)
    try:
        async with SimulatedGoogle(port=0) as google, opened_page(tmp_path_factory.mktemp("office"), google) as opened:
            yield opened
    finally:
        root.removeHandler(RING)
        root.setLevel(level)


async def test_the_lines_are_found_by_level_area_device_and_words(office: PageOffice):
    RING.forget()
    QUEUE.info("mirrored", extra={"meeting": 17})
    QUEUE.warning("not mirrored yet", extra={"device": "ucm-1"})
    GOOGLE.error("refused <b>&amp; client_secret=canary-secret")
    page = await office.browser.open("/logs")
    assert page.text.index("refused") < page.text.index("not mirrored yet") < page.text.index("mirrored meeting=17")
    assert "canary-secret" not in page.source
    assert "<b>" not in page.source
    assert page.link("Meeting") == "/meetings/17"
    wanted = {
        "level=warning": {"refused", "not mirrored"},
        "level=error": {"refused"},
        "area=queue": {"not mirrored", "meeting=17"},
        "area=google": {"refused"},
        "text=MIRRORED+YET": {"not mirrored"},
        "device=ucm-1": {"not mirrored"},
        "level=nonsense&area=%00": {"refused", "not mirrored", "meeting=17"},
    }
    for query, there in wanted.items():
        page = await office.browser.open(f"/logs?{query}")
        assert {said for said in ("refused", "not mirrored", "meeting=17") if said in page.text} == there, query
    page = await office.browser.open("/logs?text=nobody+said+that")
    assert "There is no line like that." in page.text


async def test_a_log_in_which_nothing_stands_says_so(office: PageOffice):
    logging.getLogger().setLevel(logging.CRITICAL)
    try:
        RING.forget()
        page = await office.browser.open("/logs?auto=yes")
        assert "Nothing is logged yet." in page.text
        assert "There is no line like that." not in page.text
        page = await office.browser.open("/logs?level=error")
        assert "There is no line like that." in page.text
    finally:
        logging.getLogger().setLevel(logging.INFO)


async def test_the_page_follows_when_that_is_ticked_and_not_else(office: PageOffice):
    page = await office.browser.open("/logs?level=warning")
    assert "hx-trigger" not in page.by_id("lines").attributes
    page = await office.browser.press("Show", auto="yes", wrap="yes")
    lines = page.by_id("lines")
    assert lines.attributes["hx-trigger"] == "every 3s"
    again = await office.browser.open(lines.attributes["hx-get"])
    assert again.by_id("lines").attributes["hx-get"] == lines.attributes["hx-get"]
    assert "level=warning" in lines.attributes["hx-get"]


async def test_older_lines_are_on_pages_of_their_own(office: PageOffice):
    RING.forget()
    for number in range(450):
        QUEUE.info("line number %d.", number)
    page = await office.browser.open("/logs")
    seen = 0
    for first in (449, 249, 49):
        assert f"line number {first}." in page.text
        seen += page.source.count("line number")
        if first != 49:
            page = await office.browser.open(page.link("Older"))
    assert seen == 450
    page = await office.browser.open(page.link("Newer"))
    assert "line number 449." in page.text


async def test_the_file_has_other_names_in_it_unless_asked(office: PageOffice):
    RING.forget()
    QUEUE.info("anna@example.com wrote to bob@example.com, then anna@example.com again")
    page = await office.browser.open("/logs/download")
    assert page.headers["Content-Disposition"] == 'attachment; filename="meeting-gateway-log.txt"'
    assert "user1@domain1 wrote to user2@domain1, then user1@domain1 again" in page.source
    page = await office.browser.open("/logs/download?include=yes")
    assert "anna@example.com wrote" in page.source


async def test_the_level_is_raised_for_a_while(office: PageOffice):
    RING.forget()
    await office.browser.open("/logs")
    QUEUE.debug("hidden")
    page = await office.browser.press("Log everything for 15 minutes")
    assert "Everything is logged for 15 more minutes." in page.text
    QUEUE.debug("seen now")
    page = await office.browser.press("Stop now")
    assert "seen now" in page.text
    QUEUE.debug("hidden again")
    assert [line.text for line in RING.lines() if "hidden" in line.text] == []
    assert RAISED.left_s() == 0
