"""Every page answers about as soon with 50,000 meetings and 300 devices stored as on an almost empty gateway."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.browser.lived_in import every_address, lived_in
from tests.journey.dashboard_office import DashboardOffice, opened_dashboard
from tests.unit.many_meetings import fill

LONG = bool(os.environ.get("LONG"))
MEETINGS, DEVICES = 50_000, 300
ROUNDS = 15 if LONG else 5
MOST = 1.5
LEAST_S = 0.004
"""Below this a page costs next to nothing, and what is measured is chance."""


async def seconds(office: DashboardOffice, address: str) -> float:
    began = time.perf_counter()
    page = await office.browser.open(address)
    assert page.status < 400, address
    return time.perf_counter() - began


async def compared(small: DashboardOffice, large: DashboardOffice, address: str, rounds: int) -> float:
    """How many times as long the page takes: of interleaved rounds the medians, whose chance is least."""
    for office in (small, large):
        await seconds(office, address)
    times: dict[str, list[float]] = {"small": [], "large": []}
    for _ in range(rounds):
        times["small"].append(await seconds(small, address))
        times["large"].append(await seconds(large, address))
    return max(statistics.median(times["large"]), LEAST_S) / max(statistics.median(times["small"]), LEAST_S)


async def test_every_page_with_fifty_thousand_meetings(tmp_path: Path) -> None:
    for name in ("small", "large"):
        (tmp_path / name).mkdir()
    async with lived_in(tmp_path / "small") as small:
        addresses = await every_address(small)
        folder = tmp_path / "large"
        async with opened_dashboard(folder) as made:
            await made.gateway.stored.database.write(
                lambda conn: fill(conn, MEETINGS, DEVICES, around=datetime.now(UTC))
            )
        async with lived_in(folder) as large:
            ratios = {each: await compared(small, large, each, ROUNDS) for each in addresses.values()}
            # A page that seems slow is asked more often before it is called so.
            ratios |= {each: await compared(small, large, each, 25) for each, ratio in ratios.items() if ratio > MOST}
    for each, ratio in sorted(ratios.items(), key=lambda item: -item[1])[:12]:
        print(f"{ratio:5.2f}  {each}")
    await asyncio.sleep(0)
    assert {each: ratio for each, ratio in ratios.items() if ratio > MOST} == {}
