"""The text of invitations on the page: looked at before it is saved, refused with the line, weaker than a device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateway.config import Config, DeviceSection, GatewaySection, MeetingsSection, Secret
from gateway.config.saved import FILE_NAME, PARTS
from gateway.domain.actor import Actor
from gateway.domain.device import DevicePolicy, Visibility
from gateway.domain.wording import USUAL_DESCRIPTION
from tests.journey.door_office import LOCAL, Door
from tests.journey.plain_browser import Page, PlainBrowser
from tests.journey.test_settings_pages import office, signed_in

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "meetings-page-key-0123456789"
PASSWORD_OF_MEETING = "271828"
PAGE = "/settings/meetings"


@dataclass
class Desk:
    """A gateway with two devices, of which one has choices of its own, and Anna's browser at the page."""

    door: Door
    browser: PlainBrowser

    def policy(self, name: str) -> DevicePolicy:
        device = self.door.gateway.register.find(name)
        assert device is not None
        return device.policy

    def shown(self, page: Page) -> str:
        return "\n".join(each.text for each in page.elements if each.attributes.get("id") == "preview")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("invitations")
    hall = DeviceSection(id="hall", profile="generic/json", key=Secret(KEY))
    own = DeviceSection(
        id="own", profile="generic/json", key=Secret(KEY), show_pins=False, visibility=Visibility.PUBLIC, name="Own"
    )
    gateway = GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL)
    async with office(folder, Config(gateway=gateway, devices=(hall, own))) as (made, _):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def desk(door: Door) -> AsyncIterator[Desk]:
    """Nothing is saved, and Anna has just signed in."""
    await door.gateway.settings.save({}, Actor(name="test"), without=PARTS)
    async with signed_in(door.gateway.listener.url) as browser:
        await browser.open(PAGE)
        yield Desk(door, browser)


async def test_a_text_is_looked_at_first_and_counts_once_it_is_saved(desk: Desk) -> None:
    page = desk.browser.page
    assert page.labelled("Description").value.strip() == USUAL_DESCRIPTION
    assert "Scheduled on Head office UCM6304." in desk.shown(page)
    assert "An example: no meeting is coming." in page.text
    page = await desk.browser.press("Preview", title="{room}: {subject}", description="Dial {dial_in}\r\n{pin}\r\n")
    assert page.status == 200
    assert "6301: Weekly review" in desk.shown(page)
    assert "Dial +49 89 1234567,,6301#" in desk.shown(page)
    assert "PIN" not in desk.shown(page)
    assert page.labelled("Title").value == "{room}: {subject}"
    assert not (desk.door.folder / FILE_NAME).exists() or "room" not in (desk.door.folder / FILE_NAME).read_text()
    page = await desk.browser.press("Preview", show_pins="yes")
    assert "PIN: ••••••" in desk.shown(page)
    page = await desk.browser.press("Save")
    assert "Saved." in page.text
    words = desk.policy("hall").words
    assert words is not None
    assert (words.title, words.description) == ("{room}: {subject}", "Dial {dial_in}\n{pin}")
    page = await desk.browser.press("Save", title="", description=USUAL_DESCRIPTION.replace("\n", "\r\n"))
    assert page.labelled("Title").value == "{subject}"
    assert desk.policy("hall").words is None
    assert "meetings.title" not in (desk.door.folder / FILE_NAME).read_text()


async def test_a_mistake_is_told_with_its_line_and_what_was_meant(desk: Desk) -> None:
    for button in ("Preview", "Save"):
        page = await desk.browser.press(button, title="{subject}", description="Hello\n{agend}")
        assert "Line 2 has a placeholder that is not known, {agend}; did you mean {agenda}? " in page.text, button
        assert page.labelled("Description").value.split() == ["Hello", "{agend}"]
    assert page.status == 422
    for title, said in (
        ("{pin}", "Line 1 has a placeholder that is not known, {pin}"),
        ("Meeting", "which meeting it is. Add {subject}."),
        ("{subject", "Line 1 has a brace"),
    ):
        page = await desk.browser.press("Save", title=title, description="{agenda}")
        assert said in page.text
    page = await desk.browser.press("Save", title="{subject}", description="Code {pin}")
    assert "Line 1 has more than {pin}." in page.text
    assert desk.policy("hall").words is None


