"""The pages of calls: each from all sides, no secret on any, replay, curl, fixture, and after a restart too."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import pytest_asyncio

from gateway import yaml_source
from gateway.config import DeviceSection
from gateway.devices.call_log import Result, Way
from gateway.devices.roster import Roster
from gateway.domain.actor import COMMAND_LINE
from gateway.domain.polling import PollSettings
from gateway.domain.secret import Secret
from gateway.operations.profiles.examples import replay
from gateway.profiles.catalog import builtin_folder
from gateway.profiles.reader import read_profile
from gateway.store import polling
from gateway.store.polling import PolledMeeting, PollingRow, PollState
from tests.journey.call_office import DAY, KEYS, PIN, CallOffice, meeting, opened_calls, ucm_meeting
from tests.journey.plain_browser import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
CALENDAR = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:cal-1
DTSTAMP:20260101T000000Z
SUMMARY:Calendar sync
DTSTART;TZID=Europe/Berlin:{DAY:%Y%m%d}T100000
DTEND;TZID=Europe/Berlin:{DAY:%Y%m%d}T110000
ORGANIZER:mailto:anna@example.com
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
SCHEDULE = "addMultimediaConferenceReservation"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallOffice]:
    zones = {"form-1": "    time_zone: Europe/Berlin\n"}
    async with opened_calls(tmp_path_factory.mktemp("calls"), zones) as opened:
        yield opened


async def test_a_good_call_is_shown_from_four_sides(office: CallOffice):
    status, _ = await office.call("ucm-1", json=ucm_meeting(), headers={"User-Agent": "Grandstream UCM6304 1.0.25.9"})
    assert status == 202
    page = await office.browser.open("/calls")
    assert "Weekly_Meeting" in page.text
    page = await office.browser.open(f"/calls/{office.newest('ucm-1').number}")
    for panel in ("What the device sent", "What we understood", "What we did", "What we answered"):
        assert panel in page.text
    assert "Meeting Subject Weekly_Meeting Field of the device: confname" in page.text
    assert f"Time {DAY} 10:00 - 11:00" in page.text
    assert "Time Zone Etc/GMT-1 (UTC+01:00) Field of the device: timezone (UTC+01:00) Etc/GMT-1" in page.text
    assert "1001 Ben Cole (no e-mail address)" in page.text
    assert "passed over: wallpaper" in page.text
    assert "kept as version 1" in page.text
    assert '"state": "queued"' in page.text
    assert "Host Password ****" in page.text
    assert PIN not in page.source
    assert KEYS["ucm-1"] not in page.source


async def test_the_same_call_again_is_said_to_be_the_same(office: CallOffice):
    for _ in range(2):
        await office.call("script", json=meeting(external_id="twice"))
    page = await office.browser.open(f"/calls/{office.newest('script').number}")
    assert "Same as before" in page.text
    assert "Code D-09" in page.text


@pytest.mark.parametrize(
    ("device", "changes", "code", "button"),
    [
        ("ucm-1", {"starttime": ""}, "D-06", None),
        ("ucm-1", {"endtime": f"{DAY} 09:00:00"}, "D-07", "Open device"),
        ("ucm-1", {"timezone": "Mars/Base"}, "D-08", "Choose a time zone"),
    ],
)
async def test_a_refused_call_says_what_is_wrong(
    office: CallOffice, device: str, changes: dict[str, object], code: str, button: str | None
):
    status, _ = await office.call(device, json=ucm_meeting(bookid="bad-1", **changes))
    assert status == 422
    call = office.newest(device)
    assert call.result is Result.REFUSED
    page = await office.browser.open(f"/calls/{call.number}")
    assert f"Code {code}" in page.text
    shown = {" ".join(each.text.split()) for each in page.elements if each.tag in ("a", "button")}
    assert button is None or button in shown
    assert "Show the call" not in shown  # it is the very page
    assert "Nothing was kept or changed." in page.text
    assert PIN not in page.source


async def test_a_call_that_cannot_be_read_is_shown_with_its_line(office: CallOffice):
    status, _ = await office.call("ucm-1", data=f'{{"confname": "x",\n "admin_pincode": "{PIN}", oops', headers=JSON)
    assert status == 400
    page = await office.browser.open(f"/calls/{office.newest('ucm-1').number}")
    assert "Code D-04" in page.text
    assert "Line 2: body is not JSON" in page.text
    assert "oops" in page.text
    assert PIN not in page.source


async def test_a_call_that_is_too_large_is_shown_without_its_content(office: CallOffice):
    status, _ = await office.call("ucm-1", data=b"x" * 70_000, headers=JSON)
    assert status == 413
    call = office.newest("ucm-1")
    assert (call.size, call.body) == (70_000, b"")
    page = await office.browser.open(f"/calls/{call.number}")
    assert "Code D-15" in page.text
    assert "(70 kB)" in page.text


async def test_a_zone_that_some_firmware_always_sends_is_pointed_out(office: CallOffice):
    await office.call("ucm-1", json=ucm_meeting(bookid="suspect", timezone="+0800"))
    page = await office.browser.open(f"/calls/{office.newest('ucm-1').number}")
    assert "Code D-22" in page.text


async def test_calls_of_every_dialect_are_heard_and_can_be_done_again(office: CallOffice):
    jitsi = urlencode({"name": "TestRoom", "start_time": f"{DAY}T09:00:00.000Z", "mail_owner": "a@example.com"})
    await office.call(
        "form-1",
        data=urlencode({"id": "f-1", "subject": "Form", "date": str(DAY), "time": "10:00", "end_time": "11:00"}),
        headers=FORM,
    )
    await office.call("organizer", "/calendar", data=CALENDAR, headers={"Content-Type": "text/calendar"})
    await office.call("jitsi", "/conference", data=jitsi, headers=FORM)
    await office.action()
    await office.envelope("ucm-1", SCHEDULE, **ucm_meeting(bookid="api-1", confname="From the API"))
    await office.call("script", "/meetings/room-9", method="PUT", json={**meeting(), "external_id": "room-9"})
    for name, subject in (
        ("form-1", "Form"), ("organizer", "Calendar sync"), ("jitsi", "TestRoom"), ("phone", "Stand-up"),
        ("ucm-1", "From the API"), ("script", "Weekly Meeting"),
    ):  # fmt: skip
        call = office.newest(name)
        assert (call.result, call.proven, len(call.done)) == (Result.ACCEPTED, True, 1), (name, call.text)
        page = await office.browser.open(f"/calls/{call.number}")
        assert f"Meeting Subject {subject}" in page.text, page.text
        assert KEYS[name] not in page.source
        page = await office.browser.press("Replay")
        assert "Somebody replayed this call on the page." in page.text
        again = office.newest(name)
        assert (again.way, again.result) == (Way.REPLAYED, Result.REPEATED), (name, again.text)
        assert page.url.endswith(f"/calls/{again.number}?of={call.number}")


async def test_occurrences_and_cancellations_are_told_and_done_again(office: CallOffice):
    series = meeting(external_id="series", repeat={"frequency": "weekly", "count": 4})
    second = DAY + timedelta(days=7)
    await office.call("script", json=series)
    await office.call("script", f"/meetings/series/occurrences/{second}", method="PUT", json={"subject": "Moved"})
    page = await office.browser.open(f"/calls/{office.newest('script').number}")
    assert f"One occurrence of a series: {second}" in page.text
    assert "Meeting Subject Moved" in page.text
    assert "every week; 4 times" not in page.text
    for below in (f"/meetings/series/occurrences/{second}", "/meetings/series"):
        assert (await office.call("script", below, method="DELETE"))[0] == 202
        page = await office.browser.open(f"/calls/{office.newest('script').number}")
        assert "Cancel" in page.text
        assert "has no content" in page.text
        await office.browser.press("Replay")
        assert office.newest("script").result is Result.REPEATED


async def test_a_replay_does_what_could_not_be_done_then(office: CallOffice):
    await office.call("script", "/meetings/later", method="DELETE")
    number = office.newest("script").number
    await office.call("script", json=meeting(external_id="later"))
    await office.browser.open(f"/calls/{number}")
    page = await office.browser.press("Replay")
    assert "Accepted" in page.text
    with closing(sqlite3.connect(office.folder / "data/gateway.db")) as conn:
        lines = list(conn.execute("SELECT actor, object FROM audit WHERE action = 'call.replayed'"))
    assert lines[-1] == ("admin:anna", "device:script")


async def test_the_line_for_curl_makes_the_same_call(office: CallOffice):
    await office.call("script", json=meeting(external_id="curl", subject='It\'s $HOME `x` "y"', host_password=None))
    page = await office.browser.open(f"/calls/{office.newest('script').number}")
    words = shlex.split(page.by_id("curl").text.replace("\\\n", " ").replace("$DEVICE_KEY", KEYS["script"]))
    assert words[:4] == ["curl", "-sS", "-X", "POST"]
    headers = dict(word.split(": ", 1) for word in words if ": " in word and not word.startswith("{"))
    async with office.http.post(words[4], data=words[-1].encode(), headers=headers) as answer:
        assert answer.status == 200
    await office.action(id="curl-2")
    page = await office.browser.open(f"/calls/{office.newest('phone').number}")
    assert "key=$DEVICE_KEY" in page.by_id("curl").text


async def test_a_call_is_saved_as_an_example_that_holds(office: CallOffice):
    await office.call("ucm-1", json=ucm_meeting(bookid="fixture"))
    await office.browser.open(f"/calls/{office.newest('ucm-1').number}")
    page = await office.browser.follow("Save as test fixture")
    assert "attachment" in page.headers["Content-Disposition"]
    assert PIN not in page.source
    assert "Anna" not in page.source
    assert "anna@example.com" not in page.source
    text = (builtin_folder() / "grandstream/ucm6300.yaml").read_text("utf-8").partition("\nexamples:")[0]
    profile = read_profile("own/ucm", yaml_source.parse(f"{text}\n{page.source}".encode()), "own/ucm.yaml")
    (result,) = replay(profile)
    assert not result.differences, [line for each in result.differences for line in each.lines()]


async def test_a_wrong_key_and_a_stranger_are_shown_apart_from_the_device(office: CallOffice):
    await office.call("script", json=meeting(), key="not-the-key-of-this-device")
    page = await office.browser.open("/devices/script/calls?result=wrong-key")
    assert "Wrong key" in page.text
    page = await office.browser.open(f"/calls/{office.newest('script').number}")
    assert "Code D-02" in page.text
    assert "not-the-key-of-this-device" not in page.source
    assert "Replay" not in page.buttons()
    await office.call("stranger", json=ucm_meeting(), key="the-key-of-nobody-at-all")
    page = await office.browser.open(f"/calls/{office.newest('stranger').number}")
    assert "No device has this name." in page.text
    assert PIN not in page.source


async def test_what_a_stranger_asked_for_is_done_and_shown_once_it_is_a_device(office: CallOffice):
    await office.call("new-ucm", json=ucm_meeting(), key="the-key-of-nobody-at-all")
    stored = office.gateway.stored
    roster = Roster(
        database=stored.database,
        vault=stored.vault,
        clock=office.clock,
        catalog=lambda: office.gateway.mirroring.neighbourhood.catalog,
        sections=(),
        sources={},
        actor=COMMAND_LINE,
    )
    await roster.add(DeviceSection(id="new-ucm", profile="grandstream/ucm6300"))
    await office.gateway.accounts_changed()
    call = office.newest("new-ucm")
    assert (call.way, call.result) == (Way.KEPT, Result.ACCEPTED)
    page = await office.browser.open(f"/calls/{call.number}")
    assert "It was kept, and done when the device was added." in page.text
    assert PIN not in page.source


async def test_the_calls_of_a_device_have_the_head_of_its_other_pages(office: CallOffice):
    def tabs(page: Page) -> list[str]:
        nav = page.source.partition('<nav class="tabs"')[2].partition("</nav>")[0]
        return re.findall(r'href="([^"]+)"', nav)

    overview = await office.browser.open("/devices/form-1")
    calls = await office.browser.open("/devices/form-1/calls")
    assert len(tabs(calls)) == 6
    assert tabs(calls) == tabs(overview)
    assert re.findall("<h1>[^<]*</h1>", calls.source) == re.findall("<h1>[^<]*</h1>", overview.source)
    assert '/calls" aria-current="page"' in calls.source
    stranger = await office.browser.open("/devices/nobody/calls")
    assert "No call is kept of a device with this name." in stranger.text
    assert tabs(stranger) == []


async def test_calls_are_filtered_and_paged(office: CallOffice):
    for number in range(55):
        await office.call("form-1", f"/meetings/none-{number}", method="DELETE")
    await office.gateway.mirroring.neighbourhood.keeper.write()
    page = await office.browser.open("/devices/form-1/calls")
    assert len(page.source.split("<tr>")) - 2 == 50
    older = await office.browser.follow("Older")
    assert "none-0" not in page.source.partition("<tbody>")[2]
    assert len(older.source.split("<tr>")) > 2
    page = await office.browser.open("/calls?text=no-such-text-anywhere")
    assert "No call fits." in page.text
    page = await office.browser.open("/calls?device=script&result=repeated")
    assert "Same as before" in page.text
    assert "Refused" not in page.source.partition("<tbody>")[2]
    page = await office.browser.open("/calls?before=junk&result=junk&text=%00%ff")
    assert page.status == 200


async def test_questions_that_were_answered_push_nothing_out(office: CallOffice):
    await office.call("script", json=meeting(external_id="asked"))
    before = office.newest("script").number
    for below in ("/meetings/asked", "/meetings/changes"):
        assert (await office.call("script", below, method="GET"))[0] == 200
    assert office.newest("script").number == before
    assert (await office.call("script", "/meetings/never", method="GET"))[0] == 404
    assert office.newest("script").result is Result.REFUSED


@pytest.mark.parametrize(
    "path", ["/calls/1", "/calls/999999999999999999", "/calls/1/example.yaml", "/devices/none/calls/list.json"]
)
async def test_what_is_not_kept_is_said_to_be_gone(office: CallOffice, path: str):
    page = await office.browser.open(path)
    assert page.status == 404
    assert "no longer kept" in page.text


async def test_numbers_that_are_none_lead_nowhere(office: CallOffice):
    for path in ("/calls/x", "/calls/-1", "/calls/1%00", f"/calls/{'9' * 40}"):
        assert (await office.browser.open(path)).status == 404


async def test_what_went_wrong_is_there_after_a_restart_without_its_secrets(tmp_path: Path):
    async with opened_calls(tmp_path) as before:
        await before.call("ucm-1", data=f'{{"confname": "Budget", "admin_pincode": "{PIN}", oops', headers=JSON)
        await before.call("ucm-1", json=ucm_meeting(timezone="Mars/Base"))
        await before.call("script", json=meeting())
    for file in (tmp_path / "data").rglob("*"):
        assert not file.is_file() or PIN.encode() not in file.read_bytes(), file
    async with opened_calls(tmp_path, again=True) as after:
        page = await after.browser.open("/devices/ucm-1/calls")
        assert "Not readable" in page.text
        assert "Weekly_Meeting" in page.text
        await after.browser.open(
            page.link(" ".join(next(each.text for each in page.elements if each.tag == "time").split()))
        )
        page = after.browser.page
        assert "Code D-08" in page.text
        assert "Meeting Subject Field of the device: confname Weekly_Meeting" in page.text
        assert "cannot be replayed" in page.text
        assert "Replay" not in page.buttons()
        number = urlsplit(page.url).path.rpartition("/")[2]
        page = await after.browser.post(f"/calls/{number}/replay", [("csrf", csrf(page.source))])
        assert page.status == 409


def csrf(source: str) -> str:
    return source.partition('name="csrf" value="')[2].partition('"')[0]


async def test_how_asking_a_device_stands_is_shown_with_its_last_odd_list(office: CallOffice):
    register, stored = office.gateway.register, office.gateway.stored
    device = register.find("ucm-1")
    assert device is not None
    settings = PollSettings(address="192.0.2.7", port=8089, user="cdrapi", password=Secret("x" * 16), every_s=60)
    asked = PollingRow(device_id=device.row.id, state=PollState.FAILING, code="D-21", text="The list is odd.", listed=3)
    wrong = PolledMeeting(
        external_id="odd-1", digest=b"", ends_at=None, taken=False, code="D-07", text="It ends first."
    )
    sealed = stored.vault.seal(f'[{{"weird": 1, "admin_pincode": "{PIN}"}}]')

    def work(conn: sqlite3.Connection) -> None:
        polling.put(conn, asked)
        polling.put_meetings(conn, device.row.id, [wrong])
        polling.put_odd(conn, device.row.id, sealed, office.clock.now_ms())

    await stored.database.write(work)
    others = [each for each in register.served() if each.row.name != "ucm-1"]
    policies = {each.row.id: each.policy for each in register.served()}
    register.fill([*others, replace(device, poll=settings)], policies, {})
    try:
        page = await office.browser.open("/devices/ucm-1/calls")
        assert "Code D-21" in page.text
        assert "odd-1 It ends first." in page.text
        page = await office.browser.open(page.link("Download the list"))
        assert '"weird": 1' in page.source
        assert PIN not in page.source
    finally:
        register.fill([*others, device], policies, {})
