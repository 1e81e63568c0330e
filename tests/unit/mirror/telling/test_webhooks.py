"""Webhooks through the outbox: in order, each thing once, patient with a receiver that fails, across restarts."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.domain.retry import Hold
from gateway.mirror.telling.webhooks import GIVE_UP_MS, WEBHOOK, Webhooks
from gateway.notify.webhook import Receiver
from gateway.store import changes, devices, meetings, outbox
from gateway.store.database import Database
from gateway.store.meetings import MeetingContents
from tests.prepared import give_database
from tests.unit.mirror.gateway_in_memory import START_MS, MovableClock

DEVICE, OTHER = 1, 2
DEADLINE_S = 60.0


class Desk:
    """A database with two devices, a receiver for the first, and the loop that tells it."""

    def __init__(self, path: Path) -> None:
        self.clock = MovableClock()
        self.database = Database(path)
        self.answers: list[int] = []
        self.heard: list[str] = []
        self.url = ""
        self.receivers: dict[int, Receiver] = {}
        self._loop: asyncio.Task[None] | None = None

    async def hear(self, request: web.Request) -> web.Response:
        status = self.answers.pop(0) if self.answers else 204
        said = json.loads(await request.read())
        self.heard.append(f"{said['data']['n']}:{status}")
        return web.Response(status=status)

    def start(self) -> Webhooks:
        self.receivers = {DEVICE: Receiver(url=self.url, secret=b"k" * 32)}
        webhooks = Webhooks(
            database=self.database,
            clock=self.clock,
            receiver=self.receivers.get,
            devices=lambda: list(self.receivers),
            chance=lambda: 1.0,
            owner="test",
        )
        self._loop = asyncio.create_task(webhooks.run())
        return webhooks

    async def stop(self) -> None:
        assert self._loop is not None
        self._loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._loop

    async def say(self, *numbers: int, device_id: int = DEVICE) -> None:
        def tell(conn) -> None:
            for n in numbers:
                changes.tell(
                    conn, device_id=device_id, meeting_id=device_id, type_="t", data={"n": n}, now_ms=self.clock.ms
                )

        await self.database.write(tell)

    async def row(self) -> outbox.OutboxRow | None:
        return await self.database.read(lambda conn: outbox.get(conn, WEBHOOK, DEVICE))

    async def until_settled(self, times: int) -> outbox.OutboxRow | None:
        """Wait until that many calls were heard and nothing is under way."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                row = await self.row()
                if len(self.heard) >= times and (row is None or row.claimed_by is None):
                    return row
                await asyncio.sleep(0.005)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Desk]:
    path = folder / "gateway.db"
    give_database(path, START_MS)
    desk = Desk(path)
    await desk.database.open()

    def fill(conn) -> None:
        contents = MeetingContents(sync=True, shape="s", sequence=None, fingerprint="f", body="{}")
        for number, name in ((DEVICE, "one"), (OTHER, "two")):
            devices.put(conn, name=name, profile="generic/json", key_hash=b"h", now_ms=1)
            meetings.insert(conn, device_id=number, external_id="m", contents=contents, now_ms=1)

    await desk.database.write(fill)
    app = web.Application()
    app.router.add_post("/hook", desk.hear)
    async with TestServer(app) as server:
        desk.url = str(server.make_url("/hook"))
        try:
            yield desk
        finally:
            await desk.database.close()


async def test_in_order_each_once_and_only_for_devices_that_want_it(desk: Desk) -> None:
    webhooks = desk.start()
    await desk.say(1, 2, 3)
    await desk.say(9, device_id=OTHER)
    await webhooks.told({DEVICE, OTHER})
    assert await desk.until_settled(3) is None
    await webhooks.told({DEVICE})  # nothing new
    await desk.say(4)
    await webhooks.told({DEVICE})
    assert await desk.until_settled(4) is None
    await desk.stop()
    assert desk.heard == ["1:204", "2:204", "3:204", "4:204"]


async def test_a_failure_stops_the_line_until_it_is_mended(desk: Desk) -> None:
    desk.answers = [204, 503]
    webhooks = desk.start()
    await desk.say(1, 2, 3)
    await webhooks.told({DEVICE})
    row = await desk.until_settled(2)
    assert row is not None
    assert row.not_before > desk.clock.ms
    await desk.stop()
    desk.clock.ms = row.not_before
    desk.start()  # the next process goes on where the last one was
    assert await desk.until_settled(4) is None
    await desk.stop()
    assert desk.heard == ["1:204", "2:503", "2:204", "3:204"]


@pytest.mark.parametrize(("answer", "later_ms"), [(410, 0), (500, GIVE_UP_MS + 1)])
async def test_a_receiver_that_is_gone_or_failed_for_days_is_left_alone(desk: Desk, answer: int, later_ms: int) -> None:
    desk.answers = [answer] * 2
    if later_ms:
        await desk.database.write(lambda conn: changes.keep_webhook(conn, DEVICE, 0, desk.clock.ms - later_ms))
    webhooks = desk.start()
    await desk.say(1)
    await webhooks.told({DEVICE})
    row = await desk.until_settled(1)
    await desk.stop()
    assert row is not None
    assert row.hold is Hold.PARKED


async def test_more_than_one_batch(desk: Desk) -> None:
    webhooks = desk.start()
    await desk.say(*range(120))
    await webhooks.told({DEVICE})
    assert await desk.until_settled(120) is None
    await desk.stop()
    assert [int(said.split(":")[0]) for said in desk.heard] == list(range(120))


async def test_what_was_told_while_nobody_served_is_delivered_after_the_start(desk: Desk) -> None:
    await desk.say(1, 2)
    desk.start()
    assert await desk.until_settled(2) is None
    await desk.stop()
    assert desk.heard == ["1:204", "2:204"]


async def test_a_webhook_that_was_taken_away_leaves_nothing_to_do(desk: Desk) -> None:
    desk.answers = [503]
    webhooks = desk.start()
    await desk.say(*range(60))
    await webhooks.told({DEVICE})
    row = await desk.until_settled(1)
    assert row is not None
    desk.receivers.clear()
    desk.clock.ms = row.not_before
    await webhooks.told(())
    async with asyncio.timeout(DEADLINE_S):
        while await desk.row() is not None:
            await asyncio.sleep(0.005)
    await desk.stop()
    assert await desk.row() is None
    assert len(desk.heard) == 1
