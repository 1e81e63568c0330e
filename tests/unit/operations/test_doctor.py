"""Checks: each says what is wrong in the words of the catalogue, none takes longer than it may, none stops another."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from gateway.config import GoogleEndpoints
from gateway.operations.backup.backup import Backups
from gateway.operations.doctor.doctor import Check, Doctor, Found, worst
from gateway.operations.doctor.google import NETWORK, TowardsGoogle
from gateway.operations.doctor.here import Here
from gateway.store import device_calls, devices, migrate
from gateway.store.database import Database
from gateway.store.device_calls import CallRow
from gateway.store.devices import Keys
from gateway.store.folder import DataFolder
from gateway.store.vault import Vault
from tests.prepared import give_database
from tests.unit.google.moved_clock import MovedClock

NOBODY = cast("Any", None)


async def test_checks_run_side_by_side_and_none_stops_another():
    running = asyncio.Event()

    async def waits() -> Found:
        await running.wait()
        return Found(state="ok", said="waited")

    async def lets_go() -> Found:
        running.set()
        return Found(state="warn", said="let go")

    async def fails() -> Found:
        raise ValueError("secret")

    async def hangs() -> Found:
        await asyncio.Event().wait()
        raise AssertionError

    async def asked() -> Found:
        return Found(state="ok", said="only when asked")

    checks = {"waits": waits, "lets-go": lets_go, "fails": fails, "hangs": hangs}
    doctor = Doctor(
        [
            *(Check(id=name, title=lambda name=name: name.title(), work=work) for name, work in checks.items()),  # type: ignore[misc]
            Check(id="asked", title=lambda: "Asked", work=asked, on_request=True),
        ],
        longest_s=0.2,
    )
    findings = await doctor.run()
    assert [(each.id, each.state) for each in findings] == [
        ("waits", "ok"),
        ("lets-go", "warn"),
        ("fails", "fail"),
        ("hangs", "fail"),
    ]
    assert "secret" not in findings[2].said
    assert "0.2 seconds" in findings[3].said
    assert worst(findings) == "fail"
    assert worst(findings[:2]) == "warn"
    assert worst([]) == "ok"
    assert [each.said for each in await doctor.run(["asked"])] == ["only when asked"]
    assert [name for name, _ in doctor.usual] == list(checks)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    folder = DataFolder(tmp_path)
    folder.make()
    clock = MovedClock()
    vault = Vault.open(tmp_path)
    give_database(folder.database, clock.now_ms())
    database = Database(folder.database)
    await database.open()

    async def listens() -> str:
        return ""

    yield Here(
        folder=folder,
        database=database,
        vault=vault,
        clock=clock,
        backups=Backups(folder=folder, clock=clock, gateway="Office"),
        listens=listens,
    )
    await database.close()


async def found(here: Here, name: str) -> tuple[str, str, str]:
    (finding,) = await Doctor(here.checks()).run([name])
    return finding.state, finding.code, finding.said


async def test_a_fresh_gateway_is_told_what_to_do_next(here: Here):
    findings = {each.id: each for each in await Doctor(here.checks()).run()}
    states = {name: each.state for name, each in findings.items()}
    assert states == {
        "version": "ok",
        "gateway": "warn",
        "set-up": "warn",
        "folder": "ok",
        "database": "ok",
        "key": "ok",
        "certificate": "skip",
        "backup": "warn",
        "devices": "warn",
    }
    assert all(each.next for each in findings.values() if each.state == "warn")
    assert set(findings["backup"].document()) == {"id", "title", "state", "said", "code", "remedy"}


async def test_a_folder_that_cannot_be_written_is_g_515(here: Here):
    (here.folder.path / "moved").mkdir()
    gone = Here(
        folder=DataFolder(here.folder.path / "not there"),
        database=here.database,
        vault=here.vault,
        clock=here.clock,
        backups=here.backups,
        listens=here.listens,
    )
    state, code, said = await found(gone, "folder")
    assert (state, code) == ("fail", "G-515")
    assert "No such file" in said
    assert not list(here.folder.path.glob(".probe*"))


async def test_a_damaged_database_is_seen_while_it_is_open(here: Here):
    with here.folder.database.open("r+b") as file:
        file.seek(3 * migrate.PAGE_BYTES)
        file.write(os.urandom(20 * migrate.PAGE_BYTES))
    state, _, said = await found(here, "database")
    assert state == "fail"
    assert "damaged" in said


async def test_a_key_of_another_folder_is_g_419(here: Here):
    await here.database.write(
        lambda conn: conn.execute(
            "INSERT INTO account (kind, subject, email, client_id, scopes, sealed, state, authorized_at, changed_at) "
            "VALUES ('google', '1', 'a@example.com', 'c', '', x'00', 'connected', 1, 1)"
        )
    )
    assert (await found(here, "key"))[:2] == ("fail", "G-419")


async def test_the_age_of_the_backup_is_told(here: Here):
    await here.backups.create()
    assert (await found(here, "backup"))[0] == "ok"
    assert isinstance(here.clock, MovedClock)
    here.clock.ahead_ms += 3 * 24 * 3600 * 1000
    state, _, said = await found(here, "backup")
    assert (state, said) == ("warn", "The newest backup is 3 days old.")


async def test_devices_that_are_silent_or_refused_are_named(here: Here):
    def work(conn: Any) -> None:
        for name in ("good", "silent", "refused"):
            devices.add(
                conn,
                name=name,
                profile="generic/json",
                keys=Keys(hash=b"x"),
                settings="{}",
                password_sealed=None,
                now_ms=1,
            )
        ids = {row.name: row.id for row in devices.everything(conn)}
        device_calls.put(
            conn,
            [CallRow(ids["good"], 5, None, "", ""), CallRow(ids["refused"], 5, 6, "D-02", "wrong key")],
        )

    await here.database.write(work)
    state, _, said = await found(here, "devices")
    assert state == "fail"
    assert "refused (D-02)" in said
    assert "good" not in said
    await here.database.write(
        lambda conn: (
            device_calls.put(conn, [CallRow(3, 7, None, "", "")])
            or devices.set_paused(conn, "silent", paused=True, now_ms=2)
        )
    )
    assert (await found(here, "devices"))[0] == "ok"


def towards(address: str, clock: MovedClock | None = None, **environ: str) -> TowardsGoogle:
    endpoints = GoogleEndpoints(authorize=address, token=address, revoke=address, userinfo=address, calendar=address)
    return TowardsGoogle(
        endpoints=endpoints,
        accounts=NOBODY,
        choice=NOBODY,
        test_meeting=NOBODY,
        clock=clock or MovedClock(),
        environ=environ,
    )


async def network(address: str, clock: MovedClock | None = None, **environ: str) -> dict[str, tuple[str, str]]:
    findings = await Doctor(towards(address, clock, **environ).checks()).run(NETWORK)
    return {each.id: (each.state, each.code) for each in findings}


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """Something on this machine that answers, though not as Google does."""
    app = web.Application()
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
    await runner.cleanup()


async def test_a_way_that_works_is_green(server: str):
    assert await network(server) == {
        "proxy": ("ok", ""),
        "dns": ("ok", ""),
        "https": ("ok", ""),
        "trust": ("skip", ""),
        "clock": ("ok", ""),
    }


async def test_a_wrong_clock_is_n_05_and_a_proxy_n_07(server: str):
    states = await network(server, MovedClock(ahead_ms=-90_000), HTTPS_PROXY="http://proxy:3128")
    assert states["clock"] == ("fail", "N-05")
    assert states["proxy"] == ("warn", "N-07")


async def test_names_and_ports_that_do_not_answer_are_told():
    assert (await network("https://gateway-check.invalid"))["dns"] == ("fail", "N-01")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        states = await network(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert states["https"] == ("fail", "N-02")
    assert states["clock"] == ("skip", "")


async def test_a_certificate_that_nobody_trusts_is_n_03(tmp_path: Path):
    words = json.dumps({"names": ["127.0.0.1"], "now_s": MovedClock().now_ms() / 1000, "days": 5})
    script = Path(__file__).parents[3] / "gateway" / "web" / "certificate.py"
    made = subprocess.run([sys.executable, str(script)], input=words, capture_output=True, text=True, check=True)
    said = json.loads(made.stdout)
    pem = tmp_path / "pem"
    pem.write_text("".join(str(value) for value in said.values() if "BEGIN" in str(value)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        states = await network(f"https://127.0.0.1:{port}")
    finally:
        await runner.cleanup()
    assert states["trust"] == ("fail", "N-03")
