"""What the simulated senders put on the wire, each in its dialect, and how they take the answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import pytest

from simulator.pbx.booking import Member, Repeat, ScheduleForm, vendor_example
from simulator.pbx.send.action_url import ActionUrlPhone
from simulator.pbx.send.envelope import EnvelopePusher
from simulator.pbx.send.jitsi import JitsiServer
from simulator.pbx.send.kinds import KINDS
from simulator.pbx.send.meetings_door import FormSender, JsonSender, RoomOsMacro, Ucm6200Pusher
from simulator.pbx.usecases import NoSuchBooking
from simulator.pbx.wire import CannotSay
from tests.simulator.pbx.conftest import SENDER, SENDER_KEY
from tests.simulator.pbx.open_door import Door, Seen

BASE = f"/api/v1/devices/{SENDER}"
MONDAY = datetime(2027, 1, 4)
FORM = replace(
    vendor_example(MONDAY),
    time_zone="Europe/Berlin",
    agenda="1. Numbers; plans, \\ and\nmore",
    invitees=(Member(extension="1001"), Member(extension="1005")),
)
WEEKLY = replace(FORM, repeat=Repeat.WEEKLY)


def fields_of(seen: Seen) -> dict[str, str]:
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(seen.text, keep_blank_values=True, strict_parsing=True))


async def test_jitsi_asks_for_a_room_before_it_opens(door, make):
    jitsi = await make(JitsiServer)
    door.answers = [(201, {"id": 364758328, "name": "weekly_meeting", "duration": 3600})]
    answer = await jitsi.schedule(replace(FORM, host=Member(email="host@example.com")))
    assert (answer.ok, answer.external_id) == (True, "364758328")
    assert (door.last.method, door.last.target) == ("POST", f"{BASE}/conference")
    assert door.last.headers["Authorization"] == f"Bearer {SENDER_KEY}"
    assert fields_of(door.last) == {
        "name": "weekly_meeting",
        "start_time": "2027-01-04T09:00:00.000Z",
        "mail_owner": "host@example.com",
    }
    await jitsi.look("364758328")
    await jitsi.cancel("364758328")
    assert [(one.method, one.target) for one in door.seen[1:]] == [
        ("GET", f"{BASE}/conference/364758328"),
        ("DELETE", f"{BASE}/conference/364758328"),
    ]
    for verb in (jitsi.move("364758328", MONDAY), jitsi.cancel_occurrence("364758328", MONDAY)):
        with pytest.raises(CannotSay):
            await verb
    with pytest.raises(CannotSay):
        await jitsi.schedule(FORM, external_id="7")


async def test_jitsi_finds_its_own_room_again_on_409_and_no_other(door, make):
    jitsi = await make(JitsiServer)
    start = datetime(2027, 1, 4, 9, tzinfo=UTC)
    mine = {"id": 5, "name": "Board", "mail_owner": "a@example.com"}
    door.answers = [(409, {"conflict_id": 5}), (200, mine)]
    answer = await jitsi.open_room("board", start, "a@example.com")
    assert (answer.ok, answer.external_id) == (True, "5")
    assert door.last.target == f"{BASE}/conference/5"
    door.answers = [(409, {"conflict_id": 5}), (200, mine)]
    assert (await jitsi.open_room("board", start, "b@example.com")).status == 409
    door.answers = [(403, {"message": "not today"})]
    assert not (await jitsi.open_room("board", start)).ok


@pytest.fixture
async def envelope(door: Door, make: Callable[..., Any]) -> EnvelopePusher:
    door.answers = logged_in()
    return await make(EnvelopePusher)


def logged_in(*more: dict[str, Any]) -> list[tuple[int, Any]]:
    login = [
        {"response": {"challenge": "0000001496038514"}, "status": 0},
        {"response": {"cookie": "sid1-2"}, "status": 0},
    ]
    return [(200, one) for one in [*login, *more]]


def request_of(seen: Seen) -> dict[str, Any]:
    assert "Authorization" not in seen.headers
    assert SENDER_KEY not in seen.text
    return json.loads(seen.text)["request"]


DONE = {"response": {}, "status": 0}


async def test_envelope_logs_in_and_speaks_the_devices_words(door, envelope):
    door.answers.append((200, DONE))
    answer = await envelope.schedule(FORM, external_id="1714377600000")
    assert answer.ok
    challenge, login, add = map(request_of, door.seen)
    assert challenge == {"action": "challenge", "user": SENDER, "version": "1.0"}
    token = hashlib.md5(f"0000001496038514{SENDER_KEY}".encode()).hexdigest()
    assert {**login, "url": ""} == {"action": "login", "user": SENDER, "token": token, "url": ""}
    assert {one.target for one in door.seen} == {"/api"}
    assert (add["action"], add["cookie"]) == ("addMultimediaConferenceReservation", "sid1-2")
    assert (add["bookid"], add["confname"], add["starttime"]) == (
        "1714377600000",
        "Weekly_Meeting",
        "2027-01-04 10:00:00",
    )
    assert json.loads(add["members"])[0]["is_admin"] == "yes"
    door.answers = [(200, DONE)] * 2
    await envelope.move("1714377600000", MONDAY.replace(hour=14))
    assert request_of(door.last)["action"] == "updateMultimediaConferenceReservation"
    await envelope.cancel("1714377600000")
    assert request_of(door.last) == {
        "action": "deleteMultimediaConferenceReservation",
        "cookie": "sid1-2",
        "bookid": "1714377600000",
    }
    assert "sid1-2" not in "".join(envelope.last_shown())


async def test_envelope_tells_one_occurrence_by_a_cancel_and_an_update(door, envelope):
    door.answers += [(200, DONE)] * 4
    uid = (await envelope.schedule(WEEKLY)).external_id
    await envelope.move_occurrence(uid, datetime(2027, 1, 11, 10), datetime(2027, 1, 12, 9))
    cancel, update = map(request_of, door.seen[-2:])
    assert cancel["action"].startswith("delete")
    assert update["action"].startswith("update")
    for one in (cancel, update):
        assert (one["bookid"], one["original_starttime"]) == (uid, "2027-01-11 10:00:00")
    assert (update["starttime"], update["endtime"]) == ("2027-01-12 09:00:00", "2027-01-12 10:00:00")
    await envelope.cancel_occurrence(uid, datetime(2027, 1, 18, 10))
    assert request_of(door.last)["original_starttime"] == "2027-01-18 10:00:00"


async def test_envelope_logs_in_again_and_slows_down(door, envelope):
    door.answers += [(200, DONE)]
    await envelope.schedule(FORM, external_id="1")
    door.answers = [(200, {"response": {}, "status": -6}), *logged_in({"response": {}, "status": -45}, DONE)]
    answer = await envelope.cancel("1")
    assert answer.ok
    assert [request_of(one)["action"][:5] for one in door.seen[3:]] == ["delet", "chall", "login", "delet", "delet"]
    assert envelope.waits == [15.0]
    door.answers = [(200, {"response": {"error_msg": "what to do"}, "status": -15})]
    refused = await envelope.call("addMultimediaConferenceReservation")
    assert (refused.ok, refused.result, refused.reason) == (False, -15, "status -15: what to do")
    envelope.at_root, envelope.cookie = False, ""
    door.answers = [(200, {"response": {}, "status": -68})]
    assert (await envelope.log_in()).result == -68
    assert door.last.target == f"{BASE}/api"


async def test_action_url_fills_placeholders_and_stays_short(door, make):
    phone = await make(ActionUrlPhone)
    answer = await phone.schedule(replace(FORM, subject="A & B", agenda=""), external_id="7")
    assert answer.ok
    assert door.last.method == "GET"
    assert "Authorization" not in door.last.headers
    url = urlsplit(door.last.target)
    said = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert url.path == f"{BASE}/action"
    assert (said["key"], said["id"], said["subject"]) == (SENDER_KEY, "7", "A & B")
    assert (said["start"], said["end"], said["zone"]) == ("2027-01-04T10:00:00", "2027-01-04T11:00:00", "Europe/Berlin")
    assert (said["mac"], said["model"]) == ("000b82000001", "GXP2170")
    assert said["invitees"] == "1001, anna.bell@mycompanyabc.com"
    assert said.keys().isdisjoint({"cancel", "occurrence"})
    shown = "".join(phone.last_shown())
    assert SENDER_KEY not in unquote(shown)
    await phone.cancel("7")
    said = parse_qs(urlsplit(door.last.target).query)
    assert (said["id"], said["cancel"], "subject" in said) == (["7"], ["1"], False)
    await phone.move_occurrence("7", datetime(2027, 1, 11, 10), datetime(2027, 1, 12, 9))
    said = parse_qs(urlsplit(door.last.target).query)
    assert (said["occurrence"], said["start"]) == (["2027-01-11T10:00:00"], ["2027-01-12T09:00:00"])
    with pytest.raises(CannotSay):
        await phone.schedule(WEEKLY)
    phone.template = "note=$unknown-$mac&key=$key"
    await phone.press({})
    assert parse_qs(urlsplit(door.last.target).query)["note"] == ["$unknown-000b82000001"]
    before = len(door.seen)
    phone.template = ActionUrlPhone.template
    with pytest.raises(CannotSay):
        await phone.schedule(replace(FORM, subject="x" * 400))
    assert len(door.seen) == before


async def test_form_sender_can_only_post(door, make):
    form = await make(FormSender)
    uid = (await form.schedule(WEEKLY, external_id="row-1")).external_id
    said = fields_of(door.last)
    assert (said["id"], said["subject"], said["time_zone"]) == ("row-1", "Weekly_Meeting", "Europe/Berlin")
    assert (said["date"], said["time"], said["end_date"], said["end_time"]) == (
        "2027-01-04",
        "10:00",
        "2027-01-04",
        "11:00",
    )
    assert (said["repeat"], said["days"], said["people"]) == ("weekly", "MO", "1001, anna.bell@mycompanyabc.com")
    await form.move(uid, MONDAY.replace(hour=12))
    assert fields_of(door.last)["time"] == "12:00"
    await form.move_occurrence(uid, datetime(2027, 1, 11, 12), datetime(2027, 1, 11, 16))
    said = fields_of(door.last)
    assert (said["instead_of"], said["time"], "repeat" in said) == ("2027-01-11T12:00:00", "16:00", False)
    await form.cancel_occurrence(uid, datetime(2027, 1, 11, 12))
    said = fields_of(door.last)
    assert (said["instead_of"], said["cancelled"], said["date"]) == ("2027-01-11T12:00:00", "yes", "2027-01-11")
    await form.cancel(uid)
    said = fields_of(door.last)
    assert (said["cancelled"], "instead_of" in said) == ("yes", False)
    assert {(one.method, one.target) for one in door.seen} == {("POST", f"{BASE}/meetings")}


async def test_the_gateways_own_words(door, make):
    sender = await make(JsonSender)
    uid = (await sender.schedule(WEEKLY, external_id="a/b")).external_id
    said = json.loads(door.last.text)
    assert (door.last.method, door.last.target) == ("POST", f"{BASE}/meetings")
    assert (said["start"], said["repeat"], said["host"]) == (
        "2027-01-04T10:00:00",
        {"frequency": "weekly"},
        {"extension": "1000"},
    )
    assert said["host_password"] == "5021"
    assert "5021" not in "".join(sender.last_shown())
    await sender.move(uid, MONDAY.replace(hour=12))
    assert (door.last.method, door.last.target) == ("PUT", f"{BASE}/meetings/a%2Fb")
    await sender.move_occurrence(uid, datetime(2027, 1, 11, 12), datetime(2027, 1, 11, 16))
    path = f"{BASE}/meetings/a%2Fb/occurrences/2027-01-11T12%3A00%3A00"
    assert (door.last.method, door.last.target) == ("PUT", path)
    assert "repeat" not in json.loads(door.last.text)
    await sender.cancel_occurrence(uid, datetime(2027, 1, 11, 12))
    assert (door.last.method, door.last.target) == ("DELETE", path)
    await sender.look(uid)
    await sender.cancel(uid)
    assert [(one.method, one.target) for one in door.seen[-2:]] == [
        ("GET", f"{BASE}/meetings/a%2Fb"),
        ("DELETE", f"{BASE}/meetings/a%2Fb"),
    ]


async def test_the_room_devices_macro_posts_bookings_in_utc(door, make):
    macro = await make(RoomOsMacro)
    uid = (await macro.schedule(replace(FORM, host=Member(extension="1000", email="h@example.com")))).external_id
    said = json.loads(door.last.text)
    assert said["Booking"]["Id"] == uid
    assert said["Booking"]["Time"] == {"StartTime": "2027-01-04T09:00:00Z", "EndTime": "2027-01-04T10:00:00Z"}
    assert said["Booking"]["Organizer"]["Email"] == "h@example.com"
    assert "Cancelled" not in said
    await macro.cancel(uid)
    assert (door.last.method, json.loads(door.last.text)["Cancelled"]) == ("POST", True)
    with pytest.raises(CannotSay):
        await macro.schedule(WEEKLY)


async def test_the_older_ucm_sends_naive_times_an_offset_and_one_weekday(door, make):
    old = await make(Ucm6200Pusher)
    await old.schedule(WEEKLY)
    said = fields_of(door.last)
    assert (said["recurringevent"], said["timezone"], said["kickall_time"]) == ("Fmonday", "+0100", "10")
    assert [one["member_extension"] for one in json.loads(said["members"])] == ["1000", "1001", "1005"]
    assert "email_reminder" not in said
    old.fixed_0800 = True
    await old.schedule(FORM)
    assert fields_of(door.last)["timezone"] == "+0800"
    for what in (replace(FORM, end=FORM.start + timedelta(hours=15)), replace(FORM, repeat=Repeat.MONTHLY)):
        with pytest.raises(CannotSay):
            await old.schedule(what)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_nothing_is_known_that_was_refused(door, make, kind):
    sender = await make(KINDS[kind])
    door.answers = [(422, {"title": "No", "status": 422})] * 3
    answer = await sender.schedule(FORM)
    assert not answer.ok
    with pytest.raises(NoSuchBooking):
        sender.known(answer.external_id or "?")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"envelope"}))
async def test_a_busy_gateway_is_asked_again(door, make, kind):
    sender = await make(KINDS[kind])
    door.answers = [(503, {}), (200, {"id": 1})]
    answer = await sender.schedule(ScheduleForm(start=FORM.start, end=FORM.end))
    assert (answer.ok, answer.tries, len(sender.waits)) == (True, 2, 1)
