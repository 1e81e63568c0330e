"""A hundred sign-ins at the same time take little memory, and devices are served meanwhile."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from statistics import median

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from tests.journey.conftest import stopped_at_the_end
from tests.journey.door_office import PASSWORD, Visitor
from tests.journey.gateway_process import GatewayProcess

SOURCES = 100
MOST_GROWTH_KIB = 64 * 1024


def peak_kib(pid: int) -> int:
    """The most memory that the process ever had at once."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


async def test_a_hundred_sign_ins_at_the_same_time(tmp_path: Path, google: SimulatedGoogle) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("LEFT OUT: memory is read from Linux's /proc")
    async with stopped_at_the_end(GatewayProcess(folder=tmp_path, google_base=google.base, cold=True)) as gateway:
        assert (await gateway.command("user", "add", "anna", "--password", "-", stdin=f"{PASSWORD}\n"))[0] == 0
        await gateway.start()
        assert gateway.process is not None
        visitors = [Visitor(gateway.http, f"127.0.3.{number + 1}") for number in range(SOURCES)]
        for visitor in visitors:
            await visitor.get("/sign-in")
        await visitors[0].post("/sign-in", name="anna", password="wrong password")
        before = peak_kib(gateway.process.pid)
        async with aiohttp.ClientSession() as session:
            trying = asyncio.gather(
                *(
                    each.post("/sign-in", name="anna", password=f"guess {number}")
                    for number, each in enumerate(visitors)
                )
            )
            waits_s = []
            while not trying.done():
                async with asyncio.timeout(60):
                    start = asyncio.get_running_loop().time()
                    async with session.get(f"{gateway.http}/healthz") as answer:
                        assert answer.status == 200
                    waits_s.append(asyncio.get_running_loop().time() - start)
        statuses = [answer.status for answer in await trying]
        for visitor in visitors:
            await visitor.session.close()
        grown = peak_kib(gateway.process.pid) - before
        print(f"100 sign-ins: {grown} KiB more, /healthz: median {median(waits_s):.2f} s, slowest {max(waits_s):.2f} s")
        assert statuses.count(401) >= 98
        assert set(statuses) <= {401, 429}
        assert grown < MOST_GROWTH_KIB
        assert median(waits_s) < 2, "a busy machine holds up one, work in the event loop would hold up all"
        await gateway.stop()
