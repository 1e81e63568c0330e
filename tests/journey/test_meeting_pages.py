"""The meetings' pages in a browser without scripts: what they say about a meeting, and what their buttons do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEADLINE_S, MONDAY
from tests.journey.meeting_page_office import MeetingOffice, opened_meetings
from tests.journey.plain_browser import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

PEOPLE = [
    {"extension": "1001", "email": "anna@example.com", "name": "Anna"},
    {"extension": "1002", "name": "Bob"},
    {"email": "carl@example.com"},
]
FULL = {
    "start": f"{MONDAY}T10:00:00",
    "host": {"extension": "1000", "name": "Arthur", "email": "arthur@example.com"},
    "password": "9471230586",
    "host_password": "5550123",
    "reminder_minutes": 15,
    "invitees": PEOPLE,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google() -> AsyncIterator[SimulatedGoogle]:
    async with SimulatedGoogle(port=0) as google:
        yield google


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(google: SimulatedGoogle, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MeetingOffice]:
    """One gateway for all tests of this file; each has meetings of its own."""
    async with opened_meetings(Path(tmp_path_factory.mktemp("meetings")), google, wins="ask") as office:
        yield office


async def shows(office: MeetingOffice, address: str, condition: Callable[[Page], object]) -> Page:
    """Reload until the page says so."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            page = await office.browser.open(address)
            if condition(page):
                return page
            await asyncio.sleep(0.02)


async def changed(office: MeetingOffice, name: str, change: Callable[[str], object]) -> None:
    """Somebody changes the event of a meeting in Google, and the gateway reads it."""
    change(str((await office.two_way.event(name))["id"]))
    await office.two_way.settled()


async def test_a_meeting_is_in_the_agenda_under_its_day_and_has_both_sides_on_its_page(office: MeetingOffice) -> None:
    await office.two_way.send("both", subject="Both sides", **FULL)
    page = await office.browser.open(f"/meetings?day={MONDAY}")
    for words in ("Meetings by day", f"{MONDAY.day} ", "09:00\u201310:00", "Both sides", "Arthur", "script", "Synced"):
        assert words in page.text, words
    page = await office.browser.follow("Both sides")
    for words in (
        "Meeting Subject Both sides",
        "Time Zone UTC+01:00",
        'The device says "Etc/GMT-1"',
        "Password ****",
        "Host Password ****",
        "Email Reminder (m) 15",
        "Auto Record No",
        "Meeting Agenda Figures",
        "Repeat No repeat",
        "1002 Bob have no e-mail address and were not invited.",
        "anna@example.com Invited",
        "No e-mail - not invited",
        "Google account arthur.morgan@mycompanyabc.com",
        "The device scheduled the meeting: revision 1",
        "Created in Google: HTTP 200",
    ):
        assert words in page.text, words
    assert "9471230586" not in page.source
    assert page.link("Add e-mail") == "/devices/script/directory"
    assert page.link("Open in Google").startswith("http")


async def test_a_password_is_shown_on_demand_only_and_that_is_written_down(office: MeetingOffice) -> None:
    await office.two_way.send("secret", subject="Secret", **FULL)
    page = await office.page("secret")
    page = await office.browser.press_with("Show", {}, {}, form=_form_with(page, "which", "host"))
    assert "5550123" in page.text
    assert "9471230586" not in page.source
    page = await office.page("secret")
    assert "5550123" not in page.source
    assert "anna looked at a password" in page.text


def _form_with(page: Page, name: str, value: str) -> str:
    return next(each.form for each in page.controls if each.name == name and each.value == value)


async def test_a_guest_who_answered_is_shown_with_the_answer(office: MeetingOffice, google: SimulatedGoogle) -> None:
    await office.two_way.send("guest", subject="With guests", **FULL)
    await changed(office, "guest", lambda event: google.do.reply(event, "anna@example.com", "declined"))
    page = await office.page("guest")
    assert "Invited, declined" in page.text
    assert "anna@example.com answered: declined" in page.text


