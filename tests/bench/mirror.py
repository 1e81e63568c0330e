"""What mirroring costs and takes: how soon, how fast beside the usual client, and what accepting feels of it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench import servers
from tests.bench.client import Client
from tests.bench.figures import Figures
from tests.bench.load import Callers
from tests.bench.plan import Plan
from tests.bench.said import NATIVE
from tests.bench.servers import BenchGateway

PER_S = 200.0
"""Calls per second of the devices while a backlog drains."""

_WARM_UP = 100
_PATIENCE = {"GATEWAY_LIMITS__CALL_TIMEOUT_S": "120"}


class InstantGoogle:
    """The calendar that takes everything at once, as the bench talks to it."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.base = base
        self._session = session

    async def said(self, word: str) -> dict[str, Any]:
        """Say `hold`, `release`, `seen` or `forget`; gives the inserts since the last `forget`, and the time."""
        async with self._session.get(f"{self.base}/_bench/{word}") as answer:
            return dict(await answer.json())

    async def arrived(self, count: int) -> list[float]:
        """Wait for so many inserts since the last `forget` and return when they came (steady time, s)."""
        async with asyncio.timeout(120):
            while len(found := (await self.said("seen"))["inserts"]) < count:
                await asyncio.sleep(0.02 if count > 1 else 0.002)
        await self.said("forget")
        return [at_s for _, at_s in found]


class MirrorMeasuring:
    """The phases that end at the calendar."""

    def __init__(self, *, folder: Path, plan: Plan, callers: Callers, client: Client, figures: Figures) -> None:
        self._folder = folder
        self._plan = plan
        self._callers = callers
        self._client = client
        self._figures = figures

    async def everything(self) -> None:
        """Run them."""
        async with (
            aiohttp.ClientSession() as session,
            servers.simulated_google() as google,
            servers.instant_google() as base,
        ):
            calendar = InstantGoogle(base, session)
            folder = self._folder / "mirror"
            async with servers.signed_in(
                folder, google=google, calendar=base, more={**_PATIENCE, **servers.NO_QUOTA}
            ) as gateway:
                await self._schedule(gateway, _WARM_UP)
                await calendar.arrived(_WARM_UP)
                await self._one_by_one(gateway, calendar)
                for _ in range(self._plan.rounds):
                    await self._usual_client(calendar)
                    await self._drain(gateway, calendar)
                await self._beside_a_backlog("without quota", gateway, calendar)
            folder = self._folder / "paced"
            async with servers.signed_in(folder, google=google, calendar=base, more=_PATIENCE) as gateway:
                await self._beside_a_backlog("paced", gateway, calendar)

    async def _schedule(self, gateway: BenchGateway, meetings: int) -> None:
        await self._client.schedule(gateway.http, NATIVE, meetings=meetings, callers=16)

    async def _one_by_one(self, gateway: BenchGateway, calendar: InstantGoogle) -> None:
        await calendar.said("forget")
        for _ in range(self._plan.alone):
            called_s = time.monotonic()
            await self._client.schedule(gateway.http, NATIVE)
            answered_s = time.monotonic()
            (arrived_s,) = await calendar.arrived(1)
            self._figures.note("call to request", (arrived_s - called_s) * 1000)
            self._figures.note("answer to request", (arrived_s - answered_s) * 1000)
            await asyncio.sleep(0.05)  # idle again

    async def _usual_client(self, calendar: InstantGoogle) -> None:
        words = ["-m", "tests.bench.api_client", calendar.base, str(self._plan.inserts)]
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        self._figures.note("usual client per s", json.loads(out)["per_s"])
        await calendar.said("forget")

    async def _drain(self, gateway: BenchGateway, calendar: InstantGoogle) -> None:
        """Let a backlog wait behind calls that are not answered, then let it go."""
        await calendar.said("hold")
        await self._schedule(gateway, self._plan.drained)
        released_s = (await calendar.said("release"))["now_s"]
        arrived = await calendar.arrived(self._plan.drained)
        later = sum(at_s > released_s for at_s in arrived)
        self._figures.note("drain per s", later / (max(arrived) - released_s))
        await gateway.drained()

    async def _beside_a_backlog(self, name: str, gateway: BenchGateway, calendar: InstantGoogle) -> None:
        """Accept while nothing is written because Google is silent, and while a backlog drains, in turn."""
        for _ in range(self._plan.rounds):
            await calendar.said("hold")
            await self._schedule(gateway, _WARM_UP)
            await self._accept(f"{name} alone", gateway)
            await self._schedule(gateway, max(0, self._plan.backlog - len(gateway.outbox())))
            await calendar.said("forget")
            before_s = (await calendar.said("release"))["now_s"]
            await self._accept(f"{name} draining", gateway)
            seen = await calendar.said("forget")
            self._figures.note(f"{name} drained per s", len(seen["inserts"]) / (seen["now_s"] - before_s))

    async def _accept(self, name: str, gateway: BenchGateway) -> None:
        load = await self._callers.call_at(gateway.http, NATIVE, per_s=PER_S, seconds=self._plan.seconds)
        self._figures.note(f"{name} p50", load.p50_ms)
        self._figures.note(f"{name} p99", load.p99_ms)
        self._figures.calls += load.answers
        self._figures.not_accepted += load.refused + load.lost
