"""GET /live: what happens reaches an open page, nothing is told twice or lost, and a stream ends with its session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateway.store import audit
from tests.journey.door_office import PASSWORD, Door, Visitor, opened_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class Event:
    """One event as it came."""

    id: str
    name: str
    data: dict[str, object]


class Listening:
    """A page that listens."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> Event:
        """The next event; comments and what is for the browser alone are passed over."""
        async with asyncio.timeout(60):
            while True:
                lines: list[str] = []
                while line := (await self.answer.content.readline()).decode().rstrip("\n"):
                    lines.append(line)
                assert lines or not self.answer.content.at_eof(), "the stream ended"
                fields = dict(each.split(": ", 1) for each in lines if not each.startswith(":"))
                if "data" in fields:
                    return Event(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))

    async def line(self) -> Event:
        """The next event that stands in the audit table."""
        while True:
            event = await self.next()
            if event.id and event.name not in ("hello", "reset"):
                return event

    async def ended(self) -> None:
        """Wait until the gateway closes the stream."""
        async with asyncio.timeout(60):
            await self.answer.content.read()


@asynccontextmanager
async def listening(visitor: Visitor, path: str = "/live", **headers: str) -> AsyncIterator[Listening]:
    """A page of a visitor who is signed in."""
    async with visitor.session.get(visitor.base + path, headers={**STREAM, **headers}) as answer:
        assert answer.status == 200, answer.status
        assert answer.content_type == "text/event-stream"
        yield Listening(answer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with opened_door(tmp_path_factory.mktemp("live"), anna=True) as door:
        yield door


@pytest_asyncio.fixture(loop_scope="module")
async def anna(door: Door) -> AsyncIterator[Visitor]:
    async with door.visitor() as visitor:
        assert (await visitor.sign_in()).status == 303
        yield visitor


async def happens(door: Door, number: int = 1, action: str = "meeting.scheduled", at_ms: int = 0) -> int:
    """Something happens; the id of the last line about it."""

    def work(conn) -> int:
        for each in range(number):
            audit.write(conn, at_ms=at_ms + each, actor="device:pbx", action=action, object_=f"meeting:{each}")
        return audit.newest_id(conn)

    return await door.gateway.stored.database.write(work)


async def test_what_happens_is_told_once_with_the_id_of_its_line(door: Door, anna: Visitor):
    async with listening(anna) as page:
        hello = await page.next()
        assert hello.name == "hello"
        assert int(hello.id) > 0
        number = await happens(door, 3)
        told = [await page.line() for _ in range(3)]
    assert [event.id for event in told] == [str(number - 2), str(number - 1), str(number)]
    assert {event.name for event in told} == {"meeting.scheduled"}
    expected = {"id": number, "at": 2, "actor": "device:pbx", "action": "meeting.scheduled", "object": "meeting:2"}
    assert told[-1].data == {**expected, "detail": ""}


async def test_headers_are_those_of_every_answer_and_of_a_stream(anna: Visitor):
    async with listening(anna) as page:
        assert page.answer.headers["Cache-Control"] == "no-store"
        assert page.answer.headers["X-Accel-Buffering"] == "no"
        assert "default-src 'none'" in page.answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("how", ["header", "query"])
async def test_who_comes_back_is_told_what_was_missed(door: Door, anna: Visitor, how: str):
    before = await happens(door)
    last = await happens(door, 5)
    headers = {"Last-Event-ID": str(before)} if how == "header" else {}
    async with listening(anna, "/live" if how == "header" else f"/live?since={before}", **headers) as page:
        told = [await page.next() for _ in range(5)]
        after = await happens(door)
        told.append(await page.line())
    assert [event.id for event in told] == [str(each) for each in (*range(before + 1, last + 1), after)]


@pytest.mark.parametrize("known", ["far-behind", "from-the-future"])
async def test_who_is_too_far_behind_is_told_to_read_everything_again(door: Door, anna: Visitor, known: str):
    before = await happens(door)
    newest = await happens(door, 250)
    said = before if known == "far-behind" else newest + 1000
    async with listening(anna, **{"Last-Event-ID": str(said)}) as page:
        event = await page.next()
        assert (event.name, event.id) == ("reset", str(newest))
        after = await happens(door)
        told = await page.next()
        while not told.id:
            told = await page.next()
        assert int(told.id) == after


async def test_a_flood_while_connected_becomes_a_reset(door: Door, anna: Visitor):
    async with listening(anna) as page:
        await page.next()
        newest = await happens(door, 500)
        event = await page.next()
        while event.name != "reset":
            event = await page.next()
        assert event.id == str(newest)


@pytest.mark.parametrize("said", ["", "abc", "-1", "1e9", "9" * 40, "1\u0663"])
async def test_nonsense_as_the_last_id_is_no_id(anna: Visitor, said: str):
    async with listening(anna, **{"Last-Event-ID": said.encode().decode("latin-1")} if said else {}) as page:
        assert (await page.next()).name == "hello"


async def test_without_names_every_event_is_handed_to_a_browser(door: Door, anna: Visitor):
    await happens(door)
    async with listening(anna, "/live?unnamed") as page:
        first = await page.next()
        assert (first.name, first.data["action"]) == ("", "hello")
        await happens(door, action="device.paused")
        event = await page.next()
        while event.data["action"] != "device.paused":
            event = await page.next()
        assert event.name == ""


async def test_a_page_that_was_made_while_something_happened_reads_itself_again(door: Door, anna: Visitor):
    newest = await happens(door, at_ms=door.clock.now_ms())
    async with listening(anna, "/live?unnamed&since=") as page:
        first = await page.next()
        assert (first.data["action"], first.id) == ("reset", str(newest))


async def test_what_changes_without_a_line_is_told_by_its_noun(door: Door, anna: Visitor):
    async with listening(anna) as page:
        await page.next()
        await happens(door)
        await page.line()  # from now on the loop compares
        await door.gateway.stored.database.write(
            lambda conn: conn.execute("INSERT INTO pending_device VALUES ('new', '192.0.2.9', 1, 1, 1, '', '')")
        )
        event = await page.next()
        assert (event.name, event.id) == ("device.state", "")


async def test_who_asks_for_no_stream_gets_the_same_as_a_list(door: Door, anna: Visitor):
    before = await happens(door)
    newest = await happens(door, 2)
    found = json.loads((await anna.get(f"/live?since={before}", {"Accept": "application/json"})).text)
    assert (found["id"], found["reset"]) == (newest, False)
    assert [each["id"] for each in found["events"]] == [newest - 1, newest]
    assert json.loads((await anna.get("/live", {"Accept": "application/json"})).text) == {
        "id": newest,
        "reset": True,
        "events": [],
    }


async def test_nobody_listens_who_is_not_signed_in(door: Door):
    async with door.visitor() as stranger:
        assert (await stranger.get("/live", STREAM)).place.startswith("/sign-in")
        assert (await stranger.post("/live")).status in (401, 403, 405)


@pytest.mark.parametrize("how", ["sign-out", "password", "elsewhere"])
async def test_a_stream_ends_with_its_session(door: Door, how: str):
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(door.visitor()) for _ in range(2)]
        for each in (first, second):
            assert (await each.sign_in()).status == 303
        page = await stack.enter_async_context(listening(second))
        await page.next()
        if how == "sign-out":
            await second.post("/sign-out")
        elif how == "password":
            await first.post("/password", old=PASSWORD, new=PASSWORD, again=PASSWORD)
        else:  # another process, of which this one hears only through the database
            await happens(door)
            await page.line()
            await door.gateway.stored.database.write(lambda conn: conn.execute("DELETE FROM admin_session"))
        await page.ended()
        assert not await second.signed_in()


