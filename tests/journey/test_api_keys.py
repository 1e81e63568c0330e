"""API keys from the page to the script: made and shown once, what each opens, what ends it, and over which line."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateway.access.api_keys import ApiKeys, Scope
from gateway.admin.live import MOST_OF_PROGRAMS
from gateway.app.keeping import do_what_is_ready, made_keeping
from gateway.clock import SystemClock
from gateway.config import Address, Config, DeviceSection, GatewaySection
from gateway.domain.secret import Secret
from gateway.store.folder import DataFolder
from tests.journey.door_office import LOCAL, PASSWORD, Answer, Door, Visitor, opened_door, other_address
from tests.journey.page_office import signed_in
from tests.journey.plain_browser import PlainBrowser
from tests.journey.test_live import Listening, happens, listening
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "/settings/sign-in"
READ = {
    "/api/v1/status": "status",
    "/api/v1/meetings": "meetings",
    "/api/v1/devices": "devices",
    "/api/v1/events/stream": "events",
}
"""What a key opens, beside /metrics."""
OPEN = {"/api/v1/openapi.json"}
"""What nobody needs a key for; everything else below /api belongs to one device."""
KEY = "script-device-key-0123456789"
PIN = "739201"
MEETING = {
    "start": "2026-11-23T10:00:00Z",
    "duration_minutes": 60,
    "password": PIN,
    "invitees": [{"email": "canary@example.com"}],
}
MINUTE_MS = 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder, clock = tmp_path_factory.mktemp("keys"), MovedClock()
    config = Config(
        gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL),
        devices=(DeviceSection(id="lobby", profile="generic/json", key=Secret(KEY)),),
    )
    async with running(config, clock) as gateway:
        await gateway.admins.add_user("anna", PASSWORD)
        yield Door(gateway, clock, folder)


@pytest_asyncio.fixture(loop_scope="module")
async def anna(door: Door) -> AsyncIterator[PlainBrowser]:
    async with signed_in(door.gateway) as browser:
        await browser.open(PAGE)
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def script(door: Door) -> AsyncIterator[Visitor]:
    async with door.visitor() as visitor:
        yield visitor


def keys_of(door: Door) -> ApiKeys:
    return ApiKeys(database=door.gateway.stored.database, clock=door.clock)


async def new_key(door: Door, name: str, *scopes: str, ends_at: int | None = None) -> dict[str, str]:
    """The header that a script with a key of these scopes sends; of all of them when none is named."""
    key = await keys_of(door).create(name, scopes or list(Scope), ends_at=ends_at)
    return {"Authorization": f"Bearer {key.reveal()}"}


async def read(script: Visitor, path: str, headers: Mapping[str, str]) -> dict[str, object]:
    answer = await script.get(path, headers)
    assert answer.status == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, object] = json.loads(answer.text)
    return found


def code_of(answer: Answer) -> str:
    return str(json.loads(answer.text)["code"])


async def test_a_key_is_made_on_the_page_and_shown_once(door: Door, anna: PlainBrowser, script: Visitor) -> None:
    page = await anna.press("Create key", **{"key-name": "Door display", "key-meetings": "yes"})
    assert page.url.endswith(f"{PAGE}?created#key")
    (key,) = set(re.findall(r"mgk_[\w-]{43}", page.source))
    assert "It is shown this once." in page.text
    assert (await script.get("/api/v1/meetings", {"Authorization": f"Bearer {key}"})).status == 200
    assert (await script.get("/api/v1/devices", {"Authorization": f"Bearer {key}"})).status == 403
    for again in (await anna.open(f"{PAGE}?created"), await anna.open(PAGE)):
        assert "Door display" in again.text
        assert "mgk_" not in again.source
    assert ("admin:anna", "api-key.created", "Door display", "127.0.0.1") in door.audit()
    assert key not in str(door.audit())
    page = await anna.press("Revoke Door display")
    assert "The API key is revoked." in page.text
    assert "Door display" not in page.text
    refused = await script.get("/api/v1/meetings", {"Authorization": f"Bearer {key}"})
    assert (refused.status, code_of(refused)) == (401, "wrong-api-key")
    assert ("admin:anna", "api-key.revoked", "Door display", "127.0.0.1") in door.audit()


async def test_a_new_key_is_for_the_browser_that_asked(door: Door, anna: PlainBrowser) -> None:
    async with signed_in(door.gateway) as other, door.visitor() as maker:
        await maker.sign_in()
        answer = await maker.post(f"{PAGE}/keys/create", **{"key-name": "Mine", "key-status": "yes"})
        assert answer.place == f"{PAGE}?created#key"
        assert "mgk_" not in answer.text + str(answer.headers)
        for browser in (anna, other):
            assert "mgk_" not in (await browser.open(f"{PAGE}?created")).source
        assert "mgk_" in (await maker.get(f"{PAGE}?created")).text


async def test_what_was_typed_stays_when_it_cannot_be(anna: PlainBrowser) -> None:
    page = await anna.press("Create key", **{"key-name": "Taken", "key-status": "yes"})
    page = await anna.press("Create key", **{"key-name": "taken", "key-events": "yes", "key-until": "2029-01-01"})
    assert page.status == 422
    assert "Another key has this name." in page.text
    assert page.by_id("key-name").attributes["value"] == "taken"
    assert page.by_id("key-until").attributes["value"] == "2029-01-01"
    assert "checked" in page.by_id("key-events").attributes
    assert "checked" not in page.by_id("key-status").attributes
    page = await anna.press("Create key", **{"key-name": "", "key-until": ""})
    assert "Give the key a name" in page.text
    await anna.open(PAGE)
    page = await anna.press("Create key", **{"key-name": "Nothing"})
    assert "Choose at least one thing that the key may read." in page.text
    assert "What does this mean?" not in page.text
    assert any(each.attributes.get("id") == "key-scopes" for each in page.elements)
    page = await anna.press("Create key", **{"key-name": "Late", "key-status": "yes", "key-until": "2020-01-01"})
    assert "This day is over." in page.text


async def test_the_own_password_is_asked_again(door: Door, anna: PlainBrowser) -> None:
    await new_key(door, "Old one", "status")
    door.clock.ahead_ms += 11 * MINUTE_MS
    await anna.open(PAGE)
    fields = {"key-name": "Later", "key-status": "yes"}
    page = await anna.press("Create key", **fields, password="")
    assert page.codes() == ["A-12"]
    page = await anna.press("Create key", **fields, password="not the right one")
    assert page.codes() == ["A-01"]
    page = await anna.press("Revoke Old one", password="")
    assert page.codes() == ["A-12"]
    assert {"Later", "Old one"} & {each.name for each in await keys_of(door).listed()} == {"Old one"}
    page = await anna.press("Create key", **fields, password=PASSWORD)
    assert "mgk_" in page.source


async def test_everything_below_api_needs_a_key_of_a_device_or_of_a_script(door: Door, script: Visitor) -> None:
    served = {
        route.resource.canonical
        for route in door.gateway.listener.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/api/")
    }
    assert {path for path in served if not path.startswith("/api/v1/devices/{")} == set(READ) | OPEN
    for path, scope in READ.items():
        nobody = await script.get(path)
        assert (nobody.status, code_of(nobody)) == (401, "no-api-key")
        assert nobody.headers["WWW-Authenticate"] == f'Bearer realm="{scope}"'
        assert f"scope {scope}" in nobody.text
        for method in ("POST", "PUT", "DELETE", "HEAD"):
            assert (await script.get(path, method=method)).status == 405


async def test_a_key_opens_its_scopes_and_no_device_and_no_page(door: Door, script: Visitor) -> None:
    every = await new_key(door, "everything")
    for path, scope in READ.items():
        others = await new_key(door, f"all but {scope}", *(each for each in Scope if each != scope))
        lacking = await script.get(path, others)
        assert (lacking.status, code_of(lacking)) == (403, "scope-missing")
        assert f"Create one that has the scope {scope}" in lacking.text
        shown = every["Authorization"].partition(" ")[2]
        assert (await script.get(f"{path}?key={shown}")).status == 401
        basic = base64.b64encode(f"everything:{shown}".encode()).decode()
        assert (await script.get(path, {"Authorization": f"Basic {basic}"})).status == 401
    assert (await script.get("/api/v1/devices/lobby/meetings/1", every)).status == 401
    assert (await script.get("/settings", every)).status == 303
    device = await script.get("/api/v1/meetings", {"Authorization": f"Bearer {KEY}"})
    assert (device.status, code_of(device)) == (401, "wrong-api-key")


async def test_what_is_read_is_what_the_commands_print(door: Door, script: Visitor) -> None:
    for number in range(3):
        body = {**MEETING, "external_id": f"canary-{number}", "subject": f"Meeting {number}"}
        headers = {"Authorization": f"Bearer {KEY}"}
        async with script.session.post(f"{door.http}/api/v1/devices/lobby/meetings", json=body, headers=headers) as got:
            assert got.status == 202, await got.text()
    key = await new_key(door, "reader")
    status = await read(script, "/api/v1/status", key)
    assert {"name", "version", "ready", "lights", "problems", "queue", "accounts", "calendars"} <= set(status)
    found = await read(script, "/api/v1/meetings?limit=2&from=2026-11-23T00:00:00Z", key)
    more = await read(script, f"/api/v1/meetings?limit=2&from=2026-11-23T00:00:00Z&after={found['next']}", key)
    meetings = [*found["meetings"], *more["meetings"]]  # type: ignore[misc]
    assert [(each["device"], each["subject"], each["state"]) for each in meetings] == [
        ("lobby", f"Meeting {number}", "queued") for number in range(3)
    ]
    assert (len(found["meetings"]), more["next"]) == (2, None)  # type: ignore[arg-type]
    before = "from=2026-11-22T09:00:00Z&to=2026-11-23T09:00:00Z"
    assert (await read(script, f"/api/v1/meetings?device=lobby&{before}", key))["meetings"] == []
    assert (await read(script, "/api/v1/meetings?device=nobody", key))["meetings"] == []
    devices = await read(script, "/api/v1/devices", key)
    (lobby,) = devices["devices"]  # type: ignore[misc]
    assert (lobby["id"], lobby["state"], lobby["meetings"], devices["next"]) == ("lobby", "served", 3, None)
    everything = json.dumps([status, found, more, devices])
    assert not [canary for canary in (PIN, "canary@example.com", KEY) if canary in everything]


@pytest.mark.parametrize(
    "asked",
    ["meetings?from=now", "meetings?to=2020-01-01T00:00:00Z", "meetings?after=x", "meetings?limit=0", "meetings?x=1",
     "meetings?limit=201", "meetings?device=%00", "meetings?from=9999-12-31T00:00:00Z", "devices?after=%C3%A9",
     "devices?limit=-1", "status?verbose=1", "meetings?after=1.1.1.1"],
)  # fmt: skip
async def test_what_cannot_be_asked_is_named(door: Door, script: Visitor, asked: str) -> None:
    key = await new_key(door, f"asks {asked}")
    try:
        answer = await script.get(f"/api/v1/{asked}", key)
        assert (answer.status, code_of(answer)) == (400, "unreadable")
        assert [each["field"] for each in json.loads(answer.text)["errors"]] == [
            asked.partition("?")[2].partition("=")[0]
        ]
    finally:
        await keys_of(door).revoke(f"asks {asked}")


async def test_many_wrong_keys_have_to_wait(door: Door) -> None:
    right = await new_key(door, "right one", "status")
    async with door.visitor("127.0.0.9") as neighbour:
        wrong = [await neighbour.get("/api/v1/status", {"Authorization": f"Bearer wrong{n}"}) for n in range(7)]
        assert [each.status for each in wrong] == [401] * 5 + [429] * 2
        assert 0 < int(wrong[-1].headers["Retry-After"]) <= 300
        assert (await neighbour.get("/api/v1/status", right)).status == 200
    assert [each[2:] for each in door.audit() if each[1] == "api-key.throttled"] == [("wrong keys", "127.0.0.9")]


async def test_what_happens_is_told_to_a_script_and_goes_on_where_it_was(door: Door, script: Visitor) -> None:
    key = await new_key(door, "listener", "events")
    async with listening(script, "/api/v1/events/stream", **key) as page:
        hello = await page.next()
        assert hello.name == "hello"
        number = await happens(door, 2)
        assert [(await page.line()).id for _ in range(2)] == [str(number - 1), str(number)]
    later = await happens(door, 2, action="device.pending")
    async with listening(script, "/api/v1/events/stream", **key, **{"Last-Event-ID": str(number)}) as page:
        told = [await page.line() for _ in range(2)]
    assert [(each.id, each.name) for each in told] == [
        (str(later - 1), "device.pending"),
        (str(later), "device.pending"),
    ]


@pytest.mark.parametrize("how", ["revoked", "elsewhere", "its day is over"])
async def test_a_stream_ends_with_its_key(door: Door, script: Visitor, how: str) -> None:
    ends_at = door.clock.now_ms() + 60 * MINUTE_MS if how == "its day is over" else None
    key = await new_key(door, how, "events", ends_at=ends_at)
    async with listening(script, "/api/v1/events/stream", **key) as page:
        await page.next()
        if how == "revoked":
            await keys_of(door).revoke(how)
        elif how == "elsewhere":  # another process: here only the database tells
            await door.gateway.stored.database.write(lambda conn: conn.execute("DELETE FROM api_key"))
        else:
            door.clock.ahead_ms += 60 * MINUTE_MS
        await page.ended()
    assert (await script.get("/api/v1/events/stream", key)).status in (401, 429)


async def opened_stream(program: Visitor, key: Mapping[str, str]) -> aiohttp.ClientResponse:
    """A stream that is open, as soon as the gateway has seen that those of other tests are closed."""
    async with asyncio.timeout(60):
        while True:
            answer = await program.session.get(f"{program.base}/api/v1/events/stream", headers=key)
            if answer.status == 200:
                return answer
            assert answer.status == 503
            answer.close()
            await asyncio.sleep(0.05)


async def test_programs_leave_streams_to_people(door: Door) -> None:
    async with door.visitor("127.0.0.10") as many, door.visitor() as anna:
        await anna.sign_in()
        answers = []
        for number in range(MOST_OF_PROGRAMS):
            key = await new_key(door, f"many {number}", "events")
            answers.append(await opened_stream(many, key))
        for answer in answers:
            await Listening(answer).next()
        one_more = await many.get("/api/v1/events/stream", key)
        assert (one_more.status, code_of(one_more)) == (503, "too-many-streams")
        assert one_more.headers["Retry-After"] == "15"
        async with listening(anna) as page:
            assert (await page.next()).name == "hello"
        for answer in answers:
            answer.close()


async def test_over_plain_http_from_elsewhere_no_key_counts(tmp_path: Path) -> None:
    address = other_address()
    if address is None:
        pytest.skip("LEFT OUT: this machine has no address but loopback")
    anywhere = Address(host="0.0.0.0", port=0)
    async with opened_door(tmp_path, listen=anywhere, listen_tls=anywhere) as door:
        listener, key = door.gateway.listener, await new_key(door, "script")
        async with Visitor(f"http://{address}:{listener.port}", address) as plain:
            for path in READ:
                answer = await plain.get(path, key)
                assert (answer.status, code_of(answer)) == (403, "https-only")
                assert f":{listener.tls_port}" in answer.text
                assert "revoke it and create another one" in answer.text
                assert "revoke" not in (await plain.get(path)).text
        async with Visitor(f"https://{address}:{listener.tls_port}", address) as safe:
            assert (await safe.get("/api/v1/status", key)).status == 200


async def test_a_proxy_on_this_machine_hands_keys_on_over_tls_only(door: Door, tmp_path: Path) -> None:
    others = {"X-Forwarded-For": "192.0.2.7", "Host": "gw.example.com"}
    over_tls = {**others, "X-Forwarded-Proto": "https"}
    async with door.visitor() as proxy:  # of which nobody said that it speaks TLS
        key = await new_key(door, "handed on", "status")
        assert (await proxy.get("/api/v1/status", {**key, **over_tls})).status == 403
    async with opened_door(tmp_path, public_url="https://gw.example.com") as behind, behind.visitor() as proxy:
        key = await new_key(behind, "handed on", "status")
        assert (await proxy.get("/api/v1/status", {**key, **over_tls})).status == 200
        refused = await proxy.get("/api/v1/status", {**key, **others, "X-Forwarded-Proto": "http"})
        assert (refused.status, code_of(refused)) == (403, "https-only")
        assert "Use https://gw.example.com instead." in refused.text


async def test_no_key_is_logged(door: Door, script: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = await new_key(door, "logged", "status")
    shown = key["Authorization"].partition(" ")[2]
    for path in ("/api/v1/status", "/api/v1/devices", f"/api/v1/status?key={shown}"):
        answer = await script.get(path, key)
        assert shown not in answer.text + str(answer.headers)
    assert shown not in caplog.text
    for file in door.folder.iterdir():
        if file.is_file():
            assert shown.encode() not in file.read_bytes(), file.name


async def test_a_backup_brings_the_keys_along(tmp_path: Path) -> None:
    folder, other = tmp_path / "old", tmp_path / "new"
    for each in (folder, other):
        each.mkdir(mode=0o700)
    async with opened_door(folder) as door:
        key = await new_key(door, "Prometheus", "metrics", "status")
        keeping = made_keeping(_config(folder), SystemClock(), DataFolder(folder))
        backup = await keeping.backups.create(database=door.gateway.stored.database)
    fresh = made_keeping(_config(other), SystemClock(), DataFolder(other))
    await fresh.restoring.stage(backup)
    do_what_is_ready(fresh, lambda line: None)
    async with opened_door(other) as door, door.visitor() as script:
        assert (await script.get("/api/v1/status", key)).status == 200
        (listed,) = await keys_of(door).listed()
        assert (listed.name, listed.scopes) == ("Prometheus", ("status", "metrics"))


def _config(folder: Path) -> Config:
    return Config(gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL))
