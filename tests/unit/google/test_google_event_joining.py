"""How an event says how to get in, and events of whole days."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.device import DevicePolicy
from gateway.domain.joining import join_mark, join_of
from gateway.domain.meeting import Frequency, Invitations, Join, Meeting, Repeat
from gateway.google.event_json import event_body, merge
from gateway.google.event_text import LONGEST_DESCRIPTION_BYTES
from gateway.google.join_text import is_link, is_number, is_sip, join_lines
from tests.unit.google.test_google_event_json import HOST_PIN, PIN, REF, WEEKLY, content, validator

WAYS = Join(
    sip_uri="sip:6300@pbx.example.com", dial_in="+49 30 1234567,,6300#", web_link="https://meet.example/6300?a=1&b"
)
POLICY = DevicePolicy(name="UCM", calendar_id="primary", invitations=Invitations.DEVICE)


def body_of(join: Join, meeting: Meeting = WEEKLY, *, show_pins: bool = False) -> dict[str, Any]:
    body = event_body(REF, replace(content(meeting), join=join, show_pins=show_pins))
    validator().validate(body)
    return body


def test_each_way_has_a_line_of_its_own_after_the_agenda() -> None:
    body = body_of(WAYS, replace(WEEKLY, agenda="Numbers"))
    assert body["location"] == "sip:6300@pbx.example.com"
    assert body["description"].split("\n")[:6] == [
        "Numbers",
        "",
        "SIP: sip:6300@pbx.example.com",
        "Dial-in: +49 30 1234567,,6300#",
        "Web link: https://meet.example/6300?a=1&amp;b",
        "",
    ]


def test_without_ways_nothing_is_different() -> None:
    body = body_of(Join())
    assert body["location"] == "Meeting room 6300"
    assert body["description"].startswith("Host: 1000 Arthur")


def test_pins_are_told_only_when_allowed_and_never_the_hosts() -> None:
    assert PIN not in str(body_of(WAYS))
    told = str(body_of(WAYS, show_pins=True)["description"])
    assert f"PIN: {PIN}" in told.split("\n")
    assert HOST_PIN not in str(body_of(WAYS, show_pins=True))
    assert "PIN" not in str(body_of(Join(), replace(WEEKLY, password=None), show_pins=True)["description"])


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "http://meet.example/1",
        "https://meet.example@evil.example/",
        "https://",
        "https://meet.example/<script>",
        "https://meet.example/a b",
        "https://me\u0435t.example/",
        "https://meet.example:port/",
        "https://[::1",
        "HTTPS//x",
        "https://meet.example/" + "x" * 1000,
        "https://" + "a" * 60_000,
        "//meet.example/",
    ],
)
def test_links_that_are_not_written(link: str) -> None:
    assert not is_link(link)
    body = body_of(Join(web_link=link))
    assert "Web link: " not in body["description"]
    assert "(Web link left out: what the device has for it is not an https:// address.)" in body["description"]


@pytest.mark.parametrize(
    "link",
    ["https://meet.example", "https://meet.example:8443/r/1#x", "https://192.0.2.1/", "https://[2001:db8::1]:443/"],
)
def test_links_that_are_written(link: str) -> None:
    assert join_lines(Join(web_link=link), None) == [f"Web link: {link}"]


@pytest.mark.parametrize(
    ("uri", "fine"),
    [
        ("sip:6300@pbx.example.com", True),
        ("sips:6300@pbx.example.com:5061;transport=tls", True),
        ("sip:pbx.example.com", True),
        ("sip:6300@[2001:db8::1]", True),
        ("6300@pbx.example.com", False),
        ("https:6300@pbx", False),
        ("sip:", False),
        ("sip:6300@pbx\r\nATTACH:x", False),
        ("sip:6300@pbx;<b>", False),
        ("sip:" + "a" * 5000, False),
    ],
)
def test_sip_addresses(uri: str, fine: bool) -> None:
    assert is_sip(uri) is fine
    assert (body_of(Join(sip_uri=uri))["location"] == uri) is fine


@pytest.mark.parametrize(
    ("number", "fine"),
    [
        ("+49 30 1234567,,6300#", True),
        ("tel:+4930123;ext=6300", True),
        ("(030) 123-456 p 6300#", True),
        ("6300", True),
        ("call me", False),
        ("+49\n30", False),
        ("javascript:1", False),
        ("1" * 500, False),
    ],
)
def test_numbers(number: str, fine: bool) -> None:
    assert is_number(number) is fine


@settings(max_examples=60, deadline=None)
@given(st.builds(Join, sip_uri=st.text(), dial_in=st.text(), web_link=st.text()), st.text(max_size=200), st.text())
def test_whatever_the_texts_are_the_description_stays_text(join: Join, pin: str, agenda: str) -> None:
    body = body_of(join, replace(WEEKLY, password=pin, agenda=agenda * 200), show_pins=True)
    assert "<" not in body["description"]
    assert "&" not in re.sub(r"&(?:amp|lt|gt);", "", body["description"])
    assert len(body["description"].encode()) <= LONGEST_DESCRIPTION_BYTES


def test_the_devices_settings_are_filled_in_for_the_room() -> None:
    set_for_all = Join(sip_uri="sip:{room}@pbx", dial_in="+49 30 1,,{room}#", web_link="https://pbx/{room}")
    policy = replace(POLICY, join=set_for_all)
    assert join_of(WEEKLY, policy) == Join(
        sip_uri="sip:6300@pbx", dial_in="+49 30 1,,6300#", web_link="https://pbx/6300"
    )
    board = join_of(replace(WEEKLY, room="Board room/<1>"), policy)
    assert board == Join(
        sip_uri="sip:Board%20room%2F%3C1%3E@pbx", dial_in=None, web_link="https://pbx/Board%20room%2F%3C1%3E"
    )
    assert join_of(replace(WEEKLY, room=None), policy) == Join()
    assert join_of(replace(WEEKLY, room=None), replace(POLICY, join=WAYS)) == WAYS
    assert join_of(replace(WEEKLY, join=Join(dial_in="1")), policy) == Join(dial_in="1")


def test_settings_mark_an_event_only_where_they_add_something() -> None:
    shown = replace(POLICY, show_pins=True)
    with_ways = replace(POLICY, join=WAYS)
    assert join_mark(WEEKLY, POLICY) == ""
    assert join_mark(replace(WEEKLY, password=None), shown) == ""
    assert join_mark(replace(WEEKLY, join=WAYS), with_ways) == "", "the meeting's own fingerprint tells it"
    assert join_mark(replace(WEEKLY, room=None), replace(POLICY, join=Join(sip_uri="sip:{room}@pbx"))) == ""
    marks = [join_mark(WEEKLY, policy) for policy in (shown, with_ways, replace(with_ways, show_pins=True))]
    assert len(set(marks)) == 3
    assert "" not in marks


def test_whole_days_are_dates_and_their_end_is_the_first_free_day() -> None:
    days = replace(WEEKLY, all_day=True, start_local=datetime(2024, 4, 29), end_local=datetime(2024, 5, 1))
    body = body_of(Join(), days)
    assert body["start"] == {"date": "2024-04-29", "timeZone": "Etc/GMT-1"}
    assert body["end"] == {"date": "2024-05-01", "timeZone": "Etc/GMT-1"}
    assert body_of(Join(), replace(days, end_local=days.start_local))["end"]["date"] == "2024-04-30"
    current = {**body_of(Join()), "start": {"dateTime": "2024-04-29T10:00:00+01:00"}, "status": "confirmed"}
    assert merge(current, body)["start"] == body["start"]


def test_the_last_day_of_whole_days_is_a_day_of_their_zone() -> None:
    late = int((datetime(2024, 5, 2) - datetime(1970, 1, 1)).total_seconds())
    repeat = Repeat(frequency=Frequency.DAILY, until_utc_s=late)
    days = replace(
        WEEKLY, all_day=True, start_local=datetime(2024, 4, 29), end_local=datetime(2024, 4, 30), repeat=repeat
    )
    assert body_of(Join(), replace(days, zone="America/New_York"))["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20240501"]
    assert body_of(Join(), replace(days, all_day=False))["recurrence"] == ["RRULE:FREQ=DAILY;UNTIL=20240502T000000Z"]


def test_a_meeting_over_midnight_ends_on_the_next_day() -> None:
    late = replace(
        WEEKLY, start_local=datetime(2024, 4, 29, 23), end_local=datetime(2024, 4, 29, 23) + timedelta(hours=2)
    )
    body = body_of(Join(), late)
    assert (body["start"]["dateTime"], body["end"]["dateTime"]) == ("2024-04-29T23:00:00", "2024-04-30T01:00:00")