async def test_an_open_stream_is_no_sign_of_life(door: Door):
    async with door.visitor() as visitor:
        await visitor.sign_in()
        async with listening(visitor) as page:
            await happens(door)
            await page.line()
            door.clock.ahead_ms += 32 * 60_000
            await page.ended()


async def test_streams_are_few(door: Door):
    async with AsyncExitStack() as stack:
        visitors = []
        for _ in range(2):
            visitor = await stack.enter_async_context(door.visitor())
            await visitor.sign_in()
            visitors.append(visitor)
        pages = [await stack.enter_async_context(listening(visitors[0])) for _ in range(5)]
        await pages[0].ended()
        other = await stack.enter_async_context(listening(visitors[1]))
        await happens(door)
        for page in (*pages[1:], other):
            await page.line()


async def test_nothing_is_looked_for_while_nobody_listens(door: Door, anna: Visitor):
    async with listening(anna) as page:
        await page.next()
        assert [task for task in asyncio.all_tasks() if task.get_name() == "live"]
    async with asyncio.timeout(60):
        while [task for task in asyncio.all_tasks() if task.get_name() == "live"]:
            await asyncio.sleep(0.02)


async def test_a_gateway_that_stops_does_not_wait_for_streams(tmp_path: Path):
    async with AsyncExitStack() as stack:
        async with opened_door(tmp_path, anna=True) as door:
            visitor = await stack.enter_async_context(door.visitor())
            await visitor.sign_in()
            page = await stack.enter_async_context(listening(visitor))
            await page.next()
            begun = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun < 2.5
        await page.ended()
