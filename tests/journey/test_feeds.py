"""Calendar feeds: made and withdrawn on the page, read by a calendar program, with nothing in them that is secret."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio
from icalendar import Calendar

from gateway.config import Config, DeviceSection, GatewaySection
from gateway.domain.secret import Secret
from gateway.operations.integrations.feeds import MOST_MEETINGS
from gateway.store import feeds
from tests.journey.door_office import LOCAL, PASSWORD, Door
from tests.journey.plain_browser import PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock
from tests.unit.many_meetings import MIDDLE, fill

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "feeds-device-key-0123456789"
PIN = "424242"
MEETING = {
    "external_id": "weekly-1",
    "subject": "Weekly,\r\nATTACH:x",
    "start": f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}T10:00:00",
    "duration_minutes": 60,
    "time_zone": "Europe/Berlin",
    "repeat": {"frequency": "weekly", "count": 3},
    "host": {"email": "anna@example.com", "name": "Anna"},
    "invitees": [{"email": "boris@example.com"}],
    "password": PIN,
    "host_password": PIN,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("feeds")
    config = Config(
        gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL),
        devices=tuple(DeviceSection(id=name, profile="generic/json", key=Secret(KEY)) for name in ("board", "lobby")),
    )
    clock = MovedClock()
    async with running(config, clock) as gateway:
        await gateway.admins.add_user("anna", PASSWORD)
        yield Door(gateway, clock, folder)


@pytest_asyncio.fixture(loop_scope="module")
async def browser(door: Door) -> AsyncIterator[PlainBrowser]:
    async with PlainBrowser(door.http) as made:
        await made.open("/sign-in")
        await made.press("Sign in", name="anna", password=PASSWORD)
        yield made


async def made_feed(browser: PlainBrowser, device: str) -> str:
    """The address, as the page shows it once."""
    await browser.open("/settings/integrations")
    page = await browser.press("Create address", device=device)
    address = page.by_id("feed-address").text
    assert address not in (await browser.open("/settings/integrations")).source
    return address


async def call(door: Door, device: str, **changes: object) -> int:
    place = f"{door.http}/api/v1/devices/{device}/meetings"
    async with aiohttp.ClientSession() as pbx:
        sent = {**MEETING, **changes}
        async with pbx.post(place, json=sent, headers={"Authorization": f"Bearer {KEY}"}) as answer:
            return answer.status


async def test_a_calendar_program_reads_the_meetings_of_its_device(door: Door, browser: PlainBrowser) -> None:
    assert await call(door, "lobby") == await call(door, "board", subject="Not here") == 202
    address = await made_feed(browser, "lobby")
    async with aiohttp.ClientSession() as program:
        async with program.get(address) as answer:
            text, headers = await answer.text(), answer.headers
            assert (answer.status, headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        calendar = Calendar.from_ical(text)
        (event,) = calendar.walk("VEVENT")
        assert "Weekly" in event["SUMMARY"]
        assert "ATTACH" not in event
        assert event["RRULE"]["COUNT"] == [3]
        assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
        assert "METHOD" not in calendar
        assert "REFRESH-INTERVAL;VALUE=DURATION:PT15M" in text
        assert PIN not in text
        assert "Not here" not in text
        door.clock.ahead_ms += 3_600_000
        async with program.get(address, headers={"If-None-Match": headers["ETag"]}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        assert await call(door, "lobby", subject="Changed") == 202
        async with program.get(address, headers={"If-None-Match": headers["ETag"]}) as answer:
            assert answer.status == 200
            assert "Changed" in await answer.text()
        async with program.head(address) as answer:
            assert answer.status == 200


async def test_an_address_ends_with_the_next_one_and_when_it_is_withdrawn(door: Door, browser: PlainBrowser) -> None:
    first = await made_feed(browser, "board")
    second = await made_feed(browser, "board")
    async with aiohttp.ClientSession() as program:

        async def status(address: str) -> int:
            async with program.get(address) as answer:
                return answer.status

        assert [await status(first), await status(second)] == [404, 200]
        await browser.open("/settings/integrations")
        page = await browser.press("Withdraw the address")
        assert "The address does not work any more." in page.text
        assert await status(second) == 404
        for strange in ("x", "x" * 32, "%2e%2e", "x" * 5000, "\u00e9" * 32):
            assert await status(f"{door.http}/feeds/{strange}.ics") == 404
    actions = [(action, object_) for _, action, object_, _ in door.audit() if action.startswith("feed.")]
    assert actions.count(("feed.created", "device:board")) == 2
    assert ("feed.revoked", "device:board") in actions


async def test_no_address_stands_in_the_database(door: Door, browser: PlainBrowser) -> None:
    token = (await made_feed(browser, "lobby")).rpartition("/")[2].removesuffix(".ics")
    with closing(sqlite3.connect(door.folder / "gateway.db")) as conn:
        assert token not in "\n".join(conn.iterdump())


async def test_the_password_is_asked_for_again_before_an_address_is_made(door: Door, browser: PlainBrowser) -> None:
    door.clock.ahead_ms += 20 * 60_000
    await browser.open("/settings/integrations")
    page = await browser.press("Create address", device="lobby")
    assert page.codes() == ["A-12"]
    page = await browser.press("Create address", device="lobby", password=PASSWORD)
    assert page.by_id("feed-address").text.startswith(door.http)


async def test_a_meeting_that_cannot_be_read_takes_no_other_with_it(door: Door, browser: PlainBrowser) -> None:
    for name in ("zone", "form", "well"):
        assert await call(door, "lobby", external_id=name, subject=f"Subject {name}") == 202

    def work(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE meeting SET body = json_set(body, '$.v', 99) WHERE external_id = 'form'")
        conn.execute("UPDATE meeting SET body = json_set(body, '$.z', 'Mars/Olympus') WHERE external_id = 'zone'")

    await door.gateway.stored.database.write(work)
    address = await made_feed(browser, "lobby")
    async with aiohttp.ClientSession() as program, program.get(address) as answer:
        assert answer.status == 200
        text = await answer.text()
    assert [name for name in ("zone", "form", "well") if f"Subject {name}" in text] == ["well"]


async def test_a_feed_has_the_next_meetings_however_many_are_over_and_reads_none_that_is_long_over(door: Door) -> None:
    now_s = int(MIDDLE.timestamp())
    month_ago_s = now_s - 30 * 86_400

    def work(conn: sqlite3.Connection) -> None:
        fill(conn, 2_000, 1, series=0.1, days=25)
        fill(conn, 40, 1, series=0.1, days=25, seed=2)
        few, many = (raw[0] for raw in conn.execute("SELECT id FROM device ORDER BY id DESC LIMIT 2"))
        wanted = "device_id = ? AND state = 'scheduled' AND sync = 1"
        series = "EXISTS (SELECT 1 FROM series_slot WHERE meeting_id = meeting.id AND last_day >= ?)"
        found = [each for each, _ in feeds.meeting_ids(conn, many, now_s, month_ago_s, MOST_MEETINGS)]
        assert len(found) == MOST_MEETINGS
        marks = ",".join("?" * len(found))
        over = conn.execute(
            f"SELECT count(*) FROM meeting WHERE id IN ({marks}) AND end_s < ? AND NOT {series}",
            (*found, now_s, month_ago_s // 86_400),
        ).fetchone()[0]
        assert over == 0
        first = conn.execute(
            f"SELECT id FROM meeting WHERE {wanted} AND start_s >= ? ORDER BY start_s, id LIMIT 250", (many, now_s)
        ).fetchall()
        assert {raw[0] for raw in first} <= set(found)
        every = conn.execute(
            f"SELECT id, revision FROM meeting WHERE {wanted} AND (end_s >= ? OR {series}) ORDER BY id",
            (few, month_ago_s, month_ago_s // 86_400),
        ).fetchall()
        assert feeds.meeting_ids(conn, few, now_s, month_ago_s, MOST_MEETINGS) == every
        for query in (feeds.COMING, feeds.SERIES, feeds.OVER):
            values = (many, now_s, 5, now_s)[: 4 if "?4" in query else 3]
            plan = str(conn.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall())
            assert "(start_s>" in plan or "(rowid=?)" in plan
            assert "(device_id=?)" not in plan
            assert "SCAN m" not in plan

    await door.gateway.stored.database.write(work)


async def test_a_device_that_is_not_there_gets_no_address(door: Door, browser: PlainBrowser) -> None:
    await browser.open("/settings/integrations")
    page = await browser.press("Create address", device="lobbby")
    assert page.status == 422
    assert "There is no device lobbby" in page.text