@pytest.mark.parametrize("button", ["Put it back", "Leave it"])
async def test_what_people_changed_is_shown_part_by_part_and_decided(
    office: MeetingOffice, google: SimulatedGoogle, button: str
) -> None:
    name = f"edit {button}"
    await office.two_way.send(name, subject="As scheduled")
    await changed(office, name, lambda event: google.do.edit_event(event, {"summary": "As people want it"}))
    page = await office.page(name)
    assert page.codes() == ["G-509"]
    assert "Changed in Google Calendar: Subject." in page.text
    assert "Subject As scheduled As people want it" in page.text
    page = await office.browser.press(button)
    assert "version counts" in page.text
    await office.two_way.at_rest()
    wanted = "As scheduled" if button == "Put it back" else "As people want it"
    assert (await office.two_way.event(name))["summary"] == wanted
    row = await office.two_way.row(name)
    page = await office.browser.open(f"/meetings/{row.id}")
    assert "Leave it" not in page.buttons()
    assert "anna decided whose version counts" in page.text


async def test_a_deleted_event_can_be_left_deleted_and_still_be_put_back(
    office: MeetingOffice, google: SimulatedGoogle
) -> None:
    await office.two_way.send("gone", subject="Gone")
    await changed(office, "gone", google.do.delete_event)
    page = await office.page("gone")
    assert page.codes() == ["G-508"]
    assert "Deleted in Google" in (await office.browser.open("/meetings?text=Gone&state=deleted")).text
    await office.page("gone")
    await office.browser.press("Leave it")
    await office.two_way.at_rest()
    assert await office.two_way.events("gone") == []
    page = await office.page("gone")
    assert "Google's version counts: it stays deleted." in page.text
    await office.browser.press("Put it back")
    await office.two_way.at_rest()
    assert (await office.two_way.event("gone"))["summary"] == "Gone"


async def test_what_google_refused_names_the_code_and_is_retried(
    office: MeetingOffice, google: SimulatedGoogle
) -> None:
    google.do.fault({"status": 400, "reason": "invalid"}, match={"operation": "insert"}, times=20)
    await office.two_way.say("refused", subject="Refused")
    row = await office.two_way.row("refused")
    page = await shows(office, f"/meetings/{row.id}", lambda page: "Failed" in page.text)
    assert page.codes() == ["G-516"]
    assert "Tried to create the event in Google: HTTP 400" in page.text
    assert "Refused" in (await office.browser.open("/meetings?state=refused")).text
    google.do.clear_faults()
    await office.browser.open(f"/meetings/{row.id}")
    page = await office.browser.press("Retry")
    assert "The meeting is sent again." in page.text
    await shows(office, f"/meetings/{row.id}", lambda page: "Synced" in page.text)


async def test_a_meeting_is_cancelled_here_and_its_event_goes(office: MeetingOffice) -> None:
    await office.two_way.send("over", subject="Over")
    await office.page("over")
    page = await office.browser.press("Cancel the meeting")
    assert "script does not hear of it" in page.text
    await office.two_way.at_rest()
    page = await office.page("over")
    assert "Cancelled" in page.text
    assert "Cancel the meeting" not in page.buttons()
    assert await office.two_way.events("over") == []


@pytest.mark.parametrize("button", ["Use this event", "That is another meeting"])
async def test_an_event_that_seems_to_be_the_meeting_already_is_offered_and_answered(
    office: MeetingOffice, google: SimulatedGoogle, button: str
) -> None:
    subject = f"Twice {button}"
    await office.two_way.send(subject, subject=subject)
    theirs = {**(await office.two_way.event(subject))}
    google.do.create_event({name: theirs[name] for name in ("summary", "start", "end")})
    await office.two_way.settled()
    page = await office.page(subject)
    assert "There is an event in Google that seems to be this meeting already." in page.text
    await office.browser.press(button)
    page = await office.page(subject)
    assert "seems to be this meeting already" not in page.text
    said = "took an event that was there already" if button == "Use this event" else "is not this meeting"
    assert said in page.text


async def test_a_button_that_came_too_late_says_so_and_changes_nothing(office: MeetingOffice) -> None:
    await office.two_way.send("late", subject="Late")
    row = await office.two_way.row("late")
    page = await office.page("late")
    fields = [("csrf", next(each.value for each in page.controls if each.name == "csrf")), ("wins", "google")]
    page = await office.browser.post(f"/meetings/{row.id}/decide", fields)
    assert "Nothing was changed" in page.text


async def test_the_ladder_says_in_its_table_what_it_draws_and_has_no_style_of_its_own(office: MeetingOffice) -> None:
    await office.two_way.send("ladder", subject="Ladder <b>")
    page = await office.page("ladder", "/ladder")
    drawn = re.findall(r'<text class="label"[^>]*>([^<]*)</text>', page.source)
    assert drawn[:2] == ["The device scheduled the meeting", "Created in Google - 200"]
    for words in drawn:
        assert words.partition(" - ")[0] in page.source.partition("<table")[2]
    assert "style=" not in page.source
    assert "Ladder <b>" not in page.source


