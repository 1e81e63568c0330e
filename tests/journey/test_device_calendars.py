"""Which calendar a device writes to, chosen by its name on its pages; and what is shown where Google does not tell."""

from __future__ import annotations

from pathlib import Path

from gateway.operations.devices.calendars import FRESH_S
from simulator.google.calendars import Calendar
from tests.journey.dashboard_office import DashboardOffice, connected, opened_dashboard
from tests.journey.page_office import EMAIL
from tests.journey.plain_browser import Page

ROOMS = "rooms@group.calendar.google.com"
OTHER = "somewhere-else@group.calendar.google.com"


def with_calendar(office: DashboardOffice, calendar_id: str, name: str) -> None:
    """Google has one more calendar of the account."""
    state = office.google.state
    state.calendars[calendar_id] = Calendar(calendar_id=calendar_id, summary=name, owner=EMAIL, time_zone="UTC")
    state.accounts[EMAIL].access[calendar_id] = "owner"
    state.accounts[EMAIL].listed_at[calendar_id] = state.next_number()


def offered(page: Page) -> tuple[list[tuple[str, str]], str]:
    """What can be chosen, and what is."""
    select = page.labelled("Calendar")
    return select.options, select.value


def calendar_of(office: DashboardOffice, name: str) -> str:
    device = office.gateway.register.find(name)
    assert device is not None
    return device.policy.calendar_id


async def test_the_calendar_is_chosen_by_its_name(tmp_path: Path) -> None:
    async with opened_dashboard(tmp_path) as office:
        browser = office.browser
        page = await browser.open("/devices/add/name?type=generic/json")
        assert page.labelled("Calendar").tag == "input", "nobody is signed in at Google"
        await connected(office)
        with_calendar(office, ROOMS, "Rooms & halls")
        office.clock.ahead_ms += 40_000  # what was found before is good for a moment
        page = await browser.open("/devices/add/name?type=generic/json")
        choices, chosen = offered(page)
        assert (choices[0], chosen) == (("", "The usual one: (main calendar)"), "")
        assert (ROOMS, "Rooms & halls") in choices
        asked = office.asked("calendarList.list")
        await browser.press("Next", name="Hall", calendar=ROOMS)
        await browser.press("Add and show the key")
        assert calendar_of(office, "hall") == ROOMS
        page = await browser.open("/devices/hall/settings")
        assert offered(page)[1] == ROOMS
        assert office.asked("calendarList.list") == asked, "Google is not asked for every page"

        page = await browser.press("Save", calendar_id=OTHER)
        assert "The settings are saved." in page.text
        assert calendar_of(office, "hall") == OTHER
        choices, chosen = offered(page)
        assert (chosen, (OTHER, OTHER) in choices) == (OTHER, True), "one that is not in the list stays chosen"
        page = await browser.press("Save", name="The hall")
        assert calendar_of(office, "hall") == OTHER
        page = await browser.press("Save", calendar="")
        assert calendar_of(office, "hall") == "primary"

        office.clock.ahead_ms += int(FRESH_S * 1000) + 1000
        office.google.state.faults.add([{"match": {"operation": "calendarList.list"}, "do": {"status": 503}}])
        page = await browser.open("/devices/hall/settings")
        assert page.labelled("Calendar").tag == "input", "without the list, the id can be typed"
