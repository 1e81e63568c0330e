"""The contract of the device API: openapi.yaml is valid, names exactly the routes, and every answer is as it says."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.access.api_keys import ApiKeys, Scope
from gateway.device_api.contract import openapi_yaml
from gateway.domain.secret import Secret
from gateway.store import audit
from tests.contract import dialect_tour
from tests.contract.dialect_gateway import AUTH, dialect_gateway
from tests.contract.running_gateway import BEARER, KEYS, MEETING, UCM_MEETING, GatewayInTest, StandingClock
from tests.contract.validating_client import checked, pattern_of, specification

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
MEETINGS = "/api/v1/devices/script/meetings"
ONE = f"{MEETINGS}/contract-1"
READ = ("/api/v1/status", "/api/v1/meetings", "/api/v1/devices", "/api/v1/events/stream")
AVAILABILITY = "/api/v1/devices/script/availability"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayInTest]:
    """One with a device for every dialect."""
    async with dialect_gateway(tmp_path) as serving:
        yield serving


def test_the_contract_is_a_valid_openapi_document():
    errors = [f"{error.json_path}: {error.message}" for error in OpenAPIV31SpecValidator(specification()).iter_errors()]
    assert errors == []


async def test_the_contract_names_exactly_the_routes(gateway: GatewayInTest):
    every = [route for route in gateway.running.listener.app.router.routes() if route.resource is not None]
    served = {(route.method.lower(), route.resource.canonical) for route in every if route.resource is not None}
    routes = {each for each in served if each[1].startswith(("/api", "/healthz", "/readyz"))}
    paths = specification()["paths"]
    assert routes == {(method, path) for path, item in paths.items() for method in item if method in METHODS}


def test_every_reference_is_used_and_every_operation_can_say_no():
    document = specification()
    text = json.dumps(document)
    unused = [
        f"{kind}/{name}"
        for kind, entries in document["components"].items()
        for name in entries
        if kind != "securitySchemes" and f'"#/components/{kind}/{name}"' not in text
    ]
    assert unused == []
    for path, item in document["paths"].items():
        for method in (name for name in METHODS if name in item):
            if item[method].get("security", document["security"]):
                assert {"401", "503"} <= set(item[method]["responses"]), f"{method} {path}"


async def test_every_documented_answer_is_given(gateway: GatewayInTest, tmp_path: Path):
    """A tour that provokes each documented answer of the meetings' calls; the client checks every one."""
    await accepted_and_cancelled(gateway)
    await refused(gateway)
    await dialect_tour.dialects(gateway)
    await availability(gateway)
    await programs(gateway)
    await larger_and_slower_than_allowed(gateway)
    await without_a_disk(gateway)
    await operators(gateway)
    await with_wrong_keys(gateway)
    (tmp_path / "slow").mkdir()
    async with dialect_gateway(tmp_path / "slow", "device_calls_per_minute: 1") as slow:
        await too_many_calls(slow)
        given = {*gateway.client.seen, *slow.client.seen}
    documented = {
        (method.upper(), path, int(status))
        for path, item in specification()["paths"].items()
        for method in METHODS
        if method in item
        for status in item[method]["responses"]
    }
    assert documented - given == set()


async def too_many_calls(slow: GatewayInTest) -> None:
    """All of a device's calls together have one limit."""
    call, auth = slow.client, BEARER["script"]
    assert (await call("POST", MEETINGS, json=MEETING, headers=auth)).status == 202
    assert (
        await call("POST", dialect_tour.ITIP, data=dialect_tour.calendar(), headers=dialect_tour.CALENDAR)
    ).status == 202
    assert (await call("GET", dialect_tour.action())).status == 202
    for method, path, body in (
        ("POST", MEETINGS, MEETING),
        ("PUT", ONE, MEETING),
        ("GET", ONE, None),
        ("DELETE", ONE, None),
        ("PUT", dialect_tour.SECOND, MEETING),
        ("DELETE", dialect_tour.SECOND, None),
        ("GET", AVAILABILITY, None),
    ):
        refused = await call(method, path, json=body, headers=auth)
        assert (refused.status, refused.document["code"]) == (429, "too-many-calls"), (method, path)
        assert refused.headers["Retry-After"] == "60"
    assert (await call("POST", dialect_tour.JITSI, data=dialect_tour.room(), headers=dialect_tour.FORM)).status == 201
    room = await call("POST", dialect_tour.JITSI, data=dialect_tour.room(), headers=dialect_tour.FORM)
    assert (room.status, room.headers["Retry-After"]) == (503, "60"), "after which Jitsi comes again by itself"
    cookie = await dialect_tour.log_in(slow)
    told = [await dialect_tour.ucm(slow, dialect_tour.LIST, cookie=cookie) for _ in range(2)]
    assert [each.document["status"] for each in told] == [0, -45]
    again = await call("POST", dialect_tour.ITIP, data=dialect_tour.calendar(), headers=dialect_tour.CALENDAR)
    assert again.status == (await call("GET", dialect_tour.action(subject="Other"))).status == 429


