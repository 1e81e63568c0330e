"""Faults by rule: what the caller sees, whether the request had its effect, which rule is asked when."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import aiohttp
import pytest
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError

from simulator.google import SimulatedGoogle
from simulator.google.fault_rules import BadRule
from tests.simulator.google.conftest import EVENTS, Wire, timed
from tests.simulator.google.official_client import OfficialClient
from tests.simulator.google.test_google_oauth import refreshed, refresher

BODY = {**timed("2026-11-23T10:00:00", "2026-11-23T11:00:00"), "id": "abc0123"}
INSERT = {"operation": "insert"}
PATIENCE_S = 60
STOPS_WITHIN_S = 30


async def until(condition, what: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)
    assert condition(), what


async def answered_bytes(google: SimulatedGoogle, method: str, path: str) -> bytes:
    """Send one request without any client that might repeat it, and read to the end of the connection."""
    access = google.do.issue_tokens()["access_token"]
    host, port = google.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {access}\r\nContent-Length: 2\r\n\r\n"
    try:
        writer.write(head.encode() + b"{}")
        return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionResetError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    ("do", "status", "reason"),
    [
        ({"status": 503}, 503, "backendError"),
        ({"status": 500, "reason": "backendError"}, 500, "backendError"),
        ({"reason": "rateLimitExceeded"}, 403, "rateLimitExceeded"),
        ({"status": 429, "reason": "rateLimitExceeded"}, 429, "rateLimitExceeded"),
        ({"status": 429}, 429, "rateLimitExceeded"),
        ({"reason": "userRateLimitExceeded"}, 403, "userRateLimitExceeded"),
        ({"reason": "quotaExceeded"}, 403, "quotaExceeded"),
        ({"status": 401}, 401, "authError"),
        ({"reason": "forbidden"}, 403, "forbidden"),
        ({"reason": "accessNotConfigured"}, 403, "accessNotConfigured"),
        ({"status": 418, "reason": "somethingNew"}, 418, "somethingNew"),
    ],
)
async def test_googles_refusals_by_name(wire: Wire, google: SimulatedGoogle, do, status, reason):
    google.do.fault(do, match=INSERT, times=1)
    refused = await wire("POST", EVENTS, json=BODY)
    assert (refused.status, refused.json["error"]["errors"][0]["reason"]) == (status, reason)
    assert google.state.events == []
    assert (google.state.requests[0].committed, google.state.requests[0].fault) == (False, 1)
    assert (await wire("POST", EVENTS, json=BODY)).status == 200
    assert len(google.state.events) == 1


async def test_a_refusal_as_googles_client_reports_it(official: OfficialClient, google: SimulatedGoogle):
    google.do.fault({"reason": "quotaExceeded"}, times=1)
    with pytest.raises(HttpError) as refused:
        await official(lambda api: api.events().insert(calendarId="primary", body=BODY))
    assert refused.value.status_code == 403
    assert refused.value.error_details == [
        {"domain": "usageLimits", "reason": "quotaExceeded", "message": "Calendar usage limits exceeded."}
    ]


async def test_three_times_503_then_a_reset_then_429(wire: Wire, google: SimulatedGoogle):
    rules = [
        {"match": INSERT, "times": 3, "do": {"status": 503, "reason": "backendError"}},
        {"match": INSERT, "times": 1, "do": {"reset": "after"}},
        {"match": INSERT, "times": 1, "do": {"status": 429, "headers": {"Retry-After": "2"}}},
    ]
    stacked = await wire("POST", "/_sim/faults", json=rules, token=None)
    assert (stacked.status, len(stacked.json["rules"])) == (201, 3)
    for _ in range(3):
        assert (await wire("POST", EVENTS, json=BODY)).status == 503
    assert google.state.events == []
    with pytest.raises(aiohttp.ClientConnectionError):
        await wire("POST", EVENTS, json=BODY)
    assert len(google.state.events) == 1
    limited = await wire("POST", EVENTS, json=BODY)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "2")
    assert (await wire("POST", EVENTS, json=BODY)).status == 409
    listed = (await wire("GET", "/_sim/faults", token=None)).json
    assert [(rule["rule"], rule["seen"], rule["used"]) for rule in listed] == [(1, 3, 3), (2, 1, 1), (3, 1, 1)]
    assert (await wire("DELETE", "/_sim/faults", token=None)).status == 200
    assert (await wire("GET", "/_sim/faults", token=None)).json == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_reset_is_seen_as_a_broken_connection(google: SimulatedGoogle, when: str):
    google.do.fault({"reset": when}, match=INSERT, times=1)
    with pytest.raises(ConnectionResetError):
        await answered_bytes(google, "POST", EVENTS)
    assert google.state.requests[0].status is None


@pytest.mark.parametrize("fault", ["reset", "hang"])
@pytest.mark.parametrize(("when", "events"), [("before", 0), ("after", 1)])
async def test_effect_of_requests_whose_answer_is_lost(
    wire: Wire, google: SimulatedGoogle, fault: str, when: str, events: int
):
    google.do.fault({fault: when}, match=INSERT, times=1)
    sending = asyncio.create_task(wire("POST", EVENTS, json=BODY))
    if fault == "hang":
        await until(lambda: google.state.requests, "the request arrived")
        assert not sending.done()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    else:
        with pytest.raises(aiohttp.ClientConnectionError):
            await sending
    assert len(google.state.events) == events
    record = google.state.requests[0]
    assert (record.status, record.committed) == (None, bool(events))
    assert (await wire("GET", EVENTS)).status == 200


async def test_simulator_stops_while_answers_hang():
    async with aiohttp.ClientSession() as session:
        async with SimulatedGoogle() as google:
            google.do.fault({"hang": "before"})
            wire = Wire(session, google)
            hanging = asyncio.create_task(wire("GET", EVENTS))
            await until(lambda: google.state.requests, "the request arrived")
            began = time.monotonic()
        assert time.monotonic() - began < STOPS_WITHIN_S
        with pytest.raises(aiohttp.ClientError):
            await hanging


async def test_truncated_answer(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"truncate": True}, match=INSERT, times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await wire("POST", EVENTS, json=BODY)
    assert len(google.state.events) == 1


async def test_truncated_answer_without_a_body(google: SimulatedGoogle):
    google.do.create_event(BODY)
    google.do.fault({"truncate": True}, match={"operation": "delete"}, times=1)
    assert await answered_bytes(google, "DELETE", EVENTS + "/abc0123") == b""
    assert google.state.live_events == []
    assert len(google.state.requests) == 1


async def test_pages_and_garbage_instead_of_json(wire: Wire, google: SimulatedGoogle):
    google.do.faults([{"times": 1, "do": {"html": True}}, {"times": 1, "do": {"garbage": True}}])
    for kind in ("text/html", "application/json"):
        async with wire.session.get(google.base + EVENTS) as answer:
            assert (answer.status, answer.content_type) == (200, kind)
            with pytest.raises(ValueError):
                json.loads(await answer.text())
    google.do.fault({"html": True, "status": 502}, times=1)
    async with wire.session.get(google.base + EVENTS) as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")


async def test_own_bodies(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"status": 400, "body": {"error": {"errors": [], "code": 400, "message": "own"}}}, times=1)
    assert (await wire("GET", EVENTS)).json["error"]["message"] == "own"


async def test_status_after_the_effect(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"status": 503, "when": "after"}, match=INSERT, times=1)
    assert (await wire("POST", EVENTS, json=BODY)).status == 503
    assert len(google.state.events) == 1
    assert google.state.requests[0].committed is True


@pytest.mark.parametrize("when", ["before", "after"])
async def test_delay_before_or_after_the_effect(wire: Wire, google: SimulatedGoogle, when: str):
    google.do.fault({"delay_s": 1, "when": when}, match=INSERT, times=1)
    began = time.monotonic()
    sending = asyncio.create_task(wire("POST", EVENTS, json=BODY))
    await until(lambda: google.state.events, "the effect is there")
    if when == "before":
        assert time.monotonic() - began >= 1
    else:
        assert not sending.done()
    assert (await sending).status == 200
    assert time.monotonic() - began >= 1
    assert len(google.state.events) == 1


async def test_newest_rule_is_asked_first_and_used_up_rules_let_older_ones_speak(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"status": 500})
    google.do.fault({"status": 503}, match={"method": "get", "path": "/calendar/v3/*/events"}, times=1)
    assert [(await wire("GET", EVENTS)).status for _ in range(2)] == [503, 500]
    google.do.clear_faults()
    assert (await wire("GET", EVENTS)).status == 200


async def test_after_lets_some_pass_and_null_is_for_ever(wire: Wire, google: SimulatedGoogle):
    google.do.fault({"status": 503}, match={"operation": "events.list"}, after=2, times=None)
    assert [(await wire("GET", EVENTS)).status for _ in range(5)] == [200, 200, 503, 503, 503]
    assert (await wire("GET", EVENTS + "/none0")).status == 404


async def test_rate_hits_a_share(wire: Wire, google: SimulatedGoogle):
    rule = google.do.fault({"status": 503}, rate=0.5)
    statuses = [(await wire("GET", EVENTS)).status for _ in range(40)]
    assert 0 < statuses.count(503) < 40
    assert (rule.seen, rule.used) == (40, statuses.count(503))


async def test_faults_of_the_token_endpoint_have_its_shape(wire: Wire, google: SimulatedGoogle):
    refresh = google.do.issue_tokens()["refresh_token"]
    google.do.fault(
        {"error": "invalid_grant", "error_description": "Bad Request"}, match={"operation": "token"}, times=1
    )
    with pytest.raises(RefreshError) as raised:
        await refreshed(refresher(google, refresh))
    assert raised.value.args[1] == {"error": "invalid_grant", "error_description": "Bad Request"}
    google.do.fault({"status": 401}, match={"operation": "token"}, times=1)
    with pytest.raises(RefreshError) as raised:
        await refreshed(refresher(google, refresh))
    assert raised.value.args[1] == {"error": "invalid_client"}
    google.do.fault({"reset": "before"}, match={"operation": "token"}, times=1)
    with pytest.raises(TransportError):
        await refreshed(refresher(google, refresh))
    await refreshed(refresher(google, refresh))


@pytest.mark.parametrize(
    "rule",
    [
        "503",
        {},
        {"do": {}},
        {"do": {"status": 99}},
        {"do": {"status": "503"}},
        {"do": {"status": True}},
        {"do": {"reset": "soon"}},
        {"do": {"status": 503, "reset": "before"}},
        {"do": {"delay_s": -1}},
        {"do": {"headers": []}},
        {"do": {"status": 503, "headers": {"Retry-After": []}}},
        {"do": {"status": 503}, "times": 0},
        {"do": {"status": 503}, "times": 1.5},
        {"do": {"status": 503}, "after": -1},
        {"do": {"status": 503}, "rate": 2},
        {"do": {"status": 503}, "match": "insert"},
        {"do": {"status": 503}, "match": {"operation": "explode"}},
        {"do": {"status": 503}, "match": {"verb": "POST"}},
        {"do": {"status": 503}, "match": {"path": 5}},
        {"do": {"status": 503}, "match": {"method": 5}},
        {"do": {"status": 503}, "when": "after"},
        {"do": {"status": 503, "reason": 5}},
    ],
)
async def test_rules_that_cannot_be_used_are_explained(wire: Wire, google: SimulatedGoogle, rule):
    answer = await wire("POST", "/_sim/faults", json=[{"do": {"status": 503}}, rule], token=None)
    assert answer.status == 400
    assert answer.json["problems"]
    assert google.state.faults.listed() == []
    with pytest.raises(BadRule):
        google.do.faults([rule])
