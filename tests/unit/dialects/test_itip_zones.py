"""VTIMEZONE: the zone in use today that its rules or single changes mean, or a refusal that names the TZID."""

from __future__ import annotations

import pytest

from gateway.dialects.itip import read
from gateway.errors import BadPayload
from tests.unit.dialects.itip_bodies import CENTRAL_EUROPE, calendar, event, timezone


def zone_of(parts: str, start: str = "20240429T100000") -> object:
    lines = (f"DTSTART;TZID=Custom:{start}", "DURATION:PT1H")
    (call,) = read(calendar(timezone("Custom", parts), event(*lines, without=("DTEND",))))
    return call.fields["TZID"]


US_RULES = """\
BEGIN:DAYLIGHT
DTSTART:19870405T020000
RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T100000Z
TZOFFSETFROM:-0800
TZOFFSETTO:-0700
END:DAYLIGHT
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU
TZOFFSETFROM:-0800
TZOFFSETTO:-0700
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0700
TZOFFSETTO:-0800
END:STANDARD"""
IRISH = """\
BEGIN:STANDARD
TZNAME:IST
DTSTART:19700329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
TZNAME:GMT
DTSTART:19701025T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:DAYLIGHT"""
SINGLE_DAYS = """\
BEGIN:DAYLIGHT
DTSTART:20240310T020000
RDATE:20250309T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20231105T020000
RDATE:20241103T020000,20251102T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD"""


def steady(offset: str) -> str:
    return f"BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD"


@pytest.mark.parametrize(
    ("parts", "zone"),
    [
        (CENTRAL_EUROPE, "Europe/Berlin"),
        (US_RULES, "America/Los_Angeles"),
        (IRISH, "Europe/Dublin"),
        (SINGLE_DAYS, "America/New_York"),
        (steady("+0800"), "Etc/GMT-8"),
        (steady("-0500"), "Etc/GMT+5"),
        (steady("+0530"), "Asia/Kolkata"),
        (steady("+0000"), "UTC"),
    ],
)
def test_a_zone_that_only_its_vtimezone_explains(parts: str, zone: str) -> None:
    assert zone_of(parts) == zone


@pytest.mark.parametrize(
    "parts",
    [
        steady("+0437"),
        steady("+9900"),
        CENTRAL_EUROPE.replace("BYMONTH=3", "BYMONTH=4"),
        CENTRAL_EUROPE.replace("T030000", "T040000"),
        CENTRAL_EUROPE.replace("-1SU", "-1MO"),
        CENTRAL_EUROPE.replace("YEARLY", "SECONDLY"),
        CENTRAL_EUROPE.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0130"),
        CENTRAL_EUROPE.replace("TZOFFSETFROM:+0100", "TZOFFSETFROM:+0000"),
        CENTRAL_EUROPE.replace("TZOFFSETFROM:+0200", "TZOFFSETFROM:+0300"),
        SINGLE_DAYS.replace("20250309", "20250409"),
        SINGLE_DAYS.replace("RDATE:20250309T020000\n", ""),
        "BEGIN:STANDARD\nDTSTART:19700101T000000\nEND:STANDARD",
        "X-NOTHING:1",
    ],
)
def test_a_vtimezone_that_fits_no_zone_is_refused_and_the_tzid_named(parts: str) -> None:
    lines = ("DTSTART;TZID=Custom:20240429T100000", "DURATION:PT1H")
    with pytest.raises(BadPayload) as caught:
        read(calendar(timezone("Custom", parts), event(*lines, without=("DTEND",))))
    (problem,) = caught.value.problems
    assert problem.field == "TZID"
    assert "'Custom' is no time zone known here" in problem.reason


def test_a_name_that_is_known_needs_no_vtimezone() -> None:
    body = calendar(timezone("Europe/Paris", steady("+0900")), event())
    assert read(body)[0].fields["TZID"] == "Europe/Paris"