async def accepted_and_cancelled(gateway: GatewayInTest) -> None:
    call, auth = gateway.client, BEARER["script"]
    first = await call("POST", MEETINGS, json=MEETING, headers=auth)
    assert (first.status, first.document["state"], first.document["revision"]) == (202, "queued", 1)
    assert (first.document["start_utc"], first.document["zone"]) == ("2026-11-23T09:00:00Z", "Etc/GMT-1")
    again = await call("POST", MEETINGS, json=MEETING, headers=auth)
    assert (again.status, again.document["revision"]) == (200, 1)
    put = await call("PUT", ONE, json={**MEETING, "subject": "Changed"}, headers=auth)
    assert (put.status, put.document["revision"]) == (202, 2)
    assert (await call("PUT", ONE, json={**MEETING, "subject": "Changed"}, headers=auth)).status == 200
    standing = await call("GET", ONE, headers=auth)
    assert standing.document["meeting"]["subject"] == "Changed"
    assert standing.document["event_link"] is None
    gone = await call("DELETE", ONE, headers=auth)
    assert (gone.status, gone.document["state"]) == (202, "cancelled")
    assert (await call("DELETE", ONE, headers=auth)).status == 200
    assert (await call("GET", ONE, headers=auth)).document["state"] == "cancelled"
    for method, path in (("POST", MEETINGS), ("PUT", ONE)):
        assert (await call(method, path, json={**MEETING, "subject": "Back"}, headers=auth)).status == 409
    ucm = await call("POST", "/api/v1/devices/ucm-1/meetings", json=UCM_MEETING, headers=BEARER["ucm-1"])
    assert (ucm.status, ucm.document["start_utc"]) == (202, "2026-11-23T09:00:00Z")
    shown = await call("GET", f"/api/v1/devices/ucm-1/meetings/{UCM_MEETING['bookid']}", headers=BEARER["ucm-1"])
    assert shown.document["meeting"]["confname"] == "Weekly_Meeting"
    assert "5021" not in shown.body.decode()


async def refused(gateway: GatewayInTest) -> None:
    call, auth = gateway.client, BEARER["script"]
    for method, path in (("POST", MEETINGS), ("PUT", ONE)):
        assert (await call(method, path, data="{", headers={**auth, "Content-Type": "application/json"})).status == 400
        assert (await call(method, path, json={**MEETING, "colour": "red"}, headers=auth)).fields == ["colour"]
    missing = f"{MEETINGS}/never-scheduled"
    for method in ("GET", "DELETE"):
        assert (await call(method, missing, headers=auth)).status == 404
    for method, path in (("POST", MEETINGS), ("PUT", ONE), ("GET", ONE), ("DELETE", ONE)):
        wrong = await call(method, path, headers={"Authorization": f"Bearer {KEYS['ucm-1']}"})
        assert (wrong.status, wrong.fields) == (401, ["Authorization"])
    changes = f"{MEETINGS}/changes"
    assert (await call("GET", changes, headers=auth)).document["changes"] == []
    assert (await call("GET", f"{changes}?after=bm8gY3Vyc29y", headers=auth)).status == 400
    assert (await call("GET", changes, headers={"Authorization": f"Bearer {KEYS['ucm-1']}"})).status == 401
    assert (await call("PATCH", ONE, headers=auth)).status == 405
    assert (await call("GET", "/api/v1/nothing", headers=auth)).status == 404


