"""The processes that are measured or needed for it, each started and ended here; nothing is measured here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.journey.gateway_process import GatewayProcess
from tests.system import syscalls

NOBODY = "http://127.0.0.1:9"
NO_QUOTA = {
    "GATEWAY_LIMITS__GOOGLE_PROJECT_PER_MIN": "10000000",
    "GATEWAY_LIMITS__GOOGLE_ACCOUNT_PER_MIN": "10000000",
    "GATEWAY_LIMITS__GOOGLE_CALENDAR_PER_S": "10000",
}
"""Settings of a gateway that spares nobody's quota, so that its own speed is seen."""
_READY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its address and its process."""

    http: str
    pid: int


@dataclass
class BenchGateway(GatewayProcess):
    """The gateway as people run it: with its usual log level; `more` are settings of its own, as variables."""

    more: dict[str, str] = field(default_factory=dict)
    cold: bool = True

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **self.more}

    def arguments(self, *words: str) -> list[str]:
        return ["-m", "gateway", "--config", str(self.folder / "config.yaml"), *words]

    @property
    def server(self) -> Server:
        assert self.process is not None
        return Server(http=self.http, pid=self.process.pid)


@asynccontextmanager
async def gateway(
    folder: Path, *, google: str = NOBODY, trace: Path | None = None, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[BenchGateway]:
    """Run a gateway on the data in `folder` (an empty one is fine); its syncs are traced into `trace`."""
    folder.mkdir(exist_ok=True)
    process = BenchGateway(folder=folder, google_base=google, more=dict(more))
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
async def signed_in(
    folder: Path, *, google: str, calendar: str, more: Mapping[str, str]
) -> AsyncIterator[BenchGateway]:
    """Run a gateway that signed in at `google` and writes to the calendar at another address."""
    async with gateway(folder, google=google) as process:
        await process.sign_in()
        await process.stop()
        process.more = {"GATEWAY_GOOGLE__ENDPOINTS__CALENDAR": f"{calendar}/calendar/v3", **more}
        await process.start()
        yield process


@asynccontextmanager
async def instant_google() -> AsyncIterator[str]:
    """Run the calendar that takes everything at once; gives its address."""
    async with _announced("-m", "tests.bench.instant_google") as (_, facts):
        yield facts["base"]


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
