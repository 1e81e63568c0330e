"""The demo as a person runs it: a process, its output and exit code; and what it does when something is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import signal
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from aiohttp import ClientSession

from simulator.demo import main_job
from simulator.demo_check import checks
from simulator.demo_gateway import DemoFailed
from simulator.demo_steps import Place
from simulator.demo_tell import Teller
from simulator.demo_turn import Turn, set_up_code, your_turn
from simulator.google.app import SimulatedGoogle
from simulator.pbx.booking import vendor_example


async def start(*words: str, cwd: Path | None = None, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "demo", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
        # A shell that was told to run these tests in the background lets everything it starts ignore Ctrl+C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def listed_event(out: str) -> dict:
    """The JSON document among the indented lines."""
    lines = [line.removeprefix("      ") for line in out.splitlines()]
    return json.loads("\n".join(lines[lines.index("{") : lines.index("}") + 1]))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent counts as gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def gateways_of(folder: Path) -> list[int]:
    """Processes that run on the settings in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"{folder}/config.yaml" in (entry / "cmdline").read_text():
                found.append(int(entry.name))
    return [pid for pid in found if alive(pid)]


async def test_once_schedules_one_meeting_and_checks_the_event(tmp_path):
    folder = tmp_path / "kept"
    process = await start("--once", "--keep", str(folder), PYTHONIOENCODING="utf-8")
    out, err = (text.decode() for text in await process.communicate())
    assert (process.returncode, err) == (0, ""), out
    event = listed_event(out)
    start_s = datetime.fromisoformat(event["start"]["dateTime"])
    assert event["summary"] == "Weekly_Meeting"
    assert start_s.weekday() == 0
    assert re.search(r"start      Monday \d{4}-\d\d-\d\dT09:00:00Z", out)
    assert re.search(r"end        Monday \d{4}-\d\d-\d\dT10:00:00Z", out)
    assert out.count("✔") == 7
    assert "✘" not in out
    assert not re.search(r"(?<!\w)5021(?!\w)", out)  # ports and ids may hold its digits
    assert gateways_of(folder) == []
    secrets = [(folder / "device-key").read_text().strip(), "GOCSPX"]
    for text in (out, (folder / "gateway.log").read_text(), (folder / "config.yaml").read_text()):
        assert not any(secret in text for secret in secrets)


async def test_two_demos_at_once_on_a_terminal_without_unicode(tmp_path):
    processes = [await start("--once", PYTHONIOENCODING="ascii", TMPDIR=str(tmp_path)) for _ in range(2)]
    outs = [(await process.communicate())[0].decode("ascii") for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outs
    assert all(out.count("[ok]") == 7 for out in outs)
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


async def test_stays_up_until_interrupted_and_its_commands_work(tmp_path):
    folder = tmp_path / "kept"
    process = await start("--keep", str(folder))
    try:
        out = await read_until(process, "To see a sign-in go wrong")
        page = re.search(r"Page of the simulated UCM6300 +(\S+)", out)[1]
        calendar = re.search(r"Calendar in the simulated Google +(\S+)", out)[1]
        health = re.search(r"Health of the gateway +(\S+)", out)[1]
        async with ClientSession() as session:
            for address, text in ((page, "Weekly_Meeting"), (calendar, "Weekly_Meeting"), (health, "")):
                async with session.get(address) as got:
                    assert got.status == 200
                    assert text in await got.text()
            console = re.search(r"Console of the simulated Google +(\S+)", out)[1]
            async with session.get(console) as got:
                assert "Create OAuth client" in await got.text()
        credentials = Path(re.search(r"Credentials file for card 1 +(\S+)", out)[1])
        assert set(json.loads(credentials.read_text())) == {"installed"}
        assert credentials.stat().st_mode & 0o077 == 0
        admin = re.search(r"Admin page of the gateway +(\S+)", out)[1]
        assert health == f"{admin}readyz"
        assert re.search(r"Set-up code for the admin page +\S+", out)
        command = next(line.strip() for line in out.splitlines() if "cancel --state" in line)
        cancel = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
        said, _ = await cancel.communicate()
        assert (cancel.returncode, b"<- 202" in said) == (0, True)
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert gateways_of(folder) == []


async def read_until(process: asyncio.subprocess.Process, text: str) -> str:
    out = ""
    while text not in out:
        line = await process.stdout.readline()
        assert line, out
        out += line.decode()
    return out


async def test_a_killed_demo_leaves_no_gateway_behind(tmp_path):
    folder = tmp_path / "kept"
    process = await start("--keep", str(folder))
    await read_until(process, "cancel --state")
    (gateway,) = gateways_of(folder)
    process.kill()
    await process.communicate()
    async with asyncio.timeout(60):
        while alive(gateway):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ended_in_the_middle_it_cleans_up(tmp_path, number):
    process = await start("--once", TMPDIR=str(tmp_path))
    await read_until(process, "[3/6]")
    (folder,) = tmp_path.iterdir()
    assert len(gateways_of(folder)) >= 1
    process.send_signal(number)
    out, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")
    assert out.endswith(b"Stopped.\n")
    assert gateways_of(folder) == []
    assert list(tmp_path.iterdir()) == []


async def test_a_gateway_that_dies_while_it_is_played_with_is_told(tmp_path):
    folder = tmp_path / "kept"
    process = await start("--keep", str(folder))
    await read_until(process, "cancel --state")
    (gateway,) = gateways_of(folder)
    os.kill(gateway, signal.SIGKILL)
    out, err = await process.communicate()
    assert (process.returncode, err) == (1, b"")
    assert b"The demo failed: the gateway ended by itself, exit code -9" in out


async def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    process = await start("--once", "--keep", str(tmp_path))
    _, err = await process.communicate()
    assert process.returncode == 2
    assert b"name a new or empty folder" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


async def test_a_gateway_that_cannot_start_is_told_with_its_log(tmp_path):
    # Run where `gateway` is something else, which python -m finds first.
    process = await start("--once", "--keep", str(tmp_path / "kept"), cwd=broken_gateway(tmp_path))
    out, err = (text.decode() for text in await process.communicate())
    assert (process.returncode, err) == (1, "")
    assert "The demo failed: the gateway ended at once, exit code 3" in out
    assert f"{tmp_path}/kept/gateway.log" in out
    assert "the disk fell off" in out
    assert "Traceback" not in out


def broken_gateway(tmp_path: Path) -> Path:
    """A folder in which `gateway` is something that says why it ends."""
    package = tmp_path / "elsewhere" / "gateway"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import sys\nprint('the disk fell off', file=sys.stderr)\nsys.exit(3)\n")
    return package.parent


async def test_an_event_that_google_refuses_is_told_as_such(tmp_path):
    out = io.StringIO()
    async with AsyncExitStack() as running:
        google = await running.enter_async_context(SimulatedGoogle())
        google.state.faults.add([{"match": {"operation": "insert"}, "do": {"status": 400}}])
        with pytest.raises(DemoFailed, match="refused by Google"):
            await main_job(Teller(out, steps=6), Place(folder=tmp_path), google, running)
    assert gateways_of(tmp_path) == []


async def test_a_calendar_that_is_not_right_is_a_failure_that_says_what_differs(tmp_path):
    out = io.StringIO()
    async with AsyncExitStack() as running:
        google = await running.enter_async_context(SimulatedGoogle())
        google.do.create_event({key: right_event()[key] for key in ("summary", "start", "end")})
        with pytest.raises(DemoFailed, match="exactly one event in the calendar: expected 1, found 2"):
            await main_job(Teller(out, steps=6), Place(folder=tmp_path), google, running)
    assert "[WRONG] exactly one event" in out.getvalue()


MONDAY = datetime(2026, 11, 30)


def right_event() -> dict:
    return {
        "id": "x5021x",
        "etag": '"3502150210000"',
        "status": "confirmed",
        "summary": "Weekly_Meeting",
        "description": "Host: 1000",
        "start": {"dateTime": "2026-11-30T10:00:00+01:00", "timeZone": "Etc/GMT-1"},
        "end": {"dateTime": "2026-11-30T11:00:00", "timeZone": "Etc/GMT-1"},
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 60}]},
    }