async def test_reminders_are_chosen_in_rows(desk: Desk) -> None:
    page = await desk.browser.press(
        "Save", reminders="these", minutes_1="60", method_1="email", minutes_3="10", method_3="popup"
    )
    assert [(each.minutes, each.method) for each in desk.policy("hall").reminders or ()] == [
        (10, "popup"),
        (60, "email"),
    ]
    assert [page.labelled(f"Minutes of reminder {n}").value for n in (1, 2, 3)] == ["10", "60", ""]
    page = await desk.browser.press("Save", minutes_1="40321")
    assert page.status == 422
    assert "at most 40320 minutes" in page.text
    assert page.labelled("Minutes of reminder 1").value == "40321"
    await desk.browser.press("Save", minutes_1="", minutes_2="")
    assert desk.policy("hall").reminders == ()
    await desk.browser.press("Save", reminders="calendar")
    assert desk.policy("hall").reminders is None


async def test_a_devices_own_choice_is_stronger(desk: Desk) -> None:
    await desk.browser.press("Save", visibility="private", show_pins="yes")
    assert (desk.policy("hall").visibility, desk.policy("hall").show_pins) == (Visibility.PRIVATE, True)
    assert (desk.policy("own").visibility, desk.policy("own").show_pins) == (Visibility.PUBLIC, False)
    await desk.door.gateway.register.reload()
    assert (desk.policy("hall").visibility, desk.policy("own").show_pins) == (Visibility.PRIVATE, False)


async def test_the_next_meeting_is_shown_and_its_password_never(desk: Desk) -> None:
    start = datetime.fromtimestamp(desk.door.clock.now_ms() // 1000 + 86_400, UTC)
    meeting = {
        "external_id": "next",
        "subject": "Board",
        "start": f"{start:%Y-%m-%dT%H:%M:%S}",
        "duration_minutes": 30,
        "time_zone": "UTC",
        "password": PASSWORD_OF_MEETING,
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{desk.door.gateway.listener.url}/api/v1/devices/hall/meetings", json=meeting) as answer,
    ):
        assert answer.status == 202, await answer.text()
    page = await desk.browser.press("Preview", title="{subject} on {device}", show_pins="yes", description="{pin}")
    assert "Board on hall" in desk.shown(page)
    assert "PIN: ••••••" in desk.shown(page)
    assert PASSWORD_OF_MEETING not in page.source
    assert "This is how “Board” of hall would be written now." in page.text
    page = await desk.browser.press("Write upcoming meetings again")
    assert "All upcoming events say what is set here." in page.text  # nothing of it is in a calendar yet


async def test_what_a_file_sets_is_locked_and_used(tmp_path: Path) -> None:
    config = Config(
        gateway=GatewaySection(data_dir=tmp_path, listen=LOCAL, listen_tls=LOCAL),
        meetings=MeetingsSection(title="{device}: {subject}", reminders="5 popup"),
        sources={"meetings.title": "config.yaml:7", "meetings.reminders": "environment GATEWAY_MEETINGS__REMINDERS"},
    )
    async with office(tmp_path, config) as (_, browser):
        page = await browser.open(PAGE)
        assert "Set by config.yaml:7" in page.text
        assert "Set by environment variable GATEWAY_MEETINGS__REMINDERS" in page.text
        assert "Head office UCM6304: Weekly review" in page.text
        page = await browser.press("Preview", title="{subject}", description="Come.")
        assert "Head office UCM6304: Weekly review" in page.text
        await browser.press("Save", title="{subject}", description="Come.")
        assert "meetings.title" not in (tmp_path / FILE_NAME).read_text()
