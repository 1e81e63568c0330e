"""Callers that do nothing but call: wrk where it is installed, else the bench's own; what they found is not judged."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.said import HOLE, START_HOLE, Ids, Said

_EXTRA_S = 30.0
_ANY_TIME = datetime(2024, 1, 1, tzinfo=UTC)

_LUA = """\
local number, before, after, rising, run, starts, from_s = 0, "", "", false, 0, nil, 0
function init(args)
  local file = io.open(args[1], "rb")
  local text = file:read("*a")
  file:close()
  local from, to = text:find(args[2], 1, true)
  before, after = text:sub(1, from - 1), text:sub(to + 1)
  rising, run, from_s = args[3] == "rising", tonumber(args[4]), tonumber(args[6])
  from, to = after:find(args[5], 1, true)
  if from then
    starts, after = after:sub(1, from - 1), after:sub(to + 1)
  end
end
function request()
  number = number + 1
  local name
  if rising then
    name = string.format("%03d%013.0f", run, 1714377600000 + number)
  else
    name = string.format("%08x-call%03d", number * 2654435761 % 4294967296, run)
  end
  if starts then
    return before .. name .. starts .. os.date("!%Y-%m-%dT%H:%M:%S", from_s + number * 300 + 240) .. after
  end
  return before .. name .. after
end
function done(summary, latency)
  local failed = summary.errors
  print(string.format('{"answers": %d, "refused": %d, "lost": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f}',
    summary.requests, failed.status, failed.connect + failed.read + failed.write + failed.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What callers saw: answers, how many of them were no 2xx, calls that got no answer, latencies in ms."""

    answers: int
    refused: int
    lost: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        """Meetings accepted per second."""
        return (self.answers - self.refused) / self.seconds


class Callers:
    """Makes load in a process of its own: `number` callers, each calls again as soon as it was answered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = itertools.count(1)
        self._wrk = shutil.which("wrk")
        (folder / "calls.lua").write_text(_LUA)

    @property
    def name(self) -> str:
        """Which generator makes the load."""
        return "wrk, 1 thread" if self._wrk else "the bench's own callers (wrk is not installed), 1 process"

    async def call(self, http: str, said: Said, *, number: int, seconds: float, first: datetime = _ANY_TIME) -> Load:
        """Call for some seconds and return what was seen. Every meeting is a new one.

        Where each has a time of its own, they begin from `first` on (UTC), one in each slot.
        """
        request = self._folder / f"request-{said.device}"
        request.write_bytes(said.request(urlsplit(http).netloc))
        run = next(self._runs)
        from_s = str(int(first.timestamp()))
        words = self._wrk_words(http, request, said.ids, run, number, seconds, from_s)
        if self._wrk is None:
            words = [sys.executable, "-m", "tests.bench.own_callers", http, str(request), said.ids, str(run)]
            words += [str(number), str(seconds), from_s]
        return await _told(words, seconds)

    async def call_at(self, http: str, said: Said, *, per_s: float, seconds: float) -> Load:
        """Call at a steady rate, however long answers take (the bench's own callers), and return what was seen."""
        request = self._folder / f"request-{said.device}"
        request.write_bytes(said.request(urlsplit(http).netloc))
        words = [sys.executable, "-m", "tests.bench.open_loop", http, str(request), said.ids, str(next(self._runs))]
        return await _told([*words, str(per_s), str(seconds)], seconds)

    def _wrk_words(
        self, http: str, request: Path, ids: Ids, run: int, number: int, seconds: float, from_s: str
    ) -> list[str]:
        return [
            *(str(self._wrk), "-t", "1", "-c", str(number), "-d", f"{max(1, round(seconds))}s", "--timeout", "10s"),
            *("-s", str(self._folder / "calls.lua"), http, "--", str(request), HOLE, ids, str(run)),
            *(START_HOLE, from_s),
        ]


async def _told(words: list[str], seconds: float) -> Load:
    """Run callers and read what they print."""
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(seconds + _EXTRA_S):
        out, _ = await process.communicate()
    lines = [line for line in out.decode().splitlines() if line.startswith("{")]
    if process.returncode != 0 or not lines:
        raise RuntimeError(f"the callers ended with {process.returncode}: {out.decode()[-500:]}")
    return Load(**json.loads(lines[-1]))
