"""Many commands of the gateway, one after the other in one process: starting one costs more than most of them do."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.journey.gateway_process import DEADLINE_S, GatewayProcess

DESK = """\
import contextlib, io, json, sys
from gateway.cli import main
for line in sys.stdin:
    asked = json.loads(line)
    out, err, whole = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(asked["stdin"].encode()))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(asked["words"])
        except SystemExit as ended:
            code = ended.code
    sys.stdin = whole
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


@dataclass(frozen=True)
class CommandDesk:
    """A process that runs what is asked of it."""

    gateway: GatewayProcess
    process: asyncio.subprocess.Process

    async def __call__(self, *words: str, stdin: str = "", ends: int | None = 0) -> tuple[str, str]:
        """Run a command that has to end with `ends` (None: somehow); return what it printed and what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {"words": self.gateway.arguments(*words)[2:], "stdin": stdin}
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        async with asyncio.timeout(DEADLINE_S):
            code, out, talk = json.loads(await self.process.stdout.readline())
        assert ends is None or code == ends, (words, out, talk)
        return out, talk


@asynccontextmanager
async def opened_desk(gateway: GatewayProcess) -> AsyncIterator[CommandDesk]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DESK,
        env=gateway.environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield CommandDesk(gateway, process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        async with asyncio.timeout(DEADLINE_S):
            await process.wait()
            await process.stdout.read()


async def until_true(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask until the answer is yes."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(what) from None
