"""How long a device is left alone after each kind of failure, over restarts, and what ends that."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.secret import Secret
from gateway.mirror.poll import pace
from gateway.pbx.failure import PbxFailure
from gateway.store.polling import PollingRow, PollState
from tests.unit.pbx.polled_ucm import polled_ucm

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("code", "status", "waits"),
    [
        ("D-16", None, [60, 120, 240, 480, 900, 900]),
        ("D-17", -37, [600, 1800, 3600, 3600]),
        ("D-18", -47, [600, 3600, 3600]),
        ("D-18", -68, [3600, 3600]),
        ("D-18", -70, [3600, 3600]),
        ("D-19", None, [600, 600]),
        ("D-20", -45, [60, 60]),
        ("D-21", None, [60, 120]),
    ],
)
def test_waits_after_failures(code: str, status: int | None, waits: list[float]):
    broken = PbxFailure(code, "", status=status)
    assert [pace.after_failure_s(broken, number, 60.0) for number in range(1, len(waits) + 1)] == waits


def test_what_the_pbx_wants_is_the_least():
    assert pace.after_failure_s(PbxFailure("D-20", "", retry_after_s=60.0), 1, 10.0) == 60.0
    assert pace.after_failure_s(PbxFailure("D-17", "", retry_after_s=601.0), 1, 10.0) == 601.0


def test_a_device_that_wants_fewer_questions():
    assert [pace.every_s(60, slow) for slow in range(6)] == [60, 120, 240, 480, 900, 900]
    assert pace.every_s(3600, 3) == 3600
    assert [pace.gap_s(slow) for slow in range(6)] == [0, 1, 2, 4, 8, 16]


def test_how_long_a_failing_device_is_left_alone_after_a_start():
    row = PollingRow(device_id=1, state=PollState.FAILING, next_at=1000 + HOUR_MS, settings=b"m")
    assert pace.left_alone_ms(row, b"m", 1000) == HOUR_MS
    assert pace.left_alone_ms(row, b"m", 1000 + HOUR_MS) == 0
    assert pace.left_alone_ms(row, b"other", 1000) == 0
    assert pace.left_alone_ms(replace(row, state=PollState.OK), b"m", 1000) == 0
    assert pace.left_alone_ms(row, b"m", -100 * HOUR_MS) == 0  # stamped by a clock that was wrong


async def test_a_restart_does_not_ask_sooner_but_other_settings_do():
    async with polled_ucm() as office:
        good = office.settings
        office.settings = replace(good, password=Secret("wrong"))
        await office.look()
        called = office.ucm.state.call_count
        for _ in range(2):
            await office.kill()
            office.clock.ms += 30_000
            await office.start()
            async with asyncio.timeout(60):
                while (status := office.poll.status("ucm-1")) is None or status.state is PollState.NEW:
                    office.poll.wake()
                    await asyncio.sleep(0.002)
        assert (status.code, office.ucm.state.call_count) == ("D-17", called)
        await office.kill()
        office.settings = good
        await office.start()
        assert (await office.look(soon=True)).state is PollState.OK


async def test_other_settings_begin_without_the_old_slowness():
    async with polled_ucm() as office:
        office.ucm.state.faults.add([{"action": "list*", "times": 2, "do": {"code": -45}}])
        await office.look()
        assert (await office.look()).every_s == 240
        office.settings = replace(office.settings, address="localhost")
        assert (await office.look(soon=True)).every_s == 60
