"""The first run, step by step in a browser without scripts: each step its own page, and nothing lost between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.config.saved import FILE_NAME
from tests.journey.door_office import PASSWORD, Door, opened_door
from tests.journey.plain_browser import PlainBrowser


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened_door(tmp_path / "data") as opened:
        yield opened


async def administrator(door: Door, browser: PlainBrowser) -> None:
    await browser.open("/")
    await browser.follow("Start")
    await browser.press("Continue", code=door.codes[-1])
    await browser.press("Create", name="anna", password=PASSWORD)


async def test_from_the_first_page_to_the_dashboard(door: Door) -> None:
    async with PlainBrowser(door.http) as browser:
        page = await browser.open("/")
        assert page.url.endswith("/welcome")
        assert "It takes about 10 minutes; 8 of them at Google." in page.text
        page = await browser.follow("Start")
        assert "journalctl" in page.text
        page = await browser.press("Continue", code=door.codes[-1].lower())
        assert page.url.endswith("/welcome/administrator")
        assert (await browser.open("/welcome/administrator")).status == 200  # reloaded
        await browser.open("/welcome/code")
        page = await browser.follow("Continue")  # back and forth again
        page = await browser.press("Create", name="anna", password=PASSWORD)
        assert "Name and time" in page.text
        page = await browser.press("Continue", name="Branch office", time_zone="Europe/Berlin")
        assert page.url.endswith("/welcome/google")
        assert "Not connected yet." in page.text
        page = await browser.press("Do this later")
        assert "Grandstream CloudUCM" in page.text
        page = await browser.press("Do this later")
        assert "done Create the administrator" in page.text
        assert page.link("Connect a Google account") == "/google"
        page = await browser.press("Open dashboard")
        assert "/welcome" not in page.url
        assert "/welcome" not in (await browser.open("/")).url
    saved = (door.folder / FILE_NAME).read_text()
    assert 'gateway.name: "Branch office"' in saved
    assert 'gateway.time_zone: "Europe/Berlin"' in saved
    actions = [action for _, action, _, _ in door.audit()]
    assert actions == ["admin.set-up", "settings.saved", "admin.first-run-over"]


async def test_an_unfinished_first_run_is_gone_on_with_after_the_next_sign_in(door: Door) -> None:
    async with PlainBrowser(door.http) as browser:
        await administrator(door, browser)
        await browser.press("Continue")
    async with PlainBrowser(door.http) as browser:
        await browser.open("/sign-in")
        page = await browser.press("Sign in", name="anna", password=PASSWORD)
        assert page.url.endswith("/welcome/google")
        await browser.press("Do this later")
        await browser.open("/welcome/name")
        await browser.press("Continue", name="Branch office")
        assert (await browser.open("/")).url.endswith("/welcome/device")  # going back is not undoing
        page = await browser.press("Skip the rest")
        assert "/welcome" not in page.url
        assert (await browser.open("/welcome")).url.endswith(page.url.rpartition("/")[2])


async def test_a_name_or_zone_that_cannot_be_is_told_at_its_field_and_what_was_typed_stays(door: Door) -> None:
    async with PlainBrowser(door.http) as browser:
        await administrator(door, browser)
        page = await browser.press("Continue", name="Branch office", time_zone="Europe/Berlinn")
        assert page.status == 422
        assert "C-14" in page.text
        assert "did you mean 'Europe/Berlin'" in page.text
        assert page.labelled("Time zone of these pages").value == "Europe/Berlinn"
        assert page.labelled("Name").value == "Branch office"
        page = await browser.press("Continue", time_zone="Europe/Berlin")
        assert page.url.endswith("/welcome/google")


async def test_the_code_is_asked_for_in_every_browser_and_counts_its_tries(door: Door) -> None:
    async with PlainBrowser(door.http) as knows, door.visitor("127.0.3.1") as other:
        await knows.open("/welcome/code")
        page = await knows.press("Continue", code="ABCD-EFGH-JKLM")
        assert (page.status, page.codes()) == (403, ["A-04"])
        await knows.press("Continue", code=door.codes[-1])
        assert (await other.get("/welcome/administrator")).place == "/welcome/code"
        await other.get("/welcome/code")
        assert (await other.post("/welcome/administrator", name="eve", password=PASSWORD)).status == 403
        for _ in range(4):
            assert (await other.post("/welcome/code", code="ABCD-EFGH-JKLM")).status == 403
        assert len(door.codes) == 2  # the fifth wrong one was the end of the first code, for everybody
        page = await knows.press("Create", name="anna", password=PASSWORD)
        assert (page.status, page.codes()) == (403, ["A-04"])
        assert (await knows.open("/welcome/administrator")).url.endswith("/welcome/code")
        assert await door.gateway.admins.users() == []


async def test_tries_of_one_address_are_throttled(door: Door) -> None:
    async with door.visitor() as visitor:
        await visitor.get("/welcome/code")
        answers = [await visitor.post("/welcome/code", code="ABCD-EFGH-JKLM") for _ in range(6)]
        assert [answer.status for answer in answers] == [403] * 5 + [429]
        assert int(answers[5].headers["Retry-After"]) > 0
        right = await visitor.post("/welcome/code", code=door.codes[-1])
        assert right.status == 429


async def test_a_password_that_is_too_short_costs_nothing_and_one_of_two_browsers_wins(door: Door) -> None:
    async with PlainBrowser(door.http) as one, PlainBrowser(door.http) as two:
        for browser in (one, two):
            await browser.open("/welcome/code")
            await browser.press("Continue", code=door.codes[-1])
        page = await one.press("Create", name="anna", password="nine char")
        assert (page.status, page.codes()) == (422, ["A-07"])
        assert page.labelled("User name").value == "anna"
        await one.press("Create", password=PASSWORD)
        page = await two.press("Create", name="boris", password=PASSWORD)
        assert page.status == 404
        assert [user.name for user in await door.gateway.admins.users()] == ["anna"]
        assert (await two.open("/welcome")).url.endswith("/sign-in")


async def test_a_lost_list_of_administrators_closes_the_first_run_too(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data", anna=True):
        pass
    for path in (tmp_path / "data").glob("gateway.db*"):
        path.unlink()
    async with opened_door(tmp_path / "data") as door, door.visitor() as visitor:
        for path in ("/welcome", "/welcome/code", "/welcome/administrator"):
            answer = await visitor.get(path)
            assert (answer.status, "A-11" in answer.text) == (503, True), path
        await visitor.get("/help")
        for path in ("/welcome/code", "/welcome/administrator"):
            assert (await visitor.post(path, code="", name="eve", password=PASSWORD)).status in (403, 503)


async def test_an_administrator_made_by_a_command_is_not_led_through_it(tmp_path: Path) -> None:
    async with opened_door(tmp_path / "data", anna=True) as door, PlainBrowser(door.http) as browser:
        await browser.open("/sign-in")
        page = await browser.press("Sign in", name="anna", password=PASSWORD)
        assert "/welcome" not in page.url
