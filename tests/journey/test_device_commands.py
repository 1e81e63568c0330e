"""The commands `device …`: what they print, how they end, and that a gateway that is running hears of it at once."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from simulator.pbx.api.server import SimulatedUcm
from tests.journey.command_desk import CommandDesk, until_true
from tests.journey.gateway_process import DEVICE_KEY, MONDAY, GatewayProcess

FORM = {
    "bookid": "1",
    "confname": "Weekly_Meeting",
    "starttime": f"{MONDAY} 10:00:00",
    "endtime": f"{MONDAY} 11:00:00",
    "timezone": "(UTC+01:00) Etc/GMT-1",
    "members": "[]",
}


async def call(gateway: GatewayProcess, device: str, key: str, external_id: str = "1") -> int:
    """Schedule a meeting and return the status of the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{gateway.http}/api/v1/devices/{device}/meetings",
            json={**FORM, "bookid": external_id},
            headers={"Authorization": f"Bearer {key}"},
        ) as answer,
    ):
        return answer.status


@pytest.fixture
def desk(gateway: GatewayProcess) -> CommandDesk:
    return CommandDesk(gateway)


def rows(gateway: GatewayProcess, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(gateway.database, timeout=60)) as conn:
        return conn.execute(query).fetchall()


async def becomes(wanted: int, ask: Callable[[], Awaitable[int]], *, or_else: int | None = None) -> None:
    await until_true(lambda: _is((wanted, or_else), ask), f"never {wanted}")


async def _is(wanted: tuple[int | None, ...], ask: Callable[[], Awaitable[int]]) -> bool:
    return await ask() in wanted


async def words_that_are_refused(desk: CommandDesk, tmp_path: Path) -> None:
    """Devices of the configuration are there as soon as a gateway has served them."""
    locked = f"ERROR ucm-1 is set by {tmp_path}/config.yaml:16. Change it there and restart the gateway.\n"
    assert (await desk("device", "rotate-key", "ucm-1", ends=1))[1] == locked
    _, talk = await desk("device", "add", "HQ", "--profile", "generic/json", "--zone", "Berlin", ends=2)
    assert [line.split()[1] for line in talk.splitlines()] == ["ID", "--zone"]
    _, talk = await desk("device", "add", "hq", "--profile", "generic/jsn", ends=2)
    assert talk == "ERROR there is no profile 'generic/jsn'; did you mean 'generic/json'?\n"
    (tmp_path / "people.csv").write_text("ext;email\n1000;ann@example.com\n1001;nobody\n")
    _, talk = await desk("device", "directory", "import", "ucm-1", str(tmp_path / "people.csv"), ends=1)
    assert talk.splitlines()[0] == "Nothing was imported."
    assert f"{tmp_path}/people.csv: line 3: the e-mail address of extension 1001 must be" in talk
    _, talk = await desk("device", "directory", "import", "ucm-1", "-", stdin="ext;email\n1000;ann@example.com\n")
    assert talk == "1 extension has an address now.\n"
    assert await desk("device", "directory", "list", "ucm-1") == ("1000  ann@example.com  imported\n", "")
    out, _ = await desk("device", "list", "--json")
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["script", "ucm-1"]


async def test_a_device_comes_changes_its_key_and_goes(gateway: GatewayProcess, desk: CommandDesk) -> None:
    await gateway.start()
    out, talk = await desk("device", "add", "hq", "--profile", "grandstream/ucm6300", "--name", "UCM of HQ")
    key = out.splitlines()[0]
    assert len(base64.urlsafe_b64decode(key + "=")) == 32
    assert any("/api/v1/devices/hq/meetings" in line for line in out.splitlines())
    assert f"Bearer {key}" in out
    assert key not in talk
    # A call that came before the gateway knew the device was kept; when it was worked off already, this one is 200.
    await becomes(202, lambda: call(gateway, "hq", key), or_else=200)
    assert await call(gateway, "hq", DEVICE_KEY) == 401
    out, _ = await desk("device", "rotate-key", "hq")
    new = out.strip()
    await becomes(200, lambda: call(gateway, "hq", new))
    assert await call(gateway, "hq", key) == 200, "for a day more"
    _, talk = await desk("device", "remove", "hq", "--cancel-meetings")
    assert "Cancelled: 1 meeting." in talk
    await becomes(401, lambda: call(gateway, "hq", new))
    assert await call(gateway, "hq", key) == 401
    assert rows(gateway, "SELECT state, count(*) FROM meeting") == [("cancelled", 1)]
    await words_that_are_refused(desk, gateway.folder)
    await gateway.stop()
    for secret in (key, new):
        assert secret not in gateway.log
        assert secret.encode() not in b"".join(path.read_bytes() for path in gateway.database.parent.glob("*"))


