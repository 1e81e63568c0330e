"""What the words of a profile mean: paths, envelopes, split times, whole days, own words for truth, days and people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.meeting import Frequency, Invitee, Join, Repeat, Weekday
from gateway.profiles.translate import to_payload
from tests.unit.profiles.own import own_problems, profile_of, read_own

PARIS = "Europe/Paris"
BASIC = """
subject: {name: title, as: text}
start: {name: from, as: local_time}
duration: {name: for, as: number}
"""
SPLIT = """
subject: {name: title, as: text}
start_date: {name: day, as: date_dmy}
start_time: {name: begins, as: time_24}
end_date: {name: last_day, as: date_dmy}
end_time: {name: ends, as: time_24}
all_day: {name: whole, as: true_false}
"""


def basic(**changes: object) -> dict[str, object]:
    return {"id": 7, "title": "Talk", "from": "2024-04-29 10:00", "for": 60, **changes}


def split(**changes: object) -> dict[str, object]:
    return {"id": 7, "title": "Talk", "day": "29.04.2024", "begins": "10:00", "ends": "11:00", **changes}


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_path_leads_into_objects_and_back(tmp_path: Path) -> None:
    profile = profile_of(
        tmp_path,
        """
        subject: {path: Booking.Title, as: text}
        start: {path: Booking.Time.Start, as: date_time}
        end: {path: Booking.Time.End, as: date_time}
        host: {path: Booking.Organizer, as: person, each: {email: {path: Contact.Mail, as: email}}}
        """,
    )
    call = {
        "id": "7",
        "Booking": {
            "Title": "Talk",
            "Privacy": "Public",
            "Time": {"Start": "2024-04-29T09:00:00Z", "End": "2024-04-29T10:00:00Z", "Buffer": 5},
            "Organizer": {"Contact": {"Mail": "ann@example.com", "Phone": "1"}},
        },
    }
    said = read_own(profile, call)
    assert (said.meeting.subject, said.meeting.start_utc_s) == ("Talk", utc("2024-04-29T09:00"))
    assert said.meeting.host == Invitee(email="ann@example.com")
    assert said.ignored == ("Booking.Organizer.Contact.Phone", "Booking.Privacy", "Booking.Time.Buffer")
    payload = to_payload(profile, "call", said.meeting)
    assert payload["Booking"]["Title"] == "Talk"
    assert payload["Booking"]["Organizer"] == {"Contact": {"Mail": "ann@example.com"}}
    assert read_own(profile, payload).meeting == said.meeting
    assert own_problems(profile, {"id": "7", "Booking": "none"})["Booking.Title"] == "is required"
    assert own_problems(profile, {"id": "7", "Booking": {"Title": "x", "Time": [1]}})["Booking.Time.Start"]


@pytest.mark.parametrize("as_text", [True, False])
def test_an_envelope_is_opened(tmp_path: Path, as_text: bool) -> None:
    profile = profile_of(tmp_path, BASIC + "host: {name: sn, as: code}", shape="unwrap: msg")
    call = {"type": 30024, "sn": "123", "msg": json.dumps(basic()) if as_text else basic()}
    said = read_own(profile, call, device_zone=PARIS)
    assert (said.meeting.external_id, said.meeting.host) == ("7", Invitee(extension="123"))
    assert said.ignored == ("type",)
    payload = to_payload(profile, "call", said.meeting)
    assert list(payload) == ["msg"]
    assert read_own(profile, payload, device_zone=PARIS).meeting == said.meeting


@pytest.mark.parametrize("inner", [None, "", "{", "[1]", 5, "[" * 5000, '{"a":1,"a":2}'])
def test_an_envelope_without_a_meeting_is_named(tmp_path: Path, inner: object) -> None:
    profile = profile_of(tmp_path, BASIC, shape="unwrap: msg")
    assert list(own_problems(profile, {"type": 1, "msg": inner})) == ["msg"]


def test_date_and_time_in_fields_of_their_own(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, SPLIT)
    meeting = read_own(profile, split(), device_zone=PARIS).meeting
    assert (meeting.start_utc_s, meeting.end_utc_s) == (utc("2024-04-29T08:00"), utc("2024-04-29T09:00"))
    over_night = read_own(profile, split(begins="23:00", ends="1:30"), device_zone=PARIS).meeting
    assert over_night.end_local == datetime(2024, 4, 30, 1, 30)
    later = read_own(profile, split(last_day="2-5-2024"), device_zone=PARIS).meeting
    assert later.end_local == datetime(2024, 5, 2, 11)
    assert to_payload(profile, "call", later) == {
        "id": "7", "title": "Talk", "day": "29.04.2024", "begins": "10:00", "last_day": "02.05.2024", "ends": "11:00",
        "whole": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": None}, "day"),
        ({"day": "2024-04-29"}, "day"),
        ({"day": "31.04.2024"}, "day"),
        ({"day": "29.04/2024"}, "day"),
        ({"day": "29.04.0001"}, "day"),
        ({"day": 29042024}, "day"),
        ({"begins": None}, "begins"),
        ({"begins": "24:00"}, "begins"),
        ({"begins": "10:60"}, "begins"),
        ({"begins": "10 am"}, "begins"),
        ({"ends": None}, "ends"),
        ({"ends": None, "last_day": "29.04.2024"}, "ends"),
        ({"last_day": "28.04.2024"}, "ends"),
        ({"last_day": "31.12.9999"}, "ends"),
    ],
)
def test_a_wrong_part_of_a_time_is_named(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    assert list(own_problems(profile_of(tmp_path, SPLIT), split(**changes), PARIS)) == [field]


def test_times_of_a_split_start_need_a_zone(tmp_path: Path) -> None:
    assert "no time zone" in own_problems(profile_of(tmp_path, SPLIT), split())["day"]


@pytest.mark.parametrize(
    ("coding", "sent", "shown"),
    [
        ("epoch_s", 1714381200, 1714381200),
        ("utc_time", "2024-04-29 09:00", "2024-04-29 09:00:00"),
        ("utc_time", "2024-04-29T09:00:00", "2024-04-29 09:00:00"),
        ("epoch_ms", 1714381200999, 1714381200000),
    ],
)
def test_instants_in_the_devices_codings(tmp_path: Path, coding: str, sent: object, shown: object) -> None:
    profile = profile_of(tmp_path, BASIC.replace("local_time", coding))
    meeting = read_own(profile, basic(**{"from": sent})).meeting
    assert (meeting.start_utc_s, meeting.zone) == (1714381200, "UTC")
    assert to_payload(profile, "call", meeting)["from"] == shown
    for wrong in (True, 1.5, "9", "2024-04-29T09:00:00Z", "29.04.2024 09:00", [], 10**400):
        assert list(own_problems(profile, basic(**{"from": wrong}))) == ["from"]


@pytest.mark.parametrize(
    ("text", "hour", "written"),
    [("12:00 AM", 0, "12:00 AM"), ("12:30pm", 12, "12:30 PM"), ("1:05 p.m.", 13, "01:05 PM"), ("11:59 PM", 23, None)],
)
def test_times_of_twelve_hours(tmp_path: Path, text: str, hour: int, written: str | None) -> None:
    profile = profile_of(tmp_path, SPLIT.replace("time_24", "time_12").replace("date_dmy", "date_mdy"))
    meeting = read_own(profile, split(day="4/29/2024", begins=text, ends="11:59 pm", last_day="04/30/2024"),
                       device_zone=PARIS).meeting  # fmt: skip
    assert meeting.start_local.hour == hour
    assert to_payload(profile, "call", meeting)["begins"] == (written or text)
    for wrong in ("0:30 AM", "13:00 PM", "1 PM", "1:00"):
        assert "begins" in own_problems(profile, split(day="4/29/2024", begins=wrong, ends="11:59 pm"), PARIS)


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ({"ends": "00:00", "last_day": "30.04.2024"}, (2024, 4, 30)),
        ({"ends": "23:59", "last_day": "29.04.2024"}, (2024, 4, 30)),
        ({"ends": None, "last_day": "30.04.2024"}, (2024, 5, 1)),
        ({"ends": None}, (2024, 4, 30)),
        ({"ends": "00:00"}, (2024, 4, 30)),
        ({"begins": None, "ends": "00:00", "last_day": "01.05.2024"}, (2024, 5, 1)),
    ],
)
def test_whole_days_end_at_the_midnight_after_the_last(
    tmp_path: Path, changes: dict[str, object], last: tuple[int, int, int]
) -> None:
    meeting = read_own(profile_of(tmp_path, SPLIT), split(whole=True, **changes), device_zone=PARIS).meeting
    assert meeting.all_day
    assert (meeting.start_local, meeting.end_local) == (datetime(2024, 4, 29), datetime(*last))
    assert meeting.start_utc_s == utc("2024-04-28T22:00")


def test_whole_days_are_counted_across_a_change_of_clocks(tmp_path: Path) -> None:
    """In Paris, 27 October 2024 has 25 hours and 31 March 2024 has 23."""
    profile = profile_of(tmp_path, BASIC + "all_day: {name: whole, as: true_false}")
    for day, minutes in [("2024-10-27", 25 * 60), ("2024-03-31", 23 * 60), ("2024-05-01", 24 * 60)]:
        call = basic(**{"from": f"{day} 00:00", "for": minutes, "whole": True})
        meeting = read_own(profile, call, device_zone=PARIS).meeting
        assert (meeting.end_local - meeting.start_local).days == 1
        assert to_payload(profile, "call", meeting)["for"] == minutes


def test_an_end_date_alone_is_written_as_the_last_day(tmp_path: Path) -> None:
    alone = SPLIT.replace("end_time: {name: ends, as: time_24}\n", "")
    profile = profile_of(tmp_path, alone)
    call = {"id": "7", "title": "Fair", "day": "29.04.2024", "begins": "00:00", "last_day": "30.04.2024", "whole": True}
    assert to_payload(profile, "call", read_own(profile, call, device_zone=PARIS).meeting) == call


def test_whole_days_may_be_written_as_plain_dates(tmp_path: Path) -> None:
    fields = BASIC.replace("local_time", "date_time").replace(
        "duration: {name: for, as: number}", "end: {name: to, as: date_time}"
    )
    profile = profile_of(tmp_path, fields + "all_day: {name: whole, as: true_false}")
    call = {"id": 1, "title": "Trip", "from": "2024-04-29", "to": "2024-05-01", "whole": True}
    meeting = read_own(profile, call, device_zone=PARIS).meeting
    assert (meeting.start_local, meeting.end_local) == (datetime(2024, 4, 29), datetime(2024, 5, 1))
    assert "time of day" in own_problems(profile, call | {"whole": False}, PARIS)["from"]
    assert list(own_problems(profile, call | {"to": "2024-04-28"}, PARIS)) == ["to"]
    assert list(own_problems(profile, call | {"to": "2024-06-01"}, PARIS)) == ["to"]
    assert list(own_problems(profile, call | {"from": "9999-12-31", "to": "9999-12-31"}, PARIS)) == ["from"]
    assert list(own_problems(profile, call | {"to": "9999-12-31"}, PARIS)) == ["to"]
    # Clocks go forward at midnight in Beirut: that day has no 00:00.
    beirut = call | {"from": "2025-03-30", "to": "2025-03-31"}
    meeting = read_own(profile, beirut, device_zone="Asia/Beirut").meeting
    assert (meeting.start_local, meeting.end_utc_s - meeting.start_utc_s) == (datetime(2025, 3, 30), 23 * 3600)


@pytest.mark.parametrize(("unit", "sent", "minutes"), [("seconds", 5400, 90), ("hours", 2, 120), ("minutes", 5, 5)])
def test_a_duration_is_counted_in_its_unit(tmp_path: Path, unit: str, sent: int, minutes: int) -> None:
    profile = profile_of(tmp_path, BASIC.replace("as: number", f"as: number, unit: {unit}, default: {sent}"))
    for call in (basic(**{"for": sent}), basic(**{"for": None})):
        meeting = read_own(profile, call, device_zone=PARIS).meeting
        assert meeting.end_utc_s - meeting.start_utc_s == minutes * 60
        assert to_payload(profile, "call", meeting)["for"] == sent
    assert list(own_problems(profile, basic(**{"for": 14 * 86_400 + 1}), PARIS)) == ["for"]


def test_texts_have_defaults(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, BASIC.replace("as: text", "as: text, default: Conference"))
    assert read_own(profile, basic(title=""), device_zone=PARIS).meeting.subject == "Conference"


def test_truth_in_the_devices_own_words(tmp_path: Path) -> None:
    words = "public_room: {name: open, as: truth, yes: [on, 1, true], no: [off, 0]}"
    profile = profile_of(tmp_path, BASIC + words)
    for sent, meant in [("on", True), (1, True), (True, True), ("off", False), (0, False)]:
        assert read_own(profile, basic(open=sent), device_zone=PARIS).meeting.public_room is meant
    for wrong in (False, "1", "ON", 2, 1.0, [1]):
        assert list(own_problems(profile, basic(open=wrong), PARIS)) == ["open"]
    texts: dict[str, object] = {"id": "7", "title": "x", "from": "2024-04-29 10:00", "for": "60", "open": "1"}
    meeting = read_own(profile, texts, device_zone=PARIS, text_values=True).meeting
    assert meeting.public_room
    assert to_payload(profile, "call", meeting)["open"] == "on"


@pytest.mark.parametrize("value", ["a@x.org, 1001; b@y.org", ["a@x.org", 1001, "b@y.org"], "a@x.org\n1001\nb@y.org,"])
def test_people_as_one_text_of_addresses(tmp_path: Path, value: object) -> None:
    profile = profile_of(tmp_path, BASIC + "invitees: {name: who, as: address_list}")
    meeting = read_own(profile, basic(who=value), device_zone=PARIS).meeting
    assert meeting.invitees == (Invitee(email="a@x.org"), Invitee(extension="1001"), Invitee(email="b@y.org"))
    assert to_payload(profile, "call", meeting)["who"] == "a@x.org, 1001, b@y.org"


def test_what_is_wrong_in_a_text_of_addresses_is_named(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, BASIC + "invitees: {name: who, as: address_list}", head="limits: {invitees: 3}")
    named = read_own(profile, basic(who='"Ann Lee" <ann@x.org>'), device_zone=PARIS).meeting
    assert named.invitees == (Invitee(email="ann@x.org", name="Ann Lee"),)
    assert list(own_problems(profile, basic(who="a@x.org, b@"), PARIS)) == ["who[1].email"]
    assert list(own_problems(profile, basic(who=5), PARIS)) == ["who"]
    assert list(own_problems(profile, basic(who=[{"email": "a@x.org"}]), PARIS)) == ["who"]
    assert own_problems(profile, basic(who="1,2,3,4,5" + ",6" * 50_000), PARIS) == {"who": "must be at most 3 invitees"}


def test_the_directory_fills_in_addresses(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, BASIC + "host: {name: chair, as: code}\ninvitees: {name: who, as: address_list}")
    directory = {"1000": "ann@x.org", "1001": "bob@x.org"}
    call = basic(chair="1000", who="1001, 1002, BOB@x.org")
    said = read_own(profile, call, device_zone=PARIS, directory=directory)
    assert said.meeting.host == Invitee(extension="1000", email="ann@x.org")
    assert said.meeting.invitees == (Invitee(extension="1001", email="bob@x.org"), Invitee(extension="1002"))
    assert "1002 has no e-mail address and was not invited." in said.warnings


REPEAT = """
repeat:
  name: every
  as: choice
  choices: {never: none, day: {frequency: daily}, week: {frequency: weekly}, "2": {frequency: monthly}}