async def availability(gateway: GatewayInTest) -> None:
    call, auth = gateway.client, BEARER["script"]
    found = await call("GET", f"{AVAILABILITY}?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00%2B01:00", headers=auth)
    assert (found.status, found.document["complete"], found.document["as_of"]) == (200, False, None)
    assert {"start_utc": "2026-11-23T09:00:00Z", "end_utc": "2026-11-23T10:00:00Z"} in found.document["busy"]
    assert [note["code"] for note in found.document["notes"]] == ["no-account"]
    both = await call("GET", AVAILABILITY, headers=auth)
    assert (both.status, both.fields) == (422, ["from", "to"])
    wrong = await call("GET", f"{AVAILABILITY}?from=2026-11-23T00:00:00Z", headers=BEARER["ucm-1"])
    assert wrong.status == 401


async def programs(gateway: GatewayInTest) -> None:
    """What scripts and monitoring read; `without_a_disk` goes on with their key, and wrong ones come last."""
    call, keys = gateway.client, api_keys(gateway)
    key = bearer(await keys.create("everything", list(Scope)))
    little = bearer(await keys.create("little", [Scope.METRICS]))
    status = (await call("GET", "/api/v1/status", headers=key)).document
    assert [each["name"] for each in status["lights"]] == ["google", "devices", "queue", "gateway"]
    found = (await call("GET", "/api/v1/meetings?limit=1", headers=key)).document
    assert len(found["meetings"]) == 1
    devices = (await call("GET", "/api/v1/devices?limit=2", headers=key)).document
    assert len(devices["devices"]) == 2
    assert (await call("GET", f"/api/v1/devices?after={devices['next']}", headers=key)).status == 200
    for path in ("/api/v1/status?x=1", "/api/v1/meetings?from=now", "/api/v1/devices?limit=0"):
        assert (await call("GET", path, headers=key)).status == 400
    for path in READ:
        assert (await call("GET", path, headers=little)).status == 403
        assert (await call("GET", path)).document["code"] == "no-api-key"
    live = bearer(await keys.create("ended", [Scope.EVENTS]))
    ending = asyncio.create_task(call("GET", "/api/v1/events/stream", headers=live))
    await until_used(keys, "ended")
    await keys.revoke("ended")
    assert (await ending).status == 200


async def until_used(keys: ApiKeys, name: str) -> None:
    """Wait until the stream was asked for."""
    async with asyncio.timeout(60):
        while all(each.used_at is None for each in await keys.listed() if each.name == name):
            await asyncio.sleep(0.01)


async def with_wrong_keys(gateway: GatewayInTest) -> None:
    wrong = {"Authorization": "Bearer mgk_wrong"}
    answers = [await gateway.client("GET", READ[number % len(READ)], headers=wrong) for number in range(12)]
    assert {each.document["code"] for each in answers} == {"wrong-api-key", "too-many-wrong-keys"}
    assert answers[-1].headers["Retry-After"] == "300"


def api_keys(gateway: GatewayInTest) -> ApiKeys:
    return ApiKeys(database=gateway.running.stored.database, clock=StandingClock())


def bearer(key: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.reveal()}"}


async def larger_and_slower_than_allowed(gateway: GatewayInTest) -> None:
    auth = {**BEARER["script"], "Content-Type": "application/json"}
    for method in documented_methods("413"):
        assert (await gateway.client(*method, data=b" " * 100_000, headers=auth)).status == 413
    slow = documented_methods("408")
    for (method, path), answer in zip(
        slow, await asyncio.gather(*(drip(gateway.base, *each) for each in slow)), strict=True
    ):
        checked(method, path, *answer)
        gateway.client.seen[(method, pattern_of(path), answer[0])] += 1


def documented_methods(status: str) -> list[tuple[str, str]]:
    places = {
        "/api/v1/devices/{device_id}/meetings": MEETINGS,
        "/api/v1/devices/{device_id}/meetings/{external_id}": ONE,
        **dialect_tour.PLACES,
    }
    return [
        (method.upper(), place)
        for path, place in places.items()
        for method, operation in specification()["paths"][path].items()
        if method in METHODS and status in operation["responses"]
    ]


