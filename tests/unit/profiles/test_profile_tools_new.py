"""A profile drafted from captured calls: what is guessed, what is left unsure, and that no person or secret stays."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import yaml_source
from gateway.operations.profiles.columns import Call, columns
from gateway.operations.profiles.draft import Draft, DraftError, draft
from gateway.operations.profiles.examples import meeting_words, replay
from gateway.operations.profiles.lint import lint
from gateway.operations.profiles.times import date_coding
from gateway.operations.profiles.yaml import comment, flow
from gateway.profiles.fields import Part
from gateway.profiles.inheritance import source_of
from gateway.profiles.model import Profile
from gateway.profiles.reader import read_profile
from gateway.profiles.translate import Context, to_meeting

NOW_S = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
BASE: dict[str, Any] = {"id": "B-1", "title": "Talk", "start": "2027-03-08 10:00", "end": "2027-03-08 11:00"}
OTHER = {**BASE, "id": "B-2", "title": "Board", "start": "2027-04-08 12:00", "end": "2027-04-08 12:30"}


def drafted(*calls: dict[str, Any], zone: str | None = "Europe/Berlin", forms: bool = False) -> Draft:
    return draft("acme/bridge", [Call(call, forms) for call in calls], time_zone=zone, now_s=NOW_S)


def read(made: Draft) -> Profile:
    """The profile of a draft, after it was linted and its examples replayed."""
    document = yaml_source.parse(made.text.encode())
    profile = read_profile("acme/bridge", document, "bridge.yaml")
    assert lint(profile, source_of(document, "bridge.yaml")) == []
    assert [difference for result in replay(profile) for difference in result.differences] == []
    return profile


def parts(made: Draft) -> dict[Part, tuple[str, str]]:
    """Name and coding of each part."""
    return {field.part: (field.name, field.coding.value) for field in read(made).shapes[0].fields}


def said(made: Draft, at: int = 0) -> dict[str, Any]:
    """What an example says the meeting is."""
    return dict(read(made).examples[at].meeting)


def test_three_calls_become_a_profile_that_understands_them():
    made = drafted(BASE, OTHER, {**BASE, "title": "Talk, moved"})
    assert parts(made) == {
        Part.EXTERNAL_ID: ("id", "code"),
        Part.SUBJECT: ("title", "text"),
        Part.START: ("start", "local_time"),
        Part.END: ("end", "local_time"),
    }
    assert made.refused == ()
    assert said(made, 1)["start_utc"] == "2027-04-08T10:00:00Z"
    profile = read(made)
    assert profile.trust.value == "simulated"
    assert [example.source for example in profile.examples] == ["captured calls"] * 3


@pytest.mark.parametrize(
    ("one", "two", "coding", "start"),
    [
        (1804500000000, 1804500060000, "epoch_ms", "2027-03-08T10:00:00Z"),
        (1804500000, 1804500060, "epoch_s", "2027-03-08T10:00:00Z"),
        ("2027-03-08T10:00:00Z", "2027-03-08T10:30:00+01:00", "date_time", "2027-03-08T10:00:00Z"),
        ("2027-03-08 10:00:00", "2027-03-09 10:00", "local_time", "2027-03-08T09:00:00Z"),
    ],
)
def test_times_are_told_by_how_they_are_written(one: object, two: object, coding: str, start: str):
    calls = [{"id": n, "title": f"T{n}", "beginsAt": at, "minutes": 30} for n, at in ((1, one), (2, two))]
    made = drafted(*calls)
    assert parts(made)[Part.START] == ("beginsAt", coding)
    assert said(made)["start_utc"] == start


def test_dates_and_times_of_day_in_fields_of_their_own():
    calls = [
        {"id": n, "subject": f"T{n}", "date": f"{n}.3.2027", "time": "9:30 AM", "endTime": "10:15 AM"} for n in (8, 9)
    ]
    made = drafted(*calls)
    assert parts(made)[Part.START_DATE] == ("date", "date_dmy")
    assert parts(made)[Part.START_TIME] == ("time", "time_12")
    assert said(made)["end_utc"] == "2027-03-08T09:15:00Z"


def test_a_time_whose_name_says_utc_is_utc():
    made = drafted({"id": 1, "title": "T", "startUtc": "2027-03-08 10:00", "minutes": 30})
    assert parts(made)[Part.START] == ("startUtc", "utc_time")
    assert said(made)["start_utc"] == "2027-03-08T10:00:00Z"


def test_an_id_that_differs_between_meetings_is_preferred():
    made = drafted({"uuid": "box-1", **BASE}, {"uuid": "box-1", **OTHER})
    assert parts(made)[Part.EXTERNAL_ID] == ("id", "code")
    assert "unused: [uuid]" in made.text


def test_a_date_that_could_be_read_in_two_ways_is_not_guessed():
    (column,) = columns([Call({"date": "03/04/2027"})])
    assert date_coding(column) is None
    (column,) = columns([Call({"date": "03/04/2027"}), Call({"date": "03/14/2027"})])
    assert date_coding(column) == "date_mdy"
    with pytest.raises(DraftError, match="a start"):
        drafted({"id": 1, "title": "T", "date": "03/04/2027", "time": "10:00", "minutes": 30})


@pytest.mark.parametrize(
    ("name", "value", "end", "doubt"),
    [
        ("minutes", 45, "2027-03-08T09:45:00Z", False),
        ("durationSeconds", "1800", "2027-03-08T09:30:00Z", False),
        ("duration_hours", 2, "2027-03-08T11:00:00Z", False),
        ("duration", 90, "2027-03-08T10:30:00Z", True),
        ("duration", 3600, "2027-03-08T10:00:00Z", True),
    ],
)
def test_a_duration_whose_unit_has_no_name_is_doubted(name: str, value: object, end: str, doubt: bool):
    made = drafted({"id": 1, "title": "T", "start": "2027-03-08 10:00", name: value})
    assert said(made)["end_utc"] == end
    assert any(f"{name} as duration" in check for check in made.checks) is doubt


def test_people_in_objects_in_json_text_and_in_one_text():
    people = [{"ext": "1001", "mail": "ben@acme.test", "fullName": "Ben Cole", "isHost": 0, "state": "new"}]
    for value in (people, json.dumps(people)):
        made = drafted({**BASE, "members": value}, OTHER)
        (field,) = (field for field in read(made).shapes[0].fields if field.part is Part.INVITEES)
        assert {one.part for one in field.each} == {Part.EXTENSION, Part.EMAIL, Part.NAME, Part.IS_HOST}
        assert field.json_text is isinstance(value, str)
        assert said(made)["invitees"] == [{"extension": "1001", "email": "person1@example.com", "name": "Person 1"}]
    made = drafted({**BASE, "guests": "ben@acme.test; 1001"}, OTHER)
    assert parts(made)[Part.INVITEES] == ("guests", "address_list")
    made = drafted({**BASE, "organizer": {"email": "ben@acme.test", "name": "Ben"}}, OTHER)
    assert said(made)["host"] == {"email": "person1@example.com", "name": "Person 1"}


def test_a_meeting_inside_objects_and_inside_json_text():
    made = drafted({"Booking": {"Id": 1, "Title": "T", "Time": {"Start": "2027-03-08T10:00:00Z", "Minutes": 30}}})
    assert parts(made)[Part.START] == ("Booking.Time.Start", "date_time")
    made = drafted(*({"type": 7, "msg": json.dumps(call)} for call in (BASE, OTHER)))
    assert read(made).shapes[0].unwrap == "msg"
    assert said(made, 1)["subject"] == "Board"


def test_a_call_that_cancels_is_told_by_its_word():
    made = drafted({**BASE, "action": "create"}, {**OTHER, "action": "update"}, {"id": "B-1", "action": "cancelled"})
    profile = read(made)
    assert profile.says_more
    assert [example.cancels for example in profile.examples] == [False, False, True]
    assert any("only the words of the captured calls are known" in check for check in made.checks)


def test_zones_and_repeats_are_taken_only_when_every_value_is_understood():
    made = drafted(
        {**BASE, "tz": "Europe/Paris", "repeat": "WEEKLY"}, {**OTHER, "tz": "+0100", "repeat": "NONE"}, zone=None
    )
    assert parts(made)[Part.ZONE] == ("tz", "zone")
    assert said(made)["repeat"] == {"frequency": "weekly"}
    assert said(made)["zone"] == "Europe/Paris"
    made = drafted({**BASE, "tz": "Mars/Olympus", "repeat": "fortnightly"}, OTHER, zone=None)
    assert {Part.ZONE, Part.REPEAT} & set(parts(made)) == set()
    for name in ("tz", "repeat"):
        assert any(check.startswith(f"{name} was not understood") for check in made.checks)
        assert f"{name} (text)" in made.text
    assert any("read as UTC" in check for check in made.checks)


def test_what_is_only_a_guess_is_said():
    made = drafted({"id": 1, "title": "T", "a": "2027-03-08 10:00", "b": "2027-03-08 11:00"})
    assert [check for check in made.checks if "the name does not say it" in check]
    made = drafted(BASE, {**BASE, "title": "Again"})
    assert any(check.startswith("id as external_id: it was the same in every call") for check in made.checks)
    made = drafted({**BASE, "meetingId": "x"}, {**OTHER, "meetingId": "y"})
    assert any("could be meant as well" in check for check in made.checks)
    assert "# Check: colour" in drafted({**BASE, "colour": "red"}, OTHER).text.replace("\n", " ")


@pytest.mark.parametrize(
    ("left_out", "said"),
    [("id", "an id"), ("title", "a subject"), ("start", "a start"), ("end", "an end or a duration")],
)
def test_without_a_needed_part_there_is_no_profile(left_out: str, said: str):
    call = {key: value for key, value in BASE.items() if key != left_out}
    with pytest.raises(DraftError, match=said):
        drafted(call)
    with pytest.raises(DraftError, match="no call"):
        drafted()


def test_a_call_the_draft_does_not_understand_is_told():
    made = drafted(BASE, OTHER, {**OTHER, "id": "B-3", "end": "2027-04-08 11:00"})
    assert len(made.refused) == 1
    assert made.refused[0].startswith("call 3 is not understood: end: must be after start")
    assert len(read(made).examples) == 2


def test_people_pins_tokens_and_numbers_are_replaced_alike_in_all_calls():
    call = {
        **BASE,
        "pin": "4711",
        "adminPin": 998877,
        "accessToken": "s3cret-value",
        "notes": "ask anna@acme.test",
        "people": [{"phone": "+4930123456", "email": "anna@acme.test", "name": "Anna Berg"}],
        "extra": json.dumps([{"email": "Anna@acme.test"}]),
    }
    made = drafted(call, {**call, **OTHER})
    for told in ("4711", "998877", "s3cret", "acme.test", "Anna", "4930123456"):
        assert told not in made.text, told
    meeting = said(made)
    assert meeting["invitees"][0]["email"] == "person1@example.com"
    assert (len(meeting["password"]), len(meeting["host_password"])) == (4, 6)
    assert made.text.count("ask person1@example.com") >= 2


def test_form_bodies_are_read_as_text():
    made = drafted({**BASE, "minutes": "30"}, OTHER, forms=True)
    assert read(made).examples[0].text_values is True
    assert "dialects: [form]" in made.text


def test_what_the_draft_says_is_what_the_gateway_would_make_of_the_call():
    made = drafted(BASE, OTHER)
    profile = read(made)
    meeting = to_meeting(profile, OTHER, Context(None, "Europe/Berlin", NOW_S)).meeting
    assert {key: meeting_words(meeting)[key] for key in said(made, 1)} == said(made, 1)


# Whatever is captured, a draft is right or refused.

_NAMES = [
    "id", "meetingId", "title", "subject", "name", "start", "startTime", "end", "duration", "tz", "repeat", "members",
    "pin", "host", "action", "date", "time", "all_day", "room", "agenda", "a.b", "yes", "#", "☃", "link", "reminder",
]  # fmt: skip
_names = st.sampled_from(_NAMES)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2_000_000_000_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "10:00",
            "08/03/2027",
            "yes",
            "no",
            "WEEKLY",
            "cancel",
            "{}",
            "[1]",
            "Europe/Paris",
            "+0800",
            "4711",
            "60",
            "ann@example.com",
        ]
    ),
    st.sampled_from(["2027-03-08 10:00", "2027-03-08T10:00:00Z", "https://example.com", "sip:a@b.example", '{"a":1}']),
)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4), max_leaves=8
)
_calls = st.lists(st.dictionaries(_names, _values, max_size=8), min_size=1, max_size=4)


@pytest.mark.timeout(600)
@settings(max_examples=3000 if os.environ.get("LONG") else 60, deadline=None)
@given(calls=_calls, sound=st.booleans(), forms=st.booleans())
def test_any_calls_make_a_profile_that_lints_and_replays_or_none(calls: list[dict[str, Any]], sound: bool, forms: bool):
    if sound:
        calls = [{**call, **(BASE if at % 2 else OTHER)} for at, call in enumerate(calls)]
    try:
        made = drafted(*calls, forms=forms)
    except DraftError:
        return
    read(made)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(min_codepoint=32, exclude_categories=["C"])),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(st.characters(categories=["L", "N", "P"]), min_size=1), inner)
        ),
        max_leaves=6,
    )
)
def test_what_is_written_as_yaml_is_read_back_as_it_was(value: Any):
    document = yaml_source.parse(f"value: {flow(value)}\n".encode())
    assert document.data == {"value": value}


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "null",
        "~",
        "",
        "true",
        "1",
        "1.0",
        "1e3",
        "0x1f",
        "012",
        "-",
        "a: b",
        "#",
        "a #b",
        "[",
        "*a",
        "&a",
        "é",
    ],
)
def test_text_that_looks_like_something_else_is_quoted(text: str):
    assert yaml_source.parse(f"{flow({'key': text})}\n".encode()).data == {"key": text}
    if text != "é" and not text.startswith("a "):
        assert flow(text).startswith('"')


@given(st.text())
def test_a_comment_is_only_a_comment(text: str):
    lines = comment(text, 4)
    assert all(line.startswith("    #") for line in lines)
    assert yaml_source.parse("\n".join([*lines, "a: 1"]).encode()).data == {"a": 1}
