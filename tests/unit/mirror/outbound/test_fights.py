"""Somebody, or a program, who keeps changing or deleting events: the gateway gives in to asking, not to fighting."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.device import Wins
from gateway.domain.facts import Part
from gateway.domain.feed import SeenEvent
from gateway.domain.kept_edit import KeptEdit, KeptState
from gateway.domain.reconcile import GONE, MOST_PUT_BACKS, Decision, Ruling, put_back_or_ask, put_backs_with
from gateway.domain.target import EventRef
from gateway.mirror.inbound.calendar_reader import Reading
from gateway.mirror.inbound.decisions import Done, Matter, believe, decide, settle_move
from gateway.mirror.inbound.write_down import Knowledge, WriteDown
from gateway.store import audit, deletions, kept, meetings, mirrored, second_looks
from tests.unit.mirror.delivery_desk import HOUR_MS, MINUTE_MS, only, only_id, verbs, written
from tests.unit.mirror.gateway_in_memory import CALLER, InMemoryGateway, gateway_in_memory

DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def gateway() -> AsyncIterator[InMemoryGateway]:
    async with gateway_in_memory() as opened:
        yield opened


async def read(gateway: InMemoryGateway, ids: list[str] | None = None) -> None:
    """Read these events, or all of them, and let everything that follows be written."""
    account = gateway.account.usable()[0]
    seen = []
    for event_id in gateway.calendar.events if ids is None else ids:
        marks = gateway.calendar.events[event_id].marks
        outcome = await gateway.calendar.look(EventRef(calendar_id="primary", remote_id=event_id, marks=marks))
        assert outcome.event is not None
        seen.append(SeenEvent(event=outcome.event))
    gateway.calendar.calls.clear()
    down = WriteDown(
        database=gateway.database,
        clock=gateway.clock,
        installation_id="0" * 32,
        policy=lambda _device: gateway.policy,
        unseal=lambda text: text[::-1],
    )
    known = Knowledge(gateway.database, account.account_id, "primary", None)
    await down.write(account, Reading(calendar_id="primary", whole=False, ours=seen), known)
    await gateway.drain()


async def change(gateway: InMemoryGateway, how: str, number: int) -> None:
    if how == "deleted":
        gateway.calendar.person_deletes(only_id(gateway))
    else:
        gateway.calendar.person_edits(only_id(gateway), subject="Theirs" if how == "same" else f"Theirs {number}")
    await read(gateway)


async def edit_of(gateway: InMemoryGateway) -> KeptEdit | None:
    return await gateway.database.read(lambda conn: kept.get(conn, 1))


async def resolved(gateway: InMemoryGateway, wins: Wins) -> None:
    def work(conn: sqlite3.Connection) -> None:
        decide(matter(conn, gateway), wins)

    await gateway.database.write(work)
    await gateway.drain()


def matter(conn: sqlite3.Connection, gateway: InMemoryGateway) -> Matter:
    row = meetings.get(conn, 1)
    assert row is not None
    return Matter(conn=conn, row=row, now_ms=gateway.clock.ms, unseal=lambda text: text[::-1])


@pytest.mark.parametrize("how", ["same", "other", "deleted"])
async def test_who_changes_an_event_again_each_time_is_not_fought(gateway: InMemoryGateway, how: str) -> None:
    await written(gateway, subject="A")
    for number in range(10):
        if gateway.calendar.living():
            await change(gateway, how, number)
        gateway.clock.ms += 5 * MINUTE_MS
    shown = [event.summary for event in gateway.calendar.living()]
    assert shown == {"same": ["Theirs"], "other": ["Theirs 9"], "deleted": []}[how]
    assert gateway.calendar.writes == (1 + 3 + (4 if how == "deleted" else 10))
    edit = await edit_of(gateway)
    assert edit is not None
    assert (edit.state, edit.fought, len(edit.put_backs)) == (KeptState.ASKS, True, 3)
    lines = await gateway.database.read(lambda conn: audit.about(conn, "meeting:1", 50))
    (line,) = [line for line in lines if line.action == "meeting.asks"]
    assert "somebody, or a program, keeps changing it" in line.detail
    # Days later, and whatever the device says meanwhile, nothing is written until an admin decides.
    gateway.clock.ms += 2 * DAY_MS
    await gateway.accept(subject="B")
    await gateway.drain()
    if how != "deleted":
        await change(gateway, "other", 99)
    assert [event.summary for event in gateway.calendar.living()] == ([] if how == "deleted" else ["Theirs 99"])


@pytest.mark.parametrize("how", ["same", "deleted"])
async def test_an_admins_word_for_the_device_counts_anew(gateway: InMemoryGateway, how: str) -> None:
    await written(gateway, subject="A")
    for _ in range(2):
        for number in range(4):
            await change(gateway, how, number)
        edit = await edit_of(gateway)
        assert edit is not None
        assert edit.fought
        await resolved(gateway, Wins.DEVICE)
        assert only(gateway).summary == "A"
        edit = await edit_of(gateway)
        assert edit is not None
        assert (edit.state, edit.put_backs) == (KeptState.BACK, ())
        await read(gateway)
    await change(gateway, how, 1)
    assert only(gateway).summary == "A"


async def test_an_admins_word_for_the_calendar_ends_it(gateway: InMemoryGateway) -> None:
    await written(gateway, subject="A")
    for number in range(4):
        await change(gateway, "same", number)
    await resolved(gateway, Wins.CALENDAR)
    await read(gateway)
    edit = await edit_of(gateway)
    assert edit is not None
    assert (edit.state, edit.put_backs, only(gateway).summary) == (KeptState.KEPT, (), "Theirs")


async def test_people_who_edit_now_and_then_are_put_back_as_ever(gateway: InMemoryGateway) -> None:
    await written(gateway, subject="A")
    for number in range(12):
        await change(gateway, "other", number)
        assert only(gateway).summary == "A"
        gateway.clock.ms += 3 * HOUR_MS


async def test_a_program_that_comes_twice_an_hour_is_not_fought_for_ever(gateway: InMemoryGateway) -> None:
    await written(gateway, subject="A")
    for number in range(12):
        await change(gateway, "other", number)
        gateway.clock.ms += 30 * MINUTE_MS
    assert only(gateway).summary == "Theirs 11"


async def test_an_edit_that_is_undone_while_it_is_asked_about_does_not_begin_the_fight_again(
    gateway: InMemoryGateway,
) -> None:
    await written(gateway, subject="A")
    for number in range(4):
        await change(gateway, "other", number)
    gateway.calendar.person_edits(only_id(gateway), subject="A")
    await read(gateway)
    edit = await edit_of(gateway)
    assert edit is not None
    assert edit.state is KeptState.BACK
    verbs(gateway)
    await change(gateway, "other", 5)
    edit = await edit_of(gateway)
    assert edit is not None
    assert edit.fought
    assert verbs(gateway) == []


async def test_an_event_that_is_moved_away_again_and_again(gateway: InMemoryGateway) -> None:
    await written(gateway, subject="A")

    def moved(conn: sqlite3.Connection, number: int) -> Done:
        event = mirrored.get(conn, 1)
        assert event is not None
        return settle_move(matter(conn, gateway), event, f"other-{number}", Wins.DEVICE)

    done = [await gateway.database.write(lambda conn, number=number: moved(conn, number)) for number in range(4)]
    assert [(each.wrote, each.asks) for each in done] == [(True, False)] * 3 + [(False, True)]
    assert (await gateway.database.write(lambda conn: moved(conn, 3))).asks


@settings(max_examples=100)
@given(gaps=st.lists(st.integers(0, 3 * HOUR_MS), max_size=40), clock_jump=st.integers(-DAY_MS, DAY_MS))
def test_never_more_often_than_said_and_always_often_enough(gaps: list[int], clock_jump: int) -> None:
    now_ms, edit, done = 10 * DAY_MS, None, list[int]()
    wanted = Decision(ruling=Ruling.PUT_BACK, difference=GONE)
    for gap in gaps:
        now_ms += gap
        decision = put_back_or_ask(wanted, edit, now_ms)
        full = any(sum(now_ms - at < within for at in done) >= most for most, within in MOST_PUT_BACKS)
        assert (decision.ruling is Ruling.ASK) == full
        if full:
            asks = KeptEdit(meeting_id=1, state=KeptState.ASKS, parts=decision.parts, put_backs=tuple(done[-10:]))
            assert put_back_or_ask(wanted, asks, now_ms + clock_jump).ruling is Ruling.ASK
            break
        edit = KeptEdit(
            meeting_id=1, state=KeptState.BACK, parts=decision.parts, put_backs=put_backs_with(edit, now_ms)
        )
        assert len(edit.put_backs) <= 10
        done.append(now_ms)


# Many small deletions.


async def scheduled(gateway: InMemoryGateway, number: int, wins: Wins = Wins.CALENDAR) -> list[str]:
    gateway.policy = replace(gateway.policy, wins=wins)
    for index in range(number):
        await gateway.accept(f"m-{index}")
    await gateway.drain()
    return list(gateway.calendar.events)


async def deleted(gateway: InMemoryGateway, ids: list[str]) -> int:
    """Let people delete these events and read that; return how many are asked about now."""
    for event_id in ids:
        gateway.calendar.person_deletes(event_id)
    await read(gateway, ids)
    return len(await gateway.database.read(lambda conn: second_looks.guarded_in(conn, 1, "primary")))


@pytest.mark.parametrize("wins", [Wins.CALENDAR, Wins.DEVICE, Wins.ASK])
async def test_many_deletions_in_small_readings_are_asked_about_as_one(gateway: InMemoryGateway, wins: Wins) -> None:
    ids = await scheduled(gateway, 20, wins)
    asked = []
    for first in range(0, 20, 5):
        asked.append(await deleted(gateway, ids[first : first + 5]))
        gateway.clock.ms += HOUR_MS
    assert asked == [0, 5, 10, 15]


async def test_single_deletions_now_and_then_are_no_accident(gateway: InMemoryGateway) -> None:
    ids = await scheduled(gateway, 12)
    for event_id in ids:
        assert await deleted(gateway, [event_id]) == 0
        gateway.clock.ms += 5 * HOUR_MS
    assert gateway.calendar.living() == []


async def test_a_fifth_of_a_full_calendar_may_go_in_a_day(gateway: InMemoryGateway) -> None:
    ids = await scheduled(gateway, 40)
    assert [await deleted(gateway, ids[at : at + 2]) for at in range(0, 10, 2)] == [0, 0, 0, 0, 2]


async def test_what_the_device_cancels_and_the_gateway_removes_does_not_count(gateway: InMemoryGateway) -> None:
    ids = await scheduled(gateway, 20)
    for number in range(8):
        await gateway.intake.cancel(CALLER, f"m-{number}")
        await gateway.drain()
        await read(gateway, [ids[number]])
    assert await deleted(gateway, ids[8:13]) == 0


async def test_an_event_of_ours_that_was_replaced_does_not_count(gateway: InMemoryGateway) -> None:
    ids = await scheduled(gateway, 12, Wins.DEVICE)
    assert await deleted(gateway, ids[:5]) == 0
    assert len(gateway.calendar.living()) == 12
    gateway.clock.ms += DAY_MS
    # The same deletions are read once more with a few others, now that other events stand for those meetings.
    for event_id in ids[5:8]:
        gateway.calendar.person_deletes(event_id)
    await read(gateway, ids[:8])
    assert await deleted(gateway, []) == 0
    assert len(gateway.calendar.living()) == 12


async def test_an_admins_word_and_a_restored_event_count_anew(gateway: InMemoryGateway) -> None:
    ids = await scheduled(gateway, 30)
    assert [await deleted(gateway, ids[:5]), await deleted(gateway, ids[5:10])] == [0, 5]

    def answer(conn: sqlite3.Connection) -> int:
        return believe(conn, 1, "primary", gateway.clock.ms, lambda text: text[::-1])

    assert await gateway.database.write(answer) == 5
    assert await deleted(gateway, ids[10:15]) == 0
    event = gateway.calendar.events[ids[10]]
    gateway.calendar.events[ids[10]] = replace(event, cancelled=False, etag="restored")
    await read(gateway, [ids[10]])
    recent = await gateway.database.read(lambda conn: deletions.recent(conn, 1, "primary", gateway.clock.ms))
    assert len(recent) == 4
    assert await deleted(gateway, [ids[15]]) == 0
    assert await deleted(gateway, [ids[16]]) == 1


async def test_what_was_counted_is_forgotten_after_a_day_whatever_the_clock_does(gateway: InMemoryGateway) -> None:
    await scheduled(gateway, 3)

    def work(conn: sqlite3.Connection) -> list[int]:
        found = []
        for meeting_id, at_ms in ((1, 5 * DAY_MS), (2, 9 * DAY_MS), (3, 2 * DAY_MS)):
            deletions.note(conn, meeting_id, 1, "primary", at_ms)
            found.append(len(deletions.recent(conn, 1, "primary", at_ms)))
        return [*found, conn.execute("SELECT count(*) FROM recent_deletion").fetchone()[0]]

    assert await gateway.database.write(work) == [1, 1, 1, 1]


def test_what_is_put_back_in_part_keeps_what_was_left_unless_it_is_asked_about() -> None:
    decision = Decision(
        ruling=Ruling.PUT_BACK,
        difference={part: {"device": "a", "calendar": "b"} for part in (Part.SUBJECT, Part.TIME)},
        keeps=frozenset({Part.TIME}),
    )
    assert put_back_or_ask(decision, None, 0) is decision
    before = KeptEdit(meeting_id=1, state=KeptState.KEPT, parts=decision.keeps, put_backs=(1, 2, 3))
    asks = put_back_or_ask(decision, before, 4)
    assert (asks.ruling, asks.keeps, asks.parts) == (Ruling.ASK, frozenset(), decision.parts)
