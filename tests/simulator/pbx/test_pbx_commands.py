"""The `pbx` commands: what they push, what they print, and their exit codes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from datetime import date, datetime, timedelta

import pytest
from aiohttp import ClientSession

from simulator.pbx import cli
from simulator.pbx.memory import Connection
from simulator.pbx.options import KEY_VARIABLE
from simulator.pbx.start_words import start_from
from simulator.pbx.ucm import SimulatedUcm
from tests.ports import free_port


@pytest.fixture
def pbx(gateway, device_key, monkeypatch, capsys):
    """Run one command against the strict gateway; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv(KEY_VARIABLE, device_key)
    parser = argparse.ArgumentParser()
    cli.add(parser.add_subparsers())

    async def run(*words: str, connected: bool = True) -> tuple[int, str, str]:
        connection = ["--gateway", gateway.base, "--device", "ucm-1"] if connected else []
        options = parser.parse_args(["pbx", words[0], *connection, *words[1:]])
        code = await asyncio.to_thread(options.run, options)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def shows(pin: str, text: str) -> bool:
    """Whether a PIN stands in a text as a word; ports and ids may hold its digits."""
    return re.search(rf"(?<!\w){pin}(?!\w)", text) is not None


async def test_schedule_says_what_was_sent_and_answered_without_pins(pbx, gateway):
    code, out, err = await pbx(
        "schedule",
        *("--subject", "Planning", "--start", "2026-11-30 14:30", "--minutes", "45", "--zone", "Europe/Paris"),
        *("--host", "1005", "--invite", "1001", "--invite", "1002,bea@example.com", "--reminder", "15"),
        *("--repeat", "weekly", "--password", "7391", "--host-password", "5021", "--no-sync", "--external-id", "99"),
        *("--agenda", "Budget", "--allow-user-invite", "--call-participants", "--auto-record", "audio"),
    )
    assert (code, err) == (0, "")
    said = gateway.meetings["99"]
    assert (said["starttime"], said["endtime"]) == ("2026-11-30 14:30:00", "2026-11-30 15:15:00")
    assert (said["timezone"], said["email_reminder"], said["open_calendar"]) == ("Europe/Paris", 15, "no")
    assert (said["pincode"], said["admin_pincode"], said["recurringevent"]) == ("7391", "5021", "Fmonday")
    members = [(one["member_extension"], one["email"]) for one in json.loads(said["members"])]
    assert members == [("1005", "anna.bell@mycompanyabc.com"), ("1001", ""), ("1002", "bea@example.com")]
    assert not shows("7391", out)
    assert not shows("5021", out)
    for part in (
        "-> POST",
        "confname",
        "Planning",
        "<- 202 Accepted",
        "2024-04-29T09:00:00Z",
        "--external-id",
        "seed ",
    ):
        assert part in out


async def test_json_is_one_object_without_pins(pbx, device_key):
    code, out, _ = await pbx("schedule", "--json", "--seed", "7", "--host-password", "5021", "--external-id", "1")
    told = json.loads(out)
    assert code == 0
    assert (told["ok"], told["seed"], told["external_id"]) == (True, 7, "1")
    assert told["sent"]["body"]["admin_pincode"] == "****"
    assert told["answer"]["status"] == 202
    assert not shows("5021", out)
    assert device_key not in out

    code, out, _ = await pbx("show", "--json", "--external-id", "1")
    assert json.loads(out)["answer"]["body"]["meeting"]["admin_pincode"] == "****"


async def test_defaults_are_the_vendors_example_next_monday(pbx, gateway):
    code, _, _ = await pbx("schedule", "--external-id", "1")
    start = datetime.fromisoformat(gateway.meetings["1"]["starttime"])
    assert code == 0
    assert (start.weekday(), start.hour, start.minute) == (0, 10, 0)
    assert gateway.meetings["1"]["confname"] == "Weekly_Meeting"
    assert gateway.meetings["1"]["timezone"] == "(UTC+01:00) Etc/GMT-1"


async def test_move_show_cancel_with_a_state_file(pbx, gateway, tmp_path):
    state = ("--state", str(tmp_path / "pbx.json"))
    await pbx("schedule", *state, "--external-id", "5", "--subject", "Kept", "--start", "2026-11-30 10:00")
    room = gateway.meetings["5"]["confno"]
    code, out, _ = await pbx("move", *state, "--external-id", "5", "--start", "2026-12-01 16:00")
    assert (code, "-> PUT" in out) == (0, True)
    said = gateway.meetings["5"]
    assert (said["confname"], said["starttime"], said["endtime"]) == (
        "Kept",
        "2026-12-01 16:00:00",
        "2026-12-01 17:00:00",
    )
    assert said["confno"] == room
    assert (await pbx("move", *state, "--external-id", "5", "--minutes", "30", "--subject", "Short"))[0] == 0
    assert gateway.meetings["5"]["endtime"] == "2026-12-01 16:30:00"
    assert gateway.meetings["5"]["confname"] == "Short"
    code, out, _ = await pbx("show", *state, "--external-id", "5")
    assert (code, "2026-12-01 16:00:00" in out) == (0, True)
    assert (await pbx("cancel", *state, "--external-id", "5"))[0] == 0
    assert gateway.meetings == {}


