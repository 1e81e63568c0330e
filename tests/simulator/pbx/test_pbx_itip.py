"""What the simulated iTIP sender writes, read back with an independent iCalendar library and the tz database."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from datetime import datetime, timedelta

import icalendar
import pytest

from simulator.pbx.booking import Member, Repeat, vendor_example
from simulator.pbx.send.itip import ItipSender, folded
from simulator.pbx.send.vtimezone import vtimezone
from tests.simulator.pbx.conftest import SENDER
from tests.simulator.pbx.open_door import Seen

MONDAY = datetime(2027, 1, 4)
FORM = replace(
    vendor_example(MONDAY),
    time_zone="Europe/Berlin",
    agenda="1. Numbers; plans, \\new and\nmore",
    invitees=(Member(extension="1001"), Member(extension="1005")),
)
WEEKLY = replace(FORM, repeat=Repeat.WEEKLY)


def events_of(seen: Seen) -> tuple[str, icalendar.Calendar, icalendar.Event]:
    kind, _, rest = seen.headers["Content-Type"].partition(";")
    assert kind == "text/calendar"
    assert all(len(line.encode()) <= 75 for line in seen.text.split("\r\n"))
    calendar = icalendar.Calendar.from_ical(seen.text)
    assert f"method={calendar['METHOD']}" in rest
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), calendar, event


async def test_itip_request_update_and_cancel(door, make):
    itip = await make(ItipSender)
    answer = await itip.schedule(WEEKLY)
    uid = answer.external_id
    method, calendar, event = events_of(door.last)
    assert (door.last.method, door.last.target) == ("POST", f"/api/v1/devices/{SENDER}/calendar")
    assert (method, str(event["UID"]), event["SEQUENCE"]) == ("REQUEST", uid, 0)
    assert event["SUMMARY"] == "Weekly_Meeting"
    assert event["DESCRIPTION"] == FORM.agenda
    assert event["RRULE"] == {"FREQ": ["WEEKLY"], "BYDAY": ["MO"]}
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt.replace(tzinfo=None) == WEEKLY.start
    assert str(event["ATTENDEE"]) == "mailto:anna.bell@mycompanyabc.com"
    assert str(event["ORGANIZER"]).startswith("mailto:1000@")
    assert len(calendar.walk("VTIMEZONE")) == 1
    assert FORM.host_password not in door.last.text

    await itip.move(uid, MONDAY.replace(hour=15))
    assert events_of(door.last)[2]["SEQUENCE"] == 1
    await itip.move_occurrence(uid, datetime(2027, 1, 11, 15), datetime(2027, 1, 12, 9))
    method, _, event = events_of(door.last)
    assert (method, str(event["UID"]), event["SEQUENCE"]) == ("REQUEST", uid, 2)
    assert event["RECURRENCE-ID"].dt.replace(tzinfo=None) == datetime(2027, 1, 11, 15)
    assert event["DTSTART"].dt.replace(tzinfo=None) == datetime(2027, 1, 12, 9)
    assert event["DTEND"].dt.replace(tzinfo=None) == datetime(2027, 1, 12, 10)
    assert "RRULE" not in event
    await itip.cancel_occurrence(uid, datetime(2027, 1, 18, 15))
    method, _, event = events_of(door.last)
    assert (method, event["SEQUENCE"], event["STATUS"]) == ("CANCEL", 3, "CANCELLED")
    assert event["RECURRENCE-ID"].dt.replace(tzinfo=None) == datetime(2027, 1, 18, 15)
    await itip.exclude(uid, datetime(2027, 1, 25, 15))
    _, _, event = events_of(door.last)
    assert [one.dt.replace(tzinfo=None) for one in event["EXDATE"].dts] == [datetime(2027, 1, 25, 15)]
    await itip.cancel(uid)
    method, _, event = events_of(door.last)
    assert (method, event["SEQUENCE"], "RECURRENCE-ID" in event) == ("CANCEL", 5, False)


async def test_itip_all_day(door, make):
    itip = await make(ItipSender)
    await itip.schedule(replace(FORM, start=MONDAY, end=MONDAY + timedelta(days=1)), all_day=True)
    _, calendar, event = events_of(door.last)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (MONDAY.date(), MONDAY.date() + timedelta(days=1))
    assert calendar.walk("VTIMEZONE") == []


def test_long_lines_are_folded_between_characters():
    line = "SUMMARY:" + "żółw🐢" * 40
    text = folded(line)
    assert text.replace("\r\n ", "") == line + "\r\n"
    assert all(len(one.encode()) <= 75 for one in text.split("\r\n"))


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Sydney", "Australia/Lord_Howe",
        "Asia/Kolkata", "Etc/GMT-1", "America/St_Johns", "Pacific/Auckland", "Asia/Shanghai", "Europe/Dublin",
        "Africa/Cairo",
    ],
)  # fmt: skip
def test_the_written_zone_has_the_offsets_of_the_real_one(name):
    zone = zoneinfo.ZoneInfo(name)
    lines = ["BEGIN:VCALENDAR", *vtimezone(name, zone, 2027), "END:VCALENDAR"]
    (written,) = icalendar.Calendar.from_ical("\r\n".join(lines)).walk("VTIMEZONE")
    kinds = {part.name: part["TZOFFSETTO"].td - part["TZOFFSETFROM"].td for part in written.subcomponents}
    assert kinds.get("DAYLIGHT", timedelta(1)) > timedelta(0) >= kinds["STANDARD"]
    read = written.to_tz(lookup_tzid=False)
    for day in range(365):
        local = datetime(2027, 1, 1, 12) + timedelta(days=day)
        assert local.replace(tzinfo=read).utcoffset() == local.replace(tzinfo=zone).utcoffset(), local
