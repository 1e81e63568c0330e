"""From a device to Google in every dialect: scheduled, said again, changed, cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.contract.google_requests import assert_all_valid
from tests.journey.dialect_office import KEYS, DialectOffice, at, local, opened_dialects, start_of, utc

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DialectOffice]:
    async with opened_dialects(tmp_path_factory.mktemp("dialects")) as opened:
        yield opened
        assert_all_valid(opened.google.state.requests)


def ucm_meeting(**changed: object) -> dict[str, object]:
    return {
        "bookid": "1714377600000",
        "confname": "Envelope_Meeting",
        "confno": "6300",
        "starttime": at(10).strftime("%Y-%m-%d %H:%M:%S"),
        "endtime": at(11).strftime("%Y-%m-%d %H:%M:%S"),
        "recurringevent": "COMMON",
        "open_calendar": "yes",
        "admin_pincode": "5021",
        "members": '[{"member_extension": "1001", "email": "anna@example.com", "is_admin": "no"}]',
        "timezone": "Europe/Paris",
        **changed,
    }


async def test_the_ucm_envelope_at_the_servers_root(office: DialectOffice):
    cookie = await office.log_in()
    action = "MultimediaConferenceReservation"
    said = await office.ucm(f"add{action}", cookie=cookie, **ucm_meeting())
    assert (said["status"], said["response"]["state"]) == (0, "queued"), said
    assert said["response"]["bookid"] == "1714377600000"
    assert said["response"]["start_utc"] == utc(at(10))
    (event,) = await office.events("Envelope")
    assert start_of(event) == at(10)
    assert [guest["email"] for guest in event["attendees"]] == ["anna@example.com"]
    later = ucm_meeting(starttime=at(12).strftime("%Y-%m-%d %H:%M:%S"), endtime=at(13).strftime("%Y-%m-%d %H:%M:%S"))
    assert (await office.ucm(f"update{action}", cookie=cookie, **later))["status"] == 0
    (moved,) = await office.events("Envelope")
    assert (moved["id"], start_of(moved)) == (event["id"], at(12))
    shown = await office.ucm(f"get{action}", cookie=cookie, bookid="1714377600000")
    assert shown["response"]["bookid"]["starttime"] == later["starttime"]
    assert "5021" not in str(shown)
    listed = await office.ucm(f"list{action}Info", cookie=cookie, page=1, item_num=10, sidx="starttime", sord="asc")
    assert [one["bookid"] for one in listed["response"]["bookid"]] == ["1714377600000"]
    assert listed["response"]["total_item"] == 1
    assert (await office.ucm(f"delete{action}", cookie=cookie, bookid="1714377600000"))["status"] == 0
    assert await office.events("Envelope") == []
    assert (await office.ucm(f"get{action}", cookie=cookie, bookid="1714377600000"))["status"] == -16
    clock = await office.ucm("checkInfo", cookie=cookie)
    assert clock["response"]["system-time"].endswith("UTC+00:00")


async def test_the_old_ucms_words_in_the_same_envelope(office: DialectOffice):
    cookie = await office.log_in("old-ucm")
    said = await office.ucm("addMeetme", "old-ucm", cookie=cookie, **ucm_meeting(confname="Old_Meeting"))
    assert said["status"] == 0, said
    (event,) = await office.events("Old_Meeting")
    assert start_of(event) == at(10)
    other = await office.ucm("addMultimediaConferenceReservation", "old-ucm", cookie=cookie, **ucm_meeting())
    assert other["status"] == -19
    assert "addMeetme" in other["response"]["error_msg"]


async def test_jitsi_asks_reads_and_gives_back(office: DialectOffice):
    begins = at(9)
    asked = {"name": "TestRoom1", "start_time": utc(begins).replace("Z", ".000Z"), "mail_owner": "client1@xmpp.com"}
    status, reserved = await office.call("POST", "jitsi", "/conference", data=asked)
    assert status == 201, reserved
    assert (reserved["name"], reserved["mail_owner"], reserved["duration"]) == ("TestRoom1", "client1@xmpp.com", 3600)
    assert reserved["start_time"] == asked["start_time"]
    assert isinstance(reserved["id"], int)
    assert await office.call("POST", "jitsi", "/conference", data=asked) == (200, reserved)
    assert await office.call("POST", "jitsi", "/conference", json=asked) == (200, reserved)
    (event,) = await office.events("TestRoom1")
    assert start_of(event) == begins
    came_later = {**asked, "name": "testroom1", "start_time": utc(begins + timedelta(minutes=20))}
    status, taken = await office.call("POST", "jitsi", "/conference", data=came_later)
    assert (status, taken) == (409, {"conflict_id": reserved["id"]})
    assert await office.call("GET", "jitsi", f"/conference/{taken['conflict_id']}") == (200, reserved)
    status, _ = await office.call("POST", "jitsi", "/conference", data={**asked, "name": "TestRoom2"})
    assert status == 201, "another room is free"
    status, _ = await office.call("DELETE", "jitsi", f"/conference/{reserved['id']}")
    assert status == 200
    assert await office.events("TestRoom1") == []


async def test_a_conference_that_everybody_left_ends_then_and_its_room_is_free_again(office: DialectOffice):
    now = at(10)
    ahead = office.clock.ahead_s
    try:
        asked = {"name": "Daily", "start_time": utc(now), "mail_owner": "client1@xmpp.com"}
        _, reserved = await office.call("POST", "jitsi", "/conference", data=asked)
        office.clock.ahead_s += now.timestamp() + 20 * 60 - office.clock.now_ms() / 1000
        status, ended = await office.call("DELETE", "jitsi", f"/conference/{reserved['id']}")
        assert (status, ended["id"]) == (200, reserved["id"])
        assert 20 * 60 <= ended["duration"] < 30 * 60
        (event,) = await office.events("Daily")
        assert start_of(event) == now
        again = {**asked, "start_time": utc(now + timedelta(minutes=40))}
        status, second = await office.call("POST", "jitsi", "/conference", data=again)
        assert (status, second["id"] != reserved["id"]) == (201, True)
        assert len(await office.events("Daily")) == 2
    finally:
        office.clock.ahead_s = ahead


async def test_a_meeting_that_somebody_scheduled_is_not_cancelled_by_an_empty_room(office: DialectOffice):
    planned = {"id": "board", "name": "Board", "start_time": utc(at(15)), "duration": 7200}
    assert (await office.call("POST", "jitsi", "/meetings", json=planned))[0] == 202
    early = {"name": "board", "start_time": utc(at(14, 55)), "mail_owner": "client1@xmpp.com"}
    assert await office.call("POST", "jitsi", "/conference", data=early) == (409, {"conflict_id": "board"})
    status, told = await office.call("GET", "jitsi", "/conference/board")
    assert (status, told["duration"], told["mail_owner"]) == (200, 7200, "")
    assert (await office.call("DELETE", "jitsi", "/conference/board"))[0] == 200
    (event,) = await office.events("Board")
    assert start_of(event) == at(15)


async def test_an_action_url(office: DialectOffice):
    query = {"key": KEYS["phone"], "id": "desk-1", "subject": "Action Größe", "start": local(at(10)), "minutes": "30"}
    typed = urlencode({**query, "mac": "000b82123456", "ip": "192.0.2.7", "colour": "red"})
    status, said = await office.call("GET", "phone", f"/action?{typed}", auth=False)
    assert (status, said["start_utc"]) == (202, utc(at(10))), said
    (event,) = await office.events("Action")
    assert event["summary"] == "Action Größe"
    assert start_of(event) == at(10)
    assert (await office.call("GET", "phone", f"/action?{typed}", auth=False))[0] == 200
    moved = urlencode({**query, "start": local(at(11))})
    assert (await office.call("GET", "phone", f"/action?{moved}", auth=False))[0] == 202
    cancel = urlencode({"key": KEYS["phone"], "id": "desk-1", "cancel": "1"})
    status, said = await office.call("GET", "phone", f"/action?{cancel}", auth=False)
    assert (status, said["state"]) == (202, "cancelled"), said
    assert await office.events("Action") == []
    assert (await office.call("HEAD", "phone", f"/action?{typed}", auth=False))[0] == 405


async def test_a_form(office: DialectOffice):
    form = ucm_meeting(bookid="form-1", confname="Form_Meeting")
    status, said = await office.call("POST", "ucm-1", "/meetings", data=form)
    assert (status, said["start_utc"]) == (202, utc(at(10))), said
    (event,) = await office.events("Form_Meeting")
    assert start_of(event) == at(10)
    status, said = await office.call("DELETE", "ucm-1", "/meetings/form-1")
    assert (status, said["state"]) == (202, "cancelled")
    assert await office.events("Form_Meeting") == []


def itip(*lines: str, method: str = "REQUEST", uid: str = "itip-1@example.com", start: str = "") -> bytes:
    start = start or at(10).strftime("%Y%m%dT%H%M%S")
    event = [f"UID:{uid}", "DTSTAMP:20261120T100000Z", f"DTSTART;TZID=Europe/Paris:{start}", "DURATION:PT1H"]
    inner = ["BEGIN:VEVENT", *event, "SUMMARY:Invited", *lines, "END:VEVENT"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Sender//EN", f"METHOD:{method}", *inner]
    return "\r\n".join([*whole, "END:VCALENDAR", ""]).encode()


async def test_itip_request_change_and_cancel(office: DialectOffice):
    status, said = await office.calendar("organizer", itip("SEQUENCE:0", "ATTENDEE:mailto:anna@example.com"))
    assert (status, said["meetings"][0]["start_utc"]) == (202, utc(at(10))), said
    (event,) = await office.events("Invited")
    assert [guest["email"] for guest in event["attendees"]] == ["anna@example.com"]
    assert (await office.calendar("organizer", itip("SEQUENCE:0", "ATTENDEE:mailto:anna@example.com")))[0] == 200
    later = itip("SEQUENCE:1", "ATTENDEE:mailto:anna@example.com", start=at(12).strftime("%Y%m%dT%H%M%S"))
    assert (await office.calendar("organizer", later))[0] == 202
    (moved,) = await office.events("Invited")
    assert (moved["id"], start_of(moved)) == (event["id"], at(12))
    status, said = await office.calendar("organizer", itip("SEQUENCE:0", method="CANCEL"))
    assert said["meetings"][0]["state"] != "cancelled", "an old cancellation is left aside"
    status, said = await office.calendar("organizer", itip("SEQUENCE:2", method="CANCEL"))
    assert (status, said["meetings"][0]["state"]) == (202, "cancelled")
    assert await office.events("Invited") == []