async def test_the_state_file_may_know_the_gateway(pbx, gateway, tmp_path, device_key):
    (tmp_path / "key").write_text(f"{device_key}\n")
    async with SimulatedUcm("http://unused", "x", "x", memory=tmp_path / "pbx.json") as ucm:
        ucm.state.connect(Connection(gateway=gateway.base, device="ucm-1", key_file=str(tmp_path / "key")))
    os.environ.pop(KEY_VARIABLE)  # monkeypatch puts it back
    code, _, err = await pbx("schedule", "--state", str(tmp_path / "pbx.json"), "--external-id", "1", connected=False)
    assert (code, err) == (0, "")
    assert gateway.meetings.keys() == {"1"}


async def test_refused_is_1_and_names_the_field(pbx, gateway):
    problem = {"title": "A field is wrong", "errors": [{"field": "endtime", "reason": "is before starttime"}]}
    gateway.script.append((422, {}, problem))
    code, out, _ = await pbx("schedule")
    assert code == 1
    assert "<- 422" in out
    assert "endtime                 is before starttime" in out
    assert (await pbx("show", "--external-id", "404"))[0] == 1


async def test_wrong_key_is_1_and_the_key_is_never_printed(pbx, tmp_path):
    (tmp_path / "key").write_text("wrong-key-0815")
    code, out, err = await pbx("schedule", "--key-file", str(tmp_path / "key"))
    assert code == 1
    assert "Authorization" in out
    assert "wrong-key-0815" not in out + err


async def test_a_key_on_the_command_line_works_with_a_note(pbx, device_key):
    code, _, err = await pbx("schedule", "--key", device_key)
    assert code == 0
    assert "use --key-file" in err
    assert device_key not in err


async def test_not_reachable_is_69(pbx):
    port = free_port()
    code, _, err = await pbx("cancel", "--external-id", "1", "--tries", "1", "--gateway", f"http://127.0.0.1:{port}")
    assert code == 69
    assert "did not answer (1 try)" in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("schedule", "--start", "soon"), "cannot read the start"),
        (("schedule", "--start", "2026-02-30 10:00"), "no such day or time"),
        (("schedule", "--start", "next-funday"), "no such day or time"),
        (("schedule", "--zone", "Mars/Base", "--shape", "wave"), "no time zone 'Mars/Base'"),
        (("schedule", "--repeat", "monthly"), "use the wave shape"),
        (("schedule", "--invite", "1001,1002"), "not somebody to invite"),
        (("schedule", "--shape", "wave", "--no-sync"), "no field for"),
        (("schedule", "--tries", "0"), "--tries"),
        (("schedule", "--gateway", "nowhere"), "not an address"),
        (("schedule", "--key-file", "/nonexistent/key"), "cannot read the key file"),
        (("schedule", "--state", "/nonexistent/pbx.json"), "/nonexistent/pbx.json"),
        (("move", "--external-id", "1"), "--state"),
    ],
)
async def test_usage_mistakes_are_2_and_send_nothing(pbx, gateway, words, expected):
    code, out, err = await pbx(*words)
    assert (code, out) == (2, "")
    assert expected in err
    assert gateway.calls == []


async def test_a_zone_nobody_knows_is_for_the_gateway_to_refuse(pbx, gateway):
    assert (await pbx("schedule", "--zone", "Mars/Base", "--external-id", "1"))[0] == 0
    assert gateway.meetings["1"]["timezone"] == "Mars/Base"


async def test_a_missing_gateway_or_key_is_2(pbx, monkeypatch):
    code, _, err = await pbx("schedule", connected=False)
    assert (code, "--gateway" in err) == (2, True)
    monkeypatch.delenv(KEY_VARIABLE)
    code, _, err = await pbx("schedule")
    assert (code, KEY_VARIABLE in err) == (2, True)


@pytest.mark.parametrize("words", [("schedule", "--shape", "smoke"), ("cancel",), ("dance",)])
async def test_unknown_words_are_2(pbx, words, capsys):
    with pytest.raises(SystemExit) as ended:
        await pbx(*words, connected=False)
    assert ended.value.code == 2


@pytest.mark.parametrize("days", range(7))
def test_next_monday_is_strictly_after_today(days):
    today = date(2026, 11, 23) + timedelta(days=days)  # a Monday and the six days after it
    assert start_from("next-monday 14:05", today=today) == datetime(2026, 11, 30, 14, 5)
    assert start_from("Tomorrow", today=today) == datetime(2026, 11, 24, 10) + timedelta(days=days)


async def test_up_serves_a_page_until_it_is_told_to_end(gateway, device_key):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "pbx", "up", "--gateway", gateway.base, "--device", "ucm-1", "--json"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, KEY_VARIABLE: device_key},
    )
    try:
        up = json.loads(await process.stdout.readline())
        async with ClientSession() as session, session.get(up["url"]) as page:
            assert "SIMULATED UCM6300" in await page.text()
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