def test_the_right_event_passes_every_check():
    found = checks([right_event()], vendor_example(MONDAY))
    assert [check.text for check in found if not check.right] == []
    assert len(found) == 7


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"summary": "Other"}, "found 'Other'"),
        ({"start": {"dateTime": "2026-11-30T10:00:00-01:00", "timeZone": "Etc/GMT-1"}}, "found '2026-11-30T11:00:00Z'"),
        ({"end": {"dateTime": "2026-11-30T12:00:00", "timeZone": "Etc/GMT-1"}}, "found '2026-11-30T11:00:00Z'"),
        ({"start": {"dateTime": "2026-11-30T10:00:00+01:00", "timeZone": "Etc/GMT+1"}}, "found 'Etc/GMT+1'"),
        ({"reminders": {"useDefault": True}}, "expected [60], found []"),
        ({"description": "Host PIN5021"}, "found ['description']"),
        ({"extendedProperties": {"private": {"pin": "5021"}}}, "found ['extendedProperties']"),
    ],
)
def test_each_wrong_thing_is_one_failed_check_that_says_what_came(change, expected):
    wrong = [check for check in checks([{**right_event(), **change}], vendor_example(MONDAY)) if not check.right]
    assert len(wrong) == 1
    assert expected in wrong[0].text


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_event(count):
    (check,) = checks([right_event()] * count, vendor_example(MONDAY))
    assert not check.right
    assert f"found {count}" in check.text


def turn(**changes) -> Turn:
    known = {
        "google": "http://127.0.0.1:1",
        "pbx": "http://127.0.0.1:2",
        "admin": ("http://127.0.0.1:3", "https://127.0.0.1:4"),
        "set_up_code": "AB12-CD34-EF56",
        "credentials": Path("/tmp/demo/client_secret_demo.json"),
        "closed": "http://127.0.0.1:5/oauth/google/callback",
        "log": Path("/tmp/demo/gateway.log"),
        "memory": Path("/tmp/demo/pbx.json"),
        "external_id": "6300",
    }
    return Turn(**{**known, **changes})


def test_the_last_step_names_everything_a_person_needs():
    text = "\n".join(your_turn(turn()))
    for needed in (
        "http://127.0.0.1:1/calendar",
        "http://127.0.0.1:1/_sim/console",
        "http://127.0.0.1:2",
        "http://127.0.0.1:3/",
        "https://127.0.0.1:4/",
        "AB12-CD34-EF56",
        "/tmp/demo/client_secret_demo.json",
        "http://127.0.0.1:5/oauth/google/callback",
    ):
        assert needed in text
    assert "https" not in "\n".join(your_turn(turn(admin=("http://127.0.0.1:3",))))
    assert "none was printed, see the log" in "\n".join(your_turn(turn(set_up_code=None)))


def test_the_newest_set_up_code_is_told(tmp_path):
    log = tmp_path / "gateway.log"
    assert set_up_code(log) is None
    log.write_text("started\n")
    assert set_up_code(log) is None
    log.write_text("Set-up code: AAAA-BBBB-CCCC\nready\nSet-up code: DDDD-EEEE-FFFF\n")
    assert set_up_code(log) == "DDDD-EEEE-FFFF"
