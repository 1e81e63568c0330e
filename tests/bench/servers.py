"""The processes that are measured or needed for it, each started and ended here; nothing is measured here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journey.gateway_process import GatewayProcess
from tests.system import syscalls

NOBODY = "http://127.0.0.1:9"
_READY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its address and its process."""

    http: str
    pid: int


class BenchGateway(GatewayProcess):
    """The gateway as people run it: with its usual log level."""

    def arguments(self, *words: str) -> list[str]:
        return ["-m", "gateway", "--config", str(self.folder / "config.yaml"), *words]

    @property
    def server(self) -> Server:
        assert self.process is not None
        return Server(http=self.http, pid=self.process.pid)


@asynccontextmanager
async def gateway(folder: Path, *, google: str = NOBODY, trace: Path | None = None) -> AsyncIterator[BenchGateway]:
    """Run a gateway on the data in `folder` (an empty one is fine); its syncs are traced into `trace`."""
    folder.mkdir(exist_ok=True)
    process = BenchGateway(folder=folder, google_base=google)
    before = () if trace is None else syscalls.runner(trace, "-m", "gateway", calls="fdatasync,fsync")
    try:
        await process.start(*before)
        if not process.http:
            raise RuntimeError(f"the gateway did not start: {process.log[-2000:]}")
        yield process
    finally:
        if process.process is not None and process.process.returncode is None:
            try:
                await process.stop()
            except TimeoutError:
                await process.kill()


@asynccontextmanager
async def comparison(folder: Path) -> AsyncIterator[Server]:
    """Run the comparison server on a new database."""
    folder.mkdir(exist_ok=True)
    path = folder / "comparison.db"
    path.unlink(missing_ok=True)
    async with _announced("-m", "tests.bench.comparison_server", str(path)) as (pid, facts):
        yield Server(http=facts["http"], pid=pid)


@asynccontextmanager
async def nothing_stored() -> AsyncIterator[Server]:
    """Run the comparison server that only reads and answers."""
    async with _announced("-m", "tests.bench.comparison_server") as (pid, facts):
        yield Server(http=facts["http"], pid=pid)


@asynccontextmanager
async def simulated_google() -> AsyncIterator[str]:
    """Run the simulated Google in a process of its own; gives its address."""
    async with _announced("-m", "simulator", "google", "up", "--json") as (_, facts):
        yield facts["base"]


@asynccontextmanager
async def _announced(*words: str) -> AsyncIterator[tuple[int, dict[str, str]]]:
    """Run a program of ours whose first line is a JSON object."""
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READY_S):
            line = await process.stdout.readline()
        yield process.pid, json.loads(line)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.stdout.read()
        await process.wait()
