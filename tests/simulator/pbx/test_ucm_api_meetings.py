"""What the simulated UCM says of meetings over its API: lists and pages, adding, changing, deleting, replies."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from simulator.pbx.api import SimulatedUcm
from simulator.pbx.api.codes import Refused
from simulator.pbx.api.desk import NoSuchMeeting
from simulator.pbx.booking import Member, Repeat, ScheduleForm, vendor_example
from tests.simulator.pbx.api_client import ADD, DELETE, GET, LIST, UPDATE, ApiClient

MONDAY = datetime(2027, 1, 4)
FORM = vendor_example(MONDAY)
WEEKLY = replace(FORM, subject="Jour fixe", repeat=Repeat.WEEKLY)
CALL = {
    "confname": "Board",
    "confno": "6300",
    "starttime": "2027-01-05 09:00:00",
    "endtime": "2027-01-05 10:30:00",
    "recurringevent": "COMMON",
    "con_admin": "1000",
    "members": json.dumps(
        [
            {"member_extension": "1000", "email": "a@example.com", "is_admin": "yes"},
            {"member_extension": "1001", "email": "", "is_admin": "no"},
        ]
    ),
}


@pytest.fixture
async def ucm():
    async with SimulatedUcm(seed=3) as ucm:
        yield ucm


@pytest.fixture
async def client(ucm):
    async with ApiClient(ucm.base, ucm.user, ucm.password, ucm.fingerprint) as client:
        assert await client.log_in() == 0
        yield client


async def test_what_was_booked_at_the_desk_is_listed_and_told_in_full(ucm, client):
    booked = ucm.do.schedule(replace(FORM, invitees=(Member(extension="1001"), Member(extension="1005"))))
    assert booked.warnings == (
        "1001 has not configured an email address and could not receive a meeting notification email.",
    )
    listed = await client.do(LIST, item_num=10, page=1, sidx="starttime", sord="asc")
    assert (listed["response"]["page"], listed["response"]["total_page"], listed["response"]["total_item"]) == (1, 1, 1)
    (row,) = listed["response"]["bookid"]
    assert row == {
        "bookid": booked.book_id,
        "confname": "Weekly_Meeting",
        "confno": "6300",
        "description": "",
        "starttime": "2027-01-04 10:00:00",
        "endtime": "2027-01-04 11:00:00",
        "timezone": "(UTC+01:00) Etc/GMT-1",
        "recurringevent": "COMMON",
        "open_calendar": "yes",
        "con_admin": "1000",
        "public": "no",
    }
    whole = (await client.do(GET, bookid=booked.book_id))["response"]["bookid"]
    assert row.items() <= whole.items()
    assert [one["member_extension"] for one in whole["members"]] == ["1000", "1001", "1005"]
    assert whole["members"][2]["email"] == "anna.bell@mycompanyabc.com"
    assert whole["admin_pincode"] == "5021"


async def test_lists_come_in_pages_ordered_and_filtered(ucm, client):
    for hour in range(8, 18):
        ucm.do.schedule(replace(FORM.moved(MONDAY.replace(hour=hour)), subject=f"At {hour}"))
    first = (await client.do(LIST, item_num="4", page="1", sidx="starttime", sord="desc"))["response"]
    assert [row["confname"] for row in first["bookid"]] == ["At 17", "At 16", "At 15", "At 14"]
    assert (first["total_page"], first["total_item"]) == (3, 10)
    last = (await client.do(LIST, item_num=4, page=3, sidx="starttime", sord="desc"))["response"]
    assert [row["confname"] for row in last["bookid"]] == ["At 9", "At 8"]
    assert (await client.do(LIST, item_num=4, page=4))["response"]["bookid"] == []
    few = (await client.do(LIST, options="bookid,confname,pincode", starttime="2027-01-04 16:30:00"))["response"]
    assert [row.keys() for row in few["bookid"]] == [{"bookid", "confname"}] * 2
    for wrong in ({"page": 0}, {"item_num": "x"}, {"sord": "up"}, {"starttime": "soon"}, {"item_num": True}):
        assert (await client.do(LIST, **wrong))["status"] == -1
    members = (await client.do(LIST, options="members"))["response"]["bookid"][0]["members"]
    assert len(json.loads(members)) == 5


async def test_add_get_update_delete(ucm, client):
    reply = await client.do(ADD, **CALL)
    assert reply["status"] == 0
    book_id = reply["response"]["bookid"]
    assert reply["response"]["warning"].startswith("1001 has not configured")
    assert (await client.do(ADD, bookid=book_id, **CALL))["status"] == -44
    assert (await client.do(UPDATE, bookid=book_id, confname="Board 2"))["status"] == 0
    whole = (await client.do(GET, bookid=book_id))["response"]["bookid"]
    assert (whole["confname"], whole["starttime"]) == ("Board 2", "2027-01-05 09:00:00")
    assert "cookie" not in whole
    assert (await client.do(DELETE, bookid=book_id))["status"] == 0
    assert (await client.do(GET, bookid=book_id))["status"] == -16
    assert (await client.do(DELETE, bookid=book_id))["status"] == -16
    assert (await client.do(GET))["status"] == -1
    assert (await client.do("listEverything"))["status"] == -19


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"confname": ""}, -1),
        ({"starttime": None}, -1),
        ({"members": "[1]"}, -1),
        ({"members": "{"}, -1),
        ({"confname": 'say "hi"'}, -50),
        ({"starttime": "2027-01-05T09:00:00"}, -15),
        ({"endtime": "2027-01-05 09:00:00"}, -15),
        ({"endtime": "2027-01-06 09:00:01"}, -15),
        ({"recurringevent": "Monday"}, -15),
        ({"pincode": "12"}, -15),
        ({"pincode": "1234", "admin_pincode": "1234"}, -15),
        ({"con_admin": "1009"}, -15),
        ({"description": "x" * 500}, -15),
        ({"open_calendar": "true"}, -15),
        ({"members": json.dumps([{"member_extension": "1000"}] * 2)}, -15),
        ({"public": "yes", "confno": "6315"}, -15),
    ],
)
async def test_the_form_is_as_strict_as_the_devices(ucm, client, change, status):
    assert (await client.do(ADD, **{**CALL, **change}))["status"] == status
    assert ucm.state.meetings == {}


@pytest.mark.parametrize(
    ("model", "rooms", "members"), [("UCM6301", 4, 75), ("UCM6302", 8, 150), ("UCM6304", 15, 200), ("UCM6308", 25, 300)]
)
async def test_limits_are_those_of_the_model(model, rooms, members):
    ucm = SimulatedUcm(model=model)
    crowd = tuple(Member(extension=str(2000 + number)) for number in range(members - 1))
    assert ucm.do.schedule(replace(FORM, room=str(6299 + rooms), public_room=True, invitees=crowd))
    with pytest.raises(Refused):
        ucm.do.schedule(replace(FORM, invitees=(*crowd, Member(extension="1999"))))
    with pytest.raises(Refused):
        ucm.do.schedule(replace(FORM, room=str(6300 + rooms), public_room=True))


async def test_deleting_may_have_to_be_confirmed_and_a_running_meeting_stays(ucm, client):
    booked = ucm.do.schedule(FORM)
    ucm.do.start(booked.book_id)
    assert (await client.do(DELETE, bookid=booked.book_id))["status"] == -90
    assert (await client.do(UPDATE, bookid=booked.book_id, confname="X"))["status"] == -90
    assert (await client.do("applyChanges"))["status"] == -69
    running = await client.do("getScheduleConferenceStatus", bookid=booked.book_id, confno="6300")
    assert running["response"] == {"status": "call"}
    ucm.do.end(booked.book_id)
    ucm.state.switches.confirm_delete = True
    assert (await client.do(DELETE, bookid=booked.book_id))["status"] == -67
    assert (await client.do(DELETE, bookid=booked.book_id, force="yes"))["status"] == 0
    assert (await client.do("applyChanges"))["status"] == 0


async def test_the_clock_says_the_devices_local_time_and_offset(ucm, client):
    ucm.state.clock.set(datetime(2026, 11, 23, 8, tzinfo=UTC), stopped=True)
    await client.log_in()
    for action in ("getSystemStatus", "checkInfo"):
        reply = await client.do(action)
        assert reply["response"]["system-time"] == "2026-11-23 09:00:00 UTC+01:00"
    ucm.state.switches.clock_off_minutes = -7
    assert (await client.do("checkInfo"))["response"]["system-time"] == "2026-11-23 08:53:00 UTC+01:00"


async def test_one_occurrence_is_cancelled_first_and_then_updated(ucm, client):
    booked = ucm.do.schedule(WEEKLY)
    ucm.state.switches.occurrence_gap = 1
    ucm.do.move_occurrence(booked.book_id, datetime(2027, 1, 11), datetime(2027, 1, 12, 14))
    series, day = (await client.do(LIST))["response"]["bookid"]
    assert (series["starttime"], series["recurringevent"]) == ("2027-01-04 10:00:00", "Fmonday")
    assert (day["bookid"], day["original_starttime"], day["cancelled"]) == (
        booked.book_id,
        "2027-01-11 10:00:00",
        "yes",
    )
    _, day = (await client.do(LIST))["response"]["bookid"]
    assert (day["starttime"], day["endtime"], day["cancelled"]) == ("2027-01-12 14:00:00", "2027-01-12 15:00:00", "no")
    ucm.do.cancel_occurrence(booked.book_id, datetime(2027, 1, 18, 10))
    rows = (await client.do(LIST))["response"]["bookid"]
    assert [row.get("original_starttime") for row in rows if row.get("cancelled") == "yes"] == ["2027-01-18 10:00:00"]
    for wrong in (datetime(2027, 1, 12), datetime(2026, 12, 28), datetime(2027, 1, 11, 9)):
        with pytest.raises(NoSuchMeeting):
            ucm.do.cancel_occurrence(booked.book_id, wrong)


async def test_one_occurrence_over_the_api(ucm, client):
    booked = ucm.do.schedule(WEEKLY)
    named = {"bookid": booked.book_id, "original_starttime": "2027-01-11 10:00:00"}
    assert (await client.do(DELETE, **named))["status"] == 0
    assert booked.book_id in ucm.state.meetings
    times = {"starttime": "2027-01-11 15:00:00", "endtime": "2027-01-11 16:00:00"}
    assert (await client.do(UPDATE, **named, **times))["status"] == 0
    day = ucm.state.meetings[booked.book_id].occurrences[datetime(2027, 1, 11, 10)]
    assert (day.start, day.cancelled) == (datetime(2027, 1, 11, 15), False)
    assert (await client.do(DELETE, bookid=booked.book_id, original_starttime="2027-01-12 10:00:00"))["status"] == -16


async def test_replies_are_written_back_when_due_or_when_asked(ucm, client):
    booked = ucm.do.schedule(replace(FORM, invitees=(Member(extension="1005"), Member(extension="1006"))))
    ucm.do.google_says(booked.book_id, "anna.bell@mycompanyabc.com", "accepted", "with pleasure")

    async def states():
        whole = (await client.do(GET, bookid=booked.book_id))["response"]["bookid"]
        return [(one["state"], one.get("comment", "")) for one in whole["members"][1:]]

    assert await states() == [("needsAction", ""), ("needsAction", "")]
    assert (await client.do("manualUpdateState"))["status"] == -1
    assert (await client.do("manualUpdateState", updatestate="yes"))["status"] == 0
    assert await states() == [("accepted", "with pleasure"), ("needsAction", "")]
    assert (await client.do("updateOauthJsonFile", refresh_time="5"))["status"] == 0
    ucm.do.google_says(booked.book_id, "bram.cole@mycompanyabc.com", "declined")
    ucm.state.clock.advance(299)
    assert (await states())[1] == ("needsAction", "")
    ucm.state.clock.advance(1)
    assert (await states())[1] == ("declined", "")
    assert (await client.do("getGoogleAccountCal"))["response"]["refresh_time"] == "5"


async def test_the_older_web_interface_is_asked_with_forms(client):
    async with SimulatedUcm(model="UCM6204", zone="Asia/Shanghai", seed=1) as ucm:
        form = ScheduleForm(start=MONDAY.replace(hour=9), end=MONDAY.replace(hour=10), time_zone="Asia/Shanghai")
        booked = ucm.do.schedule(form)
        async with ApiClient(ucm.base, ucm.user, ucm.password, ucm.fingerprint) as old:
            assert await old.log_in(form=True) == 0
            got = await old.form("getMeetme", cookie=old.cookie, bookid=booked.book_id)
            whole = got["response"]["bookid"]
            assert (whole["timezone"], whole["starttime"]) == ("+0800", "2027-01-04 09:00:00")
            assert "email_reminder" not in whole
            added = await old.form("addMeetme", cookie=old.cookie, bookid="1714377600000", **{**CALL, "confno": "6301"})
            assert added["status"] == 0
            ucm.state.switches.list_by_room = True
            rooms = (await old.form("listMeetme", cookie=old.cookie))["response"]
            assert {room: [one["bookid"] for one in rows] for room, rows in rooms.items()} == {
                "6300": [booked.book_id],
                "6301": ["1714377600000"],
            }
            assert (await old.form("deleteMeetme", cookie=old.cookie, bookid="1714377600000"))["status"] == -67
            assert (await old.form(LIST, cookie=old.cookie))["status"] == -19
            late = {**CALL, "starttime": "2027-01-05 23:30:00", "endtime": "2027-01-06 00:30:00"}
            assert (await old.form("addMeetme", cookie=old.cookie, **late))["status"] == -15
