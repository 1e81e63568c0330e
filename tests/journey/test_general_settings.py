"""Settings > General and > About: the language of those who chose none, how times are written, and what is new."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.config.saved import PARTS
from gateway.domain.actor import Actor
from tests.journey.door_office import Door
from tests.journey.plain_browser import Page, PlainBrowser
from tests.journey.test_settings_pages import office, signed_in

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with office(tmp_path_factory.mktemp("general")) as (made, _):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def anna(door: Door) -> AsyncIterator[PlainBrowser]:
    """Nothing is saved, and Anna has just signed in."""
    await door.gateway.settings.save({}, Actor(name="test"), without=PARTS)
    async with signed_in(door.gateway.listener.url) as browser:
        yield browser


def language(page: Page) -> str:
    found = re.search(r'<html lang="([^"]+)"', page.source)
    assert found is not None
    return found[1]


async def saved(browser: PlainBrowser, **typed: str) -> Page:
    await browser.open("/settings")
    page = await browser.press("Save", **typed)
    assert page.status == 200, page.text
    return page


async def test_who_chose_no_language_reads_the_usual_one(door: Door, anna: PlainBrowser):
    page = await saved(anna, language="es")
    assert language(page) == "es"
    assert "Guardado." in page.text
    async with PlainBrowser(door.gateway.listener.url) as stranger:
        page = await stranger.open("/sign-in")
        assert language(page) == "es"
        page = await stranger.press("English")
        assert language(page) == "en"
        assert language(await stranger.open("/help")) == "en"
    await anna.press("English")
    assert language(await saved(anna, language="auto")) == "en"
    page = await anna.open("/settings")
    assert "en-XA" not in {value for value, _ in page.labelled("Language").options}
    page = await anna.press("Save", language="en-XA")
    assert page.status == 422


async def test_times_are_written_as_it_is_set(anna: PlainBrowser):
    await anna.open("/settings/backup")
    await anna.press("Make a backup")
    page = await anna.open("/settings/backup")
    assert re.search(r'title="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+00:00"', page.source)
    await saved(anna, clock="12h")
    page = await anna.open("/settings/backup")
    assert re.search(r'title="\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d (AM|PM) \+00:00"', page.source)
    await anna.press("Español")
    page = await anna.open("/settings/backup")
    assert re.search(r'title="\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d (a|p)\. m\. \+00:00"', page.source)
    await anna.press("English")


@pytest.mark.parametrize(
    ("first", "begins", "number"),
    [("monday", "2030-06-03", 1), ("sunday", "2030-06-02", 0), ("saturday", "2030-06-01", 6)],
)
async def test_the_week_begins_where_it_is_set(anna: PlainBrowser, first: str, begins: str, number: int):
    await saved(anna, week_begins=first, clock="12h")
    page = await anna.open("/meetings/week?day=2030-06-07")
    picture = page.by_id("picture").attributes
    assert picture["data-first"] == begins
    assert picture["data-first-day"] == str(number)
    assert picture["data-hours"] == "12"
    assert page.text.index(first.capitalize()) < page.text.index("Wednesday")


async def test_about_leads_to_what_is_new_which_needs_no_internet(door: Door, anna: PlainBrowser):
    await anna.open("/settings/about")
    page = await anna.follow("What is new in this version, and what to do when you update")
    assert page.url.endswith("/help/changes")
    assert "A meeting scheduled on a PBX appears in Google Calendar" in page.text
    assert "<code>meeting-gateway doctor</code>" in page.source
    assert "http" not in " ".join(re.findall(r'<a href="([^"]*)"', page.source))
    async with PlainBrowser(door.gateway.listener.url) as stranger:
        assert "/sign-in" in (await stranger.open("/help/changes")).url
        assert "What is new" not in (await stranger.open("/help")).text
