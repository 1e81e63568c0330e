"""The command `google up` as a process: what it prints, how it stops, its exit codes."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from simulator.google import SimulatedGoogle


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        "google",
        "up",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        return (await process.stdout.readline()).decode()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_serves_until_told_to_stop(stop: signal.Signals):
    process = await started("--json", "--seed", "11", "--account", "a@example.com", "--time-zone", "Asia/Tokyo")
    try:
        up = json.loads(await first_line(process))
        assert up["event"] == "up"
        assert up["base"].startswith("http://127.0.0.1:")
        assert up["authorize"] == up["base"] + "/o/oauth2/v2/auth"
        assert up["calendar"] == up["base"] + "/calendar/v3"
        assert (up["seed"], up["account"]) == (11, "a@example.com")
        async with aiohttp.ClientSession() as session:
            async with session.get(up["page"]) as page:
                assert "Asia/Tokyo" in await page.text()
            process.send_signal(stop)
            out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert (process.returncode, json.loads(out), err) == (0, {"event": "down"}, b"")


async def test_says_where_it_is_in_words():
    process = await started("--seed", "12")
    try:
        assert await first_line(process) == "SIMULATOR - NOT GOOGLE\n"
        base = await first_line(process)
        assert base.split()[0] == "base"
        process.terminate()
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert "--seed 12" in out.decode()
    assert process.returncode == 0


async def test_every_sign_in_ends_as_the_command_line_says():
    process = await started("--json", "--outcome", "mismatch", "--seed", "13")
    try:
        up = json.loads(await first_line(process))
        assert up["outcome"] == "mismatch"
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.post(up["controls"] + "/approve", json={"url": link_to(up)}) as got:
                    assert (got.status, (await got.json())["error"]) == (400, "redirect_uri_mismatch")
            async with session.get(up["console"]) as page:
                assert page.status == 200
        process.terminate()
        await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def link_to(up: dict) -> str:
    query = {"client_id": up["client_id"], "redirect_uri": "http://127.0.0.1/", "response_type": "code"}
    return up["authorize"] + "?" + urlencode({**query, "scope": "openid"})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--what"],
        ["--time-zone", "Mars/Olympus"],
        ["--outcome", "perhaps"],
        ["--outcome", "slow", "--delay", "-1"],
    ],
)
async def test_wrong_usage(arguments: list[str]):
    process = await started(*arguments)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert err


async def test_port_that_is_taken():
    async with SimulatedGoogle() as other:
        port = other.base.rpartition(":")[2]
        process = await started("--port", port)
        _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 69
    assert f"port {port}" in err.decode()


async def stopped(process: asyncio.subprocess.Process) -> tuple[int | None, bytes]:
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, err


async def test_goes_on_from_a_state_file(tmp_path: Path):
    file = tmp_path / "google.json"
    body = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}, "summary": "Kept over the night"}
    process = await started("--json", "--state", str(file), "--quota", "google")
    try:
        up = json.loads(await first_line(process))
        async with aiohttp.ClientSession() as session:
            async with session.post(up["controls"] + "/do/create_event", json={"body": body}) as made:
                assert made.status == 200
            async with session.get(up["controls"] + "/state") as state:
                assert len((await state.json())["quotas"]) == 6
        assert await stopped(process) == (0, b"")
        process = await started("--json", "--state", str(file))
        up = json.loads(await first_line(process))
        async with aiohttp.ClientSession() as session, session.get(up["page"]) as page:
            assert "Kept over the night" in await page.text()
        assert await stopped(process) == (0, b"")
        file.write_text("{}", encoding="utf-8")
        process = await started("--state", str(file))
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, out) == (65, b"")
        assert b"cannot go on from" in err
        assert file.read_text(encoding="utf-8") == "{}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
