"""What it costs to look whether a room is taken: accepting beside accepting without, and the question itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench import machine, prefill, servers
from tests.bench.client import Client
from tests.bench.figures import Figures
from tests.bench.load import Callers
from tests.bench.plan import Plan
from tests.bench.said import MINUTES, SLOT, first_slot
from tests.bench.servers import BenchGateway

SERIES = 2000
OCCURRENCES = 50
"""Weekly series in one calendar, and how often each takes place: a hundred thousand stored occurrences."""

CALLERS = 16
RULES = ("allow", "warn", "refuse")
ASKED = {"a day": timedelta(days=1), "a week": timedelta(days=7)}
_WARM_UP = 300
_SPARE = 100
"""Slots that are passed over after a load, in which calls may have been made that nobody waited for."""

_INDEXED_S = 300.0


class AvailabilityMeasuring:
    """Three gateways on the same meetings, one for each rule, and one without meetings; no Google account.

    Each call is for a minute that nobody has, between minutes that the stored occurrences have.
    """

    def __init__(self, *, folder: Path, plan: Plan, callers: Callers, client: Client, figures: Figures) -> None:
        self._folder = folder
        self._plan = plan
        self._callers = callers
        self._client = client
        self._figures = figures
        self._monday = first_slot(datetime.now(UTC))
        self._next = dict.fromkeys(RULES, self._monday)

    async def everything(self) -> None:
        """Measure in rounds that take turns."""
        async with AsyncExitStack() as stack:
            gateways: dict[str, BenchGateway] = {}
            for name, series in (*((rule, SERIES) for rule in RULES), ("empty", 0)):
                folder = self._folder / f"availability-{name}"
                await asyncio.to_thread(prefill.fill_series, folder / "data", series, OCCURRENCES, self._monday)
                rule = name if name in RULES else "refuse"
                more = {"GATEWAY_DEVICES__SCRIPT__CONFLICT": rule}
                gateways[name] = await stack.enter_async_context(servers.gateway(folder, more=more))
            for name in ("warn", "refuse", "empty"):
                await self._indexed(gateways[name])
            self._figures.facts["occurrences in the calendar"] = f"{_stored(gateways['refuse'].database):,}"
            await self._accepting(gateways)
            for _ in range(self._plan.rounds):
                for shown, name in (("none", "empty"), ("many", "refuse")):
                    for words, length in ASKED.items():
                        await self._asking(f"asking {words} {shown}", gateways[name], length)

    async def _indexed(self, gateway: BenchGateway) -> None:
        """Wait until the gateway knows all that takes up the room."""
        began = time.perf_counter()
        async with asyncio.timeout(_INDEXED_S):
            while "indexing" in await self._client.ask(gateway.http, MINUTES.device, self._monday, self._monday + SLOT):
                await asyncio.sleep(0.1)
        self._figures.note("indexing", time.perf_counter() - began)

    async def _accepting(self, gateways: Mapping[str, BenchGateway]) -> None:
        for rule in RULES:
            await self._client.schedule(
                gateways[rule].http, MINUTES, meetings=_WARM_UP, callers=CALLERS, first=self._next[rule]
            )
            self._next[rule] += (_WARM_UP + _SPARE) * SLOT
        for turn in range(self._plan.rounds):
            for rule in RULES if turn % 2 else RULES[::-1]:
                await self._accept(rule, gateways[rule])

    async def _accept(self, rule: str, gateway: BenchGateway) -> None:
        cpu = machine.cpu_s(gateway.server.pid)
        load = await self._callers.call(
            gateway.http, MINUTES, number=CALLERS, seconds=self._plan.seconds, first=self._next[rule]
        )
        self._next[rule] += (load.answers + CALLERS + _SPARE) * SLOT
        note, accepted = self._figures.note, max(1, load.answers - load.refused)
        note(f"checked {rule} per s", load.per_s)
        note(f"checked {rule} p99", load.p99_ms)
        note(f"checked {rule} cpu", (machine.cpu_s(gateway.server.pid) - cpu) / accepted * 1e6)
        self._figures.calls += load.answers
        self._figures.not_accepted += load.refused + load.lost

    async def _asking(self, label: str, gateway: BenchGateway, length: timedelta) -> None:
        cpu, waits = machine.cpu_s(gateway.server.pid), []
        for number in range(self._plan.asked):
            start = self._monday + (number % (OCCURRENCES - 1)) * timedelta(days=7)
            began = time.perf_counter()
            await self._client.ask(gateway.http, MINUTES.device, start, start + length)
            waits.append((time.perf_counter() - began) * 1000)
        self._figures.note(f"{label} p50", sorted(waits)[len(waits) // 2])
        self._figures.note(f"{label} cpu", (machine.cpu_s(gateway.server.pid) - cpu) / len(waits) * 1e6)


def _stored(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as conn:
        return int(conn.execute("SELECT count(*) FROM busy_span").fetchone()[0])
