"""What calls of both profiles mean, and which are refused with which field named."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateway.domain.meeting import Frequency, Invitee, Repeat
from gateway.errors import BadPayload
from gateway.profiles.translate import to_payload
from tests.unit.profiles.calls import NATIVE, NOW_S, UCM, form, member, native, problems, profile, read, wave

NINE = datetime(2024, 4, 29, 9, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("profile_id", "call", "field"),
    [
        (NATIVE, native(external_id=None), "external_id"),
        (NATIVE, native(external_id=""), "external_id"),
        (NATIVE, native(external_id="x" * 256), "external_id"),
        (NATIVE, native(external_id="a\nb"), "external_id"),
        (NATIVE, native(external_id="\ud800"), "external_id"),
        (NATIVE, native(external_id=True), "external_id"),
        (NATIVE, native(external_id=1.5), "external_id"),
        (NATIVE, native(subject=None), "subject"),
        (NATIVE, native(subject=" \u200b "), "subject"),
        (NATIVE, native(subject=5), "subject"),
        (NATIVE, native(subject="x" * 256), "subject"),
        (NATIVE, native(start="29.04.2024 10:00"), "start"),
        (NATIVE, native(start="2024-04-31T10:00:00"), "start"),
        (NATIVE, native(start="2024-W18-1T10:00:00"), "start"),
        (NATIVE, native(start="\uff12\uff10\uff12\uff14-04-29T10:00:00"), "start"),
        (NATIVE, native(start=1714381200), "start"),
        (NATIVE, native(end="2024-04-29T10:00:00"), "end"),
        (NATIVE, native(end="2024-04-29T09:00:00"), "end"),
        (NATIVE, native(end="2024-04-29T10:00:59"), "end"),
        (NATIVE, native(end="2024-05-13T10:00:01"), "end"),
        (NATIVE, native(end=None), "end"),
        (NATIVE, native(duration_minutes=60), "duration_minutes"),
        (NATIVE, native(end=None, duration_minutes=0), "duration_minutes"),
        (NATIVE, native(end=None, duration_minutes=20161), "duration_minutes"),
        (NATIVE, native(end=None, duration_minutes="60"), "duration_minutes"),
        (NATIVE, native(time_zone="Mars/Olympus"), "time_zone"),
        (NATIVE, native(time_zone="../../etc/passwd"), "time_zone"),
        (NATIVE, native(time_zone=1), "time_zone"),
        (NATIVE, native(time_zone=None), "time_zone"),
        (NATIVE, native(password="12"), "password"),
        (NATIVE, native(password="12a4"), "password"),
        (NATIVE, native(password="\u0661\u0662\u0663\u0664"), "password"),
        (NATIVE, native(host_password="12345678901"), "host_password"),
        (NATIVE, native(reminder_minutes=True), "reminder_minutes"),
        (NATIVE, native(reminder_minutes=60.0), "reminder_minutes"),
        (NATIVE, native(reminder_minutes="60"), "reminder_minutes"),
        (NATIVE, native(reminder_minutes=-1), "reminder_minutes"),
        (NATIVE, native(sync_to_calendar="yes"), "sync_to_calendar"),
        (NATIVE, native(sync_to_calendar=1), "sync_to_calendar"),
        (NATIVE, native(auto_record="Audio"), "auto_record"),
        (NATIVE, native(sequence=1 << 31), "sequence"),
        (NATIVE, native(agenda="x" * 8001), "agenda"),
        (NATIVE, native(agenda=["x"]), "agenda"),
        (NATIVE, native(invitees={"extension": "1001"}), "invitees"),
        (NATIVE, native(invitees="[]"), "invitees"),
        (NATIVE, native(invitees=["1001"]), "invitees[0]"),
        (NATIVE, native(invitees=[{}]), "invitees[0]"),
        (NATIVE, native(invitees=[{"name": "Bob"}]), "invitees[0]"),
        (NATIVE, native(invitees=[{"extension": "1"}, {"email": "bob"}]), "invitees[1].email"),
        (NATIVE, native(invitees=[{"extension": "1", "mail": "b@example.com"}]), "invitees[0].mail"),
        (NATIVE, native(invitees=[{"extension": str(n)} for n in range(301)]), "invitees"),
        (NATIVE, native(host="1000"), "host"),
        (NATIVE, native(host={"email": "x@"}), "host.email"),
        (NATIVE, native(host={}), "host"),
        (NATIVE, native(subjekt="x"), "subjekt"),
        (UCM, form(bookid=None), "bookid"),
        (UCM, form(confname=""), "confname"),
        (UCM, form(confname="x" * 121), "confname"),
        (UCM, form(starttime="2024-04-29T10:00:00Z"), "starttime"),
        (UCM, form(endtime=None), "endtime"),
        (UCM, form(timezone="Elsewhere"), "timezone"),
        (UCM, form(timezone=""), "timezone"),
        (UCM, form(description="x" * 500), "description"),
        (UCM, form(open_calendar=True), "open_calendar"),
        (UCM, form(open_calendar="YES"), "open_calendar"),
        (UCM, form(recurringevent="Fsunday"), "recurringevent"),
        (UCM, form(email_reminder=1441), "email_reminder"),
        (UCM, form(email_reminder="six"), "email_reminder"),
        (UCM, form(members="[{"), "members"),
        (UCM, form(members='{"a": 1}'), "members"),
        (UCM, form(members='[{"email": "\\u0000"}]'), "members"),
        (UCM, form(members='[{"email": 1, "email": 2}]'), "members"),
        (UCM, form(members="[" * 100_000), "members"),
        (UCM, form(members=json.dumps([member("1"), member("2", email="x")])), "members[1].email"),
        (UCM, form(members=[member(str(n)) for n in range(1000, 1122)]), "members"),
        (UCM, wave(requestId=None), "external_id"),
        (UCM, wave(startTime="1714381200000"), "startTime"),
        (UCM, wave(startTime=1.7e12), "startTime"),
        (UCM, wave(endTime=1714381200000), "endTime"),
        (UCM, wave(meetingType=1), "meetingNum"),
        (UCM, wave(meetingType=2), "meetingType"),
        (UCM, wave(autoCallInvite=True), "autoCallInvite"),
        (UCM, wave(cycle="YEARLY"), "cycle"),
        (UCM, wave(emailRemindTime="60"), "emailRemindTime"),
        (UCM, wave(hostCode=12), "hostCode"),
        (UCM, wave(invitees=[{"memberExtension": "1", "isHost": "1"}]), "invitees[0].isHost"),
    ],
)
def test_a_wrong_field_is_named(profile_id: str, call: dict[str, object], field: str) -> None:
    assert list(problems(profile_id, call)) == [field]


def test_every_problem_is_named_at_once() -> None:
    call = form(confname="", timezone="?", admin_pincode="1", members=[{"email": "x"}, {"comment": "y"}], auto_record=1)
    assert set(problems(UCM, call)) == {
        "confname", "timezone", "admin_pincode", "members[0].email", "members[1]", "auto_record",
    }  # fmt: skip


def test_thousands_of_problems_are_counted_not_listed() -> None:
    call = native(**{f"field{n}": n for n in range(5000)})
    with pytest.raises(BadPayload) as caught:
        read(NATIVE, call)
    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].reason == "has 4950 more problems"


@pytest.mark.parametrize("secret", ["777", "77a77", "77777777777", 777, 77777777777])
def test_no_message_repeats_a_pin(secret: object) -> None:
    for profile_id, call in [
        (NATIVE, native(password=secret, host_password=secret)),
        (UCM, form(pincode=secret, admin_pincode=secret)),
        (UCM, wave(password=secret, hostCode=secret)),
    ]:
        with pytest.raises(BadPayload) as caught:
            read(profile_id, call)
        assert len(caught.value.problems) == 2
        assert "77" not in str(caught.value)


def test_pins_keep_leading_zeros_and_may_be_numbers() -> None:
    assert read(NATIVE, native(password="0042")).meeting.password == "0042"
    assert read(UCM, wave(password=4711)).meeting.password == "4711"
    assert "0042" not in repr(read(NATIVE, native(password="0042")))


def test_equal_pins_are_accepted_with_a_warning() -> None:
    said = read(UCM, form(pincode="5021"))
    assert [warning for warning in said.warnings if "pincode and admin_pincode" in warning]
    assert "5021" not in "".join(said.warnings)


def test_unknown_fields_are_refused_with_a_hint_or_passed_over() -> None:
    assert "did you mean 'subject'" in problems(NATIVE, native(subjct="x"))["subjct"]
    assert "did you mean 'extension'" in problems(NATIVE, native(host={"extention": "1"}))["host.extention"]
    assert read(UCM, form(colour="x", quiet_mode="yes")).ignored == ("colour",)
    assert read(UCM, form(members=[member("1000"), member("1001", zzz=1)])).ignored == ("members[].zzz",)


def test_a_call_in_no_known_form_names_the_forms() -> None:
    said = problems(UCM, {"x": 1})["body"]
    assert "confname" in said
    assert "startTime" in said
    assert set(problems(NATIVE, {})) == {"subject", "start", "end", "external_id"}
    assert set(problems(UCM, {"confname": "x"})) == {"bookid", "starttime", "endtime"}


def test_the_id_comes_from_the_path_or_the_body() -> None:
    unnamed = native()
    del unnamed["external_id"]
    assert read(NATIVE, unnamed, external_id="p").meeting.external_id == "p"
    assert read(NATIVE, native(), external_id="7").meeting.external_id == "7"
    assert list(problems(NATIVE, native(), external_id="8")) == ["external_id"]
    assert list(problems(NATIVE, unnamed, external_id="\ud800")) == ["external_id"]
    assert list(problems(NATIVE, unnamed, external_id="x" * 256)) == ["external_id"]
    assert read(UCM, form(bookid=1714377600000)).meeting.external_id == "1714377600000"


def test_the_id_of_a_wave_call_stands_in_only_where_nothing_else_names_the_meeting() -> None:
    assert read(UCM, wave()).meeting.external_id == "1714377600000"
    assert read(UCM, wave(external_id="w")).meeting.external_id == "w"
    assert read(UCM, wave(), external_id="p").meeting.external_id == "p"


@pytest.mark.parametrize(
    ("start", "zone", "device_zone", "expected_zone", "wall"),
    [
        ("2024-04-29T10:00:00", "Etc/GMT-1", "Asia/Tokyo", "Etc/GMT-1", "10:00"),
        ("2024-04-29T10:00:00", None, "Etc/GMT-1", "Etc/GMT-1", "10:00"),
        ("2024-04-29T10:00:00", "+0100", None, "Etc/GMT-1", "10:00"),
        ("2024-04-29T09:00:00Z", "Europe/Paris", None, "Europe/Paris", "11:00"),
        ("2024-04-29T09:00:00.500Z", None, "America/New_York", "America/New_York", "05:00"),
        ("2024-04-29t09:00:00z", None, None, "UTC", "09:00"),
        ("2024-04-29T10:00:00+01:00", None, None, "Etc/GMT-1", "10:00"),
        ("2024-04-29T14:30+05:30", "Asia/Kolkata", None, "Asia/Kolkata", "14:30"),
        ("2024-04-29T09:00:00Z", "+0800", "Europe/Paris", "Europe/Paris", "11:00"),
    ],
)
def test_where_the_zone_comes_from(
    start: str, zone: str | None, device_zone: str | None, expected_zone: str, wall: str
) -> None:
    said = read(NATIVE, native(start=start, end=None, duration_minutes=60, time_zone=zone), device_zone=device_zone)
    meeting = said.meeting
    assert (meeting.zone, f"{meeting.start_local:%H:%M}", meeting.zone_text) == (expected_zone, wall, zone)
    assert (meeting.start_utc_s, meeting.end_utc_s) == (NINE, NINE + 3600)
    assert not [warning for warning in said.warnings if "offset" in warning]


def test_a_bare_offset_gives_way_to_the_devices_zone_and_that_is_told() -> None:
    said = read(UCM, form(timezone="+0800"), device_zone="Etc/GMT-1")
    assert (said.meeting.zone, said.meeting.start_utc_s, said.meeting.zone_text) == ("Etc/GMT-1", NINE, "+0800")
    assert "+0800" in said.warnings[0]
    assert "Etc/GMT-1" in said.warnings[0]
    assert not [
        text for text in read(UCM, form(timezone="+0100"), device_zone="Etc/GMT-1").warnings if "offset" in text
    ]


def test_a_time_without_any_zone_is_refused_whatever_the_machine_says() -> None:
    assert "devices[].time_zone" in problems(UCM, form(timezone=None))["timezone"]
    half = native(start="2024-04-29T10:00:00+05:30", end="2024-04-29T11:00:00+05:30", time_zone=None)
    assert "Asia/Kolkata" in problems(NATIVE, half)["time_zone"]
    assert list(problems(UCM, wave(), device_zone="Nowhere")) == ["devices[].time_zone"]


def test_a_label_that_disagrees_with_its_code_is_told() -> None:
    said = read(UCM, form(timezone="(UTC-01:00) Etc/GMT-1"))
    assert said.meeting.start_utc_s == NINE
    assert "disagrees" in said.warnings[0]


def test_epoch_times_are_shown_in_the_devices_zone_or_utc() -> None:
    meeting = read(UCM, wave(), device_zone="Europe/Paris").meeting
    assert (meeting.start_utc_s, meeting.start_local, meeting.zone) == (NINE, datetime(2024, 4, 29, 11), "Europe/Paris")
    single, series = read(UCM, wave()), read(UCM, wave(cycle="WEEKLY"))
    assert single.meeting.zone == "UTC"
    assert not [warning for warning in single.warnings if "UTC" in warning]
    assert [warning for warning in series.warnings if "UTC time when clocks change" in warning]


def test_a_series_in_a_fixed_zone_is_told_to_drift() -> None:
    assert [text for text in read(UCM, form(recurringevent="DAILY")).warnings if "summer time" in text]
    assert not [text for text in read(UCM, form()).warnings if "summer time" in text]
    in_paris = read(UCM, form(recurringevent="DAILY", timezone="Europe/Paris"))
    assert not [text for text in in_paris.warnings if "summer time" in text]


@pytest.mark.parametrize(
    ("start", "utc", "shown", "said"),
    [
        ("2025-03-30T02:30:00", "2025-03-30T01:30", "2025-03-30T03:30:00", "does not exist"),
        ("2024-10-27T02:30:00", "2024-10-27T00:30", "2024-10-27T02:30:00", "comes twice"),
    ],
)
def test_times_in_a_gap_or_a_fold(start: str, utc: str, shown: str, said: str) -> None:
    translation = read(NATIVE, native(start=start, end=None, duration_minutes=60, time_zone="Europe/Paris"))
    meeting = translation.meeting
    assert f"{datetime.fromtimestamp(meeting.start_utc_s, UTC):%Y-%m-%dT%H:%M}" == utc
    assert meeting.start_local == datetime.fromisoformat(shown)
    assert said in translation.warnings[0]


@pytest.mark.parametrize("year", [1, 1969, 2022, 2030, 9998, 9999])
def test_years_out_of_reach_are_named_problems(year: int) -> None:
    for zone in ("Etc/GMT-14", "Etc/GMT+12", "Europe/Paris", "America/New_York"):
        call = native(start=f"{year:04}-03-10T02:30:00", end=f"{year:04}-03-10T03:30:00", time_zone=zone)
        assert "start" in problems(NATIVE, call)
        aware = native(start=f"{year:04}-01-01T00:00:00+14:00", end=f"{year:04}-12-31T23:59:59-12:00", time_zone=zone)
        assert "start" in problems(NATIVE, aware)
        assert list(
            problems(UCM, form(starttime=f"{year:04}-12-31 23:00:00", endtime=f"{year:04}-12-31 23:59:59"))
        ) == ["starttime"]


@pytest.mark.parametrize("start_ms", [10**30, -(10**30), 1 << 63, -1, 0])
def test_epoch_times_out_of_reach_are_named_problems(start_ms: int) -> None:
    said = problems(UCM, wave(startTime=start_ms, endTime=start_ms + 3_600_000))
    assert list(said) == ["startTime"]
    assert set(problems(UCM, wave(startTime=start_ms))) == {"startTime", "endTime"}


def test_a_meeting_that_a_gap_leaves_no_time_for_is_explained() -> None:
    said = problems(
        NATIVE, native(start="2025-03-09T02:30:00", end="2025-03-09T03:30:00", time_zone="America/New_York")
    )
    assert list(said) == ["end", "start"]
    assert "clocks go forward" in said["start"]


def test_a_year_back_and_five_years_ahead_are_within_reach() -> None:
    day_s = 86_400
    for start_s, fits in [
        (NOW_S - 365 * day_s, True),
        (NOW_S - 367 * day_s, False),
        (NOW_S + 1826 * day_s, True),
        (NOW_S + 1831 * day_s, False),
    ]:
        call = wave(startTime=start_s * 1000, endTime=(start_s + 3600) * 1000)
        assert (problems(UCM, call) == {}) is fits


@pytest.mark.parametrize(
    ("rule", "repeat"),
    [
        ({"frequency": "daily"}, Repeat(frequency=Frequency.DAILY)),
        ({"frequency": "yearly", "interval": 2, "count": 3}, Repeat(frequency=Frequency.YEARLY, interval=2, count=3)),
        (
            {"frequency": "weekly", "until": "2024-06-01"},
            Repeat(
                frequency=Frequency.WEEKLY, until_utc_s=int(datetime(2024, 6, 1, 22, 59, 59, tzinfo=UTC).timestamp())
            ),
        ),
        (
            {"frequency": "weekly", "until": "2024-06-03T10:00:00"},
            Repeat(frequency=Frequency.WEEKLY, until_utc_s=int(datetime(2024, 6, 3, 9, tzinfo=UTC).timestamp())),
        ),
        (
            {"frequency": "weekly", "until": "2024-06-03T09:00:00Z"},
            Repeat(frequency=Frequency.WEEKLY, until_utc_s=int(datetime(2024, 6, 3, 9, tzinfo=UTC).timestamp())),
        ),
        (None, None),
    ],
)
def test_repeat_rules(rule: object, repeat: Repeat | None) -> None:
    assert read(NATIVE, native(repeat=rule)).meeting.repeat == repeat


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("daily", "repeat"),
        ([], "repeat"),
        ({}, "repeat.frequency"),
        ({"frequency": "hourly"}, "repeat.frequency"),
        ({"frequency": ["daily"]}, "repeat.frequency"),
        ({"frequency": "daily", "interval": 0}, "repeat.interval"),
        ({"frequency": "daily", "interval": 100}, "repeat.interval"),
        ({"frequency": "daily", "count": 731}, "repeat.count"),
        ({"frequency": "daily", "count": True}, "repeat.count"),
        ({"frequency": "daily", "count": 2, "until": "2024-06-01"}, "repeat.until"),
        ({"frequency": "daily", "until": "2024-04-28"}, "repeat.until"),
        ({"frequency": "daily", "until": "2029-06-01"}, "repeat.until"),
        ({"frequency": "daily", "until": "9999-12-31"}, "repeat.until"),
        ({"frequency": "daily", "until": "0001-01-01T00:00:00+14:00"}, "repeat.until"),
        ({"frequency": "daily", "until": "soon"}, "repeat.until"),
        ({"frequency": "weekly", "weekdays": ["MO", "MO"]}, "repeat.weekdays"),
        ({"frequency": "weekly", "weekdays": ["monday"]}, "repeat.weekdays"),
        ({"frequency": "weekly", "weekdays": "MO"}, "repeat.weekdays"),
        ({"frequency": "weekly", "weekdays": [["MO"]]}, "repeat.weekdays"),
        ({"frequency": "daily", "weekdays": ["MO"]}, "repeat.weekdays"),
        ({"frequency": "daily", "rrule": "FREQ=SECONDLY"}, "repeat.rrule"),
    ],
)
def test_repeat_rules_that_are_refused(rule: object, field: str) -> None:
    assert list(problems(NATIVE, native(repeat=rule))) == [field]


def test_text_is_made_fit_for_a_calendar() -> None:
    meeting = read(
        NATIVE,
        native(
            subject=" Cafe\u0301 \u202egnp.exe\u202c\tnow\r\n\u200bnext\x07 ",
            agenda="one\r\ntwo\tthree\x00\x1b[31m\u2028four",
            host={"extension": "1000", "name": "A\u2066nn\u2069"},
        ),
    ).meeting
    assert meeting.subject == "Café gnp.exe now next"
    assert meeting.agenda == "one\ntwo\tthree[31m\nfour"
    assert meeting.host == Invitee(extension="1000", name="Ann")
    heap = read(NATIVE, native(subject="a" + "\u0323\u0301" * 20_000)).meeting.subject
    assert 1 < len(heap) <= 31
    persian = "\u0645\u06cc\u200c\u0631\u0648\u0645"
    assert read(NATIVE, native(subject=persian)).meeting.subject == persian
    assert read(NATIVE, native(subject="\ud800x")).meeting.subject == "x"


def test_a_form_body_says_the_same_as_json() -> None:
    for profile_id, call in [(NATIVE, native(duration_minutes=60, end=None)), (UCM, form()), (UCM, wave())]:
        texts: dict[str, object] = {}
        for name, value in call.items():
            if value is not None:
                as_text = value if isinstance(value, str) else json.dumps(value)
                texts[name] = as_text
        said = read(profile_id, texts, text_values=True)
        assert said == read(profile_id, call)


@pytest.mark.parametrize("value", ["six", "-1", "6e1", "\uff11", "", "9" * 40, "0x10", "1.0", "+5"])
def test_numbers_in_a_form_are_ascii_digits(value: str) -> None:
    call = {"external_id": "7", "subject": "x", "start": "2024-04-29T10:00:00Z", "duration_minutes": value}
    assert problems(NATIVE, call, text_values=True)


def test_what_the_device_reads_back_has_no_pins() -> None:
    for profile_id, call in [
        (NATIVE, native(password="4711")),
        (UCM, form(pincode="4711")),
        (UCM, wave(password=4711)),
    ]:
        said = read(profile_id, call)
        shown = json.dumps(to_payload(profile(profile_id), said.shape, said.meeting))
        assert "4711" not in shown
        assert "5021" not in shown


def test_a_meeting_in_words_of_a_shape_the_profile_lost_uses_its_first() -> None:
    said = read(UCM, form())
    assert to_payload(profile(UCM), "gone", said.meeting)["startTime"] == NINE * 1000


def test_the_second_of_two_equal_times_is_written_as_an_instant() -> None:
    twice = read(NATIVE, native(start="2024-10-27T01:30:00Z", end="2024-10-27T03:00:00Z", time_zone="Europe/Paris"))
    payload = to_payload(profile(NATIVE), "meeting", twice.meeting)
    assert payload["start"] == "2024-10-27T01:30:00Z"
    assert read(NATIVE, payload | {"host_password": "5021"}).meeting == twice.meeting
