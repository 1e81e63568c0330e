"""Events in an administrator's words: people's edits are still known, and new words are nobody's edit and no write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.domain.actor import Actor
from gateway.operations.settings.rewriting import Again, Rewriting
from gateway.store import wordings
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import MONDAY
from tests.journey.two_way_office import TwoWay, opened

TITLE, TEXT = "{room}: {subject}", "Welcome.\n{agenda}\n\n{pin}\n\nHosted by {device}"
FIRST = {"meetings.title": TITLE, "meetings.description": TEXT}
SECOND = {"meetings.title": "{subject} ({device})", "meetings.description": "{join}\n\nRoom {room}\n{invitees}"}
DAYS = [MONDAY + timedelta(days=7 * week) for week in range(4)]
_WRITES = ("insert", "update", "patch", "delete")


@pytest.fixture
async def way(request: pytest.FixtureRequest, tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[TwoWay]:
    async with opened(tmp_path, google, wins=getattr(request, "param", "device")) as office:
        yield office


async def _set(way: TwoWay, words: dict[str, Any]) -> None:
    await way.gateway.settings.save(words, Actor(name="test"))


def _writes(way: TwoWay) -> int:
    return sum(request.operation in _WRITES for request in way.google.state.requests)


async def _read_everything_anew(way: TwoWay) -> None:
    way.google.do.expire("sync_tokens")
    await way.settled()


async def _again(way: TwoWay) -> Again:
    stored = way.gateway.stored
    rewriting = Rewriting(
        database=stored.database,
        clock=SystemClock(),
        policy=way.gateway.register.policy,
        unseal=lambda sealed: stored.vault.unseal(sealed.encode("ascii")),
    )
    done = await rewriting.write_again(Actor(name="test"))
    way.gateway.outbound.wake()
    await way.at_rest()
    return done


@pytest.mark.parametrize("way", ["device", "google"], indirect=True)
async def test_what_people_change_of_such_an_event_is_theirs_and_nothing_else(
    way: TwoWay, request: pytest.FixtureRequest
) -> None:
    await _set(way, FIRST)
    await way.send("title")
    await way.send("text")
    await way.settled()
    before = {name: await way.event(name) for name in ("title", "text")}
    assert before["title"]["summary"] == "6301: Review"
    assert before["text"]["description"].startswith("Welcome.\nFigures\n\nHosted by ")
    way.google.do.edit_event(before["title"]["id"], {"summary": "Anna's name"})
    way.google.do.edit_event(before["text"]["id"], {"description": "Bring cake"})
    await way.settled()
    changed = {name: set(said["changes"]) for name, _, said in await way.heard() if "changes" in said}
    assert changed == {"title": {"subject"}, "text": {"description"}}
    wins = request.node.callspec.params["way"]
    after = {name: await way.event(name) for name in before}
    if wins == "device":
        assert [after[name]["summary"] for name in after] == [before[name]["summary"] for name in before]
        assert after["text"]["description"] == before["text"]["description"]
    else:
        assert (after["title"]["summary"], after["text"]["description"]) == ("Anna's name", "Bring cake")
    await way.heard()
    await _nothing_is_new(way)
    if wins == "google":
        await _set(way, SECOND)
        assert (await _again(way)).number == 2
        title, text = await way.event("title"), await way.event("text")
        assert (title["summary"], title["description"].startswith("Room 6301")) == ("Anna's name", True)
        assert (text["summary"], text["description"]) == ("Review (script)", "Bring cake")


async def _nothing_is_new(way: TwoWay) -> None:
    """Everything read anew is no news to the device, and nothing is written."""
    writes = _writes(way)
    await _read_everything_anew(way)
    assert (await way.heard(), _writes(way)) == ([], writes)


async def _some_meetings(way: TwoWay) -> None:
    """One of each kind: single, a series with an occurrence that its device changed and one that people moved."""
    await way.send("single", password="314159")
    await way.send("series", repeat={"frequency": "weekly", "count": 4})
    original = f"{DAYS[1]}T10:00:00"
    address = way.address(f"/series/occurrences/{original}")
    async with way.session.put(address, json={"agenda": "Only this one", "subject": "Special"}) as answer:
        assert answer.status in (200, 202), await answer.text()
    await way.at_rest()
    await way.settled()
    await way.heard()


async def test_other_words_write_nothing_and_are_taken_for_nobodys_edit(way: TwoWay) -> None:
    await _some_meetings(way)
    series = await way.event("series")
    rounds: list[dict[str, Any]] = [FIRST, SECOND, {"meetings.show_pins": True}, FIRST]
    for number, changed in enumerate(rounds, 1):
        stood = [(event["id"], event["summary"], event.get("description")) for event in way.google.state.all_events()]
        await _set(way, changed)
        await _nothing_is_new(way)
        assert [(e["id"], e["summary"], e.get("description")) for e in way.google.state.all_events()] == stood
        if number % 2:  # what is put back is written in the words of now, and so are those that follow
            place = f"Canteen {number}"
            way.google.do.edit_event(f"{series['id']}_{DAYS[2]:%Y%m%d}T090000Z", {"location": place})
            way.google.do.edit_event((await way.event("single"))["id"], {"location": place})
            await way.settled()
            told = [(name, set(said["changes"])) for name, _, said in await way.heard() if "changes" in said]
            assert sorted(told) == [("series", {"location"}), ("single", {"location"})]
            await way.settled()
            await way.heard()
            await _nothing_is_new(way)
    kept = await way.gateway.stored.database.read(
        lambda conn: [(mark, wordings.find(conn, mark)) for (mark,) in conn.execute("SELECT mark FROM wording")]
    )
    assert len(kept) == 2
    assert all(words is not None and words.mark == mark for mark, words in kept)


async def test_events_are_written_again_when_somebody_asks_and_once(way: TwoWay) -> None:
    await _some_meetings(way)
    await _set(way, FIRST)
    assert await _again(way) == Again(number=2, left=0)
    single, series = await way.event("single"), await way.event("series")
    assert (single["summary"], series["summary"]) == ("6301: Review", "6301: Review")
    (special,) = [event for event in way.google.state.all_events() if event.get("recurringEventId") == series["id"]]
    assert special["summary"] == "6301: Special"
    assert "Only this one" in special["description"]
    await way.settled()
    assert await way.heard() == []
    writes = _writes(way)
    assert await _again(way) == Again(number=0, left=0)
    assert _writes(way) == writes
    await _set(way, {"meetings.reminders": "10 popup", "meetings.visibility": "private"})
    assert await _again(way) == Again(number=2, left=0)
    single = await way.event("single")
    assert single["reminders"]["overrides"] == [{"method": "popup", "minutes": 10}]
    assert single["visibility"] == "private"
    assert "314159" not in str(single)
    await _set(way, {"meetings.show_pins": True})
    assert await _again(way) == Again(number=1, left=0)
    assert "PIN: 314159" in (await way.event("single"))["description"]
