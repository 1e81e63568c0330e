"""A device that calls too often, and one that speaks https to the port for http, as an administrator meets them."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from gateway.access.call_rate import SHOWN_FOR_S
from gateway.devices.call_log import Result
from gateway.web.wrong_port import SHOWN_FOR_MS
from tests.journey.call_office import CallOffice, meeting, opened_calls
from tests.journey.device_pages_office import FIXED, DevicesOffice, opened_devices

LIMIT = 6
MORE = f"limits: {{device_calls_per_minute: {LIMIT}}}\n"
TOO_MANY = f"sends more than {LIMIT} calls per minute."
HELLO = bytes.fromhex("1603010200010001fc0303")


async def flood(office: CallOffice, device: str) -> None:
    """Call until the device is slowed down."""
    async with asyncio.timeout(60):
        while (await office.call(device, json=meeting()))[0] != 429:
            pass


async def stored(office: CallOffice) -> tuple[int, int]:
    """How often anything was written about meetings, and how many calls are on disk."""
    await office.gateway.mirroring.neighbourhood.keeper.write()
    return await office.gateway.stored.database.read(
        lambda conn: conn.execute("SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM call)").fetchone()
    )


async def test_a_flood_is_slowed_down_and_shown(tmp_path: Path):
    async with opened_calls(tmp_path, more=MORE) as office:
        await flood(office, "script")
        before, noted = await stored(office), office.newest("script")
        status, text = await office.call("script", json=meeting(subject="One too many"))
        assert (status, "One too many" in text) == (429, False)
        assert await stored(office) == before
        assert office.newest("script").number == noted.number, "of those that are refused, one a minute is kept"
        assert (noted.status, noted.result) == (429, Result.LATER)
        assert (await office.call("form-1", data={"a": "b"}))[0] == 422, "all others are served as before"
        assert (await office.call("script", "/meetings/changes", method="GET"))[0] == 200, "asking is not counted"
        assert "script " + TOO_MANY in (await office.browser.open(f"/calls/{noted.number}")).text
        assert "script " + TOO_MANY in (await office.browser.open("/dashboard")).text
        assert "script " + TOO_MANY in (await office.browser.open("/devices/script")).text
        assert TOO_MANY not in (await office.browser.open("/devices/form-1")).text
        office.clock.ahead_ms += int(SHOWN_FOR_S * 1000) + 1000
        assert (await office.call("script", json=meeting(subject="Later")))[0] == 202
        assert TOO_MANY not in (await office.browser.open("/dashboard")).text
        assert TOO_MANY not in (await office.browser.open("/devices/script")).text


async def hello(office: DevicesOffice, source: str) -> None:
    """Speak TLS to the port for http."""
    address = ("127.0.0.1", office.gateway.listener.port)
    reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
    writer.write(HELLO)
    await reader.read()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def test_the_wrong_port_is_shown_until_it_is_the_right_one(tmp_path: Path):
    key = FIXED.key.reveal() if FIXED.key is not None else ""
    async with opened_devices(tmp_path) as office:
        await office.call("fixed", key, source="127.0.0.5")
        await hello(office, "127.0.0.5")
        await hello(office, "127.0.0.9")
        page = await office.browser.open("/dashboard")
        assert "Fixed one speaks https, this port is http." in page.text
        assert "127.0.0.9 speaks https, this port is http." in page.text
        links = [
            each.attributes["href"] for each in page.elements if (each.tag, each.text.strip()) == ("a", "Show address")
        ]
        assert sorted(links) == ["/devices/fixed/connect", "/settings/network"]
        assert "Fixed one speaks https" in (await office.browser.open("/devices/fixed")).text
        office.clock.ahead_ms += 1_000
        await office.call("fixed", key, source="127.0.0.5")
        text = (await office.browser.open("/dashboard")).text
        assert "Fixed one speaks" not in text, "it called properly since"
        assert "127.0.0.9 speaks" in text
        office.clock.ahead_ms += SHOWN_FOR_MS
        assert office.gateway.listener.wrong_ports.recent() == []
