"""The commands `pbx send` and `pbx up --kind`: what they do, what they print, and their exit codes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys

import pytest
from aiohttp import ClientSession

from simulator.pbx import cli
from simulator.pbx.cli_up import PASSWORD_VARIABLE
from simulator.pbx.options import KEY_VARIABLE
from simulator.pbx.send.kinds import KINDS
from tests.simulator.pbx.api_client import LIST, ApiClient

KEY = "key-of-the-test-device"


@pytest.fixture
def pbx(door, monkeypatch, capsys, tmp_path):
    """Run one command against the open door; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    parser = argparse.ArgumentParser()
    cli.add(parser.add_subparsers())
    known = ["--gateway", door.base, "--device", "pbx-1", "--state", str(tmp_path / "pbx.json"), "--tries", "1"]

    async def run(kind: str, *words: str) -> tuple[int, str, str]:
        options = parser.parse_args(["pbx", "send", "--kind", kind, *words, *known])
        code = await asyncio.to_thread(options.run, options)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_every_kind_can_schedule(pbx, door, kind):
    login = [{"response": {"challenge": "1"}, "status": 0}, {"response": {"cookie": "sid1-2"}, "status": 0}]
    done = {"response": {}, "status": 0} if kind == "envelope" else {"id": 7, "revision": 1}
    door.answers = [(200, one) for one in [*(login if kind == "envelope" else []), done]]
    code, out, err = await pbx(kind, "--start", "2027-01-04 10:00", "--password", "7391", "--host-password", "5021")
    assert (code, err) == (0, "")
    assert f"{door.base}/" in out
    assert "<- 200: taken" in out
    assert "its id: " in out
    for secret in (KEY, "sid1-2", "7391", "5021"):
        # Numbers that were drawn by chance may hold these digits; a PIN stands alone.
        assert not re.search(rf"(?<!\d){re.escape(secret)}(?!\d)", out)


async def test_a_series_is_moved_and_cancelled_from_memory(pbx, door):
    times = ("--start", "2027-01-04 10:00", "--repeat", "weekly", "--zone", "Europe/Berlin")
    code, out, _ = await pbx("json", "schedule", "--external-id", "9", "--json", *times)
    assert (code, json.loads(out)["external_id"]) == (0, "9")
    assert (await pbx("json", "move", "--external-id", "9", "--start", "2027-01-04 11:00"))[0] == 0
    assert json.loads(door.last.text)["start"] == "2027-01-04T11:00:00"
    day = ("--external-id", "9", "--original", "2027-01-11 11:00")
    assert (await pbx("json", "move-occurrence", *day, "--start", "2027-01-12 09:00", "--minutes", "30"))[0] == 0
    assert json.loads(door.last.text)["end"] == "2027-01-12T09:30:00"
    assert (await pbx("json", "cancel-occurrence", *day))[0] == 0
    assert (await pbx("json", "cancel", "--external-id", "9"))[0] == 0
    assert [one.method for one in door.seen] == ["POST", "PUT", "PUT", "DELETE", "DELETE"]


async def test_a_refusal_is_told_with_its_fields(pbx, door):
    problem = {"title": "A field is wrong", "errors": [{"field": "subject", "reason": "is empty"}]}
    door.answers = [(422, problem)]
    code, out, _ = await pbx("form")
    assert code == 1
    assert "<- 422: A field is wrong" in out
    assert "subject                 is empty" in out


async def test_a_verb_about_a_meeting_asks_which_one(pbx, door):
    code, _, err = await pbx("json", "move")
    assert (code, door.seen) == (2, [])
    assert "move needs --external-id" in err


@pytest.mark.parametrize(
    "words",
    [
        ("json", "move", "--external-id", "unknown", "--start", "tomorrow"),
        ("json", "cancel-occurrence", "--external-id", "1"),
        ("roomos", "--repeat", "weekly"),
        ("jitsi", "--external-id", "7"),
        ("json", "--start", "soon"),
    ],
)
async def test_wrong_usage_is_told_in_one_line_and_nothing_is_sent(pbx, door, words):
    code, out, err = await pbx(*words)
    assert (code, out) == (2, "")
    assert err.startswith("meeting-simulator: ")
    assert err.count("\n") == 1
    assert door.seen == []


async def up(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "pbx", "up", "--json", *words),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, PASSWORD_VARIABLE: "another-password"},
    )


async def test_up_serves_an_api_that_is_asked():
    process = await up("--kind", "ucm-api", "--meetings", "3", "--switch", "vanish=2", "--permitted", "127.0.0.0/8")
    assert process.stdout is not None
    told = json.loads(await process.stdout.readline())
    assert "another-password" not in json.dumps(told)
    base = told["api"].removesuffix("/api")
    async with ApiClient(base, told["user"], "another-password", told["fingerprint"]) as client:
        assert await client.log_in() == 0
        assert len((await client.do(LIST))["response"]["bookid"]) == 2
    async with ClientSession() as session, session.get(told["page"]) as page:
        assert "SIMULATED UCM6304" in await page.text()
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--kind", "ucm-api", "--switch", "colour=red"),
        ("--kind", "ucm6200", "--model", "UCM6304"),
        ("--kind", "ucm-api", "--zone", "Mars/Olympus"),
        ("--kind", "ucm-api", "--permitted", "everybody"),
    ],
)
def test_up_refuses_what_it_cannot_be(words, capsys):
    parser = argparse.ArgumentParser()
    cli.add(parser.add_subparsers())
    options = parser.parse_args(["pbx", "up", *words])
    assert options.run(options) == 2
    assert capsys.readouterr().err.startswith("meeting-simulator: ")
