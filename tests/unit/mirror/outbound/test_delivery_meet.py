"""A conference of the calendar's own: asked for once, waited for, kept, and never at the cost of the meeting."""

from __future__ import annotations

from dataclasses import replace

from gateway.domain.outcome import Outcome, Remedy, Verdict
from gateway.domain.target import EventContent
from tests.unit.mirror.delivery_desk import (
    HOUR_MS,
    only,
    only_id,
    refusal,
    refusing_while,
    row_of,
    verbs,
)
from tests.unit.mirror.gateway_in_memory import gateway_in_memory
from tests.unit.mirror.model_calendar import ModelCalendar


async def test_a_conference_is_there_at_once():
    async with gateway_in_memory() as gateway:
        gateway.policy = replace(gateway.policy, meet=True)
        await gateway.accept()
        await gateway.drain()
        row = await row_of(gateway)
        assert (row.meet_state, row.meet_link) == ("success", "https://meet.example/abc")
        assert gateway.calendar.meets == [row.meet_request]
        await gateway.accept(subject="B")
        await gateway.drain()
        assert (await row_of(gateway)).meet_link == "https://meet.example/abc"
        assert gateway.calendar.meets == [row.meet_request]
        assert only(gateway).meet == "success"


async def test_a_meeting_decides_for_itself_whether_it_meets():
    async with gateway_in_memory() as gateway:
        await gateway.accept(meet=True)
        gateway.policy = replace(gateway.policy, meet=True)
        await gateway.accept(external_id="m2", meet=False)
        await gateway.drain()
        assert len(gateway.calendar.meets) == 1


async def test_a_conference_that_takes_its_time_is_looked_for():
    async with gateway_in_memory(ModelCalendar(next_meet="pending")) as gateway:
        await gateway.accept(meet=True)
        waits = []
        for _ in range(4):
            (row,) = await gateway.quiet()
            assert row.last_code == "G-518"
            waits.append((row.not_before - gateway.clock.ms) / 1000)
            gateway.clock.ms = row.not_before
        assert waits == [5, 15, 60, 240]
        assert set(verbs(gateway)) == {"insert", "look"}
        key = only_id(gateway)
        gateway.calendar.events[key] = replace(gateway.calendar.events[key], meet="success", link="https://m", etag="g")
        await gateway.drain()
        assert (await row_of(gateway)).meet_link == "https://m"
        assert await gateway.rows() == []


async def test_a_conference_that_never_comes_is_given_up_after_an_hour():
    async with gateway_in_memory(ModelCalendar(next_meet="pending")) as gateway:
        await gateway.accept(meet=True)
        start_ms = gateway.clock.ms
        await gateway.drain()
        assert HOUR_MS <= gateway.clock.ms - start_ms <= 2 * HOUR_MS
        assert len(verbs(gateway)) < 12
        row = await row_of(gateway)
        assert (row.meet_state, "conference" in row.lacking) == ("failure", True)
        assert gateway.calendar.writes == 1


async def test_a_conference_that_fails_does_not_cost_the_meeting():
    async with gateway_in_memory(ModelCalendar(next_meet="failure")) as gateway:
        await gateway.accept(meet=True)
        await gateway.drain()
        assert (await row_of(gateway)).meet_state == "failure"
        assert await gateway.rows() == []
        refused = refusal(Remedy.WITHOUT_CONFERENCE, "G-517")
        gateway.calendar.refuses = refusing_while(
            lambda content: bool(content.meet_request) and Remedy.WITHOUT_CONFERENCE not in content.remedies, refused
        )
        await gateway.accept(external_id="m2", meet=True)
        await gateway.drain()
        assert len(gateway.calendar.living()) == 2
        assert "conference" in (await row_of(gateway, 2)).lacking


async def test_a_repeat_after_a_lost_answer_asks_for_the_same_conference():
    asked: list[str] = []

    def refuses(_verb: str, content: EventContent) -> Outcome | None:
        asked.append(content.meet_request)
        return Outcome(verdict=Verdict.IN_DOUBT, code="G-506", text="lost") if len(asked) == 1 else None

    async with gateway_in_memory(ModelCalendar(refuses=refuses)) as gateway:
        await gateway.accept(meet=True)
        await gateway.drain()
        assert asked[0]
        assert asked == [asked[0]] * 2
