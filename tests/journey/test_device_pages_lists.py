"""The list of devices, who waits to become one, new ones let in for a while, and the extensions of one; no script."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.devices.roster import Roster
from gateway.domain.actor import COMMAND_LINE
from gateway.operations.devices.listed import PAGE
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store import devices
from tests.journey.device_pages_office import FIXED, DevicesOffice, meeting, opened_devices

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "the-key-that-is-in-the-device"
LIST = b"extension;email;name\r\n1001;anna@example.com;Anna\r\n1002;ben@example.com;=1+1\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevicesOffice]:
    async with opened_devices(tmp_path_factory.mktemp("devices")) as opened:
        yield opened


def roster(office: DevicesOffice) -> Roster:
    """What a command would work with beside the gateway."""
    catalog = Catalog.load([builtin_folder()])
    stored = office.gateway.stored
    return Roster(
        database=stored.database,
        vault=stored.vault,
        clock=office.clock,
        catalog=lambda: catalog,
        sections=(FIXED,),
        sources={"devices[0].id": "config.yaml:4"},
        actor=COMMAND_LINE,
    )


async def waits(office: DevicesOffice, name: str, subject: str = "Weekly Meeting", pin: str = "") -> None:
    """Somebody who is no device calls."""
    body = meeting(subject=subject) | ({"password": pin} if pin else {})
    assert await office.call(name, KEY, body) == 401


async def test_somebody_who_waits_is_shown_word_for_word_and_added(office: DevicesOffice) -> None:
    browser = office.browser
    await waits(office, "ucm-9", pin="48151623")
    page = await browser.open("/devices")
    assert 'Device "ucm-9" (127.0.0.1) wants to connect. Add it?' in page.text
    assert "Seen 1 time since " in page.text
    assert "Looks like JSON or form, in the gateway's own words (fields match)." in page.text
    assert 'First meeting it sent: "Weekly Meeting".' in page.text
    page = await browser.follow("Show the call")
    assert "POST /api/v1/devices/ucm-9/meetings" in page.text
    assert "Weekly Meeting" in page.text
    assert "48151623" not in page.source
    assert KEY not in page.source
    page = await browser.press("Add")
    assert page.url.startswith(f"{browser.base}/devices/add/name?type=generic%2Fjson&id=ucm-9")
    await browser.press("Next", name="Number nine")
    page = await browser.press("Add and show the key")
    assert page.url.endswith("/devices/ucm-9/connect")
    page = await browser.open("/devices/ucm-9")
    assert "1 meeting , " in page.text, "what it sent before was worked off"
    assert "wants to connect" not in (await browser.open("/devices")).text


async def test_ignored_undone_and_dismissed(office: DevicesOffice) -> None:
    browser = office.browser
    await waits(office, "stranger")
    await browser.open("/devices")
    page = await browser.press("Ignore")
    assert "stranger is ignored." in page.text
    assert "wants to connect" not in page.text
    await waits(office, "stranger")
    page = await browser.open("/devices?state=waiting")
    assert "Nobody waits to connect." in page.text
    page = await browser.open("/devices?state=ignored")
    assert "stranger" in page.text
    page = await browser.press("Undo")
    assert "is asked about again when it calls" in page.text
    await waits(office, "stranger")
    await office.written()
    await browser.open("/devices")
    page = await browser.press("Dismiss")
    assert "stranger is dismissed." in page.text
    assert "wants to connect" not in page.text
    await office.written()
    assert "wants to connect" not in (await browser.open("/devices")).text
    await waits(office, "stranger")
    assert "wants to connect" in (await browser.open("/devices")).text
    await browser.press("Ignore")


@pytest.mark.parametrize("what", ["", "/add", "/dismiss", "/heed"])
async def test_nobody_of_that_name_waits(office: DevicesOffice, what: str) -> None:
    page = await office.browser.open("/devices")
    token = next(each.value for each in page.controls if each.name == "csrf")
    path = f"/devices/waiting/nobody{what}"
    page = await (office.browser.post(path, [("csrf", token)]) if what else office.browser.open(path))
    assert page.status == 404


async def test_new_devices_are_let_in_for_a_while(office: DevicesOffice) -> None:
    browser = office.browser
    await browser.open("/devices")
    page = await browser.press("Allow new devices for 10 minutes")
    assert "New devices are added for 10 minutes." in page.text
    assert "10 minutes left" in page.text
    await waits(office, "newcomer")
    admission = office.gateway.mirroring.neighbourhood.visitors.admission
    assert admission is not None
    await admission.looked()
    page = await browser.open("/devices")
    assert "Added so far: newcomer" in page.text
    lines = [line for line in await office.audit() if line[2] in ("devices", "device:newcomer")]
    assert lines == [
        ("admin:anna", "device.new_ones_allowed", "devices", ""),
        ("admin:anna", "device.added", "device:newcomer", "generic/json, let in from 127.0.0.1"),
    ]
    assert "1 meeting , " in (await browser.open("/devices/newcomer")).text
    assert await office.call("newcomer", KEY, meeting("another")) == 202, "it keeps the key that it has"
    await browser.open("/devices")
    page = await browser.press("End it now")
    assert "New devices have to ask again." in page.text
    await waits(office, "late")
    page = await browser.open("/devices")
    assert '"late" (127.0.0.1) wants to connect' in page.text
    await browser.press("Allow new devices for 10 minutes")
    office.clock.ahead_ms += 10 * 60_000
    page = await browser.open("/devices")
    assert "Allow new devices for 10 minutes" in page.buttons()
    await browser.press("Ignore")


async def test_the_list_is_searched_filtered_and_paged(office: DevicesOffice) -> None:
    browser, desk = office.browser, roster(office)
    names = [f"room-{number:03}" for number in range(2 * PAGE + 10)]

    def many(conn: sqlite3.Connection) -> None:
        for name in names:
            text = json.dumps({"name": f"{name} of the tower"})
            devices.add(
                conn, name=name, profile="generic/form", keys=None, settings=text, password_sealed=None, now_ms=1
            )

    await office.gateway.stored.database.write(many)
    page = await browser.open("/devices?search=tower")
    assert [name for name in names if f"{name} of the tower" in page.text] == names[:PAGE]
    page = await browser.follow("Next")
    assert [name for name in names if f"{name} of the tower" in page.text] == names[PAGE : 2 * PAGE]
    page = await browser.follow("Next")
    assert [name for name in names if f"{name} of the tower" in page.text] == names[2 * PAGE :]
    assert "Next" not in page.text.split()
    page = await browser.follow("Before")
    assert [name for name in names if f"{name} of the tower" in page.text] == names[PAGE : 2 * PAGE]
    page = await browser.follow("Before")
    assert [name for name in names if f"{name} of the tower" in page.text] == names[:PAGE]
    assert not [each for each in page.elements if each.attributes.get("rel") == "prev"]
    for text, found in (
        ("ROOM-007", ["room-007"]),
        ("flat form", names[:PAGE]),
        ("100%", []),
        ("fixed", []),
    ):
        page = await browser.open(f"/devices?search={text.replace('%', '%25').replace(' ', '+')}")
        assert [name for name in names if f"{name} of the tower" in page.text] == found
    assert "Fixed one" in page.text
    await desk.pause("room-003", paused=True)
    page = await browser.open("/devices?state=paused")
    assert [name for name in names if f"{name} of the tower" in page.text] == ["room-003"]
    page = await browser.open("/devices?state=quiet")
    assert "No device fits." in page.text
    for odd in ("state=x", "after=%00", "before=%FF&search=%25_"):
        assert (await browser.open(f"/devices?{odd}")).status == 200


async def test_a_list_of_extensions_is_looked_at_before_it_is_taken(office: DevicesOffice) -> None:
    browser, here = office.browser, "/devices/fixed/directory"
    await browser.open(here)
    page = await browser.press("Look at it first", files={"file": LIST})
    assert "The list has 2 extensions." in page.text
    assert "anna@example.com" in page.text
    assert "No extensions yet." in (await browser.open(here)).text, "nothing has changed"
    page = await browser.press("Look at it first", files={"file": LIST})
    page = await browser.press("Import")
    assert "2 extensions have an address now." in page.text
    device = office.gateway.register.find("fixed")
    assert device is not None
    assert device.directory["1001"] == "anna@example.com"
    page = await browser.press("Look at it first", files={"file": b"extension,email\n1,no\n2 2,x@example.com\n"})
    assert page.status == 422
    assert "line 2:" in page.text
    assert "line 3:" in page.text
    assert "Import" not in page.buttons()
    await browser.open(here)
    page = await browser.press("Look at it first", text="ext,mail\n77,seven@example.com")
    assert "The list has 1 extension." in page.text
    page = await browser.press("Import")
    assert "2 lines of the list before are gone." in page.text
    await browser.open(here)
    assert (await browser.press("Look at it first")).status == 422
    for encoding, said in (
        ("cp1252", "Read as Windows-1252, with ; between the columns."),
        ("utf-16", "Read as UTF-16, with ; between the columns."),
        ("utf-8-sig", "Read as UTF-8, with ; between the columns."),
    ):
        await browser.open(here)
        page = await browser.press(
            "Look at it first", files={"file": "ext;mail;name\n1;a@b.de;J\xf6rg".encode(encoding)}
        )
        assert said in page.text
        assert "J\xf6rg" in page.text
    await browser.press("Import")
    device = office.gateway.register.find("fixed")
    assert device is not None
    assert device.directory["1"] == "a@b.de"
    await browser.open(here)
    page = await browser.press("Look at it first", files={"file": b"\x89PNG\r\n\x1a\n\0\0\0"})
    assert page.status == 422
    assert "the list is not text" in page.text


async def test_an_extension_is_added_found_exported_and_removed(office: DevicesOffice) -> None:
    browser, here = office.browser, "/devices/fixed/directory"
    await browser.open(here)
    page = await browser.press("Save", extension="2001", email="carla@example.com", name="=Carla")
    assert "Extension 2001 has an address now." in page.text
    page = await browser.press("Save", extension="2002", email="nothing", name="")
    assert page.status == 422
    assert page.labelled("Extension").value == "2002"
    page = await browser.open(f"{here}.csv")
    assert page.headers["Content-Type"].startswith("text/csv")
    assert "2001,carla@example.com, =Carla" in page.source
    await browser.open(f"{here}?search=carla")
    assert "2001" in browser.page.text
    assert "seven@example.com" not in browser.page.text
    page = await browser.press("Remove")
    assert "The address of extension 2001 is forgotten." in page.text
    assert "carla" not in page.text


async def test_people_without_an_address_are_named(office: DevicesOffice) -> None:
    body = meeting("d11") | {"invitees": [{"extension": "3001", "name": "Dora"}]}
    assert await office.call("fixed", FIXED.key.reveal() if FIXED.key else "", body) == 202
    page = await office.browser.open("/devices/fixed/directory")
    assert "Without an e-mail address" in page.text
    assert "3001 Dora (1 meeting)" in page.text
    page = await office.browser.follow("Add e-mail")
    assert page.labelled("Extension").value == "3001"
    page = await office.browser.press("Save", email="dora@example.com")
    assert "Without an e-mail address" not in page.text