async def test_the_file_to_take_along_has_rule_guests_and_exceptions_but_no_password(office: MeetingOffice) -> None:
    import icalendar

    await office.two_way.send("file", subject="Series", repeat={"frequency": "weekly", "count": 4}, **FULL)
    page = await office.page("file", "/meeting.ics")
    assert page.headers["Content-Type"].startswith("text/calendar")
    assert "9471230586" not in page.source
    calendar = icalendar.Calendar.from_ical(page.source)
    (event,) = calendar.walk("VEVENT")
    assert event["SUMMARY"] == "Series"
    assert event["RRULE"]["COUNT"] == [4]
    assert {str(each) for each in event["ATTENDEE"]} == {"mailto:anna@example.com", "mailto:carl@example.com"}


async def test_the_week_and_the_day_by_device_need_no_script_and_the_picture_gets_the_same(
    office: MeetingOffice,
) -> None:
    await office.two_way.send("week", subject="Every day", repeat={"frequency": "daily", "count": 3})
    page = await office.browser.open(f"/meetings/week?day={MONDAY}")
    assert page.text.count("Every day") == 3
    day = MONDAY + timedelta(days=1)
    assert (await office.browser.open(f"/meetings/rooms?day={day}")).text.count("Every day") == 1
    page = await office.browser.open(f"/meetings/events.json?from={MONDAY}&to={MONDAY + timedelta(days=7)}")
    assert page.source.count('"title": "Every day"') == 3
    assert f'"start": "{MONDAY}T09:00:00"' in page.source
    for to in (MONDAY, MONDAY + timedelta(days=63), date(1, 1, 1)):
        assert (await office.browser.open(f"/meetings/events.json?from={MONDAY}&to={to}")).status == 400


async def test_what_comes_next_in_google_says_what_is_ours_and_is_asked_again_on_demand(
    office: MeetingOffice, google: SimulatedGoogle
) -> None:
    await office.two_way.send("ours", subject="Ours")
    page = await office.browser.open("/meetings/google")
    page = await office.browser.press("Update now")
    assert "Ours" in page.text
    row = await office.two_way.row("ours")
    assert f'href="/meetings/{row.id}"' in page.source
    asked = len(google.state.requests)
    google.do.create_event(
        {
            "summary": "Theirs",
            "start": {"dateTime": f"{MONDAY}T12:00:00Z"},
            "end": {"dateTime": f"{MONDAY}T13:00:00Z"},
        }
    )
    assert "Theirs" not in (await office.browser.open("/meetings/google")).text
    assert not [each for each in google.state.requests[asked:] if "singleEvents" in str(each)]
    page = await office.browser.press("Update now")
    assert "Theirs" in page.text
    assert "Somebody else" in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/meetings/999999", 404),
        ("/meetings/999999/ladder", 404),
        ("/meetings/999999/meeting.ics", 404),
        ("/meetings/99999999999999999999999", 404),
        ("/meetings/nothing", 404),
        ("/meetings?from=yesterday", 200),
        ("/meetings?after=1.2.x&state=nothing&device=nobody", 200),
        ("/meetings?text=%00%25", 200),
        ("/meetings/week?day=9999-12-31", 200),
        ("/meetings/rooms?day=0000", 200),
        ("/meetings/events.json", 400),
        ("/meetings/google?account=nobody@example.com", 200),
    ],
)
async def test_an_address_that_is_none_of_ours_is_answered_with_a_page(
    office: MeetingOffice, path: str, status: int
) -> None:
    page = await office.browser.open(path)
    assert page.status == status, page.text
    if "yesterday" in path:
        assert "yesterday" in page.text


async def test_nobody_reads_meetings_without_signing_in(office: MeetingOffice) -> None:
    base = office.two_way.gateway.listener.url
    paths = (
        "/meetings",
        "/meetings/part",
        "/meetings/week",
        "/meetings/events.json",
        "/meetings/google",
        "/meetings/1",
    )
    async with ClientSession() as stranger:
        for path in paths:
            async with stranger.get(base + path, allow_redirects=False) as answer:
                assert answer.status == 303, path
                assert answer.headers["Location"].startswith("/sign-in")
        async with stranger.post(f"{base}/meetings/1/cancel") as answer:
            assert answer.status in (401, 403)
