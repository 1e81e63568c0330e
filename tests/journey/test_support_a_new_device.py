"""`docs/how-to/support-a-new-device.md` followed to the letter: its files written, its commands run in their order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.journey.gateway_process import DEADLINE_S

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/support-a-new-device.md").read_text("utf-8")
BLOCK = re.compile(r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
ADDRESS = "http://127.0.0.1:8765"
KEY = "a-key-of-at-least-16-characters"


class Block(NamedTuple):
    """One fenced block of the page: a file to write (`file` is its name), commands (`sh`), or what they print."""

    file: str
    kind: str
    text: str


def blocks() -> Iterator[Block]:
    """The blocks in order; the captured calls are of the next year, because meetings long past are refused."""
    page = PAGE.replace("2027-", f"{datetime.now(UTC).year + 1}-")
    for found in BLOCK.finditer(page):
        yield Block(found["file"] or "", found["kind"], found["text"])


def environ(folder: Path) -> dict[str, str]:
    """Of the machine only what a shell needs; `meeting-gateway` is this checkout's, on any free port."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    runner = commands / "meeting-gateway"
    runner.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway "$@"\n')
    runner.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {
        **inherited,
        "PATH": f"{commands}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GATEWAY_GATEWAY__LISTEN": "127.0.0.1:0",
        "GATEWAY_GATEWAY__LISTEN_TLS": "127.0.0.1:0",
    }


async def run(command: str, folder: Path) -> str:
    """Run the lines of a block as a shell does, and return all that they print; every one must succeed."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", command,
        cwd=folder / "work", env=environ(folder), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE_S):
        out, _ = await process.communicate()
    assert process.returncode == 0, f"{command}\n{out.decode()}"
    return out.decode()


@asynccontextmanager
async def served(command: str, folder: Path) -> AsyncIterator[str]:
    """The gateway that the page starts; gives its address. That it is ready is read from its output."""
    assert command.strip() == "meeting-gateway serve"
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(folder / "bin/meeting-gateway", "serve", "--ready-json"),
            cwd=folder / "work", env=environ(folder), stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async with asyncio.timeout(DEADLINE_S):
                line = await process.stdout.readline()
            assert line, (folder / "log").read_text()
            yield json.loads(line)["http"]
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()


async def followed(folder: Path, session: aiohttp.ClientSession) -> tuple[dict[str, str], list[dict[str, object]]]:
    """Go through the page. Return what each block of commands printed, by its first line, and what the device's
    meetings are in the end.
    """
    printed: dict[str, str] = {}
    address = ""
    async with contextlib.AsyncExitStack() as running:
        for block in blocks():
            if block.file:
                (folder / "work" / block.file).write_text(block.text)
            elif block.kind == "sh" and block.text.startswith("meeting-gateway serve"):
                address = await running.enter_async_context(served(block.text, folder))
            elif block.kind == "sh":
                printed[block.text.splitlines()[0]] = await run(block.text.replace(ADDRESS, address or ADDRESS), folder)
        meetings = []
        for meeting in ("B-1041", "B-1042"):
            url = f"{address}/api/v1/devices/bridge/meetings/{meeting}"
            async with session.get(url, headers={"Authorization": f"Bearer {KEY}"}) as answer:
                assert answer.status == 200, await answer.text()
                meetings.append(await answer.json())
    return printed, meetings


def with_first_line(printed: dict[str, str], start: str) -> str:
    return next(text for line, text in printed.items() if line.startswith(start))


async def test_the_page_ends_with_a_gateway_that_takes_the_devices_calls(tmp_path: Path):
    (tmp_path / "work").mkdir()
    async with aiohttp.ClientSession() as session:
        printed, meetings = await followed(tmp_path, session)
    drafted = with_first_line(printed, "meeting-gateway profile new")
    told = next(block.text for block in blocks() if not block.kind and not block.file)
    assert [line for line in told.splitlines() if line not in drafted] == []
    tested = with_first_line(printed, "meeting-gateway profile lint")
    assert "1 profile: 0 problems." in tested
    assert "3 calls read" in tested
    assert "all as expected" in tested
    assert re.search(r"^acme/bridge-9 .*own\)$", with_first_line(printed, "meeting-gateway check-config"), re.M)
    kept, cancelled = meetings
    assert str(kept["start_utc"]).endswith("-03-08T09:00:00Z")
    assert kept["state"] != "cancelled"
    assert cancelled["state"] == "cancelled"


def test_the_page_has_what_the_test_looks_for():
    every = list(blocks())
    assert [block.file for block in every if block.file] == ["calls.jsonl", "config.yaml", ".env"]
    assert sum(block.kind == "sh" for block in every) >= 6
    assert sum(block.text.count("meeting-gateway profile") for block in every if block.kind == "sh") >= 4
    assert len(next(block for block in every if block.file == "calls.jsonl").text.splitlines()) == 3