repeat_count: {name: times, as: number, none: 0}
repeat_until: {name: until, as: date_ymd}
repeat_interval: {name: step, as: number}
weekdays: {name: days, as: day_list}
"""


def test_fields_beside_a_word_for_a_series(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, BASIC + REPEAT)
    call = basic(every="week", step=2, days="Monday, we", until="2024-06-30", times=0)
    meeting = read_own(profile, call, device_zone=PARIS).meeting
    assert meeting.repeat == Repeat(
        frequency=Frequency.WEEKLY,
        interval=2,
        weekdays=(Weekday.MONDAY, Weekday.WEDNESDAY),
        until_utc_s=utc("2024-06-30T21:59:59"),
    )
    payload = to_payload(profile, "call", meeting)
    assert {name: payload[name] for name in ("every", "step", "days", "until", "times")} == {
        "every": "week", "step": 2, "days": "MO,WE", "until": "2024-06-30", "times": 0,
    }  # fmt: skip
    assert read_own(profile, payload, device_zone=PARIS).meeting == meeting
    assert read_own(profile, basic(every=2), device_zone=PARIS).meeting.repeat == Repeat(frequency=Frequency.MONTHLY)
    assert read_own(profile, basic(every="never", times=3), device_zone=PARIS).meeting.repeat is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"times": 731}, "times"),
        ({"times": "3"}, "times"),
        ({"step": 0}, "step"),
        ({"step": 100}, "step"),
        ({"days": "MO,XX"}, "days"),
        ({"days": [["MO"]]}, "days"),
        ({"days": ["MO"] * 40}, "days"),
        ({"every": "day", "days": "MO"}, "days"),
        ({"until": "2024-04-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"until": "2024-06-01", "times": 3}, "until"),
    ],
)
def test_a_wrong_field_beside_it_is_named(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    call = basic(every="week", **changes) if "every" not in changes else basic(**changes)
    assert list(own_problems(profile_of(tmp_path, BASIC + REPEAT), call, PARIS)) == [field]


def test_days_in_the_devices_own_words(tmp_path: Path) -> None:
    fields = REPEAT.replace("as: day_list", 'as: day_list, choices: {"0": SU, "1": MO}')
    profile = profile_of(tmp_path, BASIC + fields)
    meeting = read_own(profile, basic(every="week", days=[1, 0]), device_zone=PARIS).meeting
    assert meeting.repeat == Repeat(frequency=Frequency.WEEKLY, weekdays=(Weekday.MONDAY, Weekday.SUNDAY))
    assert to_payload(profile, "call", meeting)["days"] == "1,0"
    assert list(own_problems(profile, basic(every="week", days="MO"), PARIS)) == ["days"]


JOIN = """
sip_uri: {name: sip, as: text}
dial_in: {name: phone, as: text}
web_link: {name: link, as: text, secret: true}
"""


def test_how_people_get_in(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, BASIC + JOIN)
    assert read_own(profile, basic(), device_zone=PARIS).meeting.join is None
    call = basic(sip="6300@pbx.example.com", phone="+49 30 123,,6300#", link="https://meet.example.com/6300?x=1#y")
    meeting = read_own(profile, call, device_zone=PARIS).meeting
    assert meeting.join == Join(
        sip_uri="sip:6300@pbx.example.com",
        dial_in="+49 30 123,,6300#",
        web_link="https://meet.example.com/6300?x=1#y",
    )
    payload = to_payload(profile, "call", meeting)
    assert (payload["sip"], payload["phone"], "link" in payload) == (
        "sip:6300@pbx.example.com",
        "+49 30 123,,6300#",
        False,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sip", "6300"),
        ("sip", "sip:6300@pbx.example.com\r\nx"),
        ("sip", "http://6300@pbx.example.com"),
        ("sip", "javascript:alert(1)@x"),
        ("sip", "sip:" + "a" * 2000 + "@x.org"),
        ("phone", "call me"),
        ("phone", "1" * 200),
        ("link", "http://meet.example.com"),
        ("link", "javascript:alert(1)"),
        ("link", "https://meet.example.com/<script>"),
        ("link", "https://meet.example.com/ x"),
        ("link", "https://"),
        ("link", 5),
    ],
)
def test_a_way_in_that_is_none_is_named(tmp_path: Path, field: str, value: object) -> None:
    assert list(own_problems(profile_of(tmp_path, BASIC + JOIN), basic(**{field: value}), PARIS)) == [field]
