"""iTIP messages, property by property: what becomes of each, and what is refused by name."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from gateway.dialects.itip import ItipCall, read
from gateway.errors import BadPayload, Unreadable
from tests.unit.dialects.itip_bodies import calendar, event


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def one(*lines: str, without: tuple[str, ...] = (), method: str = "REQUEST") -> ItipCall:
    (call,) = read(calendar(event(*lines, without=without), method=method))
    return call


def blamed(body: bytes) -> tuple[str, str]:
    with pytest.raises(BadPayload) as caught:
        read(body)
    (problem,) = caught.value.problems
    return problem.field, problem.reason


def test_a_request_says_the_meeting_in_the_words_of_the_profile() -> None:
    assert one("SEQUENCE:3") == ItipCall(
        method="REQUEST",
        uid="m1@pbx.example.com",
        sequence=3,
        fields={
            "UID": "m1@pbx.example.com",
            "SEQUENCE": 3,
            "SUMMARY": "Weekly_Meeting",
            "DTSTART": "2024-04-29T10:00:00",
            "DTEND": "2024-04-29T11:00:00",
            "TZID": "Europe/Paris",
        },
        original=None,
        cancelled_originals=(),
    )


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (
            ("DTSTART:20240429T080000Z", "DTEND:20240429T090000Z"),
            ("2024-04-29T08:00:00Z", "2024-04-29T09:00:00Z", None),
        ),
        (("DTSTART:20240429T100000", "DTEND:20240429T110000"), ("2024-04-29T10:00:00", "2024-04-29T11:00:00", None)),
        (
            ("DTSTART;VALUE=DATE:20240429", "DTEND;VALUE=DATE:20240501"),
            ("2024-04-29T00:00:00", "2024-05-01T00:00:00", None),
        ),
        (
            (
                "DTSTART;TZID=W. Europe Standard Time:20240429T100000",
                "DTEND;TZID=W. Europe Standard Time:20240429T110000",
            ),
            ("2024-04-29T10:00:00", "2024-04-29T11:00:00", "W. Europe Standard Time"),
        ),
        (
            ("DTSTART;TZID=Eastern Standard Time 1:20240429T100000", "DTEND:20240429T150000Z"),
            ("2024-04-29T10:00:00", "2024-04-29T15:00:00Z", "Eastern Standard Time 1"),
        ),
        (
            ("DTSTART;TZID=/vendor.example/20240101/Europe/Paris:20240429T100000", "DTEND:20240429T150000Z"),
            ("2024-04-29T10:00:00", "2024-04-29T15:00:00Z", "Europe/Paris"),
        ),
        (
            ("DTSTART;TZID=Europe/Paris:20240429T100000", "DTEND;TZID=America/New_York:20240429T050000"),
            ("2024-04-29T10:00:00", "2024-04-29T09:00:00Z", "Europe/Paris"),
        ),
        (
            ("DTSTART;TZID=Unheard/Of:20240429T100000", "DTEND;TZID=Unheard/Of:20240429T110000"),
            ("2024-04-29T10:00:00", "2024-04-29T11:00:00", "Unheard/Of"),
        ),
    ],
)
def test_times(lines: tuple[str, ...], fields: tuple[str, str, str | None]) -> None:
    found = one(*lines).fields
    assert (found["DTSTART"], found["DTEND"], found.get("TZID")) == fields
    assert found.get("all_day", False) == ("VALUE=DATE" in lines[0])


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("DTSTART:20240429T080000Z", "PT1H30M", "2024-04-29T09:30:00Z"),
        ("DTSTART:20240429T100000", "PT45M", "2024-04-29T10:45:00"),
        ("DTSTART;VALUE=DATE:20240429", "P2D", "2024-05-01T00:00:00"),
        ("DTSTART;VALUE=DATE:20240429", "P1W", "2024-05-06T00:00:00"),
        # The night of the change: a day by the calendar, then an hour of the clock that everybody has.
        ("DTSTART;TZID=Europe/Paris:20240330T100000", "P1D", "2024-03-31T10:00:00"),
        ("DTSTART;TZID=Europe/Paris:20240331T010000", "PT2H", "2024-03-31T02:00:00Z"),
        ("DTSTART;TZID=Europe/Paris:20240330T010000", "P1DT2H", "2024-03-31T02:00:00Z"),
    ],
)
def test_durations(start: str, duration: str, end: str) -> None:
    assert one(start, f"DURATION:{duration}", without=("DTEND",)).fields["DTEND"] == end


def test_a_series_with_days_left_out_and_days_changed() -> None:
    series = event(
        "RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=MO",
        "EXDATE;TZID=Europe/Paris:20240506T100000,20240513T100000",
        "EXDATE:20240520T080000Z",
    )
    moved = event(
        "RECURRENCE-ID;TZID=Europe/Paris:20240527T100000",
        "DTSTART;TZID=Europe/Paris:20240528T150000",
        "DTEND;TZID=Europe/Paris:20240528T160000",
    )
    gone = event("RECURRENCE-ID:20240603T080000Z", "STATUS:CANCELLED")
    first, second, third = read(calendar(series, moved, gone))
    assert first.fields["RRULE"] == {"frequency": "weekly", "interval": 1, "count": 10, "weekdays": ["MO"]}
    assert first.cancelled_originals == tuple(utc(2024, 5, day, 8) for day in (6, 13, 20))
    assert (second.method, second.original) == ("REQUEST", utc(2024, 5, 27, 8))
    assert second.fields["DTSTART"] == "2024-05-28T15:00:00"
    assert "RRULE" not in second.fields
    assert (third.method, third.original) == ("CANCEL", utc(2024, 6, 3, 8))


def test_where_only_the_device_knows_the_zone_originals_are_wall_clock_times() -> None:
    floating = one("DTSTART:20240429T100000", "DTEND:20240429T110000", "RRULE:FREQ=DAILY", "EXDATE:20240430T100000")
    assert floating.cancelled_originals == (datetime(2024, 4, 30, 10),)
    days = one("DTSTART;VALUE=DATE:20240429", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20240430", without=("DTEND",))
    assert days.cancelled_originals == (datetime(2024, 4, 30),)


def test_a_series_in_utc_stays_in_utc() -> None:
    assert one("DTSTART:20240429T080000Z", "DTEND:20240429T090000Z", "RRULE:FREQ=DAILY").fields["TZID"] == "UTC"


def test_cancelling_needs_no_more_than_the_uid() -> None:
    (call,) = read(calendar("BEGIN:VEVENT\nUID:m1\nSEQUENCE:4\nEND:VEVENT", method="CANCEL"))
    assert call == ItipCall("CANCEL", "m1", 4, {"UID": "m1", "SEQUENCE": 4}, None, ())
    (day,) = read(calendar(event("RECURRENCE-ID;TZID=Europe/Paris:20240506T100000"), method="cancel"))
    assert (day.method, day.original) == ("CANCEL", utc(2024, 5, 6, 8))


def test_several_meetings_come_as_several_calls() -> None:
    assert [call.uid for call in read(calendar(event("UID:a"), event("UID:b")))] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "person"),
    [
        ("mailto:a@example.com", {"email": "a@example.com"}),
        ("MAILTO:a@example.com", {"email": "a@example.com"}),
        ("a@example.com", {"email": "a@example.com"}),
        ("mailto:a%2Bb@example.com?subject=x", {"email": "a+b@example.com"}),
        ("sip:1001@pbx.example.com;transport=tcp", {"extension": "1001"}),
        ("sips:1001:secret@pbx.example.com", {"extension": "1001"}),
        ("tel:+1-555-0100;ext=5", {"extension": "+15550100"}),
        ("urn:uuid:1234", {"extension": "uuid:1234"}),
    ],
)
def test_who_is_invited(line: str, person: dict[str, str]) -> None:
    assert one(f'ATTENDEE;CN="Lee; Ann";RSVP=TRUE:{line}').fields["ATTENDEE"] == [{**person, "name": "Lee; Ann"}]
    assert one(f"ORGANIZER:{line}").fields["ORGANIZER"] == person


def test_an_address_beside_an_extension_and_the_organizer_once_more() -> None:
    call = one(
        "ORGANIZER;CN=Ann:mailto:Ann@example.com",
        "ATTENDEE;EMAIL=bob@example.com:sip:1001@pbx",
        "ATTENDEE;CN=Ann:mailto:ann@example.com",
    )
    assert call.fields["ORGANIZER"] == {"email": "Ann@example.com", "name": "Ann"}
    assert call.fields["ATTENDEE"] == [{"extension": "1001", "email": "bob@example.com"}]


def test_texts_are_unescaped_and_unfolded() -> None:
    call = one(
        r"SUMMARY:Numbers\, plans\; and", "  more", r"DESCRIPTION:one\ntwo\\three", r"LOCATION:Room 5\, east\nwing"
    )
    assert call.fields["SUMMARY"] == "Numbers, plans; and more"
    assert call.fields["DESCRIPTION"] == "one\ntwo\\three"
    assert call.fields["LOCATION"] == "Room 5, east wing"


def test_how_to_join() -> None:
    call = one(
        "CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:+1-555-0100,,6300#",
        "CONFERENCE;VALUE=URI:tel:+1-555-0199",
        "CONFERENCE;VALUE=URI:sip:6300@pbx.example.com",
        "CONFERENCE;VALUE=URI:xmpp:room@example.com",
        "URL:https://meet.example.com/6300",
    )
    names = ("CONFERENCE-TEL", "CONFERENCE-SIP", "CONFERENCE-WEB")
    assert [call.fields[name] for name in names] == [
        "+1-555-0100,,6300#",
        "sip:6300@pbx.example.com",
        "https://meet.example.com/6300",
    ]
    assert "CONFERENCE-WEB" not in one("URL:http://intranet/6300").fields


@pytest.mark.parametrize(
    ("triggers", "minutes"),
    [
        (["TRIGGER:-PT15M"], 15),
        (["TRIGGER:-P1DT1H"], 1500),
        (["TRIGGER:PT0S"], 0),
        (["TRIGGER:-PT90S"], 2),
        (["TRIGGER;RELATED=END:-PT5M", "TRIGGER;VALUE=DATE-TIME:20240429T070000Z", "TRIGGER:-PT5M"], 5),
        (["TRIGGER:PT5M"], None),
    ],
)
def test_the_first_alarm_before_the_start_is_the_reminder(triggers: list[str], minutes: int | None) -> None:
    alarms = [line for trigger in triggers for line in ("BEGIN:VALARM", "ACTION:DISPLAY", trigger, "END:VALARM")]
    assert one(*alarms).fields.get("VALARM") == minutes


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (calendar(event(), method=None), "METHOD"),
        (calendar(event(), method="PUBLISH"), "METHOD"),
        (calendar(event(), method="REPLY"), "METHOD"),
        (calendar(event(without=("UID",))), "UID"),
        (calendar(event("UID: ")), "UID"),
        (calendar(event(without=("DTSTART",))), "DTSTART"),
        (calendar(event("DTSTART:tomorrow")), "DTSTART"),
        (calendar(event("DTSTART:20240230T100000")), "DTSTART"),
        (calendar(event("DTSTART:99990101T100000Z")), "DTSTART"),
        (calendar(event("DTSTART:20240429T100000Z,20240430T100000Z")), "DTSTART"),
        (calendar(event("DTSTART;VALUE=DATE:20240429T100000")), "DTSTART"),
        (calendar(event("SUMMARY:one", "SUMMARY:two")), "SUMMARY"),
        (calendar(event("DTEND;VALUE=DATE:20240430")), "DTEND"),
        (calendar(event("DTEND;TZID=Unheard/Of:20240429T110000")), "DTEND"),
        (calendar(event("DURATION:PT1H")), "DURATION"),
        (calendar(event("DURATION:-PT1H", without=("DTEND",))), "DURATION"),
        (calendar(event("DURATION:P", without=("DTEND",))), "DURATION"),
        (calendar(event("DURATION:P9999W", without=("DTEND",))), "DURATION"),
        (calendar(event("SEQUENCE:-1")), "SEQUENCE"),
        (calendar(event("SEQUENCE:99999999999999999999")), "SEQUENCE"),
        (calendar(event("RDATE:20240506T080000Z")), "RDATE"),
        (calendar(event("EXRULE:FREQ=DAILY")), "EXRULE"),
        (calendar(event("RECURRENCE-ID;RANGE=THISANDFUTURE:20240506T080000Z")), "RECURRENCE-ID"),
        (calendar(event("RECURRENCE-ID:20240506T080000Z", "RRULE:FREQ=DAILY")), "RRULE"),
        (calendar(event(*[f"ATTENDEE:mailto:a{n}@example.com" for n in range(301)])), "ATTENDEE"),
        (
            calendar(event("RRULE:FREQ=DAILY", *[f"EXDATE:20240506T08{n // 60:02d}{n % 60:02d}Z" for n in range(201)])),
            "EXDATE",
        ),
        (calendar(*[event(f"RECURRENCE-ID:20240506T08{n // 60:02d}{n % 60:02d}Z") for n in range(202)]), "VEVENT"),
        (calendar(event("BEGIN:VALARM", "TRIGGER:soon", "END:VALARM")), "TRIGGER"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(body: bytes, field: str) -> None:
    assert blamed(body)[0] == field


def test_the_limits_themselves_are_accepted() -> None:
    assert len(one(*[f"ATTENDEE:mailto:a{n}@example.com" for n in range(300)]).fields["ATTENDEE"]) == 300  # type: ignore[arg-type]
    days = [f"EXDATE:20240506T08{n // 60:02d}{n % 60:02d}Z" for n in range(200)]
    assert len(one("RRULE:FREQ=DAILY", *days).cancelled_originals) == 200


GOOD = calendar(event())


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "body"),
        (b" \r\n", "body"),
        (b"\xff\xfe", "body"),
        (b"x" * 65_537, "body"),
        (b"hello", "line 1"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "line 1"),
        (b"SUMMARY:x\r\n" + GOOD, "line 1"),
        (GOOD + GOOD, "line 13"),
        (GOOD + b"SUMMARY:x\r\n", "line 13"),
        (GOOD.replace(b"END:VEVENT\r\n", b""), "line 11"),
        (GOOD.replace(b"END:VCALENDAR\r\n", b""), "body"),
        (GOOD.replace(b"SUMMARY:", b"SUMMARY;=:"), "line 8"),
        (GOOD.replace(b"SUMMARY:Weekly_Meeting", b"no colon"), "line 8"),
        (GOOD.replace(b"Weekly", b"Wee\0kly"), "line 8"),
        (GOOD.replace(b"Weekly", b"Wee\rkly"), "line 8"),
        (calendar(), "body"),
        (calendar("BEGIN:VTODO\nUID:x\nEND:VTODO"), "body"),
        (calendar(*["BEGIN:X"] * 5, *["END:X"] * 5), "line 8"),
    ],
)
def test_bytes_that_are_no_calendar_name_the_place(body: bytes, place: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(body)
    assert caught.value.problem.field == place


def test_a_byte_order_mark_bare_line_feeds_and_small_letters_are_understood() -> None:
    assert read(b"\xef\xbb\xbf" + GOOD) == read(GOOD) == read(GOOD.replace(b"\r\n", b"\n"))
    assert read(GOOD.replace(b"SUMMARY", b"summary").replace(b"VEVENT", b"vevent")) == read(GOOD)


def test_the_library_is_loaded_with_the_first_message_only() -> None:
    code = "import gateway.dialects.itip, sys; sys.exit('icalendar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
