"""The gateway as a process of the demo: its start, its commands, its end; what the demo does with it is not here."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

READY_WITHIN_S = 30.0
COMMAND_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
LOG_LINES_SHOWN = 20
_PR_SET_PDEATHSIG = 1


class DemoFailed(Exception):
    """The demo cannot go on; the text says what happened, `log` which file tells more."""

    def __init__(self, text: str, *, log: Path | None = None) -> None:
        super().__init__(text)
        self.log = log


class GatewayProcess:
    """`async with GatewayProcess(...) as gateway`: runs while inside, is gone afterwards, whatever happened.

    `secrets` are environment variables for the gateway and its commands; they never reach a command line. `base` is
    the gateway's address, `base_tls` its https one (empty without one).
    """

    def __init__(self, config: Path, log: Path, secrets: Mapping[str, str]) -> None:
        self._config = config
        self.log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        self._environ = {**inherited, **secrets, "PYTHONUNBUFFERED": "1"}
        self._process: asyncio.subprocess.Process | None = None
        self._copying: asyncio.Task[None] | None = None
        self.base = ""
        self.base_tls = ""

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def ended(self) -> int:
        """Wait until the gateway ends by itself; gives its exit code."""
        return await self._process.wait() if self._process is not None else 0

    async def command(self, *words: str, typed: str | None = None) -> str:
        """Run one of the gateway's own commands, with `typed` on its standard input; gives its standard output."""
        process = await self._spawn(*words, stderr=asyncio.subprocess.PIPE)
        try:
            sent = None if typed is None else f"{typed}\n".encode()
            async with asyncio.timeout(COMMAND_WITHIN_S):
                out, err = await process.communicate(sent)
        except TimeoutError as error:
            raise DemoFailed(
                f"'gateway {' '.join(words)}' took more than {COMMAND_WITHIN_S:.0f} s", log=self.log
            ) from error
        finally:
            await _end(process, within_s=0.0)
        with self.log.open("ab") as log:
            log.write(err)
        if process.returncode != 0:
            said = err.decode("utf-8", "replace").strip() or "it said nothing"
            raise DemoFailed(
                f"'gateway {' '.join(words)}' ended with exit code {process.returncode}: {said}", log=self.log
            )
        return out.decode("utf-8", "replace")

    async def _start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await self._spawn("serve", "--ready-json", stderr=log.fileno())
        printed = self._process.stdout or asyncio.StreamReader()
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                line = await printed.readline()
        except TimeoutError as error:
            raise DemoFailed(f"the gateway was not ready within {READY_WITHIN_S:.0f} s", log=self.log) from error
        self.base, self.base_tls = await self._addresses(line)
        self._copying = asyncio.create_task(self._copy(printed))

    async def _addresses(self, line: bytes) -> tuple[str, str]:
        if not line:
            raise DemoFailed(f"the gateway ended at once, exit code {await self.ended()}", log=self.log)
        try:
            ready = json.loads(line)
            return str(ready["http"]), str(ready.get("https") or "")
        except (ValueError, LookupError, TypeError) as error:
            raise DemoFailed(
                f"the gateway's first line was not its ready line: {line[:200]!r}", log=self.log
            ) from error

    async def _copy(self, stream: asyncio.StreamReader) -> None:
        """Keep what the gateway prints: a full pipe would stop it."""
        with self.log.open("ab") as log:
            while chunk := await stream.read(65536):
                log.write(chunk)

    async def _spawn(self, *words: str, stderr: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "--config", str(self._config), *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=self._environ,
            # Ctrl+C belongs to the demo, which then ends the gateway politely.
            start_new_session=True,
            preexec_fn=_dies_with_parent(),
        )

    async def _stop(self) -> None:
        if self._process is not None:
            await _end(self._process, within_s=STOP_WITHIN_S)
        if self._copying is not None:
            await self._copying


async def _end(process: asyncio.subprocess.Process, *, within_s: float) -> None:
    """End a process: politely, then not. One that has ended is left alone."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _dies_with_parent() -> Callable[[], None] | None:
    """A hook for the child that makes the kernel kill it when the demo is killed itself (Linux, prctl(2))."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def last_lines(path: Path, count: int = LOG_LINES_SHOWN) -> list[str]:
    """The end of a log file; empty when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return []
