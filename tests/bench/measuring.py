"""What is measured, phase after phase, into figures; servers and callers are made elsewhere, nothing is judged here."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from tests.bench import machine, prefill, servers
from tests.bench.availability import AvailabilityMeasuring
from tests.bench.client import Client
from tests.bench.figures import Figures
from tests.bench.load import Callers, Load
from tests.bench.mirror import MirrorMeasuring
from tests.bench.plan import Plan
from tests.bench.said import NATIVE, UCM, Said
from tests.bench.servers import Server
from tests.system import syscalls

PHASES = ("accept", "cpu", "syncs", "starts", "mirroring", "mirror", "availability")
CALLERS = (1, 16, 64)
STORED = (0, 10_000, 100_000)
_WARM_UP = 300


class Parts(TypedDict):
    """What the phases with files of their own are given."""

    folder: Path
    plan: Plan
    callers: Callers
    client: Client
    figures: Figures


class Measuring:
    """All phases of one run; `tell` hears what is going on."""

    def __init__(
        self, *, folder: Path, plan: Plan, callers: Callers, client: Client, tell: Callable[[str], None]
    ) -> None:
        self.figures = Figures()
        self._folder = folder
        self._plan = plan
        self._callers = callers
        self._client = client
        self._tell = tell

    async def everything(self, only: str = "") -> Figures:
        """Run all phases, or the one of `PHASES` named `only`. Memory and starts need what `cpu` left behind."""
        parts: Parts = {
            "folder": self._folder,
            "plan": self._plan,
            "callers": self._callers,
            "client": self._client,
            "figures": self.figures,
        }
        phases = {
            "accept": ("accepting beside its floors", self._rates),
            "cpu": ("processor time with many stored meetings", self._cpu),
            "syncs": ("syncs for each meeting", self._syncs),
            "starts": ("start and memory", self._starts),
            "mirroring": ("accepting while mirroring", self._mirroring),
            "mirror": ("mirroring beside its floors", MirrorMeasuring(**parts).everything),
            "availability": ("accepting where rooms are looked at", AvailabilityMeasuring(**parts).everything),
        }
        for name, (told, phase) in phases.items():
            if only in ("", name):
                self._tell(told)
                await phase()
        return self.figures

    async def _rates(self) -> None:
        async with (
            servers.gateway(self._folder / "rates") as gateway,
            servers.comparison(self._folder / "comparison") as comparison,
            servers.nothing_stored() as nothing,
        ):
            for server in (gateway.server, comparison, nothing):
                await self._client.schedule(server.http, NATIVE, meetings=_WARM_UP, callers=16)
            for _ in range(self._plan.rounds):
                await self._raw_syncs()
                for number in CALLERS:
                    await self._load("gateway", gateway.server, NATIVE, number)
                    await self._load("aiosqlite", comparison, NATIVE, number)
                await self._load("ucm", gateway.server, UCM, 16)
                await self._load("nothing", nothing, NATIVE, 16)

    async def _raw_syncs(self) -> None:
        for append in (True, False):
            rate = await asyncio.to_thread(machine.syncs_per_s, self._folder, self._plan.sync_seconds, append=append)
            self.figures.note("syncs append" if append else "syncs over", rate)

    async def _load(self, name: str, server: Server, said: Said, number: int) -> Load:
        cpu, written = machine.cpu_s(server.pid), machine.written_bytes(server.pid)
        load = await self._callers.call(server.http, said, number=number, seconds=self._plan.seconds)
        accepted = max(1, load.answers - load.refused)
        note, label = self.figures.note, f"{name} {number}"
        note(f"{label} per s", load.per_s)
        note(f"{label} p50", load.p50_ms)
        note(f"{label} p99", load.p99_ms)
        note(f"{label} cpu", (machine.cpu_s(server.pid) - cpu) / accepted * 1e6)
        if written is not None:
            note(f"{label} bytes", ((machine.written_bytes(server.pid) or 0) - written) / accepted)
        self.figures.calls += load.answers
        self.figures.not_accepted += load.refused + load.lost
        return load

    async def _cpu(self) -> None:
        templates = {count: self._folder / f"stored-{count}" for count in STORED}
        for count, template in templates.items():
            await asyncio.to_thread(prefill.fill, template / "data", count)
        for _ in range(self._plan.cpu_rounds):
            for count, template in templates.items():
                # Copying the largest would keep the disk busy, and what a round adds to it is little.
                work = template if count == STORED[-1] else self._folder / "cpu"
                if work != template:
                    shutil.copytree(template, work)
                async with servers.gateway(work) as gateway:
                    await self._client.schedule(gateway.http, NATIVE, meetings=_WARM_UP, callers=16)
                    await self._load(f"stored {count}", gateway.server, NATIVE, 16)
                if work != template:
                    shutil.rmtree(work)

    async def _syncs(self) -> None:
        if reason := syscalls.why_not():
            self.figures.facts["syncs for each meeting"] = f"not counted, {reason}"
            return
        trace = self._folder / "syncs.trace"
        async with servers.gateway(self._folder / "syncs", trace=trace) as gateway:
            await self._client.schedule(gateway.http, NATIVE, meetings=_WARM_UP, callers=16)
            for number in (1, 16):
                before = _lines(trace)
                load = await self._callers.call(gateway.http, NATIVE, number=number, seconds=self._plan.seconds)
                self.figures.note(f"syncs per accept {number}", (_lines(trace) - before) / load.answers)

    async def _starts(self) -> None:
        for _ in range(self._plan.starts):
            for name, folder in (("new", self._folder / "start"), ("stored", self._folder / f"stored-{STORED[-1]}")):
                began = time.perf_counter()
                async with servers.gateway(folder) as gateway:
                    await self._first(name, began, gateway.server)
            began = time.perf_counter()
            async with servers.comparison(self._folder / "start") as comparison:
                await self._first("aiosqlite", began, comparison)
            shutil.rmtree(self._folder / "start")

    async def _first(self, name: str, began: float, server: Server) -> None:
        await self._client.schedule(server.http, NATIVE)
        self.figures.note(f"start {name}", (time.perf_counter() - began) * 1000)
        self._memory(name, server)

    def _memory(self, name: str, server: Server) -> None:
        now = machine.memory(server.pid)
        self.figures.note(f"rss {name}", now.rss_mib)
        self.figures.note(f"pss {name}", now.pss_mib)

    async def _mirroring(self) -> None:
        async with servers.gateway(self._folder / "alone") as gateway:
            await self._client.schedule(gateway.http, NATIVE, meetings=_WARM_UP, callers=16)
            for _ in range(self._plan.rounds):
                await self._load("alone", gateway.server, NATIVE, 16)
        async with (
            servers.simulated_google() as google,
            servers.gateway(self._folder / "account", google=google, more=servers.NO_QUOTA) as gateway,
        ):
            await gateway.sign_in()
            await self._client.schedule(gateway.http, NATIVE)
            await gateway.drained()
            self._memory("account", gateway.server)
            await self._whole_life(gateway)
            await self._both_ways(gateway)

    async def _whole_life(self, gateway: servers.BenchGateway) -> None:
        for callers in (1, 16):
            before = machine.written_bytes(gateway.server.pid)
            await self._client.schedule(gateway.http, NATIVE, meetings=self._plan.followed, callers=callers)
            await gateway.drained()
            after = machine.written_bytes(gateway.server.pid)
            if before is not None and after is not None:
                self.figures.note(f"whole life bytes {callers}", (after - before) / self._plan.followed)

    async def _both_ways(self, gateway: servers.BenchGateway) -> None:
        for _ in range(self._plan.rounds):
            before, began = _mirrored(gateway.database), time.perf_counter()
            await self._load("mirroring", gateway.server, NATIVE, 16)
            done = _mirrored(gateway.database) - before
            self.figures.note("mirrored per s", done / (time.perf_counter() - began))


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"= 0\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _mirrored(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as conn:
        return int(conn.execute("SELECT count(*) FROM mirrored WHERE state = 'live'").fetchone()[0])
