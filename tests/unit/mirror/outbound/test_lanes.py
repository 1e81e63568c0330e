"""Whose turn it is: soonest first, and nothing that cannot be done stands before what can."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from gateway.domain.retry import Hold
from gateway.errors import StoreUnavailable
from gateway.mirror.paced import PaceLimits
from gateway.store import mirrored
from tests.unit.mirror.model_calendar import Fault
from tests.unit.mirror.two_accounts import TwoAccounts, two_accounts

OUTAGE_H = 6 if os.environ.get("LONG") else 1
ONE_AT_A_TIME = PaceLimits(project_per_min=10**6, account_per_min=10**6, calendar_per_s=0.01)


class Always(list):
    """Faults that never end until they are cleared."""

    def pop(self, index: int = -1) -> Fault:
        return self[index]


async def test_the_soonest_meeting_of_all_devices_is_written_first():
    async with two_accounts() as office:
        office.accounts.usable_ids = []
        for name, device, in_h in (("c", 1, 30), ("a", 2, 1), ("d", 2, 40), ("b", 1, 2), ("over", 1, -50)):
            await office.accept(name, device=device, in_h=in_h)
        office.policies[2] = office.policies[1]
        office.accounts.usable_ids = [1]
        await office.rest()
        assert office.subjects(1) == ["a", "b", "c", "d", "over"]


async def test_a_calendar_without_budget_blocks_no_other():
    async with two_accounts(ONE_AT_A_TIME) as office:
        office.policies[2] = replace(office.policies[1], calendar_id="another room")
        for number in range(8):
            await office.accept(f"soon {number}", in_h=1)
        await office.rest()
        written = len(office.subjects(1))
        assert written < 8
        await office.accept("later", device=2, in_h=100)
        await office.rest()
        assert office.subjects(1)[written:] == ["later"]


async def test_an_account_that_rests_blocks_no_other():
    async with two_accounts() as office:
        office.calendars[1].faults = [Fault.SLOW_DOWN]
        office.calendars[1].retry_after_s = 600
        await office.accept("rests", in_h=1)
        await office.rest()
        await office.accept("rests too", in_h=1)
        await office.accept("goes", device=2, in_h=100)
        await office.rest()
        assert (office.subjects(1), office.subjects(2)) == ([], ["goes"])
        await office.pass_s(601)
        assert sorted(office.subjects(1)) == ["rests", "rests too"]


async def test_an_account_that_is_lost_blocks_no_other_and_its_meetings_wait():
    async with two_accounts() as office:
        office.calendars[1].faults = [Fault.UNAUTHORIZED]
        await office.accept("first", in_h=1)
        await office.rest()
        await office.accept("second", in_h=1)
        await office.accept("goes", device=2, in_h=100)
        rows = await office.rest()
        assert office.accounts.lost_ids == [1]
        assert [(row.external_id, row.hold) for row in rows] == [("first", Hold.AUTHORIZATION), ("second", None)]
        assert office.subjects(2) == ["goes"]
        office.accounts.usable_ids.append(1)
        await office.outbound.account_returned(1)
        assert await office.rest() == []
        assert sorted(office.subjects(1)) == ["first", "second"]


async def test_holds_of_another_account_stay_when_one_returns():
    async with two_accounts() as office:
        for calendar in office.calendars.values():
            calendar.faults = [Fault.UNAUTHORIZED]
        await office.accept("one")
        await office.accept("two", device=2)
        await office.rest()
        office.accounts.usable_ids = [1, 2]
        await office.outbound.account_returned(2)
        rows = await office.rest()
        assert [(row.external_id, row.hold) for row in rows] == [("one", Hold.AUTHORIZATION)]


async def test_a_mirrored_meeting_stays_where_it_is_when_its_device_chooses_another_account():
    async with two_accounts() as office:
        await office.accept("old")
        await office.rest()
        office.policies[1] = replace(office.policies[1], account="2@example.com", calendar_id="another room")
        await office.accept("old", password="1")
        await office.accept("new")
        assert await office.rest() == []
        assert (office.subjects(1), office.subjects(2)) == (["old"], ["new"])
        assert office.calendars[1].writes == 2


async def test_meetings_of_an_account_nobody_is_signed_in_to_are_held_and_say_so():
    async with two_accounts() as office:
        await office.accept("old")
        await office.rest()
        office.accounts.usable_ids = [2]
        await office.accept("old", password="1")
        (row,) = await office.rest()
        assert (row.hold, row.code) == (None, ""), "the account may come back"
        await office.database.write(lambda conn: conn.execute("UPDATE account SET sealed = x'' WHERE id = 1"))
        (row,) = await office.rest()
        assert (row.hold, row.code) == (Hold.CONFIGURATION, "G-409")


async def _sign_out(office: TwoAccounts, account_id: int) -> None:
    """Nobody is signed in to an account any more, and whoever is chooses another one."""
    office.accounts.usable_ids = [number for number in office.accounts.usable_ids if number != account_id]
    await office.database.write(
        lambda conn: conn.execute("UPDATE account SET sealed = x'' WHERE id = ?", (account_id,))
    )


async def test_what_was_never_written_goes_to_the_account_that_took_the_place_of_the_one_it_was_meant_for():
    async with two_accounts() as office:
        office.calendars[1].faults = [Fault.BUSY]
        await office.accept("waits")
        await office.rest()
        await office.accept("waits", password="1")
        office.accounts.usable_ids = [2]
        await office.rest()
        office.policies[1] = replace(office.policies[1], account="2@example.com")
        await _sign_out(office, 1)
        assert await office.rest() == []
        assert office.subjects(2) == ["waits"]


@pytest.mark.parametrize("doubt", [0, 1])
async def test_rows_that_are_bound_to_an_account_already_are_held_only_if_a_calendar_may_have_their_event(doubt: int):
    async with two_accounts() as office:
        office.accounts.usable_ids = []
        for number in range(3):
            await office.accept(f"m{number}")

        def bind(conn) -> None:
            for number in (1, 2, 3):
                mirrored.claim(
                    conn,
                    meeting_id=number,
                    account_id=1,
                    calendar_id="room",
                    remote_id=f"e{number}",
                    generation=0,
                    now_ms=1,
                )
            conn.execute("UPDATE outbox SET account_id = 1, doubt = ?", (doubt,))

        await office.database.write(bind)
        office.policies[1] = replace(office.policies[1], account="2@example.com")
        await _sign_out(office, 1)
        office.accounts.usable_ids = [2]
        rows = await office.rest()
        assert [row.hold for row in rows] == [Hold.CONFIGURATION] * 3 * doubt
        assert office.subjects(2) == [f"m{number}" for number in range(3)] * (1 - doubt)


async def test_what_was_held_for_a_lost_account_and_never_written_goes_to_the_one_that_somebody_signs_in_to():
    async with two_accounts() as office:
        office.accounts.usable_ids = [1]
        office.calendars[1].faults = [Fault.UNAUTHORIZED]
        await office.accept("m")
        (row,) = await office.rest()
        assert row.hold is Hold.AUTHORIZATION
        office.policies[1] = replace(office.policies[1], account="2@example.com")
        office.accounts.usable_ids = [2]
        await office.outbound.account_returned(2)
        assert await office.rest() == []
        assert office.subjects(2) == ["m"]


async def test_nothing_is_written_with_an_account_that_is_read_only():
    async with two_accounts() as office:
        office.accounts.read_only.add(1)
        await office.accept("waits")
        await office.accept("goes", device=2)
        assert [row.external_id for row in await office.rest()] == ["waits"]
        assert office.calls() == 1


async def test_a_meeting_that_always_fails_blocks_no_other():
    async with two_accounts() as office:
        await office.accept("poisoned", in_h=1)
        office.calendars[1].faults = [Fault.BUSY]
        for number in range(12):
            await office.rest()
            await office.accept(f"fine {number}", in_h=2 + number)
            await office.rest()
            office.calendars[1].faults = [Fault.BUSY]
            await office.pass_s(901)
        assert len(office.subjects(1)) == 12


async def test_after_an_outage_the_first_delivery_comes_within_a_minute_and_nothing_is_dropped():
    async with two_accounts() as office:
        office.calendars[1].faults = Always([Fault.BUSY])
        for number in range(30):
            await office.accept(f"m{number}", in_h=1 + number)
        await office.rest()
        ends_ms = office.clock.ms + OUTAGE_H * 3_600_000
        gaps, last_ms, calls = [], office.clock.ms, office.calls()
        while office.clock.ms < ends_ms:
            await office.pass_s(10)
            if office.calls() != calls:
                gaps.append(office.clock.ms - last_ms)
                last_ms, calls = office.clock.ms, office.calls()
        assert max(gaps) <= 60_000, "somebody tries once a minute"
        assert calls <= OUTAGE_H * 3600 / 20, "but not everybody"
        office.calendars[1].faults = []
        recovered_ms = office.clock.ms
        while not office.subjects(1):
            await office.pass_s(1)
        assert office.clock.ms - recovered_ms <= 60_000
        while await office.waiting():
            await office.pass_s(10)
        assert office.clock.ms - recovered_ms <= 120_000
        assert len(office.subjects(1)) == 30


async def test_the_only_meeting_too_is_tried_once_a_minute_during_an_outage():
    async with two_accounts() as office:
        office.calendars[1].faults = [Fault.BUSY] * 8
        await office.accept("m")
        await office.rest()
        waits = []
        while office.calendars[1].faults:
            (row,) = await office.waiting()
            assert row.next_try_ms is not None
            waits.append(row.next_try_ms - office.clock.ms)
            await office.pass_s(waits[-1] / 1000)
        assert max(waits) <= 60_000
        assert len(waits) == 7


async def test_a_clock_that_is_set_back_makes_nobody_wait():
    async with two_accounts() as office:
        office.calendars[1].faults = [Fault.BUSY]
        await office.accept("m")
        await office.rest()
        office.clock.set_by_ms = -5 * 24 * 3_600_000
        (row,) = await office.rest()
        assert row.next_try_ms is not None
        assert row.next_try_ms - office.clock.now_ms() <= 2_001
        await office.pass_s(3)
        assert office.subjects(1) == ["m"]


async def test_a_clock_that_jumps_by_years_freezes_nothing():
    async with two_accounts(ONE_AT_A_TIME) as office:
        for years in (50, -100, 0):
            office.clock.set_by_ms = years * 365 * 24 * 3_600_000
            await office.accept(f"m{years}")
            await office.rest()
        assert len(office.subjects(1)) == 3


async def test_a_disk_that_fails_while_an_account_is_lost_leaves_no_meeting_behind():
    async with two_accounts() as office:
        office.accounts.losing = [StoreUnavailable("The disk is full.")]
        office.calendars[1].faults = [Fault.UNAUTHORIZED]
        await office.accept("m")
        await office.accounts.was_lost.wait()
        (row,) = await office.rest()
        assert (row.under_way, row.hold) == (False, Hold.AUTHORIZATION)
        assert len(office.calendars[1].calls) == 1
