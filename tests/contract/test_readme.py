"""The README is executed: its commands run in their order in an empty folder, against a simulated Google."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.google import SimulatedGoogle
from simulator.google.client_file import credentials
from tests.contract.google_requests import assert_all_valid
from tests.journey.gateway_process import until
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^>]+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
DEADLINE_S = 60


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of the README and the mark above it."""

    mark: str
    kind: str
    text: str


BLOCKS = [Block(found["mark"] or "", found["kind"], found["text"]) for found in BLOCK.finditer(README)]


def test_every_shell_block_is_run_here_or_by_the_build():
    """`make` is what the build machine itself runs on a fresh clone; the installation has a test of its own below."""
    unmarked = [block.text.strip() for block in BLOCKS if block.kind == "sh" and not block.mark]
    assert unmarked == ["make demo", "make test", INSTALL]


INSTALL = """\
python3 -m venv venv
venv/bin/pip install .
export PATH="$PWD/venv/bin:$PATH\""""


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("LONG"), reason="needs a package index: make test-long")
@pytest.mark.timeout(900)
async def test_the_installation_works(tmp_path: Path):
    for name in ("gateway", "simulator", "device_profiles", "pyproject.toml", "README.md"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    script = f"{INSTALL}\nmkdir away && cd away\nmeeting-gateway init\nmeeting-gateway check-config\n"
    script += "command -v meeting-gateway meeting-simulator\n"
    process = await shell(script, tmp_path, dict(os.environ))
    out = (await process.communicate())[0].decode()
    assert process.returncode == 0, out
    assert "no problems, 1 device" in out
    assert f"{tmp_path}/venv/bin/meeting-gateway" in out


class Newcomer:
    """Somebody who follows the README in an empty folder, and edits the files where it says so."""

    def __init__(self, folder: Path, google: SimulatedGoogle) -> None:
        self.folder, self.google = folder, google
        self.address = f"127.0.0.1:{free_port()}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        places = {f"GATEWAY_GOOGLE__ENDPOINTS__{name.upper()}": url for name, url in google.endpoints().items()}
        path = f"{Path(sys.executable).parent}:{clean.get('PATH', '')}"
        self.environ = {**clean, **places, "GATEWAY_GATEWAY__LISTEN": self.address, "PATH": path}
        self.environ["GATEWAY_GATEWAY__LISTEN_TLS"] = "127.0.0.1:0"
        self.printed: list[str] = []

    async def follow(self, block: Block) -> None:
        """Do what a block says; the last output is kept."""
        if block.mark == "run":
            process = await self.start(block)
            self.printed.append(await finished(process))
        elif block.mark == "run: sign in":
            await self.sign_in(await self.start(block))
        elif block.mark.startswith("under devices:"):
            path = self.folder / "config.yaml"
            path.write_text(path.read_text().replace("\ndevices:\n", f"\ndevices:\n{block.text}", 1))

    async def start(self, block: Block) -> asyncio.subprocess.Process:
        return await shell(block.text.replace("127.0.0.1:8765", self.address), self.folder, self.environ)

    def download(self) -> None:
        """Fetch the credentials file, as Google's console offers it."""
        client = next(iter(self.google.state.clients.values()))
        (self.folder / "client_secret.json").write_text(json.dumps(credentials(client, self.google.base)))

    async def sign_in(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(DEADLINE_S):
            while not (line := (await process.stdout.readline()).decode()).startswith("http"):
                assert line, "no link was printed"
        process.stdin.write(self.google.do.approve(line.strip()).encode() + b"\n")
        assert "Authorization successful!" in await finished(process)


async def shell(script: str, folder: Path, environ: dict[str, str]) -> asyncio.subprocess.Process:
    """Start bash on a block; its first command that fails ends it."""
    return await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def finished(process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(DEADLINE_S):
        out = (await process.communicate())[0].decode()
    assert process.returncode == 0, out
    return out


@pytest.fixture
async def newcomer(tmp_path: Path) -> AsyncIterator[Newcomer]:
    async with SimulatedGoogle() as google:
        yield Newcomer(tmp_path, google)
        assert_all_valid(google.state.requests)


@contextlib.asynccontextmanager
async def served(newcomer: Newcomer, block: Block) -> AsyncIterator[None]:
    """`meeting-gateway serve` in the first terminal, until Ctrl+C."""
    process = await newcomer.start(block)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            while b"ready" not in (line := await process.stdout.readline()):
                assert line, "the gateway did not start"
        yield
    finally:
        os.killpg(process.pid, 2)
        async with asyncio.timeout(DEADLINE_S):
            await process.communicate()
    assert process.returncode == 0


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
async def test_the_commands_do_what_the_readme_says(newcomer: Newcomer):
    run = [block for block in BLOCKS if block.mark]
    (serve,) = [number for number, block in enumerate(run) if block.mark == "run: keep running"]
    for block in run[:serve]:
        await newcomer.follow(block)
    assert newcomer.printed[-1].endswith("no problems, 2 devices.\n")
    sign_in, schedule, answer, look_and_cancel = run[serve + 1 :]
    newcomer.download()
    async with served(newcomer, run[serve]):
        await newcomer.follow(sign_in)
        await newcomer.follow(schedule)
        assert_like(json.loads(newcomer.printed[-1]), json.loads(answer.text))
        await until(lambda: newcomer.google.state.live_events, "the meeting never reached the calendar")
        (event,) = newcomer.google.state.live_events
        assert (event["summary"], event["start"]["timeZone"]) == ("Weekly_Meeting", "Europe/Berlin")
        assert event["attendees"][0]["email"] == "anna@example.com"
        await newcomer.follow(look_and_cancel)
        shown, cancelled = (json.loads(part) for part in newcomer.printed[-1].replace("}{", "}\n{").splitlines())
        assert (shown["external_id"], cancelled["state"]) == ("weekly-1", "cancelled")
        await until(lambda: not newcomer.google.state.live_events, "the event was never removed")


def assert_like(real: dict[str, Any], written: dict[str, Any]) -> None:
    """The answer as the README shows it; only what follows from the day is different."""
    days = ("start_utc", "end_utc")
    assert {**real, **dict.fromkeys(days)} == {**written, **dict.fromkeys(days)}
    for day in days:
        # 10:00 in Berlin is 09:00 UTC in winter and 08:00 in summer.
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT(08|09|10):00:00Z", real[day])
