"""`logs record`: a gateway that runs hears of it and records; where none does, that is said and nothing is left."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.cli import logs
from gateway.devices.call_log import CallLog, cleaned
from gateway.domain.actor import Actor
from gateway.log import RaisedLevel
from gateway.operations.recording import Recorder
from gateway.operations.recording_wish import FILE_NAME, RecordingWishes, wish
from gateway.store.folder import WAKE_SIGNAL, DataFolder
from tests.unit.google.moved_clock import StoppedClock


class Recording:
    """What a gateway has that serves a folder."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.noted = StoppedClock(), list[tuple[str, str]]()
        self.recorder = Recorder(
            clock=self.clock,
            log=CallLog(self.clock.now_ms, lambda name: None),
            clean=lambda call: cleaned(call, None),
            raised=RaisedLevel(self.clock.monotonic_s),
        )
        self.wishes = RecordingWishes(folder, self.recorder, self._note)

    async def _note(self, by: Actor, what: str) -> None:
        self.noted.append((by.name, what))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(f"gateway: {{data_dir: '{tmp_path / 'data'}'}}\n")
    DataFolder(tmp_path / "data").make()
    return tmp_path / "data"


@pytest.fixture
async def gateway(data: Path) -> AsyncIterator[Recording]:
    """One that runs, and is woken as a process is."""
    folder, recording, looks = DataFolder(data), Recording(data), set[asyncio.Task[None]]()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(WAKE_SIGNAL, lambda: looks.add(loop.create_task(recording.wishes.look())))
    folder.lock()
    try:
        yield recording
    finally:
        folder.unlock()
        loop.remove_signal_handler(WAKE_SIGNAL)
        await asyncio.gather(*looks)
        recording.recorder.close()


async def run(data: Path, *words: str) -> int:
    """Run the command as it is typed, beside the gateway."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(config=data.parent / "config.yaml", data=None, log_level=None)
    logs.add(parser)
    args = parser.parse_args(["record", *words])
    return int(await asyncio.to_thread(args.run, args))


async def test_the_gateway_records_until_it_is_over_or_stopped(
    data: Path, gateway: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(data, "--minutes", "30") == 0
    assert capsys.readouterr().out == "The gateway records everything, for 30 minutes.\n"
    assert 1_790 < gateway.recorder.left_s <= 1_800
    assert await run(data, "--stop") == 0
    assert capsys.readouterr().out == "Nothing is recorded any more.\n"
    assert gateway.recorder.left_s == 0
    assert gateway.recorder.done is not None
    assert await run(data, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"recording": True, "minutes": 10}
    assert 590 < gateway.recorder.left_s <= 600
    assert gateway.noted == [("command line", each) for each in ("started", "stopped", "started")]
    gateway.clock.ahead_ms += 601_000
    assert gateway.recorder.done is not None


async def test_without_a_gateway_nothing_stays_behind(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(data) == 1
    assert "No gateway that uses this data folder has heard of it." in capsys.readouterr().err
    assert not (data / FILE_NAME).exists()
    assert await run(data, "--minutes", "61") == 2
    assert await run(data, "--minutes", "0") == 2
    (data / f"{FILE_NAME}.new").mkdir()
    assert await run(data) == 73
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("text", [b"", b"7", b'{"minutes": true}', b'{"minutes": 61}', b"\xff", b"[" * 5000])
async def test_what_is_no_wish_is_removed(data: Path, text: bytes) -> None:
    recording = Recording(data)
    (data / FILE_NAME).write_bytes(text)
    await recording.wishes.look()
    assert not recording.noted
    assert not (data / FILE_NAME).exists()
    wish(data, 0)
    await recording.wishes.look()
    assert recording.noted == [("command line", "stopped")]
    recording.recorder.close()
