"""What is remembered of each attempt to reach the calendar: every call with its outcome, and when it is tried again."""

from __future__ import annotations

from itertools import pairwise

from gateway.domain.attempt import Attempt
from gateway.domain.retry import Hold
from gateway.store import attempts
from tests.unit.mirror.delivery_desk import ANN, NO_GUESTS
from tests.unit.mirror.gateway_in_memory import CALLER, InMemoryGateway, gateway_in_memory
from tests.unit.mirror.model_calendar import Fault, ModelCalendar


async def tried(gateway: InMemoryGateway) -> tuple[Attempt, ...]:
    return await gateway.database.read(lambda conn: attempts.of(conn, 1))


def told(found: tuple[Attempt, ...]) -> list[tuple[int, bool | None, str, list[tuple[str, str]]]]:
    return [(each.number, each.done, each.code, [(call.operation, call.code) for call in each.calls]) for each in found]


async def test_each_write_that_succeeds_at_once_is_one_attempt_with_one_call():
    async with gateway_in_memory() as gateway:
        await gateway.accept()
        await gateway.drain()
        await gateway.accept(subject="Moved")
        await gateway.drain()
        await gateway.intake.cancel(CALLER, "m1")
        await gateway.drain()
        found = await tried(gateway)
        assert told(found) == [
            (1, True, "", [("insert", "")]),
            (1, True, "", [("replace", "")]),
            (1, True, "", [("delete", "")]),
        ]
        assert all(each.next_at is None for each in found)


async def test_attempts_that_fail_count_up_and_say_when_the_next_one_is():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.BUSY, Fault.BUSY])) as gateway:
        await gateway.accept()
        await gateway.drain()
        found = await tried(gateway)
        assert [(each.number, each.done, each.code) for each in found] == [
            (1, False, "G-506"),
            (2, False, "G-506"),
            (3, True, ""),
        ]
        for before, after in pairwise(found):
            assert before.next_at is not None
            assert before.at < before.next_at <= after.at


async def test_an_answer_that_was_lost_shows_how_it_was_found_out():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.LOST_AFTER])) as gateway:
        await gateway.accept()
        await gateway.drain()
        first, second = told(await tried(gateway))
        assert (first[1], [name for name, _ in first[3]]) == (False, ["insert"])
        assert second == (2, True, "", [("look", "")])


async def test_what_is_held_for_a_person_has_no_next_time():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.UNAUTHORIZED])) as gateway:
        await gateway.accept()
        rows = await gateway.quiet()
        assert rows[0].hold is Hold.AUTHORIZATION
        (only,) = await tried(gateway)
        assert (only.done, only.code, only.next_at) == (False, "G-503", None)


async def test_an_event_that_is_there_but_lacks_its_guests_says_both():
    async with gateway_in_memory(ModelCalendar(refuses=NO_GUESTS)) as gateway:
        await gateway.accept(invitees=(ANN,))
        await gateway.quiet()
        first = (await tried(gateway))[0]
        assert (first.done, first.code) == (True, "G-510")
        assert [call.code for call in first.calls] == ["G-510", ""]
        assert first.next_at is not None


async def test_an_attempt_that_was_cut_off_is_kept_as_one_whose_end_nobody_knows():
    async with gateway_in_memory() as gateway:
        gateway.account.connected = False
        await gateway.accept()
        await gateway.kill()
        begun_ms = gateway.clock.ms
        await gateway.database.write(
            lambda conn: conn.execute("UPDATE outbox SET claimed_by = 'dead', claimed_until = ?", (begun_ms + 1,))
        )
        gateway.account.connected = True
        await gateway.start()
        await gateway.drain()
        cut_off, then = await tried(gateway)
        assert (cut_off.done, cut_off.calls) == (None, ())
        assert cut_off.at <= begun_ms
        assert [call.operation for call in then.calls] == ["look", "insert"]


async def test_what_the_limits_do_not_let_through_is_no_attempt():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.SLOW_DOWN])) as gateway:
        await gateway.accept()
        await gateway.drain()
        assert all(each.calls for each in await tried(gateway))


async def test_attempts_are_counted_by_how_they_ended():
    async with gateway_in_memory(ModelCalendar(faults=[Fault.BUSY, Fault.BUSY])) as gateway:
        await gateway.accept()
        await gateway.drain()
        tally, (first, *_, last) = gateway.tally, await tried(gateway)
        assert tally.deliveries == {"done": 1, "later": 2, "held": 0}
        assert sum(tally.delivery_s.numbers) == 3
        assert sum(tally.sync_s.numbers) == 1
        assert tally.sync_s.total_s >= (last.at - first.at) / 1000 > 0
        assert tally.delivered_ms >= last.at
