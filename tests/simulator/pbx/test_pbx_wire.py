"""The wire text of both shapes against the vendor's sample objects, byte for byte where a sample exists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import pytest

from simulator.pbx.booking import AutoRecord, Booking, Member, Repeat, ScheduleForm, vendor_example
from simulator.pbx.push import BodyType, encode
from simulator.pbx.wire import CannotSay, Shape, fields

SAMPLE_DAY = datetime(2024, 4, 29)

# The web interface's object as the vendor's code writes it: names, order and value forms.
FORM_SAMPLE = """{
  "bookid": "1714377600000",
  "confname": "Weekly_Meeting",
  "confno": "6300",
  "description": "",
  "starttime": "2024-04-29 10:00:00",
  "endtime": "2024-04-29 11:00:00",
  "recurringevent": "COMMON",
  "open_calendar": "yes",
  "pincode": "",
  "admin_pincode": "5021",
  "user_invite": "no",
  "con_admin": "1000",
  "members": "[{\\"member_name\\":\\"1000\\",\\"member_extension\\":\\"1000\\",\\"email\\":\\"host@example.com\\",\
\\"send_email\\":\\"yes\\",\\"location\\":\\"local\\",\\"is_admin\\":\\"yes\\",\\"state\\":\\"needsAction\\"},\
{\\"member_name\\":\\"1001\\",\\"member_extension\\":\\"1001\\",\\"email\\":\\"\\",\\"send_email\\":\\"no\\",\
\\"location\\":\\"local\\",\\"is_admin\\":\\"no\\",\\"state\\":\\"needsAction\\"}]",
  "timezone": "Etc/GMT-1",
  "email_reminder": 60,
  "call_participants": "no",
  "override_host_mute": "no",
  "auto_record": "none",
  "public": "no"
}"""

# The Wave SDK's object for the guide's example, with the id a gateway needs in front.
WAVE_SAMPLE = """{
  "external_id": "1714377600000",
  "subject": "Weekly_Meeting",
  "hostCode": 5021,
  "agenda": "",
  "meetingType": 0,
  "autoCallInvite": 0,
  "allowParticipantsInvite": 0,
  "emailRemindTime": 60,
  "startTime": 1714381200000,
  "endTime": 1714384800000,
  "invitees": [
    {"memberExtension": "1000", "email": "host@example.com", "isHost": 1},
    {"memberExtension": "1001"}, {"memberExtension": "1002"},
    {"memberExtension": "1003"}, {"memberExtension": "1004"}
  ]
}"""


def example(**changes: object) -> Booking:
    form = ScheduleForm(
        start=datetime(2024, 4, 29, 10),
        end=datetime(2024, 4, 29, 11),
        room="6300",
        time_zone="Etc/GMT-1",
        host_password="5021",
        host=Member(extension="1000", email="host@example.com"),
        invitees=(Member(extension="1001"),),
    )
    return Booking(book_id="1714377600000", form=replace(form, **changes))


def test_form_shape_is_the_sample_byte_for_byte():
    assert json.dumps(fields(example(), Shape.FORM)) == json.dumps(json.loads(FORM_SAMPLE))


def test_wave_shape_is_the_sample_byte_for_byte():
    four = tuple(Member(extension=str(number)) for number in range(1001, 1005))
    assert json.dumps(fields(example(invitees=four), Shape.WAVE)) == json.dumps(json.loads(WAVE_SAMPLE))


def test_form_shape_carries_every_item_of_the_form():
    said = fields(
        example(
            agenda="Numbers of the week",
            public_room=True,
            password="1234",
            allow_user_invite=True,
            call_participants=True,
            override_host_mute=True,
            sync_to_google=False,
            auto_record=AutoRecord.AUDIO,
            email_reminder_minutes=5,
            time_zone="(UTC+01:00) Etc/GMT-1",
        ),
        Shape.FORM,
    )
    expected = {
        "description": "Numbers of the week",
        "public": "yes",
        "pincode": "1234",
        "user_invite": "yes",
        "call_participants": "yes",
        "override_host_mute": "yes",
        "open_calendar": "no",
        "auto_record": "audio",
        "email_reminder": 5,
        "timezone": "(UTC+01:00) Etc/GMT-1",
    }
    assert {key: said[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("repeat", "day", "word"),
    [
        (Repeat.NONE, 29, "COMMON"),
        (Repeat.DAILY, 29, "DAILY"),
        (Repeat.WEEKLY, 29, "Fmonday"),
        (Repeat.WEEKLY, 28, "Esunday"),
        (Repeat.WEEKLY, 27, "Ksaturday"),
        (Repeat.WEEKLY, 24, "Hwednesday"),
    ],
)
def test_repeat_of_the_form_shape_names_one_weekday(repeat, day, word):
    said = fields(example(repeat=repeat, start=datetime(2024, 4, day, 10)), Shape.FORM)
    assert said["recurringevent"] == word


@pytest.mark.parametrize("repeat", [Repeat.DAILY, Repeat.WEEKLY, Repeat.MONTHLY])
def test_repeat_of_the_wave_shape(repeat):
    assert fields(example(repeat=repeat), Shape.WAVE)["cycle"] == repeat.name
    assert "cycle" not in fields(example(), Shape.WAVE)


def test_members_without_an_extension_are_remote_and_named_by_their_address():
    said = fields(example(invitees=(Member(email="x" * 80 + "@example.com"),)), Shape.FORM)
    member = json.loads(said["members"])[1]
    assert member["location"] == "remote"
    assert member["member_extension"] == ""
    assert len(member["member_name"]) == 64
    assert member["send_email"] == "yes"


def test_wave_shape_writes_the_instant_and_keeps_leading_zeros_of_pins():
    said = fields(
        example(
            start=datetime(2026, 7, 6, 10),
            end=datetime(2026, 7, 6, 11),
            time_zone="(UTC+02:00) Europe/Paris",
            password="0123",
            public_room=True,
            call_participants=True,
            allow_user_invite=True,
        ),
        Shape.WAVE,
    )
    assert said["startTime"] == 1783324800000  # 08:00Z: summer time in Paris
    assert said["password"] == "0123"
    assert (said["meetingType"], said["meetingNum"]) == (1, "6300")
    assert (said["autoCallInvite"], said["allowParticipantsInvite"]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "item"),
    [
        ({"sync_to_google": False}, "Sync to Google Calendar"),
        ({"override_host_mute": True}, "Override Host Mute"),
        ({"auto_record": AutoRecord.VIDEO}, "Auto Record"),
    ],
)
def test_wave_shape_refuses_what_it_has_no_field_for(change, item):
    with pytest.raises(CannotSay, match=item):
        fields(example(**change), Shape.WAVE)


def test_form_shape_has_no_monthly():
    with pytest.raises(CannotSay, match="use the wave shape"):
        fields(example(repeat=Repeat.MONTHLY), Shape.FORM)


def test_wave_shape_refuses_an_unknown_zone():
    with pytest.raises(CannotSay, match="no time zone"):
        fields(example(time_zone="(UTC+01:00) Mars/Base"), Shape.WAVE)


def test_urlencoded_body_holds_members_as_json_text_and_numbers_as_digits():
    headers, data = encode(fields(example(), Shape.FORM), BodyType.URLENCODED)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert data is not None
    assert b"email_reminder=60&" in data
    assert b"&members=%5B%7B%22member_name%22%3A%221000%22%2C" in data


def test_the_vendor_example_is_the_guides_meeting():
    form = vendor_example(SAMPLE_DAY)
    said = fields(Booking(book_id="1", form=form), Shape.FORM)
    assert (said["confname"], said["starttime"], said["endtime"]) == (
        "Weekly_Meeting",
        "2024-04-29 10:00:00",
        "2024-04-29 11:00:00",
    )
    assert said["timezone"] == "(UTC+01:00) Etc/GMT-1"
    assert [one["member_extension"] for one in json.loads(said["members"])] == ["1000", "1001", "1002", "1003", "1004"]
    assert (said["email_reminder"], said["admin_pincode"], said["open_calendar"]) == (60, "5021", "yes")
    assert (said["user_invite"], said["call_participants"]) == ("yes", "yes")


def test_pins_are_not_in_reprs():
    assert "5021" not in repr(example())