async def test_somebody_who_wants_to_connect(gateway: GatewayProcess, desk: CommandDesk) -> None:
    await gateway.start()
    assert await call(gateway, "ucm-9", "the-key-it-was-shipped-with") == 401
    assert await call(gateway, "nuisance", "some-other-key-0123456789") == 401

    async def both_wait() -> bool:
        out, _ = await desk("device", "list", "--pending", "--json")
        return {json.loads(line)["name"] for line in out.splitlines()} == {"ucm-9", "nuisance"}

    await until_true(both_wait, "nobody waits")
    out, _ = await desk("device", "list", "--pending")
    assert "127.0.0.1  seen 1 time" in out
    assert 'looks like grandstream/ucm6200, first meeting "Weekly_Meeting"' in out
    await desk("device", "ignore", "nuisance")
    assert await desk("device", "list", "--ignored") == ("nuisance\n", "")
    out, _ = await desk("device", "approve", "ucm-9", "--profile", "grandstream/ucm6300", "--json")
    key = json.loads(out)["key"]
    await until_true(lambda: _is_mirrored(gateway), "the call that was kept is not worked off")
    assert await call(gateway, "ucm-9", "the-key-it-was-shipped-with") == 401
    assert await call(gateway, "ucm-9", key) == 200, "nothing has to be scheduled again"
    assert await desk("device", "list", "--pending") == ("", "Nobody wants to connect.\n")
    assert "the-key-it-was-shipped-with" not in gateway.log


async def _is_mirrored(gateway: GatewayProcess) -> bool:
    return rows(gateway, "SELECT count(*) FROM meeting") == [(1,)]


async def test_a_device_that_is_asked_is_tried_and_its_certificate_trusted(
    gateway: GatewayProcess, desk: CommandDesk
) -> None:
    """No gateway runs: the commands do it alone."""
    async with SimulatedUcm(model="UCM6304") as ucm:
        words = ("--profile", "grandstream/ucm6300", "--poll", "127.0.0.1", "--port", str(ucm.port))
        out, talk = await desk(
            "device", "add", "hq", *words, "--user", ucm.user, "--password-file", "-", stdin=f"{ucm.password}\n"
        )
        assert "is a device now" in talk
        out, talk = await desk("device", "test", "hq", ends=1)
        assert out.startswith("D-19 hq uses its own certificate.")
        following = talk.splitlines()[-1]
        assert following.startswith("-> meeting-gateway device approve hq --trust-certificate ")
        await desk("device", *following.split()[3:])
        out, talk = await desk("device", "test", "hq", "--json")
        report = json.loads(out)
        assert report["ok"], report
        shown, _ = await desk("device", "show", "hq", "--json")
        assert json.loads(shown)["poll"]["port"] == ucm.port
        for said in (out, talk, shown):
            assert ucm.password not in said
    out, _ = await desk("device", "test", "hq", ends=69)
    assert out.startswith("D-16 hq does not answer")


async def test_half_of_what_is_needed(desk: CommandDesk) -> None:
    add = ("device", "add", "hq", "--profile", "grandstream/ucm6300")
    for words, ends in (
        (("--poll", "ucm.lan", "--user", "x"), 2),
        (("--user", "x"), 2),
        (("--key-file", "/nowhere"), 1),
    ):
        _, talk = await desk(*add, *words, ends=ends)
        assert talk.startswith("ERROR ")
        assert len(talk.splitlines()) == 1


async def test_a_device_that_wants_to_connect_is_dismissed(gateway: GatewayProcess, desk: CommandDesk) -> None:
    """Nobody of that name waits: it says so, and nothing changes."""
    _, talk = await desk("device", "dismiss", "ucm-9", ends=1)
    assert "ucm-9 does not want to connect." in talk
