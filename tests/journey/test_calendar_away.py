"""A calendar that is not shared for a while: what the device says meanwhile waits, and nothing in it is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.store import outbox
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEADLINE_S
from tests.journey.two_way_office import TwoWay, opened


@pytest.fixture
async def way(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[TwoWay]:
    async with opened(tmp_path, google) as office:
        yield office


async def _held(way: TwoWay) -> None:
    def held(conn: sqlite3.Connection) -> int:
        return outbox.counts(conn).get("configuration", 0)

    async with asyncio.timeout(DEADLINE_S):
        while not await way.gateway.stored.database.read(held):
            await asyncio.sleep(0.01)


async def _written_and_answered(way: TwoWay) -> dict[str, Any]:
    """A meeting is in the calendar; a guest has answered, and somebody gave it a colour."""
    await way.send("m")
    event_id = (await way.event("m"))["id"]
    way.google.do.edit_event(event_id, {"colorId": "5"})
    way.google.do.reply(event_id, "bob@example.com", "accepted")
    await way.settled()
    return await way.event("m")


def _calls(way: TwoWay, *operations: str) -> list[tuple[str, int]]:
    return [(call.operation, call.status) for call in way.google.state.requests_of(*operations)]


@pytest.mark.parametrize("noticed", [True, False])
async def test_a_calendar_that_is_not_shared_for_a_while_keeps_its_events(way: TwoWay, noticed: bool) -> None:
    before = await _written_and_answered(way)
    primary = next(iter(way.google.state.accounts))
    way.google.do.unshare_calendar(primary)
    await way.say("m", subject="While it was away")
    await _held(way)
    if noticed:
        assert await way.read() is not None
    way.google.do.set_access(primary, "owner")
    await way.settled()
    after = await way.event("m")
    assert after["summary"] == "While it was away"
    assert [after[name] for name in ("id", "colorId", "attendees")] == [
        before[name] for name in ("id", "colorId", "attendees")
    ]
    assert {guest["email"]: guest["responseStatus"] for guest in after["attendees"]}["bob@example.com"] == "accepted"
    assert _calls(way, "insert", "delete") == [("insert", 200)]


async def test_what_is_cancelled_while_the_calendar_is_not_shared_is_removed_afterwards(way: TwoWay) -> None:
    await _written_and_answered(way)
    primary = next(iter(way.google.state.accounts))
    way.google.do.unshare_calendar(primary)
    async with way.session.delete(way.address("/m")) as answer:
        assert answer.status in (200, 202, 204), await answer.text()
    await _held(way)
    way.google.do.set_access(primary, "owner")
    await way.settled()
    assert await way.events("m") == []