async def drip(base: str, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Announce a body, send one byte of it, and wait for what the gateway says."""
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n"
    writer.write(f"{head}Authorization: Bearer {KEYS['script']}\r\n\r\n{{".encode())
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    answer = await reader.readexactly(int(headers["Content-Length"]))
    writer.close()
    await writer.wait_closed()
    return int(status.split()[1]), headers, answer


async def without_a_disk(gateway: GatewayInTest) -> None:
    """Let SQLite itself meet a full database, a read-only one and one that is gone."""
    call, auth, database = gateway.client, BEARER["script"], gateway.running.stored.database
    for task in asyncio.all_tasks():
        if task.get_name() == "keeper":  # its notes would meet the disk's fault before the calls do
            task.cancel()
    long, kept = {**MEETING, "agenda": "x" * 8000}, f"{MEETINGS}/kept"
    changes = [
        ("POST", MEETINGS, {**long, "external_id": "no-room"}),
        ("PUT", f"{MEETINGS}/no-room-either", {**long, "external_id": "no-room-either"}),
    ]
    assert (await call("POST", MEETINGS, json={**MEETING, "external_id": "kept"}, headers=auth)).status == 202
    reserved = await dialect_tour.kept_before(call)
    reads = bearer(await api_keys(gateway).create("without a disk", list(Scope)))
    writing = [
        *((method, path, body, auth) for method, path, body in [*changes, ("DELETE", kept, None)]),
        *dialect_tour.writing_calls(),
        ("DELETE", reserved, None, AUTH["jitsi"]),
    ]
    for method, path, body, headers in writing:
        await database.write(fill)
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        answer = await call(method, path, headers=headers, **sent)
        assert answer.status == 507, (method, path, answer.body)
    for method, path, body, headers in writing:
        await database.write(lambda conn: conn.execute("PRAGMA query_only = ON"))
        sent = {"data": body} if isinstance(body, bytes) else {"json": body}
        answer = await call(method, path, headers=headers, **sent)
        assert answer.status == 503, (method, path, answer.body)
    await database.write(lambda conn: conn.execute("PRAGMA query_only = ON"))
    database.path.rename(database.path.with_name("away"))
    await database.read(lambda conn: conn.close())
    assert (await call("DELETE", kept, headers=auth)).status == 503
    assert (await call("GET", kept, headers=auth)).status == 503
    assert (await call("GET", f"{MEETINGS}/changes", headers=auth)).status == 503
    soon = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"
    assert (await call("GET", f"{AVAILABILITY}?{soon}", headers=auth)).status == 503
    assert (await call("GET", reserved, headers=AUTH["jitsi"])).status == 503
    for path in READ:
        assert (await call("GET", path, headers=reads)).status == 503
    unready = await call("GET", "/readyz")
    assert (unready.status, unready.document["status"]) == (503, "not ready")
    assert "is gone" in " ".join(unready.document["reasons"])
    database.path.with_name("away").rename(database.path)
    assert (await call("GET", "/readyz")).status == 200
    assert (await call("GET", kept, headers=auth)).document["state"] == "queued"


def fill(conn: sqlite3.Connection) -> None:
    """Leave no room for one more audit row, and let no page be added any more."""
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    while True:
        conn.execute("SAVEPOINT one_row")
        audit.write(conn, at_ms=1, actor="", action="", object_="")
        if conn.execute("PRAGMA page_count").fetchone()[0] > pages:
            break
        conn.execute("RELEASE one_row")
    conn.execute("ROLLBACK TO one_row")
    conn.execute("RELEASE one_row")
    conn.execute(f"PRAGMA max_page_count = {pages}")


async def operators(gateway: GatewayInTest) -> None:
    for path in ("/healthz", "/readyz", "/api/v1/openapi.json"):
        assert (await gateway.client("GET", path)).status == 200


async def test_the_served_contract_is_the_written_one(gateway: GatewayInTest):
    served = (await gateway.client("GET", "/api/v1/openapi.json")).document
    assert served == specification()
    printed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "gateway", "openapi"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == openapi_yaml()
