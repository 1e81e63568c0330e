"""No answer leaves before the meeting it confirms is on disk, seen from the system calls of a real gateway process."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.journey.gateway_process import DEVICE_KEY, GatewayProcess
from tests.system import ack_order, syscalls
from tests.system.syscalls import Call

NOBODY = "http://127.0.0.1:9"  # no Google: meetings are accepted and wait
ONE_BY_ONE = 40
TOGETHER = 160
CALLERS = 16


@pytest.fixture(autouse=True)
def strace():
    if reason := syscalls.why_not():
        pytest.skip(f"THE ORDER OF DISK AND ANSWER IS NOT TESTED: {reason}")


@asynccontextmanager
async def traced(folder: Path, *program: str) -> AsyncIterator[tuple[GatewayProcess, Path]]:
    """Run a gateway under strace; when the block ends, it was stopped politely and the trace is complete."""
    trace = folder / "trace"
    gateway = GatewayProcess(folder=folder, google_base=NOBODY)
    try:
        await gateway.start(*syscalls.runner(trace, *program))
        assert gateway.http, gateway.log
        assert gateway.process is not None
        yield gateway, trace
        assert await gateway.stop() == 0, gateway.log
        await syscalls.ended(trace, gateway.process.pid)
    finally:
        if gateway.process is not None and gateway.process.returncode is None:
            await gateway.kill()


async def schedule(session: aiohttp.ClientSession, gateway: GatewayProcess) -> None:
    meeting = {
        "external_id": f"durable-{uuid.uuid4().hex}",
        "subject": "On disk first",
        "start": "2026-11-23T10:00:00",
        "duration_minutes": 60,
        "time_zone": "Europe/Paris",
    }
    async with session.post(f"{gateway.http}/api/v1/devices/script/meetings", json=meeting) as answer:
        assert answer.status == 202, await answer.text()


async def schedule_many(gateway: GatewayProcess, *, meetings: int, callers: int) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {DEVICE_KEY}"}) as session:

        async def caller() -> None:
            for _ in range(meetings // callers):
                await schedule(session, gateway)

        await asyncio.gather(*(caller() for _ in range(callers)))


def read(trace: Path) -> list[Call]:
    with trace.open(encoding="latin-1") as lines:
        return syscalls.read(lines)


async def test_one_caller_is_answered_only_while_the_whole_log_is_on_disk(tmp_path: Path):
    async with traced(tmp_path, "-m", "gateway") as (gateway, trace):
        await schedule_many(gateway, meetings=ONE_BY_ONE, callers=1)
    calls = read(trace)
    assert len(ack_order.answers(calls)) == ONE_BY_ONE
    assert ack_order.while_unsynced(calls) == []
    assert ack_order.too_early(calls) == []


async def test_many_callers_are_answered_only_after_their_own_transaction_is_on_disk(tmp_path: Path):
    async with traced(tmp_path, "-m", "gateway") as (gateway, trace):
        await schedule_many(gateway, meetings=TOGETHER, callers=CALLERS)
    calls = read(trace)
    assert len(ack_order.answers(calls)) == TOGETHER
    assert ack_order.too_early(calls) == []
    assert len(ack_order.transactions(calls)) < TOGETHER, "writers that waited together shared no commit"


@pytest.mark.parametrize("callers", [1, CALLERS])
async def test_a_gateway_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path, callers: int):
    async with traced(tmp_path, "-m", "tests.system.forgetful_gateway") as (gateway, trace):
        await schedule_many(gateway, meetings=ONE_BY_ONE // callers * callers, callers=callers)
    calls = read(trace)
    sent = len(ack_order.answers(calls))
    assert sent == ONE_BY_ONE // callers * callers
    # A checkpoint may sync the log by chance just in time for a few.
    assert len(ack_order.too_early(calls)) > sent // 2
    if callers == 1:
        assert len(ack_order.while_unsynced(calls)) > sent // 2
