"""The codes of devices: of those that call, of those that are asked, and of what is in their calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.contract.every_code.met import Met
from tests.journey.call_office import DAY, CallOffice, meeting, opened_calls, ucm_meeting
from tests.journey.device_pages_office import DevicesOffice, opened_devices
from tests.journey.page_office import PASSWORD
from tests.journey.plain_browser import Page

EXCEPTIONS: dict[str, str] = {}
"""Codes that no way leads to, each with the reason."""
CODES = frozenset(f"D-{number:02}" for number in range(1, 23)) - {"D-11", *EXCEPTIONS}
"""D-11 is about a meeting: see `running`."""

JSON = {"Content-Type": "application/json"}
FIRMWARE = {"User-Agent": "Grandstream UCM6304 1.0.19.8"}
WEEK_MS = 7 * 24 * 3_600_000
WRONG = "another-key-of-16-signs"


async def walk(folder: Path, met: Met) -> None:
    """Meet all of them."""
    async with opened_calls(folder / "calls", more="limits: {device_calls_per_minute: 60}\n") as calls:
        await _in_calls(calls, met)
        await _of_a_flood(calls, met)
    async with opened_devices(folder / "devices") as office:
        await _of_strangers_and_keys(office, met)
        await _of_a_wrong_port(office, met)
        await _of_devices_that_are_asked(office, met)
        await _of_silence(office, met)


async def _in_calls(office: CallOffice, met: Met) -> None:
    for code, sent, says in (
        ("D-06", {"starttime": ""}, "has no start"),
        ("D-07", {"endtime": f"{DAY} 09:00:00"}, "ends before it starts"),
        ("D-08", {"timezone": "Mars/Base"}, '"Mars/Base"'),
        ("D-22", {"timezone": "+0800"}, "ucm-1 sends +0800"),
    ):
        await office.call("ucm-1", json=ucm_meeting(bookid=code, **sent), headers=FIRMWARE)
        pages = [await _newest(office, "ucm-1")]
        if code == "D-06":  # on the call's own page there is no way to it
            pages.append(await office.browser.open("/devices/ucm-1"))
        await met.on(office.browser, code, *pages, says=says)
    await office.gateway.mirroring.neighbourhood.keeper.write()
    places = ("/devices/ucm-1", "/dashboard", "/profiles/grandstream/ucm6300")
    pages = [await office.browser.open(place) for place in places]
    await met.on(office.browser, "D-05", *pages, says="has firmware 1.0.19.8; the profile was made for >=1.0.25.7.")
    await office.call("ucm-1", data='{"confname": "x",\n oops', headers=JSON)
    pages = [await _newest(office, "ucm-1"), await office.browser.open("/devices/ucm-1")]
    await met.on(office.browser, "D-04", *pages, says="Line 2: body is not JSON")
    for _ in range(2):
        await office.call("script", json=meeting(external_id="twice"))
    await met.on(office.browser, "D-09", await _newest(office, "script"))
    await office.call("ucm-1", data=b"x" * 70_000, headers=JSON)
    await met.on(office.browser, "D-15", await _newest(office, "ucm-1"), says="(70 kB)")


async def _of_a_flood(office: CallOffice, met: Met) -> None:
    async with asyncio.timeout(60):
        while (await office.call("phone", method="POST", data="x"))[0] != 429:
            pass
    pages = [await office.browser.open(path) for path in ("/dashboard", "/devices/phone")]
    await met.on(office.browser, "D-14", *pages, says="phone sends more than 60 calls per minute.")


async def _of_a_wrong_port(office: DevicesOffice, met: Met) -> None:
    await office.call("fixed", "a-key-of-more-than-16-signs", source="127.0.0.5")
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", office.gateway.listener.port, local_addr=("127.0.0.5", 0)
    )
    writer.write(bytes.fromhex("1603010200010001fc0303"))
    await reader.read()
    writer.close()
    pages = [await office.browser.open(path) for path in ("/dashboard", "/devices/fixed")]
    await met.on(office.browser, "D-13", *pages, says="Fixed one speaks https, this port is http.")


async def _newest(office: CallOffice, device: str) -> Page:
    return await office.browser.open(f"/calls/{office.newest(device).number}")


async def _of_strangers_and_keys(office: DevicesOffice, met: Met) -> None:
    browser = office.browser
    await office.call("ucm6304", WRONG)
    await office.call("fixed", WRONG)
    await office.written()
    await met.on(browser, "D-01", await browser.open("/devices/waiting/ucm6304"), says="ucm6304")
    await browser.open("/devices/add/name?type=generic/json")
    await browser.press("Next", name="Keys")
    await browser.press("Add and show the key")
    await office.call("keys", WRONG)
    await office.written()
    await met.on(browser, "D-02", await browser.open("/devices/keys"), says="Keys uses a wrong key.")
    await browser.open("/devices/keys")
    await met.on(browser, "D-03", await browser.press("Pause"), says="Keys is paused.")


async def _of_devices_that_are_asked(office: DevicesOffice, met: Met) -> None:
    browser, ucm = office.browser, office.ucm
    page = await _asked(office, "HQ")
    await met.on(browser, "D-19", page, says=ucm.fingerprint)
    browser.page = page
    await browser.press("Trust this certificate")
    await _changed(office, **{"poll.address": "127.0.0.2"})
    await met.on(browser, "D-16", await _tested(office, "hq"), says=f"127.0.0.2:{ucm.port}")
    await _changed(office, **{"poll.password": "wrong-one", "poll.address": "127.0.0.1"})
    await met.on(browser, "D-17", await _tested(office, "hq"), says="(UCM status -37)")
    await _rests(office, "hq")
    # Each has a device of its own: one that refused is left alone for a while.
    for code, do, says in (
        ("D-18", {"code": -47}, "127.0.0.1/32"),
        ("D-20", {"code": -45}, "(status -45)"),
        ("D-21", {"html": True}, "unexpected form"),
    ):
        await _asked(office, code, **{"poll.fingerprint": ucm.fingerprint})
        ucm.state.faults.add([{"action": "list*", "times": 9, "do": do}])
        page = await _tested(office, code.lower())
        ucm.state.faults.rules.clear()
        await met.on(browser, code, page, says=says)
        await _rests(office, code.lower())
    await _of_a_clock(office, met)


async def _of_a_clock(office: DevicesOffice, met: Met) -> None:
    office.ucm.state.clock.advance(45 * 60)
    await _asked(office, "Late", **{"poll.fingerprint": office.ucm.fingerprint})
    poll = office.gateway.mirroring.poll
    async with asyncio.timeout(60):
        while (status := poll.status("late")) is None or not status.warning:
            poll.ask_now("late")
            await asyncio.sleep(0.02)
    page = await office.browser.open("/devices/late")
    await met.on(office.browser, "D-12", page, says="The clock of Late is 45 minutes off.")
    office.ucm.state.clock.advance(-45 * 60)
    await _rests(office, "late")


async def _asked(office: DevicesOffice, name: str, **changes: str) -> Page:
    """Add the simulated UCM as a device that is asked; the page that follows."""
    await office.browser.open("/devices/add/name?type=grandstream/ucm6300")
    await office.browser.press("Next", name=name)
    ucm = office.ucm
    asked = {"address": "127.0.0.1", "port": str(ucm.port), "user": ucm.user, "password": ucm.password}
    typed = {f"poll.{part}": said for part, said in asked.items()}
    return await office.browser.press_with("Add and test", typed | changes, {})


async def _tested(office: DevicesOffice, name: str) -> Page:
    await office.browser.open(f"/devices/{name}")
    return await office.browser.press("Test")


async def _rests(office: DevicesOffice, name: str) -> None:
    """Ask a device no more, so that it takes no part in what follows."""
    await office.browser.open(f"/devices/{name}")
    await office.browser.press("Pause")
    office.ucm.state.login.unban()


async def _changed(office: DevicesOffice, **settings: str) -> None:
    await office.browser.open("/devices/hq/settings")
    page = await office.browser.press_with("Save", settings, {})
    assert "The settings are saved." in page.text


async def _of_silence(office: DevicesOffice, met: Met) -> None:
    await office.call("fixed", "a-key-of-more-than-16-signs")
    await office.written()
    office.clock.ahead_ms += WEEK_MS + 3_600_000
    await office.browser.open("/sign-in")
    await office.browser.press("Sign in", name="anna", password=PASSWORD)
    page = await office.browser.open("/devices/fixed")
    await met.on(office.browser, "D-10", page, says="No sign of Fixed one for 7 days.")
