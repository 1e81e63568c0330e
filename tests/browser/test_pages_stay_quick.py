"""Every page answers about as soon with 50,000 meetings and 300 devices (by default a fifth) as on an empty gateway.

The almost empty one holds just as many meetings and devices as fill a page of each list, all of them around today, so
that both show the same number of rows: what is compared is what lies behind them.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.browser.lived_in import every_address, lived_in
from tests.journey.dashboard_office import DashboardOffice
from tests.unit.many_meetings import fill

LONG = bool(os.environ.get("LONG"))
MEETINGS, DEVICES = (50_000, 300) if LONG else (10_000, 100)
A_PAGE_OF_MEETINGS, A_PAGE_OF_DEVICES = 200, 25
ROUNDS = 15 if LONG else 3
MOST = 1.5
LEAST_S = 0.004
"""Below this a page costs next to nothing, and what is measured is chance."""

FULL_PAGES = (
    "/meetings?every=yes",
    "/meetings?state=failed",
    "/meetings?state=cancelled",
    "/meetings?state=off",
    "/meetings?text=weekly",
    "/meetings?text=anna+many",
)
"""Parts of the agenda that fill a page of the large gateway only; they cost what a full page of the small one costs."""

NEARLY_EMPTY_PAGES = (
    "/meetings?device=lobby",
    "/meetings?state=changed",
    "/meetings?state=waiting",
    "/meetings?text=nobody-has-this",
    "/meetings?text=ana+board+stand-up",
    "/meetings?text=nobody&state=synced",
    "/logs/audit?text=nobody-has-this",
)

Asked = tuple[tuple[DashboardOffice, str], tuple[DashboardOffice, str]]
"""A page of the small gateway and the same of the large one."""


def filled(meetings: int, devices: int, days: int) -> Callable[[sqlite3.Connection], None]:
    return lambda conn: fill(conn, meetings, devices, around=datetime.now(UTC), days=days)


async def seconds(office: DashboardOffice, address: str) -> float:
    """Of the processor, in all threads: what else this computer does is left out. Nothing here waits for anything."""
    began = time.process_time()
    page = await office.browser.open(address)
    assert page.status < 400, address
    return time.process_time() - began


async def compared(asked: Asked, rounds: int) -> float:
    """How many times as long the page takes: of interleaved rounds the medians, whose chance is least."""
    times: list[list[float]] = [[], []]
    for _ in range(rounds + 1):
        for taken, (office, address) in zip(times, asked, strict=True):
            taken.append(await seconds(office, address))
    small, large = (max(statistics.median(taken[1:]), LEAST_S) for taken in times)
    return large / small


async def test_every_page_with_many_meetings(tmp_path: Path) -> None:
    for name in ("small", "large"):
        (tmp_path / name).mkdir()
    async with (
        lived_in(tmp_path / "small", filled(A_PAGE_OF_MEETINGS, A_PAGE_OF_DEVICES, days=1)) as small,
        lived_in(tmp_path / "large", filled(MEETINGS, DEVICES, days=365)) as large,
    ):
        for office in (small, large):
            await office.gateway.mirroring.indexing.catch_up(1)
        pages = {each: ((small, "/meetings"), (large, each)) for each in FULL_PAGES}
        pages |= {each: ((small, each), (large, each)) for each in NEARLY_EMPTY_PAGES}
        others = await every_address(large)
        for pattern, address in (await every_address(small)).items():
            # What a page is about has another id there.
            pages[address] = ((small, address), (large, others[pattern] if "{" in pattern else address))
        ratios = {each: await compared(asked, ROUNDS) for each, asked in pages.items()}
        # A page that seems slow is asked more often before it is called so.
        ratios |= {each: await compared(pages[each], 25) for each, ratio in ratios.items() if ratio > MOST}
    for each, ratio in sorted(ratios.items(), key=lambda item: -item[1])[:12]:
        print(f"{ratio:5.2f}  {each}")
    assert {each: ratio for each, ratio in ratios.items() if ratio > MOST} == {}
