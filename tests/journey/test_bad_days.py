"""Google on a bad day: refusals, lost answers and a lost authorization, with a real gateway process."""

from __future__ import annotations

import aiohttp

from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import DEVICE_KEY, MONDAY, GatewayProcess, until

MEETING = {
    "external_id": "bad-day",
    "subject": "Bad day",
    "start": f"{MONDAY}T10:00:00",
    "duration_minutes": 60,
    "time_zone": "Africa/Lagos",
    "invitees": [{"extension": "1001", "email": "anna@example.com"}],
}


TOO_MANY = {"status": 429, "reason": "rateLimitExceeded", "headers": {"Retry-After": "2"}}


async def send(gateway: GatewayProcess, **changes: object) -> dict[str, object]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {DEVICE_KEY}"}) as session,
        session.post(f"{gateway.http}/api/v1/devices/script/meetings", json={**MEETING, **changes}) as answer,
    ):
        document = await answer.json()
        assert answer.status in (200, 202), document
        return document


async def fault(google: SimulatedGoogle, **rule: object) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{google.base}/_sim/faults", json=rule) as answer:
        assert answer.status in (200, 201), await answer.text()


def living(google: SimulatedGoogle) -> list[dict]:
    return [event for event in google.state.all_events() if event["status"] != "cancelled"]


def event_calls(google: SimulatedGoogle) -> list:
    return [request for request in google.state.requests if "/events" in request.path]


async def test_three_refusals_a_lost_answer_and_a_named_wait(google: SimulatedGoogle, gateway: GatewayProcess):
    # Rules are asked newest first: three inserts get 503, the fourth makes the event and loses its answer; after each
    # the gateway looks, and the fourth look gets 429.
    await fault(google, match={"operation": "get"}, after=3, times=1, do=TOO_MANY)
    await fault(google, match={"operation": "insert"}, times=1, do={"reset": "after"})
    await fault(google, match={"operation": "insert"}, times=3, do={"status": 503, "reason": "backendError"})
    await gateway.start()
    await gateway.sign_in()
    await send(gateway)
    await gateway.drained()
    (event,) = living(google)
    assert event["summary"] == "Bad day"
    calls = event_calls(google)
    assert [request.status for request in calls].count(503) == 3
    (limited,) = [n for n, request in enumerate(calls) if request.status == 429]
    assert limited + 1 < len(calls), "the gateway came back after the wait"
    waited = calls[limited + 1].arrived_s - calls[limited].arrived_s
    assert waited >= 2.0, f"a call came {waited:.3f} s after Google asked for 2 s"


async def test_a_lost_authorization_keeps_everything_and_drains_after_the_next_sign_in(
    google: SimulatedGoogle, gateway: GatewayProcess
):
    await gateway.start()
    await gateway.sign_in()
    await send(gateway)
    await gateway.drained()
    async with aiohttp.ClientSession() as session:
        body = {"account": "arthur.morgan@mycompanyabc.com"}
        async with session.post(f"{google.base}/_sim/revoke", json=body) as answer:
            assert answer.status == 200
    await send(gateway, subject="Changed while out")
    await until(lambda: gateway.outbox() and gateway.outbox()[0][1] == "authorization", "the job was never held")
    code, out, _ = await gateway.command("google", "status")
    assert code == 77
    assert "authorization-lost" in out
    calls = len(event_calls(google))
    for number in range(20):
        await send(gateway, external_id=f"during-{number}")
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.http}/readyz") as answer:
        ready = await answer.json()
        assert (answer.status, ready["account"]) == (200, "authorization-lost")
    assert len(event_calls(google)) == calls
    await gateway.sign_in()
    await gateway.drained()
    assert len(living(google)) == 21
    assert "Changed while out" in [event["summary"] for event in living(google)]


async def test_change_and_cancel_reach_the_calendar(google: SimulatedGoogle, gateway: GatewayProcess):
    await gateway.start()
    await gateway.sign_in()
    first = await send(gateway)
    assert (first["state"], first["start_utc"], first["zone"]) == ("queued", f"{MONDAY}T09:00:00Z", "Africa/Lagos")
    await gateway.drained()
    (event,) = living(google)
    assert [guest["email"] for guest in event["attendees"]] == ["anna@example.com"]
    await send(gateway, start=f"{MONDAY}T12:00:00")
    await gateway.drained()
    (moved,) = living(google)
    assert moved["id"] == event["id"]
    assert moved["start"]["dateTime"].startswith(f"{MONDAY}T12:00:00")
    address = f"{gateway.http}/api/v1/devices/script/meetings/bad-day"
    headers = {"Authorization": f"Bearer {DEVICE_KEY}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(address) as answer:
            assert (await answer.json())["state"] == "mirrored"
        async with session.delete(address) as answer:
            assert (answer.status, (await answer.json())["state"]) == (202, "cancelled")
        await gateway.drained()
        assert living(google) == []
        async with session.delete(address) as answer:
            assert answer.status == 200
        late = {**MEETING, "start": f"{MONDAY}T12:00:00"}
        collection = f"{gateway.http}/api/v1/devices/script/meetings"
        async with session.post(collection, json=late) as answer:
            assert (answer.status, (await answer.json())["state"]) == (200, "cancelled")
        async with session.post(collection, json={**late, "subject": "Back again"}) as answer:
            assert answer.status == 409
    await gateway.drained()
    assert living(google) == []
