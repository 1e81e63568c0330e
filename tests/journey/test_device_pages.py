"""The pages of the devices without a script: adding one in steps, its key, its test, its settings, its end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.access.session_life import PROVED_S
from tests.journey.device_pages_office import DevicesOffice, meeting, opened_devices
from tests.journey.page_office import PASSWORD
from tests.journey.plain_browser import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevicesOffice]:
    folder: Path = tmp_path_factory.mktemp("devices")
    async with opened_devices(folder) as opened:
        yield opened


def key_on(page: Page) -> str:
    """The key that a page shows."""
    return page.by_id("device-key").text


async def added(office: DevicesOffice, name: str, profile: str = "generic/json") -> str:
    """Add a device that calls by itself; return its key."""
    await office.browser.open(f"/devices/add/name?type={profile}")
    await office.browser.press("Next", name=name)
    return key_on(await office.browser.press("Add and show the key"))


async def asked(office: DevicesOffice, name: str, **changes: str) -> Page:
    """Add the simulated UCM as a device that is asked; the page that follows."""
    await office.browser.open("/devices/add/name?type=grandstream/ucm6300")
    await office.browser.press("Next", name=name)
    typed = {
        "poll.address": "127.0.0.1",
        "poll.port": str(office.ucm.port),
        "poll.user": office.ucm.user,
        "poll.password": office.ucm.password,
    }
    return await office.browser.press_with("Add and test", typed | changes, {})


async def rests(office: DevicesOffice, name: str) -> None:
    """Ask a device no more, so that it takes no part in the other tests."""
    await office.browser.open(f"/devices/{name}")
    await office.browser.press("Pause")
    office.ucm.state.login.unban()


async def test_a_device_is_added_in_steps_and_its_key_is_shown_once(office: DevicesOffice) -> None:
    browser = office.browser
    page = await browser.open("/devices")
    assert page.title == "Devices | Head office"
    await browser.follow("Add device")
    page = await browser.press("Show", search="own words json")
    assert "JSON or form, in the gateway's own words" in page.text
    assert "From the maker's documents" in page.text
    assert "UCM6300" not in page.text
    await browser.follow("JSON or form, in the gateway's own words")
    page = await browser.press("Next", name="Board Room 1")
    assert "device_key" not in page.text
    page = await browser.press("Add and show the key")
    assert page.url.endswith("/devices/board-room-1/connect")
    key = key_on(page)
    assert f"{office.gateway.listener.url}/api/v1/devices/board-room-1/meetings" in page.text
    assert f"Bearer {key}" in page.text
    assert page.source.count("<svg") > 1
    assert "Waiting for the first call..." in page.text
    again = await browser.open("/devices/board-room-1/connect")
    assert key not in again.source
    assert await office.call("board-room-1", key) == 202
    await office.written()
    page = await browser.open("/devices/board-room-1/first-call")
    assert "It called" in page.text
    page = await browser.open("/devices/board-room-1")
    assert "Online" in page.text
    assert ("admin:anna", "device.added", "device:board-room-1", "generic/json, added on the page") in [
        line for line in await office.audit()
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "Add"}, "is the name of a page of the gateway"),
        ({"name": "Fixed"}, "There is a device fixed already"),
        ({"name": "x", "id": "Not small"}, "Name in addresses: must be"),
        ({"name": "x", "time_zone": "Mars/Base"}, "Time zone: "),
        ({"name": "x", "room_address": "nowhere"}, "Address of the room in Google: "),
        ({"name": "?"}, "Name in addresses"),
    ],
)
async def test_a_mistake_is_told_and_nothing_typed_is_lost(
    office: DevicesOffice, typed: dict[str, str], said: str
) -> None:
    await office.browser.open("/devices/add/name?type=generic/json")
    page = await office.browser.press("Next", **typed)
    assert page.status == 422
    assert said in page.text
    assert page.labelled("Name").value == typed["name"]


async def test_a_device_that_is_asked_is_tested_and_its_certificate_trusted(office: DevicesOffice) -> None:
    browser = office.browser
    page = await asked(office, "HQ")
    assert page.url.endswith("/devices/hq/connect")
    assert "Failed" in page.text
    assert office.ucm.fingerprint in page.text
    assert "Code D-19" in page.text
    page = await browser.press("Trust this certificate")
    assert "Exactly this certificate is trusted" in page.text
    assert "Successful" in page.text
    assert f"HQ answers at 127.0.0.1:{office.ucm.port}" in page.text
    assert "Meetings could be in the calendar twice" in page.text
    assert office.ucm.password not in page.source
    lines = [(action, detail) for _, action, object_, detail in await office.audit() if object_ == "device:hq"]
    assert ("device.certificate_trusted", office.ucm.fingerprint) in lines
    await browser.open("/devices/hq/settings")
    page = await browser.press_with("Save", {"poll.address": "127.0.0.2"}, {})
    assert "The settings are saved." in page.text
    await browser.open("/devices/hq")
    page = await browser.press("Test")
    assert "Code D-16" in page.text
    assert "Test again" in page.buttons()
    await browser.open("/devices/hq/settings")
    await browser.press_with("Save", {"poll.password": "wrong-one", "poll.address": "127.0.0.1"}, {})
    await browser.open("/devices/hq")
    page = await browser.press("Test")
    assert "Code D-17" in page.text
    assert "/devices/hq/settings#poll.password" in [each.attributes.get("href") for each in page.elements]
    await rests(office, "hq")


@pytest.mark.parametrize(
    ("status", "code", "shown"),
    [
        (-47, "D-18", "127.0.0.1/32"),
        (-45, "D-20", "asks us to slow down"),
        (-7, "D-21", "unexpected form"),
    ],
)
async def test_what_the_device_says_is_told_with_its_code(
    office: DevicesOffice, status: int, code: str, shown: str
) -> None:
    name = code.lower()
    await asked(office, name, **{"poll.fingerprint": office.ucm.fingerprint})
    do = {"code": status} if status != -7 else {"html": True}
    office.ucm.state.faults.add([{"action": "list*", "times": 9, "do": do}])
    page = await office.browser.press("Test")
    office.ucm.state.faults.rules.clear()
    assert f"Code {code}" in page.text
    assert shown in page.text
    await rests(office, name)


async def test_a_clock_that_is_wrong_is_told(office: DevicesOffice) -> None:
    office.ucm.state.clock.advance(45 * 60)
    await asked(office, "Late", **{"poll.fingerprint": office.ucm.fingerprint})
    poll = office.gateway.mirroring.poll
    async with asyncio.timeout(60):
        while (status := poll.status("late")) is None or not status.warning:
            poll.ask_now("late")
            await asyncio.sleep(0.02)
    page = await office.browser.open("/devices/late")
    office.ucm.state.clock.advance(-45 * 60)
    assert "The clock of Late is 45 minutes off." in page.text
    assert "Code D-12" in page.text
    await rests(office, "late")


async def test_a_fingerprint_that_no_test_saw_is_not_trusted(office: DevicesOffice) -> None:
    await office.browser.open("/devices/hq")
    token = next(each.value for each in office.browser.page.controls if each.name == "csrf")
    page = await office.browser.post("/devices/hq/trust", [("csrf", token), ("fingerprint", "ab" * 32)])
    assert "Test the device again" in page.text
    assert "ab" * 32 not in [detail for *_, detail in await office.audit()]


async def test_what_is_missing_to_ask_a_device_is_said(office: DevicesOffice) -> None:
    page = await asked(office, "Other", **{"poll.address": " ", "poll.password": ""})
    assert page.status == 422
    assert "Address is missing." in page.text
    assert "API password is missing." in page.text
    page = await asked(office, "Other", **{"poll.port": "seven"})
    assert page.status == 422
    assert "Port: must be" in page.text
    assert page.labelled("Address").value == "127.0.0.1"
    assert office.ucm.password not in page.source


async def test_a_simulated_call_takes_the_way_of_a_real_one(office: DevicesOffice) -> None:
    await added(office, "Demo")
    page = await office.browser.press("Simulate a call")
    assert "The simulated call was accepted." in page.text
    assert re.search(r'"Simulated call of Demo" at \d{4}-\d\d-\d\d 10:00 \(Europe/Berlin\)', page.text)
    assert "Waiting for the first call..." in page.text, "the device itself did not call"
    page = await office.browser.open("/devices/demo")
    assert "1 meeting , " in page.text


async def test_a_new_key_and_the_old_one_for_a_day(office: DevicesOffice) -> None:
    old = await added(office, "Keys")
    page = await office.browser.open("/devices/keys/key")
    assert "The old key works for 24 hours more." in page.text
    page = await office.browser.press("Make a new key")
    new = key_on(page)
    assert "The old key works until" in page.text
    assert new != old
    assert await office.call("keys", old, meeting("1")) == 202
    assert await office.call("keys", new, meeting("2")) == 202
    page = await office.browser.open("/devices/keys")
    assert "Old key, works until" in page.text
    await office.browser.open("/devices/keys/key")
    newest = key_on(await office.browser.press("Make a new key", at_once="yes"))
    assert await office.call("keys", new, meeting("3")) == 401
    assert await office.call("keys", newest, meeting("3")) == 202
    await office.written()
    assert await office.call("keys", old, meeting("4")) == 401
    await office.written()
    page = await office.browser.open("/devices/keys")
    assert "keys uses a wrong key" in page.text.lower()
    assert page.link("New key") == "/devices/keys/key"


async def test_keys_need_the_password_of_somebody_who_signed_in_long_ago(office: DevicesOffice) -> None:
    await added(office, "Proof")
    office.clock.ahead_ms += (PROVED_S + 1) * 1000
    page = await office.browser.open("/devices/proof/key")
    assert "/prove?next=" in page.url
    assert "Make a new key" not in page.buttons()
    await office.browser.open("/devices/add/connect?type=generic/json&id=later&name=Later")
    assert "/prove?next=" in office.browser.page.url
    page = await office.browser.open("/devices/proof/key")
    field = next(each.name for each in page.controls if each.kind == "password")
    page = await office.browser.press_with("Continue", {field: PASSWORD}, {})
    assert "Make a new key" in page.buttons()


async def test_every_setting_is_shown_and_changed(office: DevicesOffice) -> None:
    browser = office.browser
    await added(office, "Policies")
    typed = {
        "name": "Policies & more",
        "time_zone": "America/New_York",
        "calendar": "room@group.calendar.google.com",
        "room_address": "room@example.com",
        "invitations": "off",
        "wins": "ask",
        "conflict": "refuse",
        "transparency": "transparent",
        "visibility": "private",
        "meet": "yes",
        "show_pins": "yes",
        "join.sip_uri": "sip:{room}@pbx.example.com",
        "join.dial_in": "+49 30 1234",
        "join.web_link": "https://meet.example.com/{room}",
    }
    await browser.open("/devices/policies/settings")
    page = await browser.press_with("Save", typed, {})
    assert "The settings are saved." in page.text
    shown = {
        each.name: "yes" if "checked" in each.attributes else each.value for each in page.controls if each.name in typed
    }
    assert shown == typed
    device = office.gateway.register.find("policies")
    assert device is not None
    assert (device.policy.wins.value, device.policy.conflict.value, device.policy.meet) == ("ask", "refuse", True)
    page = await browser.press_with("Save", {name: "" for name in ("time_zone", "calendar", "room_address")}, {})
    changed = office.gateway.register.find("policies")
    assert changed is not None
    assert (changed.time_zone, changed.policy.room_address) == (None, None)
    assert changed.policy.wins.value == "ask"
    page = await browser.press("Save")
    assert "Nothing was changed." in page.text
    page = await browser.press("Save", time_zone="Nowhere")
    assert page.status == 422
    assert page.labelled("Time zone").value == "Nowhere"


async def test_settings_that_somebody_else_changed_meanwhile_are_not_overwritten_unseen(office: DevicesOffice) -> None:
    await added(office, "Shared")
    browser = office.browser
    await browser.open("/devices/shared/settings")
    first = browser.page
    await browser.press("Save", name="By the first")
    browser.page = first
    page = await browser.press("Save", name="By the second")
    assert page.status == 409
    assert "Code A-06" in page.text
    assert "By the first" in page.text
    page = await browser.press("Overwrite")
    assert "The settings are saved." in page.text
    assert page.labelled("Name").value == "By the second"


async def test_what_the_configuration_sets_is_locked(office: DevicesOffice) -> None:
    page = await office.browser.open("/devices/fixed/settings")
    assert "Set by config.yaml:4" in page.text
    assert "Save" not in page.buttons()
    token = next(each.value for each in page.controls if each.name == "csrf")
    for path, fields in (
        ("/devices/fixed/settings", [("name", "Mine")]),
        ("/devices/fixed/key", []),
        ("/devices/fixed/remove", []),
    ):
        await office.browser.post(path, [("csrf", token), *fields])
    page = await office.browser.open("/devices/fixed")
    assert "Fixed one" in page.text
    assert "Remove" not in page.text
    page = await office.browser.press("Pause")
    assert 'Its calls are answered with "try later"' in page.text
    assert "Code D-03" in page.text
    page = await office.browser.press_with("Resume", {}, {})
    assert "is served again" in page.text


@pytest.mark.parametrize("choice", ["keep", "cancel"])
async def test_a_removed_device_and_its_meetings(office: DevicesOffice, choice: str) -> None:
    key = await added(office, f"Gone {choice}")
    name = f"gone-{choice}"
    assert await office.call(name, key) == 202
    await office.browser.open(f"/devices/{name}")
    page = await office.browser.follow("Remove")
    assert "What becomes of its 1 meeting?" in page.text
    page = await office.browser.press("Remove", meetings=choice)
    assert page.url.endswith("/devices")
    said = "1 meeting stays in Google." if choice == "keep" else "1 meeting was cancelled."
    assert said in page.text
    assert await office.call(name, key) == 401
    page = await office.browser.open(f"/devices/{name}")
    assert page.status == 404
    assert f"There is no device {name}" in page.text


@pytest.mark.parametrize(
    "path", ["", "/settings", "/connect", "/key", "/remove", "/directory", "/trial", "/first-call"]
)
async def test_a_device_that_is_not_there_has_no_page(office: DevicesOffice, path: str) -> None:
    page = await office.browser.open(f"/devices/nobody{path}")
    assert page.status == 404
    assert "There is no device nobody" in page.text


async def test_extensions_get_addresses_of_the_domain_that_was_typed(office: DevicesOffice) -> None:
    browser = office.browser
    await browser.open("/devices/add/name?type=generic/json")
    page = await browser.press("Next", name="Mails", email_domain="Not a domain")
    assert page.status == 422
    assert "E-mail domain of the extensions: must be the part of an e-mail address after the @" in page.text
    await browser.press("Next", email_domain="pbx.example.com")
    key = key_on(await browser.press("Add and show the key"))
    said = meeting() | {"host": {"extension": "1000"}, "invitees": [{"extension": "1001", "email": "bob@example.com"}]}
    assert await office.call("mails", key, said) == 202
    stored = await office.gateway.stored.database.read(
        lambda conn: conn.execute("SELECT json_extract(body, '$.h'), json_extract(body, '$.i') FROM meeting").fetchall()
    )
    assert any("1000@pbx.example.com" in f"{host}" and "bob@example.com" in f"{guests}" for host, guests in stored)
    assert (await browser.open("/devices/mails/settings")).labelled("E-mail domain of the extensions").value == (
        "pbx.example.com"
    )
