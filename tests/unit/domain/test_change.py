"""The stored form keeps everything but shows no PIN; the fingerprint sees every change but the sequence."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.change import fingerprint, from_json, stored, to_json
from gateway.domain.meeting import Frequency, Invitee, Join, Meeting, Repeat, Weekday

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

KEY = b"k" * 32
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PIN = st.none() | st.text("0123456789", min_size=4, max_size=10)
INVITEE = st.builds(Invitee, extension=st.none() | TEXT, email=st.none() | TEXT, name=st.none() | TEXT)
MEETINGS = st.builds(
    Meeting,
    external_id=TEXT,
    subject=TEXT,
    start_local=st.datetimes(),
    end_local=st.datetimes(),
    zone=TEXT,
    start_utc_s=st.integers(-(1 << 40), 1 << 40),
    end_utc_s=st.integers(-(1 << 40), 1 << 40),
    zone_text=st.none() | TEXT,
    repeat=st.none()
    | st.builds(
        Repeat,
        frequency=st.sampled_from(Frequency),
        interval=st.integers(1, 99),
        count=st.none() | st.integers(1, 730),
        until_utc_s=st.none() | st.integers(0, 1 << 40),
        weekdays=st.lists(st.sampled_from(Weekday), unique=True).map(tuple),
    ),
    agenda=TEXT,
    host=st.none() | INVITEE,
    invitees=st.lists(INVITEE, max_size=4).map(tuple),
    room=st.none() | TEXT,
    public_room=st.booleans(),
    password=PIN,
    host_password=PIN,
    reminder_minutes=st.none() | st.integers(0, 40320),
    allow_user_invite=st.booleans(),
    call_participants=st.booleans(),
    override_host_mute=st.booleans(),
    auto_record=st.sampled_from(["none", "audio", "video"]),
    sync_to_calendar=st.booleans(),
    sequence=st.none() | st.integers(0, 1 << 31),
    all_day=st.booleans(),
    join=st.none() | st.builds(Join, sip_uri=st.none() | TEXT, dial_in=st.none() | TEXT, web_link=st.none() | TEXT),
)


def sealed(pin: str) -> str:
    return "sealed:" + pin[::-1]


def unsealed(text: str) -> str:
    return text.removeprefix("sealed:")[::-1]


def vendor_meeting() -> Meeting:
    return Meeting(
        external_id="1714377600000",
        subject="Weekly_Meeting",
        start_local=datetime(2024, 4, 29, 10),
        end_local=datetime(2024, 4, 29, 11),
        zone="Etc/GMT-1",
        start_utc_s=1714381200,
        end_utc_s=1714384800,
        host=Invitee(extension="1000"),
        invitees=(Invitee(extension="1001"), Invitee(extension="1002", email="bob@example.com")),
        password="0042",
        host_password="5021",
        reminder_minutes=60,
    )


@patient
@given(MEETINGS)
def test_the_stored_form_keeps_every_field(meeting: Meeting) -> None:
    assert from_json(to_json(meeting, sealed), unsealed) == meeting


@patient
@given(MEETINGS, MEETINGS)
def test_meetings_are_equal_when_their_fingerprints_are(one: Meeting, two: Meeting) -> None:
    unnumbered = [dataclasses.replace(meeting, sequence=None) for meeting in (one, two)]
    assert (fingerprint(one, KEY) == fingerprint(two, KEY)) == (unnumbered[0] == unnumbered[1])
    assert fingerprint(one, KEY) == fingerprint(unnumbered[0], KEY)


@patient
@given(MEETINGS)
def test_both_at_once_are_the_same_as_each_alone(meeting: Meeting) -> None:
    assert stored(meeting, KEY, sealed) == (to_json(meeting, sealed), fingerprint(meeting, KEY))


OTHER = {
    "external_id": "2",
    "subject": "Other",
    "start_local": datetime(2024, 4, 29, 10, 1),
    "end_local": datetime(2024, 4, 29, 11, 1),
    "zone": "Europe/Paris",
    "start_utc_s": 1,
    "end_utc_s": 2,
    "zone_text": "+0100",
    "repeat": Repeat(frequency=Frequency.DAILY),
    "agenda": "x",
    "host": Invitee(extension="1009"),
    "invitees": (),
    "room": "6300",
    "public_room": True,
    "password": "0043",
    "host_password": "5022",
    "reminder_minutes": None,
    "allow_user_invite": True,
    "call_participants": True,
    "override_host_mute": True,
    "auto_record": "audio",
    "sync_to_calendar": False,
    "all_day": True,
    "join": Join(sip_uri="sip:6300@pbx.example.com"),
    "meet": False,
}


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Meeting) if field.name != "sequence"])
def test_every_field_changes_the_fingerprint(field: str) -> None:
    changed = dataclasses.replace(vendor_meeting(), **{field: OTHER[field]})
    assert fingerprint(changed, KEY) != fingerprint(vendor_meeting(), KEY)


def test_the_fingerprint_needs_the_key_and_is_32_digits() -> None:
    meeting = vendor_meeting()
    assert fingerprint(meeting, KEY) != fingerprint(meeting, b"j" * 32)
    assert len(fingerprint(meeting, KEY)) == 32
    assert int(fingerprint(meeting, KEY), 16)


def test_swapped_pins_are_a_change() -> None:
    meeting = vendor_meeting()
    swapped = dataclasses.replace(meeting, password=meeting.host_password, host_password=meeting.password)
    assert fingerprint(meeting, KEY) != fingerprint(swapped, KEY)


def test_pins_are_stored_sealed_only() -> None:
    text = to_json(vendor_meeting(), lambda _: "***")
    assert "0042" not in text
    assert "5021" not in text


def test_the_form_is_compact_and_stays_as_it_is() -> None:
    """Stored meetings are read by later versions: keys may be added, never renamed."""
    assert json.loads(to_json(vendor_meeting(), sealed)) == {
        "v": 1,
        "id": "1714377600000",
        "su": "Weekly_Meeting",
        "sl": "2024-04-29T10:00:00",
        "el": "2024-04-29T11:00:00",
        "z": "Etc/GMT-1",
        "s": 1714381200,
        "e": 1714384800,
        "rm": 60,
        "h": ["1000"],
        "i": [["1001"], ["1002", "bob@example.com"]],
        "pw": "sealed:2400",
        "hp": "sealed:1205",
    }


def test_the_same_meeting_has_the_same_text_and_fingerprint_in_every_version() -> None:
    """Otherwise every meeting would be taken for changed when its device repeats it after an upgrade."""
    assert fingerprint(vendor_meeting(), KEY) == "59031342614a5a03069f2a920f727499"
    meeting = dataclasses.replace(
        vendor_meeting(),
        zone_text="(UTC+01:00) Etc/GMT-1",
        repeat=Repeat(frequency=Frequency.WEEKLY, interval=2, count=10, weekdays=(Weekday.MONDAY,)),
        agenda='1. "Numbers"\n2. Pl\xe4ne \u2028',
        invitees=(
            Invitee(extension="1001"),
            Invitee(email="bob@example.com"),
            Invitee(extension="3", name="Ann"),
        ),
        room="63\\00",
        public_room=True,
        auto_record="video",
        sync_to_calendar=False,
        sequence=7,
    )
    assert stored(meeting, KEY, sealed) == (
        '{"v":1,"id":"1714377600000","su":"Weekly_Meeting","sl":"2024-04-29T10:00:00","el":"2024-04-29T11:00:00",'
        '"z":"Etc/GMT-1","s":1714381200,"e":1714384800,"zt":"(UTC+01:00) Etc/GMT-1","ro":"63\\\\00","rm":60,'
        '"pr":true,"sy":false,"ag":"1. \\"Numbers\\"\\n2. Pl\xe4ne \u2028","ar":"video",'
        '"rp":{"f":"weekly","n":2,"c":10,"d":["MO"]},"h":["1000"],'
        '"i":[["1001"],[null,"bob@example.com"],["3",null,"Ann"]],"pw":"sealed:2400","hp":"sealed:1205","q":7}',
        "ce8f8f260cad7e2350615969f54bf12c",
    )


def test_whole_days_and_ways_to_join_have_keys_of_their_own() -> None:
    meeting = dataclasses.replace(
        vendor_meeting(), all_day=True, join=Join(sip_uri="sip:1@a", web_link="https://a/1"), password=None
    )
    data = json.loads(to_json(meeting, sealed))
    assert (data["ad"], data["jo"]) == (True, ["sip:1@a", None, "https://a/1"])
    assert from_json(json.dumps(data), unsealed) == meeting


@patient
@given(MEETINGS)
def test_the_text_is_what_a_json_encoder_writes(meeting: Meeting) -> None:
    text = to_json(meeting, sealed)
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"v":2}', '{"v":1}', '{"v":1,"id":"x","su":"x","sl":1}', '{"v":1,"jo":[1]}', "nonsense"]
)
def test_what_is_not_a_stored_meeting_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text, unsealed)
