"""What guests and people do in the calendar comes back to the device: by asking, and by its webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.app.serving import Running
from gateway.clock import SystemClock
from gateway.config import load
from gateway.store import outbox
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import CLIENT_SECRET, CONFIG, DEADLINE_S, DEVICE_KEY, MONDAY
from tests.prepared import running

MEETING = {
    "external_id": "m-1",
    "subject": "Review",
    "start": f"{MONDAY}T10:00:00",
    "duration_minutes": 60,
    "time_zone": "Etc/GMT-1",
    "invitees": [{"extension": "1001", "email": "anna@example.com"}, {"email": "bob@example.com"}],
}
ENVIRON = {
    "GATEWAY_GOOGLE__CLIENT_SECRET": CLIENT_SECRET,
    "GATEWAY_DEVICES__UCM_1__KEY": DEVICE_KEY,
    "GATEWAY_DEVICES__SCRIPT__KEY": DEVICE_KEY,
    "GATEWAY_GATEWAY__LISTEN_TLS": "127.0.0.1:0",
}


@dataclass
class Way:
    """A gateway within this process, with its device's calls."""

    gateway: Running
    google: SimulatedGoogle
    session: aiohttp.ClientSession

    def address(self, rest: str, device: str = "script") -> str:
        return f"{self.gateway.listener.url}/api/v1/devices/{device}/meetings{rest}"

    async def send(self, **changes: object) -> None:
        async with self.session.post(self.address(""), json={**MEETING, **changes}) as answer:
            assert answer.status in (200, 202), await answer.text()
        await self.mirrored()

    async def mirrored(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await self.gateway.stored.database.read(outbox.counts):
                await asyncio.sleep(0.01)

    async def changes(self, **query: str) -> dict[str, Any]:
        async with self.session.get(self.address("/changes"), params=query) as answer:
            assert answer.status == 200, await answer.text()
            document: dict[str, Any] = await answer.json()
            return document

    async def heard(self, after: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Read the calendar, and tell what the device hears then."""
        assert await self.gateway.mirroring.inbound.read() is None
        said = await self.changes(**({"after": after} if after else {}))
        fixed = ("cursor", "at", "type", "id", "external_id")
        assert {change["external_id"] for change in said["changes"]} <= {"m-1"}
        return [(c["type"], {k: v for k, v in c.items() if k not in fixed}) for c in said["changes"]]

    def event(self) -> str:
        (event,) = [e for e in self.google.state.all_events() if e["status"] != "cancelled"]
        return str(event["id"])


@pytest.fixture
async def way(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[Way]:
    path = tmp_path / "config.yaml"
    numbers = {"retry_first_s": 1, "retry_cap_s": 2, "call_timeout_s": 30}
    path.write_text(CONFIG.format(client_id="sim-client.apps.googleusercontent.com", base=google.base, **numbers))
    headers = {"Authorization": f"Bearer {DEVICE_KEY}"}
    async with (
        running(load(path, ENVIRON), SystemClock()) as gateway,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        accounts = gateway.stored.accounts
        link = await accounts.start()
        await accounts.store(await accounts.finish(google.do.approve(link.url)), replace=False)
        yield Way(gateway, google, session)


async def test_a_guests_answer_comes_back_once_with_extension_and_comment(way: Way) -> None:
    await way.send()
    assert await way.heard() == []
    way.google.do.reply(way.event(), "anna@example.com", "accepted", "On my way")
    answer = {"email": "anna@example.com", "extension": "1001", "answer": "accepted", "comment": "On my way"}
    assert await way.heard() == [("meeting.replied", answer)]
    assert await way.heard() == [("meeting.replied", answer)]
    cursor = (await way.changes())["next"]
    assert await way.heard(cursor) == []
    way.google.do.reply(way.event(), "anna@example.com", "declined")
    assert await way.heard(cursor) == [("meeting.replied", {**answer, "answer": "declined"})]


async def test_edits_and_deletions_are_told_and_put_back(way: Way) -> None:
    await way.send()
    await way.heard()
    way.google.do.edit_event(way.event(), {"summary": "Moved by Anna"})
    edited = {"changes": {"subject": {"device": "Review", "calendar": "Moved by Anna"}}, "decided": "device"}
    assert await way.heard() == [("meeting.edited", edited)]
    await way.mirrored()
    assert (await way.heard())[1:] == [("meeting.restored", {})]
    start, end = ({"dateTime": f"{MONDAY}T{hour}:00:00+01:00", "timeZone": "Etc/GMT-1"} for hour in (12, 13))
    way.google.do.edit_event(way.event(), {"start": start, "end": end})
    moved = {"device": f"{MONDAY}T09:00:00Z/{MONDAY}T10:00:00Z", "calendar": f"{MONDAY}T11:00:00Z/{MONDAY}T12:00:00Z"}
    assert (await way.heard())[2:] == [("meeting.edited", {"changes": {"time": moved}, "decided": "device"})]
    await way.mirrored()
    assert (await way.heard())[3:] == [("meeting.restored", {})]
    way.google.do.delete_event(way.event())
    gone = {"changes": {"event": {"device": "scheduled", "calendar": "deleted"}}, "decided": "device"}
    assert (await way.heard())[4:] == [("meeting.deleted", gone)]
    await way.mirrored()
    assert (await way.heard())[5:] == [("meeting.restored", {})]
    way.google.do.expire("sync_tokens")  # the deleted event is then read once more
    assert len(await way.heard()) == 6


async def test_what_the_device_does_itself_is_no_news(way: Way) -> None:
    await way.send()
    await way.heard()
    await way.send(subject="Review again")
    assert await way.heard() == []
    async with way.session.delete(way.address("/m-1")) as answer:
        assert answer.status == 202
    await way.mirrored()
    assert await way.heard() == []


async def test_after_a_lost_memory_of_changes_what_is_missing_counts_as_deleted(way: Way) -> None:
    await way.send()
    await way.heard()
    way.google.do.burn_event(way.event())
    way.google.do.expire("sync_tokens")
    assert [kind for kind, _ in await way.heard()] == ["meeting.deleted"]
    assert len(await way.heard()) == 1


async def test_a_change_that_waits_for_the_calendar_wins_and_the_device_hears_of_the_conflict(way: Way) -> None:
    await way.send()
    await way.heard()
    async with way.session.post(
        f"{way.google.base}/_sim/faults", json={"match": {"operation": "get"}, "times": 1, "do": {"status": 503}}
    ) as answer:
        assert answer.status in (200, 201)
    way.google.do.edit_event(way.event(), {"summary": "Anna's name"})
    async with way.session.post(way.address(""), json={**MEETING, "subject": "The device's name"}) as answer:
        assert answer.status == 202
    changed = {"subject": {"device": "The device's name", "calendar": "Anna's name"}}
    assert await way.heard() == [("meeting.conflict", {"changes": changed, "decided": "device"})]


@pytest.mark.parametrize(("query", "field"), [({"after": "no cursor"}, "after"), ({"limit": "0"}, "limit")])
async def test_garbage_is_named(way: Way, query: dict[str, str], field: str) -> None:
    async with way.session.get(way.address("/changes"), params=query) as answer:
        assert answer.status == 400
        assert field in await answer.text()


async def test_pages_and_other_devices(way: Way) -> None:
    await way.send()
    await way.heard()
    for response in ("accepted", "declined", "tentative"):
        way.google.do.reply(way.event(), "bob@example.com", response)
        await way.heard()
    first = await way.changes(limit="2")
    assert [c["answer"] for c in first["changes"]] == ["accepted", "declined"]
    assert first["more"] is True
    rest = await way.changes(after=first["next"])
    assert ([c["answer"] for c in rest["changes"]], rest["more"]) == (["tentative"], False)
    async with way.session.get(way.address("/changes", device="ucm-1")) as answer:
        assert (await answer.json())["changes"] == []
    async with way.session.get(way.address("/changes"), headers={"Authorization": "Bearer wrong"}) as answer:
        assert answer.status == 401


async def test_one_occurrence_edited_and_another_removed_by_people(way: Way) -> None:
    await way.send(repeat={"frequency": "weekly", "count": 4})
    await way.heard()
    series = way.event()
    days = [MONDAY + timedelta(days=7 * week) for week in range(4)]
    instances = [f"{series}_{day:%Y%m%d}T090000Z" for day in days]
    async with way.session.delete(way.address(f"/m-1/occurrences/{days[3]}T09:00:00Z")) as answer:
        assert answer.status == 202, await answer.text()
    await way.mirrored()
    assert await way.heard() == []  # what the device does itself is no news
    start, end = ({"dateTime": f"{days[1]}T{h}:00:00+01:00", "timeZone": "Etc/GMT-1"} for h in (14, 15))
    way.google.do.edit_event(instances[1], {"start": start, "end": end})
    way.google.do.delete_event(instances[2])
    told = await way.heard()
    assert [(kind, said["original_start"]) for kind, said in told] == [
        ("meeting.edited", f"{days[1]}T09:00:00Z"),
        ("meeting.deleted", f"{days[2]}T09:00:00Z"),
    ]
    assert told[0][1]["changes"]["time"]["calendar"] == f"{days[1]}T13:00:00Z/{days[1]}T14:00:00Z"
    await way.mirrored()
    assert [kind for kind, _ in (await way.heard())[2:]] == ["meeting.restored", "meeting.restored"]


async def test_an_event_written_while_the_list_was_on_its_way_is_not_missing(way: Way) -> None:
    await way.send()
    await way.heard()
    way.google.do.expire("sync_tokens")
    # The token is refused; the list of everything is made before the second event, and comes after it.
    rule = {"match": {"operation": "list"}, "after": 1, "times": 1, "do": {"delay_s": 1.5, "when": "after"}}
    async with way.session.post(f"{way.google.base}/_sim/faults", json=rule) as answer:
        assert answer.status in (200, 201), await answer.text()
    reading = asyncio.create_task(way.gateway.mirroring.inbound.read())
    asked = len(way.google.state.requests)
    while len([r for r in way.google.state.requests[asked:] if r.operation == "list"]) < 2 and not reading.done():
        await asyncio.sleep(0.005)
    assert not reading.done()
    async with way.session.post(way.address(""), json={**MEETING, "external_id": "m-2"}) as answer:
        assert answer.status == 202
    await way.mirrored()
    assert await reading is None
    said = await way.changes()
    assert said["changes"] == []
