"""Metrics over HTTP: who may read them, what they say of calls and the queue, how many there are, what they cost."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateway.access.api_keys import ApiKeys
from gateway.config import Address, Config, DeviceSection, GatewaySection, MetricsSection, describe, load
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.operations.integrations import measures, metrics
from gateway.operations.integrations.standing import token_set
from gateway.operations.settings.desk import SettingLocked
from gateway.store.measured import measured
from tests.journey.door_office import LOCAL, Answer, Door, Visitor, other_address, raw
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock
from tests.unit.many_meetings import fill
from tests.unit.operations.exposition_reader import Family, read, series

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "metrics-device-key-0123456789"
TOKEN = "canary-token-of-the-settings"
CALL = "/api/v1/devices/lobby/meetings"
CANARIES = {
    "subject": "canary-subject",
    "host": {"email": "canary-host@example.com", "name": "canary-name"},
    "invitees": [{"email": "canary-guest@example.com"}],
    "agenda": "canary-agenda",
    "password": "424242",
}
MEETING = {"external_id": "canary-id", "start": "2026-11-23T10:00:00Z", "duration_minutes": 60, **CANARIES}


class Watched:
    """A gateway that is watched, and the key of whoever watches."""

    def __init__(self, door: Door, keys: ApiKeys, key: str, session: aiohttp.ClientSession) -> None:
        self.door, self.keys, self.key, self.session = door, keys, key, session

    async def ask(self, key: str | None = None) -> Answer:
        said = f"Bearer {self.key if key is None else key}"
        async with self.session.get("/metrics", headers={"Authorization": said} if key != "" else {}) as got:
            return Answer(got.status, await got.text(), got.headers, {})

    async def metrics(self) -> dict[str, Family]:
        answer = await self.ask()
        assert answer.status == 200, answer.text
        return read(answer.text)

    async def call(self, body: object, key: str = KEY) -> int:
        async with self.session.post(CALL, json=body, headers={"Authorization": f"Bearer {key}"}) as got:
            return got.status


@asynccontextmanager
async def watching(folder: Path, listen: Address = LOCAL) -> AsyncIterator[Watched]:
    config = Config(
        gateway=GatewaySection(data_dir=folder, listen=listen, listen_tls=listen),
        devices=(DeviceSection(id="lobby", profile="generic/json", key=Secret(KEY)),),
        metrics=MetricsSection(enabled=True, token=Secret(TOKEN)),
    )
    clock = MovedClock()
    async with running(config, clock) as gateway, aiohttp.ClientSession(gateway.listener.url) as session:
        keys = ApiKeys(database=gateway.stored.database, clock=clock)
        key = (await keys.create("Prometheus", ["metrics"])).reveal()
        yield Watched(Door(gateway, clock, folder), keys, key, session)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    async with watching(tmp_path_factory.mktemp("metrics")) as made:
        yield made


async def test_a_key_is_needed_whoever_asks(watched: Watched) -> None:
    answer = await watched.ask()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    refused = await watched.ask("")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert "API key with the scope metrics" in refused.text
    assert (await watched.ask("x" * 47)).status == 401
    assert (await watched.ask(KEY)).status == 401, "the key of a device opens its own door only"
    other = (await watched.keys.create("Script", ["meetings"])).reveal()
    assert (await watched.ask(other)).status == 403
    async with watched.session.get(f"/metrics?key={watched.key}") as got:
        assert got.status in (401, 429)


async def test_the_token_of_the_settings_opens_metrics_and_nothing_else(watched: Watched) -> None:
    assert (await watched.ask(TOKEN)).status == 200
    shown = {"Authorization": f"Bearer {TOKEN}"}
    async with watched.door.visitor("127.0.0.8") as program:
        for path in ("/api/v1/status", "/api/v1/meetings", "/api/v1/devices"):
            assert (await program.get(path, shown)).status == 401
    assert await watched.call(MEETING, TOKEN) == 401


async def test_a_right_token_is_never_throttled_and_wrong_ones_are(watched: Watched) -> None:
    async with watched.door.visitor("127.0.0.9") as program:
        wrong = [TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "", "ü" * 20, "token", "more", "again"]
        answers = [(await program.get("/metrics", {"Authorization": f"Bearer {each}"})).status for each in wrong]
        assert set(answers[:5]) == {401}
        assert answers[-1] == 429
        for said in (f"Bearer {TOKEN}", f"bearer  {TOKEN} "):
            assert (await program.get("/metrics", {"Authorization": said})).status == 200
        assert (await program.get("/metrics", {"Authorization": f"Basic {TOKEN}"})).status == 401
    assert ("nobody", "api-key.throttled", "wrong keys", "127.0.0.9") in watched.door.audit()
    host = watched.door.http.removeprefix("http://").encode()
    head = b"GET /metrics HTTP/1.1\r\nConnection: close\r\nHost: %s\r\nAuthorization: Bearer \xff%s\r\n\r\n"
    answer = await raw(watched.door.http, head % (host, b"x" * 20))
    assert answer.split(b" ", 2)[1] in (b"400", b"401", b"429"), answer


async def test_over_plain_http_from_elsewhere_the_token_does_not_count(tmp_path: Path) -> None:
    address = other_address()
    if address is None:
        pytest.skip("LEFT OUT: this machine has no address but loopback")
    anywhere, shown = Address(host="0.0.0.0", port=0), {"Authorization": f"Bearer {TOKEN}"}
    async with watching(tmp_path, anywhere) as watched:
        listener = watched.door.gateway.listener
        async with Visitor(f"http://{address}:{listener.port}", address) as plain:
            for said in (shown, {"Authorization": f"Bearer {'x' * 20}"}):
                answer = await plain.get("/metrics", said)
                assert answer.status == 403
                assert "put another one in its place" in answer.text
        async with Visitor(f"https://{address}:{listener.tls_port}", address) as safe:
            assert (await safe.get("/metrics", shown)).status == 200


async def test_the_token_is_written_nowhere(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = watched.door.gateway
    assert (await watched.ask(TOKEN)).status == 200
    assert TOKEN not in caplog.text
    assert TOKEN not in str(watched.door.audit())
    assert TOKEN not in str(describe(gateway.settings.config))


async def test_what_is_saved_on_the_page_leaves_the_token_and_a_restart_reads_it_anew(tmp_path: Path) -> None:
    file, secret = tmp_path / "config.yaml", tmp_path / "token"
    file.write_text("gateway: {listen: '127.0.0.1:0', listen_tls: '127.0.0.1:0'}\n")
    tokens = ("first-token-0123456789", "second-token-0123456789")
    for number, token in enumerate(tokens):
        secret.write_text(f"{token}\n")
        config = load(file, {"GATEWAY_METRICS__TOKEN_FILE": str(secret)})
        async with running(config, MovedClock()) as gateway, Visitor(gateway.listener.url) as program:
            if number == 0:
                assert (await program.get("/metrics", {"Authorization": f"Bearer {token}"})).status == 404
                await gateway.settings.save({"metrics.enabled": True}, Actor(name="test"))
                with pytest.raises(SettingLocked):
                    await gateway.settings.save({"metrics.token": Secret("x" * 20)}, Actor(name="test"))
            asked = [await program.get("/metrics", {"Authorization": f"Bearer {each}"}) for each in tokens]
            assert [each.status for each in asked] == ([200, 401] if number == 0 else [401, 200])
    assert token_set(config) == "environment GATEWAY_METRICS__TOKEN_FILE"


async def test_switched_off_it_is_not_there(watched: Watched) -> None:
    settings = watched.door.gateway.settings
    await settings.save({"metrics.enabled": False}, Actor(name="test"))
    try:
        assert (await watched.ask()).status == 404
        assert (await watched.ask("")).status == 404
    finally:
        await settings.save({"metrics.enabled": True}, Actor(name="test"))


async def test_calls_are_counted_by_what_became_of_them(watched: Watched) -> None:
    def counted(families: dict[str, Family]) -> dict[str, float]:
        family = families.get("gateway_device_requests_total")
        found = family.by("result") if family is not None else {}
        return {**dict.fromkeys(("accepted", "repeated", "refused"), 0.0), **found}

    before = await watched.metrics()
    assert [await watched.call(each) for each in (MEETING, MEETING, {"subject": "canary"})] == [202, 200, 422]
    assert await watched.call(MEETING, "wrong-key-0123456789") == 401
    after = await watched.metrics()
    grown = {name: number - counted(before).get(name, 0) for name, number in counted(after).items()}
    assert grown == {"accepted": 1, "repeated": 1, "refused": 1}
    failures = measures.STRANGERS.name
    assert after[failures].value() - before[failures].value() == 1
    took = measures.CALL_DURATION.name
    assert after[took].value("_count") - before[took].value("_count") == 3
    assert after["gateway_queue_items"].value(state="waiting") == 1
    assert after["gateway_ready"].value() == 1
    assert after["gateway_google_authorized"].value() == 0
    watched.door.clock.ahead_ms += 60_000
    assert (await watched.metrics())["gateway_queue_oldest_age_seconds"].value() >= 60


async def test_nothing_private_stands_in_them(watched: Watched) -> None:
    await watched.call({**MEETING, "external_id": "canary-id-2"})
    await watched.call(MEETING, "canary-wrong-key-0123456789")
    text = (await watched.ask()).text
    assert 'device="lobby"' in text
    assert [word for word in ("canary", "424242", "@", KEY, watched.key, "127.0.0.1") if word in text] == []


async def test_all_that_is_sent_is_known_and_in_its_order(watched: Watched) -> None:
    known = {metric.name: metric for metric in measures.EVERY}
    families = await watched.metrics()
    assert [name for name in known if name in families] == list(families)
    for name, family in families.items():
        assert (family.kind, family.help) == (known[name].kind, known[name].help)
        labels = {label for _, pairs in family.samples for label, _ in pairs} - {"le"}
        assert labels <= set(known[name].labels), name


async def test_three_hundred_devices_are_five_hundred_series_at_most(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        gateway = watched.door.gateway
        await gateway.stored.database.write(lambda conn: _devices(conn, 400))
        await gateway.register.reload()
        tally = gateway.mirroring.tally
        results = ("accepted", "repeated", "answered", "refused", "wrong-key", "later", "failed")
        for device in gateway.register.served():
            for result in results:
                tally.call(device.row.name, result, 0.01)
        families = await watched.metrics()
        assert series(families) <= 500
        calls = families[measures.DEVICE_CALLS.name]
        assert sum(calls.samples.values()) == 401 * len(results), "none is lost"
        devices = {dict(labels)["device"] for _, labels in calls.samples}
        assert metrics.OTHERS in devices
        assert len(devices) == metrics.MOST_COUNTED + 1
        assert len(families[measures.DEVICE_SEEN.name].samples) <= metrics.MOST_DEVICES


def _devices(conn: sqlite3.Connection, number: int) -> None:
    fill(conn, 0, number)
    conn.execute("INSERT INTO device_call (device_id, called_at) SELECT id, 1000 FROM device WHERE true")


async def test_what_is_read_does_not_grow_with_the_meetings(tmp_path: Path) -> None:
    """Counted in steps of SQLite's own machine, which are the same on every day."""
    steps = []
    for folder, meetings in (("few", 100), ("many", 3000)):
        async with watching(tmp_path / folder) as watched:
            database = watched.door.gateway.stored.database

            def work(conn: sqlite3.Connection, meetings: int = meetings) -> None:
                fill(conn, meetings, 20)
                conn.execute("DELETE FROM outbox")

            await database.write(work)
            steps.append(await database.read(_steps))
            assert (await watched.ask()).status == 200
    assert steps[1] <= steps[0] * 1.1 + 50


def _steps(conn: sqlite3.Connection) -> int:
    counted = 0

    def step() -> int:
        nonlocal counted
        counted += 1
        return 0

    conn.set_progress_handler(step, 1)
    try:
        measured(conn, metrics.MOST_DEVICES)
    finally:
        conn.set_progress_handler(None, 1)
    return counted


async def test_a_broken_disk_is_seen(watched: Watched) -> None:
    database = watched.door.gateway.stored.database
    before = (await watched.metrics())[measures.DB_ERRORS.name].value()
    with pytest.raises(Exception, match="refused a statement"):
        await database.write(lambda conn: conn.execute("SELECT nothing FROM nowhere"))
    assert (await watched.metrics())[measures.DB_ERRORS.name].value() == before + 1
