"""The readable calendar: what it says, and that it needs neither script nor anything from elsewhere."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from simulator.google import SimulatedGoogle
from tests.simulator.google.conftest import Wire, timed
from tests.simulator.google.html_form import read

NASTY = "<script>alert('x')</script> & \"more\""


@pytest.fixture
def filled(google: SimulatedGoogle) -> SimulatedGoogle:
    google.do.set_clock(datetime(2026, 11, 21, 8, tzinfo=UTC), stopped=True)
    weekly = timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", "Etc/GMT-2", summary="Weekly_Meeting")
    google.do.create_event(
        {
            **weekly,
            "id": "series0",
            "location": "sip:6300@pbx.example.com",
            "description": "First line\nSecond line",
            "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO"],
            "reminders": {"useDefault": False, "overrides": [{"method": "email", "minutes": 60}]},
            "attendees": [
                {"email": "a@example.com", "displayName": NASTY},
                {"email": "b@example.com", "responseStatus": "declined"},
            ],
        }
    )
    google.do.create_event({**timed("2026-11-24T09:00:00", "2026-11-24T09:30:00", summary="Dropped"), "id": "gone0"})
    google.do.delete_event("gone0")
    google.do.create_event({"summary": "Holiday", "start": {"date": "2026-11-25"}, "end": {"date": "2026-11-27"}})
    google.do.create_event({**timed("2026-11-02T09:00:00", "2026-11-02T09:30:00"), "summary": NASTY})
    return google


async def test_agenda(wire: Wire, filled: SimulatedGoogle):
    page = (await wire("GET", "/", token=None)).body.decode()
    assert (await wire("GET", "/calendar", token=None)).body.decode() == page
    _, text = read(page)
    for expected in (
        "SIMULATOR \u2013 NOT GOOGLE",
        "Monday, 23 November 2026",
        "09:00 to 10:00 2026-11-23 08:00Z to 09:00Z set in Etc/GMT-2: 10:00 to 11:00 Weekly_Meeting",
        "Repeats every week on Monday",
        "sip:6300@pbx.example.com",
        "First line Second line",
        "b@example.com declined",
        "no answer yet",
        "Reminders: email 1 hour before",
        "Dropped cancelled",
        "all day, until Thursday, 26 November 2026",
        "Earlier (1)",
    ):
        assert expected in text
    assert "Monday, 30 November 2026" in text
    assert "event cancelled'" in page


async def test_event_page_shows_the_raw_event(wire: Wire, filled: SimulatedGoogle):
    link = filled.state.events[0]["htmlLink"].removeprefix(filled.base)
    page = await wire("GET", link, token=None)
    assert page.status == 200
    _, text = read(page.body.decode())
    assert "Monday, 23 November 2026, 09:00 to 10:00 (Europe/Berlin)" in text
    raw = re.search(r"<pre>(.*)</pre>", page.body.decode(), re.DOTALL)
    assert raw is not None
    import html

    assert json.loads(html.unescape(raw[1])) == filled.state.events[0]
    for nothing in (
        "/calendar/event",
        "/calendar/event?eid=x",
        "/calendar/event?eid=%C3%A4",
        "/calendar/event?eid=YWJj",
    ):
        assert (await wire("GET", nothing, token=None)).status == 404


async def test_occurrences_have_pages(wire: Wire, filled: SimulatedGoogle):
    page = (await wire("GET", "/", token=None)).body.decode()
    links = re.findall(r"<a href='([^']+)'>Weekly_Meeting", page)
    assert len(links) == 10
    second = (await wire("GET", links[1], token=None)).body.decode()
    assert "Monday, 30 November 2026" in second
    assert "every week on Monday" in second


async def test_pages_are_safe_and_need_nothing_from_elsewhere(wire: Wire, filled: SimulatedGoogle):
    link = filled.state.events[-1]["htmlLink"].removeprefix(filled.base)
    for path in ("/", link):
        answer = await wire("GET", path, token=None)
        page = answer.body.decode()
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
        assert "url(" not in page
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert 'name="viewport"' in page
        assert "prefers-color-scheme:dark" in page


async def test_series_that_cannot_be_expanded_is_still_shown(wire: Wire, google: SimulatedGoogle):
    google.do.create_event(
        {
            **timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", summary="By week"),
            "recurrence": ["RRULE:FREQ=YEARLY;BYWEEKNO=48"],
        }
    )
    assert b"By week" in (await wire("GET", "/", token=None)).body
